"""The functions. Each is called with its arguments on the stack and the Interpreter as its first upvalue."""

from libc.limits cimport INT_MAX
from libc.math cimport floor
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy
from libc.time cimport clock

from pyredis.lua.interpreter cimport (
    CHECKPOINT_STEPS,
    Interpreter,
    checkpoint,
    checkpoint_here,
    collect_garbage,
    upvalue_interpreter,
)
from pyredis.lua.long_functions cimport set_long_string_functions, set_long_table_functions
from pyredis.lua.lua_api cimport (
    LUA_ERRSYNTAX,
    LUA_GCCOLLECT,
    LUA_GCCOUNT,
    LUA_GCCOUNTB,
    LUA_GCRESTART,
    LUA_GCSTEP,
    LUA_GCSTOP,
    LUA_MULTRET,
    LUA_OK,
    LUA_TFUNCTION,
    LUA_TNIL,
    LUA_TSTRING,
    LUA_TTABLE,
    luaL_argerror,
    luaL_checkany,
    luaL_checkinteger,
    luaL_checklstring,
    luaL_checkoption,
    luaL_checktype,
    luaL_error,
    luaL_getmetafield,
    luaL_optinteger,
    luaL_optlstring,
    lua_CFunction,
    lua_Number,
    lua_State,
    lua_call,
    lua_checkstack,
    lua_concat,
    lua_createtable,
    lua_gc,
    lua_getfield,
    lua_getmetatable,
    lua_gettable,
    lua_gettop,
    lua_insert,
    lua_isstring,
    lua_load,
    lua_newuserdata,
    lua_next,
    lua_objlen,
    lua_pcall,
    lua_pop,
    lua_pushboolean,
    lua_pushcclosure,
    lua_pushinteger,
    lua_pushlightuserdata,
    lua_pushlstring,
    lua_pushnil,
    lua_pushnumber,
    lua_pushstring,
    lua_pushvalue,
    lua_rawget,
    lua_rawgeti,
    lua_rawset,
    lua_rawseti,
    lua_remove,
    lua_replace,
    lua_setfield,
    lua_setmetatable,
    lua_settop,
    lua_tolstring,
    lua_type,
    lua_upvalueindex,
)
from pyredis.lua.lua_patterns cimport set_pattern_functions
from pyredis.lua.protection cimport push_behind, refuse_change

cdef extern from "<time.h>" nogil:
    enum: CLOCKS_PER_SEC

cdef enum:
    # `unpack` returns no more: Lua's stack has room for 8,000 values of a C function.
    MOST_RESULTS = 8000
    # The parser counts characters in ints (CVE-2025-46819).
    LONGEST_SOURCE = 1 << 30
    SOURCE_PIECE = 1 << 16      # the bytes that are parsed between two checkpoints
    BYTECODE = 27               # its first byte
    CHOSEN_STEP = 4             # an index of `_collector_options`; the options before it are numbered as in `lua_gc`
    COLLECTOR_SETTING = 200     # the pause and the step multiplier, in percent


# ---- tables ----

cdef int base_next(lua_State *L) noexcept nogil:
    luaL_checktype(L, 1, LUA_TTABLE)
    lua_settop(L, 2)
    if push_behind(L, 1):
        lua_replace(L, 1)
    if lua_next(L, 1):
        return 2
    lua_pushnil(L)
    return 1


cdef int base_pairs(lua_State *L) noexcept nogil:
    """The second upvalue is `next`."""
    luaL_checktype(L, 1, LUA_TTABLE)
    lua_pushvalue(L, lua_upvalueindex(2))
    lua_pushvalue(L, 1)
    lua_pushnil(L)
    return 3


cdef int base_rawget(lua_State *L) noexcept nogil:
    luaL_checktype(L, 1, LUA_TTABLE)
    luaL_checkany(L, 2)
    lua_settop(L, 2)
    if push_behind(L, 1):
        lua_replace(L, 1)
    lua_rawget(L, 1)
    return 1


