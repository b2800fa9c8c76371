"""Saves in pieces the kinds whose large form keeps its parts in a hash table; the parts are saved in any order."""

from pyredis.persistence.saving.saver cimport Pieces

# The saver must have `table` and `read_part`.
cdef const Pieces *table_pieces() noexcept nogil
