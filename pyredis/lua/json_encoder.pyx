"""``cjson.encode``.

A table is an array if all its keys are whole numbers from 1 to INT_MAX. Its length is the greatest key, and holes are
null. An empty table is an object. Access is raw: metatables are ignored.

Most arrays have the keys 1, 2, 3, … in order, and strings and numbers as elements. So a table is written as an array
during the first walk. At the first key or element that does not fit, the rest of the keys is examined before more is
written, so no nested table is ever written twice.
"""

from libc.limits cimport INT_MAX
from libc.math cimport isinf, isnan, signbit
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdio cimport snprintf

from pyredis.ground.base cimport format_int64, likely, load_u32, load_u64, store_u32, store_u64, unlikely
from pyredis.lua.json_options cimport AS_NULL, BUFFER_AT, OPTIONS_AT, REFUSED, JsonOptions
from pyredis.lua.lua_api cimport (
    LUA_TBOOLEAN,
    LUA_TLIGHTUSERDATA,
    LUA_TNIL,
    LUA_TNUMBER,
    LUA_TSTRING,
    LUA_TTABLE,
    luaL_argerror,
    luaL_error,
    lua_State,
    lua_checkstack,
    lua_gettop,
    lua_next,
    lua_pop,
    lua_pushnil,
    lua_rawgeti,
    lua_toboolean,
    lua_tolstring,
    lua_tonumber,
    lua_touserdata,
    lua_type,
    lua_typename,
)
from pyredis.lua.lua_library cimport (
    LuaBuffer,
    buffer_add,
    buffer_begin,
    buffer_drop,
    buffer_push,
    buffer_put,
    buffer_reserve,
    count_element,
)

cdef enum:
    # The longest escape and the longest number, in bytes.
    ESCAPE = 6
    NUMBER = 32
    # The length of a table that is not an array.
    NO_ARRAY = -1

ctypedef struct Encoder:
    LuaBuffer out
    lua_State *L
    const JsonOptions *options


cdef void give_up_buffer(Encoder *encoder) noexcept nogil:
    if not encoder.options.keep_buffer:
        buffer_drop(encoder.L, BUFFER_AT)


cdef void fail(Encoder *encoder, int index, const char *reason) noexcept nogil:
    cdef lua_State *L = encoder.L
    give_up_buffer(encoder)
    luaL_error(L, "Cannot serialise %s: %s", lua_typename(L, lua_type(L, index)), reason)


# ---- strings ----

cdef inline uint64_t zero_bytes(uint64_t bytes) noexcept nogil:
    """Returns the highest bit of each of eight bytes that is 0; all bytes must be below 128."""
    return ~(bytes + 0x7F7F7F7F7F7F7F7FULL)


cdef inline bint is_plain(uint64_t bytes) noexcept nogil:
    """Whether none of eight bytes needs an escape: control characters, ``"/\\``, and DEL do."""
    cdef uint64_t low = bytes & 0x7F7F7F7F7F7F7F7FULL
    cdef uint64_t found = (
        ~(low + 0x6060606060606060ULL)
        | zero_bytes(low ^ 0x2222222222222222ULL)
        | zero_bytes(low ^ 0x2F2F2F2F2F2F2F2FULL)
        | zero_bytes(low ^ 0x5C5C5C5C5C5C5C5CULL)
        | zero_bytes(low ^ 0x7F7F7F7F7F7F7F7FULL)
    )
    return (found & ~bytes & 0x8080808080808080ULL) == 0


cdef inline char escape_of(unsigned char byte) noexcept nogil:
    """Returns the letter after the backslash; ``u`` for bytes that are written in hexadecimal, 0 for plain ones."""
    if byte == c'"' or byte == c'\\' or byte == c'/':
        return <char> byte
    if byte == 8:
        return c'b'
    if byte == 9:
        return c't'
    if byte == 10:
        return c'n'
    if byte == 12:
        return c'f'
    if byte == 13:
        return c'r'
    return c'u' if byte < 0x20 or byte == 0x7F else 0


cdef char *write_escaped(char *to, const char *text, size_t size) noexcept nogil:
    cdef const char *digits = "0123456789abcdef"
    cdef unsigned char byte
    cdef char letter
    cdef size_t index
    for index in range(size):
        byte = <unsigned char> text[index]
        letter = escape_of(byte)
        if letter == 0:
            to[0] = <char> byte
            to += 1
            continue
        to[0] = c'\\'
        to[1] = letter
        to += 2
        if letter == c'u':
            to[0] = to[1] = c'0'
            to[2] = digits[byte >> 4]
            to[3] = digits[byte & 15]
            to += 4
    return to


