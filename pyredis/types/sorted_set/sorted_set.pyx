"""The sorted set in its two forms; ``sorted_set.pxd`` describes them and has the contracts."""

from libc.math cimport isnan
from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.ground.base cimport Slice, likely, prefetch
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.types.packs.listpack cimport (
    PACK_HEADER,
    PACK_OWNER_SHIFT,
    PACK_SIZE_LIMIT,
    Pack,
    pack_copy,
    pack_count,
    pack_delete,
    pack_end,
    pack_free,
    pack_new,
    pack_next_forward,
    pack_owner,
    pack_seek,
    pack_size,
)
from pyredis.types.sorted_set.sorted_members cimport (
    Members,
    members_add,
    members_arrange,
    members_copy,
    members_find,
    members_free_some,
    members_gather,
    members_memory,
    members_new,
    members_remove,
    members_remove_range,
    members_rescore,
    members_sound,
)
from pyredis.types.sorted_set.sorted_pack cimport (
    score_at,
    scored_append,
    scored_find,
    scored_insert,
    scored_rank_of_score,
    scored_rank_of_text,
    scored_read,
    scored_rescore,
    scored_sound,
)
from pyredis.types.sorted_set.sorted_tree cimport (
    Member,
    TreePath,
    member_text,
    path_member,
    path_next,
    path_previous,
    tree_rank,
    tree_rank_of_score,
    tree_rank_of_text,
    tree_seek,
)
from pyredis.types.table.guard cimport Guard
from pyredis.types.table.hashtable cimport (
    Table,
    hash_of,
    next_random,
    table_prefetch_bucket,
    table_prefetch_element,
    table_reserve,
    table_scan,
)
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
    # Bytes that heads and a score may add to a member in a pack.
    PAIR_OVERHEAD = 24
    # An iteration over a tree prefetches the member this many places ahead.
    AHEAD = 6


# ---- the forms ----

cdef inline bint is_tree(const void *set) noexcept nogil:
    return pack_owner(<const Pack *> set) == ZSET_TREE


cdef inline const Pack *pack_in(const void *set) noexcept nogil:
    return <const Pack *> set


cdef inline Pack **pack_of(SortedSet **set) noexcept nogil:
    return <Pack **> set


cdef inline Members *members_of(const void *set) noexcept nogil:
    return <Members *> set


cdef inline void read_member(const Member *member, ScoredMember *out) noexcept nogil:
    out.member = member_text(member)
    out.score = member.score


cdef inline Member *find_member(const SortedSet *set, Slice text) noexcept nogil:
    return members_find(members_of(set), text, hash_of(text))


# ---- the set ----

cdef SortedSet *zset_new() noexcept nogil:
    return <SortedSet *> pack_new(ZSET_PACKED, False)


cdef inline Members *new_tree() noexcept nogil:
    return members_new(ZSET_TREE << PACK_OWNER_SHIFT)


cdef SortedSet *zset_new_for(size_t count, size_t longest, const SortedSetLimits *limits) noexcept nogil:
    if count <= limits.entries and longest <= limits.value:
        return zset_new()
    return zset_gather(count)


cdef void convert_to_tree(SortedSet **set, size_t expected) noexcept nogil:
    cdef Members *members = <Members *> zset_gather(expected)
    cdef const Pack *pack = pack_in(set[0])
    cdef size_t at = PACK_HEADER
    cdef ScoredMember pair
    while at < pack_end(pack):
        at = scored_read(pack, at, &pair)
        members_add(members, pair.member, hash_of(pair.member), pair.score)
    pack_free(pack_of(set)[0])
    set[0] = <SortedSet *> members


cdef void zset_expect(SortedSet **set, size_t count, const SortedSetLimits *limits) noexcept nogil:
    if not is_tree(set[0]) and count > limits.entries:
        convert_to_tree(set, count)


cdef void *zset_copy(const void *set) noexcept nogil:
    if is_tree(set):
        return members_copy(members_of(set))
    return pack_copy(pack_in(set))


cdef void zset_free(SortedSet *set) noexcept nogil:
    zset_free_some(set, <size_t> -1)


cdef bint zset_free_some(void *set, size_t budget) noexcept nogil:
    if is_tree(set):
        return members_free_some(members_of(set), budget)
    pack_free(<Pack *> set)
    return True


cdef int zset_form(const SortedSet *set) noexcept nogil:
    return pack_owner(pack_in(set))


