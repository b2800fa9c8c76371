"""Serves the clients that wait for keys, and ends their waits; ``call/blocking`` begins them.

Every served command is a unit of its own in the log, after that of the command that made its key ready, and its reply
waits for the file independently. The reply is written like any other, at the end of the server's reply buffer, and
moved from there to the outbox, because the bytes before it belong to another client.
"""

from pyredis.call.client cimport Client
from pyredis.call.state cimport Server

# Serves the clients that wait for ready keys; puts their replies into the outbox.
cdef void serve_waiting(Server *server) noexcept nogil
# Ends the wait with the null array, or with the error of CLIENT UNBLOCK.
cdef void end_wait(Server *server, Client *client, bint error) noexcept nogil
# Ends the wait without a reply.
cdef void forget_waiting(Server *server, Client *client) noexcept nogil
