"""Saving in pieces for streams: their blocks in order, then what their groups have pending."""

from pyredis.saving.saver cimport Pieces

cdef const Pieces *stream_pieces() noexcept nogil
