"""Saving in pieces for the kinds whose large form keeps its parts in a hash table; their order does not matter."""

from pyredis.persistence.saving.saver cimport Pieces

# The saver must have `table` and `read_part`.
cdef const Pieces *table_pieces() noexcept nogil
