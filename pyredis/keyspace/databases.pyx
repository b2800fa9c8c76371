"""Flushing, swapping, expiring and tidying entire databases; ``databases.pxd`` has the contracts.

A flushed database is empty at once: its tables move to the keyspace's garbage. A client that watches a key of a
database that is flushed or swapped sees a change only if that key existed before, or exists now.
"""

from libc.stdint cimport int64_t
from libc.string cimport memset

from pyredis.ground.base cimport Slice, monotonic_ns
from pyredis.ground.memory cimport mem_free, mem_trim
from pyredis.keyspace.keyspace cimport (
    Database,
    Entry,
    Keyspace,
    WatchedKey,
    entry_expiry,
    keyspace_discard_table,
    keyspace_find,
    keyspace_is_expired,
    keyspace_peek,
    keyspace_release_garbage,
    keyspace_remove_expired,
    watched_key,
)
from pyredis.types.table.hashtable cimport (
    Table,
    TableIterator,
    hash_key,
    table_clear,
    table_is_resizing,
    table_iterate,
    table_iterate_end,
    table_next,
    table_random,
    table_scan,
    table_size,
    table_step,
)

cdef enum:
    EXPIRE_BATCH = 96
    # One look examines entries that expire until it has seen EXPIRE_LOOK of them, plus EXPIRE_LOOK_MORE for each level
    # of effort, over at most EXPIRE_BUCKETS buckets.
    EXPIRE_LOOK = 20
    EXPIRE_LOOK_MORE = 5
    # Percentage of overdue entries above which another look follows at once; each level of effort lowers it by one.
    EXPIRE_STALE = 10
    EXPIRE_BUCKETS = 64
    FLUSH_AT_ONCE = 100000
    # Expired keys that RANDOMKEY passes over if all keys expire and none may be removed.
    RANDOM_TRIES = 100
    # The most that a time to live counts for in the mean: 2**50 ms, so that no sum overflows.
    TTL_MOST = 0x4000000000000

ctypedef struct Expired:
    const Keyspace *keyspace
    Entry *entries[EXPIRE_BATCH]
    size_t count
    size_t seen
    size_t overdue
    int64_t ttl_sum

# How many entries one cycle has seen.
ctypedef struct ExpireCycle:
    size_t seen
    size_t overdue


# ---- entire databases ----

cdef void keyspace_destroy(Keyspace *keyspace) noexcept nogil:
    cdef int index
    for index in range(keyspace.count):
        keyspace_flush(keyspace, &keyspace.databases[index], True)
        table_clear(&keyspace.databases[index].watched)
    while keyspace.garbage != NULL:
        keyspace_release_garbage(keyspace, <size_t> -1)
    mem_free(keyspace.databases, keyspace.count * sizeof(Database))
    keyspace.databases = NULL
    keyspace.count = 0


cdef void signal_all(Database *database) noexcept nogil:
    cdef TableIterator iterator
    cdef WatchedKey *watched
    cdef Slice key
    table_iterate(&database.watched, &iterator)
    while True:
        watched = <WatchedKey *> table_next(&iterator)
        if watched == NULL:
            break
        key = watched_key(watched)
        if keyspace_peek(database, key, hash_key(key.data, key.size)) != NULL:
            watched.version += 1
    table_iterate_end(&iterator)


cdef void keyspace_flush(Keyspace *keyspace, Database *database, bint lazy) noexcept nogil:
    if table_size(&database.watched):
        signal_all(database)
    if keyspace.snapshot and table_size(&database.keys):
        keyspace.hooks.take_keys(keyspace.hooks.context, database)
    keyspace_discard_table(keyspace, &database.expires, 0)
    keyspace_discard_table(keyspace, &database.field_expires, 0)
    keyspace_discard_table(keyspace, &database.keys, table_size(&database.keys) if lazy else 0)
    database.average_ttl = 0
    if not lazy and keyspace.garbage != NULL:
        keyspace_release_garbage(keyspace, FLUSH_AT_ONCE)


cdef void drop_stale(Keyspace *keyspace, Table *watched, Database *database) noexcept nogil:
    """Removes the watched keys that have expired in ``database``."""
    cdef TableIterator iterator
    cdef WatchedKey *each
    cdef Slice key
    table_iterate(watched, &iterator)
    while True:
        each = <WatchedKey *> table_next(&iterator)
        if each == NULL:
            break
        key = watched_key(each)
        keyspace_find(keyspace, database, key, hash_key(key.data, key.size))
    table_iterate_end(&iterator)


cdef void take_data(Database *to, const Database *data) noexcept nogil:
    """Copies everything except what belongs to the database's number: the number itself and the watched keys."""
    to.keys = data.keys
    to.expires = data.expires
    to.field_expires = data.field_expires
    to.average_ttl = data.average_ttl
    to.expires_cursor = data.expires_cursor
    to.field_expires_cursor = data.field_expires_cursor


cdef void keyspace_swap(Keyspace *keyspace, Database *a, Database *b) noexcept nogil:
    cdef Database kept
    # An absent key that is swapped for an expired one has not changed.
    drop_stale(keyspace, &a.watched, b)
    drop_stale(keyspace, &b.watched, a)
    kept = a[0]
    signal_all(a)
    signal_all(b)
    take_data(a, b)
    take_data(b, &kept)
    if keyspace.snapshot:
        keyspace.hooks.swapped(keyspace.hooks.context, a, b)
    signal_all(a)
    signal_all(b)