cdef int base_rawset(lua_State *L) noexcept nogil:
    luaL_checktype(L, 1, LUA_TTABLE)
    luaL_checkany(L, 2)
    luaL_checkany(L, 3)
    lua_settop(L, 3)
    if push_behind(L, 1):
        return refuse_change(L)
    lua_rawset(L, 1)
    return 1


cdef int base_getmetatable(lua_State *L) noexcept nogil:
    """The second upvalue has the views of metatables: at 1 that of strings, at the view of the globals theirs."""
    luaL_checkany(L, 1)
    if lua_type(L, 1) == LUA_TSTRING:
        lua_rawgeti(L, lua_upvalueindex(2), 1)
        return 1
    if push_behind(L, 1):
        lua_pushvalue(L, 1)
        lua_rawget(L, lua_upvalueindex(2))
        return 1
    if not lua_getmetatable(L, 1):
        lua_pushnil(L)
        return 1
    luaL_getmetafield(L, 1, "__metatable")
    return 1


cdef int base_setmetatable(lua_State *L) noexcept nogil:
    cdef int type = lua_type(L, 2)
    luaL_checktype(L, 1, LUA_TTABLE)
    if type != LUA_TNIL and type != LUA_TTABLE:
        return luaL_argerror(L, 2, "nil or table expected")
    if push_behind(L, 1):
        return refuse_change(L)
    if luaL_getmetafield(L, 1, "__metatable"):
        return luaL_error(L, "cannot change a protected metatable")
    lua_settop(L, 2)
    lua_setmetatable(L, 1)
    return 1


cdef int table_insert(lua_State *L) noexcept nogil:
    cdef Interpreter *lua = upvalue_interpreter(L)
    cdef int arguments = lua_gettop(L)
    cdef int end, place
    luaL_checktype(L, 1, LUA_TTABLE)
    if push_behind(L, 1):
        return refuse_change(L)
    end = <int> lua_objlen(L, 1) + 1
    if arguments == 2:
        lua_rawseti(L, 1, end)
        return 0
    if arguments != 3:
        return luaL_error(L, "wrong number of arguments to 'insert'")
    place = <int> luaL_checkinteger(L, 2)
    while end > place:
        lua_rawgeti(L, 1, end - 1)
        lua_rawseti(L, 1, end)
        end -= 1
        if end % CHECKPOINT_STEPS == 0:
            checkpoint(L, lua)
    lua_rawseti(L, 1, place)
    return 0


cdef int table_foreach(lua_State *L) noexcept nogil:
    luaL_checktype(L, 1, LUA_TTABLE)
    luaL_checktype(L, 2, LUA_TFUNCTION)
    lua_settop(L, 2)
    if push_behind(L, 1):
        lua_replace(L, 1)
    lua_pushnil(L)
    while lua_next(L, 1):
        lua_pushvalue(L, 2)
        lua_pushvalue(L, -3)
        lua_pushvalue(L, -3)
        lua_call(L, 2, 1)
        if lua_type(L, -1) != LUA_TNIL:
            return 1
        lua_pop(L, 2)
    return 0


cdef int base_unpack(lua_State *L) noexcept nogil:
    cdef int64_t first, last, index
    luaL_checktype(L, 1, LUA_TTABLE)
    first = <int> luaL_optinteger(L, 2, 1)
    last = <int> luaL_checkinteger(L, 3) if lua_type(L, 3) > LUA_TNIL else <int64_t> lua_objlen(L, 1)
    if first > last:
        return 0
    if last - first >= MOST_RESULTS or not lua_checkstack(L, <int> (last - first + 1)):
        return luaL_error(L, "too many results to unpack")
    for index in range(first, last + 1):
        lua_rawgeti(L, 1, <int> index)
    return <int> (last - first + 1)


# ---- source text ----

cdef int load_text(lua_State *L, int text, const char *name) noexcept nogil:
    """Pushes a function, or nil and an error message; returns the number of values, as `loadstring` does."""
    cdef size_t size
    cdef const char *data = lua_tolstring(L, text, &size)
    if compile_text(L, data, size, name) == LUA_OK:
        return 1
    lua_pushnil(L)
    lua_insert(L, -2)
    return 2


