"""The check that elements of a pack are all different, as the names of fields and members must be.

Needed for packs from untrusted bytes.
"""

from pyredis.types.packs.listpack cimport Pack

# Returns whether every `stride`-th element, from the first on, differs from all the other such elements. The pack must
# be valid and without backward lengths. Takes linear time.
cdef bint pack_distinct(const Pack *pack, size_t stride) noexcept nogil
