"""The large form of a sorted set; the contracts are in ``sorted_members.pxd``.

Invariant between calls, except while members are gathered: table and tree contain the same members. The table owns
them.
"""

from libc.stdint cimport uint16_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, prefetch, slice_compare
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.types.sorted_set.sorted_tree cimport (
    LEAF_MEMBERS,
    Member,
    TreePath,
    member_new,
    member_size,
    member_text,
    path_member,
    path_next,
    tree_add,
    tree_init,
    tree_memory,
    tree_remove,
    tree_rescore,
    tree_seek,
    tree_take,
)
from pyredis.types.sorted_set.sorted_tree_bulk cimport tree_clear_some, tree_load, tree_sound
from pyredis.types.table.guard cimport is_guarded
from pyredis.types.table.hashtable cimport (
    TableIterator,
    TableType,
    hash_of,
    table_get,
    table_iterate,
    table_iterate_end,
    table_next,
    table_reserve,
    table_size,
)
from pyredis.types.table.member_table cimport (
    before_change,
    free_member,
    member_table_free_some,
    member_table_memory,
    member_table_new,
    put_member,
    take_member,
)

cdef enum:
    # Length of the runs that insertion sort makes before merging begins.
    RUN = 12

# A member with a copy of its score, so that sorting mostly does not access the members.
ctypedef struct Scored:
    double score
    Member *member

cdef TableType member_type


cdef void type_key(const void *element, Slice *out) noexcept nogil:
    out[0] = member_text(<const Member *> element)


cdef void type_destroy(void *element) noexcept nogil:
    mem_free(element, member_size(<const Member *> element))


member_type.key = type_key
member_type.destroy = type_destroy


# ---- table and tree ----

cdef Members *members_new(uint16_t meta) noexcept nogil:
    cdef Members *members = <Members *> member_table_new(sizeof(Members), meta, &member_type)
    tree_init(&members.tree)
    return members


cdef Members *members_copy(const Members *members) noexcept nogil:
    cdef Members *copy = members_new(members.base.meta)
    cdef size_t count = members.tree.size, index
    cdef Member **sorted
    cdef TreePath path
    if count == 0:
        return copy
    sorted = <Member **> mem_alloc(count * sizeof(Member *))
    table_reserve(&copy.base.table, count)
    tree_seek(&members.tree, 0, &path)
    for index in range(count):
        sorted[index] = copy_member(copy, path_member(&path))
        path_next(&path)
    tree_load(&copy.tree, sorted, count)
    mem_free(sorted, count * sizeof(Member *))
    return copy


cdef Member *copy_member(Members *copy, const Member *member) noexcept nogil:
    cdef Slice text = member_text(member)
    return members_gather(copy, text, hash_of(text), member.score)


cdef bint members_free_some(Members *members, size_t budget) noexcept nogil:
    return tree_clear_some(&members.tree, budget) and member_table_free_some(&members.base, budget)


cdef size_t members_memory(const Members *members) noexcept nogil:
    return member_table_memory(&members.base) + tree_memory(&members.tree)


cdef bint members_sound(Members *members) noexcept nogil:
    cdef size_t footprint = 0
    cdef TreePath path
    cdef Member *member
    if not tree_sound(&members.tree) or table_size(&members.base.table) != members.tree.size:
        return False
    if members.tree.size == 0:
        return members.base.footprint == 0
    tree_seek(&members.tree, 0, &path)
    while True:
        member = path_member(&path)
        footprint += mem_footprint(member_size(member))
        if find_same(members, member_text(member)) != member:
            return False
        if not path_next(&path):
            return footprint == members.base.footprint


# ---- one member ----

cdef inline Member *find_same(Members *members, Slice text) noexcept nogil:
    return members_find(members, text, hash_of(text))


cdef Member *members_find(Members *members, Slice text, uint64_t hash) noexcept nogil:
    return <Member *> table_get(&members.base.table, text, hash)


cdef void members_add(Members *members, Slice text, uint64_t hash, double score) noexcept nogil:
    before_change(&members.base, text, hash, NULL)
    tree_add(&members.tree, members_gather(members, text, hash, score))


cdef void members_rescore(Members *members, Member *member, double score) noexcept nogil:
    if is_guarded(members.base.guard):
        before_change(&members.base, member_text(member), hash_of(member_text(member)), member)
    tree_rescore(&members.tree, member, score)


