"""The counted B+ tree; ``sorted_tree.pxd`` describes it and has the contracts.

Invariants between calls: no node is empty; in an inner node, ``sizes``, ``firsts`` and ``scores`` are right for every
child; all leaves are at the same depth; a root that is an inner node has at least two children.

An insertion into a full leaf takes one step to make room (it moves members to a neighbour, or splits the topmost full
node that is in the way) and then searches for its place again, until there is room. That is rare enough to be cheap,
and no path needs repair.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memmove

from pyredis.ground.base cimport Slice, likely, slice_compare, store_u32
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.ground.search cimport Before, first_not_before

cdef enum:
    # A leaf accepts members from a full neighbour only if it has at least this many free places.
    LEAF_SPARE = 2
    # A node with fewer entries than SMALL joins a neighbour if both together have no more than JOINED.
    LEAF_SMALL = 16
    LEAF_JOINED = 48
    INNER_SMALL = 8
    INNER_JOINED = 24
    MEMBER_HEAD = 9
    MEMBER_LONG_HEAD = 13

# A place in the order, searched from node to node: that of a member, or of only a score or a text.
ctypedef struct Sought:
    void *node
    double score
    Slice text
    bint after              # equal members are before the place


# ---- members ----

cdef inline size_t member_size_for(size_t size) noexcept nogil:
    return (MEMBER_HEAD if size <= MEMBER_SHORT else MEMBER_LONG_HEAD) + size


cdef Member *member_new(Slice text, double score) noexcept nogil:
    cdef Member *member = <Member *> mem_alloc(member_size_for(text.size))
    cdef uint8_t *size = &member.size
    member.score = score
    if text.size <= MEMBER_SHORT:
        size[0] = <uint8_t> text.size
        size += 1
    else:
        size[0] = 255
        store_u32(size + 1, <uint32_t> text.size)
        size += 5
    if text.size:
        memcpy(size, text.data, text.size)
    return member


cdef size_t member_size(const Member *member) noexcept nogil:
    return member_size_for(member_text(member).size)


cdef int compare_scored(double a_score, Slice a, double b_score, Slice b) noexcept nogil:
    if a_score < b_score:
        return -1
    if a_score > b_score:
        return 1
    return slice_compare(a, b)


cdef inline bint comes_before(const Member *member, double score, Slice text) noexcept nogil:
    if member.score != score:
        return member.score < score
    return slice_compare(member_text(member), text) < 0


# ---- nodes ----

cdef Leaf *leaf_new(Tree *tree) noexcept nogil:
    cdef Leaf *leaf = <Leaf *> mem_alloc(sizeof(Leaf))
    leaf.count = 0
    tree.leaves += 1
    return leaf


cdef Inner *inner_new(Tree *tree) noexcept nogil:
    cdef Inner *inner = <Inner *> mem_alloc(sizeof(Inner))
    inner.count = 0
    tree.inners += 1
    return inner


cdef void leaf_free(Tree *tree, Leaf *leaf) noexcept nogil:
    mem_free(leaf, sizeof(Leaf))
    tree.leaves -= 1


cdef void inner_free(Tree *tree, Inner *inner) noexcept nogil:
    mem_free(inner, sizeof(Inner))
    tree.inners -= 1


cdef inline void leaf_open(Leaf *leaf, int place, int count) noexcept nogil:
    """Shifts members to make room for ``count`` more at ``place``."""
    memmove(&leaf.members[place + count], &leaf.members[place], (leaf.count - place) * sizeof(Member *))
    leaf.count += <uint16_t> count


cdef inline void leaf_close(Leaf *leaf, int place, int count) noexcept nogil:
    """Drops ``count`` members from ``place`` on."""
    memmove(&leaf.members[place], &leaf.members[place + count], (leaf.count - place - count) * sizeof(Member *))
    leaf.count -= <uint16_t> count


cdef void inner_copy(Inner *target, int at, const Inner *origin, int begin, int count) noexcept nogil:
    """Copies children, also within one node; the caller must set ``target.count``."""
    memmove(&target.children[at], &origin.children[begin], count * sizeof(void *))
    memmove(&target.sizes[at], &origin.sizes[begin], count * sizeof(size_t))
    memmove(&target.scores[at], &origin.scores[begin], count * sizeof(double))
    memmove(&target.firsts[at], &origin.firsts[begin], count * sizeof(Member *))


cdef void inner_set_first(Inner *inner, int place, Member *first) noexcept nogil:
    inner.firsts[place] = first
    inner.scores[place] = first.score


cdef void inner_insert(Inner *inner, int place, void *child, size_t size, Member *first) noexcept nogil:
    inner_copy(inner, place + 1, inner, place, inner.count - place)
    inner.count += 1
    inner.children[place] = child
    inner.sizes[place] = size
    inner_set_first(inner, place, first)


cdef void inner_drop(Inner *inner, int place) noexcept nogil:
    inner_copy(inner, place, inner, place + 1, inner.count - place - 1)
    inner.count -= 1


cdef size_t sum_of(const Inner *inner, int begin, int end) noexcept nogil:
    cdef size_t total = 0
    cdef int place
    for place in range(begin, end):
        total += inner.sizes[place]
    return total


# ---- paths ----

cdef inline bint child_begins_by(const void *context, size_t index) noexcept nogil:
    cdef const Sought *sought = <const Sought *> context
    cdef const Inner *inner = <const Inner *> sought.node
    if inner.scores[index] != sought.score:
        return inner.scores[index] < sought.score
    return slice_compare(member_text(inner.firsts[index]), sought.text) <= 0


cdef inline bint member_is_before(const void *context, size_t index) noexcept nogil:
    cdef const Sought *sought = <const Sought *> context
    return comes_before((<const Leaf *> sought.node).members[index], sought.score, sought.text)


cdef inline Inner *enter_inner(Sought *sought, Before begins_by, int *place) noexcept nogil:
    """Descends to the last child that does not begin after the sought place; returns the node it comes from."""
    cdef Inner *inner = <Inner *> sought.node
    place[0] = <int> first_not_before(1, inner.count, begins_by, sought) - 1
    sought.node = inner.children[place[0]]
    return inner


cdef inline int place_in_leaf(const Sought *sought, Before is_before) noexcept nogil:
    return <int> first_not_before(0, (<const Leaf *> sought.node).count, is_before, sought)


cdef void find_place(const Tree *tree, double score, Slice text, TreePath *path) noexcept nogil:
    """Finds the way to where this member is or would be; the tree must not be empty."""
    cdef Sought sought
    cdef int level
    sought.node = tree.root
    sought.score = score
    sought.text = text
    path.height = tree.height
    for level in range(tree.height):
        path.nodes[level] = enter_inner(&sought, child_begins_by, &path.places[level])
    path.leaf = <Leaf *> sought.node
    path.place = place_in_leaf(&sought, member_is_before)


cdef void tree_seek(const Tree *tree, size_t rank, TreePath *path) noexcept nogil:
    cdef void *node = tree.root
    cdef Inner *inner
    cdef int level, place
    path.height = tree.height
    for level in range(tree.height):
        inner = <Inner *> node
        place = 0
        while rank >= inner.sizes[place]:
            rank -= inner.sizes[place]
            place += 1
        path.nodes[level] = inner
        path.places[level] = place
        node = inner.children[place]
    path.leaf = <Leaf *> node
    path.place = <int> rank


cdef int turn(const TreePath *path, int step) noexcept nogil:
    """Returns the lowest level whose node has another child in this direction, or -1."""
    cdef int level = path.height - 1
    while level >= 0 and not 0 <= path.places[level] + step < path.nodes[level].count:
        level -= 1
    return level


cdef bint path_next_leaf(TreePath *path) noexcept nogil:
    cdef int level = turn(path, 1)
    cdef void *node
    if level < 0:
        return False
    path.places[level] += 1
    node = path.nodes[level].children[path.places[level]]
    for level in range(level + 1, path.height):
        path.nodes[level] = <Inner *> node
        path.places[level] = 0
        node = (<Inner *> node).children[0]
    path.leaf = <Leaf *> node
    path.place = 0
    return True


cdef bint path_previous_leaf(TreePath *path) noexcept nogil:
    cdef int level = turn(path, -1)
    cdef void *node
    if level < 0:
        return False
    path.places[level] -= 1
    node = path.nodes[level].children[path.places[level]]
    for level in range(level + 1, path.height):
        path.nodes[level] = <Inner *> node
        path.places[level] = (<Inner *> node).count - 1
        node = (<Inner *> node).children[path.places[level]]
    path.leaf = <Leaf *> node
    path.place = path.leaf.count - 1
    return True


cdef inline void update_first(const TreePath *path, int level, Member *first) noexcept nogil:
    """Updates the inner nodes after the first member of the child taken at ``level`` has changed."""
    while level >= 0:
        inner_set_first(path.nodes[level], path.places[level], first)
        if path.places[level]:
            return
        level -= 1


cdef inline void update_size(const TreePath *path, size_t change) noexcept nogil:
    """Adds a difference, which may be negative, to the counts along the path."""
    cdef int level
    for level in range(path.height):
        path.nodes[level].sizes[path.places[level]] += change


cdef bint is_outermost(const TreePath *path, int levels, bint last) noexcept nogil:
    cdef int level
    for level in range(levels):
        if path.places[level] != (path.nodes[level].count - 1 if last else 0):
            return False
    return True


# ---- making room ----

cdef void grow_root(Tree *tree) noexcept nogil:
    cdef Inner *root = inner_new(tree)
    cdef Inner *old = <Inner *> tree.root
    inner_insert(root, 0, tree.root, tree.size, old.firsts[0] if tree.height else (<Leaf *> tree.root).members[0])
    tree.root = root
    tree.height += 1


cdef int split_point(const TreePath *path, int levels, int count, int place) noexcept nogil:
    """Returns how many stay in the left half; at an end of the tree, the half away from the insertions stays full."""
    if place == count and is_outermost(path, levels, True):
        return count - 1
    if place == 0 and is_outermost(path, levels, False):
        return 1
    return count // 2


cdef void split_inner(Tree *tree, TreePath *path, int level) noexcept nogil:
    """Splits an inner node whose parent exists and has room."""
    cdef Inner *parent = path.nodes[level - 1]
    cdef int place = path.places[level - 1]
    cdef Inner *left = path.nodes[level]
    cdef Inner *right = inner_new(tree)
    cdef int kept = split_point(path, level, left.count, path.places[level] + (path.places[level] > 0))
    right.count = left.count - <uint16_t> kept
    inner_copy(right, 0, left, kept, right.count)
    left.count = <uint16_t> kept
    parent.sizes[place] = sum_of(left, 0, left.count)
    inner_insert(parent, place + 1, right, sum_of(right, 0, right.count), right.firsts[0])


cdef void give_left(Inner *parent, int place, int count) noexcept nogil:
    """Moves the first members of a child, which is a leaf, to its left neighbour."""
    cdef Leaf *leaf = <Leaf *> parent.children[place]
    cdef Leaf *left = <Leaf *> parent.children[place - 1]
    memcpy(&left.members[left.count], leaf.members, count * sizeof(Member *))
    left.count += <uint16_t> count
    leaf_close(leaf, 0, count)
    parent.sizes[place - 1] += count
    parent.sizes[place] -= count
    inner_set_first(parent, place, leaf.members[0])


cdef void give_right(Inner *parent, int place, int count) noexcept nogil:
    cdef Leaf *leaf = <Leaf *> parent.children[place]
    cdef Leaf *right = <Leaf *> parent.children[place + 1]
    leaf_open(right, 0, count)
    leaf.count -= <uint16_t> count
    memcpy(right.members, &leaf.members[leaf.count], count * sizeof(Member *))
    parent.sizes[place + 1] += count
    parent.sizes[place] -= count
    inner_set_first(parent, place + 1, right.members[0])


cdef void split_leaf(Tree *tree, TreePath *path) noexcept nogil:
    """Splits a leaf whose parent exists and has room. Turns two adjacent full leaves into three if possible."""
    cdef Inner *parent = path.nodes[path.height - 1]
    cdef int place = path.places[path.height - 1]
    cdef Leaf *left = path.leaf
    cdef Leaf *right = leaf_new(tree)
    cdef int kept = split_point(path, path.height, left.count, path.place)
    cdef int neighbour = 0
    if kept == left.count // 2 and parent.count > 1:
        neighbour = 1 if place + 1 < parent.count else -1
        kept = left.count // 3 * (2 if neighbour > 0 else 1)
    right.count = left.count - <uint16_t> kept
    memcpy(right.members, &left.members[kept], right.count * sizeof(Member *))
    left.count = <uint16_t> kept
    parent.sizes[place] = left.count
    inner_insert(parent, place + 1, right, right.count, right.members[0])
    if neighbour > 0:
        give_left(parent, place + 2, <int> (parent.sizes[place + 2] - right.count) // 2)
    elif neighbour < 0:
        give_right(parent, place - 1, <int> (parent.sizes[place - 1] - left.count) // 2)


cdef bint give_to_neighbour(const TreePath *path) noexcept nogil:
    """Balances a full leaf with the emptier of its neighbours; returns false if both are nearly full."""
    cdef Inner *parent = path.nodes[path.height - 1]
    cdef int place = path.places[path.height - 1]
    cdef size_t left = parent.sizes[place - 1] if place else LEAF_MEMBERS
    cdef size_t right = parent.sizes[place + 1] if place + 1 < parent.count else LEAF_MEMBERS
    if min(left, right) > LEAF_MEMBERS - LEAF_SPARE:
        return False
    if left <= right:
        give_left(parent, place, <int> (LEAF_MEMBERS - left) // 2)
    else:
        give_right(parent, place, <int> (LEAF_MEMBERS - right) // 2)
    return True


cdef void make_room(Tree *tree, TreePath *path) noexcept nogil:
    """Takes one step to make room in the full leaf at the path's end; the path is not valid afterwards."""
    cdef int level = path.height - 1
    cdef bint at_end = split_point(path, path.height, LEAF_MEMBERS, path.place) != LEAF_MEMBERS // 2
    if path.height and not at_end and give_to_neighbour(path):
        return
    while level >= 0 and path.nodes[level].count == FANOUT:
        level -= 1
    if level < 0:
        grow_root(tree)
    elif level == path.height - 1:
        split_leaf(tree, path)
    else:
        split_inner(tree, path, level + 1)


