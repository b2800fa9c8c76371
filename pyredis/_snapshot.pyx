"""A snapshot of the keyspace as commands: the base that a rewrite of the append-only file makes.

The keyspace serves on meanwhile. Beginning a snapshot raises the keyspace's epoch; a walk with SCAN's cursor, in
slices, writes every entry of an older epoch and stamps it; an entry that is about to change and is not stamped is
written first (the keyspace's ``preserve`` hook), and a new one is born stamped. So what is written is the data as they
were at the beginning. A change that the hook cannot follow, a whole database that goes or changes its number before
the walk has been through it, makes the snapshot ``void``: the caller starts over.

What is written goes through a ring of its own to a native thread, which writes and syncs it piece by piece.
"""

from libc.errno cimport EINVAL
from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis._aof cimport (
    FSYNC_ALWAYS,
    Aof,
    aof_buffered,
    aof_delete,
    aof_detach,
    aof_attach,
    aof_drain,
    aof_error,
    aof_new,
    aof_position,
    aof_publish,
    aof_released,
    aof_set_policy,
)
from pyredis._aof_commands cimport append_bulk, append_header
from pyredis._base cimport Slice, format_int64, monotonic_ns, slice_of
from pyredis._core cimport Core
from pyredis._dispatch cimport Server
from pyredis._keyspace cimport (
    HASH,
    STRING,
    Database,
    Entry,
    Keyspace,
    entry_expiry,
    entry_has_expiry,
    entry_key,
    entry_pointer,
    string_slice,
)
from pyredis.types.hash cimport (
    Hash,
    HashEntry,
    HashIterator,
    hash_iterate,
    hash_iterate_end,
    hash_next,
    hash_size,
)
from pyredis.types.hashtable cimport TableIterator, table_iterate, table_iterate_end, table_next, table_scan

import os

cdef enum:
    RING_SIZE = 8 << 20
    # The walk waits for the writer when this much is not written yet.
    BACKLOG = 4 << 20
    # Fields of one command.
    FIELDS = 64
    # After so many snapshots that ended early all stamps are renewed: an epoch must not come round again.
    STALE_EPOCHS = 200


ctypedef struct State:
    Aof *out
    Keyspace *keyspace
    int database                # the one being walked
    int selected                # the last SELECT written
    bint void
    bint unknown                # a value was met that has no commands here
    uint64_t keys


cdef class Snapshot:
    """One snapshot. ``work`` until it returns False, then ``finish``; ``void`` and ``error`` say it is in vain."""

    cdef Core core
    cdef State state
    cdef uint64_t cursor
    cdef bint walked
    cdef readonly uint64_t position  # of the append-only file at the beginning

    def __cinit__(self, Core core, int fd):
        """Begins at once. Takes over ``fd``, an empty file opened for appending. Raises OSError."""
        cdef int error
        self.core = core
        self.state.selected = -1
        self.state.keyspace = &core.server.keyspace
        self.state.out = aof_new(RING_SIZE)
        if self.state.out == NULL:
            raise OSError("the snapshot's writer cannot start")
        aof_set_policy(self.state.out, FSYNC_ALWAYS)
        error = aof_attach(self.state.out, fd, 0)
        if error:
            raise OSError(error, os.strerror(error))
        self.position = core.aof_position
        self.begin()

    def __del__(self):
        if self.core is not None:
            self.end()

    def __dealloc__(self):
        if self.state.out != NULL:
            aof_delete(self.state.out)

    cdef void begin(self) noexcept:
        cdef Keyspace *keyspace = self.state.keyspace
        keyspace.epoch += 1
        self.core.unfinished_snapshots += 1
        if self.core.unfinished_snapshots == STALE_EPOCHS:
            stamp_everything(keyspace)
            self.core.unfinished_snapshots = 1
        keyspace.snapshot = True
        keyspace.hooks.preserve = preserve
        keyspace.hooks.preserve_database = preserve_database
        self.core.server.snapshot = &self.state

    cdef void end(self) noexcept:
        """Leaves the keyspace alone."""
        if self.core.server.snapshot == <void *> &self.state:
            self.core.server.snapshot = NULL
            self.core.server.keyspace.snapshot = False

    def work(self, int64_t budget_us):
        """Walks for up to ``budget_us``; false when everything is written and on the disk, or in vain."""
        cdef int64_t deadline = monotonic_ns() + budget_us * 1000
        while not self.walked and not self.state.void and aof_buffered(self.state.out) < BACKLOG:
            self.walk_slice()
            if monotonic_ns() > deadline:
                break
        aof_drain(self.state.out)
        if self.state.void or self.error:
            return False
        return not self.walked or aof_released(self.state.out) < aof_position(self.state.out)

    cdef int walk_slice(self) except -1:
        cdef Database *database
        cdef int _
        if self.state.database == self.state.keyspace.count:
            self.walked = True
            self.core.unfinished_snapshots = 0
            self.end()
            return 0
        database = &self.state.keyspace.databases[self.state.database]
        for _ in range(32):
            self.cursor = table_scan(&database.keys, self.cursor, visit, &self.state)
            if self.cursor == 0:
                self.state.database += 1
                break
        aof_publish(self.state.out)
        return 0

    @property
    def void(self):
        """Whether the keyspace changed in a way that this snapshot cannot follow."""
        return self.state.void

    @property
    def error(self):
        """An errno, 0 for none: the writer's, or EINVAL where a value cannot be written."""
        return EINVAL if self.state.unknown else aof_error(self.state.out)

    @property
    def written(self):
        """Bytes made so far."""
        return aof_position(self.state.out)

    @property
    def keys(self):
        """Keys written so far."""
        return self.state.keys

    def finish(self):
        """Closes the file, which is complete and synced when this returns 0; otherwise an errno."""
        cdef int error = self.error
        cdef int last = aof_detach(self.state.out)
        self.end()
        return error or last

    def abandon(self):
        """Ends in vain; the file is the caller's to delete."""
        self.end()
        aof_detach(self.state.out)


