"""Sends requests and keeps the bytes of their replies; ``local_stream.pxd`` has the contract."""

from collections import deque

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memchr, memcpy

from pyredis._resp cimport Reply, reply_truncate
from pyredis.call.client cimport CLIENT_BLOCKED, CLIENT_CLOSE_AFTER_REPLY, CLIENT_CLOSE_NOW
from pyredis.call.outbox cimport outbox_has_mail
from pyredis.call.pausing cimport is_held_back
from pyredis.call.state cimport Server
from pyredis.ground.base cimport likely, unlikely
from pyredis.ground.exclusion cimport exclusion_enter, exclusion_leave
from pyredis.ground.memory cimport Account, mem_enter
from pyredis.journal.aof cimport aof_released
from pyredis.shell.hub cimport Hub
from pyredis.shell.local_client cimport LocalClient, Ticket
from pyredis.shell.outgoing cimport parcel_of
from pyredis.wire.object_arguments cimport ObjectArguments, encode_arguments, release_arguments

cdef enum:
    CLOSING = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW


def local_stream(Hub hub not None, int protocol=2):
    """Returns a new client in database 0."""
    cdef LocalStream stream = LocalStream(hub)
    stream.ordered = True
    stream.client.protocol = protocol
    return stream


cdef bint has_blank(object name):
    """Whether the name of a command has several words: ``CONFIG GET``."""
    if isinstance(name, str):
        return " " in <str> name
    return isinstance(name, bytes) and memchr(PyBytes_AS_STRING(name), c" ", PyBytes_GET_SIZE(name)) != NULL


cdef object separated(object words):
    """Returns the words of a request; the first may have several that are separated by blanks."""
    if isinstance(words, (tuple, list)) and words and unlikely(has_blank(words[0])):
        return (*words[0].split(), *words[1:])
    return words


def encoded(words):
    """Returns a request with arguments of bytes, in a list. Raises TypeError or ValueError."""
    cdef ObjectArguments arguments
    cdef size_t index
    words = separated(words)
    try:
        encode_arguments(&arguments, words, <size_t> -1)
        return [arguments.items[index].data[:arguments.items[index].size] for index in range(arguments.count)]
    finally:
        release_arguments(&arguments)


