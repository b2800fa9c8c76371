"""What giving entries to consumers does beside the reply: for XREADGROUP, XCLAIM, XAUTOCLAIM and XGROUP.

None of these requests reaches the file as it is: what they did does, as XCLAIM for each pending entry, XGROUP SETID for
how far the group has read, XGROUP CREATECONSUMER.
"""

from libc.stdint cimport int64_t

from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice
from pyredis.types.stream.consumer_groups cimport Consumer, Group, Nack
from pyredis.types.stream.id_index cimport StreamId
from pyredis.types.stream.stream cimport Stream

# One command's doings with one group.
ctypedef struct Delivery:
    Call *call
    int key_at              # the argument that names the stream
    Slice group_name
    Slice consumer_name
    Stream *stream
    Group *group
    Consumer *consumer
    int64_t now

# The consumer, created where there is none, which is told and propagated; `propagated` says whether it needs to be.
cdef void provide_consumer(Delivery *delivery, bint propagated) noexcept nogil
cdef void propagate_claim(const Delivery *delivery, const Nack *nack) noexcept nogil
cdef void propagate_group_id(const Delivery *delivery) noexcept nogil
# The pending entry goes: its entry does not exist any more.
cdef void drop_nack(const Delivery *delivery, Nack *nack) noexcept nogil
# The group has read the entry with this id.
cdef bint note_read(const Delivery *delivery, StreamId id) noexcept nogil
