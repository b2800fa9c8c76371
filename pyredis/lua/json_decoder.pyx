"""``cjson.decode``.

The text ends at its first zero byte, as in Redis. Every Lua string has one after its last byte, so reading byte by byte
needs no other check for the end. Numbers are what strtod reads, including hexadecimal ones, infinities and NaN if the
options allow them. UTF-8 is not validated. ``null`` is the light userdata NULL, so that arrays have no holes.

Errors name a token and the position of its first byte, counted from 1. For a faulty string, the position is that of the
invalid escape or of the end of the text.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport strncmp

from pyredis.ground.base cimport highest_bit, likely, load_u64, lowest_bit, store_u64, unlikely
from pyredis.lua.json_options cimport BUFFER_AT, OPTIONS_AT, JsonOptions
from pyredis.lua.lua_api cimport (
    luaL_argerror,
    luaL_checklstring,
    luaL_error,
    lua_State,
    lua_checkstack,
    lua_gettop,
    lua_newtable,
    lua_pushboolean,
    lua_pushlightuserdata,
    lua_pushlstring,
    lua_pushnumber,
    lua_rawset,
    lua_rawseti,
    lua_touserdata,
)
from pyredis.lua.lua_library cimport (
    LuaBuffer,
    buffer_add,
    buffer_begin,
    buffer_end,
    buffer_put,
    buffer_reserve,
    count_element,
)

cdef extern from "<stdlib.h>" nogil:
    double strtod(const char *text, char **end)

cdef extern from "<strings.h>" nogil:
    int strncasecmp(const char *a, const char *b, size_t size)

cdef enum:
    EXACT_DIGITS = 15
    NO_CODE = 0xFFFFFFFF

cdef enum Token:
    OBJECT_BEGIN
    OBJECT_END
    ARRAY_BEGIN
    ARRAY_END
    STRING
    NUMBER
    BOOLEAN
    NULL_VALUE
    COLON
    COMMA
    END
    FAULT

cdef const char *NAMES[11]
NAMES[:] = [
    "T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL", "T_COLON",
    "T_COMMA", "T_END",
]

cdef double[16] POWERS = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]

# The byte that a backslash and this character stand for; 0 if there is no such escape.
cdef char[256] UNESCAPED
UNESCAPED[c'"'] = c'"'
UNESCAPED[c'\\'] = c'\\'
UNESCAPED[c'/'] = c'/'
UNESCAPED[c'b'] = 8
UNESCAPED[c't'] = 9
UNESCAPED[c'n'] = 10
UNESCAPED[c'f'] = 12
UNESCAPED[c'r'] = 13

ctypedef struct Decoder:
    lua_State *L
    const JsonOptions *options
    LuaBuffer scratch       # for strings that have escapes
    const char *text
    const char *end
    const char *at
    int depth

    # The last token. A string is on the stack.
    Token token
    const char *begin
    const char *fault       # what is wrong with it, for FAULT
    double number
    bint truth


cdef void fail(Decoder *decoder, const char *expected) noexcept nogil:
    cdef const char *found = decoder.fault if decoder.token == FAULT else NAMES[<int> decoder.token]
    luaL_error(decoder.L, "Expected %s but found %s at character %d", expected, found,
               <int> (decoder.begin - decoder.text + 1))


cdef inline Token fault(Decoder *decoder, const char *at, const char *what) noexcept nogil:
    decoder.begin = at
    decoder.fault = what
    return FAULT


# ---- strings ----

cdef inline uint64_t special_bytes(uint64_t bytes) noexcept nogil:
    """Returns the highest bit of each of eight bytes that is a quote, a backslash, or zero."""
    cdef uint64_t low = bytes & 0x7F7F7F7F7F7F7F7FULL
    cdef uint64_t found = (
        ~(low + 0x7F7F7F7F7F7F7F7FULL)
        | ~((low ^ 0x2222222222222222ULL) + 0x7F7F7F7F7F7F7F7FULL)
        | ~((low ^ 0x5C5C5C5C5C5C5C5CULL) + 0x7F7F7F7F7F7F7F7FULL)
    )
    return found & ~bytes & 0x8080808080808080ULL


cdef inline int first_byte(uint64_t found) noexcept nogil:
    """Returns which of eight bytes is the first with its highest bit set."""
    cdef int one = 1
    if (<char *> &one)[0] == 0:
        return 7 - (highest_bit(found) >> 3)
    return lowest_bit(found) >> 3


cdef inline const char *after_plain(const char *at, const char *end) noexcept nogil:
    """Returns the first quote, backslash or zero byte."""
    cdef uint64_t found
    while end - at >= 8:
        found = special_bytes(load_u64(at))
        if found:
            return at + first_byte(found)
        at += 8
    while at[0] != c'"' and at[0] != c'\\' and at[0] != 0:
        at += 1
    return at


cdef uint32_t hexadecimal(const char *at) noexcept nogil:
    """Reads four digits; returns ``NO_CODE`` if there are fewer."""
    cdef uint32_t code = 0
    cdef unsigned char byte
    cdef int index
    for index in range(4):
        byte = <unsigned char> at[index]
        if c'0' <= byte <= c'9':
            code = code << 4 | byte - c'0'
        elif c'a' <= (byte | 0x20) <= c'f':
            code = code << 4 | (byte | 0x20) - c'a' + 10
        else:
            return NO_CODE
    return code


cdef void put_utf8(LuaBuffer *out, uint32_t code) noexcept nogil:
    if code < 0x80:
        buffer_put(out, <char> code)
        return
    if code < 0x800:
        buffer_put(out, <char> (0xC0 | code >> 6))
    else:
        if code < 0x10000:
            buffer_put(out, <char> (0xE0 | code >> 12))
        else:
            buffer_put(out, <char> (0xF0 | code >> 18))
            buffer_put(out, <char> (0x80 | (code >> 12 & 0x3F)))
        buffer_put(out, <char> (0x80 | (code >> 6 & 0x3F)))
    buffer_put(out, <char> (0x80 | (code & 0x3F)))


cdef bint read_unicode(Decoder *decoder) noexcept nogil:
    """Reads ``\\uXXXX``, or two that form a surrogate pair; False if that is no character."""
    cdef uint32_t code = hexadecimal(decoder.at + 2)
    cdef uint32_t low
    if code == NO_CODE or 0xDC00 <= code < 0xE000:
        return False
    decoder.at += 6
    if 0xD800 <= code < 0xDC00:
        if decoder.at[0] != c'\\' or decoder.at[1] != c'u':
            return False
        low = hexadecimal(decoder.at + 2)
        if not 0xDC00 <= low < 0xE000:
            return False
        code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF))
        decoder.at += 6
    put_utf8(&decoder.scratch, code)
    return True


cdef Token read_escape(Decoder *decoder) noexcept nogil:
    cdef const char *at = decoder.at
    cdef char byte
    if at[1] == c'u':
        return STRING if read_unicode(decoder) else fault(decoder, at, "invalid unicode escape code")
    byte = UNESCAPED[<unsigned char> at[1]]
    if byte == 0:
        return fault(decoder, at, "invalid escape code")
    # The buffer has room for the rest of the text.
    decoder.scratch.data[decoder.scratch.size] = byte
    decoder.scratch.size += 1
    decoder.at += 2
    return STRING


cdef inline char copy_plain(Decoder *decoder) noexcept nogil:
    """Copies the bytes before the next quote, backslash or zero byte, and returns the latter."""
    cdef const char *at = decoder.at
    cdef char *to = decoder.scratch.data + decoder.scratch.size
    cdef uint64_t found
    while decoder.end - at >= 8:
        # All eight are copied; those from the special byte on are overwritten by what follows.
        store_u64(to, load_u64(at))
        found = special_bytes(load_u64(at))
        if found:
            to += first_byte(found)
            at += first_byte(found)
            break
        at += 8
        to += 8
    while at[0] != c'"' and at[0] != c'\\' and at[0] != 0:
        to[0] = at[0]
        at += 1
        to += 1
    decoder.at = at
    decoder.scratch.size = to - decoder.scratch.data
    return at[0]


cdef Token read_escaped(Decoder *decoder, const char *begin) noexcept nogil:
    """Reads the rest of a string that begins at ``begin`` and has its first escape at the decoder's position."""
    decoder.scratch.size = 0
    # No escape is shorter than the bytes that it stands for.
    buffer_reserve(&decoder.scratch, decoder.end - begin)
    buffer_add(&decoder.scratch, begin, decoder.at - begin)
    while copy_plain(decoder) != c'"':
        if decoder.at[0] == 0:
            return fault(decoder, decoder.at, "unexpected end of string")
        if read_escape(decoder) == FAULT:
            return FAULT
    lua_pushlstring(decoder.L, decoder.scratch.data, decoder.scratch.size)
    decoder.at += 1
    return STRING


