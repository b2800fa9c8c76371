"""The asyncio protocol class: receives bytes and executes requests, without knowledge of any command.

``Connection`` is a buffered protocol. It reads into the hub's buffer as long as it has no input of its own
(``shell/intake``). The replies of a batch are at the end of the server's reply buffer. They are sent from there at
once, with one ``send`` on the descriptor (``shell/sending``), unless the append-only file must have the batch first.
Then they stay until ``Hub.flush`` (``shell/hub``), which runs once at the end of the iteration, has drained the ring
with one write. Large values are sent from where they are stored (``shell/outgoing``), a slice at a time. The waiting of
a blocked client is in ``shell/blocked``.
"""

from libc.stdint cimport uint64_t

import asyncio
import socket
from functools import partial

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from pyredis._resp cimport (
    PARSE_ERROR,
    PARSE_REQUEST,
    parser_error,
    parser_init,
    reply_error,
    reply_free,
    reply_truncate,
)
from pyredis.call.client cimport (
    CLIENT_BLOCKED,
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_MONITOR,
    CLIENT_UNAUTHENTICATED,
    CLIENT_UNIX,
    client_discard,
    client_init,
    client_reset,
    client_withholds,
)
from pyredis.call.monitors cimport monitors_add, monitors_remove
from pyredis.call.outbox cimport SEND_PUSH, outbox_forget, outbox_send
from pyredis.call.pausing cimport is_held_back
from pyredis.call.state cimport Server, enter
from pyredis.call.subscriptions cimport forget_subscriptions
from pyredis.call.tracking cimport tracking_end, tracking_forget
from pyredis.dispatch.apart cimport apart_holds, apart_suspended
from pyredis.dispatch.batch cimport serve
from pyredis.dispatch.resuming cimport resume_command
from pyredis.dispatch.serving cimport forget_waiting
from pyredis.ground.base cimport slice_of, unlikely
from pyredis.ground.exclusion cimport exclusion_enter, exclusion_leave
from pyredis.ground.memory cimport Account, mem_enter
from pyredis.journal.aof cimport aof_released
from pyredis.keyspace.keyspace cimport keyspace_tick
from pyredis.shell.blocked cimport Blockable
from pyredis.shell.cipher cimport CIPHER_ENDED, CIPHER_FAILED, CIPHER_NEW, CIPHER_OPEN, Cipher
from pyredis.shell.hub cimport Hub
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
from pyredis.shell.outgoing cimport Parcel, parcel_of

cdef extern from *:
    """
    #include <stdio.h>
    """
    int snprintf(char *out, size_t size, const char *format, ...) nogil

cdef enum:
    # Replies are delivered whenever a batch has produced this many bytes of them.
    REPLY_SLICE = 262144
    # A reply buffer larger than this is released when it is empty.
    REPLY_KEEP = 1 << 20
    UNAUTHENTICATED_QUERY = 1 << 20
    # Bytes of a client's input that the log shows.
    SHOWN_INPUT = 64
    # After this many requests, or slices of replies, a client that has more input lets others have their turn.
    FAIR_REQUESTS = 256
    FAIR_SLICES = 4


