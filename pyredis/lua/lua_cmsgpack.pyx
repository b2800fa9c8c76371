"""The library ``cmsgpack`` for scripts: packing into MessagePack, and unpacking.

A table whose keys are 1 to n is packed as an array, any other as a map. Values that MessagePack has no form for, and
tables nested more than 16 deep, are packed as nil. A number is packed as an integer if it is one of 64 bits, otherwise
as a float of four bytes if that holds it exactly, otherwise of eight. Binary and extension types are refused, as in
Redis. A declared length allocates no memory: tables grow with the values that are actually present.

Tables are filled by the same steps as in Redis, so that ``pairs`` and ``#`` give the same results.
"""

from libc.limits cimport INT_MAX
from libc.stddef cimport size_t
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport likely, unlikely
from pyredis.lua.lua_api cimport (
    LUA_GLOBALSINDEX,
    LUA_TBOOLEAN,
    LUA_TNUMBER,
    LUA_TSTRING,
    LUA_TTABLE,
    luaL_argerror,
    luaL_checkinteger,
    luaL_checklstring,
    luaL_checkstack,
    luaL_error,
    luaL_optinteger,
    lua_Integer,
    lua_State,
    lua_checkstack,
    lua_createtable,
    lua_gettop,
    lua_insert,
    lua_newtable,
    lua_next,
    lua_objlen,
    lua_pop,
    lua_pushboolean,
    lua_pushinteger,
    lua_pushlstring,
    lua_pushnil,
    lua_pushnumber,
    lua_pushstring,
    lua_pushvalue,
    lua_rawgeti,
    lua_rawset,
    lua_setfield,
    lua_settop,
    lua_toboolean,
    lua_tolstring,
    lua_tonumber,
    lua_type,
    lua_upvalueindex,
)
from pyredis.lua.lua_library cimport (
    LuaBuffer,
    buffer_add,
    buffer_begin,
    buffer_push,
    buffer_put,
    buffer_reserve,
    count_element,
    set_function,
)

cdef extern from * nogil:
    uint16_t swap16 "__builtin_bswap16" (uint16_t bits)
    uint32_t swap32 "__builtin_bswap32" (uint32_t bits)
    uint64_t swap64 "__builtin_bswap64" (uint64_t bits)

cdef enum:
    MOST_NESTED = 16

# The first byte of each kind. Those with `FIX` hold a small length or number in their low bits.
cdef enum:
    FIX_MAP = 0x80
    FIX_ARRAY = 0x90
    FIX_STRING = 0xA0
    NIL = 0xC0
    FALSE = 0xC2
    TRUE = 0xC3
    FLOAT_32 = 0xCA
    FLOAT_64 = 0xCB
    UINT_8 = 0xCC
    UINT_16 = 0xCD
    UINT_32 = 0xCE
    UINT_64 = 0xCF
    INT_8 = 0xD0
    INT_16 = 0xD1
    INT_32 = 0xD2
    INT_64 = 0xD3
    STRING_8 = 0xD9
    STRING_16 = 0xDA
    STRING_32 = 0xDB
    ARRAY_16 = 0xDC
    ARRAY_32 = 0xDD
    MAP_16 = 0xDE
    MAP_32 = 0xDF
    FIX_NEGATIVE = 0xE0


cdef inline bint is_little() noexcept nogil:
    cdef int one = 1
    return (<char *> &one)[0] == 1


# ---- packing: numbers and lengths, the most significant byte first ----

cdef void put_8(LuaBuffer *out, uint8_t kind, uint8_t bits) noexcept nogil:
    buffer_reserve(out, 2)
    out.data[out.size] = <char> kind
    out.data[out.size + 1] = <char> bits
    out.size += 2


cdef void put_16(LuaBuffer *out, uint8_t kind, uint16_t bits) noexcept nogil:
    buffer_reserve(out, 3)
    bits = swap16(bits) if is_little() else bits
    out.data[out.size] = <char> kind
    memcpy(out.data + out.size + 1, &bits, 2)
    out.size += 3


