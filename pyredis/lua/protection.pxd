"""Tables that scripts can read and not change.

Lua 5.1 has no such thing. A script gets a *view*: an empty table whose metatable reads from the table behind it and
refuses what is assigned. What works on a table without asking its metatable (``next``, ``rawset``, ``table.insert``, …)
would find the view empty, or fill it; so the sandbox has its own, which ask ``push_behind``.
"""

from pyredis.lua.lua_api cimport lua_State

# Once per state, before the others.
cdef void protection_open(lua_State *L) noexcept nogil
# Puts a view in place of the table on top of the stack.
cdef void protect(lua_State *L) noexcept nogil
# Whether the value at that place is a view; if so, the table behind it is pushed.
cdef bint push_behind(lua_State *L, int index) noexcept nogil
# Raises the error of an assignment: by the VM, with the position, and by a function, without.
cdef int refuse_assignment(lua_State *L) noexcept nogil
cdef int refuse_change(lua_State *L) noexcept nogil
