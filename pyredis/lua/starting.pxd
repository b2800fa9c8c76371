"""Making the interpreters, at the first script and at the first library of functions."""

from pyredis.call.call cimport Call
from pyredis.call.state cimport Server

# Make the interpreter for scripts, or that for functions, if there is none. Return whether it can run anything; if not,
# an error has been replied.
cdef bint interpreter_ready(Call *call) noexcept nogil
cdef bint function_interpreter_ready(Call *call) noexcept nogil
# Forgets all libraries, and closes the Lua state that has their functions.
cdef void functions_forget(Server *server) noexcept nogil
# Releases both interpreters, with scripts and libraries, at the server's end.
cdef void interpreter_end(Server *server) noexcept nogil