cdef int compile_text(lua_State *L, const char *data, size_t size, const char *name) noexcept nogil:
    cdef int status
    if size >= LONGEST_SOURCE:
        lua_pushstring(L, "chunk has too many bytes")
        return LUA_ERRSYNTAX
    if size and data[0] == BYTECODE:
        # With a blank in front, the parser takes it for text and reports a syntax error.
        lua_pushlstring(L, " ", 1)
        lua_pushlstring(L, data, size)
        lua_concat(L, 2)
        data = lua_tolstring(L, -1, &size)
        status = parse(L, data, size, name)
        lua_remove(L, -2)
        return status
    return parse(L, data, size, name)


# A text that the parser reads in pieces, with a checkpoint before each but the first.
ctypedef struct Source:
    const char *at
    size_t left


cdef const char *read_piece(lua_State *L, void *data, size_t *size) noexcept nogil:
    cdef Source *source = <Source *> data
    cdef const char *piece = source.at
    size[0] = min(source.left, <size_t> SOURCE_PIECE)
    source.at += size[0]
    source.left -= size[0]
    return piece


cdef const char *read_next_piece(lua_State *L, void *data, size_t *size) noexcept nogil:
    checkpoint_here(L)
    return read_piece(L, data, size)


cdef int parse(lua_State *L, const char *data, size_t size, const char *name) noexcept nogil:
    cdef Source source
    cdef int status
    source.at = data
    source.left = size
    lua_gc(L, LUA_GCSTOP, 0)
    status = lua_load(L, read_piece if size <= SOURCE_PIECE else read_next_piece, &source, name)
    lua_gc(L, LUA_GCRESTART, 0)
    return status


cdef int base_loadstring(lua_State *L) noexcept nogil:
    cdef const char *text = luaL_checklstring(L, 1, NULL)
    return load_text(L, 1, luaL_optlstring(L, 2, text, NULL))


# A text that a function returns in pieces. Its buffer is a userdata at index 3 of the stack; the first byte is a blank,
# so that nothing is ever taken for bytecode.
ctypedef struct Gathering:
    char *buffer
    size_t size
    size_t capacity
    bint gathered
    Source source


cdef void append_piece(lua_State *L, Gathering *text) noexcept nogil:
    """Adds the string on top of the stack, and pops it."""
    cdef size_t more
    cdef char *grown
    cdef const char *piece = lua_tolstring(L, -1, &more)
    if text.size + more > text.capacity:
        text.capacity = 2 * (text.size + more)
        grown = <char *> lua_newuserdata(L, text.capacity)
        memcpy(grown, text.buffer, text.size)
        lua_replace(L, 3)
        text.buffer = grown
    memcpy(text.buffer + text.size, piece, more)
    text.size += more
    lua_pop(L, 1)


cdef void gather_pieces(lua_State *L, Gathering *text) noexcept nogil:
    """Calls the function at index 1 until it returns nil or an empty string."""
    while True:
        lua_pushvalue(L, 1)
        lua_call(L, 0, 1)
        if lua_type(L, -1) == LUA_TNIL:
            return
        if not lua_isstring(L, -1):
            luaL_error(L, "reader function must return a string")
        # A number becomes a string that is not empty.
        if lua_type(L, -1) == LUA_TSTRING and lua_objlen(L, -1) == 0:
            return
        append_piece(L, text)


cdef const char *read_gathered(lua_State *L, void *data, size_t *size) noexcept nogil:
    """The reader of `lua_load`: its first call, before anything is parsed, returns the entire text."""
    cdef Gathering *text = <Gathering *> data
    size[0] = 0
    if text.gathered:
        return read_next_piece(L, &text.source, size)
    text.gathered = True
    gather_pieces(L, text)
    if text.size >= LONGEST_SOURCE:
        luaL_error(L, "chunk has too many bytes")
    lua_gc(L, LUA_GCSTOP, 0)
    # Without any piece, the text is empty.
    text.source.at = text.buffer
    text.source.left = text.size if text.size > 1 else 0
    return read_piece(L, &text.source, size)


