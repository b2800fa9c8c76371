"""DEBUG DIGEST: one number for an entire data set, by Redis's algorithm: both servers return the same for equal data.

A digest is 20 bytes. To *add* something is to exclusive-or its SHA-1 in: order does not matter. To *mix* something is
to add it and then to replace the digest by its own SHA-1: order matters. A key's digest mixes its name, its type and
its value, and adds a fixed word if the key expires; a hash adds a digest of each field, a sorted set one of each
member, a set adds each member, a list mixes each element, a stream each entry. The data set's digest mixes the number
of every database that has keys and adds the digest of each key.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memset

from pyredis.call.state cimport State
from pyredis.ground.base cimport Slice, literal, slice_of
from pyredis.ground.doubles cimport format_double_long
from pyredis.keyspace.keyspace cimport (
    HASH,
    LIST,
    SET,
    STREAM,
    STRING,
    Database,
    Entry,
    ValueKind,
    entry_expiry,
    entry_key,
    entry_pointer,
    keyspace_peek,
    string_slice,
)
from pyredis.keyspace.parts cimport Part, PartIterator, parts_end, parts_iterate, parts_next
from pyredis.types.stream.id_index cimport ID_TEXT, format_id, greatest_id, least_id
from pyredis.types.stream.stream cimport (
    ELEMENT_DIGITS,
    Stream,
    StreamIterator,
    stream_iterate,
    stream_next,
    stream_next_pair,
)
from pyredis.types.table.hashtable cimport (
    TableIterator,
    hash_key,
    table_iterate,
    table_iterate_end,
    table_next,
    table_size,
)

cdef extern from "sha1.h" nogil:
    enum:
        SHA1_SIZE
    void sha1(const void *message, size_t size, uint8_t *digest)


cdef inline Slice expires_mark() noexcept nogil:
    return literal("!!expire!!")


cdef inline Slice field_expires_mark() noexcept nogil:
    return literal("!!hexpire!!")


cdef void add(uint8_t *digest, Slice text) noexcept nogil:
    cdef uint8_t own[SHA1_SIZE]
    cdef int index
    sha1(text.data, text.size, own)
    for index in range(SHA1_SIZE):
        digest[index] ^= own[index]


cdef void mix(uint8_t *digest, Slice text) noexcept nogil:
    add(digest, text)
    sha1(digest, SHA1_SIZE, digest)


cdef void mix_number(uint8_t *digest, uint32_t number) noexcept nogil:
    """Mixes in 32 bits, the most significant byte first."""
    cdef uint8_t text[4]
    cdef int index
    for index in range(4):
        text[index] = <uint8_t> (number >> (24 - 8 * index))
    mix(digest, slice_of(<char *> text, 4))


cdef inline Slice as_slice(const uint8_t *digest) noexcept nogil:
    return slice_of(<const char *> digest, SHA1_SIZE)


cdef void add_pair(uint8_t *digest, Slice text, Slice value, bint expires) noexcept nogil:
    cdef uint8_t own[SHA1_SIZE]
    memset(own, 0, SHA1_SIZE)
    mix(own, text)
    mix(own, value)
    if expires:
        add(own, field_expires_mark())
    add(digest, as_slice(own))


cdef void add_part(uint8_t *digest, ValueKind kind, const Part *part) noexcept nogil:
    cdef char score[40]
    if kind == LIST:
        mix(digest, part.text)
    elif kind == SET:
        add(digest, part.text)
    elif kind == HASH:
        add_pair(digest, part.text, part.value, part.expiry != 0)
    else:
        add_pair(digest, part.text, slice_of(score, format_double_long(score, part.score)), False)


cdef void add_parts(uint8_t *digest, ValueKind kind, void *value, int64_t now) noexcept nogil:
    cdef PartIterator iterator
    cdef Part part
    parts_iterate(&iterator, kind, value, 0, now)
    while parts_next(&iterator, &part):
        add_part(digest, kind, &part)
    parts_end(&iterator)


cdef void mix_entries(uint8_t *digest, Stream *stream) noexcept nogil:
    """Mixes in each id, with a dot between its numbers, then the entry's field names and values."""
    cdef StreamIterator iterator
    cdef Slice name, value
    cdef char id[ID_TEXT]
    cdef char digits[2 * ELEMENT_DIGITS]
    stream_iterate(stream, least_id(), greatest_id(), &iterator)
    while stream_next(&iterator):
        mix(digest, slice_of(id, format_id(id, iterator.entry.id, c'.')))
        while stream_next_pair(&iterator.entry, &name, &value, digits, digits + ELEMENT_DIGITS):
            mix(digest, name)
            mix(digest, value)


cdef void add_value(uint8_t *digest, Entry *entry, int64_t now) noexcept nogil:
    cdef char scratch[24]
    mix_number(digest, entry.type)
    if entry.type == <uint32_t> STRING:
        mix(digest, string_slice(entry, scratch))
    elif entry.type == <uint32_t> STREAM:
        mix_entries(digest, <Stream *> entry_pointer(entry))
    else:
        add_parts(digest, <ValueKind> entry.type, entry_pointer(entry), now)
    if entry_expiry(entry) != -1:
        add(digest, expires_mark())


cdef void add_database(uint8_t *digest, Database *database, int64_t now) noexcept nogil:
    cdef uint8_t own[SHA1_SIZE]
    cdef TableIterator iterator
    cdef Entry *entry
    mix_number(digest, database.id)
    table_iterate(&database.keys, &iterator)
    while True:
        entry = <Entry *> table_next(&iterator)
        if entry == NULL:
            break
        memset(own, 0, SHA1_SIZE)
        mix(own, entry_key(entry))
        add_value(own, entry, now)
        add(digest, as_slice(own))
    table_iterate_end(&iterator)


def digest_all(State core):
    """Returns the digest of all databases, in hexadecimal; zeros if there are no keys."""
    cdef uint8_t digest[SHA1_SIZE]
    cdef int index
    cdef Database *database
    memset(digest, 0, SHA1_SIZE)
    for index in range(core.server.keyspace.count):
        database = &core.server.keyspace.databases[index]
        if table_size(&database.keys):
            add_database(digest, database, core.server.keyspace.now_ms)
    return (<bytes> digest[:SHA1_SIZE]).hex()


def digest_value(State core, int number, bytes key):
    """Returns the digest of one key's value, in hexadecimal; zeros if the key is absent."""
    cdef uint8_t digest[SHA1_SIZE]
    cdef Slice name = slice_of(key, len(key))
    cdef Entry *entry = keyspace_peek(&core.server.keyspace.databases[number], name, hash_key(name.data, name.size))
    memset(digest, 0, SHA1_SIZE)
    if entry != NULL:
        add_value(digest, entry, core.server.keyspace.now_ms)
    return (<bytes> digest[:SHA1_SIZE]).hex()


def sha1_of(bytes text):
    """Returns the SHA-1 of ``text`` in hexadecimal, as the digests use it."""
    cdef uint8_t digest[SHA1_SIZE]
    sha1(<const char *> text, len(text), digest)
    return (<bytes> digest[:SHA1_SIZE]).hex()