cdef void put_escaped(LuaBuffer *out, const char *text, size_t size) noexcept nogil:
    buffer_reserve(out, ESCAPE * size)
    out.size = write_escaped(out.data + out.size, text, size) - out.data


cdef void put_long_text(LuaBuffer *out, const char *text, size_t size) noexcept nogil:
    """Writes a text of at least 8 bytes, eight at a time; if all are plain, the last eight overlap those before."""
    cdef const char *end = text + size
    cdef size_t expected = out.size + size
    cdef uint64_t bytes
    buffer_reserve(out, size)
    while end - text >= 8:
        bytes = load_u64(text)
        if likely(is_plain(bytes)):
            store_u64(out.data + out.size, bytes)
            out.size += 8
        else:
            put_escaped(out, text, 8)
            buffer_reserve(out, end - text)
        text += 8
    bytes = load_u64(end - 8)
    if out.size + (end - text) == expected and is_plain(bytes):
        store_u64(out.data + expected - 8, bytes)
        out.size = expected
    else:
        put_escaped(out, text, end - text)


cdef void put_text(LuaBuffer *out, const char *text, size_t size) noexcept nogil:
    cdef uint64_t bytes
    buffer_reserve(out, ESCAPE * 8 + 1)
    out.data[out.size] = c'"'
    out.size += 1
    if size >= 8:
        put_long_text(out, text, size)
    elif size >= 4:
        bytes = load_u32(text) | <uint64_t> load_u32(text + size - 4) << 32
        if likely(is_plain(bytes)):
            store_u32(out.data + out.size, <uint32_t> bytes)
            store_u32(out.data + out.size + size - 4, <uint32_t> (bytes >> 32))
            out.size += size
        else:
            put_escaped(out, text, size)
    else:
        put_escaped(out, text, size)
    buffer_put(out, c'"')


# ---- numbers ----

cdef bint put_number(Encoder *encoder, double number) noexcept nogil:
    """Writes a number; False if JSON does not have it and the options refuse it."""
    cdef const JsonOptions *options = encoder.options
    cdef LuaBuffer *out = &encoder.out
    if (-options.precise_below < number < options.precise_below and number == <double> <int64_t> number
            and (number != 0 or not signbit(number))):
        buffer_reserve(out, NUMBER)
        out.size += format_int64(out.data + out.size, <int64_t> number)
        return True
    if isinf(number) or isnan(number):
        if options.encode_invalid_numbers == REFUSED:
            return False
        if options.encode_invalid_numbers == AS_NULL:
            buffer_add(out, "null", 4)
            return True
        if isnan(number):
            buffer_add(out, "nan", 3)
            return True
    buffer_reserve(out, NUMBER)
    out.size += snprintf(out.data + out.size, NUMBER, "%.*g", options.precision, number)
    return True


# ---- values ----

cdef bint put_scalar(Encoder *encoder) noexcept nogil:
    """Writes the value on top of the stack; False if it is a table or cannot be written."""
    cdef lua_State *L = encoder.L
    cdef int type = lua_type(L, -1)
    cdef const char *text
    cdef size_t size
    if likely(type == LUA_TSTRING):
        text = lua_tolstring(L, -1, &size)
        put_text(&encoder.out, text, size)
    elif type == LUA_TNUMBER:
        return put_number(encoder, lua_tonumber(L, -1))
    elif type == LUA_TBOOLEAN:
        if lua_toboolean(L, -1):
            buffer_add(&encoder.out, "true", 4)
        else:
            buffer_add(&encoder.out, "false", 5)
    elif type == LUA_TNIL or (type == LUA_TLIGHTUSERDATA and lua_touserdata(L, -1) == NULL):
        buffer_add(&encoder.out, "null", 4)
    else:
        return False
    return True


cdef void put_value(Encoder *encoder, int depth) noexcept nogil:
    """Writes the value on top of the stack, which is inside ``depth`` tables, and leaves it there."""
    cdef int type
    if put_scalar(encoder):
        return
    type = lua_type(encoder.L, -1)
    if type == LUA_TTABLE:
        put_table(encoder, depth + 1)
    elif type == LUA_TNUMBER:
        fail(encoder, -1, "must not be NaN or Inf")
    else:
        fail(encoder, -1, "type not supported")