# ---- nodes that have become small ----

cdef void join_leaves(Tree *tree, Inner *parent, int place) noexcept nogil:
    """Moves all members of the child after ``place`` into the one at ``place``."""
    cdef Leaf *left = <Leaf *> parent.children[place]
    cdef Leaf *right = <Leaf *> parent.children[place + 1]
    memcpy(&left.members[left.count], right.members, right.count * sizeof(Member *))
    left.count += right.count
    parent.sizes[place] = left.count
    inner_drop(parent, place + 1)
    leaf_free(tree, right)


cdef void join_inners(Tree *tree, Inner *parent, int place) noexcept nogil:
    cdef Inner *left = <Inner *> parent.children[place]
    cdef Inner *right = <Inner *> parent.children[place + 1]
    inner_copy(left, left.count, right, 0, right.count)
    left.count += right.count
    parent.sizes[place] += parent.sizes[place + 1]
    inner_drop(parent, place + 1)
    inner_free(tree, right)


cdef inline int count_of(const Inner *parent, int place, bint leaves) noexcept nogil:
    if not 0 <= place < parent.count:
        return LEAF_MEMBERS
    return (<Leaf *> parent.children[place]).count if leaves else (<Inner *> parent.children[place]).count


cdef bint join_neighbour(Tree *tree, Inner *parent, int place, bint leaves) noexcept nogil:
    """Joins a small child with a neighbour; returns false if nothing was joined."""
    cdef int own = count_of(parent, place, leaves)
    cdef int limit = LEAF_JOINED if leaves else INNER_JOINED
    if own >= (LEAF_SMALL if leaves else INNER_SMALL):
        return False
    if count_of(parent, place - 1, leaves) + own <= limit:
        place -= 1
    elif count_of(parent, place + 1, leaves) + own > limit:
        return False
    if leaves:
        join_leaves(tree, parent, place)
    else:
        join_inners(tree, parent, place)
    return True


