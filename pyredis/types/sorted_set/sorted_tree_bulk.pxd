"""Loading, releasing and checking an entire counted B+ tree."""

from pyredis.types.sorted_set.sorted_tree cimport Member, Tree

# Fills an empty tree with members that are in the tree's order.
cdef void tree_load(Tree *tree, Member **members, size_t count) noexcept nogil
# Releases the nodes of about `budget` members; returns true when none is left. The members may be freed already.
cdef bint tree_clear_some(Tree *tree, size_t budget) noexcept nogil
# Returns whether order, counts and first members are right; for tests.
cdef bint tree_sound(const Tree *tree) noexcept nogil
