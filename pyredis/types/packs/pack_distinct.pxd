"""Whether elements of a pack differ from each other: what names of fields and members must, in foreign bytes too."""

from pyredis.types.packs.listpack cimport Pack

# Whether every `stride`-th element of a sound pack that leads forward, from the first on, differs from all the others.
# In linear time.
cdef bint pack_distinct(const Pack *pack, size_t stride) noexcept nogil
