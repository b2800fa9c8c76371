"""The effects of delivering entries to consumers, besides the reply: for XREADGROUP, XCLAIM and XAUTOCLAIM.

None of these requests is propagated as it is. Their effects are: as XCLAIM for each pending entry, XGROUP SETID for how
far the group has read, and XGROUP CREATECONSUMER.
"""

from libc.stdint cimport int64_t

from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice
from pyredis.types.stream.consumer_groups cimport Consumer, Group, Nack
from pyredis.types.stream.id_index cimport StreamId
from pyredis.types.stream.stream cimport Stream

# What one command does with one group.
ctypedef struct Delivery:
    Call *call
    int key_at              # the argument that names the stream
    Slice group_name
    Slice consumer_name
    Stream *stream
    Group *group
    Consumer *consumer
    int64_t now

# Finds the consumer, or creates it and notifies of that; `propagated`: the creation is to be propagated.
cdef void provide_consumer(Delivery *delivery, bint propagated) noexcept nogil
cdef void propagate_claim(const Delivery *delivery, const Nack *nack) noexcept nogil
cdef void propagate_group_id(const Delivery *delivery) noexcept nogil
# Removes a pending entry whose stream entry no longer exists.
cdef void drop_nack(const Delivery *delivery, Nack *nack) noexcept nogil
# Records that the group has read the entry with this id; returns False if it had read as far before.
cdef bint note_read(const Delivery *delivery, StreamId id) noexcept nogil
