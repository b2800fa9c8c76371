"""The large form of a hash: a table of fields, and a heap of those that expire.

A ``Field`` is one allocation: a byte with its shape; the sizes of name and value (one byte each, or four if the shape
says so); if the field expires, the time (64 bits) and its index in the heap (32 bits); then name and value.

The heap contains exactly the fields that expire, with the earliest at the top, and each of them stores its index. So
the next expiry is known at once, and a field that is deleted or changed leaves the heap in logarithmic time.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t

from pyredis.ground.base cimport Slice, load_u32, load_u64
from pyredis.types.table.member_table cimport MemberTable

ctypedef uint8_t Field

cdef enum:
    # Bits of a field's first byte.
    WIDE_NAME = 1
    WIDE_VALUE = 2
    EXPIRES = 4

ctypedef struct Fields:
    MemberTable base
    Field **heap
    size_t expiring         # fields in the heap
    size_t heap_capacity


cdef inline size_t name_size(const Field *field) noexcept nogil:
    return load_u32(field + 1) if field[0] & WIDE_NAME else field[1]


cdef inline size_t name_offset(unsigned shape) noexcept nogil:
    cdef size_t offset = 3
    if shape:
        offset += 3 * (shape & WIDE_NAME) + 3 * ((shape & WIDE_VALUE) >> 1) + 3 * (shape & EXPIRES)
    return offset


cdef inline const Field *value_size_at(const Field *field) noexcept nogil:
    return field + (5 if field[0] & WIDE_NAME else 2)


cdef inline Slice field_name(const Field *field) noexcept nogil:
    cdef Slice name
    name.data = <const char *> field + name_offset(field[0])
    name.size = name_size(field)
    return name


cdef inline Slice field_value(const Field *field) noexcept nogil:
    cdef Slice value
    cdef const Field *size = value_size_at(field)
    value.data = <const char *> field + name_offset(field[0]) + name_size(field)
    value.size = load_u32(size) if field[0] & WIDE_VALUE else size[0]
    return value


cdef inline int64_t field_expiry(const Field *field) noexcept nogil:
    """Returns the Unix time in ms, or 0 for none."""
    if not field[0] & EXPIRES:
        return 0
    return <int64_t> load_u64(field + name_offset(field[0]) - 12)


cdef Fields *fields_new(uint16_t meta) noexcept nogil
cdef Fields *fields_copy(Fields *fields) noexcept nogil
# Releases about `budget` fields; returns true when everything is released, including `fields` itself. After the first
# call, no other function may be called on `fields`.
cdef bint fields_free_some(Fields *fields, size_t budget) noexcept nogil
cdef size_t fields_memory(const Fields *fields) noexcept nogil

cdef Field **fields_find(Fields *fields, Slice name, uint64_t hash) noexcept nogil
# Adds a field whose name is not in the table yet. `expiry` is a Unix time in ms, or 0.
cdef void fields_add(Fields *fields, Slice name, uint64_t hash, Slice value, int64_t expiry) noexcept nogil
# Replaces the field's value and expiry. `value` may be the field's own value.
cdef void fields_change(Fields *fields, Field **slot, Slice value, int64_t expiry) noexcept nogil
cdef bint fields_remove(Fields *fields, Slice name, uint64_t hash) noexcept nogil
# Returns the number of fields whose expiry is before `now`.
cdef size_t fields_due(const Fields *fields, int64_t now) noexcept nogil
# Returns whether the heap is in order and agrees with the fields; for tests.
cdef bint fields_sound(Fields *fields) noexcept nogil
