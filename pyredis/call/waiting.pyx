"""Queues by key, and the list of keys that are ready."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_free, mem_zalloc
from pyredis.keyspace.keyspace cimport LIST, STREAM, ZSET, Database, Entry, keyspace_peek
from pyredis.types.table.hashtable cimport (
    Table,
    TableIterator,
    TableType,
    hash_key,
    table_clear,
    table_find,
    table_init,
    table_insert,
    table_iterate,
    table_iterate_end,
    table_next,
    table_remove,
    table_size,
)

cdef TableType _awaited_type


cdef void _awaited_key(const void *element, Slice *out) noexcept nogil:
    out[0] = awaited_key(<const AwaitedKey *> element)


cdef void _destroy_awaited(void *element) noexcept nogil:
    cdef AwaitedKey *key = <AwaitedKey *> element
    mem_free(key, sizeof(AwaitedKey) + key.key_size)


_awaited_type.key = _awaited_key
_awaited_type.destroy = _destroy_awaited


cdef Slice awaited_key(const AwaitedKey *key) noexcept nogil:
    return slice_of(<const char *> (key + 1), key.key_size)


cdef void waiting_init(Waiting *waiting, int databases, uint32_t *heard) noexcept nogil:
    cdef int index
    memset(waiting, 0, sizeof(Waiting))
    waiting.heard = heard
    waiting.awaited = <Table *> mem_zalloc(databases * sizeof(Table))
    waiting.databases = databases
    for index in range(databases):
        table_init(&waiting.awaited[index], &_awaited_type)


cdef void waiting_destroy(Waiting *waiting) noexcept nogil:
    """Frees the tables; no client may be in any queue."""
    cdef int index
    for index in range(waiting.databases):
        table_clear(&waiting.awaited[index])
    mem_free(waiting.awaited, waiting.databases * sizeof(Table))
    waiting.awaited = NULL


# ---- queues ----

cdef AwaitedKey *provide_key(Waiting *waiting, Database *database, Slice name) noexcept nogil:
    cdef uint64_t hash = hash_key(name.data, name.size)
    cdef Table *table = &waiting.awaited[database.id]
    cdef void **slot = table_find(table, name, hash)
    cdef AwaitedKey *key
    if slot != NULL:
        return <AwaitedKey *> slot[0]
    key = <AwaitedKey *> mem_zalloc(sizeof(AwaitedKey) + name.size)
    key.database = database
    key.key_size = name.size
    memcpy(<char *> (key + 1), name.data, name.size)
    table_insert(table, key, hash)
    waiting.keys += 1
    waiting.heard[0] |= HEARD_WAITING
    return key


cdef void drop_unused(Waiting *waiting, AwaitedKey *key) noexcept nogil:
    """Removes a key that nobody waits for, unless it is ready."""
    cdef Slice name = awaited_key(key)
    if key.first != NULL or key.ready:
        return
    table_remove(&waiting.awaited[key.database.id], name, hash_key(name.data, name.size))
    _destroy_awaited(key)
    waiting.keys -= 1
    if waiting.keys == 0:
        waiting.heard[0] &= ~<unsigned> HEARD_WAITING


cdef void count_eager(Waiting *waiting, AwaitedKey *key, int change) noexcept nogil:
    waiting.eager_keys -= key.eager > 0
    key.eager += change
    waiting.eager_keys += key.eager > 0


cdef void waiting_join(Waiting *waiting, Waiter *waiter, Database *database, Slice name) noexcept nogil:
    """A waiter that names a key twice is already at the end of its queue the second time."""
    cdef AwaitedKey *key = provide_key(waiting, database, name)
    cdef Place *place
    if key.last != NULL and key.last.waiter == waiter:
        return
    place = &waiter.places[waiter.place_count]
    waiter.place_count += 1
    place.waiter = waiter
    place.key = key
    place.before = key.last
    place.after = NULL
    if key.last != NULL:
        key.last.after = place
    else:
        key.first = place
    key.last = place
    if waiter.kind == ANY_CHANGE:
        count_eager(waiting, key, 1)


cdef void leave_key(Waiting *waiting, Place *place) noexcept nogil:
    cdef AwaitedKey *key = place.key
    if place.before != NULL:
        place.before.after = place.after
    else:
        key.first = place.after
    if place.after != NULL:
        place.after.before = place.before
    else:
        key.last = place.before
    if place.waiter.kind == ANY_CHANGE:
        count_eager(waiting, key, -1)
    drop_unused(waiting, key)


cdef void waiting_leave(Waiting *waiting, Waiter *waiter) noexcept nogil:
    cdef int index
    for index in range(waiter.place_count):
        leave_key(waiting, &waiter.places[index])
    waiter.place_count = 0


# ---- keys that are ready ----

cdef bint concerns_anybody(const AwaitedKey *key, const Entry *entry) noexcept nogil:
    """Returns whether a change can concern any waiter: only these kinds of values can be waited for."""
    if key.eager:
        return True
    return entry != NULL and (entry.type == LIST or entry.type == ZSET or entry.type == STREAM)


cdef void mark(Waiting *waiting, AwaitedKey *key, uint64_t hash) noexcept nogil:
    if key.ready or not concerns_anybody(key, keyspace_peek(key.database, awaited_key(key), hash)):
        return
    key.ready = True
    key.next_ready = NULL
    if waiting.last_ready != NULL:
        waiting.last_ready.next_ready = key
    else:
        waiting.ready = key
    waiting.last_ready = key


cdef void waiting_mark(Waiting *waiting, Database *database, Slice key, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(&waiting.awaited[database.id], key, hash)
    if slot != NULL:
        mark(waiting, <AwaitedKey *> slot[0], hash)


cdef void waiting_mark_all(Waiting *waiting, Database *database) noexcept nogil:
    cdef Table *table = &waiting.awaited[database.id]
    cdef TableIterator iterator
    cdef AwaitedKey *key
    if table_size(table) == 0:
        return
    table_iterate(table, &iterator)
    while True:
        key = <AwaitedKey *> table_next(&iterator)
        if key == NULL:
            break
        mark(waiting, key, hash_key(awaited_key(key).data, key.key_size))
    table_iterate_end(&iterator)


cdef AwaitedKey *waiting_next(Waiting *waiting) noexcept nogil:
    cdef AwaitedKey *key = waiting.ready
    if key == NULL:
        return NULL
    waiting.ready = key.next_ready
    if waiting.ready == NULL:
        waiting.last_ready = NULL
    return key


cdef void waiting_served(Waiting *waiting, AwaitedKey *key) noexcept nogil:
    key.ready = False
    drop_unused(waiting, key)
