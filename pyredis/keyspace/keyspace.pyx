"""Entries in their databases, their expiry, their versions for WATCH, and deferred release.

An entry is in its database's ``keys``, also in ``expires`` if it has an expiry, and in ``field_expires`` if it is a
hash with fields that expire. All three hold the same pointer, and an entry that is replaced is replaced in all three.

Large values and entire tables to be freed are put on a list of garbage, which ``keyspace/databases`` releases in
slices.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy, memset

from pyredis.ground.base cimport (
    Slice,
    format_int64,
    likely,
    monotonic_ns,
    parse_int64,
    slice_of,
    store_u32,
    unlikely,
    wall_us,
)
from pyredis.ground.blob cimport (
    BLOB_SHARED,
    Blob,
    blob_begin_write,
    blob_data,
    blob_footprint,
    blob_grow,
    blob_hold,
    blob_new,
    blob_release,
    blob_slice,
)
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_zalloc
from pyredis.keyspace.lfu cimport lfu_born, lfu_minutes
from pyredis.types.table.hashtable cimport (
    Table,
    TableType,
    hash_key,
    table_clear_some,
    table_find,
    table_init,
    table_insert,
    table_remove,
)

cdef extern from "entry.h" nogil:
    char *entry_after_expiry(const Entry *entry)
    void entry_store_expiry(Entry *entry, int64_t ms)
    size_t entry_size_for(size_t key_size, bint expires, bint embedded, size_t value_size)

cdef enum:
    # A value with more parts than this is released in slices if the caller asks for lazy release.
    LAZY_EFFORT = 64

cdef ValueType _types[KINDS]

# The table of garbage that is being released, NULL outside of `release_table`: its large values are not released in one
# go. The interpreter's lock is held meanwhile, so no other server's thread can interfere.
cdef Garbage *_released = NULL

cdef TableType _keys_type
cdef TableType _expires_type
cdef TableType _watched_type


cdef void _entry_key(const void *element, Slice *out) noexcept nogil:
    out[0] = entry_key(<const Entry *> element)


cdef void _watched_key(const void *element, Slice *out) noexcept nogil:
    out[0] = watched_key(<const WatchedKey *> element)


_keys_type.key = _entry_key
_keys_type.destroy = entry_destroy
_expires_type.key = _entry_key
_expires_type.destroy = NULL
_watched_type.key = _watched_key
_watched_type.destroy = NULL


cdef void value_type_register(ValueKind kind, ValueType type) noexcept nogil:
    _types[<int> kind] = type


cdef const ValueType *value_type(ValueKind kind) noexcept nogil:
    return &_types[<int> kind]


cdef void keyspace_init(Keyspace *keyspace, int databases) noexcept nogil:
    cdef int index
    cdef Database *database
    memset(keyspace, 0, sizeof(Keyspace))
    keyspace.databases = <Database *> mem_zalloc(databases * sizeof(Database))
    keyspace.count = databases
    for index in range(databases):
        database = &keyspace.databases[index]
        database.id = index
        table_init(&database.keys, &_keys_type)
        table_init(&database.expires, &_expires_type)
        table_init(&database.field_expires, &_expires_type)
        table_init(&database.watched, &_watched_type)
    keyspace_tick(keyspace)
    keyspace.random = hash_key(<const char *> &keyspace.now_ms, sizeof(int64_t))


cdef int64_t keyspace_time_us(Keyspace *keyspace) noexcept nogil:
    if unlikely(keyspace.hooks.clock != NULL):
        return keyspace.hooks.clock(keyspace.hooks.context)
    return wall_us()


cdef void keyspace_tick(Keyspace *keyspace) noexcept nogil:
    keyspace.now_ms = keyspace_time_us(keyspace) // 1000
    if keyspace.lfu:
        keyspace.clock = lfu_born(lfu_minutes(keyspace.now_ms))
    else:
        keyspace.clock = <uint32_t> (keyspace.now_ms // 1000) & CLOCK_MAX


# ---- making and releasing entries ----

cdef Entry *entry_new(Keyspace *keyspace, Slice key, uint8_t kind, uint8_t encoding, int64_t expiry, bint embedded,
                      Slice value, uint64_t word) noexcept nogil:
    """Returns a new entry with the embedded ``value``, or with ``word``."""
    cdef size_t size = entry_size_for(key.size, expiry >= 0, embedded, value.size)
    cdef Entry *entry = <Entry *> mem_alloc(size)
    cdef char *p
    entry.clock = keyspace.clock
    entry.type = kind
    entry.encoding = encoding
    entry.flags = (ENTRY_EXPIRES if expiry >= 0 else 0) | (ENTRY_EMBEDDED if embedded else 0)
    entry.epoch = keyspace.epoch
    entry.value_size = <uint8_t> value.size if embedded else 0
    if expiry >= 0:
        entry_store_expiry(entry, expiry)
    p = entry_after_expiry(entry)
    if not embedded:
        entry_store_word(entry, word)
        p += 8
    entry.key_size = <uint8_t> key.size
    if unlikely(key.size > 255):
        entry.flags |= ENTRY_LONG_KEY
        store_u32(p, <uint32_t> key.size)
        p += 4
    memcpy(p, key.data, key.size)
    if embedded:
        memcpy(p + key.size, value.data, value.size)
    return entry


cdef inline bint holds_string_block(const Entry *entry) noexcept nogil:
    return entry.type == STRING and entry.encoding != ENCODING_INT and not entry.flags & ENTRY_EMBEDDED


cdef Blob *blob_of(Slice value) noexcept nogil:
    """Returns a copy of the bytes."""
    cdef Blob *blob = blob_new(value.size, value.size)
    memcpy(blob_data(blob), value.data, value.size)
    return blob


cdef Blob *take_offered(Keyspace *keyspace, Slice value) noexcept nogil:
    """Returns the block of an argument that was read into a block of its own, with a reference; otherwise NULL."""
    cdef Blob *blob
    cdef size_t index
    for index in range(keyspace.offered_count):
        blob = keyspace.offered[index]
        if blob_data(blob) == value.data and blob.size == value.size and blob_hold(blob):
            return blob
    return NULL


cdef Blob *blob_for(Keyspace *keyspace, Slice value) noexcept nogil:
    cdef Blob *blob = take_offered(keyspace, value) if value.size >= BLOB_SHARED else NULL
    return blob if blob != NULL else blob_of(value)


cdef void release_value(Entry *entry) noexcept nogil:
    if holds_string_block(entry):
        blob_release(<Blob *> entry_pointer(entry))
    elif entry.type != STRING:
        _types[entry.type].release(entry_pointer(entry), <size_t> -1)


cdef void entry_destroy(void *element) noexcept nogil:
    cdef Entry *entry = <Entry *> element
    if _released == NULL or entry.type == STRING:
        release_value(entry)
    elif not _types[entry.type].release(entry_pointer(entry), LAZY_EFFORT):
        defer_rest(_released, &_types[entry.type], entry_pointer(entry))
    mem_free(entry, entry_size(entry))


# ---- finding ----

cdef Entry *keyspace_peek(Database *database, Slice key, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(&database.keys, key, hash)
    return <Entry *> slot[0] if slot != NULL else NULL


cdef bint keyspace_is_expired(const Keyspace *keyspace, const Entry *entry) noexcept nogil:
    return entry_has_expiry(entry) and entry_expiry(entry) < keyspace.now_ms and not keyspace.expires_nothing


cdef void keyspace_remove_expired(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil:
    cdef Slice key = entry_key(entry)
    keyspace.expired += 1
    if keyspace.hooks.expired != NULL:
        keyspace.hooks.expired(keyspace.hooks.context, database, key)
    keyspace_signal(database, key, hash_key(key.data, key.size))
    if unlikely(keyspace.hooks.timed != NULL):
        delete_timed(keyspace, database, entry)
    else:
        keyspace_delete(keyspace, database, entry, True)


cdef void delete_timed(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil:
    cdef int64_t began = monotonic_ns()
    keyspace_delete(keyspace, database, entry, True)
    keyspace.hooks.timed(keyspace.hooks.context, monotonic_ns() - began)


cdef Entry *keyspace_find(Keyspace *keyspace, Database *database, Slice key, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(&database.keys, key, hash)
    cdef Entry *entry
    if slot == NULL:
        return NULL
    entry = <Entry *> slot[0]
    if unlikely(entry_has_expiry(entry)) and keyspace_is_expired(keyspace, entry):
        if not keyspace.keeps_expired:
            keyspace_remove_expired(keyspace, database, entry)
        return NULL
    return entry


cdef void keyspace_preserve_now(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil:
    keyspace.hooks.preserve(keyspace.hooks.context, database, entry)
    entry.epoch = keyspace.epoch


# ---- replacing ----

cdef void replace_in(Table *table, Entry *old, Entry *entry, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(table, entry_key(old), hash)
    slot[0] = entry


cdef void put_in_place(Database *database, Entry *old, Entry *entry, uint64_t hash) noexcept nogil:
    """Replaces ``old`` with ``entry`` in every table, and updates ``expires`` for the new expiry."""
    cdef Slice key
    replace_in(&database.keys, old, entry, hash)
    if old.flags & ENTRY_FIELD_EXPIRES:
        replace_in(&database.field_expires, old, entry, hash)
        entry.flags |= ENTRY_FIELD_EXPIRES
    if likely(not ((old.flags | entry.flags) & ENTRY_EXPIRES)):
        return
    key = entry_key(old)
    if not entry_has_expiry(entry):
        table_remove(&database.expires, key, hash)
    elif entry_has_expiry(old):
        replace_in(&database.expires, old, entry, hash)
    else:
        table_insert(&database.expires, entry, hash)


cdef void drop_field_expiry(Database *database, Entry *entry, uint64_t hash) noexcept nogil:
    if entry.flags & ENTRY_FIELD_EXPIRES:
        table_remove(&database.field_expires, entry_key(entry), hash)
        entry.flags &= ~ENTRY_FIELD_EXPIRES


cdef bint is_lazy(const Entry *entry) noexcept nogil:
    return _types[entry.type].effort(entry_pointer(entry)) > LAZY_EFFORT


cdef void discard_entry(Keyspace *keyspace, Entry *entry, bint lazy) noexcept nogil:
    """Releases an entry that is in no table any more; its value now, later, or when the snapshot is done with it."""
    cdef ValueKind kind = <ValueKind> entry.type
    if likely(kind == STRING):
        entry_destroy(entry)
    elif keyspace.snapshot and keyspace.hooks.take_value(keyspace.hooks.context, kind, entry_pointer(entry)):
        keyspace.promised += _types[entry.type].footprint(entry_pointer(entry))
        mem_free(entry, entry_size(entry))
    elif lazy and is_lazy(entry):
        keyspace_discard_value(keyspace, kind, entry_pointer(entry))
        mem_free(entry, entry_size(entry))
    else:
        entry_destroy(entry)


cdef Entry *store(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *old, Entry *entry
                  ) noexcept nogil:
    """Puts a new entry in the place of the key's old one (or NULL), which is released."""
    if old == NULL:
        table_insert(&database.keys, entry, hash)
        if entry_has_expiry(entry):
            table_insert(&database.expires, entry, hash)
        if unlikely(keyspace.hooks.added != NULL):
            keyspace.hooks.added(keyspace.hooks.context, database, key)
        return entry
    keyspace_preserve(keyspace, database, old)
    drop_field_expiry(database, old, hash)
    if keyspace.lfu:
        entry.clock = old.clock
    put_in_place(database, old, entry, hash)
    discard_entry(keyspace, old, False)
    return entry


