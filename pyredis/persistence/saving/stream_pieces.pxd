"""Saving in pieces for streams: their blocks in order, then what their groups have pending."""

from pyredis.persistence.saving.saver cimport Pieces

cdef const Pieces *stream_pieces() noexcept nogil
