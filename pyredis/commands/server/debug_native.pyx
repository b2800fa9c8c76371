"""The parts of DEBUG that work inside the keyspace: POPULATE, OBJECT, LISTPACK, HTSTATS. ``debug.py`` calls them.

Nothing here counts as a change: as in Redis, POPULATE does not reach the append-only file.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy, memset

from pyredis.call.state cimport State
from pyredis.call.tracking cimport tracking_note
from pyredis.call.waiting cimport HEARD_TRACKING
from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport (
    CLOCK_MAX,
    ENCODING_INT,
    HASH,
    LIST,
    STREAM,
    STRING,
    ZSET,
    Database,
    Entry,
    ValueKind,
    entry_encoding_name,
    entry_pointer,
    entry_word,
    keyspace_find,
    keyspace_is_expired,
    keyspace_peek,
    keyspace_remove_expired,
    keyspace_set_string,
    keyspace_signal,
    string_size,
)
from pyredis.keyspace.parts cimport Part, PartIterator, parts_end, parts_iterate, parts_next
from pyredis.types.list.list cimport (
    List,
    ListIterator,
    list_is_long,
    list_iterate,
    list_iterate_end,
    list_next_stretch,
    list_size,
)
from pyredis.types.list.list_long cimport ListStretch
from pyredis.types.stream.stream cimport Stream, stream_memory
from pyredis.types.table.hashtable cimport Table, hash_key, table_is_resizing, table_memory, table_size


cdef Entry *find(State core, int number, bytes key):
    cdef Slice name = slice_of(key, len(key))
    return keyspace_find(&core.server.keyspace, &core.server.keyspace.databases[number], name,
                         hash_key(name.data, name.size))


# ---- SEGFAULT ----

cdef extern from *:
    """
    /* The sanitizers would report the write instead of executing it. */
    __attribute__((no_sanitize("address", "undefined"))) static void write_nowhere(void) {
        volatile uintptr_t nowhere = 1;
        *(volatile char *) nowhere = 'x';
    }
    """
    void write_nowhere() nogil


def segfault():
    """Writes to an address that no process has."""
    write_nowhere()


# ---- POPULATE ----

def populate(State core, int number, uint64_t count, bytes prefix, uint64_t size):
    """Creates those of the keys ``prefix:0`` and so on that are absent, with the values ``value:0`` and so on.

    A ``size`` other than 0 is the size of each value, which is cut or padded with zero bytes.
    """
    cdef uint64_t index
    cdef Slice value
    cdef char *padded = <char *> mem_alloc(size) if size else NULL
    try:
        for index in range(count):
            text = b"value:%d" % index
            value = slice_of(text, len(text))
            if size:
                memset(padded, 0, size)
                memcpy(padded, value.data, min(value.size, size))
                value = slice_of(padded, size)
            create(core, number, b"%b:%d" % (prefix, index), value)
    finally:
        mem_free(padded, size)


cdef int create(State core, int number, bytes key, Slice value) except -1:
    cdef Database *database = &core.server.keyspace.databases[number]
    cdef Slice name = slice_of(key, len(key))
    cdef uint64_t hash = hash_key(name.data, name.size)
    cdef Entry *entry = keyspace_peek(database, name, hash)
    # Even during CLIENT PAUSE, which leaves expired keys where they are.
    if entry != NULL and keyspace_is_expired(&core.server.keyspace, entry):
        keyspace_remove_expired(&core.server.keyspace, database, entry)
        entry = NULL
    if entry == NULL:
        keyspace_set_string(&core.server.keyspace, database, name, hash, NULL, value, -1)
        keyspace_signal(database, name, hash)
        if core.server.heard & HEARD_TRACKING:
            tracking_note(&core.server, core.server.current, name, hash)
    return 0


# ---- OBJECT ----

cdef size_t length_prefix(size_t size) noexcept nogil:
    """Returns how many bytes a length occupies in an RDB file."""
    if size < 1 << 6:
        return 1
    if size < 1 << 14:
        return 2
    return 5 if size <= 0xffffffffU else 9


cdef size_t serialized_string(const Entry *entry) noexcept nogil:
    cdef int64_t number
    cdef size_t size = string_size(entry)
    if entry.encoding == ENCODING_INT:
        number = <int64_t> entry_word(entry)
        if -128 <= number <= 127:
            return 2
        if -32768 <= number <= 32767:
            return 3
        if -2147483648 <= number <= 2147483647:
            return 5
    return length_prefix(size) + size


cdef size_t serialized_text(Slice text) noexcept nogil:
    return length_prefix(text.size) + text.size


cdef size_t serialized_parts(ValueKind kind, void *value, int64_t now) noexcept nogil:
    cdef PartIterator iterator
    cdef Part part
    cdef size_t size = 0, count = 0
    parts_iterate(&iterator, kind, value, 0, now)
    while parts_next(&iterator, &part):
        count += 1
        size += serialized_text(part.text)
        if kind == HASH:
            size += serialized_text(part.value)
        elif kind == ZSET:
            size += sizeof(double)
    parts_end(&iterator)
    return length_prefix(count) + size


cdef size_t serialized(State core, Entry *entry):
    """Returns the size of the value, in bytes, in an RDB file without compression and packed encodings."""
    if entry.type == <uint32_t> STRING:
        return serialized_string(entry)
    if entry.type == <uint32_t> STREAM:
        # Blocks and pending entries count with their size in memory; the numbers around them are negligible.
        return stream_memory(<Stream *> entry_pointer(entry))
    return serialized_parts(<ValueKind> entry.type, entry_pointer(entry), core.server.keyspace.now_ms)


def object_facts(State core, int number, bytes key):
    """Returns (address, encoding, serialized length, access clock, seconds idle) of a key's value.

    Returns None if the key is absent.
    """
    cdef Entry *entry = find(core, number, key)
    cdef uint32_t idle
    if entry == NULL:
        return None
    idle = (core.server.keyspace.clock - entry.clock) & CLOCK_MAX
    return <uintptr_t> entry, entry_encoding_name(entry).decode(), serialized(core, entry), entry.clock, idle


def node_facts(State core, int number, bytes key):
    """Returns (nodes, elements, bytes of the packed elements) of a long list; None for anything else."""
    cdef Entry *entry = find(core, number, key)
    cdef ListIterator iterator
    cdef const ListStretch *stretch
    cdef size_t nodes = 0, size = 0
    if entry == NULL or entry.type != <uint32_t> LIST or not list_is_long(<const List *> entry_pointer(entry)):
        return None
    list_iterate(<const List *> entry_pointer(entry), 0, &iterator)
    while True:
        stretch = list_next_stretch(&iterator)
        if stretch == NULL:
            break
        nodes += 1
        size += stretch.end - stretch.at if stretch.bytes != NULL else stretch.plain.size
    list_iterate_end(&iterator)
    return nodes, list_size(<const List *> entry_pointer(entry)), size


# ---- LISTPACK ----

cdef list elements_of(ValueKind kind, void *value, bint expiring):
    """Returns the packed elements, including expired fields: they stay in the pack until they are removed."""
    cdef PartIterator iterator
    cdef Part part
    cdef list elements = []
    parts_iterate(&iterator, kind, value, 0, 0)
    while parts_next(&iterator, &part):
        elements.append(bytes_of(part.text))
        if kind == HASH:
            elements.append(bytes_of(part.value))
        elif kind == ZSET:
            elements.append(part.score)
        if expiring:
            elements.append(part.expiry)
    parts_end(&iterator)
    return elements


cdef bytes bytes_of(Slice text):
    return text.data[:text.size]


def packed_elements(State core, int number, bytes key):
    """Returns (encoding, elements in packed order) of a key's value; None if the key is absent.

    The elements are None if the value is not packed.
    """
    cdef Entry *entry = find(core, number, key)
    if entry == NULL:
        return None
    encoding = entry_encoding_name(entry).decode()
    if not encoding.startswith("listpack"):
        return encoding, None
    return encoding, elements_of(<ValueKind> entry.type, entry_pointer(entry), encoding == "listpackex")


# ---- HTSTATS ----

def table_facts(State core, int number):
    """Returns the facts of a database's table of keys and of its table of expiries.

    Each is ([(buckets, elements) of each array], overflow buckets, bytes).
    """
    cdef Database *database = &core.server.keyspace.databases[number]
    return facts_of(&database.keys), facts_of(&database.expires)


cdef object facts_of(Table *table):
    arrays = []
    if table_size(table):
        arrays.append((1 << table.exponent[0], table.used[0]))
        if table_is_resizing(table):
            arrays.append((1 << table.exponent[1], table.used[1]))
    return arrays, table.overflow, table_memory(table)