cdef const char *zset_encoding(const void *set) noexcept nogil:
    return "skiplist" if is_tree(set) else "listpack"


cdef size_t zset_memory(const void *set) noexcept nogil:
    if is_tree(set):
        return members_memory(members_of(set))
    return mem_footprint(pack_size(pack_in(set)))


cdef size_t zset_size(const void *set) noexcept nogil:
    if is_tree(set):
        return members_of(set).tree.size
    return pack_count(pack_in(set)) // 2


cdef bint zset_sound(SortedSet *set) noexcept nogil:
    """Returns whether the invariants of this module hold; for tests."""
    return members_sound(members_of(set)) if is_tree(set) else scored_sound(pack_in(set))


cdef Guard **zset_guard(void *set) noexcept nogil:
    return &members_of(set).base.guard if is_tree(set) else NULL


cdef Table *zset_table(void *set) noexcept nogil:
    return &members_of(set).base.table if is_tree(set) else NULL


# ---- one member ----

cdef bint zset_score(SortedSet *set, Slice member, double *score) noexcept nogil:
    cdef Member *found
    cdef size_t at
    if is_tree(set):
        found = find_member(set, member)
        if found != NULL:
            score[0] = found.score
        return found != NULL
    at = scored_find(pack_in(set), member, NULL)
    if at:
        score[0] = score_at(pack_in(set), pack_next_forward(pack_in(set), at))
    return at != 0


cdef inline AddResult decide(double old, double *score, int conditions) noexcept nogil:
    """Decides what happens to an existing member; on ADD_CHANGED, the caller must store ``score``."""
    if conditions & ADD_IF_NEW:
        return ADD_REFUSED
    if conditions & ADD_INCREMENT:
        score[0] += old
        if isnan(score[0]):
            return ADD_NOT_A_NUMBER
    if (conditions & ADD_IF_LESS and score[0] >= old) or (conditions & ADD_IF_GREATER and score[0] <= old):
        return ADD_REFUSED
    return ADD_SAME if score[0] == old else ADD_CHANGED


cdef inline bint fits_pack(const SortedSet *set, Slice member, const SortedSetLimits *limits) noexcept nogil:
    if member.size > limits.value or zset_size(set) >= limits.entries:
        return False
    return pack_size(pack_in(set)) + member.size < PACK_SIZE_LIMIT - PAIR_OVERHEAD


cdef AddResult add_packed(
        SortedSet **set, Slice member, double *score, int conditions, const SortedSetLimits *limits) noexcept nogil:
    cdef size_t at = scored_find(pack_in(set[0]), member, NULL)
    cdef AddResult result
    if at:
        result = decide(score_at(pack_in(set[0]), pack_next_forward(pack_in(set[0]), at)), score, conditions)
        if result == ADD_CHANGED:
            scored_rescore(pack_of(set), at, member, score[0])
        return result
    if conditions & ADD_IF_PRESENT:
        return ADD_REFUSED
    if likely(fits_pack(set[0], member, limits)):
        scored_insert(pack_of(set), member, score[0])
    else:
        convert_to_tree(set, zset_size(set[0]) + 1)
        members_add(members_of(set[0]), member, hash_of(member), score[0])
    return ADD_CREATED


cdef AddResult add_to_tree(Members *members, Slice member, double *score, int conditions) noexcept nogil:
    cdef uint64_t hash = hash_of(member)
    cdef Member *found = members_find(members, member, hash)
    cdef AddResult result
    if found != NULL:
        result = decide(found.score, score, conditions)
        if result == ADD_CHANGED:
            members_rescore(members, found, score[0])
        return result
    if conditions & ADD_IF_PRESENT:
        return ADD_REFUSED
    members_add(members, member, hash, score[0])
    return ADD_CREATED


cdef AddResult zset_add(
        SortedSet **set, Slice member, double *score, int conditions, const SortedSetLimits *limits) noexcept nogil:
    if is_tree(set[0]):
        return add_to_tree(members_of(set[0]), member, score, conditions)
    return add_packed(set, member, score, conditions, limits)


cdef bint zset_delete(SortedSet **set, Slice member) noexcept nogil:
    cdef size_t at
    if is_tree(set[0]):
        return members_remove(members_of(set[0]), member, hash_of(member))
    at = scored_find(pack_in(set[0]), member, NULL)
    if at:
        pack_delete(pack_of(set), at, 2)
    return at != 0


