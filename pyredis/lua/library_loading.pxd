"""Loading a library of functions: reading its first line, and running its text, which registers the functions.

While the text is run, it may not change anything that it shares with others, and its time is limited. So loading
either adds the complete library, or changes nothing.
"""

from pyredis.ground.base cimport Slice
from pyredis.lua.interpreter cimport Interpreter
from pyredis.lua.libraries cimport Libraries, Library

cdef enum:
    # For the texts of all libraries that one command loads.
    LOAD_MS = 500

# Sets the time that the texts loaded from now on may take together: LOAD_MS, or unlimited if they come from a file.
cdef void loading_begin(Interpreter *lua, bint limited) noexcept nogil
# Loads a library and adds it, in place of the one of the same name if `replace` is set. If that fails, returns NULL;
# the text of the error reply is the interpreter's `failure`.
cdef Library *library_load(Interpreter *lua, Libraries *libraries, Slice code, bint replace) noexcept nogil
# Begin a new error text, and add to it.
cdef void failure_begin(Interpreter *lua, const char *text) noexcept nogil
cdef void failure_add_text(Interpreter *lua, const char *text) noexcept nogil
cdef void failure_add_slice(Interpreter *lua, Slice text) noexcept nogil