cdef void put_32(LuaBuffer *out, uint8_t kind, uint32_t bits) noexcept nogil:
    buffer_reserve(out, 5)
    bits = swap32(bits) if is_little() else bits
    out.data[out.size] = <char> kind
    memcpy(out.data + out.size + 1, &bits, 4)
    out.size += 5


cdef void put_64(LuaBuffer *out, uint8_t kind, uint64_t bits) noexcept nogil:
    buffer_reserve(out, 9)
    bits = swap64(bits) if is_little() else bits
    out.data[out.size] = <char> kind
    memcpy(out.data + out.size + 1, &bits, 8)
    out.size += 9


cdef void pack_unsigned(LuaBuffer *out, uint64_t number) noexcept nogil:
    if number <= 0x7F:
        buffer_put(out, <char> number)
    elif number <= 0xFF:
        put_8(out, UINT_8, <uint8_t> number)
    elif number <= 0xFFFF:
        put_16(out, UINT_16, <uint16_t> number)
    elif number <= 0xFFFFFFFFULL:
        put_32(out, UINT_32, <uint32_t> number)
    else:
        put_64(out, UINT_64, number)


cdef void pack_negative(LuaBuffer *out, int64_t number) noexcept nogil:
    if number >= -32:
        buffer_put(out, <char> number)
    elif number >= -0x80:
        put_8(out, INT_8, <uint8_t> number)
    elif number >= -0x8000:
        put_16(out, INT_16, <uint16_t> number)
    elif number >= -0x80000000LL:
        put_32(out, INT_32, <uint32_t> number)
    else:
        put_64(out, INT_64, <uint64_t> number)


cdef void pack_float(LuaBuffer *out, double number) noexcept nogil:
    cdef float single = <float> number
    cdef uint32_t single_bits
    cdef uint64_t bits
    if number == <double> single:
        memcpy(&single_bits, &single, 4)
        put_32(out, FLOAT_32, single_bits)
    else:
        memcpy(&bits, &number, 8)
        put_64(out, FLOAT_64, bits)


cdef void pack_number(LuaBuffer *out, double number) noexcept nogil:
    if not (-9223372036854775808.0 <= number < 9223372036854775808.0 and number == <double> <int64_t> number):
        pack_float(out, number)
    elif number >= 0:
        pack_unsigned(out, <uint64_t> number)
    else:
        pack_negative(out, <int64_t> number)


cdef void pack_string(LuaBuffer *out, const char *text, size_t size) noexcept nogil:
    if size < 32:
        buffer_put(out, <char> (FIX_STRING | size))
    elif size <= 0xFF:
        put_8(out, STRING_8, <uint8_t> size)
    elif size <= 0xFFFF:
        put_16(out, STRING_16, <uint16_t> size)
    else:
        put_32(out, STRING_32, <uint32_t> size)
    buffer_add(out, text, size)


cdef void pack_length(LuaBuffer *out, uint8_t fix, uint8_t medium, uint8_t long, size_t length) noexcept nogil:
    if length <= 15:
        buffer_put(out, <char> (fix | length))
    elif length <= 0xFFFF:
        put_16(out, medium, <uint16_t> length)
    else:
        put_32(out, long, <uint32_t> length)


# ---- packing: values ----

cdef bint pack_scalar(LuaBuffer *out, int index) noexcept nogil:
    """Packs a value; False if it is a table."""
    cdef lua_State *L = out.L
    cdef int type = lua_type(L, index)
    cdef const char *text
    cdef size_t size
    if type == LUA_TSTRING:
        text = lua_tolstring(L, index, &size)
        pack_string(out, text, size)
    elif type == LUA_TNUMBER:
        pack_number(out, lua_tonumber(L, index))
    elif type == LUA_TBOOLEAN:
        buffer_put(out, <char> (TRUE if lua_toboolean(L, index) else FALSE))
    elif type == LUA_TTABLE:
        return False
    else:
        buffer_put(out, <char> NIL)
    return True