cdef bint overwrite_embedded(Keyspace *keyspace, Database *database, Entry *old, uint8_t encoding, Slice value,
                             int64_t expiry) noexcept nogil:
    """Overwrites the bytes in place if the entry embeds a string of this size and the layout stays; else false."""
    if old == NULL or old.type != STRING or old.value_size != value.size or not old.flags & ENTRY_EMBEDDED:
        return False
    if entry_has_expiry(old) != (expiry >= 0):
        return False
    keyspace_preserve(keyspace, database, old)
    if expiry >= 0:
        entry_store_expiry(old, expiry)
    old.encoding = encoding
    if not keyspace.lfu:
        old.clock = keyspace.clock
    memcpy(<char *> entry_embedded(old).data, value.data, value.size)
    return True


cdef Entry *set_embedded(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *old,
                         uint8_t encoding, Slice value, int64_t expiry) noexcept nogil:
    if overwrite_embedded(keyspace, database, old, encoding, value, expiry):
        return old
    return store(keyspace, database, key, hash, old,
                 entry_new(keyspace, key, STRING, encoding, expiry, True, value, 0))


cdef Entry *set_word(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *old, uint8_t kind,
                     uint8_t encoding, uint64_t word, int64_t expiry) noexcept nogil:
    return store(keyspace, database, key, hash, old,
                 entry_new(keyspace, key, kind, encoding, expiry, False, slice_of(NULL, 0), word))