cdef Entry *keyspace_random(Keyspace *keyspace, Database *database) noexcept nogil:
    cdef Entry *entry
    cdef int tries = 0
    while True:
        entry = <Entry *> table_random(&database.keys, &keyspace.random)
        if entry == NULL or not keyspace_is_expired(keyspace, entry):
            return entry
        if not keyspace.keeps_expired:
            keyspace_remove_expired(keyspace, database, entry)
        elif table_size(&database.expires) == table_size(&database.keys):
            # There may be none but expired keys, so that the search would never end.
            tries += 1
            if tries == RANDOM_TRIES:
                return entry


# ---- in slices ----

cdef void collect_expired(void *context, void *element) noexcept nogil:
    cdef Expired *expired = <Expired *> context
    cdef Entry *entry = <Entry *> element
    cdef int64_t ttl = entry_expiry(entry) - expired.keyspace.now_ms
    expired.seen += 1
    if ttl >= 0:
        expired.ttl_sum += min(ttl, <int64_t> TTL_MOST)
        return
    expired.overdue += 1
    if expired.count < EXPIRE_BATCH:
        expired.entries[expired.count] = entry
        expired.count += 1


cdef void note_ttl(Database *database, const Expired *expired) noexcept nogil:
    """Updates the moving average of the time to live, for INFO."""
    cdef size_t living = expired.seen - expired.overdue
    cdef int64_t mean
    if living == 0:
        return
    mean = expired.ttl_sum // <int64_t> living
    if database.average_ttl == 0:
        database.average_ttl = mean
    else:
        database.average_ttl += (mean - database.average_ttl) // 50


cdef bint expire_some(Keyspace *keyspace, Database *database, ExpireCycle *cycle) noexcept nogil:
    """Removes the overdue among a few entries; true when there were enough of them to make another look worthwhile.

    In a nearly empty table few buckets hold an entry: after a look that saw few, another follows until the walk ends.
    """
    cdef Expired expired
    cdef size_t index, rounds = 0, look = EXPIRE_LOOK + EXPIRE_LOOK_MORE * keyspace.expire_effort
    memset(&expired, 0, sizeof(expired))
    expired.keyspace = keyspace
    while expired.seen < look and rounds < EXPIRE_BUCKETS:
        database.expires_cursor = table_scan(&database.expires, database.expires_cursor, collect_expired, &expired)
        rounds += 1
        if database.expires_cursor == 0:
            break
    for index in range(expired.count):
        keyspace_remove_expired(keyspace, database, expired.entries[index])
    note_ttl(database, &expired)
    cycle.seen += expired.seen
    cycle.overdue += expired.overdue
    return expired.overdue * 100 > expired.seen * (EXPIRE_STALE - keyspace.expire_effort) or \
        (expired.seen < look and database.expires_cursor != 0)


cdef void note_stale(Keyspace *keyspace, const ExpireCycle *cycle) noexcept nogil:
    cdef double stale = 100.0 * cycle.overdue / cycle.seen if cycle.seen else 0
    keyspace.expired_stale += (stale - keyspace.expired_stale) * 0.05


cdef bint expire_databases(Keyspace *keyspace, int64_t deadline, ExpireCycle *cycle) noexcept nogil:
    cdef Database *database
    cdef int _step
    for _step in range(keyspace.count):
        database = &keyspace.databases[keyspace.expire_next]
        keyspace.expire_next = (keyspace.expire_next + 1) % keyspace.count
        while table_size(&database.expires) and expire_some(keyspace, database, cycle):
            if monotonic_ns() > deadline:
                keyspace.expire_cap_reached += 1
                return True
        if table_size(&database.expires) == 0:
            database.average_ttl = 0
    return False


cdef bint keyspace_expire_cycle(Keyspace *keyspace, int64_t budget_us) noexcept nogil:
    cdef ExpireCycle cycle
    cdef bint more
    memset(&cycle, 0, sizeof(cycle))
    more = expire_databases(keyspace, monotonic_ns() + budget_us * 1000, &cycle)
    note_stale(keyspace, &cycle)
    return more


cdef bint tidy_table(Table *table, int64_t deadline) noexcept nogil:
    while table_is_resizing(table):
        if monotonic_ns() > deadline:
            return True
        if not table_step(table, 128):
            break
    return False


cdef bint keyspace_tidy(Keyspace *keyspace, int64_t budget_us) noexcept nogil:
    cdef int64_t deadline = monotonic_ns() + budget_us * 1000
    cdef int index
    while keyspace.garbage != NULL:
        keyspace_release_garbage(keyspace, 512)
        if monotonic_ns() > deadline:
            return True
    for index in range(keyspace.count):
        if tidy_table(&keyspace.databases[index].keys, deadline) or \
                tidy_table(&keyspace.databases[index].expires, deadline) or \
                tidy_table(&keyspace.databases[index].field_expires, deadline):
            return True
    while mem_trim():
        if monotonic_ns() > deadline:
            return True
    return False
