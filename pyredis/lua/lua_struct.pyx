"""The library ``struct`` for scripts. A format is a sequence of options:

| option | what it is |
|---|---|
| ``>`` ``<`` | from here on, the most or the least significant byte comes first (default: the machine's order) |
| ``!n`` | from here on, numbers are aligned to their size, but to no more than n bytes, a power of two (8) |
| blank | ignored |
| ``x`` | a zero byte |
| ``b`` ``h`` ``l`` ``in`` | a signed integer of 1, 2, 8, or n bytes (4) |
| ``B`` ``H`` ``L`` ``T`` ``In`` | the same unsigned; ``T`` has 8 bytes |
| ``f`` ``d`` | a float of 4, a double of 8 bytes |
| ``s`` | a string that ends in a zero byte |
| ``cn`` | n bytes of a string (1); ``c0`` packs all of it, and unpacks as many bytes as the preceding number says |

A format ends at its first zero byte. Sizes in a format fit an int, and their sum is compared with the size of the data
without overflow.
"""

from libc.limits cimport INT_MAX
from libc.stddef cimport size_t
from libc.stdint cimport INT64_MIN, int64_t, uint64_t
from libc.string cimport memchr, memcpy, memset

from pyredis.lua.lua_api cimport (
    LUA_GLOBALSINDEX,
    luaL_argerror,
    luaL_checklstring,
    luaL_checknumber,
    luaL_checkstack,
    luaL_error,
    luaL_optinteger,
    lua_State,
    lua_createtable,
    lua_isnumber,
    lua_pop,
    lua_pushfstring,
    lua_pushinteger,
    lua_pushlstring,
    lua_pushnil,
    lua_pushnumber,
    lua_pushvalue,
    lua_setfield,
    lua_settop,
    lua_tonumber,
    lua_upvalueindex,
)
from pyredis.lua.lua_library cimport (
    LuaBuffer,
    buffer_add,
    buffer_begin,
    buffer_push,
    buffer_reserve,
    count_element,
    set_function,
)

cdef enum:
    MOST_INTEGER = 32       # bytes
    NATIVE_ALIGNMENT = 8

ctypedef struct Format:
    lua_State *L
    const char *at
    bint big
    size_t alignment
    size_t counted              # options since the last checkpoint


# ---- formats ----

cdef Format format_begin(lua_State *L) noexcept nogil:
    """Begins to read the first argument. The default byte order is the machine's."""
    cdef Format format
    cdef int one = 1
    format.L = L
    format.at = luaL_checklstring(L, 1, NULL)
    format.big = (<char *> &one)[0] == 0
    format.alignment = 1
    format.counted = 0
    return format


cdef inline bint is_digit(char byte) noexcept nogil:
    return c'0' <= byte <= c'9'


cdef inline bint is_alphanumeric(char byte) noexcept nogil:
    return is_digit(byte) or c'a' <= byte <= c'z' or c'A' <= byte <= c'Z'


cdef size_t read_number(Format *format, size_t other) noexcept nogil:
    """Returns the decimal number that follows, or ``other`` if there is none."""
    cdef size_t number = 0
    if not is_digit(format.at[0]):
        return other
    while is_digit(format.at[0]):
        number = 10 * number + <size_t> (format.at[0] - c'0')
        if number > INT_MAX:
            luaL_error(format.L, "integral size overflow")
        format.at += 1
    return number


cdef size_t integer_size(Format *format) noexcept nogil:
    cdef size_t size = read_number(format, sizeof(int))
    if size > MOST_INTEGER:
        luaL_error(format.L, "integral size %d is larger than limit of %d", <int> size, <int> MOST_INTEGER)
    return size


cdef size_t option_size(Format *format, char option) noexcept nogil:
    """Returns the size of an option's value in bytes; 0 if it has none, or the format does not say."""
    count_element(format.L, &format.counted)
    if option == c'b' or option == c'B' or option == c'x':
        return 1
    if option == c'h' or option == c'H':
        return sizeof(short)
    if option == c'l' or option == c'L':
        return sizeof(long)
    if option == c'T':
        return sizeof(size_t)
    if option == c'f':
        return sizeof(float)
    if option == c'd':
        return sizeof(double)
    if option == c'c':
        return read_number(format, 1)
    if option == c'i' or option == c'I':
        return integer_size(format)
    return 0


cdef size_t padding(const Format *format, size_t position, char option, size_t size) noexcept nogil:
    """Returns how many padding bytes precede an option. The sizes of integers need not be powers of two: Redis uses
    this formula for them as well."""
    if size == 0 or option == c'c':
        return 0
    size = min(size, format.alignment)
    return (size - (position & (size - 1))) & (size - 1)


