"""A snapshot of libraries and keyspace: the base, as commands, that a rewrite of the append-only file makes.

The server continues to serve meanwhile. Beginning a snapshot raises the keyspace's epoch. A walk with SCAN's cursor, in
slices, saves every entry of an older epoch and stamps it with the new one. An entry that is about to change and is not
stamped is saved first (the keyspace's ``preserve`` hook). New entries are stamped from the start. So the data are
written as they were at the beginning. Saving a large value only opens it: the value is written in pieces between the
slices of the walk (``persistence/saving/partial.pxd``), even if the keyspace gives it up meanwhile.

The keys that a database had at the beginning are a ``Source``. When databases are swapped, the sources follow. When a
database is flushed, the snapshot takes over the keys that it still needs, and releases them at its own end.

The savers enumerate what is in an entry, and an encoder turns that into bytes (``saving``). The bytes go through a ring
of the snapshot's own to a native thread, which writes and syncs them piece by piece.
"""

from libc.errno cimport EINVAL
from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis._core cimport Core
from pyredis.call.state cimport Server, enter
from pyredis.ground.base cimport literal, monotonic_ns, slice_of
from pyredis.ground.memory cimport Account, mem_enter, mem_free, mem_zalloc
from pyredis.journal.aof cimport (
    FSYNC_ALWAYS,
    Aof,
    aof_attach,
    aof_buffered,
    aof_delete,
    aof_detach,
    aof_drain,
    aof_error,
    aof_new,
    aof_released,
    aof_set_policy,
)
from pyredis.journal.log cimport Log, log_append, log_destroy, log_init, log_publish
from pyredis.keyspace.keyspace cimport Database, Entry, Keyspace, ValueKind, keyspace_discard_table
from pyredis.persistence.saving.command_encoder cimport command_encoder
from pyredis.persistence.saving.output cimport Output, output_bulk, output_header, output_publish
from pyredis.persistence.saving.partial cimport session_end, session_save, session_take, session_work
from pyredis.persistence.saving.saver cimport Session
from pyredis.types.table.hashtable cimport (
    Table,
    TableIterator,
    table_init,
    table_iterate,
    table_iterate_end,
    table_next,
    table_scan,
    table_size,
)

import os

from pyredis.lua.script_facts import library_codes

cdef enum:
    RING_SIZE = 8 << 20
    # The walk waits for the writer while this many bytes are not written yet.
    BACKLOG = 4 << 20
    # Bytes: larger values are saved in pieces, and a slice of the walk writes about this much.
    PIECE = 64 << 10
    # Most steps of the walk in a slice.
    STEPS = 32
    NONE = -1
    # After this many snapshots in a row that ended early, all stamps are renewed: epochs have 8 bits, so they repeat.
    STALE_EPOCHS = 200


# The keys that a database had when the snapshot began.
ctypedef struct Source:
    Table *table            # the keys of the database that has them now, or `taken`
    Table taken             # the keys, if their database was flushed

ctypedef struct State:
    Session session
    Keyspace *keyspace
    Source *sources         # by the number of the database at the beginning
    int *origins            # by the number of the database now: its source, NONE if the snapshot needs no keys of it
    int source              # the one being walked
    uint64_t cursor
    bint unknown            # a value has no saver
    uint64_t keys


