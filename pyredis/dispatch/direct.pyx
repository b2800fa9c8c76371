"""Calling one command at a time, with native arguments; ``direct.pxd`` has the contract."""

from pyredis.call.call cimport Call, call_begin
from pyredis.call.client cimport (
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_DENY_BLOCKING,
    Client,
    client_discard,
    client_init,
    client_reset,
)
from pyredis.call.client_state cimport ClientState
from pyredis.call.outbox cimport outbox_forget
from pyredis.call.state cimport Server, State, find_command
from pyredis.call.subscriptions cimport forget_subscriptions
from pyredis.call.tracking cimport tracking_end, tracking_forget
from pyredis.dispatch.apart cimport apart_suspended
from pyredis.dispatch.batch cimport execute_call
from pyredis.ground.base cimport Slice, cycles_now
from pyredis.ground.memory cimport Account, mem_enter

from pyredis.wire.reply_objects import ReplyParser

cdef enum:
    CLOSING = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW


cdef void call_direct(Server *server, Client *client, int argc, Slice *argv) noexcept nogil:
    server.cycle_mark = cycles_now()
    call_next(server, client, argc, argv)


cdef void call_next(Server *server, Client *client, int argc, Slice *argv) noexcept nogil:
    cdef Call call
    server.current = client
    server.touched_count = 0
    server.wait_offset = 0
    client.active_ms = server.keyspace.now_ms
    call_begin(&call, server, client, find_command(server, argv[0]), argc, argv, NULL, 0)
    execute_call(&call)
    client.commands += 1
    server.current = NULL


cdef class DirectClient(ClientState):
    """A client in process, for ``Core.call``; created by ``Core.client``."""

    def __cinit__(self, State core not None, int protocol=3, bint authenticated=True):
        if protocol not in (2, 3):
            raise ValueError(f"no such protocol: {protocol}")
        self.state = core
        self.pushes = []
        client_init(&self.client, &core.server.keyspace)
        self.client.owner = <void *> self
        self.client.id = core.server.next_client_id
        core.server.next_client_id += 1
        self.client.protocol = protocol
        self.client.flags |= CLIENT_DENY_BLOCKING
        self.authenticated = authenticated

    def __del__(self):
        # Watched keys belong to the core, which may have been freed when __dealloc__ runs in a cycle of garbage.
        self.drop()

    cdef void drop(self) noexcept:
        """Drops the transaction, the watches, the subscriptions, and the messages that are addressed to the client."""
        cdef Account *interrupted = mem_enter(self.state.server.memory)
        forget_subscriptions(&self.state.server, &self.client)
        tracking_forget(&self.state.server, &self.client)
        outbox_forget(&self.state.server.outbox, &self.client)
        client_discard(&self.client)
        mem_enter(interrupted)

    @property
    def core(self):
        return self.state

    @property
    def host(self):
        return self.state.host

    @property
    def closed(self):
        return self.ending and self.state.server.current != &self.client

    def close(self, bint after_reply=False):
        """Closes the client; inside one of its own commands, after that one. It can call no command afterwards."""
        self.client.flags |= CLIENT_CLOSE_AFTER_REPLY if after_reply else CLIENT_CLOSE_NOW
        if self.state.server.current != &self.client:
            self.finish()

    cdef int finish(self) except -1:
        if self.client.flags & CLOSING:
            self.drop()
        return 0

    def reset(self):
        """RESET: restores the state of a new client, except for its authentication, which the caller decides."""
        cdef Account *interrupted
        if self.state.server.in_exec and self.state.server.current == &self.client and \
                not apart_suspended(&self.state.server):
            raise RuntimeError("not possible while the client's EXEC runs")
        interrupted = mem_enter(self.state.server.memory)
        forget_subscriptions(&self.state.server, &self.client)
        tracking_end(&self.state.server, &self.client)
        client_reset(&self.client, &self.state.server.keyspace)
        mem_enter(interrupted)
        self.name = b""

    def push(self, bytes data):
        if not self.client.flags & CLOSING:
            self.pushes += ReplyParser().feed(data)

    def end_wait(self, bint error=False):
        """Returns False: a client in process never waits."""
        return False
