"""Converts replies to Lua values, and Lua values to replies, by Redis's rules for either protocol.

| reply | RESP2 | RESP3 |
|---|---|---|
| status, error | ``{ok=…}``, ``{err=…}`` | the same |
| integer, bulk | number, string | the same |
| array | table with indexes from 1 | the same |
| null | ``false`` | ``nil`` |
| map, set | an array | ``{map={…}}``, ``{set={member=true, …}}`` |
| double, big number | a bulk | ``{double=…}``, ``{big_number=…}`` |
| verbatim, boolean | a bulk, an integer | ``{verbatim_string={string=…, format=…}}``, a boolean |

In the other direction, the first of the fields ``err``, ``ok``, ``double``, ``map``, ``set``, ``big_number`` and
``verbatim_string`` that a table has decides; a table without any of them is an array up to its first ``nil``.
"""

from pyredis._resp cimport Reply
from pyredis.ground.base cimport Slice
from pyredis.lua.interpreter cimport Interpreter
from pyredis.lua.lua_api cimport lua_State

# Pushes the reply at `begin`, which must be complete, and removes it from the buffer. An error reply becomes an error
# table; returns whether it was one. If it raises, the reply stays in the buffer.
cdef bint push_reply(lua_State *L, Interpreter *lua, Reply *reply, size_t begin) noexcept nogil
# Writes the value on top of the stack, and pops it. May raise.
cdef void write_value(lua_State *L, Interpreter *lua, Reply *reply) noexcept nogil
# Writes an error reply. If it is `counted`, the statistics of errors have it already.
cdef void write_error_text(Reply *reply, Slice text, bint counted) noexcept nogil
