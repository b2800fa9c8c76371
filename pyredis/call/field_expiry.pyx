"""Removing due hash fields; ``field_expiry.pxd`` says when and by whom."""

from libc.stdint cimport int64_t, uint64_t

from pyredis.call.changes cimport EVENT_GENERIC, EVENT_HASH, note_change
from pyredis.call.propagation cimport propagate_removal
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice, literal, monotonic_ns
from pyredis.keyspace.keyspace cimport (
    Database,
    Entry,
    entry_key,
    entry_pointer,
    entry_store_pointer,
    keyspace_delete,
    keyspace_mark_field_expiry,
    keyspace_preserve,
)
from pyredis.types.hash.hash cimport Hash, HashEntry, hash_expire_due, hash_next_expiry, hash_size
from pyredis.types.table.hashtable cimport hash_key, table_scan, table_size

cdef enum:
    # The most fields of one hash that are removed before the next hash's turn.
    FIELDS_PER_VISIT = 256
    # Hashes and steps of the table between two checks of the clock, and of whether another round is worthwhile.
    HASHES_PER_ROUND = 20
    STEPS_PER_ROUND = 64

ctypedef struct Removal:
    Server *server
    Database *database
    Slice key

ctypedef struct Round:
    Server *server
    Database *database
    size_t seen
    size_t overdue


cdef void propagate_expired_field(void *context, const HashEntry *field) noexcept nogil:
    cdef Removal *removal = <Removal *> context
    cdef Slice argv[3]
    argv[0] = literal("HDEL")
    argv[1] = removal.key
    argv[2] = field.field
    propagate_removal(removal.server, removal.database, 3, argv)


cdef inline bint has_due(const Server *server, const Entry *entry) noexcept nogil:
    cdef int64_t next = hash_next_expiry(<const Hash *> entry_pointer(entry))
    return next != 0 and next < field_clock(server)


cdef Entry *remove_due(Server *server, Database *database, Entry *entry, size_t budget) noexcept nogil:
    cdef Hash *hash = <Hash *> entry_pointer(entry)
    cdef Removal removal
    cdef uint64_t key
    removal.server = server
    removal.database = database
    removal.key = entry_key(entry)
    key = hash_key(removal.key.data, removal.key.size)
    keyspace_preserve(&server.keyspace, database, entry)
    server.keyspace.expired_fields += hash_expire_due(&hash, field_clock(server), budget,
                                                      propagate_expired_field, &removal)
    entry_store_pointer(entry, hash)
    note_change(server, database, removal.key, key, EVENT_HASH, "hexpired")
    if hash_size(hash) > 0:
        keyspace_mark_field_expiry(database, entry, hash_next_expiry(hash) != 0)
        return entry
    note_change(server, database, removal.key, key, EVENT_GENERIC, "del")
    keyspace_delete(&server.keyspace, database, entry, False)
    return NULL


cdef Entry *expire_fields(Server *server, Database *database, Entry *entry, size_t budget) noexcept nogil:
    """The removals are not counted as changes: they are in the log, so the command that found them need not be."""
    cdef uint64_t dirty = server.keyspace.dirty
    if has_due(server, entry):
        entry = remove_due(server, database, entry, budget)
        server.keyspace.dirty = dirty
    return entry


cdef void visit_hash(void *context, void *element) noexcept nogil:
    cdef Round *round = <Round *> context
    round.seen += 1
    if has_due(round.server, <Entry *> element):
        round.overdue += 1
        expire_fields(round.server, round.database, <Entry *> element, FIELDS_PER_VISIT)


cdef bint expire_round(Server *server, Database *database) noexcept nogil:
    """Examines some hashes; true when enough of them had due fields to make another round worthwhile.

    In a nearly empty table a round may see few; then another one follows until the walk ends.
    """
    cdef Round round
    cdef int steps = 0
    round.server = server
    round.database = database
    round.seen = 0
    round.overdue = 0
    while round.seen < HASHES_PER_ROUND and steps < STEPS_PER_ROUND:
        database.field_expires_cursor = table_scan(
            &database.field_expires, database.field_expires_cursor, visit_hash, &round)
        steps += 1
        if database.field_expires_cursor == 0:
            break
    return round.overdue * 10 > round.seen or (
        round.seen < HASHES_PER_ROUND and database.field_expires_cursor != 0)


cdef bint expire_fields_cycle(Server *server, int64_t budget_us) noexcept nogil:
    cdef int64_t deadline = monotonic_ns() + budget_us * 1000
    cdef Database *database
    cdef int index
    for index in range(server.keyspace.count):
        database = &server.keyspace.databases[index]
        while table_size(&database.field_expires) and expire_round(server, database):
            if monotonic_ns() > deadline:
                return True
    return False
