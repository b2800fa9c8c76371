"""Batches of requests: parsing ahead, fetching what their keys will need, executing them in order."""

from pyredis._resp cimport Parser
from pyredis.call.call cimport Call
from pyredis.call.client cimport Client
from pyredis.call.state cimport Server

# Executes the whole requests in buffer[parser.at : size]; replies are appended to server.reply. Returns the ParseStatus
# it stopped with; the client's flags tell why it may have stopped earlier. `limit` bounds the reply bytes of one call.
cdef int serve(Server *server, Client *client, Parser *parser, char *buffer, size_t size,
               size_t limit) noexcept nogil
# Executes a call that has begun, whatever made it: the checks, the command, CLIENT REPLY.
cdef void execute_call(Call *call) noexcept nogil
