"""The keyspace: databases, key to value, expiry, versions for WATCH. Knows nothing of requests, replies and clients.

An ``Entry`` is one allocation that holds header, expiry, key and, for a string of up to ``EMBED_MAX`` bytes, the value
(``include/entry.h``). For other values it holds a word: an integer, or a pointer to a ``Blob`` or to the type's own
structure. An entry moves when an expiry is added or removed, or when its embedded value changes size; callers must
continue with the entry returned.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.ground.blob cimport Blob
from pyredis.keyspace.lfu cimport lfu_minutes, lfu_touched
from pyredis.types.table.hashtable cimport Table

cdef extern from "entry.h" nogil:
    enum:
        ENTRY_EXPIRES
        ENTRY_EMBEDDED
        ENTRY_LONG_KEY
        ENTRY_FIELD_EXPIRES     # a hash with fields that expire: it is in Database.field_expires
        EMBED_MAX
        EMBSTR_MAX              # the longest string that OBJECT ENCODING calls embstr, in bytes
        CLOCK_MAX

    ctypedef struct Entry:
        uint32_t clock          # last access: seconds modulo 2**24
        uint32_t type
        uint32_t encoding
        uint8_t flags
        uint8_t epoch           # of the last snapshot that contains it
        uint8_t key_size
        uint8_t value_size

    bint entry_has_expiry(const Entry *entry)
    int64_t entry_expiry(const Entry *entry)
    Slice entry_key(const Entry *entry)
    uint64_t entry_word(const Entry *entry)
    void entry_store_word(Entry *entry, uint64_t word)
    void *entry_pointer(const Entry *entry)
    void entry_store_pointer(Entry *entry, void *value)
    Slice entry_embedded(const Entry *entry)
    size_t entry_size(const Entry *entry)

# The kinds that TYPE reports.
cdef enum ValueKind:
    STRING = 0
    LIST = 1
    SET = 2
    ZSET = 3
    HASH = 4
    STREAM = 6
    KINDS = 16

# The encodings that OBJECT ENCODING reports for strings.
cdef enum StringEncoding:
    ENCODING_RAW = 0
    ENCODING_INT = 1
    ENCODING_EMBSTR = 8

# What the keyspace must know about a kind of value other than strings. `value` is the entry's word as a pointer.
ctypedef struct ValueType:
    # Releases about `budget` parts; true when nothing is left.
    bint (*release)(void *value, size_t budget) noexcept nogil
    # The approximate number of parts to release.
    size_t (*effort)(const void *value) noexcept nogil
    void *(*copy)(const void *value) noexcept nogil
    # The total size in bytes.
    size_t (*footprint)(const void *value) noexcept nogil
    const char *(*encoding)(const void *value) noexcept nogil
    # Prefetching for a batch whose commands name a part of the value (a field, a member). The first prefetches the
    # place where the part is found and returns the part's hash; the second, called some time later, prefetches the part
    # itself. NULL for kinds that do not profit; the hash is 0 when there is nothing more to prefetch.
    uint64_t (*prefetch_place)(const void *value, Slice part) noexcept nogil
    void (*prefetch_part)(const void *value, uint64_t hash) noexcept nogil

cdef void value_type_register(ValueKind kind, ValueType type) noexcept nogil
cdef const ValueType *value_type(ValueKind kind) noexcept nogil

ctypedef struct Database:
    int id
    Table keys              # owns the entries
    Table expires           # those of the entries that have an expiry
    Table field_expires     # those of the entries that are hashes with a field that expires
    Table watched           # WatchedKey
    uint64_t expires_cursor
    uint64_t field_expires_cursor
    int64_t average_ttl     # ms, of the entries that the active expiry has seen

# A key that clients watch. `version` counts its changes.
ctypedef struct WatchedKey:
    Database *database
    uint64_t version
    size_t watchers
    size_t key_size
    # the key follows

# Called with `context`; each is NULL while nothing listens.
ctypedef struct KeyspaceHooks:
    void *context
    # Returns the time in microseconds since 1970 in place of the system; NULL where the system's clock is used.
    int64_t (*clock)(void *context) noexcept nogil
    # The key expired and is about to be removed.
    void (*expired)(void *context, Database *database, Slice key) noexcept nogil
    # The removal of an expired key took that long.
    void (*timed)(void *context, int64_t ns) noexcept nogil
    # A key has been created.
    void (*added)(void *context, Database *database, Slice key) noexcept nogil
    # The entry is about to change or to be removed, and the snapshot under way has not seen it.
    void (*preserve)(void *context, Database *database, Entry *entry) noexcept nogil
    # A snapshot is under way, and this value, which no entry holds any more, is about to be released. Returns true if
    # the snapshot has taken the value over.
    bint (*take_value)(void *context, ValueKind kind, void *value) noexcept nogil
    # The same for all keys of the database; a snapshot that takes them over leaves the table empty.
    void (*take_keys)(void *context, Database *database) noexcept nogil
    # A snapshot is under way, and two databases have exchanged their keys.
    void (*swapped)(void *context, Database *a, Database *b) noexcept nogil

# Something to release later: a value, or a table if `value` is NULL.
ctypedef struct Garbage:
    Garbage *next
    Table table
    void *value
    const ValueType *type
    size_t parts            # its share of Keyspace.garbage_parts

ctypedef struct Keyspace:
    Database *databases
    int count
    int expire_next         # the database that the active expiry visits next, so that none starves the others
    int64_t now_ms          # the clock of this iteration, ms since 1970
    uint32_t clock          # the access clock of an entry made now: seconds modulo 2**24, or see `keyspace/lfu`
    bint lfu                # the eviction policy is an LFU policy
    uint32_t lfu_log_factor
    uint32_t lfu_decay_time  # minutes
    uint64_t dirty          # changes since the start
    bint expires_nothing    # while loading
    bint keeps_expired      # while paused: expired keys are hidden, not removed; nothing writes
    int expire_effort       # 0 to 9: how much more than the minimum the active expiry does
    bint snapshot           # a snapshot is under way
    uint8_t epoch           # of the snapshot under way, or of the last one
    uint64_t random         # state of the generator
    KeyspaceHooks hooks
    # Blocks that hold arguments of the request under way: a string set to such an argument shares its block.
    Blob **offered
    size_t offered_count
    Garbage *garbage
    uint64_t garbage_parts
    uint64_t promised       # bytes of values that a snapshot has taken over, and releases when it has saved them
    # statistics
    uint64_t expired
    uint64_t expired_fields
    double expired_stale    # percentage of the keys examined that had expired, a moving average
    uint64_t expire_cap_reached
    uint64_t lazily_freed

# Must be paired with `keyspace_destroy` (`keyspace/databases`).
cdef void keyspace_init(Keyspace *keyspace, int databases) noexcept nogil
# The time in microseconds since 1970.
cdef int64_t keyspace_time_us(Keyspace *keyspace) noexcept nogil
# Reads the clock; to be called once per iteration.
cdef void keyspace_tick(Keyspace *keyspace) noexcept nogil

# ---- entries ----

# The entry in the table, expired or not; NULL if there is none.
cdef Entry *keyspace_peek(Database *database, Slice key, uint64_t hash) noexcept nogil
# The live entry, NULL if there is none; removes an expired one.
cdef Entry *keyspace_find(Keyspace *keyspace, Database *database, Slice key, uint64_t hash) noexcept nogil
cdef bint keyspace_is_expired(const Keyspace *keyspace, const Entry *entry) noexcept nogil
# Must be called before any change of an entry.
cdef inline void keyspace_preserve(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil:
    if keyspace.snapshot and entry.epoch != keyspace.epoch:
        keyspace_preserve_now(keyspace, database, entry)
cdef void keyspace_preserve_now(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil
# In all of these, `entry` is the result of keyspace_find (NULL: the key is absent); `expiry` is in ms since 1970, -1
# for none. This one stores the bytes as an int, embstr or raw string, whichever Redis would choose for a SET.
cdef Entry *keyspace_set_string(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                Slice value, int64_t expiry) noexcept nogil
cdef Entry *keyspace_set_integer(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                 int64_t value, int64_t expiry) noexcept nogil
# Stores the bytes as a raw string in any case, and keeps the expiry.
cdef Entry *keyspace_set_raw(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                             Slice value) noexcept nogil
# Resizes the string to `size` bytes, raw, new bytes zero; sets `data` to its bytes, for writing. `entry` may be NULL.
cdef Entry *keyspace_resize_string(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                   size_t size, char **data) noexcept nogil
# Replaces whatever the key held with a value of a kind other than STRING.
cdef Entry *keyspace_set_value(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                               ValueKind kind, void *value, int64_t expiry) noexcept nogil
# `expiry` -1 removes it.
cdef Entry *keyspace_set_expiry(Keyspace *keyspace, Database *database, Entry *entry, int64_t expiry) noexcept nogil
# Keeps Database.field_expires in step with whether the hash has fields that expire.
cdef void keyspace_mark_field_expiry(Database *database, Entry *entry, bint expires) noexcept nogil
# `lazy`: a large value is released later, in slices.
cdef void keyspace_delete(Keyspace *keyspace, Database *database, Entry *entry, bint lazy) noexcept nogil
# Moves the value (and its expiry) to another key, which must be absent; `entry` is no longer valid.
cdef Entry *keyspace_move(Keyspace *keyspace, Database *origin, Entry *entry, Database *target, Slice key,
                          uint64_t hash) noexcept nogil
cdef Entry *keyspace_copy(Keyspace *keyspace, const Entry *entry, Database *target, Slice key,
                          uint64_t hash) noexcept nogil
# The block of a string that is large enough to be shared, NULL for a short string or an integer.
cdef Blob *string_shared(const Entry *entry) noexcept nogil
# Replaces that block with one that has the same bytes; the entry takes over the caller's reference.
cdef void string_replace_shared(Entry *entry, Blob *blob) noexcept nogil
# The bytes of a string; `scratch` holds 24 bytes for an integer's text.
cdef Slice string_slice(const Entry *entry, char *scratch) noexcept nogil
cdef size_t string_size(const Entry *entry) noexcept nogil
# Bytes of key, entry, value and share of the table, as MEMORY USAGE reports them.
cdef size_t entry_footprint(const Entry *entry) noexcept nogil
cdef const char *entry_encoding_name(const Entry *entry) noexcept nogil
cdef const char *kind_name(ValueKind kind) noexcept nogil

cdef inline void keyspace_touch(Keyspace *keyspace, Entry *entry) noexcept nogil:
    """Records an access."""
    if keyspace.lfu:
        entry.clock = lfu_touched(entry.clock, lfu_minutes(keyspace.now_ms), keyspace.lfu_decay_time,
                                  keyspace.lfu_log_factor, &keyspace.random)
    elif entry.clock != keyspace.clock:
        entry.clock = keyspace.clock

# ---- deferred release, and removal of expired keys: mostly for `keyspace/databases` ----

# Both defer a release, which then happens in slices. The first: a value that no entry holds any more. The second: the
# contents of a table, which is empty afterwards; they count as `parts`.
cdef void keyspace_discard_value(Keyspace *keyspace, ValueKind kind, void *value) noexcept nogil
cdef void keyspace_discard_table(Keyspace *keyspace, Table *table, size_t parts) noexcept nogil
# Releases about `budget` parts of the latest garbage. There must be some.
cdef void keyspace_release_garbage(Keyspace *keyspace, size_t budget) noexcept nogil
# Removes an entry that has expired, and notifies hooks and watchers.
cdef void keyspace_remove_expired(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil

# ---- watching ----

cdef WatchedKey *keyspace_watch(Database *database, Slice key, uint64_t hash) noexcept nogil
cdef void keyspace_unwatch(WatchedKey *watched) noexcept nogil
cdef Slice watched_key(const WatchedKey *watched) noexcept nogil
# Reports a change of the key to the clients that watch it.
cdef inline void keyspace_signal(Database *database, Slice key, uint64_t hash) noexcept nogil:
    if database.watched.used[0] or database.watched.used[1]:
        keyspace_signal_now(database, key, hash)
cdef void keyspace_signal_now(Database *database, Slice key, uint64_t hash) noexcept nogil
