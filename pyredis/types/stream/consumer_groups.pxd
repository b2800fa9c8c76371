"""The consumer groups of a stream: how far each group has read, and which entries are pending for each consumer, that
is, delivered but not acknowledged.

A pending entry is one ``Nack``, which is in two indexes: its group's and its consumer's. Only the stream knows whether
the entry itself exists: a Nack may outlive its entry.

Groups and consumers are found by name in tables; ``sorted_groups`` and ``sorted_consumers`` list them in the order of
their names' bytes, as Redis does.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.stream.id_index cimport IdIndex, StreamId
from pyredis.types.table.hashtable cimport Table

cdef enum:
    # A value of Group.entries_read.
    ENTRIES_UNKNOWN = -1
    # A value of Consumer.active_ms.
    NEVER_ACTIVE = -1

ctypedef struct Consumer:
    int64_t seen_ms         # Unix time of its last attempt to read or claim
    int64_t active_ms       # … of the last attempt that returned an entry
    IdIndex pending         # Nacks, which the group owns
    size_t name_size
    # the name follows

ctypedef struct Nack:
    StreamId id
    int64_t delivered_ms    # Unix time
    uint64_t deliveries
    Consumer *consumer

ctypedef struct Group:
    StreamId last_id        # the last entry delivered
    int64_t entries_read    # number of entries ever added up to `last_id`: never more than the stream's `added`
    IdIndex pending         # Nacks
    Table consumers
    size_t name_size
    # the name follows

ctypedef struct Groups:
    Table table
    bint emptied            # being released, and only the groups themselves are left


cdef inline Slice group_name(const Group *group) noexcept nogil:
    cdef Slice name
    name.data = <const char *> (group + 1)
    name.size = group.name_size
    return name


cdef inline Slice consumer_name(const Consumer *consumer) noexcept nogil:
    cdef Slice name
    name.data = <const char *> (consumer + 1)
    name.size = consumer.name_size
    return name


# ---- all groups ----
cdef Groups *groups_new() noexcept nogil
cdef Groups *groups_copy(Groups *groups) noexcept nogil
# Releases about `budget` parts; returns true when everything is released, including `groups` itself.
cdef bint groups_free_some(Groups *groups, size_t budget) noexcept nogil
# Returns roughly the number of parts to release.
cdef size_t groups_effort(Groups *groups) noexcept nogil
# Returns the bytes in use, in total.
cdef size_t groups_memory(Groups *groups) noexcept nogil
# `added` is that of the stream.
cdef bint groups_sound(Groups *groups, uint64_t added) noexcept nogil

# ---- groups ----
cdef size_t groups_count(const Groups *groups) noexcept nogil
# Returns NULL if there is none.
cdef Group *group_find(Groups *groups, Slice name) noexcept nogil
# The name must not be in use.
cdef Group *group_create(Groups *groups, Slice name, StreamId last_id, int64_t entries_read) noexcept nogil
# Lowers every group's `entries_read` to `added` if it is higher.
cdef void groups_limit_read(Groups *groups, int64_t added) noexcept nogil
cdef void group_destroy(Groups *groups, Group *group) noexcept nogil
# Returns all groups; the caller releases the list with `list_free(list, count)`.
cdef Group **sorted_groups(Groups *groups, size_t *count) noexcept nogil
cdef void list_free(void *items, size_t count) noexcept nogil

# ---- consumers ----
cdef size_t consumers_count(const Group *group) noexcept nogil
cdef Consumer *consumer_find(Group *group, Slice name) noexcept nogil
# The name must not be in use.
cdef Consumer *consumer_create(Group *group, Slice name, int64_t now) noexcept nogil
# Deletes the consumer and its pending entries.
cdef void consumer_delete(Group *group, Consumer *consumer) noexcept nogil
cdef Consumer **sorted_consumers(Group *group, size_t *count) noexcept nogil

# ---- pending entries ----
cdef Nack *nack_find(const Group *group, StreamId id) noexcept nogil
# Makes the entry pending for this consumer and no other, delivered once, at `now`.
cdef Nack *nack_deliver(Group *group, Consumer *consumer, StreamId id, int64_t now) noexcept nogil
# Moves a pending entry to this consumer, which may already be its owner.
cdef void nack_assign(Nack *nack, Consumer *consumer) noexcept nogil
cdef void nack_remove(Group *group, Nack *nack) noexcept nogil
