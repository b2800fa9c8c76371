"""Collects what has expired, sorts it by time, and removes it; ``overdue.pxd`` has the contract."""

from libc.stdint cimport int64_t
from libc.stdlib cimport qsort

from pyredis.call.field_expiry cimport expire_fields, field_clock
from pyredis.call.state cimport Server
from pyredis.ground.memory cimport mem_free, mem_grow
from pyredis.keyspace.keyspace cimport (
    ENTRY_FIELD_EXPIRES,
    Database,
    Entry,
    Keyspace,
    entry_expiry,
    entry_pointer,
    keyspace_is_expired,
    keyspace_remove_expired,
)
from pyredis.types.hash.hash cimport Hash, hash_next_expiry
from pyredis.types.table.hashtable cimport TableIterator, table_iterate, table_iterate_end, table_next

cdef enum:
    FIRST_CAPACITY = 64

# A key that has expired, or a hash with fields that have. A hash may be both, and is then two of them.
ctypedef struct Overdue:
    int64_t when        # Unix time in ms
    Database *database
    Entry *entry        # NULL once it has been deleted
    bint fields

ctypedef struct AllOverdue:
    Overdue *items
    size_t count
    size_t capacity


cdef void add_overdue(AllOverdue *found, int64_t when, Database *database, Entry *entry, bint fields) noexcept nogil:
    if found.count == found.capacity:
        found.items = <Overdue *> mem_grow(found.items, &found.capacity, sizeof(Overdue), FIRST_CAPACITY)
    found.items[found.count] = Overdue(when, database, entry, fields)
    found.count += 1


cdef void collect_keys(const Keyspace *keyspace, Database *database, AllOverdue *found) noexcept nogil:
    cdef TableIterator iterator
    cdef Entry *entry
    table_iterate(&database.expires, &iterator)
    while True:
        entry = <Entry *> table_next(&iterator)
        if entry == NULL:
            break
        if keyspace_is_expired(keyspace, entry):
            add_overdue(found, entry_expiry(entry), database, entry, False)
    table_iterate_end(&iterator)


cdef void collect_hashes(const Server *server, Database *database, AllOverdue *found) noexcept nogil:
    cdef TableIterator iterator
    cdef Entry *entry
    cdef int64_t when
    table_iterate(&database.field_expires, &iterator)
    while True:
        entry = <Entry *> table_next(&iterator)
        if entry == NULL:
            break
        when = hash_next_expiry(<const Hash *> entry_pointer(entry))
        if when != 0 and when < field_clock(server):
            add_overdue(found, when, database, entry, True)
    table_iterate_end(&iterator)


cdef int compare_times(const void *a, const void *b) noexcept nogil:
    cdef int64_t first = (<const Overdue *> a).when
    cdef int64_t second = (<const Overdue *> b).when
    return (first > second) - (first < second)


cdef void forget_deleted(AllOverdue *found, size_t index) noexcept nogil:
    """Forgets the other mention of an entry that has been deleted."""
    cdef Entry *entry = found.items[index].entry
    for later in range(index + 1, found.count):
        if found.items[later].entry == entry:
            found.items[later].entry = NULL
            break


cdef void remove_overdue(Server *server, AllOverdue *found, size_t index) noexcept nogil:
    cdef Overdue item = found.items[index]
    cdef bint mentioned_again
    if item.entry == NULL:
        return
    if item.fields:
        mentioned_again = keyspace_is_expired(&server.keyspace, item.entry)
        if expire_fields(server, item.database, item.entry, <size_t> -1) != NULL:
            return
    else:
        mentioned_again = item.entry.flags & ENTRY_FIELD_EXPIRES
        keyspace_remove_expired(&server.keyspace, item.database, item.entry)
    if mentioned_again:
        forget_deleted(found, index)


cdef void expire_overdue(Server *server) noexcept nogil:
    cdef AllOverdue found = AllOverdue(NULL, 0, 0)
    cdef size_t index
    for number in range(server.keyspace.count):
        collect_keys(&server.keyspace, &server.keyspace.databases[number], &found)
        collect_hashes(server, &server.keyspace.databases[number], &found)
    if found.count:
        qsort(found.items, found.count, sizeof(Overdue), compare_times)
    for index in range(found.count):
        remove_overdue(server, &found, index)
    mem_free(found.items, found.capacity * sizeof(Overdue))