cdef void set_alignment(Format *format) noexcept nogil:
    cdef size_t alignment = read_number(format, NATIVE_ALIGNMENT)
    if alignment == 0 or alignment & (alignment - 1):
        luaL_error(format.L, "alignment %d is not a power of 2", <int> alignment)
    format.alignment = alignment


cdef void obey(Format *format, char option) noexcept nogil:
    """Applies an option that stands for no value; raises if there is no such option."""
    if option == c'>' or option == c'<':
        format.big = option == c'>'
    elif option == c'!':
        set_alignment(format)
    elif option != c' ':
        luaL_argerror(format.L, 1, lua_pushfstring(format.L, "invalid format option '%c'", <int> option))


# ---- numbers ----

cdef uint64_t whole_bits(double number) noexcept nogil:
    """Returns the bits of a number without its fraction. Out of range, where C is undefined, they are x86's."""
    if number < 0:
        return <uint64_t> <int64_t> number if number >= -9223372036854775808.0 else <uint64_t> INT64_MIN
    if number < 18446744073709551616.0:
        return <uint64_t> number
    return 0 if number >= 18446744073709551616.0 else <uint64_t> INT64_MIN


cdef void copy_ordered(const Format *format, char *out, const char *data, size_t size) noexcept nogil:
    """Copies a number between the machine's order and the format's."""
    cdef int one = 1
    cdef bint native_big = (<char *> &one)[0] == 0
    cdef size_t index
    if format.big == native_big:
        memcpy(out, data, size)
        return
    for index in range(size):
        out[index] = data[size - 1 - index]


cdef void pack_integer(const Format *format, LuaBuffer *out, uint64_t bits, size_t size) noexcept nogil:
    """Packs an integer. Bytes beyond the eight of a number are zero."""
    cdef size_t index
    buffer_reserve(out, size)
    for index in range(size):
        out.data[out.size + (size - 1 - index if format.big else index)] = <char> (bits & 0xFF)
        bits >>= 8
    out.size += size


cdef double unpack_integer(const Format *format, const char *data, size_t size, bint signed) noexcept nogil:
    """Unpacks the eight least significant bytes. The position of the sign wraps at 64 bits, as for Redis on x86."""
    cdef uint64_t bits = 0
    cdef uint64_t above
    cdef size_t index
    for index in range(size):
        bits = bits << 8 | <unsigned char> data[index if format.big else size - 1 - index]
    if not signed:
        return <double> bits
    above = <uint64_t> -1 << ((8 * size - 1) & 63)
    if bits & above:
        bits |= above
    return <double> <int64_t> bits


# ---- packing ----

cdef void pack_number(Format *format, LuaBuffer *out, char option, size_t size, int argument) noexcept nogil:
    cdef double number = luaL_checknumber(format.L, argument)
    cdef float single
    if option == c'd':
        buffer_reserve(out, sizeof(double))
        copy_ordered(format, out.data + out.size, <const char *> &number, sizeof(double))
        out.size += sizeof(double)
    elif option == c'f':
        single = <float> number
        buffer_reserve(out, sizeof(float))
        copy_ordered(format, out.data + out.size, <const char *> &single, sizeof(float))
        out.size += sizeof(float)
    else:
        pack_integer(format, out, whole_bits(number), size)


cdef void pack_string(Format *format, LuaBuffer *out, char option, size_t size, int argument) noexcept nogil:
    cdef size_t there
    cdef const char *text = luaL_checklstring(format.L, argument, &there)
    if size == 0:
        size = there
    if there < size:
        luaL_argerror(format.L, argument + 1, "string too short")
    buffer_add(out, text, size)
    if option == c's':
        pack_zeros(out, 1)


cdef void pack_zeros(LuaBuffer *out, size_t count) noexcept nogil:
    buffer_reserve(out, count)
    memset(out.data + out.size, 0, count)
    out.size += count


cdef inline bint is_numeric(char option) noexcept nogil:
    return (option == c'b' or option == c'B' or option == c'h' or option == c'H' or option == c'l' or option == c'L'
            or option == c'T' or option == c'i' or option == c'I' or option == c'f' or option == c'd')


cdef int pack(lua_State *L) noexcept nogil:
    cdef Format format = format_begin(L)
    cdef LuaBuffer out
    cdef int argument = 2
    cdef size_t size
    cdef char option
    # With this, error messages call a missing argument nil.
    lua_pushnil(L)
    buffer_begin(&out, L, lua_upvalueindex(1))
    while format.at[0]:
        option = format.at[0]
        format.at += 1
        size = option_size(&format, option)
        pack_zeros(&out, padding(&format, out.size, option, size))
        if is_numeric(option):
            pack_number(&format, &out, option, size, argument)
            argument += 1
        elif option == c's' or option == c'c':
            pack_string(&format, &out, option, size, argument)
            argument += 1
        elif option == c'x':
            pack_zeros(&out, 1)
        else:
            obey(&format, option)
    buffer_push(&out)
    return 1


