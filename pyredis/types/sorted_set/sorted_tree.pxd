"""A counted B+ tree of scored members: the order and the ranks of a large sorted set.

A ``Member`` is one allocation: its score, its size (one byte, or 255 and four bytes), its bytes. Members are ordered by
score and, among equal scores, by their bytes. The tree does not own its members: it neither creates nor frees them.

A leaf is 512 bytes: a count and up to 63 pointers. An inner node has up to 32 children and, for each of them, the
number of members below it, its first member and that member's score. So a descent accesses members only if scores are
equal, and a rank is a sum of counts. Leaves are not linked: a ``TreePath`` remembers the way and walks in both
directions.

A full leaf gives members to a neighbour that has room before it splits. At either end of the tree, where ascending or
descending insertions arrive, it splits so that the half away from them stays full. A node that has become small joins a
neighbour if both fit well into one.
"""

from libc.stdint cimport uint8_t, uint16_t

from pyredis.ground.base cimport Slice, load_u32

cdef enum:
    LEAF_MEMBERS = 63
    FANOUT = 32
    TREE_DEPTH = 14         # each further level needs at least 16 times the insertions of the one below
    MEMBER_SHORT = 254      # the largest size that is stored in one byte

ctypedef struct Member:
    double score
    uint8_t size            # 255: four bytes of size follow

ctypedef struct Leaf:
    uint16_t count
    Member *members[LEAF_MEMBERS]

ctypedef struct Inner:
    uint16_t count
    void *children[FANOUT]  # Leaf in the lowest level, Inner above
    size_t sizes[FANOUT]    # members below each
    double scores[FANOUT]   # the first member's score
    Member *firsts[FANOUT]

ctypedef struct Tree:
    void *root              # NULL for an empty tree; a Leaf if `height` is 0
    size_t size             # members
    int height              # levels of inner nodes
    size_t leaves
    size_t inners

# The way to a place in a leaf, from the root down. Valid until the tree changes.
ctypedef struct TreePath:
    int height
    Inner *nodes[TREE_DEPTH]
    int places[TREE_DEPTH]  # the index of the child taken in each
    Leaf *leaf
    int place

# ---- members ----

cdef inline Slice member_text(const Member *member) noexcept nogil:
    cdef Slice text
    cdef const uint8_t *size = &member.size
    if size[0] <= MEMBER_SHORT:
        text.data = <const char *> size + 1
        text.size = size[0]
    else:
        text.data = <const char *> size + 5
        text.size = load_u32(size + 1)
    return text

cdef Member *member_new(Slice text, double score) noexcept nogil
cdef size_t member_size(const Member *member) noexcept nogil
# Returns a negative number, 0 or a positive number, by the order of the tree.
cdef int compare_scored(double a_score, Slice a, double b_score, Slice b) noexcept nogil

# ---- the tree ----

cdef void tree_init(Tree *tree) noexcept nogil
cdef size_t tree_memory(const Tree *tree) noexcept nogil

# Adds a member that is not in the tree yet.
cdef void tree_add(Tree *tree, Member *member) noexcept nogil
# Removes a member, which must be in the tree.
cdef void tree_remove(Tree *tree, Member *member) noexcept nogil
# Changes the score of a member of the tree.
cdef void tree_rescore(Tree *tree, Member *member, double score) noexcept nogil
# Takes out up to `limit` members from `rank` on, which must be less than the size, and writes them to `out`, which has
# room for LEAF_MEMBERS; returns how many, at least one.
cdef size_t tree_take(Tree *tree, size_t rank, size_t limit, Member **out) noexcept nogil

# Returns how many members are before this score and text in the order.
cdef size_t tree_rank(const Tree *tree, double score, Slice text) noexcept nogil
# Returns how many members have a score less than `score`, or, with `after`, at most `score`.
cdef size_t tree_rank_of_score(const Tree *tree, double score, bint after) noexcept nogil
# Returns how many members are less than `text`, or, with `after`, less than or equal. All scores must be equal.
cdef size_t tree_rank_of_text(const Tree *tree, Slice text, bint after) noexcept nogil
# Finds the way to the member of this rank, which must be less than the size.
cdef void tree_seek(const Tree *tree, size_t rank, TreePath *path) noexcept nogil

cdef inline Member *path_member(const TreePath *path) noexcept nogil:
    return path.leaf.members[path.place]

cdef bint path_next_leaf(TreePath *path) noexcept nogil
cdef bint path_previous_leaf(TreePath *path) noexcept nogil

# Move to the adjacent member. If there is none, return false, and the path is no longer usable.
cdef inline bint path_next(TreePath *path) noexcept nogil:
    path.place += 1
    return path.place < path.leaf.count or path_next_leaf(path)

cdef inline bint path_previous(TreePath *path) noexcept nogil:
    path.place -= 1
    return path.place >= 0 or path_previous_leaf(path)

# ---- nodes, for `sorted_tree_bulk`, which loads and releases whole trees ----

cdef Leaf *leaf_new(Tree *tree) noexcept nogil
cdef Inner *inner_new(Tree *tree) noexcept nogil
cdef void leaf_free(Tree *tree, Leaf *leaf) noexcept nogil
cdef void inner_free(Tree *tree, Inner *inner) noexcept nogil
cdef void inner_insert(Inner *inner, int place, void *child, size_t size, Member *first) noexcept nogil