cdef bint members_remove(Members *members, Slice text, uint64_t hash) noexcept nogil:
    cdef Member *member = <Member *> take_member(&members.base, text, hash)
    if member == NULL:
        return False
    tree_remove(&members.tree, member)
    free_member(&members.base, member, member_size(member))
    return True


cdef void members_remove_range(Members *members, size_t rank, size_t count) noexcept nogil:
    cdef Member *taken[LEAF_MEMBERS]
    cdef Slice text
    cdef size_t some, index
    while count:
        some = tree_take(&members.tree, rank, count, taken)
        for index in range(some):
            prefetch(taken[index])
        for index in range(some):
            text = member_text(taken[index])
            take_member(&members.base, text, hash_of(text))
            free_member(&members.base, taken[index], member_size(taken[index]))
        count -= some


# ---- gathering ----

cdef Member *members_gather(Members *members, Slice text, uint64_t hash, double score) noexcept nogil:
    cdef Member *member = member_new(text, score)
    put_member(&members.base, hash, member, member_size(member))
    return member


cdef inline bint in_order(const Scored *a, const Scored *b) noexcept nogil:
    if a.score != b.score:
        return a.score < b.score
    return slice_compare(member_text(a.member), member_text(b.member)) < 0


cdef void sort_run(Scored *items, size_t count) noexcept nogil:
    cdef size_t index, place
    cdef Scored item
    for index in range(1, count):
        item = items[index]
        place = index
        while place and in_order(&item, &items[place - 1]):
            items[place] = items[place - 1]
            place -= 1
        items[place] = item


cdef void merge(const Scored *items, size_t middle, size_t count, Scored *out) noexcept nogil:
    """Merges the sorted runs [0, middle) and [middle, count) into one."""
    cdef size_t left = 0, right = middle, at = 0
    if in_order(&items[middle - 1], &items[middle]):
        memcpy(out, items, count * sizeof(Scored))
        return
    while left < middle and right < count:
        if in_order(&items[right], &items[left]):
            out[at] = items[right]
            right += 1
        else:
            out[at] = items[left]
            left += 1
        at += 1
    memcpy(&out[at], &items[left], (middle - left) * sizeof(Scored))
    memcpy(&out[at + middle - left], &items[right], (count - right) * sizeof(Scored))


cdef void sort_runs(Scored *items, size_t count) noexcept nogil:
    cdef size_t begin = 0
    while begin < count:
        sort_run(items + begin, min(<size_t> RUN, count - begin))
        begin += RUN


cdef void merge_runs(const Scored *items, size_t count, size_t width, Scored *out) noexcept nogil:
    """Merges pairs of sorted runs of length ``width`` into runs of twice that length."""
    cdef size_t begin = 0
    while begin < count:
        if count - begin > width:
            merge(items + begin, width, min(2 * width, count - begin), out + begin)
        else:
            memcpy(out + begin, items + begin, (count - begin) * sizeof(Scored))
        begin += 2 * width


cdef Scored *sort_scored(Scored *items, size_t count, Scored *spare) noexcept nogil:
    """Sorts by merging runs from the bottom up. Returns whichever of the two arrays contains the result."""
    cdef size_t width = RUN
    cdef Scored *swap
    sort_runs(items, count)
    while width < count:
        merge_runs(items, count, width, spare)
        swap = items
        items = spare
        spare = swap
        width *= 2
    return items


cdef size_t list_members(Members *members, Scored *items) noexcept nogil:
    cdef TableIterator walk
    cdef Member *member
    cdef size_t count = 0
    table_iterate(&members.base.table, &walk)
    while True:
        member = <Member *> table_next(&walk)
        if member == NULL:
            break
        items[count].score = member.score
        items[count].member = member
        count += 1
    table_iterate_end(&walk)
    return count


cdef void members_arrange(Members *members) noexcept nogil:
    cdef size_t count = table_size(&members.base.table), index
    cdef size_t bytes = max(count, <size_t> 1) * sizeof(Scored)
    cdef Scored *items = <Scored *> mem_alloc(bytes)
    cdef Scored *spare = <Scored *> mem_alloc(bytes)
    cdef Scored *sorted
    list_members(members, items)
    sorted = sort_scored(items, count, spare)
    # The pointers are moved to the front of the same array: each place is read before it is overwritten.
    for index in range(count):
        (<Member **> sorted)[index] = sorted[index].member
    tree_load(&members.tree, <Member **> sorted, count)
    mem_free(items, bytes)
    mem_free(spare, bytes)
