"""What a script finds: Lua's harmless functions, ``redis``, and the libraries, none of which it can change.

There are no files, processes, environment variables, modules or debugger: ``io``, ``os`` but for ``clock``,
``require``, ``package``, ``debug``, ``dofile``, ``loadfile``, ``print``. There is no way to bytecode (``string.dump``,
dumps given to ``load``), to the environment of a function (``getfenv``, ``setfenv``) or to a userdata with a finalizer
(``newproxy``), all of which Redis has withdrawn since 7.4.

The globals of scripts are a view of the table of globals. Assigning to one, or reading one that does not exist, is an
error, as is any change of a library's table or of the metatable of strings.
"""

from pyredis.lua.interpreter cimport Interpreter

# Opens the interpreter and builds all that in it; false where Lua's limit leaves no memory for it.
cdef bint sandbox_open(Interpreter *lua) noexcept nogil
