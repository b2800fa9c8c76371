"""The sources of a union, intersection or difference: sorted sets, and sets, whose members all have the score 1."""

from pyredis.ground.base cimport Slice
from pyredis.types.set.set cimport (
    Set,
    SetIterator,
    SetMember,
    member_slice,
    set_has,
    set_iterate,
    set_iterate_end,
    set_next,
    set_size,
    text_member,
)
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_set cimport (
    SortedSet,
    SortedSetIterator,
    zset_iterate,
    zset_iterate_end,
    zset_next,
    zset_score,
    zset_size,
)

# An absent key has neither.
ctypedef struct Source:
    SortedSet *sorted
    Set *plain
    double weight
    int place               # among the keys of the command

ctypedef struct SourceWalk:
    const Source *source
    SortedSetIterator sorted
    SetIterator plain


cdef inline size_t source_size(const Source *source) noexcept nogil:
    if source.sorted != NULL:
        return zset_size(source.sorted)
    return set_size(source.plain) if source.plain != NULL else 0


cdef inline bint source_score(const Source *source, Slice member, double *score) noexcept nogil:
    """Returns whether the source has the member; ``score`` is then its score, without the weight."""
    cdef SetMember plain
    if source.sorted != NULL:
        return zset_score(source.sorted, member, score)
    if source.plain == NULL:
        return False
    plain = text_member(member)
    score[0] = 1
    return set_has(source.plain, &plain)


cdef inline void source_iterate(const Source *source, SourceWalk *walk) noexcept nogil:
    walk.source = source
    if source.sorted != NULL:
        zset_iterate(source.sorted, 0, zset_size(source.sorted), False, &walk.sorted)
    elif source.plain != NULL:
        set_iterate(source.plain, &walk.plain)


cdef inline bint source_next(SourceWalk *walk, ScoredMember *out) noexcept nogil:
    cdef SetMember plain
    if walk.source.sorted != NULL:
        return zset_next(&walk.sorted, out)
    if walk.source.plain == NULL or not set_next(&walk.plain, &plain):
        return False
    out.member = member_slice(&plain, out.digits)
    out.score = 1
    return True


cdef inline void source_iterate_end(SourceWalk *walk) noexcept nogil:
    if walk.source.sorted != NULL:
        zset_iterate_end(&walk.sorted)
    elif walk.source.plain != NULL:
        set_iterate_end(&walk.plain)
