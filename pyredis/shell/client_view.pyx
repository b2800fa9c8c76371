"""What CLIENT LIST and INFO show of a client: its addresses and the sizes of its buffers."""

import os

from pyredis._resp cimport Parser
from pyredis.call.client cimport CLIENT_UNIX, Client, Watch
from pyredis.call.tracking cimport tracking_memory
from pyredis.channels.channels cimport subscriber_memory
from pyredis.shell.roster cimport Listed


cdef class ClientView(Listed):
    """A client as others see it. Times are milliseconds since 1970, sizes bytes."""

    cdef size_t input_held(self) noexcept:
        return 0

    cdef size_t input_free(self) noexcept:
        return 0

    cdef size_t output_held(self) except? 0:
        return 0

    cdef size_t output_copied(self) except? 0:
        return 0

    @property
    def address(self):
        """The client's ``host:port``; for a unix socket, its path and port 0."""
        if self.peer is None:
            self.peer = self.ask_address("peername")
        return self.peer

    @property
    def local_address(self):
        if self.local is None:
            self.local = self.ask_address("sockname")
        return self.local

    def ask_address(self, which):
        """Asks the system for an address, which it no longer returns once the client has disconnected."""
        if not self.client.flags & CLIENT_UNIX:
            return address_text(self.transport.get_extra_info(which))
        path = os.fsdecode(self.transport.get_extra_info("sockname") or "")
        return f"{path}:0"

    @property
    def is_encrypted(self):
        return False

    @property
    def is_shaking_hands(self):
        """Whether the handshake of a connection over TLS is not complete."""
        return False

    @property
    def ending(self):
        return self.closing

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
        """Bytes that the socket has not accepted yet, or that wait for the append-only file."""
        return self.output_held()

    cdef size_t memory(self) except? 0:
        cdef size_t arguments = self.argument_memory if self.client.waiter != NULL else 0
        return (self.input_held() + self.input_free() + self.client.queue_bytes + arguments + self.output_held() +
                subscriber_memory(self.client.subscriber) + tracking_memory(&self.client) +
                self.client.watch_capacity * sizeof(Watch) + sizeof(Client) + sizeof(Parser))

    @property
    def total_memory(self):
        return self.memory()


def address_text(address):
    """Formats an address as ``host:port``, with an IPv6 host in brackets."""
    if not address:
        return "?:0"
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
