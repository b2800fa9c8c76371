"""The index of elements by their ids; ``id_index.pxd`` describes it.

Invariants between calls: no leaf is empty, ids ascend within leaves and from leaf to leaf, and ``size`` is the sum of
the leaves' counts. An ``IdIndex`` of zeros is an empty one.
"""

from libc.stdint cimport uint32_t
from libc.string cimport memcpy, memmove

from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_realloc
from pyredis.ground.search cimport first_not_before


cdef inline StreamId id_of(const void *element) noexcept nogil:
    return (<const StreamId *> element)[0]


cdef inline size_t leaf_size(size_t capacity) noexcept nogil:
    return sizeof(IdLeaf) + capacity * sizeof(void *)


cdef inline StreamId last_in(IdLeaf *leaf) noexcept nogil:
    return id_of(leaf_items(leaf)[leaf.count - 1])


# ---- finding ----

ctypedef struct Sought:
    StreamId id
    IdLeaf **leaves
    IdLeaf *leaf


cdef inline bint leaf_is_before(const void *context, size_t index) noexcept nogil:
    cdef const Sought *sought = <const Sought *> context
    return id_before(last_in(sought.leaves[index]), sought.id)


cdef inline bint item_is_before(const void *context, size_t index) noexcept nogil:
    cdef const Sought *sought = <const Sought *> context
    return id_before(id_of(leaf_items(sought.leaf)[index]), sought.id)


cdef bint index_seek(const IdIndex *index, StreamId id, IdPlace *place) noexcept nogil:
    cdef Sought sought
    sought.id = id
    sought.leaves = index.leaves
    place.item = 0
    place.leaf = index.leaf_count
    # Most lookups and all appends are at the end.
    if index.leaf_count and not leaf_is_before(&sought, index.leaf_count - 1):
        place.leaf = first_not_before(0, index.leaf_count, leaf_is_before, &sought)
    if place.leaf == index.leaf_count:
        return False
    sought.leaf = index.leaves[place.leaf]
    place.item = first_not_before(0, sought.leaf.count, item_is_before, &sought)
    return True


cdef void *index_find(const IdIndex *index, StreamId id) noexcept nogil:
    cdef IdPlace place
    cdef void *element
    if not index_seek(index, id, &place):
        return NULL
    element = index_at(index, place)
    return element if same_id(id_of(element), id) else NULL


# ---- leaves ----

cdef void insert_leaf(IdIndex *index, size_t at, size_t capacity) noexcept nogil:
    cdef size_t room = index.leaf_capacity
    cdef IdLeaf *leaf = <IdLeaf *> mem_alloc(leaf_size(capacity))
    leaf.count = 0
    leaf.capacity = <uint32_t> capacity
    if index.leaf_count == room:
        index.leaf_capacity = max(2 * room, <size_t> 1)
        index.leaves = <IdLeaf **> mem_realloc(
            index.leaves, room * sizeof(void *), index.leaf_capacity * sizeof(void *))
    memmove(index.leaves + at + 1, index.leaves + at, (index.leaf_count - at) * sizeof(void *))
    index.leaves[at] = leaf
    index.leaf_count += 1


