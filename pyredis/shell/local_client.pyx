"""Runs commands in process and receives what is sent to it; ``local_client.pxd`` has the contract."""

from collections import deque
from functools import partial

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t

from pyredis._resp cimport Reply, reply_free, reply_truncate
from pyredis.call.client cimport (
    CLIENT_AUTHENTICATED,
    CLIENT_BLOCKED,
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_DENY_BLOCKING,
    CLIENT_LOCAL,
    CLIENT_MONITOR,
    CLIENT_MULTI,
    CLIENT_NO_EVICT,
    CLIENT_NO_TOUCH,
    CLIENT_PUBSUB,
    CLIENT_REPLY_OFF,
    CLIENT_REPLY_SKIP_NEXT,
    CLIENT_TRACKING,
    client_discard,
    client_end_reply,
    client_init,
    client_reset,
)
from pyredis.call.command cimport CMD_BLOCKING, CMD_PRIVATE, Command
from pyredis.call.monitors cimport monitors_add, monitors_remove
from pyredis.call.outbox cimport Mailbox, outbox_due, outbox_forget, outbox_has_mail
from pyredis.call.pausing cimport is_held_back
from pyredis.call.state cimport RESTRICT_PAUSED, Server, find_called, find_command
from pyredis.call.subscriptions cimport forget_subscriptions
from pyredis.call.tracking cimport tracking_broadcast, tracking_end
from pyredis.dispatch.direct cimport call_direct, call_next
from pyredis.dispatch.resuming cimport resume_command
from pyredis.dispatch.serving cimport forget_waiting
from pyredis.ground.base cimport Slice, cycles_now, slice_of, unlikely
from pyredis.ground.exclusion cimport exclusion_enter, exclusion_leave
from pyredis.ground.memory cimport Account, mem_enter
from pyredis.journal.aof cimport aof_released
from pyredis.keyspace.keyspace cimport keyspace_tick
from pyredis.shell.hub cimport Hub, Receiver
from pyredis.shell.outgoing cimport Parcel, parcel_of
from pyredis.wire.object_arguments cimport ObjectArguments, encode_arguments, release_arguments
from pyredis.wire.plain_replies cimport DECODED

from pyredis.replies import Push
from pyredis.wire.reply_objects import ReplyError, ReplyParser

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef enum:
    CLOSING = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW
    # A reply buffer larger than this, in bytes, is freed when it is empty.
    REPLY_KEEP = 1 << 20

_Push = Push

# What `run` of a shared client returns for a command that another client must run: one that may wait, or that has an
# effect on the client.
ELSEWHERE = object()

# Commands that a shared client never runs, because they change or end the client, or wait without being "blocking".
PRIVATE = (b"auth", b"bgrewriteaof", b"debug", b"hello", b"quit", b"reset", b"shutdown")
# Those that would change it for all its callers, and make no sense on a client that is used for one command only.
REFUSED = {
    b"multi": "use pipeline()",
    b"watch": "use watch() of a pipeline()",
    b"select": "open the database again, with db=",
    b"client|reply": "use pipeline()",
    b"client|tracking": "use a connection of connection_pool()",
    b"monitor": "use monitor()",
    b"subscribe": "use pubsub()",
    b"psubscribe": "use pubsub()",
    b"ssubscribe": "use pubsub()",
    b"unsubscribe": "use pubsub()",
    b"punsubscribe": "use pubsub()",
    b"sunsubscribe": "use pubsub()",
}


class ClientClosed(ConnectionError):
    """The client was closed before the command was run, by CLIENT KILL for example, or its server has ended."""


class ReplyLost(ConnectionError):
    """The client was closed before the reply arrived. The command may have been executed."""


cdef class Ticket:
    """A reply or a message that is not there yet. ``value`` is it once ``done`` is true."""

    def call_when_done(self, wake):
        """Calls ``wake`` as soon as it is done, in any thread. Returns False, and does not call it, if it is done."""
        # Made first, because the garbage collector may let another thread run.
        cdef list fresh = [] if self.wakes is None else None
        if self.done:
            return False
        if self.wakes is None:
            self.wakes = fresh
        self.wakes.append(wake)
        return True

    def forget(self, wake):
        """Takes back `call_when_done`."""
        if self.wakes is not None and wake in self.wakes:
            self.wakes.remove(wake)

    cdef int resolve(self, object value) except -1:
        if self.done:
            return 0
        self.value = value
        self.done = True
        wakes, self.wakes = self.wakes, None
        if wakes is not None:
            for wake in wakes:
                wake()
        return 0


