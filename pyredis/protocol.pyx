"""The asyncio protocol classes: bytes in, bytes out, and nothing of what a command does.

``Hub`` owns what connections share: the read buffer, the list of replies that are owed until the iteration's end, and
the replies that wait longer, for the disk. What clients are sent otherwise (``call/outbox``) it delivers at the
iteration's end, after the replies.

``Connection`` is a buffered protocol. It reads into the hub's buffer as long as it holds no input of its own
(``shell/intake``). A batch's replies stand at the end of the server's reply buffer. They are sent from there at once,
with one ``send`` on the descriptor, unless the file must have the batch first; then they stay until ``Hub.flush``,
which runs once at the iteration's end, has drained the ring with one write. Large values are sent from where they
are stored (``shell/outgoing``), a slice at a time.

Replies that the socket does not take are queued in the transport. A client that lets many lie (``ALLOWANCE``) is held
back: nothing more is read or executed for it until it has read. But it may be one that sends the whole of a long
pipeline before it reads, as it may with Redis; so whenever a look finds that nothing has moved, the allowance doubles,
and only ``client-output-buffer-limit`` ends that. Who waits for the disk is held back without such an end.
"""

from collections import deque
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport uint64_t

import asyncio
import socket

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport Py_DECREF, Py_INCREF

from pyredis._core cimport Core
from pyredis._resp cimport (
    PARSE_ERROR,
    PARSE_REQUEST,
    Reply,
    parser_error,
    parser_init,
    reply_error,
    reply_free,
    reply_raw,
    reply_total,
    reply_truncate,
)
from pyredis.call.client cimport (
    CLIENT_BLOCKED,
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_NO_EVICT,
    CLIENT_NO_TOUCH,
    CLIENT_PUBSUB,
    CLIENT_REPLICA,
    CLIENT_REPLY_OFF,
    CLIENT_REPLY_SKIP,
    CLIENT_REPLY_SKIP_NEXT,
    CLIENT_UNAUTHENTICATED,
    CLIENT_UNIX,
    client_discard,
    client_init,
)
from pyredis.call.outbox cimport SEND_PUSH, outbox_answer, outbox_collect, outbox_forget, outbox_send
from pyredis.call.state cimport Server, enter
from pyredis.call.waiting cimport waiter_of
from pyredis.dispatch.batch cimport serve
from pyredis.dispatch.direct cimport DirectClient
from pyredis.dispatch.serving cimport end_wait, forget_waiting
from pyredis.ground.base cimport slice_of
from pyredis.ground.memory cimport Account, mem_alloc, mem_enter, mem_free, mem_realloc
from pyredis.journal.aof cimport aof_drain, aof_released, aof_wake_clear
from pyredis.keyspace.keyspace cimport keyspace_tick
from pyredis.shell.client_view cimport ClientView
from pyredis.shell.intake cimport (
    READ_SIZE,
    Window,
    intake_drop,
    intake_free,
    intake_held,
    intake_keep,
    intake_make_room,
    intake_read,
    intake_restore,
    intake_window,
)
from pyredis.shell.outgoing cimport SEND_SLICE, Outgoing, PagePipe, Parcel, parcel_of, send_reply
from pyredis.shell.roster cimport ClientList

cdef extern from *:
    """
    #include <stdio.h>
    #include "vectors.h"
    """
    enum: SEND_FLAGS
    ssize_t c_send "send" (int fd, const void *data, size_t size, int flags) nogil
    int snprintf(char *out, size_t size, const char *format, ...) nogil

cdef enum:
    # Replies are handed on whenever a batch has made this many bytes of them.
    REPLY_SLICE = 262144
    # A reply buffer larger than this is given back when it is empty.
    REPLY_KEEP = 1 << 20
    # Bytes of a large reply that the transport gets at a time: it says when the socket takes more.
    LENT = 262144
    UNAUTHENTICATED_QUERY = 1 << 20
    # A client that has had so many requests executed, or slices of replies made, and has more, lets others go first.
    FAIR_REQUESTS = 256
    FAIR_SLICES = 4
    ALLOWANCE = 1 << 20
    DAY = 86400

# Seconds by which a loop's timer may be early.
RESOLUTION = 0.0005


