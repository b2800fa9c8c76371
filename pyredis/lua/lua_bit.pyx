"""The library ``bit`` for scripts. Results are signed; a fraction rounds to the nearest even number.

Numbers outside of +-2 ** 51 are not reduced modulo 2 ** 32: their bits are what the addition in ``bits_at`` leaves, as
in Redis.
"""

from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.lua.lua_api cimport (
    LUA_GLOBALSINDEX,
    luaL_typerror,
    lua_State,
    lua_createtable,
    lua_gettop,
    lua_isnone,
    lua_isnumber,
    lua_pushlstring,
    lua_pushnumber,
    lua_pushvalue,
    lua_setfield,
    lua_tonumber,
)
from pyredis.lua.lua_library cimport set_function

cdef enum:
    DIGITS = 8


cdef uint32_t bits_at(lua_State *L, int index) noexcept nogil:
    """Returns the bits of an argument. Adding 1.5 * 2 ** 52 shifts a whole number to the end of the mantissa."""
    cdef double number = lua_tonumber(L, index) + 6755399441055744.0
    cdef uint64_t bits
    memcpy(&bits, &number, sizeof(bits))
    if <uint32_t> bits == 0 and not lua_isnumber(L, index):
        luaL_typerror(L, index, "number")
    return <uint32_t> bits


cdef inline int push_bits(lua_State *L, uint32_t bits) noexcept nogil:
    lua_pushnumber(L, <int32_t> bits)
    return 1


cdef inline uint32_t rotate_left(uint32_t bits, unsigned count) noexcept nogil:
    return bits << (count & 31) | bits >> (-count & 31)


cdef int tobit(lua_State *L) noexcept nogil:
    return push_bits(L, bits_at(L, 1))


cdef int bnot(lua_State *L) noexcept nogil:
    return push_bits(L, ~bits_at(L, 1))


cdef int bswap(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    return push_bits(L, bits >> 24 | (bits >> 8 & 0xFF00) | (bits & 0xFF00) << 8 | bits << 24)


# The first argument is read first, then the others from last to second, so that errors name the same one as in Redis.

cdef int band(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    cdef int index
    for index in range(lua_gettop(L), 1, -1):
        bits &= bits_at(L, index)
    return push_bits(L, bits)


cdef int bor(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    cdef int index
    for index in range(lua_gettop(L), 1, -1):
        bits |= bits_at(L, index)
    return push_bits(L, bits)


cdef int bxor(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    cdef int index
    for index in range(lua_gettop(L), 1, -1):
        bits ^= bits_at(L, index)
    return push_bits(L, bits)


cdef int lshift(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    return push_bits(L, bits << (bits_at(L, 2) & 31))


cdef int rshift(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    return push_bits(L, bits >> (bits_at(L, 2) & 31))


cdef int arshift(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    return push_bits(L, <uint32_t> (<int32_t> bits >> (bits_at(L, 2) & 31)))


cdef int rol(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    return push_bits(L, rotate_left(bits, bits_at(L, 2)))


cdef int ror(lua_State *L) noexcept nogil:
    cdef uint32_t bits = bits_at(L, 1)
    return push_bits(L, rotate_left(bits, -bits_at(L, 2)))


cdef int tohex(lua_State *L) noexcept nogil:
    """Returns the lowest hexadecimal digits of a number, 8 by default; a negative count gives capital letters."""
    cdef uint32_t bits = bits_at(L, 1)
    cdef int32_t count = DIGITS if lua_isnone(L, 2) else <int32_t> bits_at(L, 2)
    cdef const char *digits = "0123456789abcdef" if count >= 0 else "0123456789ABCDEF"
    cdef char[DIGITS] text
    cdef int at
    # Clamped before the sign is removed: -2 ** 31 has no positive counterpart.
    count = min(max(count, -<int32_t> DIGITS), <int32_t> DIGITS)
    count = count if count >= 0 else -count
    for at in range(count - 1, -1, -1):
        text[at] = digits[bits & 15]
        bits >>= 4
    lua_pushlstring(L, text, count)
    return 1


cdef int open_bit(lua_State *L) noexcept nogil:
    lua_createtable(L, 0, 12)
    set_function(L, "tobit", tobit, 0)
    set_function(L, "tohex", tohex, 0)
    set_function(L, "bnot", bnot, 0)
    set_function(L, "band", band, 0)
    set_function(L, "bor", bor, 0)
    set_function(L, "bxor", bxor, 0)
    set_function(L, "lshift", lshift, 0)
    set_function(L, "rshift", rshift, 0)
    set_function(L, "arshift", arshift, 0)
    set_function(L, "rol", rol, 0)
    set_function(L, "ror", ror, 0)
    set_function(L, "bswap", bswap, 0)
    lua_pushvalue(L, -1)
    lua_setfield(L, LUA_GLOBALSINDEX, "bit")
    return 1
