"""Clients in process, whose commands are called with arguments instead of being parsed from the bytes of a socket.

A ``DirectClient`` is a client like any other: it has a database, a protocol, MULTI's queue, watched keys, and an ID
from the same counter. It is not connected, so CLIENT LIST and INFO's ``connected_clients`` do not show it,
``maxclients`` and ``timeout`` do not apply to it, and CLIENT KILL does not find it; but it can list and kill others. It
counts as a local client and, by default, as authenticated. Its protocol is 3, which has more types, until it sends
HELLO.

Its commands never wait. One that would (BLPOP, XREAD BLOCK) replies at once, as inside MULTI: with null if there is
nothing. One that always finishes later replies that it has been scheduled, or with an error.

``call_direct`` runs one command as ``serve`` runs a batch of one: through the same checks, with the same statistics,
propagation and waking of waiting clients. The reply is at the end of ``server.reply``. It must not be called while
a command runs, nor from anything that the keyspace calls while it removes expired keys.
"""

from libc.stdint cimport uint64_t

from pyredis.call.client cimport Client
from pyredis.call.client_state cimport ClientState
from pyredis.call.state cimport Server, State
from pyredis.ground.base cimport Slice


cdef class DirectClient(ClientState):
    cdef State state
    # Messages sent to it outside of any reply, oldest first; its user removes them.
    cdef readonly list pushes
    # The position that the file must reach before the last reply may be shown; 0 if it depends on nothing.
    cdef readonly uint64_t wait_offset

    # Closes it, after the command that asked for that.
    # Messages that wait for the append-only file, counted by the hub.
    cdef size_t waiting

    cdef void drop(self) noexcept
    cdef int finish(self) except -1


cdef void call_direct(Server *server, Client *client, int argc, Slice *argv) noexcept nogil
# The same directly after another command, from whose end on its time is counted: reading the clock is saved.
cdef void call_next(Server *server, Client *client, int argc, Slice *argv) noexcept nogil
