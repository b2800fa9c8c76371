"""The consumer groups of a stream: who has read how far, and who has been given what and not acknowledged it yet.

A pending entry is one ``Nack``, which stands in two indexes, its group's and its consumer's. Whether the entries of
these ids exist is the stream's affair: a pending entry may outlive the one it was made for.

Groups and consumers are found by name in tables; ``sorted_groups`` and ``sorted_consumers`` list them in the order of
their names' bytes, as Redis does.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.stream.id_index cimport IdIndex, StreamId
from pyredis.types.table.hashtable cimport Table

cdef enum:
    # Of Group.entries_read: not known.
    ENTRIES_UNKNOWN = -1
    # Of Consumer.active_ms.
    NEVER_ACTIVE = -1

ctypedef struct Consumer:
    int64_t seen_ms         # Unix time of its last attempt to read or claim
    int64_t active_ms       # … of the last one that gave it something
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
    int64_t entries_read    # entries ever added up to there: never more than the stream's `added`
    IdIndex pending         # Nacks
    Table consumers
    size_t name_size
    # the name follows

ctypedef struct Groups:
    Table table
    bint emptied            # being released, and nothing but the groups themselves is left


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


# ---- the whole ----
cdef Groups *groups_new() noexcept nogil
cdef Groups *groups_copy(Groups *groups) noexcept nogil
# Releases about `budget` parts; true when nothing is left, `groups` included.
cdef bint groups_free_some(Groups *groups, size_t budget) noexcept nogil
# Parts to release, roughly.
cdef size_t groups_effort(Groups *groups) noexcept nogil
# Bytes in use, all told.
cdef size_t groups_memory(Groups *groups) noexcept nogil
# `added` is the stream's.
cdef bint groups_sound(Groups *groups, uint64_t added) noexcept nogil

# ---- groups ----
cdef size_t groups_count(const Groups *groups) noexcept nogil
# NULL when there is none.
cdef Group *group_find(Groups *groups, Slice name) noexcept nogil
# The name must not be taken.
cdef Group *group_create(Groups *groups, Slice name, StreamId last_id, int64_t entries_read) noexcept nogil
# No group may have read more entries than were added.
cdef void groups_limit_read(Groups *groups, int64_t added) noexcept nogil
cdef void group_destroy(Groups *groups, Group *group) noexcept nogil
# All groups; `list_free(list, count)` releases the list.
cdef Group **sorted_groups(Groups *groups, size_t *count) noexcept nogil
cdef void list_free(void *items, size_t count) noexcept nogil

# ---- consumers ----
cdef size_t consumers_count(const Group *group) noexcept nogil
cdef Consumer *consumer_find(Group *group, Slice name) noexcept nogil
# The name must not be taken.
cdef Consumer *consumer_create(Group *group, Slice name, int64_t now) noexcept nogil
# What was pending for it is forgotten.
cdef void consumer_delete(Group *group, Consumer *consumer) noexcept nogil
cdef Consumer **sorted_consumers(Group *group, size_t *count) noexcept nogil

# ---- pending entries ----
cdef Nack *nack_find(const Group *group, StreamId id) noexcept nogil
# The entry becomes the consumer's, whoever had it, as delivered once and now.
cdef Nack *nack_deliver(Group *group, Consumer *consumer, StreamId id, int64_t now) noexcept nogil
# The same entry for another consumer, which may be the one that has it.
cdef void nack_assign(Nack *nack, Consumer *consumer) noexcept nogil
cdef void nack_remove(Group *group, Nack *nack) noexcept nogil
