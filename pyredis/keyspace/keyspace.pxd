"""The keyspace: databases, key to value, expiry, versions for WATCH. Knows nothing of requests, replies and clients.

An ``Entry`` is one allocation that holds header, expiry, key and, for a string of up to ``EMBED_MAX`` bytes, the value
(``include/entry.h``). Other values hang from its word: an integer, a ``Blob``, or what the value's type made.
An entry moves when its expiry or its embedded value changes size; whoever changes one goes on with the entry returned.
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
        ENTRY_FIELD_EXPIRES     # a hash with fields that expire: it stands in Database.field_expires
        EMBED_MAX
        EMBSTR_MAX              # what OBJECT ENCODING calls embstr is no longer than this
        CLOCK_MAX

    ctypedef struct Entry:
        uint32_t clock          # last access: seconds modulo 2**24
        uint32_t type
        uint32_t encoding
        uint8_t flags
        uint8_t epoch           # of the last snapshot that has it
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

# What TYPE tells.
cdef enum ValueKind:
    STRING = 0
    LIST = 1
    SET = 2
    ZSET = 3
    HASH = 4
    STREAM = 6
    KINDS = 16

# What OBJECT ENCODING tells of a string.
cdef enum StringEncoding:
    ENCODING_RAW = 0
    ENCODING_INT = 1
    ENCODING_EMBSTR = 8

# What the keyspace must know of a kind of value other than strings. `value` is the entry's word as a pointer.
ctypedef struct ValueType:
    # Releases about `budget` parts; true when nothing is left.
    bint (*release)(void *value, size_t budget) noexcept nogil
    # How many parts there are to release, roughly.
    size_t (*effort)(const void *value) noexcept nogil
    void *(*copy)(const void *value) noexcept nogil
    # Bytes, all told.
    size_t (*footprint)(const void *value) noexcept nogil
    const char *(*encoding)(const void *value) noexcept nogil
    # Hints for a batch whose commands name a part of the value (a field, a member): the first asks for where that part
    # is found and returns its hash, the second, some time later, for the part itself. NULL where that is no use; the
    # hash is 0 where there is nothing more to ask for.
    uint64_t (*prefetch_place)(const void *value, Slice part) noexcept nogil
    void (*prefetch_part)(const void *value, uint64_t hash) noexcept nogil

cdef void value_type_register(ValueKind kind, ValueType type) noexcept nogil
cdef const ValueType *value_type(ValueKind kind) noexcept nogil

ctypedef struct Database:
    int id
    Table keys              # owns the entries
    Table expires           # the same entries, where they have an expiry
    Table field_expires     # the same entries, where they are hashes with a field that expires
    Table watched           # WatchedKey
    uint64_t expires_cursor
    uint64_t field_expires_cursor
    int64_t average_ttl     # ms, over what the active expiry has seen

# A key somebody watches. `version` counts its changes.
ctypedef struct WatchedKey:
    Database *database
    uint64_t version
    size_t watchers
    size_t key_size
    # the key follows

# Called with the context registered beside them, NULL where nobody listens.
ctypedef struct KeyspaceHooks:
    void *context
    # The key expired and is about to be removed.
    void (*expired)(void *context, Database *database, Slice key) noexcept nogil
    # A key has come into being.
    void (*added)(void *context, Database *database, Slice key) noexcept nogil
    # The entry is about to change or to go, and the snapshot under way has not seen it.
    void (*preserve)(void *context, Database *database, Entry *entry) noexcept nogil
    # A snapshot is under way, and this value, which no entry holds any more, is about to be released; or all keys of
    # the database are. The snapshot may take over either: the value, and tells so; the table, which is empty then.
    bint (*take_value)(void *context, ValueKind kind, void *value) noexcept nogil
    void (*take_keys)(void *context, Database *database) noexcept nogil
    # A snapshot is under way, and two databases have exchanged their keys.
    void (*swapped)(void *context, Database *a, Database *b) noexcept nogil

# What is to be released later: a value, or a whole table where there is no value.
ctypedef struct Garbage:
    Garbage *next
    Table table
    void *value
    const ValueType *type
    size_t parts            # its share of garbage_parts

ctypedef struct Keyspace:
    Database *databases
    int count
    int expire_next         # the database that the expiry goes on with: none starves the others
    int64_t now_ms          # the clock of this iteration, ms since 1970
    uint32_t clock          # the access clock of an entry made now: seconds modulo 2**24, or as `keyspace/lfu` says
    bint lfu                # an LFU policy is chosen
    uint32_t lfu_log_factor
    uint32_t lfu_decay_time  # minutes
    uint64_t dirty          # changes since the last save
    bint expires_nothing    # while loading
    int expire_effort       # 0 to 9: how much more the active expiry does than it must
    bint snapshot           # a snapshot is under way
    uint8_t epoch           # of the snapshot under way, or of the last one
    uint64_t random         # state of the generator
    KeyspaceHooks hooks
    # Blocks that hold arguments of the request under way: a string that one of them is takes it as it is.
    Blob **offered
    size_t offered_count
    Garbage *garbage
    uint64_t garbage_parts
    # statistics
    uint64_t expired
    uint64_t expired_fields
    double expired_stale    # percent of the keys looked at that had expired, a slow mean
    uint64_t expire_cap_reached
    uint64_t lazily_freed

# `keyspace_destroy` (`keyspace/databases`) must follow.
cdef void keyspace_init(Keyspace *keyspace, int databases) noexcept nogil
# Reads the clock: once per iteration.
cdef void keyspace_tick(Keyspace *keyspace) noexcept nogil

# ---- entries ----

# The entry as it stands in the table, expired or not; NULL where there is none.
cdef Entry *keyspace_peek(Database *database, Slice key, uint64_t hash) noexcept nogil
# The living entry; one that has expired is removed first.
cdef Entry *keyspace_find(Keyspace *keyspace, Database *database, Slice key, uint64_t hash) noexcept nogil
cdef bint keyspace_is_expired(const Keyspace *keyspace, const Entry *entry) noexcept nogil
# To be called before any change of an entry.
cdef inline void keyspace_preserve(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil:
    if keyspace.snapshot and entry.epoch != keyspace.epoch:
        keyspace_preserve_now(keyspace, database, entry)
cdef void keyspace_preserve_now(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil
# `entry` is what keyspace_find gave (NULL: the key is absent). `expiry` in ms since 1970, -1 for none.
# Stores the bytes as an int, embstr or raw string, whichever Redis would choose for a SET.
cdef Entry *keyspace_set_string(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                Slice value, int64_t expiry) noexcept nogil
cdef Entry *keyspace_set_integer(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                 int64_t value, int64_t expiry) noexcept nogil
# As a raw string, whatever the bytes are; expiry kept.
cdef Entry *keyspace_set_raw(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                             Slice value) noexcept nogil
# Makes the string `size` bytes long in place, raw, new bytes zero; its data for writing in `data`. Entry may be NULL.
cdef Entry *keyspace_resize_string(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                   size_t size, char **data) noexcept nogil
# Puts a value of another kind in place of whatever the key held.
cdef Entry *keyspace_set_value(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                               ValueKind kind, void *value, int64_t expiry) noexcept nogil
# `expiry` -1 removes it.
cdef Entry *keyspace_set_expiry(Keyspace *keyspace, Database *database, Entry *entry, int64_t expiry) noexcept nogil
# Keeps Database.field_expires in step with whether the hash has fields that expire.
cdef void keyspace_mark_field_expiry(Database *database, Entry *entry, bint expires) noexcept nogil
# `lazy`: a large value is released later, in slices.
cdef void keyspace_delete(Keyspace *keyspace, Database *database, Entry *entry, bint lazy) noexcept nogil
# Moves the value (and its expiry) to another key, which must be absent; the entry is gone afterwards.
cdef Entry *keyspace_move(Keyspace *keyspace, Database *origin, Entry *entry, Database *target, Slice key,
                          uint64_t hash) noexcept nogil
cdef Entry *keyspace_copy(Keyspace *keyspace, const Entry *entry, Database *target, Slice key,
                          uint64_t hash) noexcept nogil
# The block of a string that may be shared, NULL for one that is short or an integer.
cdef Blob *string_shared(const Entry *entry) noexcept nogil
# Puts a block with the same bytes, whose reference is the entry's from now on, in its place.
cdef void string_replace_shared(Entry *entry, Blob *blob) noexcept nogil
# The bytes of a string; `scratch` holds 24 bytes for an integer's text.
cdef Slice string_slice(const Entry *entry, char *scratch) noexcept nogil
cdef size_t string_size(const Entry *entry) noexcept nogil
# Bytes of key, entry, value and table share, as MEMORY USAGE tells.
cdef size_t entry_footprint(const Entry *entry) noexcept nogil
cdef const char *entry_encoding_name(const Entry *entry) noexcept nogil
cdef const char *kind_name(ValueKind kind) noexcept nogil

cdef inline void keyspace_touch(Keyspace *keyspace, Entry *entry) noexcept nogil:
    """Notes an access."""
    if keyspace.lfu:
        entry.clock = lfu_touched(entry.clock, lfu_minutes(keyspace.now_ms), keyspace.lfu_decay_time,
                                  keyspace.lfu_log_factor, &keyspace.random)
    elif entry.clock != keyspace.clock:
        entry.clock = keyspace.clock

# ---- what is released later, and what has expired: mostly for `keyspace/databases` ----

# Releases later, in slices: a value that no entry holds; what a table has, which counts as `parts`; it is empty.
cdef void keyspace_discard_value(Keyspace *keyspace, ValueKind kind, void *value) noexcept nogil
cdef void keyspace_discard_table(Keyspace *keyspace, Table *table, size_t parts) noexcept nogil
# Releases about `budget` parts of the garbage that came last, which there must be.
cdef void keyspace_release_garbage(Keyspace *keyspace, size_t budget) noexcept nogil
# An entry that has expired, as everybody is to be told.
cdef void keyspace_remove_expired(Keyspace *keyspace, Database *database, Entry *entry) noexcept nogil

# ---- watching ----

cdef WatchedKey *keyspace_watch(Database *database, Slice key, uint64_t hash) noexcept nogil
cdef void keyspace_unwatch(WatchedKey *watched) noexcept nogil
cdef Slice watched_key(const WatchedKey *watched) noexcept nogil
# The key changed: whoever watches it will see that.
cdef inline void keyspace_signal(Database *database, Slice key, uint64_t hash) noexcept nogil:
    if database.watched.used[0] or database.watched.used[1]:
        keyspace_signal_now(database, key, hash)
cdef void keyspace_signal_now(Database *database, Slice key, uint64_t hash) noexcept nogil
