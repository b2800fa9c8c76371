"""Reading timeouts, and beginning to wait; ``blocking.pxd`` has the contract."""

from libc.stdint cimport INT64_MAX, int64_t

from pyredis._resp cimport Replied, reply_error, reply_null, reply_null_array
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_BLOCKED, CLIENT_DENY_BLOCKING, CLIENT_LOADER
from pyredis.call.lookups cimport lookup_write_kind
from pyredis.call.request cimport keep_request
from pyredis.call.waiting cimport Place, Waiter, waiting_join
from pyredis.ground.base cimport parse_int64
from pyredis.ground.long_doubles cimport parse_long_double
from pyredis.ground.memory cimport mem_alloc, mem_zalloc
from pyredis.keyspace.keyspace cimport Entry, ValueKind

cdef extern from "<math.h>" nogil:
    long double ceill(long double value)


cdef bint check_timeout(Call *call, int64_t timeout_ms) noexcept nogil:
    if timeout_ms < 0:
        call.failed = True
        reply_error(call.reply, "ERR timeout is negative")
    elif timeout_ms > INT64_MAX - call.server.keyspace.now_ms:
        reply_timeout_out_of_range(call)
    return not call.failed


cdef void reply_timeout_out_of_range(Call *call) noexcept nogil:
    call.failed = True
    reply_error(call.reply, "ERR timeout is out of range")


cdef bint timeout_argument(Call *call, int index, int64_t *timeout_ms) noexcept nogil:
    cdef long double seconds
    if not parse_long_double(call.argv[index], &seconds):
        call.failed = True
        reply_error(call.reply, "ERR timeout is not a float or out of range")
        return False
    seconds *= 1000
    if seconds > <long double> INT64_MAX:
        reply_timeout_out_of_range(call)
        return False
    # Rounded up, so that no fraction of a millisecond becomes 0, an endless wait.
    timeout_ms[0] = <int64_t> ceill(seconds) if seconds > -1e18 else -1
    return check_timeout(call, timeout_ms[0])


cdef bint timeout_ms_argument(Call *call, int index, int64_t *timeout_ms) noexcept nogil:
    if not parse_int64(call.argv[index].data, call.argv[index].size, timeout_ms):
        call.failed = True
        reply_error(call.reply, "ERR timeout is not an integer or out of range")
        return False
    return check_timeout(call, timeout_ms[0])


cdef Entry *lookup_awaited(Call *call, int index, ValueKind kind) noexcept nogil:
    call.awaited_kind = kind
    return lookup_write_kind(call, index, kind)


cdef bint may_wait(const Call *call) noexcept nogil:
    return not call.server.in_exec and not call.client.flags & (CLIENT_LOADER | CLIENT_DENY_BLOCKING)


cdef Replied block_on_keys(Call *call, int first, int last, int64_t timeout_ms, BlockReply reply) noexcept nogil:
    if call.woken:
        call.waits = True
        return 0
    if not may_wait(call):
        return reply_null(call.reply) if reply == BLOCK_REPLY_NULL else reply_null_array(call.reply)
    call.waits = True
    begin_wait(call, first, last, timeout_ms)
    return 0


cdef void begin_wait(Call *call, int first, int last, int64_t timeout_ms) noexcept nogil:
    cdef Waiter *waiter = <Waiter *> mem_zalloc(sizeof(Waiter))
    cdef int index
    keep_request(&waiter.request, call.command, call.argc, call.argv)
    waiter.client = call.client
    waiter.kind = call.awaited_kind
    waiter.timeout_ms = timeout_ms
    waiter.room = last - first + 1
    waiter.places = <Place *> mem_alloc(waiter.room * sizeof(Place))
    for index in range(first, last + 1):
        waiting_join(&call.server.waiting, waiter, call.database, call.argv[index])
    call.server.waiting.deadlines += timeout_ms > 0
    call.client.waiter = waiter
    call.client.flags |= CLIENT_BLOCKED