cdef void put_table(Encoder *encoder, int depth) noexcept nogil:
    """Writes a table as an array until a key or element does not fit; ``put_rest`` then writes the rest."""
    cdef lua_State *L = encoder.L
    cdef LuaBuffer *out = &encoder.out
    cdef size_t start = out.size
    cdef int written = 0
    if depth > encoder.options.encode_max_depth or not lua_checkstack(L, 3):
        give_up_buffer(encoder)
        luaL_error(L, "Cannot serialise, excessive nesting (%d)", depth)
    buffer_put(out, c'[')
    lua_pushnil(L)
    while lua_next(L, -2):
        if (unlikely(lua_type(L, -2) != LUA_TNUMBER) or unlikely(lua_tonumber(L, -2) != <double> written + 1)
                or not put_scalar(encoder)):
            put_rest(encoder, depth, start, written)
            return
        buffer_put(out, c',')
        written += 1
        count_element(L, &out.counted)
        lua_pop(L, 1)
    if written:
        out.data[out.size - 1] = c']'
    else:
        out.size = start
        buffer_add(out, "{}", 2)


cdef void put_rest(Encoder *encoder, int depth, size_t start, int written) noexcept nogil:
    """Writes the rest of the table on the stack. The key and value above it are not written yet, and are popped."""
    cdef lua_State *L = encoder.L
    cdef LuaBuffer *out = &encoder.out
    cdef int length = array_length(encoder, written)
    cdef int index
    if length == NO_ARRAY:
        out.size = start
        put_object(encoder, depth)
        return
    for index in range(written, length):
        lua_rawgeti(L, -1, index + 1)
        put_value(encoder, depth)
        buffer_put(out, c',')
        count_element(L, &out.counted)
        lua_pop(L, 1)
    out.data[out.size - 1] = c']'


cdef int array_length(Encoder *encoder, int known) noexcept nogil:
    """Returns the length of a table whose elements 1 to ``known`` are written, or ``NO_ARRAY``.

    Examines the other keys. The first of them and its value are on the stack, and are popped.
    """
    cdef lua_State *L = encoder.L
    cdef LuaBuffer *out = &encoder.out
    cdef const JsonOptions *options = encoder.options
    cdef int64_t elements = known
    cdef int longest = known
    cdef double key
    while True:
        lua_pop(L, 1)
        key = lua_tonumber(L, -1) if lua_type(L, -1) == LUA_TNUMBER else 0
        if not (1 <= key <= INT_MAX and key == <double> <int> key):
            lua_pop(L, 1)
            return NO_ARRAY
        longest = max(longest, <int> key)
        elements += 1
        count_element(L, &out.counted)
        if not lua_next(L, -2):
            break
    if options.sparse_ratio == 0 or longest <= elements * options.sparse_ratio or longest <= options.sparse_safe:
        return longest
    if not options.sparse_convert:
        fail(encoder, -1, "excessively sparse array")
    return NO_ARRAY


cdef void put_key(Encoder *encoder) noexcept nogil:
    """Writes the key below the top of the stack, without converting it in place: ``lua_next`` needs it."""
    cdef lua_State *L = encoder.L
    cdef LuaBuffer *out = &encoder.out
    cdef int type = lua_type(L, -2)
    cdef const char *text
    cdef size_t size
    if type == LUA_TSTRING:
        text = lua_tolstring(L, -2, &size)
        put_text(out, text, size)
        buffer_put(out, c':')
    elif type == LUA_TNUMBER:
        buffer_put(out, c'"')
        if not put_number(encoder, lua_tonumber(L, -2)):
            fail(encoder, -2, "must not be NaN or Inf")
        buffer_add(out, '":', 2)
    else:
        fail(encoder, -2, "table key must be a number or string")


cdef void put_object(Encoder *encoder, int depth) noexcept nogil:
    cdef lua_State *L = encoder.L
    cdef LuaBuffer *out = &encoder.out
    buffer_put(out, c'{')
    lua_pushnil(L)
    while lua_next(L, -2):
        put_key(encoder)
        put_value(encoder, depth)
        buffer_put(out, c',')
        count_element(L, &out.counted)
        lua_pop(L, 1)
    out.data[out.size - 1] = c'}'


cdef int json_encode(lua_State *L) noexcept nogil:
    cdef Encoder encoder
    if lua_gettop(L) != 1:
        luaL_argerror(L, 1, "expected 1 argument")
    encoder.L = L
    encoder.options = <const JsonOptions *> lua_touserdata(L, OPTIONS_AT)
    buffer_begin(&encoder.out, L, BUFFER_AT)
    put_value(&encoder, 0)
    buffer_push(&encoder.out)
    give_up_buffer(&encoder)
    return 1
