"""Clients in process, whose commands are called with arguments instead of being parsed from what a socket brings.

A ``DirectClient`` is a client as any other: it has a database, a protocol, MULTI's queue, watched keys, and an id from
the same counter. It is not connected, so CLIENT LIST and INFO's ``connected_clients`` do not show it, ``maxclients``
and ``timeout`` do not concern it, CLIENT KILL does not find it; but it may see and kill others. It counts as a local
client and, unless it is made otherwise, as one that has given the password. Its protocol is 3, which has more types,
until it sends HELLO.

Its commands never wait. One that would (BLPOP, XREAD BLOCK) answers at once, as inside MULTI: with null where there is
nothing. One whose answer comes later in any case says that it is scheduled, or refuses.

``call_direct`` runs one command as ``serve`` runs a batch of one: through the same checks, with the same statistics,
propagation and waking of waiting clients. The reply stands at the end of ``server.reply``. It must not be called while
a command runs, nor from anything that the keyspace calls while it removes what has expired.
"""

from libc.stdint cimport uint64_t

from pyredis.call.client cimport Client
from pyredis.call.client_state cimport ClientState
from pyredis.call.state cimport Server, State
from pyredis.ground.base cimport Slice


cdef class DirectClient(ClientState):
    cdef State state
    # Messages sent to it outside of any reply, oldest first, to be taken by its user.
    cdef readonly list pushes
    # What the last reply depends on is safe once the file is up to here; 0 where nothing is owed.
    cdef readonly uint64_t wait_offset

    # Ends it after the command that has asked for that.
    cdef int finish(self) except -1


cdef void call_direct(Server *server, Client *client, int argc, Slice *argv) noexcept nogil
