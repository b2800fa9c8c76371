"""Reads the arguments of ``redis.register_function``; the error texts are those of Redis."""

from libc.stdint cimport uint32_t

from pyredis.ground.base cimport Slice, equals_nocase, slice_of
from pyredis.lua.interpreter cimport (
    SCRIPT_ALLOW_CROSS_SLOT,
    SCRIPT_ALLOW_OOM,
    SCRIPT_ALLOW_STALE,
    SCRIPT_NO_CLUSTER,
    SCRIPT_NO_WRITES,
    Interpreter,
    upvalue_interpreter,
)
from pyredis.lua.libraries cimport Library, library_add
from pyredis.lua.lua_api cimport (
    LUA_REGISTRYINDEX,
    LUA_TNIL,
    luaL_ref,
    luaL_unref,
    lua_State,
    lua_gettop,
    lua_isfunction,
    lua_isstring,
    lua_istable,
    lua_next,
    lua_pop,
    lua_pushnil,
    lua_pushvalue,
    lua_rawgeti,
    lua_replace,
    lua_settop,
    lua_tolstring,
    lua_type,
)
from pyredis.lua.protection cimport push_behind
from pyredis.lua.script_errors cimport raise_error

# Where the arguments are on the stack, with nil for one that is not given.
cdef enum:
    NAME = 1
    CALLBACK = 2
    DESCRIPTION = 3
    FLAGS = 4
    # The table of named arguments, and the pair that is being read.
    TABLE = 5
    KEY = 6
    VALUE = 7

ctypedef struct Flag:
    const char *name
    uint32_t bit

cdef enum:
    FLAG_COUNT = 5

cdef Flag _flags[FLAG_COUNT]
_flags[0] = Flag("no-writes", SCRIPT_NO_WRITES)
_flags[1] = Flag("allow-oom", SCRIPT_ALLOW_OOM)
_flags[2] = Flag("allow-stale", SCRIPT_ALLOW_STALE)
_flags[3] = Flag("no-cluster", SCRIPT_NO_CLUSTER)
_flags[4] = Flag("allow-cross-slot-keys", SCRIPT_ALLOW_CROSS_SLOT)


cdef bint is_valid_name(Slice name) noexcept nogil:
    cdef size_t index
    cdef char c
    for index in range(name.size):
        c = name.data[index]
        if not (c'a' <= c <= c'z' or c'A' <= c <= c'Z' or c'0' <= c <= c'9' or c == c'_'):
            return False
    return name.size > 0


cdef inline Slice text_at(lua_State *L, int index) noexcept nogil:
    cdef size_t size
    cdef const char *data = lua_tolstring(L, index, &size)
    return slice_of(data, size)


# ---- flags ----

cdef bint add_flag(Slice text, uint32_t *flags) noexcept nogil:
    cdef int index
    for index in range(FLAG_COUNT):
        if equals_nocase(text, _flags[index].name):
            flags[0] |= _flags[index].bit
            return True
    return False


cdef const char *read_flags(lua_State *L, uint32_t *flags) noexcept nogil:
    """Reads the list of flags; returns the error, or NULL."""
    cdef int index = 0
    cdef bint known
    flags[0] = 0
    if lua_type(L, FLAGS) == LUA_TNIL:
        return NULL
    while True:
        index += 1
        lua_rawgeti(L, FLAGS, index)
        if lua_type(L, -1) == LUA_TNIL:
            lua_pop(L, 1)
            return NULL
        known = lua_isstring(L, -1) and add_flag(text_at(L, -1), flags)
        lua_pop(L, 1)
        if not known:
            return "unknown flag given"


# ---- arguments ----