cdef Entry *set_block(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *old, Slice value,
                      int64_t expiry) noexcept nogil:
    return set_word(keyspace, database, key, hash, old, STRING, ENCODING_RAW,
                    <uint64_t> <uintptr_t> blob_for(keyspace, value), expiry)


cdef Entry *keyspace_set_string(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                Slice value, int64_t expiry) noexcept nogil:
    cdef int64_t integer
    if value.size <= 20 and parse_int64(value.data, value.size, &integer):
        return keyspace_set_integer(keyspace, database, key, hash, entry, integer, expiry)
    if value.size <= EMBED_MAX:
        return set_embedded(keyspace, database, key, hash, entry,
                            ENCODING_EMBSTR if value.size <= EMBSTR_MAX else ENCODING_RAW, value, expiry)
    return set_block(keyspace, database, key, hash, entry, value, expiry)


cdef Entry *keyspace_set_integer(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                 int64_t value, int64_t expiry) noexcept nogil:
    if entry != NULL and entry.type == STRING and entry.encoding == ENCODING_INT and \
            entry_expiry(entry) == expiry:
        keyspace_preserve(keyspace, database, entry)
        entry_store_word(entry, <uint64_t> value)
        if not keyspace.lfu:
            entry.clock = keyspace.clock
        return entry
    return set_word(keyspace, database, key, hash, entry, STRING, ENCODING_INT, <uint64_t> value, expiry)


