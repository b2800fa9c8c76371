"""Consumer groups; ``consumer_groups.pxd`` describes them.

Invariants between calls: every Nack of a group has a consumer of that group, and is in that consumer's index and in
no other consumer's; the index of a consumer contains nothing else.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport qsort
from libc.string cimport memcpy, memset

from pyredis.ground.base cimport Slice, slice_compare
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.types.stream.id_index cimport (
    IdPlace,
    index_at,
    index_clear,
    index_find,
    index_first,
    index_forward,
    index_insert,
    index_memory,
    index_pop,
    index_remove,
    index_sound,
)
from pyredis.types.table.hashtable cimport (
    Table,
    TableIterator,
    TableType,
    hash_of,
    table_clear,
    table_clear_some,
    table_get,
    table_init,
    table_insert,
    table_iterate,
    table_iterate_end,
    table_memory,
    table_next,
    table_remove,
    table_size,
)

cdef TableType _groups_type
cdef TableType _consumers_type


cdef void _group_key(const void *element, Slice *out) noexcept nogil:
    out[0] = group_name(<const Group *> element)


cdef void _consumer_key(const void *element, Slice *out) noexcept nogil:
    out[0] = consumer_name(<const Consumer *> element)


_groups_type.key = _group_key
_groups_type.destroy = group_free
_consumers_type.key = _consumer_key
_consumers_type.destroy = consumer_free


# ---- creating and releasing ----

cdef inline size_t group_size(const Group *group) noexcept nogil:
    return sizeof(Group) + group.name_size


cdef inline size_t consumer_size(const Consumer *consumer) noexcept nogil:
    return sizeof(Consumer) + consumer.name_size


cdef void consumer_free(void *element) noexcept nogil:
    """Releases a consumer, but not its Nacks."""
    cdef Consumer *consumer = <Consumer *> element
    index_clear(&consumer.pending)
    mem_free(consumer, consumer_size(consumer))


cdef size_t drop_nacks(Group *group, size_t budget) noexcept nogil:
    """Releases up to ``budget`` Nacks and returns the rest of the budget.

    The consumers' indexes still point to them, so their elements must not be accessed any more.
    """
    cdef Nack *nack
    while budget:
        nack = <Nack *> index_pop(&group.pending)
        if nack == NULL:
            break
        mem_free(nack, sizeof(Nack))
        budget -= 1
    return budget


cdef void group_free(void *element) noexcept nogil:
    cdef Group *group = <Group *> element
    drop_nacks(group, <size_t> -1)
    table_clear(&group.consumers)
    mem_free(group, group_size(group))


cdef Groups *groups_new() noexcept nogil:
    cdef Groups *groups = <Groups *> mem_alloc(sizeof(Groups))
    table_init(&groups.table, &_groups_type)
    groups.emptied = False
    return groups


cdef size_t empty_groups(Groups *groups, size_t budget) noexcept nogil:
    """Releases Nacks and consumers; returns the rest of the budget."""
    cdef TableIterator iterator
    cdef Group *group
    table_iterate(&groups.table, &iterator)
    while budget:
        group = <Group *> table_next(&iterator)
        if group == NULL:
            break
        budget = drop_nacks(group, budget)
        if budget and not table_clear_some(&group.consumers, budget):
            budget = 0
    table_iterate_end(&iterator)
    return budget


cdef bint groups_free_some(Groups *groups, size_t budget) noexcept nogil:
    if not groups.emptied:
        budget = empty_groups(groups, budget)
        groups.emptied = budget > 0
    if budget == 0 or not table_clear_some(&groups.table, budget):
        return False
    mem_free(groups, sizeof(Groups))
    return True


# ---- groups ----

cdef size_t groups_count(const Groups *groups) noexcept nogil:
    return table_size(&groups.table)


cdef Group *group_find(Groups *groups, Slice name) noexcept nogil:
    return <Group *> table_get(&groups.table, name, hash_of(name))


cdef Group *group_create(Groups *groups, Slice name, StreamId last_id, int64_t entries_read) noexcept nogil:
    cdef Group *group = <Group *> mem_alloc(sizeof(Group) + name.size)
    memset(group, 0, sizeof(Group))
    group.last_id = last_id
    group.entries_read = entries_read
    group.name_size = name.size
    memcpy(group + 1, name.data, name.size)
    table_init(&group.consumers, &_consumers_type)
    table_insert(&groups.table, group, hash_of(name))
    return group


cdef void groups_limit_read(Groups *groups, int64_t added) noexcept nogil:
    cdef size_t count, at
    cdef Group **all = <Group **> list_of(&groups.table, &count)
    for at in range(count):
        all[at].entries_read = min(all[at].entries_read, added)
    list_free(all, count)


cdef void group_destroy(Groups *groups, Group *group) noexcept nogil:
    cdef Slice name = group_name(group)
    table_remove(&groups.table, name, hash_of(name))
    group_free(group)


# ---- consumers ----

cdef size_t consumers_count(const Group *group) noexcept nogil:
    return table_size(&group.consumers)


cdef Consumer *consumer_find(Group *group, Slice name) noexcept nogil:
    return <Consumer *> table_get(&group.consumers, name, hash_of(name))


cdef Consumer *consumer_create(Group *group, Slice name, int64_t now) noexcept nogil:
    cdef Consumer *consumer = <Consumer *> mem_alloc(sizeof(Consumer) + name.size)
    memset(consumer, 0, sizeof(Consumer))
    consumer.seen_ms = now
    consumer.active_ms = NEVER_ACTIVE
    consumer.name_size = name.size
    memcpy(consumer + 1, name.data, name.size)
    table_insert(&group.consumers, consumer, hash_of(name))
    return consumer


cdef void consumer_delete(Group *group, Consumer *consumer) noexcept nogil:
    cdef Slice name = consumer_name(consumer)
    cdef Nack *nack
    while True:
        nack = <Nack *> index_pop(&consumer.pending)
        if nack == NULL:
            break
        index_remove(&group.pending, nack.id)
        mem_free(nack, sizeof(Nack))
    table_remove(&group.consumers, name, hash_of(name))
    consumer_free(consumer)


# ---- pending entries ----

cdef Nack *nack_find(const Group *group, StreamId id) noexcept nogil:
    return <Nack *> index_find(&group.pending, id)


cdef Nack *nack_deliver(Group *group, Consumer *consumer, StreamId id, int64_t now) noexcept nogil:
    cdef Nack *nack = nack_find(group, id)
    if nack != NULL:
        nack_assign(nack, consumer)
    else:
        nack = <Nack *> mem_alloc(sizeof(Nack))
        nack.id = id
        nack.consumer = consumer
        index_insert(&group.pending, nack)
        index_insert(&consumer.pending, nack)
    nack.delivered_ms = now
    nack.deliveries = 1
    return nack


cdef void nack_assign(Nack *nack, Consumer *consumer) noexcept nogil:
    if nack.consumer == consumer:
        return
    index_remove(&nack.consumer.pending, nack.id)
    index_insert(&consumer.pending, nack)
    nack.consumer = consumer


cdef void nack_remove(Group *group, Nack *nack) noexcept nogil:
    index_remove(&nack.consumer.pending, nack.id)
    index_remove(&group.pending, nack.id)
    mem_free(nack, sizeof(Nack))


# ---- lists by name ----

cdef int compare_groups(const void *a, const void *b) noexcept nogil:
    return slice_compare(group_name((<const Group **> a)[0]), group_name((<const Group **> b)[0]))


cdef int compare_consumers(const void *a, const void *b) noexcept nogil:
    return slice_compare(consumer_name((<const Consumer **> a)[0]), consumer_name((<const Consumer **> b)[0]))


cdef void **list_of(Table *table, size_t *count) noexcept nogil:
    cdef TableIterator iterator
    cdef void *element
    cdef void **items = <void **> mem_alloc((table_size(table) + 1) * sizeof(void *))
    count[0] = 0
    table_iterate(table, &iterator)
    while True:
        element = table_next(&iterator)
        if element == NULL:
            break
        items[count[0]] = element
        count[0] += 1
    table_iterate_end(&iterator)
    return items


cdef void list_free(void *items, size_t count) noexcept nogil:
    mem_free(items, (count + 1) * sizeof(void *))


cdef Group **sorted_groups(Groups *groups, size_t *count) noexcept nogil:
    cdef void **items = list_of(&groups.table, count)
    qsort(items, count[0], sizeof(void *), compare_groups)
    return <Group **> items


cdef Consumer **sorted_consumers(Group *group, size_t *count) noexcept nogil:
    cdef void **items = list_of(&group.consumers, count)
    qsort(items, count[0], sizeof(void *), compare_consumers)
    return <Consumer **> items


# ---- copies and sizes ----

cdef void copy_consumers(Group *group, Group *copy) noexcept nogil:
    cdef size_t count, at
    cdef Consumer **consumers = <Consumer **> list_of(&group.consumers, &count)
    cdef Consumer *consumer
    for at in range(count):
        consumer = consumer_create(copy, consumer_name(consumers[at]), consumers[at].seen_ms)
        consumer.active_ms = consumers[at].active_ms
    list_free(consumers, count)


cdef void copy_nacks(Group *group, Group *copy) noexcept nogil:
    cdef IdPlace place
    cdef Nack *nack
    cdef Nack *other
    cdef bint more = index_first(&group.pending, &place)
    while more:
        nack = <Nack *> index_at(&group.pending, place)
        other = nack_deliver(copy, consumer_find(copy, consumer_name(nack.consumer)), nack.id, nack.delivered_ms)
        other.deliveries = nack.deliveries
        more = index_forward(&group.pending, &place)


cdef Groups *groups_copy(Groups *groups) noexcept nogil:
    cdef Groups *copy = groups_new()
    cdef size_t count, at
    cdef Group **all = <Group **> list_of(&groups.table, &count)
    cdef Group *group
    for at in range(count):
        group = group_create(copy, group_name(all[at]), all[at].last_id, all[at].entries_read)
        copy_consumers(all[at], group)
        copy_nacks(all[at], group)
    list_free(all, count)
    return copy


cdef size_t groups_effort(Groups *groups) noexcept nogil:
    cdef TableIterator iterator
    cdef Group *group
    cdef size_t effort = 0
    table_iterate(&groups.table, &iterator)
    while True:
        group = <Group *> table_next(&iterator)
        if group == NULL:
            break
        effort += 1 + group.pending.size + table_size(&group.consumers)
    table_iterate_end(&iterator)
    return effort


cdef size_t consumers_memory(Group *group) noexcept nogil:
    cdef TableIterator iterator
    cdef Consumer *consumer
    cdef size_t total = table_memory(&group.consumers)
    table_iterate(&group.consumers, &iterator)
    while True:
        consumer = <Consumer *> table_next(&iterator)
        if consumer == NULL:
            break
        total += mem_footprint(consumer_size(consumer)) + index_memory(&consumer.pending)
    table_iterate_end(&iterator)
    return total


cdef size_t groups_memory(Groups *groups) noexcept nogil:
    cdef TableIterator iterator
    cdef Group *group
    cdef size_t total = mem_footprint(sizeof(Groups)) + table_memory(&groups.table)
    table_iterate(&groups.table, &iterator)
    while True:
        group = <Group *> table_next(&iterator)
        if group == NULL:
            break
        total += mem_footprint(group_size(group)) + index_memory(&group.pending) + consumers_memory(group)
        total += group.pending.size * mem_footprint(sizeof(Nack))
    table_iterate_end(&iterator)
    return total


# ---- for tests ----

cdef bint owns_its_pending(Group *group, Consumer *consumer) noexcept nogil:
    cdef IdPlace place
    cdef Nack *nack
    cdef bint more = index_first(&consumer.pending, &place)
    while more:
        nack = <Nack *> index_at(&consumer.pending, place)
        if nack.consumer != consumer or nack_find(group, nack.id) != nack:
            return False
        more = index_forward(&consumer.pending, &place)
    return index_sound(&consumer.pending)


cdef bint group_sound(Group *group) noexcept nogil:
    cdef size_t count, at, pending = 0
    cdef Consumer **consumers = sorted_consumers(group, &count)
    cdef bint sound = index_sound(&group.pending)
    for at in range(count):
        sound = sound and owns_its_pending(group, consumers[at])
        pending += consumers[at].pending.size
    list_free(consumers, count)
    return sound and pending == group.pending.size


cdef inline bint may_have_read(const Group *group, uint64_t added) noexcept nogil:
    return group.entries_read == ENTRIES_UNKNOWN or (group.entries_read >= 0 and <uint64_t> group.entries_read <= added)


cdef bint groups_sound(Groups *groups, uint64_t added) noexcept nogil:
    cdef size_t count, at
    cdef Group **all = sorted_groups(groups, &count)
    cdef bint sound = True
    for at in range(count):
        sound = sound and group_sound(all[at]) and may_have_read(all[at], added)
    list_free(all, count)
    return sound
