"""Making the interpreter at the first script."""

from pyredis.call.call cimport Call
from pyredis.call.state cimport Server
from pyredis.lua.interpreter cimport Interpreter

# Whether the interpreter can run scripts; answers the call where it cannot.
cdef bint interpreter_ready(Call *call) noexcept nogil
# Makes it, as yet without Lua, where there is none.
cdef Interpreter *interpreter_prepared(Server *server) noexcept nogil
# Releases the interpreter and its scripts, at the server's end.
cdef void interpreter_end(Server *server) noexcept nogil
