"""DBSIZE, FLUSHALL, FLUSHDB, SELECT, SWAPDB."""

from libc.stdint cimport INT32_MAX, INT32_MIN, int64_t, uint64_t

from pyredis._resp cimport Replied, reply_error, reply_integer, reply_ok
from pyredis.call.call cimport Call, argument
from pyredis.call.changes cimport changed_all
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport reads_everything
from pyredis.call.propagation cimport propagate_instead
from pyredis.call.tracking cimport tracking_note_flush
from pyredis.call.waiting cimport waiting_mark_all
from pyredis.ground.base cimport equals_nocase, parse_int64
from pyredis.keyspace.databases cimport keyspace_flush, keyspace_swap
from pyredis.keyspace.keyspace cimport Database, Keyspace
from pyredis.types.table.hashtable cimport table_size


cdef Replied reply_no_such_database(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR DB index is out of range")


cdef Database *database_argument(Call *call, int index) noexcept nogil:
    cdef int64_t number
    if not integer_argument(call, index, &number):
        return NULL
    if not INT32_MIN <= number <= INT32_MAX:
        call.failed = True
        reply_error(call.reply, "ERR value is out of range, value must between -2147483648 and 2147483647")
        return NULL
    if not 0 <= number < call.server.keyspace.count:
        reply_no_such_database(call)
        return NULL
    return &call.server.keyspace.databases[number]


cdef Replied select(Call *call) noexcept nogil:
    cdef Database *database = database_argument(call, 1)
    if database == NULL:
        return 0
    call.client.database = database
    return reply_ok(call.reply)


cdef Replied dbsize(Call *call) noexcept nogil:
    reads_everything(call)
    return reply_integer(call.reply, table_size(&call.database.keys))


# ---- SWAPDB ----

cdef bint small_integer(Call *call, int index, int64_t *number) noexcept nogil:
    return parse_int64(argument(call, index).data, argument(call, index).size, number) and \
        INT32_MIN <= number[0] <= INT32_MAX


cdef Replied swapdb(Call *call) noexcept nogil:
    cdef Keyspace *keyspace = &call.server.keyspace
    cdef int64_t first, second
    if not small_integer(call, 1, &first):
        return reply_error(call.reply, "ERR invalid first DB index")
    if not small_integer(call, 2, &second):
        return reply_error(call.reply, "ERR invalid second DB index")
    if not (0 <= first < keyspace.count and 0 <= second < keyspace.count):
        return reply_no_such_database(call)
    if first != second:
        keyspace_swap(keyspace, &keyspace.databases[first], &keyspace.databases[second])
        waiting_mark_all(&call.server.waiting, &keyspace.databases[first])
        waiting_mark_all(&call.server.waiting, &keyspace.databases[second])
    changed_all(call, 1)
    return reply_ok(call.reply)


# ---- FLUSHDB and FLUSHALL ----

cdef bint flush_mode(Call *call, bint *lazy) noexcept nogil:
    """Parses the optional SYNC or ASYNC; returns False after replying with an error."""
    lazy[0] = call.server.settings.lazy_user_flush
    if call.argc == 1:
        return True
    lazy[0] = equals_nocase(argument(call, 1), "async")
    if call.argc == 2 and (lazy[0] or equals_nocase(argument(call, 1), "sync")):
        return True
    reply_syntax_error(call)
    return False


cdef Replied flush_range(Call *call, int first, int end) noexcept nogil:
    """Empties the databases from ``first`` up to but excluding ``end``."""
    cdef Keyspace *keyspace = &call.server.keyspace
    cdef uint64_t removed = 0
    cdef bint lazy
    cdef int index
    if not flush_mode(call, &lazy):
        return 0
    for index in range(first, end):
        removed += table_size(&keyspace.databases[index].keys)
        keyspace_flush(keyspace, &keyspace.databases[index], lazy)
        waiting_mark_all(&call.server.waiting, &keyspace.databases[index])
    tracking_note_flush(call.server)
    changed_all(call, removed)
    # Propagated even if there was nothing to remove.
    propagate_instead(call, call.argc, call.argv)
    return reply_ok(call.reply)


cdef Replied flushdb(Call *call) noexcept nogil:
    return flush_range(call, call.database.id, call.database.id + 1)


cdef Replied flushall(Call *call) noexcept nogil:
    return flush_range(call, 0, call.server.keyspace.count)


HANDLERS = {
    "dbsize": native(dbsize),
    "flushall": native(flushall),
    "flushdb": native(flushdb),
    "select": native(select),
    "swapdb": native(swapdb),
}
