"""Walks over a table with SCAN's cursor and saves each part exactly once, as it was when the walk began.

SCAN visits hashes in the order of their reversed bits, even if the table is resized meanwhile. So the cursor shows
whether the walk is already past a part, which may then change freely. A part ahead of the walk is saved when it is
about to be changed or removed, and its name is noted. If a part is added ahead of the walk, its name is noted too. The
walk skips the names noted.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, load_u32, slice_of, store_u32
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport keyspace_discard_table
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.output cimport output_publish
from pyredis.persistence.saving.part_saver cimport save_elements
from pyredis.persistence.saving.partial cimport partial_begin, partial_key
from pyredis.persistence.saving.saver cimport Partial, Pieces
from pyredis.types.table.guard cimport Guard
from pyredis.types.table.hashtable cimport (
    Table,
    TableType,
    hash_key,
    table_find,
    table_init,
    table_insert,
    table_scan,
    table_scan_passed,
)

cdef enum:
    # Most steps in one piece: in a table that has become sparse, most buckets are empty.
    STEPS = 64
    # Most parts in one run.
    GATHERED = 64

ctypedef struct Walk:
    Table *table
    uint64_t cursor
    Table ahead             # names of the parts that the walk must skip

# The run that is being gathered.
ctypedef struct Gathered:
    Partial *partial
    size_t count
    size_t size
    size_t total
    void *elements[GATHERED]


# ---- names ----

cdef void *new_name(Slice name) noexcept nogil:
    cdef char *noted = <char *> mem_alloc(4 + name.size)
    store_u32(noted, <uint32_t> name.size)
    memcpy(noted + 4, name.data, name.size)
    return noted


cdef void name_key(const void *noted, Slice *out) noexcept nogil:
    out[0] = slice_of(<const char *> noted + 4, load_u32(noted))


cdef void name_destroy(void *noted) noexcept nogil:
    mem_free(noted, 4 + load_u32(noted))


cdef TableType _names_type
_names_type.key = name_key
_names_type.destroy = name_destroy


# ---- the walk ----

cdef void open_walk(Partial *partial) noexcept nogil:
    cdef Walk *walk = <Walk *> mem_alloc(sizeof(Walk))
    walk.table = partial.saver.table(partial.value)
    walk.cursor = 0
    table_init(&walk.ahead, &_names_type)
    partial.progress = walk


cdef void close_walk(Partial *partial) noexcept nogil:
    cdef Walk *walk = <Walk *> partial.progress
    keyspace_discard_table(partial.session.keyspace, &walk.ahead, 0)
    mem_free(walk, sizeof(Walk))


cdef inline bint is_saved(Walk *walk, Slice name, uint64_t hash) noexcept nogil:
    return table_scan_passed(walk.cursor, hash) or table_find(&walk.ahead, name, hash) != NULL


cdef void save_gathered(Gathered *gathered) noexcept nogil:
    cdef Partial *partial = gathered.partial
    if gathered.count:
        partial_begin(partial)
        save_elements(partial.saver, partial.session, partial_key(partial), gathered.elements, gathered.count)
    gathered.total += gathered.size
    gathered.count = 0
    gathered.size = 0


cdef void gather(void *context, void *element) noexcept nogil:
    cdef Gathered *gathered = <Gathered *> context
    cdef Partial *partial = gathered.partial
    cdef Walk *walk = <Walk *> partial.progress
    cdef Part part
    partial.saver.read_part(element, &part)
    if is_saved(walk, part.text, hash_key(part.text.data, part.text.size)):
        return
    gathered.elements[gathered.count] = element
    gathered.count += 1
    gathered.size += part.text.size + part.value.size
    if gathered.count == min(partial.session.encoder.run, <size_t> GATHERED) or gathered.size > partial.session.piece:
        save_gathered(gathered)


cdef bint save_some(Partial *partial) noexcept nogil:
    cdef Walk *walk = <Walk *> partial.progress
    cdef Gathered gathered
    gathered.partial = partial
    gathered.count = gathered.size = gathered.total = 0
    for _ in range(STEPS):
        walk.cursor = table_scan(walk.table, walk.cursor, gather, &gathered)
        if walk.cursor == 0 or gathered.total + gathered.size > partial.session.piece:
            break
    save_gathered(&gathered)
    return walk.cursor != 0


cdef void before(Guard *guard, Slice name, uint64_t hash, void *part) noexcept nogil:
    cdef Partial *partial = <Partial *> guard
    cdef Walk *walk = <Walk *> partial.progress
    if is_saved(walk, name, hash):
        return
    table_insert(&walk.ahead, new_name(name), hash)
    if part != NULL:
        partial_begin(partial)
        save_elements(partial.saver, partial.session, partial_key(partial), &part, 1)
        output_publish(partial.session.out)


cdef Pieces _pieces
_pieces.open = open_walk
_pieces.save_some = save_some
_pieces.before = before
_pieces.close = close_walk


cdef const Pieces *table_pieces() noexcept nogil:
    return &_pieces