cdef Token read_string(Decoder *decoder) noexcept nogil:
    cdef const char *begin = decoder.at + 1
    decoder.at = after_plain(begin, decoder.end)
    if unlikely(decoder.at[0] != c'"'):
        return read_escaped(decoder, begin)
    lua_pushlstring(decoder.L, begin, decoder.at - begin)
    decoder.at += 1
    return STRING


# ---- numbers ----

cdef inline bint is_digit(char byte) noexcept nogil:
    return c'0' <= byte <= c'9'


cdef bint read_short(Decoder *decoder) noexcept nogil:
    """Reads a plain decimal of few digits, which one division rounds correctly (see ``ground/doubles``); False for
    anything else, and for a number that continues in another notation."""
    cdef const char *at = decoder.at
    cdef bint negative = at[0] == c'-'
    cdef const char *first
    cdef const char *point
    cdef uint64_t digits = 0
    cdef double number
    at += negative
    first = at
    while is_digit(at[0]) and at - first <= EXACT_DIGITS:
        digits = 10 * digits + <uint64_t> (at[0] - c'0')
        at += 1
    if at == first:
        return False
    point = at
    if at[0] == c'.':
        at += 1
        while is_digit(at[0]) and at - first <= EXACT_DIGITS + 1:
            digits = 10 * digits + <uint64_t> (at[0] - c'0')
            at += 1
        if at == point + 1 or at - first > EXACT_DIGITS + 1:
            return False
        number = <double> digits / POWERS[at - point - 1]
    elif at - first > EXACT_DIGITS:
        return False
    else:
        number = <double> digits
    if (at[0] | 0x20) == c'e' or (at[0] | 0x20) == c'x':
        return False
    decoder.number = -number if negative else number
    decoder.at = at
    return True