cdef void shrink_root(Tree *tree) noexcept nogil:
    cdef Inner *root
    while tree.height and (<Inner *> tree.root).count == 1:
        root = <Inner *> tree.root
        tree.root = root.children[0]
        tree.height -= 1
        inner_free(tree, root)


cdef void drop_empty(Tree *tree, const TreePath *path) noexcept nogil:
    """Frees the empty leaf at the path's end, and every inner node that would have no child left."""
    cdef int level = path.height - 1
    leaf_free(tree, path.leaf)
    while level >= 0 and path.nodes[level].count == 1:
        inner_free(tree, path.nodes[level])
        level -= 1
    if level < 0:
        tree_init(tree)
        return
    inner_drop(path.nodes[level], path.places[level])
    if path.places[level] == 0:
        update_first(path, level - 1, path.nodes[level].firsts[0])
    while level > 0 and join_neighbour(tree, path.nodes[level - 1], path.places[level - 1], False):
        level -= 1
    shrink_root(tree)


cdef void rebalance(Tree *tree, const TreePath *path) noexcept nogil:
    """Repairs the tree after members have left the path's leaf. The counts above are right, the firsts are not yet."""
    cdef int level = path.height - 1
    if path.leaf.count == 0:
        drop_empty(tree, path)
        return
    if path.place == 0:
        update_first(path, level, path.leaf.members[0])
    while level >= 0 and join_neighbour(tree, path.nodes[level], path.places[level], level == path.height - 1):
        level -= 1
    shrink_root(tree)