def forward(Ticket reply not None, Ticket ticket not None):
    """Resolves a ticket with the reply of another one."""
    ticket.resolve(reply.value)


def local_client(Hub hub not None, int database=0, *, bint decode=False, bint shared=False, bint ordered=False,
                 int protocol=3):
    """Returns a new client in a database. Raises ValueError if there is no such database or protocol."""
    cdef LocalClient client
    if hub.host.stopped:
        raise ClientClosed("the database has been closed")
    if not 0 <= database < hub.core.server.keyspace.count:
        raise ValueError(f"no such database: {database}; there are {hub.core.server.keyspace.count}")
    if protocol not in (2, 3):
        raise ValueError(f"no such protocol: {protocol}")
    client = LocalClient(hub)
    client.decode = decode
    client.shared = shared
    client.ordered = ordered
    client.client.protocol = protocol
    client.client.database = &hub.core.server.keyspace.databases[database]
    if shared:
        client.client.flags |= CLIENT_DENY_BLOCKING
        mark_private(&hub.core.server)
    return client


cdef int mark_private(Server *server) except -1:
    """Marks the commands that a shared client does not run, and those that contain any."""
    cdef Command *command
    for name in (*PRIVATE, *REFUSED):
        name = name.split(b"|")[0]
        command = find_command(server, slice_of(PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name)))
        if command != NULL:
            command.flags |= CMD_PRIVATE
    return 0


cdef tuple _MULTI = ((b"MULTI",),)
cdef tuple _EXEC = ((b"EXEC",),)


cdef int check_requests(list requests) except -1:
    """Raises TypeError or ValueError if an argument cannot be sent, before any of the commands is run."""
    for request in requests:
        words = (<tuple> request)[0]
        if not words:
            raise ValueError("a request has at least one argument, its command")
        for word in words:
            if isinstance(word, bytes):
                continue
            if isinstance(word, str):
                PyUnicode_AsUTF8AndSize(word, NULL)
            elif isinstance(word, bool) or not isinstance(word, (int, float)):
                check_word(word)
    return 0


def check_word(word):
    """Raises TypeError unless the object can be a word of a command; see ``wire/object_arguments``."""
    if isinstance(word, bool) or word is None:
        raise TypeError(f"{word} is not an argument of a command: convert it to bytes, str, int or float")
    try:
        memoryview(word)
    except TypeError:
        raise TypeError(f"an argument of a command is bytes, str, int or float, not {type(word).__name__}") from None