# ---- unpacking ----

ctypedef struct Source:
    const char *data
    size_t size
    size_t at
    int results


cdef void check_data(lua_State *L, const Source *source, size_t size) noexcept nogil:
    if size > source.size or source.at > source.size - size:
        luaL_argerror(L, 2, "data string too short")


cdef void unpack_number(const Format *format, Source *source, char option, size_t size) noexcept nogil:
    cdef const char *data = source.data + source.at
    cdef double number
    cdef float single
    if option == c'd':
        copy_ordered(format, <char *> &number, data, sizeof(double))
    elif option == c'f':
        copy_ordered(format, <char *> &single, data, sizeof(float))
        number = single
    else:
        number = unpack_integer(format, data, size, c'a' <= option <= c'z')
    lua_pushnumber(format.L, number)
    source.at += size
    source.results += 1


cdef void unpack_bytes(const Format *format, Source *source, size_t size) noexcept nogil:
    cdef lua_State *L = format.L
    if size == 0:
        if source.results == 0 or not lua_isnumber(L, -1):
            luaL_error(L, "format 'c0' needs a previous size")
        size = whole_bits(lua_tonumber(L, -1))
        lua_pop(L, 1)
        source.results -= 1
        check_data(L, source, size)
    lua_pushlstring(L, source.data + source.at, size)
    source.at += size
    source.results += 1


cdef void unpack_terminated(const Format *format, Source *source) noexcept nogil:
    cdef const char *begin = source.data + source.at
    cdef const char *end = <const char *> memchr(begin, 0, source.size - source.at)
    if end == NULL:
        luaL_error(format.L, "unfinished string in data")
    lua_pushlstring(format.L, begin, end - begin)
    source.at += end - begin + 1
    source.results += 1


cdef void unpack_option(Format *format, Source *source) noexcept nogil:
    cdef char option = format.at[0]
    cdef size_t size
    format.at += 1
    size = option_size(format, option)
    source.at += padding(format, source.at, option, size)
    check_data(format.L, source, size)
    luaL_checkstack(format.L, 2, "too many results")
    if is_numeric(option):
        unpack_number(format, source, option, size)
    elif option == c'c':
        unpack_bytes(format, source, size)
    elif option == c's':
        unpack_terminated(format, source)
    elif option == c'x':
        source.at += size
    else:
        obey(format, option)


cdef int unpack(lua_State *L) noexcept nogil:
    """Returns the values, and the position after the last byte read; positions begin at 1."""
    cdef Format format = format_begin(L)
    cdef Source source
    source.data = luaL_checklstring(L, 2, &source.size)
    # As an unsigned number, a negative position is beyond any data.
    source.at = <size_t> luaL_optinteger(L, 3, 1)
    source.results = 0
    if source.at == 0:
        luaL_argerror(L, 3, "offset must be 1 or greater")
    source.at -= 1
    lua_settop(L, 2)
    while format.at[0]:
        unpack_option(&format, &source)
    lua_pushinteger(L, <int64_t> (source.at + 1))
    return source.results + 1


# ---- the library ----

cdef int size_of(lua_State *L) noexcept nogil:
    """Returns the size of a format's values in bytes. Unknown letters and digits are ignored, as in Redis."""
    cdef Format format = format_begin(L)
    cdef size_t total = 0
    cdef size_t size
    cdef char option
    while format.at[0]:
        option = format.at[0]
        format.at += 1
        size = option_size(&format, option)
        total += padding(&format, total, option, size)
        if option == c's':
            luaL_argerror(L, 1, "option 's' has no fixed size")
        elif option == c'c' and size == 0:
            luaL_argerror(L, 1, "option 'c0' has no fixed size")
        elif not is_alphanumeric(option):
            obey(&format, option)
        total += size
    lua_pushinteger(L, <int64_t> total)
    return 1


cdef int open_struct(lua_State *L) noexcept nogil:
    lua_createtable(L, 0, 3)
    lua_pushnil(L)
    set_function(L, "pack", pack, 1)
    set_function(L, "unpack", unpack, 0)
    set_function(L, "size", size_of, 0)
    lua_pushvalue(L, -1)
    lua_setfield(L, LUA_GLOBALSINDEX, "struct")
    return 1
