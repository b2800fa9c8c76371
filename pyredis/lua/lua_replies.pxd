"""Replies as values of Lua, and values of Lua as replies, by Redis's rules for either protocol.

| reply | RESP2 | RESP3 |
|---|---|---|
| status, error | ``{ok=…}``, ``{err=…}`` | the same |
| integer, bulk | number, string | the same |
| array | table from 1 on | the same |
| null | ``false`` | ``nil`` |
| map, set | an array | ``{map={…}}``, ``{set={member=true, …}}`` |
| double, big number | a bulk | ``{double=…}``, ``{big_number=…}`` |
| verbatim, boolean | a bulk, an integer | ``{verbatim_string={string=…, format=…}}``, a boolean |

The other way round, the first of the fields ``err``, ``ok``, ``double``, ``map``, ``set``, ``big_number`` and
``verbatim_string`` that a table has decides; a table without is an array up to its first ``nil``.
"""

from pyredis._resp cimport Reply
from pyredis.ground.base cimport Slice
from pyredis.lua.interpreter cimport Interpreter
from pyredis.lua.lua_api cimport lua_State

# Pushes the reply that was written from `begin` on, which there must be, and takes it out of the buffer. Pushes an
# error table for an error; returns whether it was one. May raise: the buffer then keeps the reply.
cdef bint push_reply(lua_State *L, Interpreter *lua, Reply *reply, size_t begin) noexcept nogil
# Writes the value on top of the stack, and pops it. May raise.
cdef void write_value(lua_State *L, Interpreter *lua, Reply *reply) noexcept nogil
# Writes an error reply. One that is `counted` has been counted as an error before.
cdef void write_error_text(Reply *reply, Slice text, bint counted) noexcept nogil
