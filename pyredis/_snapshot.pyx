"""A snapshot of the keyspace as commands: the base that a rewrite of the append-only file makes.

The keyspace serves on meanwhile. Beginning a snapshot raises the keyspace's epoch; a walk with SCAN's cursor, in
slices, writes every entry of an older epoch and stamps it; an entry that is about to change and is not stamped is
written first (the keyspace's ``preserve`` hook), and a new one is born stamped. So what is written is the data as they
were at the beginning. A change that the hook cannot follow, a whole database that goes or changes its number before
the walk has been through it, makes the snapshot ``void``: the caller starts over.

What entries become is the savers' business (``saving``). It goes through a ring of its own to a native thread, which
writes and syncs it piece by piece.
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
from pyredis._base cimport monotonic_ns
from pyredis._core cimport Core
from pyredis._dispatch cimport Server
from pyredis._keyspace cimport Database, Entry, Keyspace
from pyredis.saving.saver cimport save_entry, save_select
from pyredis.types.hashtable cimport TableIterator, table_iterate, table_iterate_end, table_next, table_scan

import os

cdef enum:
    RING_SIZE = 8 << 20
    # The walk waits for the writer when this much is not written yet.
    BACKLOG = 4 << 20
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
    if database != state.selected:
        save_select(state.out, database)
        state.selected = database
    if not save_entry(state.out, entry):
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
