"""Access to a hash in a handler: look it up by its key, change it, store it again. For the hash commands only."""

from libc.stdint cimport int64_t, uint64_t

from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_HASH
from pyredis.call.field_expiry cimport expire_fields, field_clock
from pyredis.call.lookups cimport lookup_read_kind, lookup_write_kind
from pyredis.commands.key_changes cimport parts_removed
from pyredis.ground.base cimport likely
from pyredis.keyspace.keyspace cimport (
    ENTRY_FIELD_EXPIRES,
    HASH,
    Entry,
    entry_pointer,
    entry_store_pointer,
    keyspace_mark_field_expiry,
    keyspace_set_value,
)
from pyredis.types.hash.hash cimport Hash, HashLimits, hash_new, hash_next_expiry, hash_size

ctypedef struct HashAccess:
    Entry *entry        # NULL: the key does not exist
    Hash *hash
    HashLimits limits
    int64_t now


cdef inline Hash *read_hash(Call *call) noexcept nogil:
    """Returns the hash at argument 1; NULL if it does not exist, or after replying WRONGTYPE (``call.failed``)."""
    cdef Entry *entry = lookup_read_kind(call, 1, HASH)
    return <Hash *> entry_pointer(entry) if entry != NULL else NULL


cdef inline bint find_hash(Call *call, HashAccess *access) noexcept nogil:
    """Looks up the hash at argument 1 for writing and removes its expired fields; ``access.hash`` is NULL if there is
    none. Returns False after replying WRONGTYPE."""
    cdef Entry *entry = lookup_write_kind(call, 1, HASH)
    if entry == NULL and call.failed:
        return False
    if entry != NULL and entry.flags & ENTRY_FIELD_EXPIRES:
        entry = expire_fields(call.server, call.database, entry, <size_t> -1)
    access.entry = entry
    access.hash = <Hash *> entry_pointer(entry) if entry != NULL else NULL
    access.limits.entries = call.server.settings.hash_max_listpack_entries
    access.limits.value = call.server.settings.hash_max_listpack_value
    access.now = field_clock(call.server)
    return True


cdef inline void provide_hash(HashAccess *access) noexcept nogil:
    """Makes a new hash if there is none; ``store_hash`` must follow."""
    if access.hash == NULL:
        access.hash = hash_new()


cdef inline bint open_hash(Call *call, HashAccess *access) noexcept nogil:
    if not find_hash(call, access):
        return False
    provide_hash(access)
    return True


cdef inline void store_hash(Call *call, HashAccess *access) noexcept nogil:
    """Stores the changed hash in its entry, or in a new one if the key did not exist. The caller must delete the key if
    no field is left."""
    if likely(access.entry != NULL):
        entry_store_pointer(access.entry, access.hash)
        if access.entry.flags & ENTRY_FIELD_EXPIRES:
            keyspace_mark_field_expiry(call.database, access.entry, hash_next_expiry(access.hash) != 0)
        return
    access.entry = keyspace_set_value(
        &call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), NULL, HASH, access.hash, -1)


cdef inline void store_fewer_fields(
        Call *call, HashAccess *access, const char *event, uint64_t removed) noexcept nogil:
    """Ends a handler that has removed ``removed`` fields; deletes the key if no field is left."""
    cdef bint empty = hash_size(access.hash) == 0
    store_hash(call, access)
    parts_removed(call, 1, access.entry, empty, EVENT_HASH, event, removed)