cdef void pack_value(LuaBuffer *out, int level) noexcept nogil:
    """Packs the value on top of the stack, and leaves it there."""
    if pack_scalar(out, -1):
        return
    if level == MOST_NESTED:
        buffer_put(out, <char> NIL)
    else:
        pack_table(out, level)


cdef void pack_table(LuaBuffer *out, int level) noexcept nogil:
    """Packs a table as an array as long as the keys are 1, 2, 3, … and no value is a table, which is the usual case.

    The rest is examined before any more of it is packed, so no nested table is ever packed twice.
    """
    cdef lua_State *L = out.L
    cdef size_t start = out.size
    cdef size_t packed = 0
    luaL_checkstack(L, 4, "in function table_is_an_array")
    pack_length(out, FIX_ARRAY, ARRAY_16, ARRAY_32, lua_objlen(L, -1))
    lua_pushnil(L)
    while lua_next(L, -2):
        if (unlikely(lua_type(L, -2) != LUA_TNUMBER) or unlikely(lua_tonumber(L, -2) != <double> (packed + 1))
                or not pack_scalar(out, -1)):
            pack_rest(out, level, start, packed)
            return
        packed += 1
        count_element(L, &out.counted)
        lua_pop(L, 1)


cdef void pack_rest(LuaBuffer *out, int level, size_t start, size_t packed) noexcept nogil:
    """Packs the rest of the table on the stack. The key and value above it are not packed yet, and are popped."""
    cdef lua_State *L = out.L
    cdef size_t entries = packed
    cdef double largest = <double> packed
    cdef double key = 0
    cdef bint is_array = True
    cdef size_t index
    while True:
        lua_pop(L, 1)
        entries += 1
        count_element(L, &out.counted)
        key = lua_tonumber(L, -1) if lua_type(L, -1) == LUA_TNUMBER else 0
        is_array = is_array and 1 <= key <= INT_MAX and key == <double> <int64_t> key
        largest = max(largest, key)
        if not lua_next(L, -2):
            break
    if not (is_array and largest == <double> entries):
        out.size = start
        pack_map(out, level, entries)
        return
    for index in range(packed + 1, entries + 1):
        lua_rawgeti(L, -1, <int> index)
        pack_value(out, level + 1)
        lua_pop(L, 1)
        count_element(L, &out.counted)


cdef void pack_map(LuaBuffer *out, int level, size_t entries) noexcept nogil:
    cdef lua_State *L = out.L
    pack_length(out, FIX_MAP, MAP_16, MAP_32, entries)
    lua_pushnil(L)
    while lua_next(L, -2):
        lua_pushvalue(L, -2)
        pack_value(out, level + 1)
        lua_pop(L, 1)
        pack_value(out, level + 1)
        lua_pop(L, 1)
        count_element(L, &out.counted)


cdef int pack(lua_State *L) noexcept nogil:
    """Packs all arguments, one after the other, into one string."""
    cdef LuaBuffer out
    cdef int count = lua_gettop(L)
    cdef int index
    if count == 0:
        luaL_argerror(L, 0, "MessagePack pack needs input.")
    if not lua_checkstack(L, count):
        luaL_argerror(L, 0, "Too many arguments for MessagePack pack.")
    buffer_begin(&out, L, lua_upvalueindex(1))
    for index in range(1, count + 1):
        lua_pushvalue(L, index)
        pack_value(&out, 0)
        lua_pop(L, 1)
    buffer_push(&out)
    return 1


# ---- unpacking ----

ctypedef struct Source:
    lua_State *L
    const uint8_t *at
    size_t left
    size_t counted              # elements since the last checkpoint


