"""A counted B+ tree as a whole: made of all its members at once, released, checked."""

from pyredis.types.sorted_set.sorted_tree cimport Member, Tree

# Fills an empty tree with members in their order.
cdef void tree_load(Tree *tree, Member **members, size_t count) noexcept nogil
# Releases the nodes of about `budget` members, which may be gone already; true when none is left.
cdef bint tree_clear_some(Tree *tree, size_t budget) noexcept nogil
# Whether order, counts and first members are what they should be; for tests.
cdef bint tree_sound(const Tree *tree) noexcept nogil
