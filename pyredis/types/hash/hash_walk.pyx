"""Iteration over a hash, and random fields of it; the contracts are in ``hash_walk.pxd``."""

from libc.stdint cimport int64_t, uint64_t, uintptr_t

from pyredis.types.hash.hash cimport HashVisitor, hash_size
from pyredis.types.hash.hash_fields cimport Field, field_expiry, fields_due
from pyredis.types.hash.hash_forms cimport (
    HASH_PACKED,
    HASH_TABLE,
    Hash,
    HashEntry,
    expiry_at,
    fields_of,
    form_of,
    is_due,
    read_field,
    read_pack,
    skip,
    stride_of,
)
from pyredis.types.packs.listpack cimport PACK_HEADER, Pack, pack_end, pack_seek
from pyredis.types.table.hashtable cimport (
    next_random,
    table_iterate,
    table_iterate_end,
    table_next,
    table_random,
    table_scan,
)
from pyredis.types.table.sampling cimport (
    Picked,
    Selection,
    is_walk_cheaper,
    pick,
    picked_free,
    picked_init,
    select_next,
    selection_of,
)

cdef enum:
    # Random picks in a table that may find due fields before the remaining fields are counted instead.
    RANDOM_TRIES = 64


# ---- counting ----

cdef size_t due_end(const Hash *hash, int64_t now, size_t *count) noexcept nogil:
    """Returns the position after the due fields of a pack, and sets ``count`` to their number."""
    cdef size_t at = PACK_HEADER
    count[0] = 0
    if form_of(hash) == HASH_PACKED:
        return at
    while at < pack_end(<const Pack *> hash) and is_due(expiry_at(hash, at), now):
        at = skip(<const Pack *> hash, at, 3)
        count[0] += 1
    return at


cdef size_t hash_living(const Hash *hash, int64_t now) noexcept nogil:
    cdef size_t due
    if form_of(hash) == HASH_TABLE:
        due = fields_due(fields_of(hash), now)
    else:
        due_end(hash, now, &due)
    return hash_size(hash) - due


# ---- iteration ----

cdef void hash_iterate(Hash *hash, int64_t now, HashIterator *iterator) noexcept nogil:
    cdef size_t due
    iterator.hash = hash
    iterator.now = now
    if form_of(hash) == HASH_TABLE:
        table_iterate(&fields_of(hash).base.table, &iterator.walk)
    else:
        iterator.at = due_end(hash, now, &due)


cdef bint hash_next(HashIterator *iterator, HashEntry *out) noexcept nogil:
    cdef const Field *field
    if form_of(iterator.hash) != HASH_TABLE:
        if iterator.at >= pack_end(<Pack *> iterator.hash):
            return False
        iterator.at = read_pack(iterator.hash, iterator.at, out)
        return True
    while True:
        field = <const Field *> table_next(&iterator.walk)
        if field == NULL:
            return False
        if not is_due(field_expiry(field), iterator.now):
            read_field(field, out)
            return True


cdef void hash_iterate_end(HashIterator *iterator) noexcept nogil:
    if form_of(iterator.hash) == HASH_TABLE:
        table_iterate_end(&iterator.walk)


cdef struct Scan:
    HashVisitor visit
    void *context
    int64_t now


cdef void scan_field(void *context, void *element) noexcept nogil:
    cdef Scan *scan = <Scan *> context
    cdef HashEntry entry
    read_field(<const Field *> element, &entry)
    if not is_due(entry.expiry, scan.now):
        scan.visit(scan.context, &entry)


cdef size_t visit_all(Hash *hash, int64_t now, HashVisitor visit, void *context) noexcept nogil:
    cdef HashIterator iterator
    cdef HashEntry entry
    cdef size_t count = 0
    hash_iterate(hash, now, &iterator)
    while hash_next(&iterator, &entry):
        visit(context, &entry)
        count += 1
    hash_iterate_end(&iterator)
    return count


cdef uint64_t hash_scan(Hash *hash, uint64_t cursor, int64_t now, HashVisitor visit, void *context) noexcept nogil:
    cdef Scan scan
    if form_of(hash) != HASH_TABLE:
        visit_all(hash, now, visit, context)
        return 0
    scan.visit = visit
    scan.context = context
    scan.now = now
    return table_scan(&fields_of(hash).base.table, cursor, scan_field, &scan)


# ---- random fields ----

cdef bint nth_living(Hash *hash, size_t index, int64_t now, HashEntry *out) noexcept nogil:
    cdef HashIterator iterator
    hash_iterate(hash, now, &iterator)
    while hash_next(&iterator, out) and index:
        index -= 1
    hash_iterate_end(&iterator)
    return index == 0


cdef bint random_packed(Hash *hash, int64_t now, uint64_t *random, HashEntry *out) noexcept nogil:
    cdef size_t due, living
    due_end(hash, now, &due)
    living = hash_size(hash) - due
    if living == 0:
        return False
    read_pack(hash, pack_seek(<Pack *> hash, (due + next_random(random) % living) * stride_of(hash)), out)
    return True


cdef bint hash_random(Hash *hash, int64_t now, uint64_t *random, HashEntry *out) noexcept nogil:
    cdef const Field *field
    cdef size_t living
    if form_of(hash) != HASH_TABLE:
        return random_packed(hash, now, random, out)
    for _ in range(RANDOM_TRIES):
        field = <const Field *> table_random(&fields_of(hash).base.table, random)
        if field != NULL and not is_due(field_expiry(field), now):
            read_field(field, out)
            return True
    living = hash_living(hash, now)
    return living > 0 and nth_living(hash, next_random(random) % living, now, out)


cdef size_t sample_walking(
        Hash *hash, size_t count, size_t living, int64_t now, uint64_t *random,
        HashVisitor visit, void *context) noexcept nogil:
    cdef Selection selection = selection_of(count, living)
    cdef HashIterator iterator
    cdef HashEntry entry
    hash_iterate(hash, now, &iterator)
    while selection.wanted and hash_next(&iterator, &entry):
        if select_next(&selection, random):
            visit(context, &entry)
    hash_iterate_end(&iterator)
    return count - selection.wanted


cdef size_t sample_picking(
        Hash *hash, size_t count, int64_t now, uint64_t *random, HashVisitor visit, void *context) noexcept nogil:
    cdef size_t found = 0
    cdef HashEntry entry
    cdef Picked picked
    picked_init(&picked, count)
    while found < count:
        hash_random(hash, now, random, &entry)
        if pick(&picked, <uintptr_t> entry.field.data):
            visit(context, &entry)
            found += 1
    picked_free(&picked)
    return found


cdef size_t hash_sample(
        Hash *hash, size_t count, int64_t now, uint64_t *random, HashVisitor visit, void *context) noexcept nogil:
    cdef size_t living = hash_living(hash, now)
    if count >= living:
        return visit_all(hash, now, visit, context)
    if form_of(hash) != HASH_TABLE or is_walk_cheaper(count, living):
        return sample_walking(hash, count, living, now, random, visit, context)
    return sample_picking(hash, count, now, random, visit, context)
