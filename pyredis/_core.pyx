"""``Core``: owns the ``Server`` struct, builds its command table, and is the interface for Python code.

``configure`` sets directives, ``tick`` reads the clock, and ``expire_cycle`` and ``tidy`` do maintenance. Its base
class has the statistics (``dispatch/counters``).
"""

from libc.errno cimport errno
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from pyredis._resp cimport PARSE_REQUEST, Parser, Reply, arguments_free, parser_init, reply_free, reply_truncate
from pyredis.call.changes cimport (
    EVENT_EVICTED,
    EVENT_EXPIRED,
    EVENT_GENERIC,
    EVENT_HASH,
    EVENT_KEY_MISS,
    EVENT_LIST,
    EVENT_MODULE,
    EVENT_NEW,
    EVENT_SET,
    EVENT_STREAM,
    EVENT_STRING,
    EVENT_TO_KEYEVENT,
    EVENT_TO_KEYSPACE,
    EVENT_ZSET,
)
from pyredis.call.client cimport (
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_DENY_BLOCKING,
    Client,
    client_discard,
    client_init,
)
from pyredis.call.eviction cimport NO_EVICTION, evict, evictor_configure, evictor_destroy, evictor_init, evictor_of
from pyredis.call.field_expiry cimport expire_fields_cycle
from pyredis.call.handlers cimport client_object
from pyredis.call.monitors cimport monitors_destroy
from pyredis.call.notifications cimport hear_events, notifications_init
from pyredis.call.outbox cimport outbox_has_mail
from pyredis.call.overdue cimport expire_overdue
from pyredis.call.pausing cimport pause_end, pause_extend
from pyredis.call.propagation cimport end_unit, propagate_expired
from pyredis.call.state cimport (
    RECENT,
    RESTRICT_AOF_ERROR,
    RESTRICT_FAULTS,
    RESTRICT_LOADING,
    RESTRICT_MEMORY,
    RESTRICT_PAUSED,
    RESTRICT_TRACKING,
    Server,
    Settings,
    enter,
)
from pyredis.call.tracking cimport (
    tracking_check_size,
    tracking_delete,
    tracking_init,
    tracking_make_room,
    tracking_note_flush,
)
from pyredis.call.waiting cimport waiting_destroy, waiting_init, waiting_mark_all
from pyredis.channels.channels cimport channels_destroy, channels_init
from pyredis.dispatch.apart cimport apart_delete, apart_suspended
from pyredis.dispatch.batch cimport serve
from pyredis.dispatch.checks cimport reject_any
from pyredis.dispatch.counters cimport Counters
from pyredis.dispatch.direct cimport DirectClient, call_direct
from pyredis.dispatch.injected cimport strike_nested
from pyredis.dispatch.installing cimport free_commands, install_added, install_table, remove_added, rename_commands
from pyredis.dispatch.run cimport run_any
from pyredis.dispatch.serving cimport serve_waiting
from pyredis.ground.base cimport Slice, cycles_now, monotonic_ns, unlikely, wall_us
from pyredis.ground.memory cimport (
    Account,
    mem_account_close,
    mem_account_new,
    mem_allow_huge,
    mem_enter,
    mem_free,
    mem_zalloc,
)
from pyredis.journal.aof cimport (
    FSYNC_ALWAYS,
    FSYNC_EVERYSEC,
    FSYNC_NO,
    Aof,
    aof_attach,
    aof_buffered,
    aof_delete,
    aof_detach,
    aof_file_size,
    aof_fill_disk,
    aof_fsync_lag_ms,
    aof_fsync_pending,
    aof_new,
    aof_pause_sync,
    aof_released,
    aof_set_policy,
    aof_sync,
    aof_sync_failed,
    aof_vouch,
    aof_wake_fd,
)
from pyredis.journal.log cimport log_destroy, log_init, log_is_open
from pyredis.keyspace.databases cimport keyspace_destroy, keyspace_expire_cycle, keyspace_flush, keyspace_tidy
from pyredis.keyspace.keyspace cimport Database, Keyspace, keyspace_init, keyspace_tick, keyspace_time_us
from pyredis.wire.object_arguments cimport ObjectArguments, encode_arguments, release_arguments
from pyredis.wire.reply_objects cimport written_object

