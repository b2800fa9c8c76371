"""The set of integers: a sorted array in one block.

Layout: ``size`` (32 bits, of the entire block), ``meta`` (16 bits: bytes per integer, 2, 4 or 8; the two highest bits
are the owner's, as in a pack), then the integers in the machine's byte order, ascending and without duplicates. All
integers have the same width, which is wide enough for every integer added so far; it never shrinks. A block has no
spare room. Indexes count from 0, the smallest integer.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t

from pyredis.ground.base cimport load_u16, load_u32, load_u64

ctypedef uint8_t Intset

cdef enum:
    INTSET_HEADER = 6
    # The bits of `meta` with the width.
    INTSET_WIDTH = 0xf
    # No set may have more integers than this; its owner converts it first.
    INTSET_COUNT_LIMIT = 1 << 27


cdef inline size_t intset_size(const Intset *set) noexcept nogil:
    """Returns the bytes of the block."""
    return load_u32(set)


cdef inline unsigned intset_width(const Intset *set) noexcept nogil:
    return load_u16(set + 4) & INTSET_WIDTH


cdef inline size_t intset_count(const Intset *set) noexcept nogil:
    return (intset_size(set) - INTSET_HEADER) // intset_width(set)


cdef inline int64_t intset_get(const Intset *set, size_t index) noexcept nogil:
    cdef unsigned width = intset_width(set)
    cdef const Intset *at = set + INTSET_HEADER + index * width
    if width == 2:
        return <int16_t> load_u16(at)
    if width == 4:
        return <int32_t> load_u32(at)
    return <int64_t> load_u64(at)


# Returns an empty set; the meaning of `owner` (0..3) is up to the owner.
cdef Intset *intset_new(unsigned owner) noexcept nogil
cdef Intset *intset_copy(const Intset *set) noexcept nogil
cdef void intset_free(Intset *set) noexcept nogil
cdef bint intset_has(const Intset *set, int64_t value) noexcept nogil
# Adds the value; returns true if it is new. May move the set.
cdef bint intset_add(Intset **set, int64_t value) noexcept nogil
# Removes the value; returns false if the set does not contain it. May move the set.
cdef bint intset_remove(Intset **set, int64_t value) noexcept nogil
# Fully validates `size` untrusted bytes as such a set.
cdef bint intset_check(const uint8_t *bytes, size_t size) noexcept nogil
