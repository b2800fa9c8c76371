"""An index of elements by their 128-bit ids: the blocks of a stream, the pending entries of a group and of a consumer.

An element is a pointer to a struct that begins with its ``StreamId``, by which it is ordered and found; the index does
not own it. Elements are in leaves of up to ``LEAF_MAX`` pointers, and the leaves in one array: ten million elements
have forty thousand leaves. A lookup takes two binary searches. A change moves pointers within a leaf and, about once in
a hundred times, within the array. Appending fills leaves completely; leaves that become sparse are joined or shrink.

A place is valid until the next change of the index.
"""

from libc.stdint cimport uint32_t, uint64_t

from pyredis.ground.base cimport format_uint64

cdef enum:
    LEAF_MAX = 256
    # The most bytes in the text of an id.
    ID_TEXT = 41

# An entry's id: Unix time in ms, and a number within the millisecond.
ctypedef struct StreamId:
    uint64_t ms
    uint64_t seq

ctypedef struct IdLeaf:
    uint32_t count          # never 0
    uint32_t capacity
    # `capacity` pointers follow

ctypedef struct IdIndex:
    IdLeaf **leaves
    size_t leaf_count
    size_t leaf_capacity
    size_t size             # elements

ctypedef struct IdPlace:
    size_t leaf
    size_t item


cdef inline StreamId stream_id(uint64_t ms, uint64_t seq) noexcept nogil:
    cdef StreamId id
    id.ms = ms
    id.seq = seq
    return id


cdef inline StreamId least_id() noexcept nogil:
    return stream_id(0, 0)


cdef inline StreamId greatest_id() noexcept nogil:
    return stream_id(<uint64_t> -1, <uint64_t> -1)


cdef inline bint id_before(StreamId a, StreamId b) noexcept nogil:
    return a.ms < b.ms or (a.ms == b.ms and a.seq < b.seq)


cdef inline bint same_id(StreamId a, StreamId b) noexcept nogil:
    return a.ms == b.ms and a.seq == b.seq


cdef inline bint raise_id(StreamId *id) noexcept nogil:
    """Advances to the next id; returns false, with nothing changed, if there is none."""
    if same_id(id[0], greatest_id()):
        return False
    id.seq += 1
    if id.seq == 0:
        id.ms += 1
    return True


cdef inline bint lower_id(StreamId *id) noexcept nogil:
    """Goes back to the previous id; returns false, with nothing changed, if there is none."""
    if same_id(id[0], least_id()):
        return False
    if id.seq == 0:
        id.ms -= 1
    id.seq -= 1
    return True


cdef inline size_t format_id(char *out, StreamId id, char between) noexcept nogil:
    """Writes the two numbers in decimal, separated by ``between``; returns the number of bytes."""
    cdef size_t size = format_uint64(out, id.ms)
    out[size] = between
    return size + 1 + format_uint64(out + size + 1, id.seq)


cdef inline void **leaf_items(IdLeaf *leaf) noexcept nogil:
    return <void **> (leaf + 1)


cdef inline void *index_at(const IdIndex *index, IdPlace place) noexcept nogil:
    return leaf_items(index.leaves[place.leaf])[place.item]


cdef inline void index_replace_at(IdIndex *index, IdPlace place, void *element) noexcept nogil:
    """Replaces the element with one of the same id, which may be the same one at another address."""
    leaf_items(index.leaves[place.leaf])[place.item] = element


cdef inline bint index_first(const IdIndex *index, IdPlace *place) noexcept nogil:
    """Sets the first place; returns false if the index is empty, like ``index_last``."""
    place.leaf = 0
    place.item = 0
    return index.leaf_count != 0


cdef inline bint index_last(const IdIndex *index, IdPlace *place) noexcept nogil:
    if index.leaf_count == 0:
        return False
    place.leaf = index.leaf_count - 1
    place.item = index.leaves[place.leaf].count - 1
    return True


cdef inline bint index_forward(const IdIndex *index, IdPlace *place) noexcept nogil:
    """Advances to the next place; returns false after the last one."""
    place.item += 1
    if place.item == index.leaves[place.leaf].count:
        place.leaf += 1
        place.item = 0
    return place.leaf != index.leaf_count


cdef inline bint index_back(const IdIndex *index, IdPlace *place) noexcept nogil:
    """Goes back to the previous place, also from after the last one.

    Returns false, with nothing changed, at the first.
    """
    if place.item == 0:
        if place.leaf == 0:
            return False
        place.leaf -= 1
        place.item = index.leaves[place.leaf].count
    place.item -= 1
    return True


# Finds the first element whose id is not before `id`. If there is none, returns false and the place after the last one.
cdef bint index_seek(const IdIndex *index, StreamId id, IdPlace *place) noexcept nogil
# Returns the element with this id, or NULL.
cdef void *index_find(const IdIndex *index, StreamId id) noexcept nogil
# No element in the index may have the same id.
cdef void index_insert(IdIndex *index, void *element) noexcept nogil
cdef void index_remove_at(IdIndex *index, IdPlace place) noexcept nogil
# Takes the element out and returns it, or returns NULL.
cdef void *index_remove(IdIndex *index, StreamId id) noexcept nogil
# Takes out the last element and returns it, or returns NULL. Does not access elements: they may be freed already.
cdef void *index_pop(IdIndex *index) noexcept nogil
# Removes all elements, without accessing them.
cdef void index_clear(IdIndex *index) noexcept nogil
# Returns the bytes in use, without the elements.
cdef size_t index_memory(const IdIndex *index) noexcept nogil
cdef bint index_sound(const IdIndex *index) noexcept nogil
