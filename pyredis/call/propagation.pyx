"""Appending commands to the log of changes, as units."""

from libc.stdint cimport uint32_t, uint64_t

from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_EXPIRED, report_change
from pyredis.call.state cimport RECENT, RESTRICT_UNLOGGED, TOUCHED, Server
from pyredis.call.waiting cimport HEARD_CHANGES
from pyredis.ground.base cimport Slice, literal, unlikely
from pyredis.journal.log cimport log_append, log_begin, log_publish
from pyredis.journal.multibulk cimport append_bulk, append_header
from pyredis.keyspace.keyspace cimport Database
from pyredis.types.table.hashtable cimport hash_key


cdef inline void begin(Server *server, Database *database) noexcept nogil:
    log_begin(&server.log, database.id)
    server.log_owed = True


cdef void propagate(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil:
    cdef int index
    if not takes_changes(server):
        return
    begin(server, database)
    append_header(&server.log, c'*', argc)
    for index in range(argc):
        append_bulk(&server.log, argv[index])


cdef void propagate_instead(Call *call, int argc, const Slice *argv) noexcept nogil:
    call.propagation = PROPAGATE_DONE
    propagate(call.server, call.database, argc, argv)


cdef void propagate_nothing(Call *call) noexcept nogil:
    call.propagation = PROPAGATE_DONE


cdef void propagate_request(Call *call) noexcept nogil:
    if call.raw == NULL:
        propagate(call.server, call.database, call.argc, call.argv)
        return
    begin(call.server, call.database)
    log_append(&call.server.log, call.raw, call.raw_size)


cdef void end_unit(Server *server) noexcept nogil:
    cdef uint64_t position
    cdef int index
    log_publish(&server.log)
    position = server.log.published
    if server.log_owed:
        server.wait_offset = position
        server.log_owed = False
    if not server.fsync_always:
        return
    if server.touched_count > TOUCHED:
        server.barrier = position
        return
    for index in range(server.touched_count):
        server.recent[server.touched[index] & (RECENT - 1)] = position


cdef void propagate_removal(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil:
    cdef bint owed = server.log_owed
    cdef uint32_t restrictions = server.restrictions
    # Without it a file would give the key that is stored next the expiry of this one.
    server.restrictions &= ~<uint32_t> RESTRICT_UNLOGGED
    propagate(server, database, argc, argv)
    server.restrictions = restrictions
    server.log_owed = owed


cdef void propagate_removed(Server *server, Database *database, Slice key, const char *command, int event,
                            const char *name) noexcept nogil:
    cdef Slice argv[2]
    argv[0] = literal(command)
    argv[1] = key
    propagate_removal(server, database, 2, argv)
    if unlikely(server.heard & (<uint32_t> event | HEARD_CHANGES)):
        report_change(server, database, key, hash_key(key.data, key.size), event, name)


cdef void propagate_expired(void *context, Database *database, Slice key) noexcept nogil:
    propagate_removed(<Server *> context, database, key, "DEL", EVENT_EXPIRED, "expired")
