"""Counting changes, and reporting them to watchers, waiting clients and listeners; ``changes.pxd`` has the contract."""

from libc.stdint cimport uint32_t, uint64_t

from pyredis.call.call cimport Call, key_hash
from pyredis.call.state cimport TOUCHED, Server
from pyredis.call.waiting cimport HEARD_WAITING, waiting_mark
from pyredis.ground.base cimport Slice, unlikely
from pyredis.keyspace.keyspace cimport Database, keyspace_signal


cdef inline void count_change(Server *server, uint64_t hash) noexcept nogil:
    server.keyspace.dirty += 1
    if unlikely(server.fsync_always):
        if server.touched_count < TOUCHED:
            server.touched[server.touched_count] = hash
        server.touched_count += 1


cdef void note_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil:
    count_change(server, hash)
    keyspace_signal(database, key, hash)
    if unlikely(server.heard & (<uint32_t> event | HEARD_WAITING)):
        report_change(server, database, key, hash, event, name)


cdef void report_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                        ) noexcept nogil:
    if server.heard & HEARD_WAITING:
        waiting_mark(&server.waiting, database, key, hash)
    note_key_event(server, database, key, event, name)


cdef void note_key_event(Server *server, Database *database, Slice key, int event, const char *name) noexcept nogil:
    if unlikely(server.heard & <uint32_t> event):
        server.sink(server.sink_context, event, name, database, key)


cdef void note_event(Call *call, int index, int event, const char *name) noexcept nogil:
    note_key_event(call.server, call.database, call.argv[index], event, name)


cdef void changed_key(Call *call, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil:
    note_change(call.server, database, key, hash, event, name)


cdef void changed(Call *call, int index, int event, const char *name) noexcept nogil:
    changed_key(call, call.database, call.argv[index], key_hash(call, index), event, name)


cdef void changed_quietly(Call *call, int index) noexcept nogil:
    count_change(call.server, key_hash(call, index))


cdef void changed_all(Call *call, uint64_t changes) noexcept nogil:
    call.server.keyspace.dirty += changes
    call.server.touched_count = TOUCHED + 1