cdef class Snapshot:
    """One snapshot. Call ``work`` until it returns False, then ``finish``."""

    cdef Core core
    cdef State state
    cdef Log log                     # the snapshot's own: the base's commands
    cdef Aof *out
    cdef Output output               # into that log
    cdef Account *memory             # the core's, which may have been freed before
    cdef readonly uint64_t position  # of the server's log at the beginning

    def __cinit__(self, Core core, int fd, size_t piece=PIECE):
        """Begins at once. Takes over ``fd``, an empty file opened for appending, unless it raises OSError.

        Values of more than ``piece`` bytes are saved in pieces of about that size.
        """
        cdef int error
        self.core = core
        enter(core)
        self.memory = core.server.memory
        log_init(&self.log, RING_SIZE)
        self.out = aof_new(&self.log)
        if self.out == NULL:
            raise OSError("the snapshot's writer cannot start")
        aof_set_policy(self.out, FSYNC_ALWAYS)
        error = aof_attach(self.out, fd, 0)
        if error:
            raise OSError(error, os.strerror(error))
        self.position = core.log_position
        self.output.append = append_to_log
        self.output.publish = publish_log
        self.output.target = &self.log
        self.state.session.out = &self.output
        self.state.session.encoder = command_encoder()
        self.state.session.piece = piece
        self.save_libraries()
        self.begin()

    def __del__(self):
        if self.core is not None:
            self.end()

    def __dealloc__(self):
        cdef Account *interrupted
        if self.memory == NULL:
            return
        interrupted = mem_enter(self.memory)
        if self.out != NULL:
            aof_delete(self.out)
        log_destroy(&self.log)
        mem_enter(interrupted)

    cdef int save_libraries(self) except -1:
        """Writes the libraries of functions, which are small, as commands that load them."""
        for code in library_codes(self.core):
            output_header(&self.output, c'*', 3)
            output_bulk(&self.output, literal("FUNCTION"))
            output_bulk(&self.output, literal("LOAD"))
            output_bulk(&self.output, slice_of(<const char *> (<bytes> code), len(<bytes> code)))
        output_publish(&self.output)
        return 0

    cdef void begin(self) noexcept:
        cdef Keyspace *keyspace = &self.core.server.keyspace
        keyspace.epoch += 1
        self.core.unfinished_snapshots += 1
        if self.core.unfinished_snapshots == STALE_EPOCHS:
            stamp_everything(keyspace)
            self.core.unfinished_snapshots = 1
        state_begin(&self.state, keyspace)
        keyspace.snapshot = True
        keyspace.hooks.preserve = preserve
        keyspace.hooks.take_value = take_value
        keyspace.hooks.take_keys = take_keys
        keyspace.hooks.swapped = swapped
        self.core.server.snapshot = &self.state

    cdef void end(self) noexcept:
        """Detaches the snapshot from the keyspace."""
        cdef Account *interrupted = mem_enter(self.core.server.memory)
        if self.core.server.snapshot == <void *> &self.state:
            self.core.server.snapshot = NULL
            self.core.server.keyspace.snapshot = False
            state_end(&self.state)
        mem_enter(interrupted)

    def work(self, int64_t budget_us):
        """Saves for up to ``budget_us`` microseconds. False when everything is on the disk, or after an error."""
        cdef int64_t deadline = monotonic_ns() + budget_us * 1000
        enter(self.core)
        while self.state.sources != NULL and aof_buffered(self.out) < BACKLOG:
            if not save_slice(&self.state):
                self.core.unfinished_snapshots = 0
                self.end()
            if monotonic_ns() > deadline:
                break
        aof_drain(self.out)
        if self.error:
            return False
        return self.state.sources != NULL or aof_released(self.out) < self.log.published

    @property
    def error(self):
        """An errno, 0 for none: the writer's, or EINVAL if a value has no saver."""
        return EINVAL if self.state.unknown else aof_error(self.out)

    @property
    def written(self):
        """Bytes produced so far, whether or not they are in the file yet."""
        return self.log.published

    @property
    def keys(self):
        """Keys saved so far, including those whose values are open."""
        return self.state.keys

    def finish(self):
        """Closes the file. Returns 0 if the file is complete and synced, otherwise an errno."""
        enter(self.core)
        cdef int error = self.error
        cdef int last = aof_detach(self.out)
        self.end()
        return error or last

    def abandon(self):
        """Gives the snapshot up. The caller deletes the file."""
        enter(self.core)
        self.end()
        aof_detach(self.out)


# ---- the ring ----

cdef void append_to_log(Output *out, const char *data, size_t size) noexcept nogil:
    log_append(<Log *> out.target, data, size)


