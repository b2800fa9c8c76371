"""Saving in pieces for streams: their blocks in order, then what their groups have pending."""

from pyredis.ground.base cimport Slice
from pyredis.persistence.saving.saver cimport Pieces, Session
from pyredis.types.stream.consumer_groups cimport Group

cdef const Pieces *stream_pieces() noexcept nogil
# The group's consumers by name.
cdef void save_consumers(Session *session, Slice key, Group *group) noexcept nogil