# ---- changes ----

cdef size_t tree_memory(const Tree *tree) noexcept nogil:
    return tree.leaves * mem_footprint(sizeof(Leaf)) + tree.inners * mem_footprint(sizeof(Inner))


cdef void tree_init(Tree *tree) noexcept nogil:
    tree.root = NULL
    tree.size = 0
    tree.height = 0
    tree.leaves = 0
    tree.inners = 0


cdef void tree_add(Tree *tree, Member *member) noexcept nogil:
    cdef Slice text = member_text(member)
    cdef TreePath path
    if tree.root == NULL:
        tree.root = leaf_new(tree)
    while True:
        find_place(tree, member.score, text, &path)
        if likely(path.leaf.count < LEAF_MEMBERS):
            break
        make_room(tree, &path)
    leaf_open(path.leaf, path.place, 1)
    path.leaf.members[path.place] = member
    tree.size += 1
    update_size(&path, 1)
    if path.place == 0:
        update_first(&path, path.height - 1, member)


cdef inline void cut(Tree *tree, TreePath *path, int count) noexcept nogil:
    """Removes ``count`` members from the leaf, from the path's place on."""
    leaf_close(path.leaf, path.place, count)
    tree.size -= count
    update_size(path, 0 - <size_t> count)
    rebalance(tree, path)


