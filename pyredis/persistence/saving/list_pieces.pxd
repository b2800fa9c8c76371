"""Saving in pieces for lists, whose parts have an order."""

from pyredis.persistence.saving.saver cimport Pieces

cdef enum:
    # Nodes of a list that can be saved in pieces: their number has 24 bits.
    MOST_NODES = (1 << 24) - 2

cdef const Pieces *list_pieces() noexcept nogil