cdef int base_load(lua_State *L) noexcept nogil:
    cdef const char *name = luaL_optlstring(L, 2, "=(load)", NULL)
    cdef Gathering text
    cdef int status
    luaL_checktype(L, 1, LUA_TFUNCTION)
    lua_settop(L, 2)
    text.capacity = 1024
    text.buffer = <char *> lua_newuserdata(L, text.capacity)
    text.buffer[0] = c' '
    text.size = 1
    text.gathered = False
    status = lua_load(L, read_gathered, &text, name)
    lua_gc(L, LUA_GCRESTART, 0)
    if status == LUA_OK:
        return 1
    lua_pushnil(L)
    lua_insert(L, -2)
    return 2


# ---- calls ----

cdef int base_pcall(lua_State *L) noexcept nogil:
    if lua_gettop(L) == 0:
        lua_pushboolean(L, False)
        # Without arguments, Redis calls the boolean that it has pushed as the result; this is that error.
        lua_pushstring(L, "attempt to call a boolean value")
        return 2
    lua_pushboolean(L, True)
    lua_insert(L, 1)
    if lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0) == LUA_OK:
        return lua_gettop(L)
    lua_remove(L, 1)
    if lua_type(L, -1) == LUA_TTABLE:
        lua_pushstring(L, "err")
        lua_gettable(L, -2)
        if lua_isstring(L, -1):
            lua_replace(L, -2)
    lua_pushboolean(L, False)
    lua_insert(L, 1)
    return lua_gettop(L)


cdef int handle_error(lua_State *L) noexcept nogil:
    """Calls the handler given to `xpcall`, the second upvalue, unless the script is killed: no hook could end the
    handler."""
    if upvalue_interpreter(L).killed:
        return 1
    lua_pushvalue(L, lua_upvalueindex(2))
    lua_insert(L, 1)
    lua_call(L, lua_gettop(L) - 1, 1)
    return 1


cdef int base_xpcall(lua_State *L) noexcept nogil:
    cdef int status
    luaL_checkany(L, 2)
    lua_settop(L, 2)
    lua_pushlightuserdata(L, upvalue_interpreter(L))
    lua_insert(L, 2)
    lua_pushcclosure(L, handle_error, 2)
    lua_insert(L, 1)
    status = lua_pcall(L, 0, LUA_MULTRET, 1)
    lua_pushboolean(L, status == LUA_OK)
    lua_replace(L, 1)
    return lua_gettop(L)


# ---- the collector ----

cdef const char *_collector_options[8]
_collector_options = ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul", NULL]


cdef int base_collectgarbage(lua_State *L) noexcept nogil:
    cdef int chosen = luaL_checkoption(L, 1, "collect", _collector_options)
    cdef int data = <int> luaL_optinteger(L, 2, 0)
    if chosen == LUA_GCCOUNT:
        lua_pushnumber(L, lua_gc(L, LUA_GCCOUNT, 0) + lua_gc(L, LUA_GCCOUNTB, 0) / <lua_Number> 1024)
    elif chosen == CHOSEN_STEP:
        lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, max(0, min(data, 1000))))
    elif chosen == LUA_GCCOLLECT:
        collect_garbage(L)
        lua_pushinteger(L, 0)
    else:
        # The settings never change.
        lua_pushinteger(L, COLLECTOR_SETTING if chosen > CHOSEN_STEP else 0)
    return 1


cdef int base_gcinfo(lua_State *L) noexcept nogil:
    lua_pushinteger(L, lua_gc(L, LUA_GCCOUNT, 0))
    return 1


# ---- chance and time ----

cdef inline int64_t next_rand48(Interpreter *lua) noexcept nogil:
    """Returns 31 bits of rand48, the generator of Redis's scripts, whose numbers are the same on every server."""
    lua.random = (lua.random * 0x5DEECE66DULL + 0xB) & 0xffffffffffffULL
    return <int64_t> (lua.random >> 17)


