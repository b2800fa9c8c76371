"""Commands that wait for keys.

A handler that finds nothing ends in ``block_on_keys``. When one of its keys has changed, the very same handler runs
again with the arguments it had: after the command that changed the key, never inside it, and in the order in which
clients began to wait for that key. It looks at all of its keys anew, in the order of its arguments, whichever became
ready, and either answers, which ends the wait, if with an error, or calls ``block_on_keys`` again, and the client keeps
its place. Nothing is taken for a client that has gone.
::

    for index in range(1, call.argc - 1):
        entry = lookup_awaited(call, index, LIST)
        if call.failed:
            return 0
        if entry != NULL:
            ...
            return reply_…
    return block_on_keys(call, 1, call.argc - 2, timeout_ms, BLOCK_REPLY_NULL_ARRAY)
"""

from libc.stdint cimport int64_t

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call
from pyredis.keyspace.keyspace cimport Entry, ValueKind

# What is answered at once where a client may not wait. A client that has waited in
# vain gets the null array, whatever the command.
cdef enum BlockReply:
    BLOCK_REPLY_NULL = 0
    BLOCK_REPLY_NULL_ARRAY = 1

# Reads argument `index`, seconds with fractions, as milliseconds, 0 for ever; answers and returns False where it is no
# such number.
cdef bint timeout_argument(Call *call, int index, int64_t *timeout_ms) noexcept nogil
# The same for milliseconds (BLOCK of XREAD).
cdef bint timeout_ms_argument(Call *call, int index, int64_t *timeout_ms) noexcept nogil
# As `lookup_write_kind`, and the command will only be woken when one of its keys becomes a value of this kind; one that
# never calls this is woken by every change of its keys, their removal too.
cdef Entry *lookup_awaited(Call *call, int index, ValueKind kind) noexcept nogil
# Waits for the keys that arguments `first` to `last` are. The arguments are kept as they are now: a handler may have
# replaced some before (`$` by the id it stands for). Inside EXEC, for the loader,
# and for a client in process, answers at once. Nothing may have
# been replied before.
cdef Replied block_on_keys(Call *call, int first, int last, int64_t timeout_ms, BlockReply reply) noexcept nogil