cdef class Hub:
    """What the connections of one server share.

    ``host`` decides about new connections: ``accept(connection)`` returns None, or the bytes of a refusal.
    """

    def __cinit__(self, Core core, host, loop):
        self.core = core
        self.host = host
        self.loop = loop
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

    cdef int owe(self, Connection connection, size_t begin, Parcel parcel, uint64_t offset) except -1:
        """Leaves a reply for the end of the iteration: what stands in the reply buffer from ``begin`` on, or a parcel.
        """
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
        """Drains the ring, then sends what the connections are owed. Runs at the end of an iteration."""
        cdef Server *server = &self.core.server
        cdef uint64_t released
        enter(self.core)
        self.flush_scheduled = False
        if server.aof != NULL:
            self.drain()
        released = self.released()
        self.settle_owed(released)
        if server.current != NULL:
            # A command has asked for it, and the replies of its own batch are still to be delivered.
            self.schedule_flush()
            return
        self.deliver_mail(released)
        server.reply.size = 0
        if server.reply.capacity > REPLY_KEEP:
            reply_free(&server.reply)

    def drain(self):
        """Hands the ring to the file, and tells the host when that begins or ceases to fail."""
        cdef int error = aof_drain(self.core.server.aof)
        if error != self.core.server.aof_error:
            self.core.server.aof_error = error
            self.host.on_aof_error(error)

    cdef uint64_t released(self) noexcept:
        """Up to where the file has what replies wait for."""
        cdef Server *server = &self.core.server
        return aof_released(server.aof) if server.aof != NULL else <uint64_t> -1

    cdef int settle_owed(self, uint64_t released) except -1:
        cdef size_t index
        cdef Connection connection
        for index in range(self.owed_count):
            connection = <Connection> self.owed[index].connection
            Py_DECREF(connection)
            try:
                self.settle(connection, &self.owed[index], released)
            except Exception as error:
                self.host.report_exception("Sending a reply failed", error)
                connection.close()
        self.owed_count = 0
        return 0

    cdef int settle(self, Connection connection, const Owed *owed, uint64_t released) except -1:
        """Sends what one connection is owed, or puts it to what waits longer."""
        cdef char *data = self.core.server.reply.data
        cdef Parcel parcel = None
        connection.held -= 1
        if owed.parcel != NULL:
            parcel = <Parcel> owed.parcel
            Py_DECREF(parcel)
        if connection.is_gone():
            return 0
        if owed.offset > released or connection.waiting:
            if parcel is not None:
                return self.wait(connection, parcel, parcel.size, owed.offset)
            return self.wait(connection, data[owed.begin:owed.end], owed.end - owed.begin, owed.offset)
        if parcel is not None:
            connection.send_parcel(parcel)
        else:
            connection.send(data + owed.begin, owed.end - owed.begin)
        return connection.finish()

    cdef int wait(self, Connection connection, object reply, size_t size, uint64_t offset) except -1:
        self.waiting.append((connection, reply, size, offset))
        connection.held += 1
        connection.waiting += 1
        connection.waiting_bytes += size
        return connection.check_output(0)

    def release(self):
        """Sends the waiting replies that the file has caught up with. Called when the native thread says so."""
        cdef uint64_t released
        cdef Connection connection
        cdef size_t size
        enter(self.core)
        if self.core.server.aof != NULL:
            aof_wake_clear(self.core.server.aof)
            self.drain()
        released = self.released()
        while self.waiting and <uint64_t> self.waiting[0][3] <= released:
            connection, reply, size, _ = self.waiting.popleft()
            connection.waiting -= 1
            connection.waiting_bytes -= size
            connection.held -= 1
            if connection.is_gone():
                continue
            if isinstance(reply, Parcel):
                connection.send_parcel(reply)
            else:
                connection.send(PyBytes_AS_STRING(reply), size)
            connection.finish()
            if connection.stalled and not connection.waiting and not connection.writing:
                connection.look_again()

    def deliver_soon(self):
        """Delivers the outbox at the end of the iteration. To be called after whatever may send something."""
        if self.core.server.outbox.first != NULL:
            self.schedule_flush()

    cdef int deliver_mail(self, uint64_t released) except -1:
        cdef Connection connection
        while self.core.server.outbox.first != NULL:
            receiver = <object> self.core.server.outbox.first.client.owner
            if not isinstance(receiver, Connection):
                self.hand_over(receiver)
                continue
            connection = <Connection> receiver
            if connection.is_gone():
                outbox_forget(&self.core.server.outbox, &connection.client)
                continue
            try:
                self.deliver_to(connection, released)
            except Exception as error:
                self.host.report_exception("Sending a message failed", error)
                connection.close()
        return 0

    cdef int hand_over(self, DirectClient receiver) except -1:
        """Gives a client in process what is addressed to it."""
        cdef Reply *reply = &self.core.server.reply
        cdef size_t begin = reply.size
        cdef uint64_t offset = 0
        outbox_collect(&self.core.server.outbox, &receiver.client, reply, &offset)
        receiver.push(b"".join(parcel_of(reply, begin, 0).parts))
        return 0

    cdef int deliver_to(self, Connection connection, uint64_t released) except -1:
        """Sends one client what is addressed to it. If that answers a command, the client may go on."""
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
            connection.disarm()
            self.loop.call_soon(connection.resume)
        return connection.finish()

    def follow_call(self):
        """After a command called in process: answers the clients it has served, and has the file take what changed."""
        self.schedule_flush()

    def relieve(self):
        """Looks after the connections that are held back. To be called now and then."""
        cdef Connection connection
        enter(self.core)
        for connection in list(self.stalled):
            connection.look_again()

    def client_totals(self):
        """Over all clients: (bytes in all, bytes of the allocator, largest input and output, how many wait, how many
        watch keys). Natively, for there may be very many."""
        cdef Connection connection
        cdef uint64_t unsent = 0, allocated = 0, buffered = 0, blocked = 0, watching = 0, output, held, largest = 0
        for connection in self.clients.values():
            held = connection.input_memory
            buffered = max(buffered, held)
            blocked += (connection.client.flags & CLIENT_BLOCKED) != 0
            watching += connection.client.watching > 0
            output = connection.output_memory if connection.writing else 0
            largest = max(largest, output)
            unsent += output
            allocated += held + connection.client.queue_bytes + connection.argument_memory
        objects = len(self.clients) * Connection.__basicsize__
        return allocated + unsent + objects, allocated, buffered, largest, blocked, watching

    def reset_counters(self):
        """CONFIG RESETSTAT."""
        self.reads = 0
        self.writes = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.connections = 0
        self.query_limit_closed = 0

    def factory(self):
        """A new connection, for ``loop.create_server``."""
        return BufferedConnection(self)