import os
import time

from pyredis.call.eviction import EVICTION_DIRECTIVES

# When the process first read the monotonic clock and the cycle counter: all cores measure from there.
cdef int64_t _started_ns = 0
cdef uint64_t _started_cycles = 0

# Not the settings of any server: only the addresses of its fields are used.
cdef Settings _settings

# The address of the field for each directive.
_SETTINGS = {
    "maxmemory": <size_t> &_settings.maxmemory,
    "slowlog-log-slower-than": <size_t> &_settings.slowlog_us,
    "latency-monitor-threshold": <size_t> &_settings.latency_ms,
    "latency-tracking": <size_t> &_settings.latency_tracking,
    "busy-reply-threshold": <size_t> &_settings.busy_reply_ms,
    "hash-max-listpack-entries": <size_t> &_settings.hash_max_listpack_entries,
    "hash-max-listpack-value": <size_t> &_settings.hash_max_listpack_value,
    "list-max-listpack-size": <size_t> &_settings.list_max_listpack_size,
    "list-compress-depth": <size_t> &_settings.list_compress_depth,
    "set-max-intset-entries": <size_t> &_settings.set_max_intset_entries,
    "set-max-listpack-entries": <size_t> &_settings.set_max_listpack_entries,
    "set-max-listpack-value": <size_t> &_settings.set_max_listpack_value,
    "zset-max-listpack-entries": <size_t> &_settings.zset_max_listpack_entries,
    "zset-max-listpack-value": <size_t> &_settings.zset_max_listpack_value,
    "stream-node-max-bytes": <size_t> &_settings.stream_node_max_bytes,
    "stream-node-max-entries": <size_t> &_settings.stream_node_max_entries,
    "hll-sparse-max-bytes": <size_t> &_settings.hll_sparse_max_bytes,
    "proto-max-bulk-len": <size_t> &_settings.proto_max_bulk,
    "tracking-table-max-keys": <size_t> &_settings.tracking_max_keys,
    "lazyfree-lazy-user-del": <size_t> &_settings.lazy_user_del,
    "lazyfree-lazy-server-del": <size_t> &_settings.lazy_server_del,
    "lazyfree-lazy-user-flush": <size_t> &_settings.lazy_user_flush,
    "lazyfree-lazy-expire": <size_t> &_settings.lazy_expire,
}
# Classes of keyspace events, by their letters in notify-keyspace-events.
_EVENTS = {
    "K": EVENT_TO_KEYSPACE,
    "E": EVENT_TO_KEYEVENT,
    "g": EVENT_GENERIC,
    "$": EVENT_STRING,
    "l": EVENT_LIST,
    "s": EVENT_SET,
    "h": EVENT_HASH,
    "z": EVENT_ZSET,
    "x": EVENT_EXPIRED,
    "e": EVENT_EVICTED,
    "t": EVENT_STREAM,
    "m": EVENT_KEY_MISS,
    "d": EVENT_MODULE,
    "n": EVENT_NEW,
}
_LETTERS = {event: letter for letter, event in _EVENTS.items()}

# The directives that ``Core.configure`` accepts.
DIRECTIVES = (
    *_SETTINGS, "notify-keyspace-events", "lfu-log-factor", "lfu-decay-time", "disable-thp",
    "active-expire-effort", *EVICTION_DIRECTIVES,
)

cdef enum:
    CALIBRATE_NS = 300000
    RING_SIZE = 1 << 20
    REPLY_SLICE = 256 << 10
    # A reply buffer larger than this, in bytes, is freed when it is empty.
    REPLY_KEEP = 1 << 20

# The highest limit of an account, in bytes.
MEMORY_MOST = (1 << 63) - 1


cdef void notify_listener(void *context, int event, const char *name, Database *database, Slice key) noexcept with gil:
    cdef Core core = <Core> context
    try:
        core.listener(_LETTERS[event], name, database.id, key.data[:key.size])
    except Exception as error:
        core.host.report_exception("Reporting a keyspace event failed", error)


