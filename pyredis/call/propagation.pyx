"""Appending commands to the log, as units."""

from libc.stdint cimport uint32_t, uint64_t

from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_EXPIRED, report_change
from pyredis.call.state cimport RECENT, RESTRICT_LOADING, Server
from pyredis.call.waiting cimport HEARD_WAITING
from pyredis.ground.base cimport Slice, format_uint64, slice_of, unlikely
from pyredis.journal.aof cimport aof_append, aof_position, aof_publish, aof_selected
from pyredis.journal.multibulk cimport append_bulk, append_header
from pyredis.keyspace.keyspace cimport Database
from pyredis.types.table.hashtable cimport hash_key

cdef enum:
    TOUCHED = 8


cdef void append_command(Server *server, int argc, const Slice *argv) noexcept nogil:
    cdef int index
    append_header(server.aof, c'*', argc)
    for index in range(argc):
        append_bulk(server.aof, argv[index])


cdef void append_select(Server *server, int database) noexcept nogil:
    cdef char digits[24]
    cdef Slice argv[2]
    argv[0] = slice_of("SELECT", 6)
    argv[1] = slice_of(digits, format_uint64(digits, database))
    append_command(server, 2, argv)
    aof_selected(server.aof, database)
    server.aof_database = database


cdef void before_append(Server *server, Database *database) noexcept nogil:
    if server.in_exec and not server.aof_multi:
        aof_append(server.aof, "*1\r\n$5\r\nMULTI\r\n", 15)
        server.aof_multi = True
    if database.id != server.aof_database:
        append_select(server, database.id)
    server.aof_pending = True
    server.aof_owed = True


cdef void propagate(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil:
    if server.aof == NULL or server.restrictions & RESTRICT_LOADING:
        return
    before_append(server, database)
    append_command(server, argc, argv)


cdef void propagate_instead(Call *call, int argc, const Slice *argv) noexcept nogil:
    call.propagation = PROPAGATE_DONE
    propagate(call.server, call.database, argc, argv)


cdef void propagate_nothing(Call *call) noexcept nogil:
    call.propagation = PROPAGATE_DONE


cdef void propagate_request(Call *call) noexcept nogil:
    if call.raw == NULL:
        propagate(call.server, call.database, call.argc, call.argv)
        return
    before_append(call.server, call.database)
    aof_append(call.server.aof, call.raw, call.raw_size)


cdef void settle(Server *server) noexcept nogil:
    cdef uint64_t position
    cdef int index
    if server.aof_multi:
        aof_append(server.aof, "*1\r\n$4\r\nEXEC\r\n", 14)
        server.aof_multi = False
    aof_publish(server.aof)
    server.aof_pending = False
    position = aof_position(server.aof)
    if server.aof_owed:
        server.wait_offset = position
        server.aof_owed = False
    if not server.fsync_always:
        return
    if server.touched_count > TOUCHED:
        server.barrier = position
        return
    for index in range(server.touched_count):
        server.recent[server.touched[index] & (RECENT - 1)] = position


cdef void propagate_removal(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil:
    cdef bint owed = server.aof_owed
    propagate(server, database, argc, argv)
    server.aof_owed = owed


cdef void propagate_expired(void *context, Database *database, Slice key) noexcept nogil:
    cdef Server *server = <Server *> context
    cdef Slice argv[2]
    argv[0] = slice_of("DEL", 3)
    argv[1] = key
    propagate_removal(server, database, 2, argv)
    if unlikely(server.heard & (<uint32_t> EVENT_EXPIRED | HEARD_WAITING)):
        report_change(server, database, key, hash_key(key.data, key.size), EVENT_EXPIRED, "expired")
