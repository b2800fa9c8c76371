"""Random members of a set; the contracts are in ``set_sampling.pxd``."""

from libc.stdint cimport uint64_t, uintptr_t

from pyredis.types.packs.listpack cimport Pack, pack_seek
from pyredis.types.set.intset cimport Intset, intset_get
from pyredis.types.set.set cimport (
    SetIterator,
    SetLimits,
    SetVisitor,
    set_add,
    set_free,
    set_iterate,
    set_iterate_end,
    set_new_integers,
    set_next,
    set_remove,
    set_size,
    set_visit,
)
from pyredis.types.set.set_forms cimport (
    SET_INTEGERS,
    SET_PACKED,
    SET_TABLE,
    Set,
    SetMember,
    form_of,
    members_of,
    new_packed,
    number_member,
    packed_member,
    table_member,
)
from pyredis.types.table.hashtable cimport next_random, table_random
from pyredis.types.table.sampling cimport (
    Picked,
    Selection,
    is_walk_cheaper,
    pick,
    picked_free,
    picked_init,
    select_next,
    selection_of,
)

cdef enum:
    # If at least this many members are popped from a table for each one that remains, the remaining ones are moved to a
    # new set.
    MOVE_AT = 5


# ---- reading ----

cdef void set_random(Set *set, uint64_t *random, SetMember *out) noexcept nogil:
    cdef size_t index
    if form_of(set) == SET_TABLE:
        out[0] = table_member(table_random(&members_of(set).table, random))
        return
    index = next_random(random) % set_size(set)
    if form_of(set) == SET_PACKED:
        out[0] = packed_member(<Pack *> set, pack_seek(<Pack *> set, index))
    else:
        out[0] = number_member(intset_get(<Intset *> set, index))


cdef void sample_walking(Set *set, size_t count, uint64_t *random, SetVisitor visit, void *context) noexcept nogil:
    cdef Selection selection = selection_of(count, set_size(set))
    cdef SetIterator iterator
    cdef SetMember member
    set_iterate(set, &iterator)
    while selection.wanted and set_next(&iterator, &member):
        if select_next(&selection, random):
            visit(context, &member)
    set_iterate_end(&iterator)


cdef void sample_picking(Set *set, size_t count, uint64_t *random, SetVisitor visit, void *context) noexcept nogil:
    cdef Picked picked
    cdef SetMember member
    cdef const void *element
    picked_init(&picked, count)
    while count:
        element = table_random(&members_of(set).table, random)
        if pick(&picked, <uintptr_t> element):
            member = table_member(element)
            visit(context, &member)
            count -= 1
    picked_free(&picked)


cdef void set_sample(Set *set, size_t count, uint64_t *random, SetVisitor visit, void *context) noexcept nogil:
    if count >= set_size(set):
        set_visit(set, visit, context)
    elif form_of(set) != SET_TABLE or is_walk_cheaper(count, set_size(set)):
        sample_walking(set, count, random, visit, context)
    else:
        sample_picking(set, count, random, visit, context)


# ---- removing ----

cdef void pop_walking(
        Set **set, size_t count, const SetLimits *limits, uint64_t *random,
        SetVisitor visit, void *context) noexcept nogil:
    """Walks once over the set, visits the members that are popped and moves the others to a new set."""
    cdef Set *rest = set_new_integers() if form_of(set[0]) == SET_INTEGERS else new_packed()
    cdef Selection selection = selection_of(count, set_size(set[0]))
    cdef SetIterator iterator
    cdef SetMember member
    set_iterate(set[0], &iterator)
    while set_next(&iterator, &member):
        if select_next(&selection, random):
            visit(context, &member)
        else:
            set_add(&rest, &member, limits)
    set_iterate_end(&iterator)
    set_free(set[0])
    set[0] = rest


cdef void pop_one(Set **set, uint64_t *random, SetVisitor visit, void *context) noexcept nogil:
    cdef SetMember member
    set_random(set[0], random, &member)
    visit(context, &member)
    set_remove(set, &member)


cdef bint is_moved_for(const Set *set, size_t count) noexcept nogil:
    """Returns whether to move the remaining members of a table when ``count`` are popped. A guarded table stays."""
    return members_of(set).guard == NULL and count >= MOVE_AT * (set_size(set) - count)


cdef void set_pop(
        Set **set, size_t count, const SetLimits *limits, uint64_t *random,
        SetVisitor visit, void *context) noexcept nogil:
    if count > 1 and (form_of(set[0]) != SET_TABLE or is_moved_for(set[0], count)):
        pop_walking(set, count, limits, random, visit, context)
        return
    while count:
        pop_one(set, random, visit, context)
        count -= 1