cdef int64_t zset_rank(SortedSet *set, Slice member, double *score) noexcept nogil:
    cdef Member *found
    cdef size_t at, rank
    if is_tree(set):
        found = find_member(set, member)
        if found == NULL:
            return -1
        score[0] = found.score
        return <int64_t> tree_rank(&members_of(set).tree, found.score, member)
    at = scored_find(pack_in(set), member, &rank)
    if at == 0:
        return -1
    score[0] = score_at(pack_in(set), pack_next_forward(pack_in(set), at))
    return <int64_t> rank


# ---- ranges ----

cdef size_t zset_rank_of_score(const SortedSet *set, double score, bint after) noexcept nogil:
    if is_tree(set):
        return tree_rank_of_score(&members_of(set).tree, score, after)
    return scored_rank_of_score(pack_in(set), score, after)


cdef size_t zset_rank_of_text(const SortedSet *set, Slice text, bint after) noexcept nogil:
    if is_tree(set):
        return tree_rank_of_text(&members_of(set).tree, text, after)
    return scored_rank_of_text(pack_in(set), text, after)


cdef uint32_t *places_of(const Pack *pack, size_t begin, size_t count) noexcept nogil:
    """Returns an array of the positions of ``count`` pairs from rank ``begin`` on."""
    cdef uint32_t *places = <uint32_t *> mem_alloc(count * sizeof(uint32_t))
    cdef size_t at = pack_seek(pack, <int64_t> (2 * begin)), index
    for index in range(count):
        places[index] = <uint32_t> at
        at = pack_next_forward(pack, pack_next_forward(pack, at))
    return places


cdef void zset_iterate(
        SortedSet *set, size_t begin, size_t end, bint reverse, SortedSetIterator *iterator) noexcept nogil:
    iterator.set = set
    iterator.left = end - begin
    iterator.reverse = reverse
    iterator.places = NULL
    iterator.count = end - begin
    if begin == end:
        return
    if is_tree(set):
        tree_seek(&members_of(set).tree, end - 1 if reverse else begin, &iterator.path)
    elif reverse:
        iterator.places = places_of(pack_in(set), begin, end - begin)
    else:
        iterator.at = pack_seek(pack_in(set), <int64_t> (2 * begin))


cdef inline void next_in_tree(SortedSetIterator *iterator, ScoredMember *out) noexcept nogil:
    cdef TreePath *path = &iterator.path
    read_member(path_member(path), out)
    if iterator.reverse:
        prefetch(path.leaf.members[max(path.place - AHEAD, 0)])
        path_previous(path)
    else:
        prefetch(path.leaf.members[min(path.place + AHEAD, path.leaf.count - 1)])
        path_next(path)


cdef bint zset_next(SortedSetIterator *iterator, ScoredMember *out) noexcept nogil:
    if iterator.left == 0:
        return False
    iterator.left -= 1
    if is_tree(iterator.set):
        next_in_tree(iterator, out)
    elif iterator.reverse:
        scored_read(pack_in(iterator.set), iterator.places[iterator.left], out)
    else:
        iterator.at = scored_read(pack_in(iterator.set), iterator.at, out)
    return True


cdef void zset_iterate_end(SortedSetIterator *iterator) noexcept nogil:
    mem_free(iterator.places, iterator.count * sizeof(uint32_t))


cdef void zset_delete_range(SortedSet **set, size_t begin, size_t end) noexcept nogil:
    if begin == end:
        return
    if is_tree(set[0]):
        members_remove_range(members_of(set[0]), begin, end - begin)
    else:
        pack_delete(pack_of(set), pack_seek(pack_in(set[0]), <int64_t> (2 * begin)), 2 * (end - begin))


cdef struct Scan:
    MemberVisitor visit
    void *context


cdef void scan_member(void *context, void *element) noexcept nogil:
    cdef Scan *scan = <Scan *> context
    cdef ScoredMember member
    read_member(<const Member *> element, &member)
    scan.visit(scan.context, &member)


cdef void visit_all(SortedSet *set, MemberVisitor visit, void *context) noexcept nogil:
    cdef SortedSetIterator iterator
    cdef ScoredMember member
    zset_iterate(set, 0, zset_size(set), False, &iterator)
    while zset_next(&iterator, &member):
        visit(context, &member)
    zset_iterate_end(&iterator)