cdef inline const uint8_t *take(Source *source, size_t size) noexcept nogil:
    """Returns the next bytes, and advances past them."""
    cdef const uint8_t *taken = source.at
    if unlikely(source.left < size):
        luaL_error(source.L, "Missing bytes in input.")
    source.at += size
    source.left -= size
    return taken


cdef uint8_t take_8(Source *source) noexcept nogil:
    return take(source, 1)[0]


cdef uint16_t take_16(Source *source) noexcept nogil:
    cdef uint16_t bits
    memcpy(&bits, take(source, 2), 2)
    return swap16(bits) if is_little() else bits


cdef uint32_t take_32(Source *source) noexcept nogil:
    cdef uint32_t bits
    memcpy(&bits, take(source, 4), 4)
    return swap32(bits) if is_little() else bits


cdef uint64_t take_64(Source *source) noexcept nogil:
    cdef uint64_t bits
    memcpy(&bits, take(source, 8), 8)
    return swap64(bits) if is_little() else bits


cdef double take_float(Source *source) noexcept nogil:
    cdef uint32_t bits = take_32(source)
    cdef float single
    memcpy(&single, &bits, 4)
    return single


cdef double take_double(Source *source) noexcept nogil:
    cdef uint64_t bits = take_64(source)
    cdef double number
    memcpy(&number, &bits, 8)
    return number


cdef void unpack_string(Source *source, size_t size) noexcept nogil:
    lua_pushlstring(source.L, <const char *> take(source, size), size)


cdef void unpack_array(Source *source, size_t length) noexcept nogil:
    cdef lua_State *L = source.L
    cdef size_t index
    lua_newtable(L)
    luaL_checkstack(L, 1, "in function mp_decode_to_lua_array")
    for index in range(1, length + 1):
        lua_pushnumber(L, <double> index)
        unpack_value(source)
        lua_rawset(L, -3)
        count_element(L, &source.counted)


cdef void unpack_map(Source *source, size_t length) noexcept nogil:
    cdef size_t _index
    lua_newtable(source.L)
    for _index in range(length):
        unpack_value(source)
        unpack_value(source)
        lua_rawset(source.L, -3)
        count_element(source.L, &source.counted)


cdef bint unpack_number(Source *source, uint8_t kind) noexcept nogil:
    """Pushes a number; False if the first byte is not that of one. Unsigned numbers from 2 ** 63 on become negative, as
    in Redis."""
    cdef double number
    if kind < FIX_MAP or kind >= FIX_NEGATIVE:
        number = <int8_t> kind
    elif kind == UINT_8:
        number = take_8(source)
    elif kind == INT_8:
        number = <int8_t> take_8(source)
    elif kind == UINT_16:
        number = take_16(source)
    elif kind == INT_16:
        number = <int16_t> take_16(source)
    elif kind == UINT_32:
        number = take_32(source)
    elif kind == INT_32:
        number = <int32_t> take_32(source)
    elif kind == UINT_64 or kind == INT_64:
        number = <double> <int64_t> take_64(source)
    elif kind == FLOAT_32:
        number = take_float(source)
    elif kind == FLOAT_64:
        number = take_double(source)
    else:
        return False
    lua_pushnumber(source.L, number)
    return True


cdef bint unpack_text(Source *source, uint8_t kind) noexcept nogil:
    """Pushes a string; False if the first byte is not that of one."""
    if FIX_STRING <= kind < NIL:
        unpack_string(source, kind & 31)
    elif kind == STRING_8:
        unpack_string(source, take_8(source))
    elif kind == STRING_16:
        unpack_string(source, take_16(source))
    elif kind == STRING_32:
        unpack_string(source, take_32(source))
    else:
        return False
    return True


cdef bint unpack_aggregate(Source *source, uint8_t kind) noexcept nogil:
    """Pushes an array or a map; False if the first byte is not that of one."""
    if FIX_MAP <= kind < FIX_ARRAY:
        unpack_map(source, kind & 15)
    elif FIX_ARRAY <= kind < FIX_STRING:
        unpack_array(source, kind & 15)
    elif kind == ARRAY_16:
        unpack_array(source, take_16(source))
    elif kind == ARRAY_32:
        unpack_array(source, take_32(source))
    elif kind == MAP_16:
        unpack_map(source, take_16(source))
    elif kind == MAP_32:
        unpack_map(source, take_32(source))
    else:
        return False
    return True


