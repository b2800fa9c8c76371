"""The last commands, for the report of a crash: the last one of each batch, and all of the batch under way.

Only names and first keys are kept, and only the beginnings of these, so neither values nor passwords are. A server
without a trail pays one branch for each batch.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Arguments, Request
from pyredis.call.command cimport Command
from pyredis.ground.base cimport Slice

cdef enum:
    TRAIL_STEPS = 32
    TRAIL_KEY = 40              # bytes of a key that are kept

ctypedef struct Step:
    const Command *command      # NULL for an unknown command
    int64_t client              # its id
    bint keyed
    size_t key_size             # of the key itself
    char key[TRAIL_KEY]

ctypedef struct Trail:
    Step steps[TRAIL_STEPS]     # a ring
    uint64_t count              # of steps taken
    # The batch under way; `requests` is NULL while there is none.
    const Request *requests
    Command **commands
    const Arguments *arguments  # of the requests
    const int *at               # the request that runs

# Allocates a trail outside of any server's account; NULL if there is no memory.
cdef Trail *trail_new() noexcept nogil
# Notes that a batch of `count` requests begins.
cdef void trail_begin(Trail *trail, int64_t client, const Request *requests, Command **commands,
                      const Arguments *arguments, const int *at, int count) noexcept nogil
# Fills in a step from a request.
cdef void trail_describe(Step *step, int64_t client, const Command *command, const Slice *argv, size_t argc
                         ) noexcept nogil


cdef inline void trail_end(Trail *trail) noexcept nogil:
    """Notes that the batch under way is over: its requests can no longer be read."""
    trail.requests = NULL