cdef void remove_leaf(IdIndex *index, size_t at) noexcept nogil:
    cdef size_t room = index.leaf_capacity
    mem_free(index.leaves[at], leaf_size(index.leaves[at].capacity))
    index.leaf_count -= 1
    memmove(index.leaves + at, index.leaves + at + 1, (index.leaf_count - at) * sizeof(void *))
    if index.leaf_count == 0:
        mem_free(index.leaves, room * sizeof(void *))
        index.leaves = NULL
        index.leaf_capacity = 0
    elif index.leaf_count * 4 <= room:
        index.leaf_capacity = room // 2
        index.leaves = <IdLeaf **> mem_realloc(index.leaves, room * sizeof(void *), room // 2 * sizeof(void *))


cdef IdLeaf *resize_leaf(IdIndex *index, size_t at, size_t capacity) noexcept nogil:
    cdef IdLeaf *leaf = index.leaves[at]
    leaf = <IdLeaf *> mem_realloc(leaf, leaf_size(leaf.capacity), leaf_size(capacity))
    leaf.capacity = <uint32_t> capacity
    index.leaves[at] = leaf
    return leaf


cdef void join_leaves(IdIndex *index, size_t at) noexcept nogil:
    """Moves the elements of the leaf after ``at`` into the one at ``at``."""
    cdef IdLeaf *leaf = index.leaves[at]
    cdef IdLeaf *behind = index.leaves[at + 1]
    if leaf.capacity < leaf.count + behind.count:
        leaf = resize_leaf(index, at, leaf.count + behind.count)
    memcpy(leaf_items(leaf) + leaf.count, leaf_items(behind), behind.count * sizeof(void *))
    leaf.count += behind.count
    remove_leaf(index, at + 1)


cdef inline bint may_join(const IdIndex *index, size_t at) noexcept nogil:
    return at + 1 < index.leaf_count and index.leaves[at].count + index.leaves[at + 1].count <= LEAF_MAX // 2


cdef void shrink_leaf(IdIndex *index, size_t at) noexcept nogil:
    """Removes, joins or shrinks a leaf that has lost an element, if it is empty or sparse."""
    cdef IdLeaf *leaf = index.leaves[at]
    if leaf.count == 0:
        remove_leaf(index, at)
    elif leaf.count * 4 > leaf.capacity:
        return
    elif may_join(index, at):
        join_leaves(index, at)
    elif at and may_join(index, at - 1):
        join_leaves(index, at - 1)
    else:
        resize_leaf(index, at, max(leaf.capacity // 2, leaf.count))


cdef void split_leaf(IdIndex *index, size_t at) noexcept nogil:
    cdef IdLeaf *leaf = index.leaves[at]
    cdef uint32_t half = leaf.count // 2
    cdef IdLeaf *behind
    insert_leaf(index, at + 1, LEAF_MAX)
    behind = index.leaves[at + 1]
    behind.count = leaf.count - half
    leaf.count = half
    memcpy(leaf_items(behind), leaf_items(leaf) + half, behind.count * sizeof(void *))


# ---- changes ----

cdef IdPlace room_at(IdIndex *index, StreamId id) noexcept nogil:
    """Returns the place for a new element of this id, and makes room for it in the leaf."""
    cdef IdPlace place
    cdef IdLeaf *leaf
    if not index_seek(index, id, &place):
        if index.leaf_count == 0 or index.leaves[index.leaf_count - 1].count == LEAF_MAX:
            insert_leaf(index, index.leaf_count, 1)
        place.leaf = index.leaf_count - 1
        place.item = index.leaves[place.leaf].count
    elif index.leaves[place.leaf].count == LEAF_MAX:
        split_leaf(index, place.leaf)
        if place.item > index.leaves[place.leaf].count:
            place.item -= index.leaves[place.leaf].count
            place.leaf += 1
    leaf = index.leaves[place.leaf]
    if leaf.count == leaf.capacity:
        resize_leaf(index, place.leaf, min(2 * leaf.capacity, <uint32_t> LEAF_MAX))
    return place


cdef void index_insert(IdIndex *index, void *element) noexcept nogil:
    cdef IdPlace place = room_at(index, id_of(element))
    cdef IdLeaf *leaf = index.leaves[place.leaf]
    cdef void **items = leaf_items(leaf)
    memmove(items + place.item + 1, items + place.item, (leaf.count - place.item) * sizeof(void *))
    items[place.item] = element
    leaf.count += 1
    index.size += 1


cdef void index_remove_at(IdIndex *index, IdPlace place) noexcept nogil:
    cdef IdLeaf *leaf = index.leaves[place.leaf]
    cdef void **items = leaf_items(leaf)
    leaf.count -= 1
    memmove(items + place.item, items + place.item + 1, (leaf.count - place.item) * sizeof(void *))
    index.size -= 1
    shrink_leaf(index, place.leaf)


cdef void *index_remove(IdIndex *index, StreamId id) noexcept nogil:
    cdef IdPlace place
    cdef void *element
    if not index_seek(index, id, &place):
        return NULL
    element = index_at(index, place)
    if not same_id(id_of(element), id):
        return NULL
    index_remove_at(index, place)
    return element


cdef void *index_pop(IdIndex *index) noexcept nogil:
    cdef IdPlace place
    cdef void *element
    if not index_last(index, &place):
        return NULL
    element = index_at(index, place)
    index_remove_at(index, place)
    return element


cdef void index_clear(IdIndex *index) noexcept nogil:
    while index.leaf_count:
        remove_leaf(index, index.leaf_count - 1)
    index.size = 0


# ---- sizes and checks ----

cdef size_t index_memory(const IdIndex *index) noexcept nogil:
    cdef size_t total = 0, at
    if index.leaf_capacity:
        total = mem_footprint(index.leaf_capacity * sizeof(void *))
    for at in range(index.leaf_count):
        total += mem_footprint(leaf_size(index.leaves[at].capacity))
    return total


cdef bint index_sound(const IdIndex *index) noexcept nogil:
    """Returns whether the invariants of this module hold; for tests."""
    cdef size_t count = 0, at
    cdef IdPlace place
    cdef StreamId before
    for at in range(index.leaf_count):
        if not 0 < index.leaves[at].count <= index.leaves[at].capacity <= LEAF_MAX:
            return False
        count += index.leaves[at].count
    if count != index.size or not index_first(index, &place):
        return count == index.size
    before = id_of(index_at(index, place))
    while index_forward(index, &place):
        if not id_before(before, id_of(index_at(index, place))):
            return False
        before = id_of(index_at(index, place))
    return True