cdef void unpack_value(Source *source) noexcept nogil:
    """Pushes the next value. Lua's stack limits the nesting to some thousand levels."""
    cdef lua_State *L = source.L
    cdef uint8_t kind = take_8(source)
    luaL_checkstack(L, 1, "too many return values at once; use unpack_one or unpack_limit instead.")
    if likely(unpack_number(source, kind)) or unpack_text(source, kind) or unpack_aggregate(source, kind):
        return
    if kind == NIL:
        lua_pushnil(L)
    elif kind == FALSE or kind == TRUE:
        lua_pushboolean(L, kind == TRUE)
    else:
        luaL_error(L, "Bad data format in input.")


cdef int unpack_some(lua_State *L, lua_Integer limit, lua_Integer offset) noexcept nogil:
    """Pushes up to ``limit`` values from ``offset`` on, or all if both are 0; returns the number of results.

    Unless both are 0, the offset after the last value precedes the values; it is -1 at the end.
    """
    cdef Source source
    cdef size_t size
    cdef const char *text = luaL_checklstring(L, 1, &size)
    cdef bint everything = limit == 0 and offset == 0
    cdef int count = 0
    if limit < 0 or offset < 0:
        luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.", <int> offset, <int> size)
    if <size_t> offset > size:
        luaL_error(L, "Start offset %d greater than input length %d.", <int> offset, <int> size)
    source.L = L
    source.at = <const uint8_t *> text + offset
    source.left = size - <size_t> offset
    source.counted = 0
    while source.left and (everything or count < limit):
        unpack_value(&source)
        count += 1
    if everything:
        return count
    luaL_checkstack(L, 1, "in function mp_unpack_full")
    lua_pushinteger(L, <lua_Integer> (size - source.left) if source.left else -1)
    lua_insert(L, -count - 1)
    return count + 1


cdef void keep_first_argument(lua_State *L) noexcept nogil:
    if lua_gettop(L) > 1:
        lua_settop(L, 1)


cdef int unpack(lua_State *L) noexcept nogil:
    return unpack_some(L, 0, 0)


cdef int unpack_one(lua_State *L) noexcept nogil:
    cdef lua_Integer offset = luaL_optinteger(L, 2, 0)
    keep_first_argument(L)
    return unpack_some(L, 1, offset)


cdef int unpack_limit(lua_State *L) noexcept nogil:
    cdef lua_Integer limit = luaL_checkinteger(L, 2)
    cdef lua_Integer offset = luaL_optinteger(L, 3, 0)
    keep_first_argument(L)
    return unpack_some(L, limit, offset)


# ---- the library ----

cdef void set_text(lua_State *L, const char *name, const char *text) noexcept nogil:
    lua_pushstring(L, text)
    lua_setfield(L, -2, name)


cdef int open_cmsgpack(lua_State *L) noexcept nogil:
    """The texts are those of the library in Redis."""
    lua_createtable(L, 0, 8)
    lua_pushnil(L)
    set_function(L, "pack", pack, 1)
    set_function(L, "unpack", unpack, 0)
    set_function(L, "unpack_one", unpack_one, 0)
    set_function(L, "unpack_limit", unpack_limit, 0)
    set_text(L, "_NAME", "cmsgpack")
    set_text(L, "_VERSION", "lua-cmsgpack 0.4.0")
    set_text(L, "_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")
    set_text(L, "_DESCRIPTION", "MessagePack C implementation for Lua")
    lua_pushvalue(L, -1)
    lua_setfield(L, LUA_GLOBALSINDEX, "cmsgpack")
    return 1
