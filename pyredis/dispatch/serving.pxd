"""Serving the clients that wait for keys, and ending their waits; ``call/blocking`` is how they begin.

Every served command is a unit of its own in the log, after that of the command that made its key ready, and its reply
waits for the file by itself. It is written where all replies are, at the end of the server's reply buffer, and moved
from there to the outbox: what stands before it belongs to another client.
"""

from pyredis.call.client cimport Client
from pyredis.call.state cimport Server

# Serves the clients that wait for the keys that are ready; their answers are in the outbox.
cdef void serve_waiting(Server *server) noexcept nogil
# Ends the wait with the null array, or with the error of CLIENT UNBLOCK.
cdef void end_wait(Server *server, Client *client, bint error) noexcept nogil
# The client waits no more, and is not answered.
cdef void forget_waiting(Server *server, Client *client) noexcept nogil
