"""A request that outlives the buffer it was parsed from: queued by MULTI, or waiting for keys.

It is one block: the request as a multibulk, as it will be propagated, and after it, aligned, the arguments, which are
slices of it.
"""

from pyredis.call.command cimport Command
from pyredis.ground.base cimport Slice

ctypedef struct Queued:
    Command *command
    size_t argc
    Slice *argv                 # in `block`, after the raw bytes
    char *block
    size_t block_size
    size_t raw_size

# Copies a request with its arguments as they are now; must be paired with `drop_request`.
cdef void keep_request(Queued *queued, Command *command, int argc, const Slice *argv) noexcept nogil
cdef void drop_request(Queued *queued) noexcept nogil
