"""Commands that wait for keys.

A handler that finds nothing ends in ``block_on_keys``. When one of its keys has changed, the same handler runs again
with the same arguments: after the command that changed the key, never inside it, and in the order in which clients
began to wait for that key. Whichever key became ready, it looks at all of its keys again, in the order of its
arguments. Then it either replies, even if with an error, which ends the wait; or it calls ``block_on_keys`` again, and
the client keeps its place. No element is removed for a client that has disconnected.
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

# The immediate reply to a client that may not wait. A client whose wait times out gets the null array, whatever the
# command.
cdef enum BlockReply:
    BLOCK_REPLY_NULL = 0
    BLOCK_REPLY_NULL_ARRAY = 1

# Reads argument `index`, in seconds with fractions, as milliseconds; 0 means no timeout. Replies with an error and
# returns False if it is invalid.
cdef bint timeout_argument(Call *call, int index, int64_t *timeout_ms) noexcept nogil
# The same for milliseconds (BLOCK of XREAD).
cdef bint timeout_ms_argument(Call *call, int index, int64_t *timeout_ms) noexcept nogil
# Like `lookup_write_kind`; also, the command will be woken only when one of its keys holds a value of this kind. A
# command that never calls this is woken by every change of its keys, including their removal.
cdef Entry *lookup_awaited(Call *call, int index, ValueKind kind) noexcept nogil
# Waits for the keys in arguments `first` to `last`. The arguments are kept as they are now: a handler may first replace
# some (`$` by the ID it stands for). Inside EXEC, for the loader, and for a client in process, replies at once. The
# handler must not have written any reply before.
cdef Replied block_on_keys(Call *call, int first, int last, int64_t timeout_ms, BlockReply reply) noexcept nogil
