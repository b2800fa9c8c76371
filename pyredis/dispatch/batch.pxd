"""Batches of requests: parses ahead, prefetches the memory that their keys need, and executes them in order."""

from pyredis._resp cimport Parser
from pyredis.call.call cimport Call
from pyredis.call.client cimport Client
from pyredis.call.state cimport Server

# Executes the complete requests in buffer[parser.at : size] and appends the replies to server.reply. Returns the
# ParseStatus it stopped with; if it stopped before the end, the client's flags show why. After `limit` bytes of replies
# it stops as well.
cdef int serve(Server *server, Client *client, Parser *parser, char *buffer, size_t size,
               size_t limit) noexcept nogil
# Executes a call initialized by `call_begin`: the checks, the command, CLIENT REPLY.
cdef void execute_call(Call *call) noexcept nogil