cdef Entry *keyspace_set_raw(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                             Slice value) noexcept nogil:
    cdef int64_t expiry = entry_expiry(entry) if entry != NULL else -1
    if value.size <= EMBED_MAX:
        return set_embedded(keyspace, database, key, hash, entry, ENCODING_RAW, value, expiry)
    return set_block(keyspace, database, key, hash, entry, value, expiry)


cdef Blob *blob_unshared(Blob *blob, size_t capacity) noexcept nogil:
    """Returns a copy with room for ``capacity`` bytes, and releases ``blob``, which must not be written into."""
    cdef Blob *own = blob_new(min(<size_t> blob.size, capacity), capacity)
    memcpy(blob_data(own), blob_data(blob), own.size)
    blob_release(blob)
    return own


cdef Blob *blob_resized(Blob *blob, size_t size) noexcept nogil:
    """Returns a writable block of ``size`` bytes, new ones zero. One that grows gets as much spare room, up to 1 MiB.
    """
    cdef size_t capacity = blob.capacity
    cdef size_t old = blob.size
    if size > capacity:
        capacity = size + min(size, <size_t> 1 << 20)
    if not blob_begin_write(blob):
        blob = blob_unshared(blob, capacity)
    elif capacity > blob.capacity:
        blob = blob_grow(blob, capacity)
    if size > old:
        memset(blob_data(blob) + old, 0, size - old)
    blob.size = size
    return blob


cdef Entry *keyspace_resize_string(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                   size_t size, char **data) noexcept nogil:
    cdef char scratch[24]
    cdef char embedded[EMBED_MAX]
    cdef Slice old
    cdef Blob *blob
    if entry != NULL and holds_string_block(entry):
        keyspace_preserve(keyspace, database, entry)
        blob = blob_resized(<Blob *> entry_pointer(entry), size)
        entry_store_pointer(entry, blob)
        entry.encoding = ENCODING_RAW
        data[0] = blob_data(blob)
        return entry
    old = string_slice(entry, scratch) if entry != NULL else slice_of(scratch, 0)
    if size <= EMBED_MAX:
        memset(embedded, 0, size)
        memcpy(embedded, old.data, min(old.size, size))
        entry = keyspace_set_raw(keyspace, database, key, hash, entry, slice_of(embedded, size))
        data[0] = <char *> entry_embedded(entry).data
        return entry
    blob = blob_resized(blob_of(old), size)
    entry = set_word(keyspace, database, key, hash, entry, STRING, ENCODING_RAW, <uint64_t> <uintptr_t> blob,
                     entry_expiry(entry) if entry != NULL else -1)
    data[0] = blob_data(blob)
    return entry


cdef Entry *keyspace_set_value(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                               ValueKind kind, void *value, int64_t expiry) noexcept nogil:
    return set_word(keyspace, database, key, hash, entry, <uint8_t> kind, 0, <uint64_t> <uintptr_t> value, expiry)


