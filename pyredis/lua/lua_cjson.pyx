"""The library ``cjson`` for scripts: its table, its settings, and new instances with settings of their own.

The function of a setting changes it if its argument is given and not nil, and returns its value.
"""

from libc.limits cimport INT_MAX
from libc.stdio cimport snprintf

from pyredis.lua.json_decoder cimport json_decode
from pyredis.lua.json_encoder cimport json_encode
from pyredis.lua.json_options cimport OPTIONS_AT, REFUSED, JsonOptions
from pyredis.lua.lua_api cimport (
    LUA_GLOBALSINDEX,
    luaL_argerror,
    luaL_checkinteger,
    luaL_checkoption,
    lua_CFunction,
    lua_State,
    lua_createtable,
    lua_gettop,
    lua_isboolean,
    lua_isnil,
    lua_newuserdata,
    lua_pushboolean,
    lua_pushinteger,
    lua_pushlightuserdata,
    lua_pushnil,
    lua_pushstring,
    lua_pushvalue,
    lua_setfield,
    lua_toboolean,
    lua_touserdata,
)
from pyredis.lua.lua_library cimport set_function

cdef enum:
    DEPTH = 1000
    DIGITS = 14

cdef const char *SWITCH[3]
SWITCH[:] = ["off", "on", NULL]
cdef const char *INVALID_NUMBERS[4]
INVALID_NUMBERS[:] = ["off", "on", "null", NULL]


# ---- settings ----

cdef JsonOptions *options_of(lua_State *L, int most) noexcept nogil:
    """Returns the options; checks the number of arguments, and adds nil for missing ones."""
    cdef int count = lua_gettop(L)
    if count > most:
        luaL_argerror(L, most + 1, "found too many arguments")
    while count < most:
        lua_pushnil(L)
        count += 1
    return <JsonOptions *> lua_touserdata(L, OPTIONS_AT)


cdef void whole_setting(lua_State *L, int argument, int *setting, int least, int most) noexcept nogil:
    """Sets and pushes a number. A value out of range is reported as an error of the first argument, as in Redis."""
    cdef char[64] message
    cdef int value
    if not lua_isnil(L, argument):
        value = <int> luaL_checkinteger(L, argument)
        if not least <= value <= most:
            snprintf(message, sizeof(message), "expected integer between %d and %d", least, most)
            luaL_argerror(L, 1, message)
        setting[0] = value
    lua_pushinteger(L, setting[0])


cdef void word_setting(lua_State *L, int argument, int *setting, const char **words) noexcept nogil:
    """Sets and pushes a word. The first two words are off and on, and booleans are accepted and returned for them."""
    if lua_isboolean(L, argument):
        setting[0] = lua_toboolean(L, argument)
    elif not lua_isnil(L, argument):
        setting[0] = luaL_checkoption(L, argument, NULL, words)
    if setting[0] <= 1:
        lua_pushboolean(L, setting[0])
    else:
        lua_pushstring(L, words[setting[0]])


cdef int encode_sparse_array(lua_State *L) noexcept nogil:
    cdef JsonOptions *options = options_of(L, 3)
    word_setting(L, 1, &options.sparse_convert, SWITCH)
    whole_setting(L, 2, &options.sparse_ratio, 0, INT_MAX)
    whole_setting(L, 3, &options.sparse_safe, 0, INT_MAX)
    return 3


cdef int encode_max_depth(lua_State *L) noexcept nogil:
    cdef JsonOptions *options = options_of(L, 1)
    whole_setting(L, 1, &options.encode_max_depth, 1, INT_MAX)
    return 1


cdef int decode_max_depth(lua_State *L) noexcept nogil:
    cdef JsonOptions *options = options_of(L, 1)
    whole_setting(L, 1, &options.decode_max_depth, 1, INT_MAX)
    return 1


cdef int encode_number_precision(lua_State *L) noexcept nogil:
    cdef JsonOptions *options = options_of(L, 1)
    whole_setting(L, 1, &options.precision, 1, DIGITS)
    set_precision(options, options.precision)
    return 1


cdef int encode_keep_buffer(lua_State *L) noexcept nogil:
    """An existing buffer is released by the next call of ``encode``."""
    cdef JsonOptions *options = options_of(L, 1)
    word_setting(L, 1, &options.keep_buffer, SWITCH)
    return 1


cdef int encode_invalid_numbers(lua_State *L) noexcept nogil:
    cdef JsonOptions *options = options_of(L, 1)
    word_setting(L, 1, &options.encode_invalid_numbers, INVALID_NUMBERS)
    return 1


cdef int decode_invalid_numbers(lua_State *L) noexcept nogil:
    cdef JsonOptions *options = options_of(L, 1)
    word_setting(L, 1, &options.decode_invalid_numbers, SWITCH)
    return 1


# ---- instances ----

cdef void set_precision(JsonOptions *options, int digits) noexcept nogil:
    cdef int _digit
    options.precision = digits
    options.precise_below = 1
    for _digit in range(digits):
        options.precise_below *= 10


cdef void set_defaults(JsonOptions *options) noexcept nogil:
    options.sparse_convert = False
    options.sparse_ratio = 2
    options.sparse_safe = 10
    options.encode_max_depth = DEPTH
    options.decode_max_depth = DEPTH
    options.encode_invalid_numbers = REFUSED
    options.decode_invalid_numbers = True
    options.keep_buffer = True
    set_precision(options, DIGITS)


cdef void set_setting(lua_State *L, int options, const char *name, lua_CFunction function) noexcept nogil:
    lua_pushvalue(L, options)
    set_function(L, name, function, 1)


cdef void set_coder(lua_State *L, int options, const char *name, lua_CFunction function) noexcept nogil:
    """Sets a function that has a buffer too."""
    lua_pushvalue(L, options)
    lua_pushnil(L)
    set_function(L, name, function, 2)


cdef int new(lua_State *L) noexcept nogil:
    """Returns the table of an instance with the default settings. Arguments are ignored."""
    cdef int options = lua_gettop(L) + 1
    set_defaults(<JsonOptions *> lua_newuserdata(L, sizeof(JsonOptions)))
    lua_createtable(L, 0, 13)
    set_coder(L, options, "encode", json_encode)
    set_coder(L, options, "decode", json_decode)
    set_setting(L, options, "encode_sparse_array", encode_sparse_array)
    set_setting(L, options, "encode_max_depth", encode_max_depth)
    set_setting(L, options, "decode_max_depth", decode_max_depth)
    set_setting(L, options, "encode_number_precision", encode_number_precision)
    set_setting(L, options, "encode_keep_buffer", encode_keep_buffer)
    set_setting(L, options, "encode_invalid_numbers", encode_invalid_numbers)
    set_setting(L, options, "decode_invalid_numbers", decode_invalid_numbers)
    set_function(L, "new", new, 0)
    lua_pushlightuserdata(L, NULL)
    lua_setfield(L, -2, "null")
    lua_pushstring(L, "cjson")
    lua_setfield(L, -2, "_NAME")
    lua_pushstring(L, "2.1.0")
    lua_setfield(L, -2, "_VERSION")
    return 1


cdef int open_cjson(lua_State *L) noexcept nogil:
    new(L)
    lua_pushvalue(L, -1)
    lua_setfield(L, LUA_GLOBALSINDEX, "cjson")
    return 1
