"""The asyncio protocol classes: bytes in, bytes out, and nothing of what a command does.

``Hub`` owns what connections share: the read buffer, the list of replies that are owed until the iteration's end, and
the replies that wait longer, for the disk.

``Connection`` is a buffered protocol. It reads into the hub's buffer as long as it holds no input of its own; what a
batch leaves unparsed is copied out and then read on in place, in a buffer that doubles as bytes arrive (a length that
was only announced reserves nothing). A batch's replies stand at the end of the server's reply buffer. They are sent from
there at once, with one ``send`` on the descriptor, unless the file must have the batch first; then they stay until
``Hub.flush``, which runs once at the iteration's end, has drained the ring with one write.

A client that does not read is not read from: replies that the socket does not take are queued in the transport, and
reading pauses until they are gone.
"""

from collections import deque
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memmove

import asyncio
import socket

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport Py_DECREF, Py_INCREF

from pyredis._aof cimport aof_drain, aof_position, aof_released, aof_wake_clear
from pyredis._base cimport Slice, slice_of
from pyredis._core cimport Core
from pyredis._dispatch cimport (
    CLIENT_BLOCKED,
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_MULTI,
    CLIENT_NO_EVICT,
    CLIENT_NO_TOUCH,
    CLIENT_REPLY_OFF,
    CLIENT_REPLY_SKIP,
    CLIENT_REPLY_SKIP_NEXT,
    CLIENT_UNAUTHENTICATED,
    CLIENT_UNIX,
    Client,
    Server,
    client_discard,
    client_init,
    serve,
)
from pyredis._keyspace cimport keyspace_tick
from pyredis._memory cimport mem_alloc, mem_free, mem_realloc
from pyredis._resp cimport (
    PARSE_ERROR,
    PARSE_MORE,
    PARSE_REQUEST,
    Parser,
    arguments_grow,
    parser_init,
    parser_wants,
    reply_error,
    reply_free,
)

cdef extern from *:
    """
    #include <stdio.h>
    #include <sys/socket.h>
    #ifdef MSG_NOSIGNAL
    #define SEND_FLAGS (MSG_NOSIGNAL | MSG_DONTWAIT)
    #else
    #define SEND_FLAGS MSG_DONTWAIT
    #endif
    """
    enum: SEND_FLAGS
    ssize_t c_send "send" (int fd, const void *data, size_t size, int flags) nogil
    int snprintf(char *out, size_t size, const char *format, ...) nogil

cdef enum:
    READ_SIZE = 65536
    # Replies are handed on whenever a batch has made this many bytes of them.
    REPLY_SLICE = 262144
    # A reply buffer larger than this is given back when it is empty.
    REPLY_KEEP = 1 << 20
    UNAUTHENTICATED_QUERY = 1 << 20
    # A client whose one read held this many requests, and has more to read, lets the others go first.
    FAIR_SHARE = 1024


