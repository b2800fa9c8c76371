"""Libraries of functions, by their names, and their functions, by names whose case does not matter.

A library has a text, which is all that files and FUNCTION DUMP keep: loading a library means running its text, which
registers the functions (``lua/registration``). A function is in Lua's registry. What always holds:

- A library has at least one function, except while it is being loaded.
- No two functions of a ``Libraries`` have names that differ only in case. (Redis loads a library with two such
  functions, and crashes when it is deleted.)
- The order of libraries, and of functions in a library, is that in which they were loaded.
"""

from libc.stdint cimport uint32_t

from pyredis.ground.base cimport Slice
from pyredis.lua.interpreter cimport Interpreter, Runnable
from pyredis.types.table.hashtable cimport Table

ctypedef struct Function:
    Runnable runnable
    Slice key                   # its name in lower case
    Slice description
    bint described
    Library *library
    Function *next

ctypedef struct Library:
    Slice name
    Slice code
    Table functions             # by key
    Function *first
    Function *last
    size_t memory               # bytes of texts and structures, without the tables
    Library *before
    Library *after

ctypedef struct Libraries:
    Table named
    Table functions
    Library *first
    Library *last
    size_t memory               # bytes of the libraries

cdef Libraries *libraries_new() noexcept nogil
cdef void libraries_delete(Libraries *libraries) noexcept nogil
# Forgets all libraries. The interpreter's state, which has their functions, must be closed.
cdef void libraries_clear(Libraries *libraries) noexcept nogil
# Removes all libraries; their functions are left to Lua's collector.
cdef void libraries_remove_all(Interpreter *lua, Libraries *libraries) noexcept nogil
# Returns the number of bytes of libraries and tables.
cdef size_t libraries_memory(const Libraries *libraries) noexcept nogil
# Returns the library of that name, or NULL.
cdef Library *libraries_find(Libraries *libraries, Slice name) noexcept nogil
# Returns the function of that name, in any case, or NULL.
cdef Function *libraries_function(Libraries *libraries, Slice name) noexcept nogil
# Returns a function of the library whose name another library has taken, or NULL. The functions of the library
# `replaced`, which may be NULL, do not count.
cdef Function *libraries_collision(Libraries *libraries, const Library *library, const Library *replaced) noexcept nogil
# Adds a library. Neither its name nor that of any of its functions may be taken.
cdef void libraries_add(Libraries *libraries, Library *library) noexcept nogil
# Takes a library out, without deleting it.
cdef void libraries_take(Libraries *libraries, Library *library) noexcept nogil

# Makes a library without functions, with copies of its name and text.
cdef Library *library_new(Slice name, Slice code) noexcept nogil
# Deletes a library that is in no Libraries; its functions are left to Lua's collector.
cdef void library_delete(Interpreter *lua, Library *library) noexcept nogil
# Adds a function, with copies of its texts; `reference` is that in Lua's registry. False if the library has one of that
# name, in any case.
cdef bint library_add(Library *library, Slice name, const Slice *description, uint32_t flags, int reference
                      ) noexcept nogil