cdef int64_t read_clock(void *context) noexcept with gil:
    cdef Core core = <Core> (<Server *> context).core
    try:
        return <int64_t> core.time_source()
    except Exception as error:
        core.host.report_exception("Reading the clock failed", error)
        return wall_us()


cdef void note_removal(void *context, int64_t ns) noexcept nogil:
    """Reports the removal of an expired key to the latency monitor if it took long."""
    note_duration(<Server *> context, "expire-del", ns)


cdef void note_duration(Server *server, const char *event, int64_t ns) noexcept nogil:
    if ns // 1000000 >= server.settings.latency_ms:
        report_duration(server, event, ns)


cdef void report_duration(Server *server, const char *event, int64_t ns) noexcept with gil:
    (<Core> server.core).note_latency(event.decode(), ns)


cdef void evict_later(Server *server) noexcept with gil:
    (<Core> server.core).host.evict_soon()


cdef class Core(Counters):
    """The data of one server: databases, command table, counters.

    ``host`` provides what only the server in Python can do: ``report_exception(where, error)``, ``aof_failure()``,
    ``on_foreign_protocol(client)``, ``on_too_many_errors(codes)``, ``evict_soon()``, ``log_script(level, line)`` and
    ``on_slow_script(name, milliseconds, command)``, whose last argument is the command that ends the script. ``specs``
    and ``bound`` are the command table and its handlers (``commands/table/registry``).
    """

    def __cinit__(self, host, dict specs, dict bound, int databases=16):
        cdef Account *interrupted
        memset(&self.server, 0, sizeof(self.server))
        self.server.memory = mem_account_new()
        interrupted = mem_enter(self.server.memory)
        self.host = host
        self.error_counts = {}
        self.specs = []
        self.handlers = []
        self.added_specs = {}
        self.renames = {}
        self.server.core = <void *> self
        log_init(&self.server.log, RING_SIZE)
        self.server.outbox.log = &self.server.log
        channels_init(&self.server.channels)
        notifications_init(&self.notifications, &self.server)
        self.server.next_client_id = 1
        self.server.recent = <uint64_t *> mem_zalloc(RECENT * sizeof(uint64_t))
        keyspace_init(&self.server.keyspace, databases)
        self.server.keyspace.hooks.context = &self.server
        self.server.keyspace.hooks.expired = propagate_expired
        evictor_init(&self.server)
        evictor_of(&self.server).go_on = evict_later
        evictor_of(&self.server).note = note_duration
        tracking_init(&self.server)
        self.server.run = run_any
        self.server.reject = reject_any
        self.server.serve_waiting = serve_waiting
        waiting_init(&self.server.waiting, databases, &self.server.heard)
        install_table(&self.server, specs, bound, self.specs, self.handlers)
        mem_enter(interrupted)
        self.calibrate()

    def __dealloc__(self):
        cdef Account *interrupted
        if self.server.memory == NULL:
            return  # wrong arguments: nothing was initialized
        interrupted = mem_enter(self.server.memory)
        if self.server.aof != NULL:
            aof_delete(self.server.aof)
        apart_delete(&self.server)
        if self.server.end_interpreter != NULL:
            self.server.end_interpreter(&self.server)
        log_destroy(&self.server.log)
        evictor_destroy(&self.server)
        waiting_destroy(&self.server.waiting)
        tracking_delete(&self.server)
        channels_destroy(&self.server.channels)
        monitors_destroy(&self.server.monitors)
        keyspace_destroy(&self.server.keyspace)
        reply_free(&self.server.reply)
        arguments_free(&self.server.arguments)
        mem_free(self.server.recent, RECENT * sizeof(uint64_t))
        free_commands(&self.server)
        if interrupted != self.server.memory:
            mem_enter(interrupted)
        mem_account_close(self.server.memory)

    # ---- names of commands ----

    def rename_commands(self, dict names):
        """Gives commands of the table other names, or none: ``names`` has the new name by the original one, both in
        lower case. Must be called before any command, and at most once."""
        cdef Account *interrupted = mem_enter(self.server.memory)
        rename_commands(&self.server, names)
        self.renames = names
        mem_enter(interrupted)

    # ---- commands that the program adds ----

    def add_command(self, spec, function):
        """Adds a command. ``spec`` is its CommandSpec; ``function`` takes a CommandContext (``dispatch/added``) and a
        list of all words, and returns a value of ``replies``.

        Raises ValueError if a command has that name already, and RuntimeError while a command runs.
        """
        cdef Account *interrupted = self.enter_idle()
        try:
            install_added(&self.server, spec, function, self.specs, self.handlers)
            self.added_specs[spec.name] = spec
        finally:
            mem_enter(interrupted)

    def remove_command(self, str name):
        """Removes a command that was added; ``name`` is in lower case. Raises the same as ``add_command``."""
        cdef Account *interrupted = self.enter_idle()
        try:
            remove_added(&self.server, name, self.handlers)
            del self.added_specs[name]
        finally:
            mem_enter(interrupted)

    # ---- injected faults ----

    @property
    def faults(self):
        """The rules that say which commands fail (``dispatch/injected``), or None."""
        return self.fault_rules

    @faults.setter
    def faults(self, rules):
        self.fault_rules = rules
        self.server.fault = strike_nested
        self.restrict(RESTRICT_FAULTS, rules is not None)

    def fill_disk(self, bint full):
        """Makes writes of the append-only file fail as on a full disk, until it is called with False."""
        self.disk_full = full
        if self.server.aof != NULL:
            aof_fill_disk(self.server.aof, full)

    @property
    def idle(self):
        """Whether a command can be called now: none runs, and no expired keys are being removed."""
        return self.server.current == NULL and not self.occupied

    @property
    def current_client(self):
        """The client whose command runs, or None."""
        return client_object(self.server.current) if self.server.current != NULL else None

    # ---- directives ----

    def configure(self, str name, value):
        """Sets the value of a directive that native code reads, one of ``DIRECTIVES``."""
        cdef Server *server = &self.server
        cdef Keyspace *keyspace = &server.keyspace
        cdef size_t offset
        if name in EVICTION_DIRECTIVES:
            evictor_configure(server, name, value)
        elif name == "notify-keyspace-events":
            self.notifications.classes = sum(_EVENTS[letter] for letter in value)
            hear_events(server)
        elif name == "lfu-log-factor":
            keyspace.lfu_log_factor = value
        elif name == "lfu-decay-time":
            keyspace.lfu_decay_time = value
        elif name == "active-expire-effort":
            keyspace.expire_effort = value - 1
        elif name == "disable-thp":
            mem_allow_huge(not value)
        else:
            offset = <size_t> _SETTINGS[name] - <size_t> &_settings
            (<uint64_t *> (<char *> &server.settings + offset))[0] = <uint64_t> (value & 0xffffffffffffffff)
        if name == "tracking-table-max-keys":
            tracking_check_size(server)
        elif name == "maxmemory":
            self.restrict(RESTRICT_MEMORY, value > 0)
            server.memory.limit = min(value, MEMORY_MOST)
        elif name in ("slowlog-log-slower-than", "latency-monitor-threshold"):
            self._set_slow_cycles()

    @property
    def on_event(self):
        """Called with (letter of the class, event, database, key) for every event of an enabled class, or None."""
        return self.listener

    @on_event.setter
    def on_event(self, listener):
        self.listener = listener
        self.notifications.listener = NULL
        if listener is not None:
            self.notifications.listener = notify_listener
        self.notifications.listener_context = <void *> self
        hear_events(&self.server)

    @property
    def clock(self):
        """A callable that returns the time in microseconds since 1970, or None for the system's clock."""
        return self.time_source

    @clock.setter
    def clock(self, source):
        self.time_source = source
        self.server.keyspace.hooks.clock = NULL
        if source is not None:
            self.server.keyspace.hooks.clock = read_clock
        keyspace_tick(&self.server.keyspace)

    def _set_slow_cycles(self):
        """Sets the number of cycles above which a command is reported to the slow log or the latency monitor."""
        cdef Server *server = &self.server
        cdef double slowest = -1
        if server.settings.slowlog_us >= 0:
            slowest = server.settings.slowlog_us * 1000.0
        if server.settings.latency_ms > 0 and (slowest < 0 or server.settings.latency_ms * 1e6 < slowest):
            slowest = server.settings.latency_ms * 1e6
        slowest /= server.ns_per_cycle
        server.settings.slow_cycles = <uint64_t> -1 if slowest < 0 or slowest > 1e18 else <uint64_t> slowest
        server.keyspace.hooks.timed = NULL
        if server.settings.latency_ms > 0:
            server.keyspace.hooks.timed = note_removal

    cdef int note_latency(self, str event, int64_t ns) except -1:
        """Reports an event to the latency monitor if it was long enough."""
        if 0 < self.server.settings.latency_ms <= ns // 1000000 and self.on_latency is not None:
            self.on_latency(event, ns // 1000000)
        return 0

    def restrict(self, int restriction, bint on):
        """Sets or lifts one of the ``RESTRICT_`` reasons to refuse commands."""
        if on:
            self.server.restrictions |= restriction
        else:
            self.server.restrictions &= ~restriction

    # ---- commands called in process ----

    def client(self, int protocol=3, bint authenticated=True):
        """Returns a new client in process (``dispatch/direct``), for the first argument of ``call``."""
        return DirectClient(self, protocol, authenticated)

    def call(self, DirectClient client not None, arguments):
        """Runs a command as if the client had sent it, and returns its reply (``wire/reply_objects``).

        ``arguments`` are bytes, str, int and float, the command's name first. An error reply is raised as
        ``ReplyError``; inside a reply, errors are elements. Returns None also if CLIENT REPLY suppresses the reply.
        Raises TypeError or ValueError for arguments that cannot be sent, ConnectionError for a client that has been
        closed, and RuntimeError when no command can run: while another one runs (in a handler, or in a listener of
        events), while expired keys are being removed, and in a finalizer that runs while a reply is being read.

        The reply does not wait for the append-only file. It may be shown to others once ``aof_released`` is not below
        ``client.wait_offset``.
        """
        cdef Account *interrupted = mem_enter(self.server.memory)
        try:
            return self.take_reply(self.run_call(client, arguments), False)
        finally:
            mem_enter(interrupted)

    cdef size_t run_call(self, DirectClient client, arguments) except? 0:
        """Runs a command; returns where its reply begins in the reply buffer."""
        cdef ObjectArguments encoded
        cdef size_t begin
        try:
            encode_arguments(&encoded, arguments, self.server.settings.proto_max_bulk)
            self.check_callable(client)
            keyspace_tick(&self.server.keyspace)
            begin = self.server.reply.size
            call_direct(&self.server, &client.client, <int> encoded.count, encoded.items)
        finally:
            release_arguments(&encoded)
        self.leave_call(client)
        return begin

    cdef int check_callable(self, DirectClient client) except -1:
        if client.state is not self:
            raise ValueError("the client belongs to another core")
        self.check_idle()
        if unlikely(client.client.flags & (CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW)):
            raise ConnectionError("the client has been closed")
        return 0

    cdef Account *enter_idle(self) except NULL:
        """Enters the server's account; raises RuntimeError while one of its commands runs."""
        self.check_idle()
        return mem_enter(self.server.memory)

    cdef int check_idle(self) except -1:
        if self.server.current != NULL or self.occupied:
            raise RuntimeError("not possible while a command runs or expired keys are being removed")
        return 0

    cdef int leave_call(self, DirectClient client) except -1:
        """Ends a call, whatever the reply: closes the client if it asked for that, and calls ``on_call`` if there are
        messages to deliver or bytes for the file."""
        cdef Server *server = &self.server
        client.wait_offset = server.wait_offset
        if unlikely(client.client.flags & (CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW)):
            client.finish()
        if self.on_call is not None and (
                outbox_has_mail(&server.outbox) or
                (server.aof != NULL and server.wait_offset > aof_released(server.aof))):
            self.on_call()
        return 0

    cdef object take_reply(self, size_t begin, int form):
        """Converts the reply in the reply buffer from ``begin`` on to an object, and removes it from the buffer.

        ``form`` is that of ``wire/plain_replies``. An error reply is raised.
        """
        cdef Reply *reply = &self.server.reply
        cdef bint failed
        if reply.size == begin:
            return None
        failed = reply.data[begin] == c'-' or reply.data[begin] == c'!'
        self.occupied = True
        try:
            value = written_object(reply, begin, form)
        finally:
            self.occupied = False
            reply_truncate(reply, begin)
            if unlikely(begin == 0 and reply.capacity > REPLY_KEEP):
                reply_free(reply)
        if unlikely(failed):
            raise value
        return value

    # ---- time ----

    def calibrate(self):
        """Measures the cycle counter against the monotonic clock; the later the call, the more exact the result."""
        global _started_ns, _started_cycles
        if _started_ns == 0:
            _started_ns = monotonic_ns()
            _started_cycles = cycles_now()
            while monotonic_ns() - _started_ns < CALIBRATE_NS:
                pass
        self.server.ns_per_cycle = (monotonic_ns() - _started_ns) / <double> (cycles_now() - _started_cycles)
        self._set_slow_cycles()

    def tick(self):
        """Reads the clock."""
        keyspace_tick(&self.server.keyspace)

    def expire_cycle(self, int64_t budget_us):
        """Removes expired keys, then expired hash fields, for up to ``budget_us`` each; true if time ran out in either.

        Either time grows with ``active-expire-effort``, as in Redis.
        """
        return self.expire(budget_us + budget_us * 2 * self.server.keyspace.expire_effort // 25)

    def expire_all(self):
        """Removes all expired keys and hash fields in the order of their times, however long it takes."""
        self.expire(-1)

    cdef bint expire(self, int64_t budget_us) except -1:
        cdef bint more = False
        cdef int64_t begin = monotonic_ns()
        cdef Account *interrupted
        if apart_suspended(&self.server):
            # A script must see the data of a single moment.
            return False
        interrupted = self.enter_idle()
        self.server.touched_count = 0
        self.server.log.loose = True
        self.occupied = True
        if budget_us < 0:
            expire_overdue(&self.server)
        else:
            more = keyspace_expire_cycle(&self.server.keyspace, budget_us)
            more = expire_fields_cycle(&self.server, budget_us) or more
        if log_is_open(&self.server.log):
            end_unit(&self.server)
        self.server.log.loose = False
        serve_waiting(&self.server)
        self.occupied = False
        begin = monotonic_ns() - begin
        self.expire_ns += begin
        self.note_latency("expire-cycle", begin)
        mem_enter(interrupted)
        return more

    def trim_tracking(self):
        """Makes the table of tracked keys smaller if it has more than ``tracking-table-max-keys``."""
        cdef Account *interrupted
        if self.server.restrictions & RESTRICT_TRACKING and self.idle:
            interrupted = mem_enter(self.server.memory)
            tracking_make_room(&self.server, NULL)
            mem_enter(interrupted)

    def evict(self):
        """Evicts keys while more than ``maxmemory`` is used, for as long as ``maxmemory-eviction-tenacity`` allows.

        If there is more to do then, ``host.evict_soon`` is called. Does nothing while the server is paused or busy.
        """
        cdef Account *interrupted
        if self.server.restrictions & NO_EVICTION:
            return
        interrupted = self.enter_idle()
        self.server.touched_count = 0
        self.occupied = True
        evict(&self.server)
        self.occupied = False
        mem_enter(interrupted)

    # ---- CLIENT PAUSE ----

    def pause(self, int64_t until_ms, bint everything):
        """Holds back commands that may write, or all, until this Unix time; keeps a later end and a stricter kind."""
        pause_extend(&self.server.pause, until_ms, everything)
        self.restrict(RESTRICT_PAUSED, True)

    def unpause(self):
        """Ends the pause. What it has held back runs later: ``serve_paused``, then ``Hub.run_held_back``."""
        pause_end(&self.server.pause)
        self.restrict(RESTRICT_PAUSED, False)
        self.server.keyspace.keeps_expired = False

    def serve_paused(self):
        """Answers the commands that wait for keys which have changed during a pause. No command may be running."""
        cdef int index
        enter(self)
        for index in range(self.server.keyspace.count):
            waiting_mark_all(&self.server.waiting, &self.server.keyspace.databases[index])
        serve_waiting(&self.server)

    @property
    def paused_until(self):
        """The end of the pause, Unix time in milliseconds; 0 without one."""
        return self.server.pause.until_ms

    def empty(self):
        """Removes all keys and libraries of functions, without propagating that to the append-only file."""
        cdef int index
        cdef Account *interrupted = self.enter_idle()
        for index in range(self.server.keyspace.count):
            keyspace_flush(&self.server.keyspace, &self.server.keyspace.databases[index], True)
            waiting_mark_all(&self.server.waiting, &self.server.keyspace.databases[index])
        tracking_note_flush(&self.server)
        if self.server.forget_functions != NULL:
            self.server.forget_functions(&self.server)
        mem_enter(interrupted)

    def tidy(self, int64_t budget_us):
        """Resizes tables and releases garbage for up to ``budget_us``; true when there is more to do."""
        cdef bint more
        cdef Account *interrupted = self.enter_idle()
        more = keyspace_tidy(&self.server.keyspace, budget_us)
        mem_enter(interrupted)
        return more

    # ---- the append-only file ----

    def aof_open(self, int fd, int64_t size, str policy):
        """Appends changes to ``fd``, a file of ``size`` bytes, from now on. Raises OSError."""
        cdef Account *interrupted = mem_enter(self.server.memory)
        try:
            self.attach_file(fd, size)
        finally:
            mem_enter(interrupted)
        self.aof_policy(policy)

    cdef int attach_file(self, int fd, int64_t size) except -1:
        cdef int error
        cdef Aof *aof = self.server.aof
        if aof == NULL:
            aof = aof_new(&self.server.log)
            if aof == NULL:
                raise OSError(errno, "cannot start the writer of the append-only file")
            if self.disk_full:
                aof_fill_disk(aof, True)
        error = aof_attach(aof, fd, size)
        if error:
            if self.server.aof == NULL:
                aof_delete(aof)
            raise OSError(error, os.strerror(error))
        self.server.aof = aof
        return 0

    def aof_policy(self, str policy):
        """Sets when the file is synced: ``always``, ``everysec`` or ``no``."""
        if self.server.aof != NULL:
            aof_set_policy(self.server.aof, FSYNC_ALWAYS if policy == "always" else
                           FSYNC_EVERYSEC if policy == "everysec" else FSYNC_NO)
            self.server.fsync_always = policy == "always"

    def aof_close(self):
        """Drains the ring, syncs and closes the file; returns an errno, 0 for success."""
        cdef int error
        cdef Account *interrupted
        if self.server.aof == NULL:
            return 0
        interrupted = mem_enter(self.server.memory)
        error = aof_detach(self.server.aof)
        aof_delete(self.server.aof)
        mem_enter(interrupted)
        self.server.aof = NULL
        self.server.fsync_always = False
        self.server.aof_error = 0
        memset(self.server.recent, 0, RECENT * sizeof(uint64_t))
        self.server.barrier = 0
        return error

    def aof_sync(self):
        """Writes and syncs everything published; returns an errno, 0 for success."""
        return aof_sync(self.server.aof) if self.server.aof != NULL else 0

    def aof_pause_sync(self, bint paused):
        if self.server.aof != NULL:
            aof_pause_sync(self.server.aof, paused)

    def aof_vouch(self, uint64_t position):
        """Reports that a base with the data of ``position``, written from memory, is on the disk."""
        aof_vouch(self.server.aof, position)

    @property
    def log_position(self):
        """The end of the log of changes: the number of bytes published so far."""
        return self.server.log.published

    @property
    def aof_released(self):
        """The position up to which the file is written or, with ``always``, synced: replies that wait for no later one
        may be sent. The largest number if there is no file."""
        return aof_released(self.server.aof) if self.server.aof != NULL else <uint64_t> -1

    @property
    def aof_wake_fd(self):
        return aof_wake_fd(self.server.aof) if self.server.aof != NULL else -1

    @property
    def aof_sync_failed(self):
        return aof_sync_failed(self.server.aof) if self.server.aof != NULL else False

    @property
    def aof_syncing(self):
        return aof_fsync_pending(self.server.aof) if self.server.aof != NULL else False

    def aof_state(self):
        """Returns (bytes in the newest file, bytes not written, age in ms of the oldest unsynced byte, syncing now)."""
        if self.server.aof == NULL:
            return (0, 0, 0, False)
        return (aof_file_size(self.server.aof), aof_buffered(self.server.aof), aof_fsync_lag_ms(self.server.aof),
                aof_fsync_pending(self.server.aof))

    # ---- state ----

    @property
    def in_transaction(self):
        """Whether the commands of an EXEC are being executed."""
        return self.server.in_exec != 0

    @property
    def has_interpreter(self):
        """Whether the server has an interpreter for scripts, which the first script makes."""
        return self.server.interpreter != NULL

    @property
    def has_function_interpreter(self):
        """Whether the server has an interpreter for functions, which the first library makes."""
        return self.server.function_interpreter != NULL

    @property
    def busy(self):
        """Whether a script has run for longer than ``busy-reply-threshold``, so that other commands are refused."""
        return apart_suspended(&self.server)

    def abandon_script(self):
        """Abandons the script that makes the server busy, when the server stops: the script never replies."""
        enter(self)
        apart_delete(&self.server)

    @property
    def may_wait(self):
        """Whether the running command may reply after it has returned: not inside EXEC, nor in process."""
        return not (self.server.in_exec or self.server.current == NULL or
                    self.server.current.flags & CLIENT_DENY_BLOCKING)

    @property
    def dirty(self):
        """The number of changes since the start."""
        return self.server.keyspace.dirty

    @property
    def now_ms(self):
        """The time of this iteration, in Unix milliseconds."""
        return self.server.keyspace.now_ms

    @property
    def time_us(self):
        """The time now, in microseconds since 1970."""
        return keyspace_time_us(&self.server.keyspace)

    @property
    def loading(self):
        return (self.server.restrictions & RESTRICT_LOADING) != 0

    @loading.setter
    def loading(self, bint value):
        self.restrict(RESTRICT_LOADING, value)
        self.server.keyspace.expires_nothing = value

    @property
    def write_error(self):
        """Whether writing commands are refused because the append-only file cannot be written."""
        return (self.server.restrictions & RESTRICT_AOF_ERROR) != 0

    @write_error.setter
    def write_error(self, bint value):
        self.restrict(RESTRICT_AOF_ERROR, value)

    @property
    def used_memory(self):
        return self.server.memory.used

    @property
    def peak_memory(self):
        return self.server.memory.peak

    @property
    def expires_paused(self):
        return self.server.keyspace.expires_nothing

    def reset_peak_memory(self):
        self.server.memory.peak = self.server.memory.used


class _Nobody:
    """A host whose methods are never called."""


cdef int execute_all(Core core, Client *client, bytes requests) except -1:
    cdef Parser parser
    cdef bytearray copy = bytearray(requests)
    cdef char *data = copy
    cdef int status = PARSE_REQUEST
    parser_init(&parser, <size_t> 1 << 40)
    while status == PARSE_REQUEST:
        status = serve(&core.server, client, &parser, data, len(copy), REPLY_SLICE)
        reply_truncate(&core.server.reply, 0)
    if parser.at != <size_t> len(copy):
        raise ValueError(f"no complete request at offset {parser.at}")
    return 0


def benchmark_core(bytes setup, bytes data):
    """Executes ``setup``, then ``data``, in a new core; returns (requests in ``data``, nanoseconds of CPU for them)."""
    from pyredis.commands.table.registry import BOUND, COMMANDS
    from pyredis.config import Config

    cdef Core core = Core(_Nobody(), COMMANDS, BOUND)
    cdef Client client
    cdef int64_t began
    cdef uint64_t before
    config = Config()
    for name in DIRECTIVES:
        core.configure(name, config[name])
    client_init(&client, &core.server.keyspace)
    try:
        execute_all(core, &client, setup)
        before = client.commands
        began = time.thread_time_ns()
        execute_all(core, &client, data)
        return client.commands - before, time.thread_time_ns() - began
    finally:
        client_discard(&client)
