"""Saving the kinds whose values are made of parts: hashes, lists, sets, sorted sets."""

from pyredis.ground.base cimport Slice
from pyredis.persistence.saving.saver cimport Saver, Session

# `Saver.save`: the whole value, due parts too, in as few runs as the encoder allows; then what expires.
cdef void save_whole(const Saver *saver, Session *session, Slice key, void *value) noexcept nogil
# The same of so many elements of the value's table, as one run.
cdef void save_elements(const Saver *saver, Session *session, Slice key, void **elements, size_t count) noexcept nogil
