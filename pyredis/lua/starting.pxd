"""Making the interpreter at the first script."""

from pyredis.call.call cimport Call
from pyredis.call.state cimport Server

# Makes the interpreter if there is none. Returns whether it can run scripts; if not, an error has been replied.
cdef bint interpreter_ready(Call *call) noexcept nogil
# Releases the interpreter and its scripts, at the server's end.
cdef void interpreter_end(Server *server) noexcept nogil
