"""Loading, releasing and checking a tree; the contracts are in ``sorted_tree_bulk.pxd``."""

from libc.stdint cimport uint16_t
from libc.string cimport memcpy

from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.types.sorted_set.sorted_tree cimport (
    FANOUT,
    LEAF_MEMBERS,
    TREE_DEPTH,
    Inner,
    Leaf,
    Member,
    Tree,
    TreePath,
    compare_scored,
    inner_free,
    inner_insert,
    inner_new,
    leaf_free,
    leaf_new,
    member_text,
    path_member,
    path_next,
    tree_seek,
)

cdef enum:
    # The most members of a loaded leaf and children of a loaded inner node: a few insertions do not split all of them.
    LEAF_LOADED = 60
    INNER_LOADED = 30


# ---- loading ----

ctypedef struct Part:
    void *node
    size_t size
    Member *first


cdef void load_leaf(Tree *tree, Part *part, Member **members, size_t count) noexcept nogil:
    cdef Leaf *leaf = leaf_new(tree)
    leaf.count = <uint16_t> count
    memcpy(leaf.members, members, count * sizeof(Member *))
    part.node = leaf
    part.size = count
    part.first = members[0]


cdef void load_inner(Tree *tree, Part *part, const Part *children, size_t count) noexcept nogil:
    cdef Inner *inner = inner_new(tree)
    cdef size_t index
    part.size = 0
    for index in range(count):
        inner_insert(inner, <int> index, children[index].node, children[index].size, children[index].first)
        part.size += children[index].size
    part.node = inner
    part.first = inner.firsts[0]


cdef size_t load_level(Tree *tree, Part *parts, size_t count) noexcept nogil:
    """Replaces ``count`` nodes in ``parts`` with their new parents; returns how many these are."""
    cdef size_t parents = (count + INNER_LOADED - 1) // INNER_LOADED
    cdef size_t index, begin = 0, end
    cdef Part parent
    for index in range(parents):
        end = (index + 1) * count // parents
        load_inner(tree, &parent, parts + begin, end - begin)
        parts[index] = parent
        begin = end
    tree.height += 1
    return parents


cdef void tree_load(Tree *tree, Member **members, size_t count) noexcept nogil:
    cdef size_t leaves = (count + LEAF_LOADED - 1) // LEAF_LOADED
    cdef size_t index, begin = 0, end, left = leaves
    cdef Part *parts
    if count == 0:
        return
    parts = <Part *> mem_alloc(leaves * sizeof(Part))
    for index in range(leaves):
        end = (index + 1) * count // leaves
        load_leaf(tree, &parts[index], members + begin, end - begin)
        begin = end
    while left > 1:
        left = load_level(tree, parts, left)
    tree.root = parts[0].node
    tree.size = count
    mem_free(parts, leaves * sizeof(Part))


# ---- releasing ----

cdef size_t drop_last_leaf(Tree *tree) noexcept nogil:
    """Frees the last leaf without updating counts and first members; returns how many members it had."""
    cdef TreePath path
    cdef void *node = tree.root
    cdef int level
    cdef size_t count
    for level in range(tree.height):
        path.nodes[level] = <Inner *> node
        node = (<Inner *> node).children[(<Inner *> node).count - 1]
    count = (<Leaf *> node).count
    leaf_free(tree, <Leaf *> node)
    level = tree.height - 1
    while level >= 0:
        path.nodes[level].count -= 1
        if path.nodes[level].count:
            return count
        inner_free(tree, path.nodes[level])
        level -= 1
    tree.root = NULL
    return count


cdef bint tree_clear_some(Tree *tree, size_t budget) noexcept nogil:
    cdef size_t spent = 0
    while tree.root != NULL and spent < budget:
        spent += drop_last_leaf(tree)
    return tree.root == NULL


# ---- for tests ----

cdef bint inner_sound(const Inner *inner, int levels, size_t *size, Member **first) noexcept nogil:
    cdef size_t below
    cdef Member *member
    cdef int place
    size[0] = 0
    first[0] = inner.firsts[0]
    if not 1 <= inner.count <= FANOUT:
        return False
    for place in range(inner.count):
        if not node_sound(inner.children[place], levels - 1, &below, &member):
            return False
        if below != inner.sizes[place] or member != inner.firsts[place] or member.score != inner.scores[place]:
            return False
        size[0] += below
    return True


cdef bint node_sound(const void *node, int levels, size_t *size, Member **first) noexcept nogil:
    """Returns whether the node, with ``levels`` levels of inner nodes, is valid. Recurses at most TREE_DEPTH deep."""
    cdef const Leaf *leaf = <const Leaf *> node
    if levels:
        return inner_sound(<const Inner *> node, levels, size, first)
    size[0] = leaf.count
    first[0] = leaf.members[0]
    return 1 <= leaf.count <= LEAF_MEMBERS


cdef inline bint in_order(const Member *a, const Member *b) noexcept nogil:
    return compare_scored(a.score, member_text(a), b.score, member_text(b)) < 0


cdef bint order_sound(const Tree *tree) noexcept nogil:
    cdef TreePath path
    cdef Member *before
    tree_seek(tree, 0, &path)
    while True:
        before = path_member(&path)
        if not path_next(&path):
            return True
        if not in_order(before, path_member(&path)):
            return False


cdef bint tree_sound(const Tree *tree) noexcept nogil:
    cdef size_t size
    cdef Member *first
    if tree.root == NULL:
        return tree.size == 0 and tree.height == 0 and tree.leaves == 0 and tree.inners == 0
    if not 0 <= tree.height < TREE_DEPTH or (tree.height and (<Inner *> tree.root).count < 2):
        return False
    return node_sound(tree.root, tree.height, &size, &first) and size == tree.size and order_sound(tree)