# ---- the walk and the hooks ----

cdef void write_entry(State *state, int database, Entry *entry) noexcept nogil:
    cdef char scratch[24]
    cdef Slice key = entry_key(entry)
    if database != state.selected:
        write_select(state.out, database)
        state.selected = database
    if entry.type == STRING:
        write_string(state.out, key, string_slice(entry, scratch), entry_expiry(entry))
    elif entry.type == HASH:
        write_hash(state.out, key, <Hash *> entry_pointer(entry))
        if entry_has_expiry(entry):
            write_expiry(state.out, key, entry_expiry(entry))
    else:
        state.unknown = True
    state.keys += 1


cdef void visit(void *context, void *element) noexcept nogil:
    cdef State *state = <State *> context
    cdef Entry *entry = <Entry *> element
    if entry.epoch != state.keyspace.epoch:
        write_entry(state, state.database, entry)
        entry.epoch = state.keyspace.epoch


cdef void preserve(void *context, Database *database, Entry *entry) noexcept nogil:
    cdef State *state = <State *> (<Server *> context).snapshot
    write_entry(state, database.id, entry)
    aof_publish(state.out)


cdef void preserve_database(void *context, Database *database) noexcept nogil:
    cdef State *state = <State *> (<Server *> context).snapshot
    if database.id < state.database:
        return
    state.void = True
    state.keyspace.snapshot = False


cdef void stamp_everything(Keyspace *keyspace) noexcept nogil:
    """So that no entry bears an epoch from the last time round."""
    cdef TableIterator iterator
    cdef Entry *entry
    cdef int index
    for index in range(keyspace.count):
        table_iterate(&keyspace.databases[index].keys, &iterator)
        while True:
            entry = <Entry *> table_next(&iterator)
            if entry == NULL:
                break
            entry.epoch = <uint8_t> (keyspace.epoch - 1)
        table_iterate_end(&iterator)


# ---- commands ----

cdef void write_integer(Aof *out, int64_t value) noexcept nogil:
    cdef char text[24]
    append_bulk(out, slice_of(text, format_int64(text, value)))


cdef void write_select(Aof *out, int database) noexcept nogil:
    append_header(out, c'*', 2)
    append_bulk(out, slice_of("SELECT", 6))
    write_integer(out, database)


cdef void write_string(Aof *out, Slice key, Slice value, int64_t expiry) noexcept nogil:
    append_header(out, c'*', 5 if expiry >= 0 else 3)
    append_bulk(out, slice_of("SET", 3))
    append_bulk(out, key)
    append_bulk(out, value)
    if expiry >= 0:
        append_bulk(out, slice_of("PXAT", 4))
        write_integer(out, expiry)


cdef void write_expiry(Aof *out, Slice key, int64_t expiry) noexcept nogil:
    append_header(out, c'*', 3)
    append_bulk(out, slice_of("PEXPIREAT", 9))
    append_bulk(out, key)
    write_integer(out, expiry)


cdef void write_hash(Aof *out, Slice key, Hash *hash) noexcept nogil:
    """The fields, then the expiries of those that have one. Due fields are written too: their HDEL follows."""
    cdef HashIterator iterator
    cdef HashEntry entry
    cdef size_t left = hash_size(hash), inside = 0
    hash_iterate(hash, 0, &iterator)
    while hash_next(&iterator, &entry):
        if inside == 0:
            inside = min(left, <size_t> FIELDS)
            left -= inside
            append_header(out, c'*', 2 + 2 * inside)
            append_bulk(out, slice_of("HMSET", 5))
            append_bulk(out, key)
        append_bulk(out, entry.field)
        append_bulk(out, entry.value)
        inside -= 1
    hash_iterate_end(&iterator)
    write_field_expiries(out, key, hash)


cdef void write_field_expiries(Aof *out, Slice key, Hash *hash) noexcept nogil:
    cdef HashIterator iterator
    cdef HashEntry entry
    hash_iterate(hash, 0, &iterator)
    while hash_next(&iterator, &entry):
        if entry.expiry == 0:
            continue
        append_header(out, c'*', 6)
        append_bulk(out, slice_of("HPEXPIREAT", 10))
        append_bulk(out, key)
        write_integer(out, entry.expiry)
        append_bulk(out, slice_of("FIELDS", 6))
        append_bulk(out, slice_of("1", 1))
        append_bulk(out, entry.field)
    hash_iterate_end(&iterator)
