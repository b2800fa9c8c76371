"""The end of a pause: running the commands that it has held back (``call/pausing``)."""

from pyredis.call.client cimport Client
from pyredis.call.state cimport Server

# Runs the command of a client that was held back, through all checks; its reply is at the end of `server.reply`.
# The client is no longer blocked, unless the command itself waits, or a new pause holds it back.
cdef void resume_command(Server *server, Client *client) noexcept nogil