cdef bint is_invalid_number(const char *at) noexcept nogil:
    """Whether the number that begins here is not valid in JSON, though strtod may read it."""
    if at[0] == c'+':
        return True
    if at[0] == c'-':
        at += 1
    if at[0] == c'0':
        return (at[1] | 0x20) == c'x' or is_digit(at[1])
    return strncasecmp(at, "inf", 3) == 0 or strncasecmp(at, "nan", 3) == 0


cdef Token read_number(Decoder *decoder) noexcept nogil:
    cdef char *end
    if likely(read_short(decoder)):
        return NUMBER
    decoder.number = strtod(decoder.at, &end)
    if end == decoder.at:
        return fault(decoder, decoder.at, "invalid number")
    decoder.at = end
    return NUMBER


# ---- tokens ----

cdef Token read_word(Decoder *decoder) noexcept nogil:
    """Reads a literal, or a number that JSON does not have and that begins with a letter or a plus sign."""
    cdef const char *at = decoder.at
    if strncmp(at, "true", 4) == 0:
        decoder.truth = True
        decoder.at += 4
        return BOOLEAN
    if strncmp(at, "false", 5) == 0:
        decoder.truth = False
        decoder.at += 5
        return BOOLEAN
    if strncmp(at, "null", 4) == 0:
        decoder.at += 4
        return NULL_VALUE
    if decoder.options.decode_invalid_numbers and is_invalid_number(at):
        return read_number(decoder)
    return fault(decoder, at, "invalid token")


cdef Token read_token(Decoder *decoder) noexcept nogil:
    cdef char byte = decoder.at[0]
    if byte == c'"':
        return read_string(decoder)
    if byte == c'-' or is_digit(byte):
        if not decoder.options.decode_invalid_numbers and is_invalid_number(decoder.at):
            return fault(decoder, decoder.at, "invalid number")
        return read_number(decoder)
    if byte == 0:
        return END
    if byte not in (c',', c':', c'[', c']', c'{', c'}'):
        if byte in (c'f', c't', c'n', c'N', c'i', c'I', c'+'):
            return read_word(decoder)
        return fault(decoder, decoder.at, "invalid token")
    decoder.at += 1
    if byte == c',':
        return COMMA
    if byte == c':':
        return COLON
    if byte == c'[':
        return ARRAY_BEGIN
    if byte == c']':
        return ARRAY_END
    return OBJECT_BEGIN if byte == c'{' else OBJECT_END