cdef const char *take_named(lua_State *L) noexcept nogil:
    """Moves the value to the place that belongs to its key; returns the error, or NULL."""
    cdef Slice key
    cdef int place
    if not lua_isstring(L, KEY):
        return "named argument key given to redis.register_function is not a string"
    # A number would become a string here, and `lua_next` would not find it again.
    lua_pushvalue(L, KEY)
    key = text_at(L, -1)
    if equals_nocase(key, "function_name"):
        place = NAME
        if not lua_isstring(L, VALUE):
            return "function_name argument given to redis.register_function must be a string"
    elif equals_nocase(key, "description"):
        place = DESCRIPTION
        if not lua_isstring(L, VALUE):
            return "description argument given to redis.register_function must be a string"
    elif equals_nocase(key, "callback"):
        place = CALLBACK
        if not lua_isfunction(L, VALUE):
            return "callback argument given to redis.register_function must be a function"
    elif equals_nocase(key, "flags"):
        place = FLAGS
        if not lua_istable(L, VALUE):
            return "flags argument to redis.register_function must be a table representing function flags"
    else:
        return "unknown argument given to redis.register_function"
    lua_pushvalue(L, VALUE)
    lua_replace(L, place)
    lua_settop(L, KEY)
    return NULL


cdef const char *read_named(lua_State *L, uint32_t *flags) noexcept nogil:
    """Reads a table of named arguments; returns the error, or NULL."""
    cdef const char *error = NULL
    if not lua_istable(L, 1):
        return ("calling redis.register_function with a single argument is only applicable to Lua table (representing "
                "named arguments).")
    if not push_behind(L, 1):
        lua_pushvalue(L, 1)
    lua_replace(L, 1)
    lua_settop(L, TABLE - 1)
    lua_pushvalue(L, 1)
    lua_pushnil(L)
    lua_replace(L, NAME)
    lua_pushnil(L)
    while lua_next(L, TABLE):
        error = take_named(L)
        if error == NULL and lua_type(L, FLAGS) != LUA_TNIL:
            error = read_flags(L, flags)
        if error != NULL:
            return error
    if lua_type(L, NAME) == LUA_TNIL:
        return "redis.register_function must get a function name argument"
    if lua_type(L, CALLBACK) == LUA_TNIL:
        return "redis.register_function must get a callback argument"
    return NULL


cdef const char *read_arguments(lua_State *L, uint32_t *flags) noexcept nogil:
    """Puts every argument into its place, and reads the flags; returns the error, or NULL."""
    cdef int count = lua_gettop(L)
    if not 1 <= count <= 2:
        return "wrong number of arguments to redis.register_function"
    if count == 1:
        return read_named(L, flags)
    if not lua_isstring(L, NAME):
        return "first argument to redis.register_function must be a string"
    if not lua_isfunction(L, CALLBACK):
        return "second argument to redis.register_function must be a function"
    lua_settop(L, TABLE - 1)
    return NULL


cdef const char *register(lua_State *L, Library *library, uint32_t flags) noexcept nogil:
    cdef Slice name = text_at(L, NAME)
    cdef Slice description
    cdef bint described = lua_type(L, DESCRIPTION) != LUA_TNIL
    cdef int reference
    if not is_valid_name(name):
        return ("Library names can only contain letters, numbers, or underscores(_) and must be at least one character "
                "long")
    if described:
        description = text_at(L, DESCRIPTION)
    lua_pushvalue(L, CALLBACK)
    reference = luaL_ref(L, LUA_REGISTRYINDEX)
    if library_add(library, name, &description if described else NULL, flags, reference):
        return NULL
    luaL_unref(L, LUA_REGISTRYINDEX, reference)
    return "Function already exists in the library"


cdef int redis_register_function(lua_State *L) noexcept nogil:
    cdef Interpreter *lua = upvalue_interpreter(L)
    cdef uint32_t flags = 0
    cdef const char *error
    if lua.loading == NULL:
        return raise_error(L, "redis.register_function can only be called on FUNCTION LOAD command")
    error = read_arguments(L, &flags)
    if error == NULL:
        error = register(L, <Library *> lua.loading, flags)
    return raise_error(L, error) if error != NULL else 0
