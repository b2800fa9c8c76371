"""What CLIENT LIST and INFO show of a client, and what CLIENT and HELLO set."""

import os

from libc.stdint cimport int64_t

from pyredis._resp cimport Parser
from pyredis.call.client cimport (
    CLIENT_AUTHENTICATED,
    CLIENT_BLOCKED,
    CLIENT_MULTI,
    CLIENT_NO_EVICT,
    CLIENT_NO_TOUCH,
    CLIENT_PUBSUB,
    CLIENT_REPLICA,
    CLIENT_REPLY_OFF,
    CLIENT_REPLY_SKIP,
    CLIENT_REPLY_SKIP_NEXT,
    CLIENT_UNAUTHENTICATED,
    CLIENT_UNIX,
    Client,
    client_discard,
)
from pyredis.call.waiting cimport Place, Waiter, waiter_of
from pyredis.shell.roster cimport Listed


cdef class ClientView(Listed):
    """A client as others see it. Times are milliseconds since 1970, sizes bytes."""

    def __cinit__(self):
        self.name = b""
        self.lib_name = b""
        self.lib_ver = b""

    cdef int64_t identity(self) noexcept:
        return self.client.id

    cdef size_t input_held(self) noexcept:
        return 0

    cdef size_t input_free(self) noexcept:
        return 0

    cdef size_t output_held(self) except? 0:
        return 0

    def discard_transaction(self):
        """Leaves MULTI and forgets what is watched."""
        client_discard(&self.client)

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
        """Whether it gave a password, or came when there was none: no change of the password undoes that."""
        return (self.client.flags & CLIENT_AUTHENTICATED) != 0

    @authenticated.setter
    def authenticated(self, bint value):
        self.set_flag(CLIENT_AUTHENTICATED, value)
        self.set_flag(CLIENT_UNAUTHENTICATED, not value)

    def require_password(self, bint required):
        """There is a password now, or none: a client that has not authenticated is refused, or served."""
        self.set_flag(CLIENT_UNAUTHENTICATED, required and not self.authenticated)

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
    def address(self):
        """The client's ``host:port``; of a unix socket, its path and port 0."""
        if self.peer is None:
            self.peer = self.ask_address("peername")
        return self.peer

    @property
    def local_address(self):
        if self.local is None:
            self.local = self.ask_address("sockname")
        return self.local

    def ask_address(self, which):
        """The system's answer, which it does not give any more once the client is gone."""
        if not self.client.flags & CLIENT_UNIX:
            return address_text(self.transport.get_extra_info(which))
        path = os.fsdecode(self.transport.get_extra_info("sockname") or "")
        return f"{path}:0"

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
        if self.client.flags & CLIENT_REPLICA:
            text += "S"
        if self.client.flags & CLIENT_PUBSUB:
            text += "P"
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
    def output_class(self):
        """The class whose ``client-output-buffer-limit`` holds: ``normal``, ``replica`` or ``pubsub``."""
        if self.client.flags & CLIENT_REPLICA:
            return "replica"
        return "pubsub" if self.client.flags & CLIENT_PUBSUB else "normal"

    @property
    def blocked(self):
        """Whether a command of it waits."""
        return (self.client.flags & CLIENT_BLOCKED) != 0

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
    def argument_memory(self):
        """Bytes kept for a command that waits."""
        if self.client.waiter == NULL:
            return 0
        waiter = waiter_of(&self.client)
        return waiter.request.block_size + sizeof(Waiter) + waiter.room * sizeof(Place)

    @property
    def query_buffer(self):
        """Bytes of input that are held."""
        return self.input_held()

    @property
    def input_memory(self):
        return self.input_held() + self.input_free()

    @property
    def query_free(self):
        return self.input_free()

    @property
    def output_memory(self):
        """Bytes that the socket has not taken yet, or may not have yet."""
        return self.output_held()

    @property
    def total_memory(self):
        return (self.input_memory + self.client.queue_bytes + self.argument_memory + self.output_memory +
                sizeof(Client) + sizeof(Parser))

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