cdef Entry *entry_clone(Keyspace *keyspace, const Entry *entry, Slice key, int64_t expiry) noexcept nogil:
    """Returns an entry with the same value (a shallow copy of the word) for another key and expiry."""
    cdef bint embedded = entry.flags & ENTRY_EMBEDDED
    cdef Entry *clone = entry_new(keyspace, key, entry.type, entry.encoding, expiry, embedded,
                                  entry_embedded(entry) if embedded else slice_of(NULL, 0),
                                  0 if embedded else entry_word(entry))
    clone.clock = entry.clock
    return clone


cdef Entry *keyspace_set_expiry(Keyspace *keyspace, Database *database, Entry *entry, int64_t expiry) noexcept nogil:
    cdef Slice key
    cdef Entry *moved
    keyspace_preserve(keyspace, database, entry)
    if entry_has_expiry(entry) and expiry >= 0:
        entry_store_expiry(entry, expiry)
        return entry
    if not entry_has_expiry(entry) and expiry < 0:
        return entry
    key = entry_key(entry)
    moved = entry_clone(keyspace, entry, key, expiry)
    put_in_place(database, entry, moved, hash_key(key.data, key.size))
    mem_free(entry, entry_size(entry))
    return moved


cdef void keyspace_mark_field_expiry(Database *database, Entry *entry, bint expires) noexcept nogil:
    cdef Slice key
    if expires == ((entry.flags & ENTRY_FIELD_EXPIRES) != 0):
        return
    key = entry_key(entry)
    if expires:
        entry.flags |= ENTRY_FIELD_EXPIRES
        table_insert(&database.field_expires, entry, hash_key(key.data, key.size))
    else:
        drop_field_expiry(database, entry, hash_key(key.data, key.size))


cdef void unlink_entry(Database *database, Entry *entry, Slice key, uint64_t hash) noexcept nogil:
    if entry_has_expiry(entry):
        table_remove(&database.expires, key, hash)
    drop_field_expiry(database, entry, hash)
    table_remove(&database.keys, key, hash)


cdef void keyspace_delete(Keyspace *keyspace, Database *database, Entry *entry, bint lazy) noexcept nogil:
    cdef Slice key = entry_key(entry)
    keyspace_preserve(keyspace, database, entry)
    unlink_entry(database, entry, key, hash_key(key.data, key.size))
    discard_entry(keyspace, entry, lazy)


cdef Entry *keyspace_move(Keyspace *keyspace, Database *origin, Entry *entry, Database *target, Slice key,
                          uint64_t hash) noexcept nogil:
    cdef Slice old_key = entry_key(entry)
    cdef bint field_expires = entry.flags & ENTRY_FIELD_EXPIRES
    cdef Entry *moved
    keyspace_preserve(keyspace, origin, entry)
    moved = entry_clone(keyspace, entry, key, entry_expiry(entry))
    unlink_entry(origin, entry, old_key, hash_key(old_key.data, old_key.size))
    mem_free(entry, entry_size(entry))
    store(keyspace, target, key, hash, NULL, moved)
    keyspace_mark_field_expiry(target, moved, field_expires)
    return moved


cdef Entry *keyspace_copy(Keyspace *keyspace, const Entry *entry, Database *target, Slice key, uint64_t hash
                          ) noexcept nogil:
    cdef Entry *copy = entry_clone(keyspace, entry, key, entry_expiry(entry))
    if holds_string_block(entry):
        entry_store_pointer(copy, blob_of(string_slice(entry, NULL)))
    elif entry.type != STRING:
        entry_store_pointer(copy, _types[entry.type].copy(entry_pointer(entry)))
    copy.clock = keyspace.clock
    store(keyspace, target, key, hash, NULL, copy)
    keyspace_mark_field_expiry(target, copy, entry.flags & ENTRY_FIELD_EXPIRES)
    return copy


# ---- reading an entry ----

cdef Slice string_slice(const Entry *entry, char *scratch) noexcept nogil:
    if entry.flags & ENTRY_EMBEDDED:
        return entry_embedded(entry)
    if entry.encoding == ENCODING_INT:
        return slice_of(scratch, format_int64(scratch, <int64_t> entry_word(entry)))
    return blob_slice(<const Blob *> entry_pointer(entry))


cdef Blob *string_shared(const Entry *entry) noexcept nogil:
    cdef Blob *blob
    if not holds_string_block(entry):
        return NULL
    blob = <Blob *> entry_pointer(entry)
    return blob if blob.size >= BLOB_SHARED else NULL


cdef void string_replace_shared(Entry *entry, Blob *blob) noexcept nogil:
    blob_release(<Blob *> entry_pointer(entry))
    entry_store_pointer(entry, blob)


