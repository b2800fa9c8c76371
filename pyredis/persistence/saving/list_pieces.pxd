"""Saves lists in pieces; their parts have an order."""

from pyredis.persistence.saving.saver cimport Pieces

cdef enum:
    # Most nodes of a list that can be saved in pieces: a node's number has 24 bits.
    MOST_NODES = (1 << 24) - 2

cdef const Pieces *list_pieces() noexcept nogil