cdef class Connection(Blockable):
    """One client: receives its bytes and executes its requests."""

    def __cinit__(self, Hub hub):
        keyspace_tick(&hub.core.server.keyspace)
        client_init(&self.client, &hub.core.server.keyspace)
        self.client.owner = <void *> self
        self.client.id = hub.core.server.next_client_id
        hub.core.server.next_client_id += 1
        parser_init(&self.parser, hub.core.server.settings.proto_max_bulk)

    def __del__(self):
        cdef Account *interrupted
        if self.client.owner == NULL:
            return  # wrong arguments: nothing was initialized
        interrupted = mem_enter(self.hub.core.server.memory)
        self.hub.clients.remove(self)
        # Watched keys belong to the hub's core, which may be gone already when __dealloc__ runs for a cycle of garbage.
        forget_waiting(&self.hub.core.server, &self.client)
        forget_subscriptions(&self.hub.core.server, &self.client)
        tracking_forget(&self.hub.core.server, &self.client)
        monitors_remove(&self.hub.core.server.monitors, &self.client)
        outbox_forget(&self.hub.core.server.outbox, &self.client)
        client_discard(&self.client)
        self.drop_input()
        mem_enter(interrupted)

    cdef size_t input_held(self) noexcept:
        return intake_held(&self.intake)

    cdef size_t input_free(self) noexcept:
        return intake_free(&self.intake)

    # ---- life ----

    def encrypt(self, Cipher tls):
        """Makes this a connection over TLS, before it is made."""
        self.tls = tls

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(0)
        self.adopt_socket(transport)
        refusal = self.hub.host.accept(self)
        if refusal is not None:
            self.closing = True
            if self.tls is None:
                transport.write(refusal)
            transport.close()
            return
        self.hub.connections += self.tls is None
        self.hub.clients.add(self)
        if self.hub.client_limit:
            self.hub.note_memory(self)

    def adopt_socket(self, transport):
        sock = transport.get_extra_info("socket")
        if sock.family == socket.AF_UNIX:
            self.client.flags |= CLIENT_UNIX
        self.client.fd = sock.fileno()
        if transport.get_extra_info("sslcontext") is None:
            self.fd = self.client.fd

    def connection_lost(self, exc):
        enter(self.hub.core)
        if self.tls is not None and self.tls.state < CIPHER_OPEN and not self.closing:
            self.hub.host.on_handshake_failure(self, self.tls.reason())
        self.lost = True
        self.fd = -1
        self.client.fd = -1
        self.client.flags |= CLIENT_CLOSE_NOW
        self.stop_waiting()
        monitors_remove(&self.hub.core.server.monitors, &self.client)
        outbox_forget(&self.hub.core.server.outbox, &self.client)
        self.hub.clients.remove(self)
        self.hub.stalled.discard(self)
        self.hub.forget_memory(self)
        if not apart_holds(&self.hub.core.server, &self.client):
            # Otherwise its EXEC goes on, and `__del__` does this after it.
            client_discard(&self.client)
        self.drop_input()
        self.outgoing = None

    def eof_received(self):
        """Ends the connection, once a client that has only stopped sending has got what was sent to it by now."""
        enter(self.hub.core)
        if self.tls is not None and self.tls.state < CIPHER_OPEN and not self.closing:
            self.tls.cut()
            self.tls.shake()
            self.send_sealed()
            self.hub.host.on_handshake_failure(self, self.tls.reason())
        self.end_input()
        return self.is_owed()

    cdef int end_input(self) except -1:
        self.closing = True
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY
        return self.stop_waiting()

    def pause_writing(self):
        self.writing = True

    def resume_writing(self):
        """Continues sending in another callback: asyncio's transports break if they are closed during this call."""
        self.writing = self.outgoing is not None
        self.client.active_ms = self.hub.core.server.keyspace.now_ms
        if self.writing or self.stalled:
            self.hub.loop.call_soon(self.go_on_sending)

    def pause_reading(self):
        if not self.reading_paused and not self.lost:
            self.reading_paused = True
            self.transport.pause_reading()

    def resume(self):
        """Resumes reading, and continues with the input that was left; this input is executed first."""
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
        if self.tls is not None:
            self.decrypt()

    # ---- input ----

    def get_buffer(self, sizehint):
        enter(self.hub.core)
        intake_make_room(&self.intake, &self.parser)
        return self

    def __len__(self):
        return self.window().size

    cdef Window window(self) noexcept:
        cdef Window window
        if self.tls is None:
            return intake_window(&self.intake, &self.parser, self.hub.buffer)
        window.data = self.tls.buffer(&window.size)
        return window

    def __getbuffer__(self, Py_buffer *view, int flags):
        cdef Window window = self.window()
        PyBuffer_FillInfo(view, self, window.data, window.size, False, flags)

    def buffer_updated(self, size_t size):
        cdef size_t room
        if self.tls is None:
            self.take_input(size)
            return
        enter(self.hub.core)
        self.tls.feed(self.tls.buffer(&room), size)
        self.decrypt()

    cdef int decrypt(self) except -1:
        """Executes what can be decrypted. What is left when this client must wait is kept."""
        cdef Window window
        cdef size_t size
        while self.tls.has_more() and not (self.closing or self.lost or self.reading_paused):
            if self.tls.state < CIPHER_OPEN:
                self.shake_hands()
                continue
            intake_make_room(&self.intake, &self.parser)
            window = intake_window(&self.intake, &self.parser, self.hub.buffer)
            size = self.tls.read(window.data, window.size)
            if self.tls.sealed.size:
                self.send_sealed()
                self.check_output(self.unsent_bytes())
            if size:
                self.take_input(size)
        if self.lost or self.closing:
            return 0
        if self.reading_paused:
            return self.tls.keep()
        if self.tls.state == CIPHER_ENDED:
            self.end_input()
            return self.finish()
        if self.tls.state == CIPHER_FAILED:
            self.hub.host.on_tls_error(self, self.tls.reason())
            return self.cut_off()
        return self.tls.keep()

    cdef int shake_hands(self) except -1:
        """Continues the handshake: begins it only if this iteration of the loop may begin another one."""
        if self.tls.state == CIPHER_NEW and not self.hub.host.begin_handshake(self):
            self.pause_reading()
            return 0
        self.tls.shake()
        self.send_sealed()
        if self.tls.state == CIPHER_FAILED:
            self.hub.host.on_handshake_failure(self, self.tls.reason())
            self.closing = True
            self.transport.close()
        elif self.tls.state == CIPHER_OPEN:
            self.client.active_ms = self.hub.core.server.keyspace.now_ms
            refusal = self.hub.host.on_handshake(self)
            if refusal is not None:
                self.send(<bytes> refusal, len(refusal))
                self.closing = True
                return self.finish()
            self.hub.connections += 1
        return 0

    cdef int take_input(self, size_t size) except -1:
        cdef uint64_t before = self.client.commands
        cdef bint full = size == intake_window(&self.intake, &self.parser, self.hub.buffer).size
        cdef bint whole
        enter(self.hub.core)
        self.hub.reads += 1
        self.hub.bytes_in += size
        self.client.bytes_in += size
        if self.closing:
            return 0
        if unlikely(self.hub.core.server.settings.latency_ms > 0) and self.hub.iteration_began == 0:
            self.hub.begin_iteration()
        keyspace_tick(&self.hub.core.server.keyspace)
        whole = intake_read(&self.intake, &self.parser, size)
        if self.intake.large != NULL:
            self.client.active_ms = self.hub.core.server.keyspace.now_ms
            self.check_query_buffer()
        if self.closing:
            return 0
        if not whole:
            # Every READ_SIZE bytes count as one request.
            self.run = self.run + size // READ_SIZE if full else 0
            if self.run > FAIR_REQUESTS:
                self.take_turns()
            return 0
        if self.intake.data != NULL:
            self.restore_input()
            self.process(self.intake.data, self.intake.size)
        else:
            self.process(self.hub.buffer, size)
        if not full:
            self.run = 0
            return 0
        self.run += self.client.commands - before
        if self.run > FAIR_REQUESTS:
            self.take_turns()
        return 0

    cdef int take_turns(self) except -1:
        """Leaves the rest of this client's input, read or not, for the next iteration."""
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
        """Executes the complete requests in the bytes, sends their replies or leaves them for later, keeps the rest."""
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
        if unlikely(apart_suspended(server)):
            self.hub.continue_script_soon()
        intake_keep(&self.intake, &self.parser, &server.arguments, data, size)
        return self.check_query_buffer()

    def run_held_back(self):
        """After a pause: executes the command that it held back, then the rest of the input."""
        cdef Server *server = &self.hub.core.server
        cdef size_t begin = server.reply.size
        enter(self.hub.core)
        if not is_held_back(&self.client):
            return
        keyspace_tick(&server.keyspace)
        server.wait_offset = 0
        resume_command(server, &self.client)
        self.deliver(begin)
        self.hub.deliver_soon()
        if unlikely(apart_suspended(server)):
            self.hub.continue_script_soon()
        if self.closing or self.lost:
            self.drop_input()
            self.finish()
        elif not self.client.flags & CLIENT_BLOCKED:
            self.resume()
        elif self.client.waiter != NULL:
            self.arm()

    def monitor(self):
        """MONITOR: sends this client what others execute; false if it is sent that already."""
        if self.client.flags & CLIENT_MONITOR:
            return False
        monitors_add(&self.hub.core.server.monitors, &self.client)
        return True

    cdef void offer_large(self, Server *server) noexcept:
        """Offers the blocks of large bulks: a string that is stored may take over the block with its bytes."""
        if self.intake.large != NULL:
            server.keyspace.offered = self.intake.large.blobs
            server.keyspace.offered_count = self.intake.large.count

    def refuse_request(self):
        cdef char reason[64]
        cdef char text[128]
        parser_error(&self.parser, reason, sizeof(reason))
        snprintf(text, sizeof(text), "ERR Protocol error: %s", reason)
        self.hub.core.server.reply.protocol = self.client.protocol
        if not client_withholds(&self.client):
            reply_error(&self.hub.core.server.reply, text)
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY

    cdef int check_query_buffer(self) except -1:
        """Closes a client with too much input. What a transaction has queued counts, because it is not executed yet."""
        cdef size_t limit = self.hub.query_buffer_limit
        if self.client.flags & CLIENT_UNAUTHENTICATED:
            limit = min(limit, <size_t> UNAUTHENTICATED_QUERY)
        if intake_held(&self.intake) + self.client.queue_bytes > limit:
            self.hub.query_limit_closed += 1
            self.hub.host.on_query_limit(self)
            self.close()
        elif unlikely(self.hub.client_limit):
            self.hub.note_memory(self)
        return 0

    @property
    def input_beginning(self):
        """The first bytes of the input that it holds, for the log."""
        return self.intake.data[:min(self.intake.size, <size_t> SHOWN_INPUT)] if self.intake.data != NULL else b""

    cdef int deliver(self, size_t begin) except -1:
        """Sends the replies of a batch, or leaves them for the end of the iteration."""
        cdef Server *server = &self.hub.core.server
        cdef uint64_t offset = server.wait_offset
        cdef size_t end = server.reply.size
        if self.client.flags & CLIENT_CLOSE_NOW:
            reply_truncate(&server.reply, begin)
            return self.cut_off()
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

    def close(self, bint after_reply=False):
        """Ends the connection: at once, or after the replies made so far."""
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
            outbox_forget(&self.hub.core.server.outbox, &self.client)
            self.cut_off()

    cdef int cut_off(self) except -1:
        self.closing = True
        if not self.writing:
            self.say_goodbye()
        self.transport.abort()
        return 0

    # ---- what commands use ----

    def push(self, bytes data):
        """Sends a push message, whatever CLIENT REPLY says, after the replies made so far."""
        enter(self.hub.core)
        outbox_send(&self.hub.core.server.outbox, &self.client, slice_of(PyBytes_AS_STRING(data),
                    PyBytes_GET_SIZE(data)), 0, SEND_PUSH)
        self.hub.deliver_soon()

    def reset(self):
        """RESET: makes the connection like a new one, except for its authentication, which the caller decides."""
        if self.hub.core.server.in_exec and self.hub.core.server.current == &self.client and \
                not apart_suspended(&self.hub.core.server):
            raise RuntimeError("not possible while the client's EXEC runs")
        forget_subscriptions(&self.hub.core.server, &self.client)
        monitors_remove(&self.hub.core.server.monitors, &self.client)
        tracking_end(&self.hub.core.server, &self.client)
        client_reset(&self.client, &self.hub.core.server.keyspace)
        self.name = b""

    @property
    def is_encrypted(self):
        return self.tls is not None

    @property
    def is_shaking_hands(self):
        return self.tls is not None and self.tls.state < CIPHER_OPEN

    @property
    def core(self):
        return self.hub.core

    @property
    def host(self):
        return self.hub.host


