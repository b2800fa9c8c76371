"""The set of integers; its layout is in ``intset.pxd``."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove

from pyredis.ground.base cimport load_u16, load_u32, store_u16, store_u32, store_u64
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_realloc
from pyredis.ground.search cimport first_not_before

cdef enum:
    NARROWEST = 2
    OWNER_SHIFT = 14
    FLAGS = 0x3fff


cdef inline unsigned width_for(int64_t value) noexcept nogil:
    if -0x8000 <= value <= 0x7fff:
        return 2
    return 4 if -0x80000000LL <= value <= 0x7fffffffLL else 8


cdef inline void put(Intset *set, size_t index, int64_t value) noexcept nogil:
    cdef unsigned width = intset_width(set)
    cdef Intset *at = set + INTSET_HEADER + index * width
    if width == 2:
        store_u16(at, <uint16_t> value)
    elif width == 4:
        store_u32(at, <uint32_t> value)
    else:
        store_u64(at, <uint64_t> value)


ctypedef struct Sought:
    const Intset *set
    int64_t value


cdef inline bint is_less(const void *context, size_t index) noexcept nogil:
    cdef const Sought *sought = <const Sought *> context
    return intset_get(sought.set, index) < sought.value


cdef bint find(const Intset *set, int64_t value, size_t *place) noexcept nogil:
    """Returns whether the set contains the value, and sets ``place`` to the index that it has or would have."""
    cdef size_t count = intset_count(set)
    cdef Sought sought = Sought(set, value)
    # Values that are added in ascending order belong at the end.
    place[0] = count
    if count == 0 or is_less(&sought, count - 1):
        return False
    place[0] = first_not_before(0, count, is_less, &sought)
    return intset_get(set, place[0]) == value


cdef Intset *with_header(Intset *set, size_t size, unsigned width, unsigned owner) noexcept nogil:
    store_u32(set, <uint32_t> size)
    store_u16(set + 4, <uint16_t> (owner << OWNER_SHIFT | width))
    return set


cdef Intset *intset_new(unsigned owner) noexcept nogil:
    return with_header(<Intset *> mem_alloc(INTSET_HEADER), INTSET_HEADER, NARROWEST, owner)


cdef Intset *intset_copy(const Intset *set) noexcept nogil:
    cdef Intset *copy = <Intset *> mem_alloc(intset_size(set))
    memcpy(copy, set, intset_size(set))
    return copy


cdef void intset_free(Intset *set) noexcept nogil:
    mem_free(set, intset_size(set))


cdef bint intset_has(const Intset *set, int64_t value) noexcept nogil:
    cdef size_t place
    return width_for(value) <= intset_width(set) and find(set, value, &place)


cdef Intset *widened(Intset *set, unsigned width) noexcept nogil:
    cdef size_t count = intset_count(set), size = INTSET_HEADER + count * width, index
    cdef unsigned owner = load_u16(set + 4) >> OWNER_SHIFT
    cdef Intset *wide = <Intset *> mem_alloc(size)
    with_header(wide, size, width, owner)
    for index in range(count):
        put(wide, index, intset_get(set, index))
    intset_free(set)
    return wide


cdef bint intset_add(Intset **set, int64_t value) noexcept nogil:
    cdef size_t place, size
    cdef unsigned width = width_for(value)
    if width > intset_width(set[0]):
        set[0] = widened(set[0], width)
    if find(set[0], value, &place):
        return False
    width = intset_width(set[0])
    size = intset_size(set[0])
    set[0] = <Intset *> mem_realloc(set[0], size, size + width)
    place = INTSET_HEADER + place * width
    memmove(set[0] + place + width, set[0] + place, size - place)
    store_u32(set[0], <uint32_t> (size + width))
    put(set[0], (place - INTSET_HEADER) // width, value)
    return True


cdef bint intset_remove(Intset **set, int64_t value) noexcept nogil:
    cdef size_t place, size = intset_size(set[0])
    cdef unsigned width = intset_width(set[0])
    if width_for(value) > width or not find(set[0], value, &place):
        return False
    place = INTSET_HEADER + place * width
    memmove(set[0] + place, set[0] + place + width, size - place - width)
    set[0] = <Intset *> mem_realloc(set[0], size, size - width)
    store_u32(set[0], <uint32_t> (size - width))
    return True


cdef bint intset_check(const uint8_t *bytes, size_t size) noexcept nogil:
    cdef unsigned width
    cdef size_t index
    if size < INTSET_HEADER or load_u32(bytes) != size:
        return False
    width = load_u16(bytes + 4) & FLAGS
    if (width != 2 and width != 4 and width != 8) or (size - INTSET_HEADER) % width:
        return False
    if intset_count(bytes) > INTSET_COUNT_LIMIT:
        return False
    for index in range(1, intset_count(bytes)):
        if intset_get(bytes, index - 1) >= intset_get(bytes, index):
            return False
    return True