cdef size_t string_size(const Entry *entry) noexcept nogil:
    cdef char scratch[24]
    return string_slice(entry, scratch).size


cdef size_t entry_footprint(const Entry *entry) noexcept nogil:
    cdef size_t size = mem_footprint(entry_size(entry)) + 16
    if holds_string_block(entry):
        size += blob_footprint(<Blob *> entry_pointer(entry))
    elif entry.type != STRING:
        size += _types[entry.type].footprint(entry_pointer(entry))
    return size


cdef const char *entry_encoding_name(const Entry *entry) noexcept nogil:
    if entry.type != STRING:
        return _types[entry.type].encoding(entry_pointer(entry))
    if entry.encoding == ENCODING_INT:
        return "int"
    return "embstr" if entry.encoding == ENCODING_EMBSTR else "raw"


cdef const char *kind_name(ValueKind kind) noexcept nogil:
    if kind == STRING:
        return "string"
    if kind == HASH:
        return "hash"
    if kind == LIST:
        return "list"
    if kind == SET:
        return "set"
    if kind == ZSET:
        return "zset"
    return "stream"


# ---- garbage ----

cdef Garbage *new_garbage(Keyspace *keyspace, size_t parts) noexcept nogil:
    cdef Garbage *garbage = <Garbage *> mem_zalloc(sizeof(Garbage))
    garbage.next = keyspace.garbage
    garbage.parts = parts
    keyspace.garbage = garbage
    keyspace.garbage_parts += parts
    return garbage


cdef void keyspace_discard_value(Keyspace *keyspace, ValueKind kind, void *value) noexcept nogil:
    cdef Garbage *garbage = new_garbage(keyspace, 1)
    garbage.value = value
    garbage.type = &_types[<int> kind]


cdef void keyspace_discard_table(Keyspace *keyspace, Table *table, size_t parts) noexcept nogil:
    if table.buckets[0] == NULL:
        return
    new_garbage(keyspace, parts).table = table[0]
    table_init(table, table.type)


cdef void defer_rest(Garbage *table, const ValueType *type, void *value) noexcept nogil:
    """Puts the rest of a large value of a table of garbage on the list, right after the table."""
    cdef Garbage *garbage = <Garbage *> mem_zalloc(sizeof(Garbage))
    garbage.next = table.next
    garbage.value = value
    garbage.type = type
    table.next = garbage


cdef bint release_table(Garbage *garbage, size_t budget) noexcept nogil:
    global _released
    cdef bint done
    _released = garbage
    done = table_clear_some(&garbage.table, budget)
    _released = NULL
    return done


cdef void keyspace_release_garbage(Keyspace *keyspace, size_t budget) noexcept nogil:
    cdef Garbage *garbage = keyspace.garbage
    cdef bint done
    if garbage.value != NULL:
        done = garbage.type.release(garbage.value, budget)
    else:
        done = release_table(garbage, budget)
    if not done:
        return
    keyspace.garbage = garbage.next
    keyspace.garbage_parts -= garbage.parts
    keyspace.lazily_freed += garbage.parts
    mem_free(garbage, sizeof(Garbage))


# ---- watching ----

cdef Slice watched_key(const WatchedKey *watched) noexcept nogil:
    return slice_of(<const char *> (watched + 1), watched.key_size)


cdef WatchedKey *keyspace_watch(Database *database, Slice key, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(&database.watched, key, hash)
    cdef WatchedKey *watched
    if slot != NULL:
        watched = <WatchedKey *> slot[0]
        watched.watchers += 1
        return watched
    watched = <WatchedKey *> mem_alloc(sizeof(WatchedKey) + key.size)
    watched.database = database
    watched.version = 0
    watched.watchers = 1
    watched.key_size = key.size
    memcpy(<char *> (watched + 1), key.data, key.size)
    table_insert(&database.watched, watched, hash)
    return watched


cdef void keyspace_unwatch(WatchedKey *watched) noexcept nogil:
    cdef Slice key = watched_key(watched)
    watched.watchers -= 1
    if watched.watchers:
        return
    table_remove(&watched.database.watched, key, hash_key(key.data, key.size))
    mem_free(watched, sizeof(WatchedKey) + watched.key_size)


cdef void keyspace_signal_now(Database *database, Slice key, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(&database.watched, key, hash)
    if slot != NULL:
        (<WatchedKey *> slot[0]).version += 1
