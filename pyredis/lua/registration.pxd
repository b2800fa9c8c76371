"""``redis.register_function``, by which the text of a library adds its functions while it is being loaded.

Its arguments are a name and a function, or a table with ``function_name``, ``callback``, ``flags``, ``description``.
"""

from pyredis.ground.base cimport Slice
from pyredis.lua.lua_api cimport lua_State

# Its first upvalue is the Interpreter.
cdef int redis_register_function(lua_State *L) noexcept nogil
# Whether a name of a library or function has only letters, digits and underscores, and at least one of them.
cdef bint is_valid_name(Slice name) noexcept nogil
