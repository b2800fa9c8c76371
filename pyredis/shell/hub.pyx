"""Delivers replies and messages: at the end of an iteration, or when the append-only file has caught up.

``Hub`` owns what the connections share: the read buffer, the list of replies owed until the end of the iteration, and
the replies that wait longer, for the disk. The outbox (``call/outbox``) is delivered at the end of the iteration, after
the replies.
"""

from collections import deque

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t, uint64_t


from pyredis._core cimport Core
from pyredis._resp cimport Reply, reply_free, reply_truncate
from pyredis.call.client cimport CLIENT_BLOCKED, CLIENT_CLOSE_NOW, CLIENT_NO_EVICT, CLIENT_REPLICA
from pyredis.call.outbox cimport Mailbox, outbox_collect, outbox_due, outbox_has_mail
from pyredis.call.state cimport Server, enter
from pyredis.call.tracking cimport tracking_broadcast, tracking_memory
from pyredis.call.waiting cimport Waiter
from pyredis.channels.channels cimport subscriber_memory
from pyredis.dispatch.apart cimport apart_resume, apart_suspended
from pyredis.dispatch.direct cimport DirectClient
from pyredis.ground.base cimport monotonic_ns
from pyredis.ground.exclusion cimport Exclusion
from pyredis.ground.memory cimport Account, mem_alloc, mem_count, mem_enter, mem_free, mem_realloc
from pyredis.journal.aof cimport Aof, aof_drain, aof_fsync_pending, aof_released, aof_take_times, aof_wake_clear
from pyredis.keyspace.keyspace cimport keyspace_tick
from pyredis.shell.client_view cimport ClientView
from pyredis.shell.intake cimport READ_SIZE
from pyredis.shell.outgoing cimport PagePipe, Parcel, parcel_of
from pyredis.shell.roster cimport ClientList

cdef enum:
    # A reply buffer larger than this is released when it is empty.
    REPLY_KEEP = 1 << 20


cdef class Receiver(ClientView):
    """A client that the hub delivers to."""

    cdef int send(self, const char *data, size_t size) except -1:
        raise NotImplementedError

    cdef int send_large(self, size_t begin) except -1:
        raise NotImplementedError

    cdef int send_parcel(self, Parcel parcel) except -1:
        raise NotImplementedError

    cdef int check_output(self, size_t unsent) except -1:
        raise NotImplementedError

    cdef int look_again(self) except -1:
        raise NotImplementedError

    cdef int finish(self) except -1:
        raise NotImplementedError

    cdef int go_on(self) except -1:
        raise NotImplementedError


def _memory_counted(Receiver connection):
    return connection.counted


