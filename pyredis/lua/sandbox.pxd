"""The globals of scripts and functions: Lua's harmless functions, ``redis``, and the libraries. None can be changed.

There is no access to files, processes, environment variables, modules or a debugger: ``io``, ``os`` except ``clock``,
``require``, ``package``, ``debug``, ``dofile``, ``loadfile`` and ``print`` are missing. Nor is there any to bytecode
(``string.dump``, dumps given to ``load``), to the environment of a function (``getfenv``, ``setfenv``) or to a userdata
with a finalizer (``newproxy``), all of which Redis has removed since 7.4.

The globals of scripts are a view of the table of globals. Assigning to one, or reading one that does not exist, is an
error, as is any change of a library's table or of the metatable of strings.

While the text of a library of functions is run, its globals are only ``redis`` (and ``server``), with
``register_function``, ``log`` and constants. After that, the view shows the globals of functions instead, also to the
functions that the text has made.
"""

from pyredis.lua.interpreter cimport Interpreter
from pyredis.lua.lua_api cimport lua_State

# Opens the interpreter and builds the sandbox in it; false if Lua's limit leaves no memory for it.
cdef bint sandbox_open(Interpreter *lua) noexcept nogil
# In the interpreter for functions, makes the globals those of a text that is being run, or those of functions. Needs
# three free places on the stack, and raises no error.
cdef void sandbox_show(Interpreter *lua, lua_State *L, bint loading) noexcept nogil
