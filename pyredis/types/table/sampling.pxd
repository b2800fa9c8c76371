"""Random elements without repetition: a few are picked at random until all differ; many are selected during a walk.

The picked elements are remembered by a word that identifies them and is not 0: an address, or a rank plus one.
"""

from libc.stdint cimport uint64_t, uintptr_t

from pyredis.ground.memory cimport mem_free, mem_zalloc
from pyredis.types.table.hashtable cimport next_random

ctypedef struct Picked:
    uintptr_t *seen         # open addressing, at most half full
    size_t places           # a power of two

# The state of a walk: `left` elements are still to come, and `wanted` of them are to be chosen.
ctypedef struct Selection:
    size_t left
    size_t wanted


cdef inline bint is_walk_cheaper(size_t wanted, size_t size) noexcept nogil:
    """Returns whether to walk rather than pick. If not, most random picks are new ones."""
    return wanted > size // 3


# ---- picking ----

cdef inline void picked_init(Picked *picked, size_t count) noexcept nogil:
    """Prepares for up to ``count`` elements; ``picked_free`` must follow."""
    picked.places = 4
    while picked.places < 2 * count:
        picked.places *= 2
    picked.seen = <uintptr_t *> mem_zalloc(picked.places * sizeof(uintptr_t))


cdef inline bint pick(Picked *picked, uintptr_t element) noexcept nogil:
    """Records the element; returns true if it was not picked before."""
    cdef size_t mask = picked.places - 1
    cdef size_t place = (element * 0x9e3779b97f4a7c15ULL >> 20) & mask
    while picked.seen[place]:
        if picked.seen[place] == element:
            return False
        place = (place + 1) & mask
    picked.seen[place] = element
    return True


cdef inline void picked_free(Picked *picked) noexcept nogil:
    mem_free(picked.seen, picked.places * sizeof(uintptr_t))


# ---- walking ----

cdef inline Selection selection_of(size_t wanted, size_t size) noexcept nogil:
    cdef Selection selection
    selection.left = size
    selection.wanted = wanted
    return selection


cdef inline bint select_next(Selection *selection, uint64_t *random) noexcept nogil:
    """Returns whether to choose the walk's next element, such that every subset is equally likely.

    Selection sampling: Knuth, volume 2, algorithm S.
    """
    cdef bint chosen = next_random(random) % selection.left < selection.wanted
    selection.left -= 1
    selection.wanted -= chosen
    return chosen
