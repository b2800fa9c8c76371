"""Lookups remove expired keys, count hits and misses, and preserve an old value for the snapshot before it changes.

With ``appendfsync always`` a reply waits for the last writes of the keys it read. Their positions are in a small array
by hash, so a collision only makes the reply wait longer.
"""

from libc.stdint cimport uint32_t, uint64_t

from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_KEY_MISS, note_event
from pyredis.call.client cimport CLIENT_NO_TOUCH
from pyredis.call.errors cimport reply_wrong_type
from pyredis.call.state cimport RECENT, Server
from pyredis.ground.base cimport likely, unlikely
from pyredis.keyspace.keyspace cimport Database, Entry, ValueKind, keyspace_find, keyspace_preserve, keyspace_touch


cdef inline void note_read(Server *server, uint64_t hash) noexcept nogil:
    server.wait_offset = max(server.wait_offset, server.recent[hash & (RECENT - 1)], server.barrier)


cdef inline Entry *lookup(Call *call, Database *database, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = keyspace_find(&call.server.keyspace, database, call.argv[index], hash)
    if unlikely(call.server.fsync_always):
        note_read(call.server, hash)
    return entry


cdef inline Entry *counted_lookup(Call *call, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = lookup(call, call.database, index, hash)
    if entry == NULL:
        call.server.misses += 1
    else:
        call.server.hits += 1
    return entry


cdef inline Entry *noted_lookup(Call *call, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = counted_lookup(call, index, hash)
    if entry == NULL:
        note_event(call, index, EVENT_KEY_MISS, "keymiss")
    return entry


cdef Entry *lookup_read_hashed(Call *call, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = noted_lookup(call, index, hash)
    if entry != NULL and likely(not call.client.flags & CLIENT_NO_TOUCH):
        keyspace_touch(&call.server.keyspace, entry)
    return entry


cdef Entry *lookup_untouched(Call *call, int index) noexcept nogil:
    return noted_lookup(call, index, key_hash(call, index))


cdef Entry *lookup_inspected(Call *call, int index) noexcept nogil:
    return counted_lookup(call, index, key_hash(call, index))


cdef Entry *lookup_in(Call *call, Database *database, int index) noexcept nogil:
    return lookup(call, database, index, key_hash(call, index))


cdef Entry *lookup_write_hashed(Call *call, int index, uint64_t hash) noexcept nogil:
    cdef Entry *entry = lookup(call, call.database, index, hash)
    if entry != NULL:
        keyspace_preserve(&call.server.keyspace, call.database, entry)
        if likely(not call.client.flags & CLIENT_NO_TOUCH):
            keyspace_touch(&call.server.keyspace, entry)
    return entry


cdef Entry *lookup_read(Call *call, int index) noexcept nogil:
    return lookup_read_hashed(call, index, key_hash(call, index))


cdef Entry *lookup_write(Call *call, int index) noexcept nogil:
    return lookup_write_hashed(call, index, key_hash(call, index))


cdef inline Entry *of_kind(Call *call, Entry *entry, ValueKind kind) noexcept nogil:
    if entry != NULL and unlikely(entry.type != <uint32_t> kind):
        reply_wrong_type(call)
        return NULL
    return entry


cdef Entry *lookup_read_kind(Call *call, int index, ValueKind kind) noexcept nogil:
    return of_kind(call, lookup_read(call, index), kind)


cdef Entry *lookup_write_kind(Call *call, int index, ValueKind kind) noexcept nogil:
    return of_kind(call, lookup_write(call, index), kind)


cdef void reads_everything(Call *call) noexcept nogil:
    if call.server.fsync_always:
        call.server.wait_offset = call.server.log.published