cdef int math_random(lua_State *L) noexcept nogil:
    cdef lua_Number fraction = <lua_Number> (next_rand48(upvalue_interpreter(L)) % INT_MAX) / <lua_Number> INT_MAX
    cdef int arguments = lua_gettop(L)
    cdef int lower = 1, upper
    if arguments == 0:
        lua_pushnumber(L, fraction)
        return 1
    if arguments > 2:
        return luaL_error(L, "wrong number of arguments")
    if arguments == 2:
        lower = <int> luaL_checkinteger(L, 1)
    upper = <int> luaL_checkinteger(L, arguments)
    if lower > upper:
        return luaL_argerror(L, arguments, "interval is empty")
    lua_pushnumber(L, floor(fraction * (<lua_Number> upper - <lua_Number> lower + 1)) + lower)
    return 1


cdef int math_randomseed(lua_State *L) noexcept nogil:
    cdef uint32_t seed = <uint32_t> <int> luaL_checkinteger(L, 1)
    upvalue_interpreter(L).random = <uint64_t> seed << 16 | 0x330e
    return 0


cdef int os_clock(lua_State *L) noexcept nogil:
    """Returns the CPU seconds of the process."""
    lua_pushnumber(L, <lua_Number> clock() / <lua_Number> CLOCKS_PER_SEC)
    return 1


# ---- the tables ----

cdef void set_function(lua_State *L, void *interpreter, const char *name, lua_CFunction function) noexcept nogil:
    """Sets a field of the table on top of the stack."""
    lua_pushlightuserdata(L, interpreter)
    lua_pushcclosure(L, function, 1)
    lua_setfield(L, -2, name)


cdef void remove_field(lua_State *L, const char *name) noexcept nogil:
    lua_pushnil(L)
    lua_setfield(L, -2, name)


cdef void set_globals(lua_State *L, void *interpreter) noexcept nogil:
    set_function(L, interpreter, "next", base_next)
    lua_pushlightuserdata(L, interpreter)
    lua_getfield(L, -2, "next")
    lua_pushcclosure(L, base_pairs, 2)
    lua_setfield(L, -2, "pairs")
    set_function(L, interpreter, "rawget", base_rawget)
    set_function(L, interpreter, "rawset", base_rawset)
    set_function(L, interpreter, "setmetatable", base_setmetatable)
    set_function(L, interpreter, "unpack", base_unpack)
    set_function(L, interpreter, "load", base_load)
    set_function(L, interpreter, "loadstring", base_loadstring)
    set_function(L, interpreter, "pcall", base_pcall)
    set_function(L, interpreter, "xpcall", base_xpcall)
    set_function(L, interpreter, "collectgarbage", base_collectgarbage)
    set_function(L, interpreter, "gcinfo", base_gcinfo)


cdef void set_base_functions(lua_State *L, void *interpreter) noexcept nogil:
    set_globals(L, interpreter)
    lua_getfield(L, -1, "table")
    set_function(L, interpreter, "insert", table_insert)
    set_function(L, interpreter, "foreach", table_foreach)
    set_long_table_functions(L, interpreter)
    lua_pop(L, 1)
    lua_getfield(L, -1, "math")
    set_function(L, interpreter, "random", math_random)
    set_function(L, interpreter, "randomseed", math_randomseed)
    lua_pop(L, 1)
    lua_getfield(L, -1, "string")
    set_long_string_functions(L, interpreter)
    set_pattern_functions(L, interpreter)
    remove_field(L, "dump")
    lua_pop(L, 1)
    lua_createtable(L, 0, 1)
    set_function(L, interpreter, "clock", os_clock)
    lua_setfield(L, -2, "os")


cdef void set_getmetatable(lua_State *L) noexcept nogil:
    lua_pushnil(L)
    lua_insert(L, -2)
    lua_pushcclosure(L, base_getmetatable, 2)
    lua_setfield(L, -2, "getmetatable")