cdef Token next_token(Decoder *decoder) noexcept nogil:
    while decoder.at[0] == c' ' or decoder.at[0] == c'\n' or decoder.at[0] == c'\t' or decoder.at[0] == c'\r':
        decoder.at += 1
    decoder.begin = decoder.at
    decoder.token = read_token(decoder)
    return decoder.token


# ---- values ----

cdef void descend(Decoder *decoder, int places) noexcept nogil:
    decoder.depth += 1
    if decoder.depth > decoder.options.decode_max_depth or not lua_checkstack(decoder.L, places):
        luaL_error(decoder.L, "Found too many nested data structures (%d) at character %d", decoder.depth,
                   <int> (decoder.at - decoder.text))


cdef void push_value(Decoder *decoder) noexcept nogil:
    """Pushes the value that begins with the last token."""
    cdef Token token = decoder.token
    if token == STRING:
        return
    if token == NUMBER:
        lua_pushnumber(decoder.L, decoder.number)
    elif token == ARRAY_BEGIN:
        push_array(decoder)
    elif token == OBJECT_BEGIN:
        push_object(decoder)
    elif token == BOOLEAN:
        lua_pushboolean(decoder.L, decoder.truth)
    elif token == NULL_VALUE:
        lua_pushlightuserdata(decoder.L, NULL)
    else:
        fail(decoder, "value")


cdef void push_array(Decoder *decoder) noexcept nogil:
    cdef int index = 0
    descend(decoder, 2)
    lua_newtable(decoder.L)
    if next_token(decoder) == ARRAY_END:
        decoder.depth -= 1
        return
    while True:
        push_value(decoder)
        index += 1
        lua_rawseti(decoder.L, -2, index)
        count_element(decoder.L, &decoder.scratch.counted)
        if next_token(decoder) != COMMA:
            break
        next_token(decoder)
    if decoder.token != ARRAY_END:
        fail(decoder, "comma or array end")
    decoder.depth -= 1


cdef void push_pair(Decoder *decoder) noexcept nogil:
    if decoder.token != STRING:
        fail(decoder, "object key string")
    if next_token(decoder) != COLON:
        fail(decoder, "colon")
    next_token(decoder)
    push_value(decoder)
    lua_rawset(decoder.L, -3)


cdef void push_object(Decoder *decoder) noexcept nogil:
    descend(decoder, 3)
    lua_newtable(decoder.L)
    if next_token(decoder) == OBJECT_END:
        decoder.depth -= 1
        return
    while True:
        push_pair(decoder)
        count_element(decoder.L, &decoder.scratch.counted)
        if next_token(decoder) != COMMA:
            break
        next_token(decoder)
    if decoder.token != OBJECT_END:
        fail(decoder, "comma or object end")
    decoder.depth -= 1


cdef int json_decode(lua_State *L) noexcept nogil:
    cdef Decoder decoder
    cdef size_t size
    if lua_gettop(L) != 1:
        luaL_argerror(L, 1, "expected 1 argument")
    decoder.L = L
    decoder.options = <const JsonOptions *> lua_touserdata(L, OPTIONS_AT)
    decoder.text = decoder.at = luaL_checklstring(L, 1, &size)
    decoder.end = decoder.text + size
    decoder.depth = 0
    # An ASCII character in UTF-16 or UTF-32 has a zero byte among its first two.
    if size >= 2 and (decoder.text[0] == 0 or decoder.text[1] == 0):
        luaL_error(L, "JSON parser does not support UTF-16 or UTF-32")
    buffer_begin(&decoder.scratch, L, BUFFER_AT)
    next_token(&decoder)
    push_value(&decoder)
    if next_token(&decoder) != END:
        fail(&decoder, "the end")
    buffer_end(&decoder.scratch)
    return 1
