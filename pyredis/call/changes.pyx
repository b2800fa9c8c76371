"""Counts changes, and reports them to all that they concern; ``changes.pxd`` has the contract."""

from libc.stdint cimport uint32_t, uint64_t

from pyredis.call.call cimport Call, key_hash
from pyredis.call.client cimport Client
from pyredis.call.state cimport TOUCHED, Server
from pyredis.call.tracking cimport tracking_note
from pyredis.call.waiting cimport HEARD_CHANGES, HEARD_TRACKING, HEARD_WAITING, waiting_mark
from pyredis.ground.base cimport Slice, unlikely
from pyredis.keyspace.keyspace cimport Database, keyspace_signal


cdef inline void count_change(Server *server, uint64_t hash) noexcept nogil:
    server.keyspace.dirty += 1
    if unlikely(server.fsync_always):
        if server.touched_count < TOUCHED:
            server.touched[server.touched_count] = hash
        server.touched_count += 1


cdef void report(Server *server, const Client *writer, Database *database, Slice key, uint64_t hash, int event,
                 const char *name) noexcept nogil:
    if server.heard & HEARD_WAITING:
        waiting_mark(&server.waiting, database, key, hash)
    if server.heard & HEARD_TRACKING:
        tracking_note(server, writer, key, hash)
    note_key_event(server, database, key, event, name)


cdef inline void note(Server *server, const Client *writer, Database *database, Slice key, uint64_t hash, int event,
                      const char *name) noexcept nogil:
    count_change(server, hash)
    keyspace_signal(database, key, hash)
    if unlikely(server.heard & (<uint32_t> event | HEARD_CHANGES)):
        report(server, writer, database, key, hash, event, name)


cdef void note_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil:
    note(server, NULL, database, key, hash, event, name)


cdef void report_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                        ) noexcept nogil:
    report(server, NULL, database, key, hash, event, name)


cdef void note_key_event(Server *server, Database *database, Slice key, int event, const char *name) noexcept nogil:
    if unlikely(server.heard & <uint32_t> event):
        server.sink(server.sink_context, event, name, database, key)


cdef void note_event(Call *call, int index, int event, const char *name) noexcept nogil:
    note_key_event(call.server, call.database, call.argv[index], event, name)


cdef void changed_key(Call *call, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil:
    note(call.server, call.client, database, key, hash, event, name)


cdef void changed(Call *call, int index, int event, const char *name) noexcept nogil:
    changed_key(call, call.database, call.argv[index], key_hash(call, index), event, name)


cdef void changed_quietly(Call *call, int index) noexcept nogil:
    count_change(call.server, key_hash(call, index))


cdef void changed_all(Call *call, uint64_t changes) noexcept nogil:
    call.server.keyspace.dirty += changes
    call.server.touched_count = TOUCHED + 1