cdef void publish_log(Output *out) noexcept nogil:
    log_publish(<Log *> out.target)


# ---- the walk ----

cdef void state_begin(State *state, Keyspace *keyspace) noexcept nogil:
    cdef int index
    state.keyspace = keyspace
    state.session.keyspace = keyspace
    state.session.selected = NONE
    state.sources = <Source *> mem_zalloc(keyspace.count * sizeof(Source))
    state.origins = <int *> mem_zalloc(keyspace.count * sizeof(int))
    for index in range(keyspace.count):
        state.sources[index].table = &keyspace.databases[index].keys
        table_init(&state.sources[index].taken, keyspace.databases[index].keys.type)
        state.origins[index] = index


cdef void state_end(State *state) noexcept nogil:
    """Closes the open values before it discards the keys, whose entries may hold them."""
    cdef Table *taken
    cdef int index
    session_end(&state.session)
    for index in range(state.keyspace.count):
        taken = &state.sources[index].taken
        keyspace_discard_table(state.keyspace, taken, table_size(taken))
    mem_free(state.sources, state.keyspace.count * sizeof(Source))
    mem_free(state.origins, state.keyspace.count * sizeof(int))
    state.sources = NULL
    state.origins = NULL


cdef void save(State *state, int source, Entry *entry) noexcept nogil:
    if not session_save(&state.session, source, entry):
        state.unknown = True
    state.keys += 1


cdef void visit(void *context, void *element) noexcept nogil:
    cdef State *state = <State *> context
    cdef Entry *entry = <Entry *> element
    if entry.epoch != state.keyspace.epoch:
        save(state, state.source, entry)
        entry.epoch = state.keyspace.epoch


cdef bint save_slice(State *state) noexcept nogil:
    """Saves a piece of an open value, or, if none is open, walks on. False when nothing is left to save."""
    cdef Output *out = state.session.out
    cdef uint64_t end = out.size + state.session.piece
    cdef int steps = 0
    if session_work(&state.session):
        return True
    if state.source == state.keyspace.count:
        return False
    while steps < STEPS and state.session.first == NULL and out.size < end:
        state.cursor = table_scan(state.sources[state.source].table, state.cursor, visit, state)
        output_publish(out)
        steps += 1
        if state.cursor == 0:
            state.source += 1
            break
    return True


# ---- the hooks ----

cdef inline State *state_of(void *context) noexcept nogil:
    return <State *> (<Server *> context).snapshot


cdef void preserve(void *context, Database *database, Entry *entry) noexcept nogil:
    cdef State *state = state_of(context)
    save(state, state.origins[database.id], entry)
    output_publish(state.session.out)


cdef bint take_value(void *context, ValueKind kind, void *value) noexcept nogil:
    return session_take(&state_of(context).session, kind, value)


cdef void take_keys(void *context, Database *database) noexcept nogil:
    """Takes over the keys of a database, unless the walk is already past them and no value is open."""
    cdef State *state = state_of(context)
    cdef int origin = state.origins[database.id]
    cdef Source *source
    if origin == NONE:
        return
    state.origins[database.id] = NONE
    if origin < state.source and state.session.first == NULL:
        return
    source = &state.sources[origin]
    source.taken = database.keys
    source.table = &source.taken
    table_init(&database.keys, source.taken.type)


cdef void follow(State *state, Database *database, int origin) noexcept nogil:
    state.origins[database.id] = origin
    if origin != NONE:
        state.sources[origin].table = &database.keys


cdef void swapped(void *context, Database *a, Database *b) noexcept nogil:
    cdef State *state = state_of(context)
    cdef int origin = state.origins[a.id]
    follow(state, a, state.origins[b.id])
    follow(state, b, origin)


cdef void stamp_everything(Keyspace *keyspace) noexcept nogil:
    """Stamps all entries with the previous epoch, so that none still has the present one from 256 snapshots ago."""
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