cdef class LocalClient(Blockable):
    """A client in process. ``shared`` ones never wait for keys; ``ordered`` ones have replies in their inbox too."""

    def __cinit__(self, Hub hub):
        if hub.exclusion is None:
            raise ValueError("the server is called by one thread only")
        self.exclusion = hub.exclusion
        self.tickets = deque()
        self.inbox = deque()
        exclusion_enter(self.exclusion)
        try:
            self.begin()
        finally:
            exclusion_leave(self.exclusion)

    cdef int begin(self) except -1:
        cdef Server *server = &self.hub.core.server
        keyspace_tick(&server.keyspace)
        client_init(&self.client, &server.keyspace)
        self.client.owner = <void *> self
        self.client.id = server.next_client_id
        server.next_client_id += 1
        self.client.protocol = 3
        self.client.flags |= CLIENT_AUTHENTICATED | CLIENT_LOCAL
        self.hub.connections += 1
        self.hub.clients.add(self)
        return 0

    def __del__(self):
        if self.client.owner != NULL:
            self.exclusion.do_or_leave(self.forget)

    # ---- running commands ----

    def run(self, words, bint raw=False):
        """Runs a command, a sequence of its name and arguments, and returns its reply; an error reply is raised.

        With ``raw``, strings of the reply are bytes although the client decodes.

        Returns a ``Ticket`` while the command waits for keys or for the append-only file, and ``ELSEWHERE`` if the
        client is shared and the command is one that may wait. Raises ClientClosed after the client has been closed,
        TypeError or ValueError for arguments that cannot be sent.
        """
        return self.run_words(words, 0 if raw else DECODED)

    # Runs a command; `form` is that of ``wire/plain_replies``, for a client that decodes.
    cdef object run_words(self, words, int form):
        cdef ObjectArguments encoded
        cdef Account *interrupted = mem_enter(self.hub.memory)
        try:
            encode_arguments(&encoded, words, self.hub.core.server.settings.proto_max_bulk)
            return self.call(<int> encoded.count, encoded.items, form if self.decode else form & ~DECODED)
        finally:
            release_arguments(&encoded)
            mem_enter(interrupted)

    cdef object call(self, int argc, Slice *argv, int form):
        cdef Command *command
        exclusion_enter(self.exclusion)
        try:
            command = find_command(&self.hub.core.server, argv[0])
            if self.shared and command != NULL and unlikely(
                    command.flags & (CMD_BLOCKING | CMD_PRIVATE) or
                    self.hub.core.server.restrictions & RESTRICT_PAUSED):
                self.check_usable()
                if self.runs_elsewhere(argc, argv):
                    return ELSEWHERE
            return self.execute(argc, argv, form)
        finally:
            exclusion_leave(self.exclusion)

    cdef bint runs_elsewhere(self, int argc, Slice *argv) except -1:
        """Returns whether a client of its own must run the command. Raises ReplyError if no other caller may see it."""
        cdef Server *server = &self.hub.core.server
        cdef Command *command = find_called(server, argc, argv)
        cdef bytes name
        if command == NULL:
            return False
        name = command.name[:command.name_size]
        advice = REFUSED.get(name)
        if advice is None or not self.would_change(name, argc, argv):
            return (command.flags & CMD_BLOCKING or name in PRIVATE or name.split(b"|")[0] in PRIVATE or
                    server.restrictions & RESTRICT_PAUSED)
        shown = name.decode().upper().replace("|", " ")
        raise ReplyError(f"ERR {shown} changes its connection, which all callers of this database share: {advice}")

    cdef bint would_change(self, bytes name, int argc, Slice *argv) except -1:
        """Returns whether the arguments of a command that is refused say that it changes the client."""
        cdef bytes argument = argv[argc - 1].data[:argv[argc - 1].size]
        if name == b"select":
            return argc == 2 and argument != b"%d" % self.db
        if name == b"client|tracking":
            return argc > 2 and argv[2].data[:argv[2].size].lower() != b"off"
        return name != b"client|reply" or (argc == 3 and argument.lower() != b"on")

    cdef object execute(self, int argc, Slice *argv, int form):
        cdef Server *server = &self.hub.core.server
        cdef size_t begin = server.reply.size
        self.check_usable()
        keyspace_tick(&server.keyspace)
        call_direct(server, &self.client, argc, argv)
        return self.settle(begin, form)

    cdef int check_usable(self) except -1:
        self.hub.core.check_idle()
        if unlikely(self.client.flags & CLOSING):
            raise ClientClosed("the client has been closed")
        return 0

    cdef object settle(self, size_t begin, int form):
        """Returns the reply of the command that has run, or a ticket for it, and delivers what it sent to others."""
        cdef Server *server = &self.hub.core.server
        cdef uint64_t offset = server.wait_offset
        if unlikely(self.client.flags & (CLOSING | CLIENT_BLOCKED)):
            return self.wait_or_end(begin, form & DECODED)
        if unlikely(self.ordered and self.held):
            return self.await_file(begin, offset, form & DECODED)
        if server.aof != NULL and offset > aof_released(server.aof):
            self.hub.drain_ring()
            if offset > aof_released(server.aof):
                return self.await_file(begin, offset, form & DECODED)
        if unlikely(self.ordered):
            self.receive(b"".join(parcel_of(&server.reply, begin, 0).parts))
        if unlikely(outbox_has_mail(&server.outbox)):
            self.send_mail()
        return self.hub.core.take_reply(begin, form)

    def run_all(self, list requests):
        """Runs commands, each a tuple that begins with its words, with nothing in between.

        Returns (replies, ticket): error replies are among the replies, as ``ReplyError``. A ticket stands for the reply
        of a command that waits for keys, after which the rest of the commands is to be run; or, if all have replies,
        for the moment at which the file has the commands. Otherwise it is None.
        Raises TypeError or ValueError, before any command is run, if one of them cannot be sent.
        """
        cdef list replies = []
        cdef uint64_t offset = 0
        cdef Account *interrupted = mem_enter(self.hub.memory)
        try:
            check_requests(requests)
            exclusion_enter(self.exclusion)
            try:
                self.check_usable()
                self.begin_all()
                for request in requests:
                    if unlikely(self.client.flags & CLOSING):
                        self.end_all(offset)
                        raise ReplyLost("the client has been closed")
                    if self.run_one(<tuple> request, replies, &offset):
                        return replies, self.new_ticket(self.decodes(<tuple> request))
                return replies, self.end_all(offset)
            finally:
                exclusion_leave(self.exclusion)
        finally:
            mem_enter(interrupted)

    cdef void begin_all(self) noexcept:
        keyspace_tick(&self.hub.core.server.keyspace)
        self.hub.core.server.cycle_mark = cycles_now()

    cdef bint decodes(self, tuple request) except -1:
        return self.decode and (len(request) < 3 or request[2])

    cdef bint run_one(self, tuple request, list replies, uint64_t *offset) except -1:
        """Runs a command, and appends its reply. Returns True instead if it waits."""
        cdef Server *server = &self.hub.core.server
        cdef ObjectArguments encoded
        cdef size_t begin = server.reply.size
        try:
            encode_arguments(&encoded, request[0], server.settings.proto_max_bulk)
            call_next(server, &self.client, <int> encoded.count, encoded.items)
        finally:
            release_arguments(&encoded)
        offset[0] = max(offset[0], server.wait_offset)
        if unlikely(self.client.flags & CLIENT_BLOCKED):
            if self.client.waiter != NULL and self.alarm is None:
                self.arm()
            self.send_mail()
            return True
        try:
            replies.append(self.hub.core.take_reply(begin, self.decodes(request)))
        except (ReplyError, ValueError) as error:
            replies.append(error)
        return False

    cdef object end_all(self, uint64_t offset):
        """Delivers what commands have sent; returns a ticket if the file does not have them yet."""
        cdef Server *server = &self.hub.core.server
        cdef Ticket ticket = None
        if server.aof != NULL and offset > aof_released(server.aof):
            self.hub.drain_ring()
            if offset > aof_released(server.aof):
                ticket = self.new_ticket(False)
                self.hub.wait(self, b"+OK\r\n", 5, offset)
        if outbox_has_mail(&server.outbox):
            self.send_mail()
        if unlikely(self.client.flags & CLOSING):
            self.forget()
        return ticket

    def run_transaction(self, list requests):
        """Runs commands in MULTI and EXEC. Returns (errors, reply, ticket).

        ``errors`` are (index, ReplyError) of commands that were refused when they were queued; ``reply`` is that of
        EXEC, a list, None if a watched key has changed, or a ReplyError. A ticket stands for the moment at which the
        file has the transaction; it is None if the file has it.
        Returns None, and runs nothing, while CLIENT PAUSE is in effect.
        """
        cdef list errors = []
        cdef list replies = []
        cdef uint64_t offset = 0
        cdef Py_ssize_t index
        cdef Account *interrupted = mem_enter(self.hub.memory)
        try:
            check_requests(requests)
            exclusion_enter(self.exclusion)
            try:
                self.check_usable()
                if self.hub.core.server.restrictions & RESTRICT_PAUSED:
                    return None
                self.begin_all()
                self.run_one(_MULTI, replies, &offset)
                for index in range(len(requests)):
                    self.queue_one(<tuple> requests[index], index, errors)
                self.run_one(_EXEC, replies, &offset)
                return errors, replies[1], self.end_all(offset)
            finally:
                exclusion_leave(self.exclusion)
        finally:
            mem_enter(interrupted)

    cdef int queue_one(self, tuple request, Py_ssize_t index, list errors) except -1:
        cdef Server *server = &self.hub.core.server
        cdef ObjectArguments encoded
        cdef size_t begin = server.reply.size
        try:
            encode_arguments(&encoded, request[0], server.settings.proto_max_bulk)
            call_next(server, &self.client, <int> encoded.count, encoded.items)
        finally:
            release_arguments(&encoded)
        if unlikely(server.reply.size > begin and server.reply.data[begin] != c'+'):
            try:
                self.hub.core.take_reply(begin, False)
            except ReplyError as error:
                errors.append((index, error))
        reply_truncate(&server.reply, begin)
        return 0

    def wait_or_end(self, size_t begin, bint decode):
        if self.client.flags & CLIENT_BLOCKED:
            if self.client.waiter != NULL and self.alarm is None:
                self.arm()
            self.send_mail()
            return self.new_ticket(decode)
        try:
            if self.ordered:
                self.receive(b"".join(parcel_of(&self.hub.core.server.reply, begin, 0).parts))
            self.send_mail()
            return self.hub.core.take_reply(begin, decode)
        finally:
            reply_truncate(&self.hub.core.server.reply, begin)
            self.forget()

    cdef Ticket new_ticket(self, bint decode):
        cdef Ticket ticket = Ticket()
        ticket.decode = decode
        if not self.ordered:
            self.tickets.append(ticket)
        return ticket

    cdef object await_file(self, size_t begin, uint64_t offset, bint decode):
        """Leaves the reply to the hub, which sends it when the file has the command."""
        cdef Reply *reply = &self.hub.core.server.reply
        cdef Parcel parcel = parcel_of(reply, begin, 0)
        cdef Ticket ticket = self.new_ticket(decode)
        if begin == 0 and reply.capacity > REPLY_KEEP:
            reply_free(reply)
        self.hub.wait(self, parcel, parcel.size, offset)
        self.send_mail()
        return ticket

    def send_mail(self):
        """Delivers messages to clients in process now; those to sockets at the end of the loop's next iteration."""
        cdef Server *server = &self.hub.core.server
        cdef Mailbox *mailbox
        cdef Mailbox *following
        cdef uint64_t released = self.hub.released()
        cdef list receivers = []
        tracking_broadcast(server)
        mailbox = outbox_due(&server.outbox)
        while mailbox != NULL:
            following = mailbox.after
            if mailbox.client.flags & CLIENT_LOCAL:
                receivers.append(<object> mailbox.client.owner)
            mailbox = following
        for receiver in receivers:
            if (<Receiver> receiver).client.mailbox == NULL:
                continue
            try:
                self.hub.deliver_to(<Receiver> receiver, released)
            except Exception as error:
                self.hub.host.report_exception("Sending a message failed", error)
                receiver.close()
        self.hub.deliver_soon()

    def abandon(self, Ticket ticket not None, wake):
        """Gives up waiting for a reply. Returns False if it is there: the command has been executed.

        Takes back ``call_when_done(wake)``; others may still wait for the same message.
        """
        exclusion_enter(self.exclusion)
        try:
            if ticket.done:
                return False
            # If the file does not have the command yet, the reply will be dropped.
            ticket.forget(wake)
            if ticket is not self.reader and self.client.waiter != NULL:
                self.stop_waiting_only()
                self.tickets.remove(ticket)
            return True
        finally:
            exclusion_leave(self.exclusion)

    def stop_waiting_only(self):
        self.disarm()
        forget_waiting(&self.hub.core.server, &self.client)
        self.client.flags &= ~<unsigned> CLIENT_BLOCKED
        client_end_reply(&self.client)

    # ---- what was sent to it ----

    def messages(self):
        """Returns the messages that have arrived and removes them, oldest first."""
        cdef list found = []
        exclusion_enter(self.exclusion)
        try:
            while self.inbox:
                item = self.inbox.popleft()
                if isinstance(item, bytes):
                    self.unread -= PyBytes_GET_SIZE(item)
                    try:
                        found += ReplyParser(self.decode).feed(item)
                    except UnicodeDecodeError as error:
                        found.append(error)
                else:
                    found.append(item[0])
            return found
        finally:
            exclusion_leave(self.exclusion)

    def await_message(self):
        """Returns a ticket that is resolved with None when a message arrives, or the client is closed.

        Returns None if a message has arrived already. Raises ClientClosed.
        """
        exclusion_enter(self.exclusion)
        try:
            if self.inbox:
                return None
            if self.lost:
                raise ClientClosed("the client has been closed")
            if self.reader is None:
                self.reader = Ticket()
            return self.reader
        finally:
            exclusion_leave(self.exclusion)

    cdef int receive(self, bytes data) except -1:
        """Takes what the hub delivers: replies of commands that waited, and messages."""
        cdef Ticket reader = self.reader
        if self.lost or not data:
            return 0
        if self.tickets and not self.ordered:
            self.take_apart(data)
        else:
            self.inbox.append(data)
            self.unread += PyBytes_GET_SIZE(data)
        if reader is not None and self.inbox:
            self.reader = None
            reader.resolve(None)
        return self.check_output(0)

    def take_apart(self, bytes data):
        """Gives replies to those who await them, and keeps messages."""
        try:
            items = ReplyParser((<Ticket> self.tickets[0]).decode).feed(data)
        except UnicodeDecodeError as error:
            items = [error]
        for item in items:
            if isinstance(item, _Push) or not self.tickets:
                self.inbox.append((item,))
            else:
                (<Ticket> self.tickets.popleft()).resolve(item)

    cdef int send(self, const char *data, size_t size) except -1:
        return self.receive(data[:size])

    cdef int send_large(self, size_t begin) except -1:
        return self.send_parcel(parcel_of(&self.hub.core.server.reply, begin, 0))

    cdef int send_parcel(self, Parcel parcel) except -1:
        return self.receive(b"".join(parcel.parts))

    cdef int check_output(self, size_t unsent) except -1:
        """Closes a client that leaves more messages unread than ``client-output-buffer-limit`` allows its class."""
        if self.unread and self.hub.host.exceeds_output_limit(self, self.unread):
            self.close()
        return 0

    cdef int look_again(self) except -1:
        return 0

    cdef size_t unsent_bytes(self) except? 0:
        return self.unread

    cdef bint is_gone(self) except -1:
        return self.lost

    cdef int finish(self) except -1:
        if self.closing and not self.is_owed() and not self.lost:
            self.forget()
        return 0

    cdef int go_on(self) except -1:
        return self.disarm()

    # ---- its end ----

    def close(self, bint after_reply=False):
        """Closes the client: its commands that wait are abandoned. Inside one of its own commands, after that one."""
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY if after_reply else CLIENT_CLOSE_NOW
        if self.hub.core.server.current != &self.client:
            self.exclusion.do_or_leave(self.forget)

    def forget(self):
        """Removes every trace of the client from the server. The thread must be inside the exclusion, or alone."""
        cdef Account *interrupted
        if self.lost:
            return
        interrupted = mem_enter(self.hub.memory)
        self.closing = True
        self.client.flags |= CLIENT_CLOSE_NOW
        self.leave_server()
        self.lost = True
        mem_enter(interrupted)
        if self.exclusion.survivor != 0:
            return
        failure = ReplyLost("the client was closed before the reply arrived")
        while self.tickets:
            (<Ticket> self.tickets.popleft()).resolve(failure)
        if self.reader is not None:
            self.reader.resolve(None)
            self.reader = None

    cdef int leave_server(self) except -1:
        cdef Server *server = &self.hub.core.server
        self.stop_waiting()
        monitors_remove(&server.monitors, &self.client)
        outbox_forget(&server.outbox, &self.client)
        self.hub.clients.remove(self)
        client_discard(&self.client)
        return 0

    # ---- what commands use ----

    def push(self, bytes data):
        self.receive(data)

    def monitor(self):
        """MONITOR: sends this client what others execute; false if it is sent that already."""
        if self.client.flags & CLIENT_MONITOR:
            return False
        monitors_add(&self.hub.core.server.monitors, &self.client)
        return True

    def reset(self):
        """RESET: restores the state of a new client, except for its authentication, which the caller decides."""
        if self.hub.core.server.in_exec and self.hub.core.server.current == &self.client:
            raise RuntimeError("not possible while the client's EXEC runs")
        forget_subscriptions(&self.hub.core.server, &self.client)
        monitors_remove(&self.hub.core.server.monitors, &self.client)
        tracking_end(&self.hub.core.server, &self.client)
        client_reset(&self.client, &self.hub.core.server.keyspace)
        self.name = b""

    def run_held_back(self):
        """After a pause: executes the command that it held back."""
        cdef Server *server = &self.hub.core.server
        cdef size_t begin = server.reply.size
        cdef Ticket ticket
        if not is_held_back(&self.client):
            return
        keyspace_tick(&server.keyspace)
        server.wait_offset = 0
        ticket = self.tickets.popleft() if self.tickets else Ticket()
        resume_command(server, &self.client)
        try:
            reply = self.settle(begin, ticket.decode)
        except Exception as error:
            reply = error
        if isinstance(reply, Ticket):
            # It waits on, for keys or for the file.
            later = <Ticket> reply
            later.call_when_done(partial(forward, later, ticket))
        elif not self.ordered:
            ticket.resolve(reply)

    @property
    def is_idle(self):
        """Whether nothing distinguishes it from a new client: no transaction, subscription, or reply to come."""
        cdef unsigned busy = (CLIENT_MULTI | CLIENT_PUBSUB | CLIENT_MONITOR | CLIENT_BLOCKED | CLIENT_NO_TOUCH |
                              CLIENT_NO_EVICT | CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP_NEXT | CLIENT_TRACKING)
        return not (self.client.flags & busy or self.client.watching or self.tickets or self.inbox or self.name or
                    self.lib_name or self.lib_ver or self.client.protocol != 3)

    @property
    def core(self):
        return self.hub.core

    @property
    def host(self):
        return self.hub.host

    def ask_address(self, which):
        return "127.0.0.1:0"
