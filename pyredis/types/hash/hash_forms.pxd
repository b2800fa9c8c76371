"""The internals of the forms of a hash (``hash.pxd``): which form a hash has, and how to read a field.

All forms begin with the same header, and its owner bits give the form:

- HASH_PACKED: a pack of pairs, field and value, as long as fields and values are small and few;
- HASH_PACKED_EXPIRING: a pack of triples, field, value and expiry (Unix time in ms, 0 for none), once a field has had
  an expiry; the earliest expiry comes first, fields without one come last;
- HASH_TABLE: ``Fields`` (``hash_fields.pxd``), once a limit has been exceeded.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from pyredis.ground.base cimport Slice, likely, slice_of
from pyredis.types.hash.hash_fields cimport Field, Fields, field_expiry, field_name, field_value
from pyredis.types.packs.listpack cimport (
    SHORT_STRING_MAX,
    Pack,
    PackItem,
    pack_get,
    pack_next_forward,
    pack_owner,
    pack_text,
)

cdef enum:
    HASH_PACKED = 0
    HASH_PACKED_EXPIRING = 1
    HASH_TABLE = 2

# The header of all three forms.
cdef struct Hash:
    uint32_t size           # of this block
    uint16_t meta           # contains the owner bits

# A field that has been read: valid until the next change of the hash, and no longer than the entry itself.
ctypedef struct HashEntry:
    Slice field
    Slice value
    int64_t expiry          # Unix time in ms, or 0
    char field_digits[20]
    char value_digits[20]


cdef inline int form_of(const void *hash) noexcept nogil:
    return pack_owner(<const Pack *> hash)


cdef inline Pack **pack_of(Hash **hash) noexcept nogil:
    return <Pack **> hash


cdef inline Fields *fields_of(const void *hash) noexcept nogil:
    return <Fields *> hash


cdef inline size_t stride_of(const void *hash) noexcept nogil:
    """Returns the number of elements per field in a pack."""
    return 2 + form_of(hash)


cdef inline Slice text_at(const Pack *pack, size_t at, char *digits) noexcept nogil:
    if likely(pack[at] <= SHORT_STRING_MAX):
        return slice_of(<const char *> pack + at + 1, pack[at])
    return pack_text(pack, at, digits)


cdef inline int64_t number_at(const Pack *pack, size_t at) noexcept nogil:
    cdef PackItem item = pack_get(pack, at)
    return item.number


cdef inline size_t skip(const Pack *pack, size_t at, size_t count) noexcept nogil:
    while count:
        at = pack_next_forward(pack, at)
        count -= 1
    return at


cdef inline int64_t expiry_at(const Hash *hash, size_t at) noexcept nogil:
    """Returns the expiry of the field that begins at ``at``; 0 in a pack of pairs."""
    cdef const Pack *pack = <const Pack *> hash
    if form_of(hash) == HASH_PACKED:
        return 0
    return number_at(pack, skip(pack, at, 2))


cdef inline bint is_due(int64_t expiry, int64_t now) noexcept nogil:
    return expiry != 0 and expiry < now


cdef inline size_t read_pack(Hash *hash, size_t at, HashEntry *out) noexcept nogil:
    """Reads the field at ``at``; returns the position of the next one."""
    cdef const Pack *pack = <const Pack *> hash
    out.field = text_at(pack, at, out.field_digits)
    at = pack_next_forward(pack, at)
    out.value = text_at(pack, at, out.value_digits)
    at = pack_next_forward(pack, at)
    out.expiry = 0
    if form_of(hash) == HASH_PACKED:
        return at
    out.expiry = number_at(pack, at)
    return pack_next_forward(pack, at)


cdef inline void read_field(const Field *field, HashEntry *out) noexcept nogil:
    out.field = field_name(field)
    out.value = field_value(field)
    out.expiry = field_expiry(field)