cdef void tree_remove(Tree *tree, Member *member) noexcept nogil:
    cdef TreePath path
    find_place(tree, member.score, member_text(member), &path)
    cut(tree, &path, 1)


cdef size_t tree_take(Tree *tree, size_t rank, size_t limit, Member **out) noexcept nogil:
    cdef TreePath path
    cdef size_t count
    tree_seek(tree, rank, &path)
    count = min(limit, <size_t> (path.leaf.count - path.place))
    memcpy(out, &path.leaf.members[path.place], count * sizeof(Member *))
    cut(tree, &path, <int> count)
    return count


cdef void tree_rescore(Tree *tree, Member *member, double score) noexcept nogil:
    cdef Slice text = member_text(member)
    cdef TreePath path
    find_place(tree, member.score, text, &path)
    if (0 < path.place < path.leaf.count - 1
            and comes_before(path.leaf.members[path.place - 1], score, text)
            and not comes_before(path.leaf.members[path.place + 1], score, text)):
        member.score = score
        return
    cut(tree, &path, 1)
    member.score = score
    tree_add(tree, member)


# ---- ranks ----

cdef inline size_t rank_of(const Tree *tree, Sought *sought, Before begins_by, Before is_before) noexcept nogil:
    """Returns how many members are before the sought place."""
    cdef size_t rank = 0
    cdef int _, place
    cdef const Inner *inner
    if tree.root == NULL:
        return 0
    sought.node = tree.root
    for _ in range(tree.height):
        inner = enter_inner(sought, begins_by, &place)
        rank += sum_of(inner, 0, place)
    return rank + place_in_leaf(sought, is_before)


cdef size_t tree_rank(const Tree *tree, double score, Slice text) noexcept nogil:
    cdef Sought sought
    sought.score = score
    sought.text = text
    return rank_of(tree, &sought, child_begins_by, member_is_before)


cdef inline bint score_is_before(const Sought *sought, double own) noexcept nogil:
    return own < sought.score or (sought.after and own == sought.score)


cdef inline bint child_score_is_before(const void *context, size_t index) noexcept nogil:
    cdef const Sought *sought = <const Sought *> context
    return score_is_before(sought, (<const Inner *> sought.node).scores[index])


cdef inline bint member_score_is_before(const void *context, size_t index) noexcept nogil:
    cdef const Sought *sought = <const Sought *> context
    return score_is_before(sought, (<const Leaf *> sought.node).members[index].score)


cdef size_t tree_rank_of_score(const Tree *tree, double score, bint after) noexcept nogil:
    cdef Sought sought
    sought.score = score
    sought.after = after
    return rank_of(tree, &sought, child_score_is_before, member_score_is_before)


cdef inline bint text_is_before(const void *context, size_t rank) noexcept nogil:
    cdef const Sought *sought = <const Sought *> context
    cdef TreePath path
    tree_seek(<const Tree *> sought.node, rank, &path)
    return slice_compare(member_text(path_member(&path)), sought.text) < <int> sought.after


cdef size_t tree_rank_of_text(const Tree *tree, Slice text, bint after) noexcept nogil:
    cdef Sought sought
    sought.node = <void *> tree
    sought.text = text
    sought.after = after
    return first_not_before(0, tree.size, text_is_before, &sought)