cdef uint64_t zset_scan(SortedSet *set, uint64_t cursor, MemberVisitor visit, void *context) noexcept nogil:
    cdef Scan scan
    if not is_tree(set):
        visit_all(set, visit, context)
        return 0
    scan.visit = visit
    scan.context = context
    return table_scan(&members_of(set).base.table, cursor, scan_member, &scan)


# ---- random members ----

cdef void member_of_rank(SortedSet *set, size_t rank, ScoredMember *out) noexcept nogil:
    cdef TreePath path
    if is_tree(set):
        tree_seek(&members_of(set).tree, rank, &path)
        read_member(path_member(&path), out)
    else:
        scored_read(pack_in(set), pack_seek(pack_in(set), <int64_t> (2 * rank)), out)


cdef void zset_random(SortedSet *set, uint64_t *random, ScoredMember *out) noexcept nogil:
    member_of_rank(set, next_random(random) % zset_size(set), out)


cdef void sample_walking(
        SortedSet *set, size_t wanted, uint64_t *random, MemberVisitor visit, void *context) noexcept nogil:
    cdef Selection selection = selection_of(wanted, zset_size(set))
    cdef SortedSetIterator iterator
    cdef ScoredMember member
    zset_iterate(set, 0, zset_size(set), False, &iterator)
    while selection.wanted and zset_next(&iterator, &member):
        if select_next(&selection, random):
            visit(context, &member)
    zset_iterate_end(&iterator)


cdef void sample_picking(
        SortedSet *set, size_t wanted, uint64_t *random, MemberVisitor visit, void *context) noexcept nogil:
    cdef ScoredMember member
    cdef Picked picked
    cdef size_t rank
    picked_init(&picked, wanted)
    while wanted:
        rank = next_random(random) % zset_size(set)
        if pick(&picked, rank + 1):
            member_of_rank(set, rank, &member)
            visit(context, &member)
            wanted -= 1
    picked_free(&picked)


cdef void zset_sample(
        SortedSet *set, size_t count, uint64_t *random, MemberVisitor visit, void *context) noexcept nogil:
    cdef size_t size = zset_size(set)
    if count >= size:
        visit_all(set, visit, context)
    elif not is_tree(set) or is_walk_cheaper(count, size):
        sample_walking(set, count, random, visit, context)
    else:
        sample_picking(set, count, random, visit, context)


# ---- gathering ----

cdef SortedSet *zset_gather(size_t expected) noexcept nogil:
    cdef Members *members = new_tree()
    table_reserve(&members.base.table, expected)
    return <SortedSet *> members


cdef double *zset_gathered(SortedSet *set, Slice member, bint *created) noexcept nogil:
    cdef uint64_t hash = hash_of(member)
    cdef Member *found = members_find(members_of(set), member, hash)
    created[0] = found == NULL
    if found == NULL:
        found = members_gather(members_of(set), member, hash, 0)
    return &found.score


cdef Pack *packed(Members *members, const SortedSetLimits *limits) noexcept nogil:
    """Returns a pack of all members, or NULL if they do not fit."""
    cdef Pack *pack = pack_new(ZSET_PACKED, False)
    cdef size_t left = members.tree.size
    cdef TreePath path
    cdef Slice text
    if left:
        tree_seek(&members.tree, 0, &path)
    while left:
        text = member_text(path_member(&path))
        if text.size > limits.value or pack_size(pack) + text.size >= PACK_SIZE_LIMIT - PAIR_OVERHEAD:
            pack_free(pack)
            return NULL
        scored_append(&pack, text, path_member(&path).score)
        path_next(&path)
        left -= 1
    return pack


cdef void zset_arrange(SortedSet **set, const SortedSetLimits *limits) noexcept nogil:
    cdef Members *members = members_of(set[0])
    cdef Pack *pack = NULL
    members_arrange(members)
    if members.tree.size <= limits.entries:
        pack = packed(members, limits)
    if pack != NULL:
        members_free_some(members, <size_t> -1)
        set[0] = <SortedSet *> pack


# ---- prefetch hints ----

cdef uint64_t zset_prefetch_place(const void *set, Slice member) noexcept nogil:
    cdef uint64_t key
    if not is_tree(set):
        return 0
    key = hash_of(member)
    table_prefetch_bucket(&members_of(set).base.table, key)
    return key


cdef void zset_prefetch_member(const void *set, uint64_t key) noexcept nogil:
    table_prefetch_element(&members_of(set).base.table, key)
