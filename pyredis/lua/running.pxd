"""Running a script: its arguments, its protected call, its reply."""

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call
from pyredis.lua.interpreter cimport Interpreter
from pyredis.lua.lua_api cimport lua_State
from pyredis.lua.scripts cimport Script

# Runs the script as part of `call`: `keys` arguments from `first` on are KEYS, those after them ARGV. Writes the reply.
cdef Replied script_run(Call *call, Interpreter *lua, const Script *script, int first, int keys, bint read_only
                        ) noexcept nogil
# The C function that runs the script that the interpreter is set up for, and the handler of its errors: the first
# upvalue of both is the interpreter, the second of `run_script` the table of globals.
cdef int run_script(lua_State *L) noexcept nogil
cdef int describe_failure(lua_State *L) noexcept nogil
# SCRIPT KILL.
cdef Replied script_kill(Call *call) noexcept nogil
