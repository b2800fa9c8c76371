"""Making the interpreter at the first script."""

from pyredis.call.call cimport Call
from pyredis.call.state cimport Server

# Whether the interpreter can run scripts; answers the call where it cannot.
cdef bint interpreter_ready(Call *call) noexcept nogil
# Releases the interpreter and its scripts, at the server's end.
cdef void interpreter_end(Server *server) noexcept nogil
