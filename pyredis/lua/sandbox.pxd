"""The globals of scripts: Lua's harmless functions, ``redis``, and the libraries. Scripts cannot change them.

There is no access to files, processes, environment variables, modules or a debugger: ``io``, ``os`` except ``clock``,
``require``, ``package``, ``debug``, ``dofile``, ``loadfile`` and ``print`` are missing. Nor is there any to bytecode
(``string.dump``, dumps given to ``load``), to the environment of a function (``getfenv``, ``setfenv``) or to a userdata
with a finalizer (``newproxy``), all of which Redis has removed since 7.4.

The globals of scripts are a view of the table of globals. Assigning to one, or reading one that does not exist, is an
error, as is any change of a library's table or of the metatable of strings.
"""

from pyredis.lua.interpreter cimport Interpreter

# Opens the interpreter and builds the sandbox in it; false if Lua's limit leaves no memory for it.
cdef bint sandbox_open(Interpreter *lua) noexcept nogil