cdef class Hub:
    """What the connections of one server share.

    ``host`` decides about new connections: ``accept(connection)`` returns None, or the bytes of a refusal.
    """

    def __cinit__(self, Core core, host, loop):
        self.core = core
        self.host = host
        self.loop = loop
        self.clients = {}
        self.waiting = deque()
        self.buffer = <char *> mem_alloc(READ_SIZE)
        self.next_id = 1
        self.query_buffer_limit = 1 << 30

    def __dealloc__(self):
        mem_free(self.buffer, READ_SIZE)
        mem_free(self.owed, self.owed_capacity * sizeof(Owed))

    cdef int owe(self, Connection connection, size_t begin, uint64_t offset) except -1:
        """Leaves what stands in the reply buffer from ``begin`` on for the end of the iteration."""
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
        self.flush_scheduled = False
        if server.aof != NULL:
            self.drain()
        released = aof_released(server.aof) if server.aof != NULL else <uint64_t> -1
        self.settle_owed(released)
        server.reply.size = 0
        if server.reply.capacity > REPLY_KEEP:
            reply_free(&server.reply)

    def drain(self):
        """Hands the ring to the file, and tells the host when that begins or ceases to fail."""
        cdef int error = aof_drain(self.core.server.aof)
        if error != self.core.server.aof_error:
            self.core.server.aof_error = error
            self.host.on_aof_error(error)

    cdef int settle_owed(self, uint64_t released) except -1:
        cdef size_t index
        cdef Owed *owed
        cdef Connection connection
        cdef char *data = self.core.server.reply.data
        for index in range(self.owed_count):
            owed = self.owed + index
            connection = <Connection> owed.connection
            Py_DECREF(connection)
            if owed.offset <= released and not connection.waiting:
                connection.held -= 1
                connection.send(data + owed.begin, owed.end - owed.begin)
                connection.finish()
            else:
                self.wait(connection, data[owed.begin:owed.end], owed.offset)
        self.owed_count = 0
        return 0

    cdef int wait(self, Connection connection, bytes data, uint64_t offset) except -1:
        self.waiting.append((connection, data, offset))
        connection.waiting += 1
        return 0

    def release(self):
        """Sends the waiting replies that the file has caught up with. Called when the native thread says so."""
        cdef uint64_t released
        cdef Connection connection
        cdef bytes data
        if self.core.server.aof != NULL:
            aof_wake_clear(self.core.server.aof)
            self.drain()
        released = aof_released(self.core.server.aof) if self.core.server.aof != NULL else <uint64_t> -1
        while self.waiting and <uint64_t> self.waiting[0][2] <= released:
            connection, data, _ = self.waiting.popleft()
            connection.waiting -= 1
            connection.held -= 1
            connection.send(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
            connection.finish()

    def reset_counters(self):
        """CONFIG RESETSTAT."""
        self.reads = 0
        self.writes = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.connections = 0
        self.query_limit_closed = 0
        self.output_limit_closed = 0

    def factory(self):
        """A new connection, for ``loop.create_server``."""
        return BufferedConnection(self)


cdef class Connection:
    """One client. The attributes are what CLIENT LIST tells; times are milliseconds since 1970."""

    def __cinit__(self, Hub hub):
        self.hub = hub
        self.fd = -1
        self.name = b""
        self.lib_name = b""
        self.lib_ver = b""
        self.address = ""
        self.local_address = ""
        keyspace_tick(&hub.core.server.keyspace)
        client_init(&self.client, &hub.core.server)
        self.client.owner = <void *> self
        self.client.id = hub.next_id
        hub.next_id += 1
        parser_init(&self.parser, hub.core.server.settings.proto_max_bulk)

    def __dealloc__(self):
        client_discard(&self.client)
        self.drop_input()

    # ---- life ----

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(0)
        self.adopt_socket(transport)
        refusal = self.hub.host.accept(self)
        self.hub.connections += 1
        if refusal is not None:
            self.closing = True
            transport.write(refusal)
            transport.close()
            return
        self.hub.clients[self.client.id] = self

    def adopt_socket(self, transport):
        sock = transport.get_extra_info("socket")
        peer = transport.get_extra_info("peername")
        local = transport.get_extra_info("sockname")
        if sock.family == socket.AF_UNIX:
            self.client.flags |= CLIENT_UNIX
            path = local.decode() if isinstance(local, bytes) else (local or "")
            self.address = f"{path}:0"
            self.local_address = f"{path}:0"
        else:
            self.address = address_text(peer)
            self.local_address = address_text(local)
        if transport.get_extra_info("sslcontext") is None:
            self.fd = sock.fileno()

    def connection_lost(self, exc):
        self.lost = True
        self.fd = -1
        self.hub.clients.pop(self.client.id, None)
        client_discard(&self.client)
        self.drop_input()

    def eof_received(self):
        """A client that has only stopped sending still gets the replies that wait for the file."""
        self.closing = True
        return self.held > 0

    def pause_writing(self):
        self.writing = True
        self.pause_reading()

    def resume_writing(self):
        self.writing = False
        self.resume()

    def pause_reading(self):
        if not self.reading_paused and not self.lost:
            self.reading_paused = True
            self.transport.pause_reading()

    def resume(self):
        """Goes on with the input that was left, then with reading."""
        if self.lost or self.writing:
            return
        if self.reading_paused:
            self.reading_paused = False
            self.transport.resume_reading()
        if self.own_size:
            self.restore_arguments()
            self.process(self.own, self.own_size)

    # ---- input ----

    def get_buffer(self, sizehint):
        self.make_room()
        return self

    def __len__(self):
        return self.own_capacity - self.own_size if self.own != NULL else READ_SIZE

    def __getbuffer__(self, Py_buffer *view, int flags):
        if self.own != NULL:
            PyBuffer_FillInfo(view, self, self.own + self.own_size, self.own_capacity - self.own_size, False, flags)
        else:
            PyBuffer_FillInfo(view, self, self.hub.buffer, READ_SIZE, False, flags)

    def buffer_updated(self, size_t size):
        cdef uint64_t before = self.client.commands
        self.hub.reads += 1
        self.hub.bytes_in += size
        self.client.bytes_in += size
        if self.closing:
            return
        keyspace_tick(&self.hub.core.server.keyspace)
        if self.own != NULL:
            self.own_size += size
            self.restore_arguments()
            self.process(self.own, self.own_size)
        else:
            self.process(self.hub.buffer, size)
        if size == READ_SIZE and self.client.commands - before > FAIR_SHARE and not self.lost:
            self.pause_reading()
            self.hub.loop.call_soon(self.resume)

    cdef int make_room(self) except -1:
        """Room behind the bytes at hand: for the rest of a bulk as far as doubling what has arrived goes."""
        cdef size_t wanted, capacity
        if self.own == NULL or self.own_capacity - self.own_size >= READ_SIZE // 4:
            return 0
        wanted = parser_wants(&self.parser)
        capacity = max(self.own_size + READ_SIZE, min(2 * self.own_capacity, wanted + READ_SIZE // 4))
        self.own = <char *> mem_realloc(self.own, self.own_capacity, capacity)
        self.own_capacity = capacity
        return 0

    cdef int restore_arguments(self) except -1:
        """Puts the arguments that had arrived back into the server's scratch."""
        cdef Server *server = &self.hub.core.server
        cdef size_t index
        server.arguments.count = 0
        self.parser.first = 0
        if self.partial_count:
            arguments_grow(&server.arguments, self.partial_count)
            for index in range(self.partial_count):
                server.arguments.items[index] = slice_of(
                    self.own + <size_t> self.partial[index].data, self.partial[index].size)
            server.arguments.count = self.partial_count
            mem_free(self.partial, self.partial_count * sizeof(Slice))
            self.partial = NULL
            self.partial_count = 0
        return 0

    cdef int keep_rest(self, char *data, size_t size) except -1:
        """Keeps what is not executed: the bytes, and the arguments of a request that is not whole, as offsets."""
        cdef Server *server = &self.hub.core.server
        cdef Parser *parser = &self.parser
        cdef size_t begin = parser.begin if parser.remaining > 0 else parser.at
        cdef size_t rest = size - begin
        cdef size_t index
        if rest == 0:
            self.drop_input()
            return 0
        if parser.remaining > 0 and server.arguments.count > parser.first:
            self.partial_count = server.arguments.count - parser.first
            self.partial = <Slice *> mem_alloc(self.partial_count * sizeof(Slice))
            for index in range(self.partial_count):
                self.partial[index] = server.arguments.items[parser.first + index]
                self.partial[index].data = <const char *> (<size_t> (self.partial[index].data - data) - begin)
        if data != self.own:
            self.own_capacity = rest + READ_SIZE // 4
            self.own = <char *> mem_alloc(self.own_capacity)
            memcpy(self.own, data + begin, rest)
        elif begin:
            memmove(self.own, self.own + begin, rest)
        self.own_size = rest
        parser.at -= begin
        parser.begin = 0
        return 0

    cdef void drop_input(self) noexcept:
        mem_free(self.own, self.own_capacity)
        self.own = NULL
        self.own_size = 0
        self.own_capacity = 0
        mem_free(self.partial, self.partial_count * sizeof(Slice))
        self.partial = NULL
        self.partial_count = 0
        self.parser.at = 0
        self.parser.begin = 0
        self.parser.first = 0

    # ---- serving ----

    cdef int process(self, char *data, size_t size) except -1:
        """Executes what is whole in the bytes, sends or leaves the replies, keeps the rest."""
        cdef Server *server = &self.hub.core.server
        cdef int status = PARSE_REQUEST
        cdef size_t begin
        self.parser.max_bulk = server.settings.proto_max_bulk
        while status == PARSE_REQUEST and not self.client.flags & CLIENT_BLOCKED:
            self.parser.authenticated = not self.client.flags & CLIENT_UNAUTHENTICATED
            server.wait_offset = 0
            begin = server.reply.size
            status = serve(server, &self.client, &self.parser, data, size, REPLY_SLICE)
            if status == PARSE_ERROR:
                self.refuse_request()
            self.deliver(begin)
            if self.closing or self.lost or self.writing:
                break
        if self.closing or self.lost:
            self.drop_input()
            return self.finish()
        self.keep_rest(data, size)
        return self.check_query_buffer()

    def refuse_request(self):
        cdef char text[128]
        snprintf(text, sizeof(text), "ERR Protocol error: %s", &self.parser.error[0])
        self.hub.core.server.reply.protocol = self.client.protocol
        reply_error(&self.hub.core.server.reply, text)
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY

    cdef int check_query_buffer(self) except -1:
        cdef size_t limit = self.hub.query_buffer_limit
        if self.client.flags & CLIENT_UNAUTHENTICATED:
            limit = min(limit, <size_t> UNAUTHENTICATED_QUERY)
        if self.own_size > limit:
            self.hub.query_limit_closed += 1
            self.hub.host.on_query_limit(self)
            self.transport.abort()
        return 0

    cdef int deliver(self, size_t begin) except -1:
        """Sends what a batch has replied, or leaves it for the end of the iteration."""
        cdef Server *server = &self.hub.core.server
        cdef uint64_t offset = server.wait_offset
        cdef size_t end = server.reply.size
        if self.client.flags & CLIENT_CLOSE_NOW:
            server.reply.size = begin
            self.closing = True
            self.transport.abort()
            return 0
        if self.client.flags & CLIENT_CLOSE_AFTER_REPLY:
            self.closing = True
        if server.aof != NULL and (self.held or offset > aof_released(server.aof)):
            if end > begin:
                self.hub.owe(self, begin, offset)
            else:
                self.hub.schedule_flush()
            if end > REPLY_SLICE * 16:
                self.hub.flush()
            return 0
        if end > begin:
            self.send(server.reply.data + begin, end - begin)
            server.reply.size = begin
            if begin == 0 and server.reply.capacity > REPLY_KEEP:
                reply_free(&server.reply)
        return 0

    # ---- output ----

    cdef int send(self, const char *data, size_t size) except -1:
        """Sends bytes that will not stay where they are."""
        cdef ssize_t sent = 0
        if self.lost or size == 0:
            return 0
        self.hub.writes += 1
        self.hub.bytes_out += size
        self.client.bytes_out += size
        if self.fd >= 0 and not self.writing:
            sent = c_send(self.fd, data, size, SEND_FLAGS)
            if sent == <ssize_t> size:
                return 0
            if sent < 0:
                if errno != EAGAIN and errno != EINTR:
                    self.closing = True
                    self.transport.abort()
                    return 0
                sent = 0
        return self.queue_tail(data + sent, size - sent)

    cdef int queue_tail(self, const char *data, size_t size) except -1:
        self.transport.write(data[:size])
        if self.transport.get_write_buffer_size() > 0:
            self.writing = True
            if self.hub.host.exceeds_output_limit(self, self.transport.get_write_buffer_size()):
                self.hub.output_limit_closed += 1
                self.closing = True
                self.transport.abort()
                return 0
            self.pause_reading()
        return 0

    cdef int finish(self) except -1:
        """Closes a connection that is to end, once nothing is held back."""
        if self.closing and not self.held and not self.lost:
            self.transport.close()
        return 0

    def push(self, bytes data):
        """Sends bytes outside of any request (a message, a wake-up), behind the replies that are held."""
        if self.held:
            self.hub.wait(self, data, 0)
            self.held += 1
        else:
            self.send(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))

    def close(self, bint after_reply=False):
        """Ends the connection: at once, or behind the replies made so far."""
        if self.lost:
            return
        if self.hub.core.server.current == &self.client:
            self.client.flags |= CLIENT_CLOSE_AFTER_REPLY if after_reply else CLIENT_CLOSE_NOW
        elif after_reply:
            self.closing = True
            self.finish()
        else:
            self.closing = True
            self.transport.abort()

    # ---- what commands ask and set ----

    def block(self):
        """Executes nothing more of this connection until ``unblock``; what it sends is kept."""
        self.client.flags |= CLIENT_BLOCKED

    def unblock(self, bytes reply):
        """Answers the command that blocked, and goes on."""
        self.client.flags &= ~CLIENT_BLOCKED
        if not self.lost:
            if not self.client.flags & CLIENT_REPLY_OFF:
                self.push(reply)
            self.hub.loop.call_soon(self.resume)

    def discard_transaction(self):
        """Leaves MULTI and forgets what is watched."""
        client_discard(&self.client)

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

    @property
    def id(self):
        return self.client.id

    @property
    def db(self):
        return self.client.database.id

    @property
    def protocol(self):
        return self.client.protocol

    @protocol.setter
    def protocol(self, int value):
        self.client.protocol = value

    @property
    def authenticated(self):
        return not self.client.flags & CLIENT_UNAUTHENTICATED

    @authenticated.setter
    def authenticated(self, bint value):
        self.set_flag(CLIENT_UNAUTHENTICATED, not value)

    def set_flag(self, unsigned flag, bint on):
        if on:
            self.client.flags |= flag
        else:
            self.client.flags &= ~flag

    @property
    def no_evict(self):
        return (self.client.flags & CLIENT_NO_EVICT) != 0

    @no_evict.setter
    def no_evict(self, bint value):
        self.set_flag(CLIENT_NO_EVICT, value)

    @property
    def no_touch(self):
        return (self.client.flags & CLIENT_NO_TOUCH) != 0

    @no_touch.setter
    def no_touch(self, bint value):
        self.set_flag(CLIENT_NO_TOUCH, value)

    @property
    def reply_mode(self):
        """``on``, ``off`` or ``skip``."""
        if self.client.flags & CLIENT_REPLY_OFF:
            return "off"
        return "skip" if self.client.flags & (CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT) else "on"

    @reply_mode.setter
    def reply_mode(self, str mode):
        if mode == "skip":
            if not self.client.flags & CLIENT_REPLY_OFF:
                self.client.flags |= CLIENT_REPLY_SKIP_NEXT
            return
        self.set_flag(CLIENT_REPLY_OFF, mode == "off")
        if mode == "on":
            self.client.flags &= ~(CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT)

    @property
    def user(self):
        return "default"

    @property
    def is_unix(self):
        return (self.client.flags & CLIENT_UNIX) != 0

    @property
    def flags_text(self):
        """Redis's letters for the state of a client."""
        text = ""
        if self.client.flags & CLIENT_MULTI:
            text += "x"
        if self.client.flags & CLIENT_BLOCKED:
            text += "b"
        if self.client.flags & CLIENT_UNIX:
            text += "U"
        if self.closing:
            text += "c"
        if self.client.flags & CLIENT_NO_EVICT:
            text += "e"
        if self.client.flags & CLIENT_NO_TOUCH:
            text += "T"
        return text or "N"

    @property
    def created_ms(self):
        return self.client.created_ms

    @property
    def active_ms(self):
        return self.client.active_ms

    @property
    def queued(self):
        """Commands queued since MULTI, -1 outside of one."""
        return self.client.queued if self.client.flags & CLIENT_MULTI else -1

    @property
    def watching(self):
        return self.client.watching

    @property
    def multi_memory(self):
        return self.client.queue_bytes

    @property
    def query_buffer(self):
        """Bytes of input that are held."""
        return self.own_size

    @property
    def query_free(self):
        return self.own_capacity - self.own_size

    @property
    def output_memory(self):
        """Bytes that the socket has not taken yet."""
        return self.transport.get_write_buffer_size() if self.transport is not None and not self.lost else 0

    @property
    def total_memory(self):
        return self.own_capacity + self.client.queue_bytes + self.output_memory + sizeof(Client) + sizeof(Parser)

    @property
    def bytes_in(self):
        return self.client.bytes_in

    @property
    def bytes_out(self):
        return self.client.bytes_out

    @property
    def commands(self):
        return self.client.commands

    @property
    def last_command(self):
        """The full name, ``client|list``; None before the first."""
        return self.client.last_command.name.decode() if self.client.last_command != NULL else None


def address_text(address):
    """``host:port``, an IPv6 host in brackets."""
    if not address:
        return "?:0"
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class BufferedConnection(Connection, asyncio.BufferedProtocol):
    """A ``Connection`` that asyncio's own loops take for a buffered protocol too."""

    __slots__ = ()
