"""Saving the kinds whose values are made of parts, which one command brings: hashes, lists, sets, sorted sets."""

from pyredis.ground.base cimport Slice
from pyredis.persistence.saving.saver cimport Output, Saver

# `Saver.save`: the whole value, due parts too, in as few commands as COMMAND_PARTS allows; then what expires.
cdef void save_whole(const Saver *saver, Output out, Slice key, void *value) noexcept nogil
# The same of so many elements of the value's table, at most COMMAND_PARTS.
cdef void save_elements(const Saver *saver, Output out, Slice key, void **elements, size_t count) noexcept nogil
