"""For picks without repetition: which elements came before, by their addresses."""

from libc.stdint cimport uintptr_t

from pyredis._memory cimport mem_free, mem_zalloc

ctypedef struct Picked:
    void **seen             # open addressing, at most half full
    size_t places           # a power of two


cdef inline void picked_init(Picked *picked, size_t count) noexcept nogil:
    """For up to ``count`` elements; ``picked_free`` must follow."""
    picked.places = 4
    while picked.places < 2 * count:
        picked.places *= 2
    picked.seen = <void **> mem_zalloc(picked.places * sizeof(void *))


cdef inline bint pick(Picked *picked, const void *element) noexcept nogil:
    """True when the element was not picked before."""
    cdef size_t mask = picked.places - 1
    cdef size_t place = (<uintptr_t> element * 0x9e3779b97f4a7c15ULL >> 20) & mask
    while picked.seen[place] != NULL:
        if picked.seen[place] == element:
            return False
        place = (place + 1) & mask
    picked.seen[place] = <void *> element
    return True


cdef inline void picked_free(Picked *picked) noexcept nogil:
    mem_free(picked.seen, picked.places * sizeof(void *))
