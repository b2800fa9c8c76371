"""Saves the kinds whose values are made of parts: hashes, lists, sets, sorted sets."""

from pyredis.ground.base cimport Slice
from pyredis.persistence.saving.saver cimport Saver, Session

# A `Saver.save`: saves the entire value, due parts included, in as few runs as the encoder allows; then the expiries.
cdef void save_whole(const Saver *saver, Session *session, Slice key, void *value) noexcept nogil
# Does the same with `count` elements of the value's table, as one run.
cdef void save_elements(const Saver *saver, Session *session, Slice key, void **elements, size_t count) noexcept nogil
