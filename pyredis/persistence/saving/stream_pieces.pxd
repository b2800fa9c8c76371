"""Saves streams in pieces: their blocks in order, then their groups with the pending entries."""

from pyredis.ground.base cimport Slice
from pyredis.persistence.saving.saver cimport Pieces, Session
from pyredis.types.stream.consumer_groups cimport Group

cdef const Pieces *stream_pieces() noexcept nogil
# Saves the group's consumers, ordered by name.
cdef void save_consumers(Session *session, Slice key, Group *group) noexcept nogil
