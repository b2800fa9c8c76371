"""Iterates over the parts of a hash, a list, a set or a sorted set, for code that treats all of them alike.

Lists and sorted sets return their parts in order. Every walk must end with ``parts_end``; the value must not change
before that.
"""

from libc.stdint cimport int64_t

from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport HASH, LIST, SET, ValueKind
from pyredis.types.hash.hash cimport Hash, HashEntry, hash_size
from pyredis.types.hash.hash_walk cimport HashIterator, hash_iterate, hash_iterate_end, hash_next
from pyredis.types.list.list cimport List, ListItem, ListIterator, list_iterate, list_iterate_end, list_next, list_size
from pyredis.types.set.set cimport (
    Set,
    SetIterator,
    SetMember,
    member_slice,
    set_iterate,
    set_iterate_end,
    set_next,
    set_size,
)
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_set cimport (
    SortedSet,
    SortedSetIterator,
    zset_iterate,
    zset_iterate_end,
    zset_next,
    zset_size,
)

# A part as the iterator of its kind returns it.
cdef union OwnPart:
    HashEntry field
    ListItem item
    SetMember member
    ScoredMember scored

# A part, valid until the value changes, and no longer than this struct. Fields that its kind does not have are not set,
# except for `expiry`.
ctypedef struct Part:
    Slice text              # an element, a member, a field
    Slice value             # of a field
    double score            # of a member of a sorted set
    int64_t expiry          # of a field: Unix time in ms; 0 for all others
    OwnPart own
    char digits[20]

cdef union OwnIterator:
    HashIterator fields
    ListIterator items
    SetIterator members
    SortedSetIterator scored

ctypedef struct PartIterator:
    ValueKind kind
    OwnIterator own


cdef inline size_t parts_count(ValueKind kind, const void *value) noexcept nogil:
    """Returns the number of parts, due fields included."""
    if kind == HASH:
        return hash_size(value)
    if kind == LIST:
        return list_size(<const List *> value)
    return set_size(value) if kind == SET else zset_size(value)


cdef inline void parts_iterate(
        PartIterator *iterator, ValueKind kind, void *value, size_t begin, int64_t now) noexcept nogil:
    """Begins a walk, from part ``begin`` on for kinds that have an order.

    Fields that are due at ``now`` (Unix time in ms) are left out.
    """
    iterator.kind = kind
    if kind == HASH:
        hash_iterate(<Hash *> value, now, &iterator.own.fields)
    elif kind == LIST:
        list_iterate(<List *> value, begin, &iterator.own.items)
    elif kind == SET:
        set_iterate(<Set *> value, &iterator.own.members)
    else:
        zset_iterate(<SortedSet *> value, begin, zset_size(value), False, &iterator.own.scored)


cdef inline bint next_field(PartIterator *iterator, Part *out) noexcept nogil:
    if not hash_next(&iterator.own.fields, &out.own.field):
        return False
    out.text = out.own.field.field
    out.value = out.own.field.value
    out.expiry = out.own.field.expiry
    return True


cdef inline bint next_item(PartIterator *iterator, Part *out) noexcept nogil:
    if not list_next(&iterator.own.items, &out.own.item):
        return False
    out.text = out.own.item.text
    return True


cdef inline bint next_member(PartIterator *iterator, Part *out) noexcept nogil:
    if not set_next(&iterator.own.members, &out.own.member):
        return False
    out.text = member_slice(&out.own.member, out.digits)
    return True


cdef inline bint next_scored(PartIterator *iterator, Part *out) noexcept nogil:
    if not zset_next(&iterator.own.scored, &out.own.scored):
        return False
    out.text = out.own.scored.member
    out.score = out.own.scored.score
    return True


cdef inline bint parts_next(PartIterator *iterator, Part *out) noexcept nogil:
    out.expiry = 0
    if iterator.kind == HASH:
        return next_field(iterator, out)
    if iterator.kind == LIST:
        return next_item(iterator, out)
    return next_member(iterator, out) if iterator.kind == SET else next_scored(iterator, out)


cdef inline void parts_end(PartIterator *iterator) noexcept nogil:
    if iterator.kind == HASH:
        hash_iterate_end(&iterator.own.fields)
    elif iterator.kind == LIST:
        list_iterate_end(&iterator.own.items)
    elif iterator.kind == SET:
        set_iterate_end(&iterator.own.members)
    else:
        zset_iterate_end(&iterator.own.scored)