cdef class Connection(ClientView):
    """One client: its bytes in, its bytes out, its waiting."""

    def __cinit__(self, Hub hub):
        self.hub = hub
        self.fd = -1
        self.allowance = ALLOWANCE
        keyspace_tick(&hub.core.server.keyspace)
        client_init(&self.client, &hub.core.server.keyspace)
        self.client.owner = <void *> self
        self.client.id = hub.core.server.next_client_id
        hub.core.server.next_client_id += 1
        parser_init(&self.parser, hub.core.server.settings.proto_max_bulk)

    def __del__(self):
        cdef Account *interrupted = mem_enter(self.hub.core.server.memory)
        self.hub.clients.remove(self)
        # What is watched belongs to the hub's core, which may be gone when __dealloc__ runs in a cycle of garbage.
        forget_waiting(&self.hub.core.server, &self.client)
        outbox_forget(&self.hub.core.server.outbox, &self.client)
        client_discard(&self.client)
        self.drop_input()
        mem_enter(interrupted)

    cdef size_t input_held(self) noexcept:
        return intake_held(&self.intake)

    cdef size_t input_free(self) noexcept:
        return intake_free(&self.intake)

    cdef size_t output_held(self) except? 0:
        return self.waiting_bytes + (self.unsent_bytes() if not self.lost else 0)

    # ---- life ----

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(0)
        self.adopt_socket(transport)
        refusal = self.hub.host.accept(self)
        if refusal is not None:
            self.closing = True
            transport.write(refusal)
            transport.close()
            return
        self.hub.connections += 1
        self.hub.clients.add(self)

    def adopt_socket(self, transport):
        sock = transport.get_extra_info("socket")
        if sock.family == socket.AF_UNIX:
            self.client.flags |= CLIENT_UNIX
        self.client.fd = sock.fileno()
        if transport.get_extra_info("sslcontext") is None:
            self.fd = self.client.fd

    def connection_lost(self, exc):
        enter(self.hub.core)
        self.lost = True
        self.fd = -1
        self.client.fd = -1
        self.client.flags |= CLIENT_CLOSE_NOW
        self.stop_waiting()
        outbox_forget(&self.hub.core.server.outbox, &self.client)
        self.hub.clients.remove(self)
        self.hub.stalled.discard(self)
        client_discard(&self.client)
        self.drop_input()
        self.outgoing = None

    def eof_received(self):
        """A client that has only stopped sending still gets what it was sent by now."""
        enter(self.hub.core)
        self.closing = True
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY
        self.stop_waiting()
        return self.is_owed()

    def pause_writing(self):
        self.writing = True

    def resume_writing(self):
        """Goes on in a turn of its own: asyncio's transports break if they are closed from within this call."""
        self.writing = self.outgoing is not None
        self.client.active_ms = self.hub.core.server.keyspace.now_ms
        if self.writing or self.stalled:
            self.hub.loop.call_soon(self.go_on_sending)

    def pause_reading(self):
        if not self.reading_paused and not self.lost:
            self.reading_paused = True
            self.transport.pause_reading()

    def resume(self):
        """Goes on with the input that was left, then with reading."""
        enter(self.hub.core)
        if self.closing or self.stalled or self.is_gone():
            return
        if self.reading_paused:
            self.reading_paused = False
            self.transport.resume_reading()
        self.run = 0
        if self.intake.size:
            keyspace_tick(&self.hub.core.server.keyspace)
            self.restore_input()
            self.process(self.intake.data, self.intake.size)

    # ---- input ----

    def get_buffer(self, sizehint):
        enter(self.hub.core)
        intake_make_room(&self.intake, &self.parser)
        return self

    def __len__(self):
        return intake_window(&self.intake, &self.parser, self.hub.buffer).size

    def __getbuffer__(self, Py_buffer *view, int flags):
        cdef Window window = intake_window(&self.intake, &self.parser, self.hub.buffer)
        PyBuffer_FillInfo(view, self, window.data, window.size, False, flags)

    def buffer_updated(self, size_t size):
        cdef uint64_t before = self.client.commands
        cdef bint full = size == intake_window(&self.intake, &self.parser, self.hub.buffer).size
        cdef bint whole
        enter(self.hub.core)
        self.hub.reads += 1
        self.hub.bytes_in += size
        self.client.bytes_in += size
        if self.closing:
            return
        keyspace_tick(&self.hub.core.server.keyspace)
        whole = intake_read(&self.intake, &self.parser, size)
        if self.intake.large != NULL:
            self.client.active_ms = self.hub.core.server.keyspace.now_ms
            self.check_query_buffer()
        if self.closing:
            return
        if not whole:
            # As many turns as the bytes would be small requests.
            self.run = self.run + size // READ_SIZE if full else 0
            if self.run > FAIR_REQUESTS:
                self.take_turns()
            return
        if self.intake.data != NULL:
            self.restore_input()
            self.process(self.intake.data, self.intake.size)
        else:
            self.process(self.hub.buffer, size)
        if not full:
            self.run = 0
            return
        self.run += self.client.commands - before
        if self.run > FAIR_REQUESTS:
            self.take_turns()

    cdef int take_turns(self) except -1:
        """Leaves what this client has still to be read and executed for the next iteration."""
        if not self.lost and not self.closing and not self.reading_paused:
            self.pause_reading()
            self.hub.loop.call_soon(self.resume)
        return 0

    cdef void restore_input(self) noexcept:
        intake_restore(&self.intake, &self.parser, &self.hub.core.server.arguments)

    cdef void drop_input(self) noexcept:
        intake_drop(&self.intake, &self.parser, &self.hub.core.server.arguments)

    # ---- serving ----

    cdef int process(self, char *data, size_t size) except -1:
        """Executes what is whole in the bytes, sends or leaves the replies, keeps the rest."""
        cdef Server *server = &self.hub.core.server
        cdef int status = PARSE_REQUEST
        cdef int slices = 0
        cdef size_t begin
        self.parser.max_bulk = server.settings.proto_max_bulk
        if self.alarm is not None and self.client.waiter == NULL:
            self.disarm()
        while status == PARSE_REQUEST and not self.client.flags & CLIENT_BLOCKED:
            server.wait_offset = 0
            begin = server.reply.size
            self.offer_large(server)
            status = serve(server, &self.client, &self.parser, data, size, REPLY_SLICE)
            server.keyspace.offered_count = 0
            if status == PARSE_ERROR:
                self.refuse_request()
            self.deliver(begin)
            slices += 1
            self.hub.deliver_soon()
            if self.closing or self.lost or self.stalled:
                break
            if slices >= FAIR_SLICES and status == PARSE_REQUEST:
                self.take_turns()
                break
        if self.closing or self.lost:
            self.drop_input()
            return self.finish()
        if self.client.waiter != NULL and self.alarm is None:
            self.arm()
        intake_keep(&self.intake, &self.parser, &server.arguments, data, size)
        return self.check_query_buffer()

    cdef void offer_large(self, Server *server) noexcept:
        """A string that is stored may take the block its bytes were read into."""
        if self.intake.large != NULL:
            server.keyspace.offered = self.intake.large.blobs
            server.keyspace.offered_count = self.intake.large.count

    def refuse_request(self):
        cdef char reason[64]
        cdef char text[128]
        parser_error(&self.parser, reason, sizeof(reason))
        snprintf(text, sizeof(text), "ERR Protocol error: %s", reason)
        self.hub.core.server.reply.protocol = self.client.protocol
        reply_error(&self.hub.core.server.reply, text)
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY

    cdef int check_query_buffer(self) except -1:
        """What a transaction has queued counts as input, for it is not executed yet."""
        cdef size_t limit = self.hub.query_buffer_limit
        if self.client.flags & CLIENT_UNAUTHENTICATED:
            limit = min(limit, <size_t> UNAUTHENTICATED_QUERY)
        if intake_held(&self.intake) + self.client.queue_bytes > limit:
            self.hub.query_limit_closed += 1
            self.hub.host.on_query_limit(self)
            self.close()
        return 0

    cdef int deliver(self, size_t begin) except -1:
        """Sends what a batch has replied, or leaves it for the end of the iteration."""
        cdef Server *server = &self.hub.core.server
        cdef uint64_t offset = server.wait_offset
        cdef size_t end = server.reply.size
        if self.client.flags & CLIENT_CLOSE_NOW:
            reply_truncate(&server.reply, begin)
            self.closing = True
            self.transport.abort()
            return 0
        if self.client.flags & CLIENT_CLOSE_AFTER_REPLY:
            self.closing = True
        if self.held or (server.aof != NULL and offset > aof_released(server.aof)):
            return self.leave(begin, offset)
        if server.reply.piece_count:
            return self.send_large(begin)
        if end > begin:
            self.send(server.reply.data + begin, end - begin)
            server.reply.size = begin
            if begin == 0 and server.reply.capacity > REPLY_KEEP:
                reply_free(&server.reply)
        return 0

    cdef int leave(self, size_t begin, uint64_t offset) except -1:
        cdef Server *server = &self.hub.core.server
        cdef Parcel parcel = parcel_of(&server.reply, begin, 0) if server.reply.piece_count else None
        if server.reply.size > begin or parcel is not None:
            self.hub.owe(self, begin, parcel, offset)
        else:
            self.hub.schedule_flush()
        if server.reply.size > REPLY_SLICE * 16:
            self.hub.flush()
        return 0

    # ---- output ----

    cdef void count_sent(self, size_t size) noexcept:
        self.hub.writes += 1
        self.hub.bytes_out += size
        self.client.bytes_out += size

    cdef int send(self, const char *data, size_t size) except -1:
        """Sends bytes that will not stay where they are."""
        cdef ssize_t sent = 0
        if self.lost or size == 0:
            return 0
        self.count_sent(size)
        if self.fd >= 0 and not self.writing:
            sent = c_send(self.fd, data, size, SEND_FLAGS)
            if sent == <ssize_t> size:
                return 0
            if sent < 0:
                if errno != EAGAIN and errno != EINTR:
                    return self.fail_sending()
                sent = 0
        return self.queue_tail(data + sent, size - sent)

    cdef int fail_sending(self) except -1:
        self.closing = True
        self.transport.abort()
        return 0

    cdef int queue_tail(self, const char *data, size_t size) except -1:
        cdef size_t unsent
        if self.outgoing is not None:
            self.outgoing.add_bytes(data[:size])
        else:
            self.transport.write(data[:size])
        unsent = self.unsent_bytes()
        if unsent:
            self.writing = True
            self.check_output(unsent)
        return 0

    cdef int send_large(self, size_t begin) except -1:
        """Sends what stands in the reply buffer from ``begin`` on, its pieces from where they are stored."""
        cdef Reply *reply = &self.hub.core.server.reply
        cdef size_t size = reply_total(reply) - begin
        cdef ssize_t sent = 0
        if not self.lost:
            self.count_sent(size)
            if self.fd >= 0 and not self.writing:
                sent = send_reply(self.fd, self.hub.pages, reply, begin)
        if self.lost or sent < 0 or sent == <ssize_t> size:
            reply_truncate(reply, begin)
            return self.fail_sending() if sent < 0 else 0
        return self.queue_parcel(parcel_of(reply, begin, sent))

    cdef int send_parcel(self, Parcel parcel) except -1:
        if self.lost:
            return 0
        self.count_sent(parcel.size)
        return self.queue_parcel(parcel)

    cdef int queue_parcel(self, Parcel parcel) except -1:
        """Sends the parcel after what is on its way, from the next iteration on: others have their turn."""
        if self.outgoing is None:
            self.outgoing = Outgoing()
            if not self.writing:
                self.hub.loop.call_soon(self.go_on_sending)
        self.outgoing.add(parcel)
        self.writing = True
        return self.check_output(self.unsent_bytes())

    def go_on_sending(self):
        """Harmless at any time: what the transport still has goes first, and it will report that it has gone."""
        enter(self.hub.core)
        if self.is_gone():
            return
        if self.outgoing is not None and not self.transport.get_write_buffer_size():
            self.pump()
        if self.stalled and not self.writing:
            self.look_again()

    cdef int pump(self) except -1:
        """Sends a slice of what is on its way, and sees to it that this is called again for the next."""
        cdef ssize_t sent = 0
        self.writing = True
        if self.fd >= 0:
            sent = self.outgoing.send(self.fd, self.hub.pages)
        if sent < 0:
            return self.fail_sending()
        if self.outgoing.size == 0:
            self.outgoing = None
            self.writing = False
            return self.finish()
        if sent < SEND_SLICE:
            return self.lend_to_transport()
        self.hub.loop.call_soon(self.go_on_sending)
        return 0

    cdef int lend_to_transport(self) except -1:
        """The socket takes no more: the transport waits until it does."""
        self.transport.write(self.outgoing.take(LENT, self.hub.pages if self.fd >= 0 else None))
        if self.lost or self.transport.get_write_buffer_size():
            return 0
        self.hub.loop.call_soon(self.go_on_sending)
        return 0

    cdef size_t unsent_bytes(self) except? 0:
        cdef size_t unsent = self.transport.get_write_buffer_size()
        return unsent + self.outgoing.size if self.outgoing is not None else unsent

    cdef int check_output(self, size_t unsent) except -1:
        """Closes a client that lets more lie than it may, holds one back that lets much lie.

        What waits for the disk does not count for an ordinary client: it asked for that itself, and is held back. A
        client of another class gets what others cause.
        """
        cdef size_t counted = unsent
        if self.client.flags & (CLIENT_PUBSUB | CLIENT_REPLICA):
            counted = self.unsent_bytes() + self.waiting_bytes
        if counted and self.hub.host.exceeds_output_limit(self, counted):
            self.close()
        elif unsent > self.allowance or self.waiting_bytes > ALLOWANCE:
            self.stalled = True
            self.unsent = unsent
            self.hub.stalled.add(self)
            self.pause_reading()
        return 0

    cdef int look_again(self) except -1:
        """Lets a connection that is held back go on, if it has read, or if it does not read until it may write."""
        cdef size_t unsent = self.unsent_bytes()
        if self.waiting_bytes > ALLOWANCE or (ALLOWANCE // 2 < unsent < self.unsent):
            self.unsent = unsent
            return 0
        self.allowance = max(<size_t> ALLOWANCE, 2 * unsent)
        self.stalled = False
        self.hub.stalled.discard(self)
        self.resume()
        return 0

    cdef bint is_gone(self) except -1:
        """Whether nothing can be sent any more: the transport may have closed before ``connection_lost`` reports it."""
        return self.lost or self.transport.is_closing()

    cdef bint is_owed(self) noexcept:
        """Whether something waits for the file, for the socket, or for its delivery."""
        return self.held or self.outgoing is not None or self.client.mailbox != NULL

    cdef int finish(self) except -1:
        """Closes a connection that is to end, once nothing is held back."""
        if self.closing and not self.is_owed() and not self.lost:
            self.transport.close()
        return 0

    def close(self, bint after_reply=False):
        """Ends the connection: at once, or behind the replies made so far."""
        enter(self.hub.core)
        if self.lost:
            return
        self.stop_waiting()
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY if after_reply else CLIENT_CLOSE_NOW
        if self.hub.core.server.current == &self.client:
            return
        if after_reply:
            self.closing = True
            self.finish()
        else:
            self.closing = True
            outbox_forget(&self.hub.core.server.outbox, &self.client)
            self.transport.abort()

    # ---- what commands ask and set ----

    def block(self):
        """Executes nothing more of this connection until ``unblock``; what it sends is kept."""
        self.client.flags |= CLIENT_BLOCKED

    def unblock(self, bytes reply):
        """Answers the command that blocked, and goes on."""
        cdef Server *server = &self.hub.core.server
        cdef size_t begin = server.reply.size
        enter(self.hub.core)
        reply_raw(&server.reply, PyBytes_AS_STRING(reply), PyBytes_GET_SIZE(reply))
        outbox_answer(&server.outbox, &self.client, &server.reply, begin, 0)
        self.hub.deliver_soon()

    def push(self, bytes data):
        """Sends a push message, whatever CLIENT REPLY says, after the replies made so far."""
        enter(self.hub.core)
        outbox_send(&self.hub.core.server.outbox, &self.client, slice_of(PyBytes_AS_STRING(data),
                    PyBytes_GET_SIZE(data)), 0, SEND_PUSH)
        self.hub.deliver_soon()

    # ---- waiting for keys ----

    cdef int arm(self) except -1:
        """Sets the alarm of the command that waits, if its wait is to end."""
        if waiter_of(&self.client).timeout_ms > 0:
            self.wait_ends = self.hub.loop.time() + waiter_of(&self.client).timeout_ms / 1000.0
            self.set_alarm()
        return 0

    def set_alarm(self):
        """Rings at the latest in a day, for a loop need not take any number."""
        now = self.hub.loop.time()
        self.alarm = self.hub.loop.call_at(min(self.wait_ends, now + DAY), self.ring)

    def ring(self):
        enter(self.hub.core)
        self.alarm = None
        if self.client.waiter == NULL:
            return
        if self.hub.loop.time() < self.wait_ends - RESOLUTION:
            self.set_alarm()
            return
        keyspace_tick(&self.hub.core.server.keyspace)
        self.end_wait()
        self.hub.deliver_soon()

    cdef int disarm(self) except -1:
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        return 0

    def end_wait(self, bint error=False):
        """Ends the wait for keys, as its timeout does or with an error; false where the client does not wait."""
        enter(self.hub.core)
        if self.client.waiter == NULL:
            return False
        end_wait(&self.hub.core.server, &self.client, error)
        return True

    cdef int stop_waiting(self) except -1:
        """Nothing will be taken for this client any more."""
        self.disarm()
        forget_waiting(&self.hub.core.server, &self.client)
        return 0

    def reset(self):
        """RESET: as a new connection, save for its authentication, which the caller decides."""
        client_discard(&self.client)
        self.client.database = &self.hub.core.server.keyspace.databases[0]
        self.client.protocol = 2
        self.client.flags &= ~(CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT | CLIENT_NO_TOUCH |
                               CLIENT_NO_EVICT)
        self.name = b""

    @property
    def core(self):
        return self.hub.core

    @property
    def host(self):
        return self.hub.host


class BufferedConnection(Connection, asyncio.BufferedProtocol):
    """A ``Connection`` that asyncio's own loops take for a buffered protocol too."""

    __slots__ = ()