cdef class HeldConnection(Connection):
    """A connection to a server that several threads call."""

    def connection_made(self, transport):
        exclusion_enter(self.hub.exclusion)
        try:
            Connection.connection_made(self, transport)
        finally:
            exclusion_leave(self.hub.exclusion)

    def connection_lost(self, exc):
        exclusion_enter(self.hub.exclusion)
        try:
            Connection.connection_lost(self, exc)
        finally:
            exclusion_leave(self.hub.exclusion)

    def eof_received(self):
        exclusion_enter(self.hub.exclusion)
        try:
            return Connection.eof_received(self)
        finally:
            exclusion_leave(self.hub.exclusion)

    def resume_writing(self):
        exclusion_enter(self.hub.exclusion)
        try:
            Connection.resume_writing(self)
        finally:
            exclusion_leave(self.hub.exclusion)

    def get_buffer(self, sizehint):
        exclusion_enter(self.hub.exclusion)
        try:
            return Connection.get_buffer(self, sizehint)
        finally:
            exclusion_leave(self.hub.exclusion)

    def buffer_updated(self, size_t size):
        exclusion_enter(self.hub.exclusion)
        try:
            Connection.buffer_updated(self, size)
        finally:
            exclusion_leave(self.hub.exclusion)

    def close(self, bint after_reply=False):
        """Ends the connection. Another thread than the loop's leaves that to the loop."""
        if self.hub.loop.is_here:
            Connection.close(self, after_reply)
            return
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY if after_reply else CLIENT_CLOSE_NOW
        self.hub.loop.call_soon(partial(Connection.close, self, after_reply))


class BufferedConnection(Connection, asyncio.BufferedProtocol):
    """A ``Connection`` that asyncio's own loops recognize as a buffered protocol too."""

    __slots__ = ()


class HeldBufferedConnection(HeldConnection, asyncio.BufferedProtocol):
    """A ``HeldConnection`` that asyncio's own loops recognize as a buffered protocol too."""

    __slots__ = ()
