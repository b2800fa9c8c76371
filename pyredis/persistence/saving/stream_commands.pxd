"""The commands that make a stream anew."""

from pyredis.ground.base cimport Slice
from pyredis.persistence.saving.saver cimport Output
from pyredis.types.stream.consumer_groups cimport Group, Nack
from pyredis.types.stream.stream cimport Stream, StreamEntry

cdef void save_stream_entry(Output out, Slice key, StreamEntry *entry) noexcept nogil
# Instead of entries.
cdef void save_emptiness(Output out, Slice key, const Stream *stream) noexcept nogil
# Behind the entries.
cdef void save_facts(Output out, Slice key, const Stream *stream) noexcept nogil
# Behind the facts: the group, its consumers, what they have pending.
cdef void save_group(Output out, Slice key, Group *group) noexcept nogil
cdef void save_consumers(Output out, Slice key, Group *group) noexcept nogil
cdef void save_nack(Output out, Slice key, Group *group, const Nack *nack) noexcept nogil
