"""Running a script or a function: its arguments, its protected call, its reply."""

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call
from pyredis.lua.interpreter cimport Interpreter, Runnable
from pyredis.lua.lua_api cimport lua_State

# Runs a script or function as part of `call`: `keys` arguments from `first` on are its keys, those after them its other
# arguments. Writes the reply. What is run must be known to the interpreter.
cdef Replied script_run(Call *call, Interpreter *lua, const Runnable *runnable, int first, int keys, bint read_only
                        ) noexcept nogil
# The C functions that run the script or the function that the interpreter is set up for, and the handler of errors. The
# first upvalue of all is the interpreter, the second of `run_script` the table of globals.
cdef int run_script(lua_State *L) noexcept nogil
cdef int run_function(lua_State *L) noexcept nogil
cdef int describe_failure(lua_State *L) noexcept nogil
# SCRIPT KILL, and FUNCTION KILL.
cdef Replied script_kill(Call *call, bint function) noexcept nogil