cdef class LocalStream(LocalClient):
    """A client in process that is used like a socket: `request` and then `take`."""

    # ---- requests ----

    def request(self, words):
        """Executes a request, or keeps it while an earlier one waits.

        Raises ClientClosed, and TypeError or ValueError for arguments that cannot be sent.
        """
        cdef Account *interrupted = mem_enter(self.hub.memory)
        try:
            self.accept_request(separated(words))
        finally:
            mem_enter(interrupted)

    cdef int accept_request(self, object words) except -1:
        if unlikely(self.client.flags & CLIENT_BLOCKED or self.backlog):
            words = encoded(words)
            exclusion_enter(self.exclusion)
            try:
                if self.client.flags & CLIENT_BLOCKED or self.backlog:
                    if self.backlog is None:
                        self.backlog = deque()
                    self.backlog.append(words)
                    return 0
            finally:
                exclusion_leave(self.exclusion)
        return self.run_request(words)

    cdef int run_request(self, object words) except -1:
        cdef ObjectArguments arguments
        try:
            encode_arguments(&arguments, words, self.hub.core.server.settings.proto_max_bulk)
            exclusion_enter(self.exclusion)
            try:
                self.execute(<int> arguments.count, arguments.items, False)
            finally:
                exclusion_leave(self.exclusion)
        finally:
            release_arguments(&arguments)
        return 0

    cdef object settle(self, size_t begin, int form):
        """Keeps the reply of the command that has run, and delivers what it sent to others."""
        cdef Server *server = &self.hub.core.server
        cdef uint64_t offset = server.wait_offset
        if unlikely(self.client.flags & (CLOSING | CLIENT_BLOCKED)):
            return self.wait_or_end(begin, False)
        if unlikely(self.held):
            return self.await_file(begin, offset, False)
        if server.aof != NULL and offset > aof_released(server.aof):
            self.hub.drain_ring()
            if offset > aof_released(server.aof):
                return self.await_file(begin, offset, False)
        self.keep_reply(begin)
        if unlikely(outbox_has_mail(&server.outbox)):
            self.send_mail()
        return None

    def keep_reply(self, size_t begin):
        cdef Reply *reply = &self.hub.core.server.reply
        if unlikely(reply.piece_count):
            self.receive(b"".join(parcel_of(reply, begin, 0).parts))
        else:
            self.receive(reply.data[begin:reply.size])
        reply_truncate(reply, begin)

    def wait_or_end(self, size_t begin, bint decode):
        if self.client.flags & CLIENT_BLOCKED:
            if self.client.waiter != NULL and self.alarm is None:
                self.arm()
            self.send_mail()
            return
        try:
            self.keep_reply(begin)
            self.send_mail()
        finally:
            reply_truncate(&self.hub.core.server.reply, begin)
            self.forget()

    # ---- requests that were sent while another one waited ----

    cdef int go_on(self) except -1:
        self.disarm()
        if self.backlog:
            self.hub.loop.call_soon(self.run_backlog)
        return 0

    def run_backlog(self):
        """Executes what has been kept, up to the next request that waits. The loop calls it inside the exclusion."""
        cdef Account *interrupted = mem_enter(self.hub.memory)
        try:
            while self.backlog and not self.client.flags & (CLIENT_BLOCKED | CLOSING):
                self.run_kept(self.backlog.popleft())
        finally:
            mem_enter(interrupted)

    def run_kept(self, words):
        cdef ObjectArguments arguments
        try:
            encode_arguments(&arguments, words, <size_t> -1)
            self.execute(<int> arguments.count, arguments.items, False)
        finally:
            release_arguments(&arguments)

    def run_held_back(self):
        LocalClient.run_held_back(self)
        if self.backlog and not self.client.flags & CLIENT_BLOCKED:
            self.hub.loop.call_soon(self.run_backlog)

    # ---- replies and messages ----

    @property
    def readable(self):
        """Whether there is something to read: bytes, or the end."""
        return self.begun is not None or len(self.inbox) > 0 or self.lost

    @property
    def closed(self):
        return self.lost

    @property
    def at_end(self):
        """Whether it is closed, and everything that was sent to it has been read."""
        return self.lost and self.begun is None and not self.inbox

    def give_up(self, Ticket ticket not None):
        """Ends the wait for a ticket of `await_message`. Returns False if something has arrived.

        A command that waits for keys is abandoned, and the client closed: its reader has given it up, so an element
        that it took from a key would be lost.
        """
        exclusion_enter(self.exclusion)
        try:
            if self.reader is ticket:
                self.reader = None
            if self.readable:
                return False
            if self.client.waiter != NULL and not is_held_back(&self.client):
                self.forget()
            return True
        finally:
            exclusion_leave(self.exclusion)

    def take(self):
        """Returns all bytes that have arrived and are not read, and removes them."""
        cdef bytes data
        exclusion_enter(self.exclusion)
        try:
            data = self.take_all()
        finally:
            exclusion_leave(self.exclusion)
        return data

    cdef bytes take_all(self):
        cdef bytes data
        if self.begun is not None:
            self.inbox.appendleft(self.begun[self.taken:])
            self.begun = None
        self.unread = 0
        if likely(len(self.inbox) == 1):
            return self.inbox.popleft()
        data = b"".join(self.inbox)
        self.inbox.clear()
        return data

    def take_into(self, buffer):
        """Copies bytes that have arrived into a buffer, and returns how many."""
        cdef Py_buffer view
        cdef Py_ssize_t size
        PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
        exclusion_enter(self.exclusion)
        try:
            if self.begun is None:
                self.begun = self.take_all()
                self.taken = 0
            size = min(view.len, PyBytes_GET_SIZE(self.begun) - self.taken)
            memcpy(view.buf, PyBytes_AS_STRING(self.begun) + self.taken, size)
            self.taken += size
            if self.taken == PyBytes_GET_SIZE(self.begun):
                self.begun = None
            return size
        finally:
            exclusion_leave(self.exclusion)
            PyBuffer_Release(&view)
