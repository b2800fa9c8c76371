"""The search of a pack for duplicate elements.

Equal elements have equal bytes. A few elements are all compared with each other. If there are more, their positions go
into a table with open addressing by the keyed hash of their bytes, so an attacker cannot choose elements that make the
search quadratic.
"""

from libc.stdint cimport uint32_t
from libc.string cimport memcmp

from pyredis.ground.memory cimport mem_free, mem_zalloc
from pyredis.types.packs.listpack cimport PACK_HEADER, Pack, pack_count, pack_end, pack_extent, pack_next_forward
from pyredis.types.table.hashtable cimport hash_key

cdef enum:
    # Up to this many elements are all compared with each other.
    FEW = 16

# Positions in the pack; at most half of the places are used. 0 is a free place.
ctypedef struct Positions:
    uint32_t *at
    size_t places           # a power of two


cdef inline bint same_element(const Pack *pack, size_t a, size_t b) noexcept nogil:
    cdef size_t extent = pack_extent(pack + a)
    return extent == pack_extent(pack + b) and memcmp(pack + a, pack + b, extent) == 0


cdef inline size_t skip(const Pack *pack, size_t at, size_t stride) noexcept nogil:
    while stride:
        at = pack_next_forward(pack, at)
        stride -= 1
    return at


cdef bint few_distinct(const Pack *pack, size_t stride) noexcept nogil:
    cdef size_t positions[FEW]
    cdef size_t at = PACK_HEADER, count = 0, other
    while at < pack_end(pack):
        for other in range(count):
            if same_element(pack, at, positions[other]):
                return False
        positions[count] = at
        count += 1
        at = skip(pack, at, stride)
    return True


cdef bint add_position(Positions *positions, const Pack *pack, size_t at) noexcept nogil:
    """Adds the element at ``at``; returns false if the table already contains an equal one."""
    cdef size_t mask = positions.places - 1
    cdef size_t place = hash_key(<const char *> pack + at, pack_extent(pack + at)) & mask
    while positions.at[place]:
        if same_element(pack, positions.at[place], at):
            return False
        place = (place + 1) & mask
    positions.at[place] = <uint32_t> at
    return True


cdef bint many_distinct(const Pack *pack, size_t stride, size_t count) noexcept nogil:
    cdef size_t at = PACK_HEADER
    cdef bint distinct = True
    cdef Positions positions
    positions.places = 4 * FEW
    while positions.places < 2 * count:
        positions.places *= 2
    positions.at = <uint32_t *> mem_zalloc(positions.places * sizeof(uint32_t))
    while distinct and at < pack_end(pack):
        distinct = add_position(&positions, pack, at)
        at = skip(pack, at, stride)
    mem_free(positions.at, positions.places * sizeof(uint32_t))
    return distinct


cdef bint pack_distinct(const Pack *pack, size_t stride) noexcept nogil:
    cdef size_t count = pack_count(pack) // stride
    return few_distinct(pack, stride) if count <= FEW else many_distinct(pack, stride, count)