cdef class Hub:
    """What the connections of one server share.

    ``host`` decides about new connections: ``accept(connection)`` returns None, or the bytes of a refusal.
    """

    def __cinit__(self, Core core, host, loop, Exclusion exclusion=None):
        self.core = core
        self.host = host
        self.loop = loop
        self.timers = loop
        self.exclusion = exclusion
        self.clients = ClientList()
        self.pages = PagePipe(core)
        self.waiting = deque()
        self.stalled = set()
        enter(core)
        self.memory = core.server.memory
        self.buffer = <char *> mem_alloc(READ_SIZE)
        self.query_buffer_limit = 1 << 30
        core.on_call = self.follow_call

    def __dealloc__(self):
        cdef Account *interrupted
        if self.memory != NULL:
            interrupted = mem_enter(self.memory)
            mem_free(self.buffer, READ_SIZE)
            mem_free(self.owed, self.owed_capacity * sizeof(Owed))
            mem_enter(interrupted)

    cdef int owe(self, Receiver connection, size_t begin, Parcel parcel, uint64_t offset) except -1:
        """Leaves a reply for the end of the iteration: the reply buffer's bytes from ``begin`` on, or a parcel."""
        cdef size_t capacity
        cdef Owed *owed
        if self.owed_count == self.owed_capacity:
            capacity = max(<size_t> 64, 2 * self.owed_capacity)
            self.owed = <Owed *> mem_realloc(self.owed, self.owed_capacity * sizeof(Owed), capacity * sizeof(Owed))
            self.owed_capacity = capacity
        owed = self.owed + self.owed_count
        Py_INCREF(connection)
        owed.connection = <void *> connection
        owed.begin = begin
        owed.end = self.core.server.reply.size
        owed.parcel = NULL
        if parcel is not None:
            Py_INCREF(parcel)
            owed.parcel = <void *> parcel
        owed.offset = offset
        self.owed_count += 1
        connection.held += 1
        return self.schedule_flush()

    cdef int schedule_flush(self) except -1:
        if not self.flush_scheduled:
            self.flush_scheduled = True
            self.loop.call_soon(self.flush)
        return 0

    def flush(self):
        """Drains the ring, then sends the replies that are owed and the outbox. Runs at the end of an iteration."""
        cdef Server *server = &self.core.server
        cdef uint64_t released
        enter(self.core)
        self.flush_scheduled = False
        if server.aof != NULL:
            self.drain_ring()
        released = self.released()
        self.deliver_owed(released)
        if server.current != NULL:
            # A command called this, and the replies of its own batch have not been delivered yet.
            self.schedule_flush()
            return
        if not apart_suspended(server):
            # What a script changes is broadcast when it has ended.
            tracking_broadcast(server)
        self.deliver_mail(released)
        server.reply.size = 0
        if server.reply.capacity > REPLY_KEEP:
            reply_free(&server.reply)

    def drain(self):
        """Hands the ring to the file, and notifies the host when this begins to fail or works again."""
        self.drain_ring()

    cdef int drain_ring(self) except -1:
        cdef bint timed = self.core.server.settings.latency_ms > 0
        cdef int64_t began = monotonic_ns() if timed else 0
        cdef bint syncing = timed and aof_fsync_pending(self.core.server.aof)
        cdef int error = self.drain_file()
        if timed:
            self.note_write(monotonic_ns() - began, syncing)
        if error != self.core.server.aof_error:
            self.core.server.aof_error = error
            self.host.on_aof_error(error)
        return 0

    cdef int drain_file(self) noexcept:
        cdef Aof *aof = self.core.server.aof
        cdef int error
        if self.exclusion is None or not aof_fsync_pending(aof):
            return aof_drain(aof)
        # The system may let the write wait for the sync: other threads go on meanwhile.
        with nogil:
            error = aof_drain(aof)
        return error

    cdef int note_write(self, int64_t ns, bint syncing) except -1:
        """Reports the writes of the append-only file, and the syncs that clients wait for, to the latency monitor.

        A write may be slow because a sync is running or because a rewrite is.
        """
        cdef int64_t synced = 0
        if self.core.server.fsync_always:
            syncing = False
            aof_take_times(self.core.server.aof, &ns, &synced)
        why = "pending-fsync" if syncing else "active-child" if self.core.server.snapshot != NULL else "alone"
        self.core.note_latency("aof-write", ns)
        self.core.note_latency(f"aof-write-{why}", ns)
        self.core.note_latency("aof-fsync-always", synced)
        return 0

    cdef uint64_t released(self) noexcept:
        """Returns the log position up to which replies may be sent: the file has everything before."""
        cdef Server *server = &self.core.server
        return aof_released(server.aof) if server.aof != NULL else <uint64_t> -1

    cdef int deliver_owed(self, uint64_t released) except -1:
        cdef size_t index
        cdef Receiver connection
        for index in range(self.owed_count):
            connection = <Receiver> self.owed[index].connection
            Py_DECREF(connection)
            try:
                self.deliver_reply(connection, &self.owed[index], released)
            except Exception as error:
                self.host.report_exception("Sending a reply failed", error)
                connection.close()
        self.owed_count = 0
        return 0

    cdef int deliver_reply(self, Receiver connection, const Owed *owed, uint64_t released) except -1:
        """Sends one reply that is owed, or adds it to those that wait longer."""
        cdef char *data = self.core.server.reply.data
        cdef Parcel parcel = None
        connection.held -= 1
        if owed.parcel != NULL:
            parcel = <Parcel> owed.parcel
            Py_DECREF(parcel)
        if owed.offset > released or connection.waiting:
            if parcel is not None:
                return self.wait(connection, parcel, parcel.size, owed.offset)
            return self.wait(connection, data[owed.begin:owed.end], owed.end - owed.begin, owed.offset)
        if parcel is not None:
            connection.send_parcel(parcel)
        else:
            connection.send(data + owed.begin, owed.end - owed.begin)
        return connection.finish()

    cdef int wait(self, Receiver connection, object reply, size_t size, uint64_t offset) except -1:
        cdef size_t copied = size
        if isinstance(reply, Parcel):
            copied = (<Parcel> reply).copied()
        else:
            mem_count(size)     # a parcel counts its copies itself
        self.waiting.append((connection, reply, size, offset))
        connection.waiting_copied += copied
        connection.held += 1
        connection.waiting += 1
        connection.waiting_bytes += size
        return connection.check_output(0)

    def release(self):
        """Sends the waiting replies that the file has caught up with. Called when the native thread has progressed."""
        cdef uint64_t released
        cdef Receiver connection
        cdef size_t size
        enter(self.core)
        if self.core.server.aof != NULL:
            aof_wake_clear(self.core.server.aof)
            self.drain_ring()
        released = self.released()
        while self.waiting and <uint64_t> self.waiting[0][3] <= released:
            receiver, reply, size, _ = self.waiting.popleft()
            if not isinstance(receiver, Receiver):
                self.hand_over_waiting(receiver, reply)
                continue
            connection = receiver
            connection.waiting -= 1
            connection.waiting_bytes -= size
            connection.held -= 1
            if isinstance(reply, Parcel):
                connection.waiting_copied -= (<Parcel> reply).copied()
                connection.send_parcel(reply)
            else:
                connection.waiting_copied -= size
                mem_count(-<ssize_t> size)
                connection.send(PyBytes_AS_STRING(reply), size)
            connection.finish()
            if connection.stalled and not connection.waiting and not connection.writing:
                connection.look_again()

    def deliver_soon(self):
        """Delivers the outbox at the end of the iteration. Must be called after anything that may send a message."""
        if outbox_has_mail(&self.core.server.outbox):
            self.schedule_flush()

    cdef int deliver_mail(self, uint64_t released) except -1:
        cdef Server *server = &self.core.server
        cdef size_t begin = server.reply.size
        cdef Mailbox *mailbox = outbox_due(&server.outbox)
        while mailbox != NULL:
            receiver = <object> mailbox.client.owner
            try:
                if isinstance(receiver, Receiver):
                    self.deliver_to(receiver, released)
                else:
                    self.hand_over(receiver, released)
            except Exception as error:
                self.host.report_exception("Sending a message failed", error)
                reply_truncate(&server.reply, begin)
                receiver.close()
            mailbox = outbox_due(&server.outbox)
        return 0

    cdef int hand_over(self, DirectClient receiver, uint64_t released) except -1:
        """Delivers to an in-process client what is addressed to it."""
        cdef Reply *reply = &self.core.server.reply
        cdef size_t begin = reply.size
        cdef uint64_t offset = 0
        outbox_collect(&self.core.server.outbox, &receiver.client, reply, &offset)
        message = b"".join(parcel_of(reply, begin, 0).parts)
        if offset <= released and not receiver.waiting:
            receiver.push(message)
        else:
            self.waiting.append((receiver, message, len(message), offset))
            receiver.waiting += 1
        return 0

    cdef int hand_over_waiting(self, DirectClient receiver, bytes message) except -1:
        receiver.waiting -= 1
        try:
            receiver.push(message)
        except Exception as error:
            self.host.report_exception("Sending a message failed", error)
            receiver.close()
        return 0

    cdef int deliver_to(self, Receiver connection, uint64_t released) except -1:
        """Sends one client what is addressed to it. If this answers a command, the client continues."""
        cdef Server *server = &self.core.server
        cdef size_t begin = server.reply.size
        cdef uint64_t offset = 0
        cdef bint answered = outbox_collect(&server.outbox, &connection.client, &server.reply, &offset)
        cdef Parcel parcel
        if offset > released or connection.waiting:
            parcel = parcel_of(&server.reply, begin, 0)
            if parcel.size:
                self.wait(connection, parcel, parcel.size, offset)
        elif server.reply.piece_count:
            connection.send_large(begin)
        else:
            connection.send(server.reply.data + begin, server.reply.size - begin)
            server.reply.size = begin
        if answered:
            connection.go_on()
        return connection.finish()

    cdef int begin_iteration(self) except -1:
        """With the latency monitor on: times the loop from the first read of an iteration until all are served."""
        self.iteration_began = monotonic_ns()
        self.loop.call_soon(self.end_iteration)
        return 0

    def end_iteration(self):
        cdef int64_t began = self.iteration_began
        self.iteration_began = 0
        self.core.note_latency("eventloop", monotonic_ns() - began)

    def follow_call(self):
        """Schedules a flush, which answers the clients that a command in process served and writes its changes."""
        self.schedule_flush()

    def continue_script_soon(self):
        """Continues the script that makes the server busy, after the loop has served the other clients."""
        if not self.script_scheduled:
            self.script_scheduled = True
            self.loop.call_soon(self.continue_script)

    def continue_script(self):
        enter(self.core)
        self.script_scheduled = False
        keyspace_tick(&self.core.server.keyspace)
        apart_resume(&self.core.server)
        if apart_suspended(&self.core.server):
            self.continue_script_soon()
        else:
            self.host.on_script_end()
        self.deliver_soon()

    def run_held_back(self):
        """After CLIENT PAUSE: runs what the pause has held back, in the order in which it arrived.

        Stops after a script that makes the server busy; must be called again when that has ended.
        """
        cdef Waiter *waiter = self.core.server.pause.first
        cdef list owners = []
        enter(self.core)
        while waiter != NULL:
            owners.append(<object> waiter.client.owner)
            waiter = waiter.newer
        for connection in owners:
            if apart_suspended(&self.core.server):
                return
            try:
                connection.run_held_back()
            except Exception as error:
                self.host.report_exception("Going on after a pause failed", error)
                connection.close()

    def relieve(self):
        """Resumes the paused connections that may continue. Must be called periodically."""
        cdef Receiver connection
        enter(self.core)
        for connection in list(self.stalled):
            connection.look_again()

    def client_totals(self):
        """Returns the bytes of all clients, how many of these are the allocator's, the largest input and output in
        bytes, how many clients wait, and how many watch keys. In native code, because there may be very many clients.
        """
        cdef Receiver connection = None
        cdef uint64_t unsent = 0, allocated = 0, buffered = 0, blocked = 0, watching = 0, output, held, largest = 0
        cdef uint64_t copied
        for connection in self.clients.values():
            held = connection.input_memory
            buffered = max(buffered, held)
            blocked += (connection.client.flags & CLIENT_BLOCKED) != 0
            watching += connection.client.watching > 0
            output = connection.output_held() if connection.writing or connection.waiting else 0
            copied = connection.output_copied() if output else 0
            largest = max(largest, output)
            # What is copied counts as the allocator's (`shell/outgoing`).
            unsent += output - min(copied, output)
            allocated += (held + copied + connection.client.queue_bytes + connection.argument_memory +
                          subscriber_memory(connection.client.subscriber) + tracking_memory(&connection.client))
        objects = len(self.clients) * type(connection).__basicsize__ if connection is not None else 0
        return allocated + unsent + objects, allocated, buffered, largest, blocked, watching

    # ---- the limit of all connections ----

    def limit_clients(self, size_t limit):
        """Sets how many bytes all connections together may use, 0 for no limit; closes some soon if they use more."""
        self.client_limit = limit
        self.unevictable = False
        if limit:
            self.schedule_eviction()

    cdef int note_memory(self, Receiver connection) except -1:
        """Counts what a connection uses now. To be called while there is a limit, when it may have become more."""
        cdef size_t memory = connection.memory()
        self.client_memory += <int64_t> memory - <int64_t> connection.counted
        connection.counted = memory
        return self.schedule_eviction() if self.client_memory > <int64_t> self.client_limit else 0

    cdef void forget_memory(self, Receiver connection) noexcept:
        self.client_memory -= <int64_t> connection.counted
        connection.counted = 0

    cdef int schedule_eviction(self) except -1:
        if not self.eviction_scheduled:
            self.eviction_scheduled = True
            self.loop.call_soon(self.evict_clients)
        return 0

    def evict_clients(self):
        """Closes connections, those that use most first, until the rest use no more than the limit."""
        cdef Receiver connection
        cdef list evictable = []
        cdef int64_t used
        enter(self.core)
        self.eviction_scheduled = False
        if self.client_limit == 0:
            return
        used = self.count_clients(evictable)
        evictable.sort(key=_memory_counted)
        while used > <int64_t> self.client_limit and evictable:
            connection = evictable.pop()
            used -= <int64_t> connection.counted
            self.evicted_clients += 1
            self.host.on_client_evicted(connection)
            connection.close()
        if used <= <int64_t> self.client_limit:
            self.unevictable = False
        elif not self.unevictable:
            self.unevictable = True
            self.host.on_no_evictable_client()

    cdef int64_t count_clients(self, list evictable) except? -1:
        """Counts all connections again, whose output may have been sent meanwhile; collects those that may be closed.
        """
        cdef Receiver connection
        self.client_memory = 0
        for connection in self.clients.values():
            connection.counted = 0
            if connection.transport is None or connection.client.flags & CLIENT_CLOSE_NOW:
                continue
            connection.counted = connection.memory()
            self.client_memory += <int64_t> connection.counted
            if not connection.client.flags & (CLIENT_NO_EVICT | CLIENT_REPLICA):
                evictable.append(connection)
        return self.client_memory

    def reset_counters(self):
        """Resets the counters, for CONFIG RESETSTAT."""
        self.reads = 0
        self.writes = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.connections = 0
        self.query_limit_closed = 0
        self.evicted_clients = 0
