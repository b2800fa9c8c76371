"""The C API of PUC Lua 5.1, resolved at run time from the extension file of the library lupa (``lupa.lua51``).

``load_lua`` opens the file before anything else here is called. lupa's own module is never imported, so no interpreter
made here has access to Python. If lupa cannot be used, the functions are those of the system's Lua 5.1. The names and
contracts are those of the reference manual of Lua 5.1, part 3. Each name is a variable that holds the function's
address, and is called like a function.

Not bound: ``luaL_Buffer`` and its functions, because its size depends on the ``BUFSIZ`` of the C library with which
Lua was built; ``lua_dump``; and all functions that read files.

**Errors jump.** A function that may raise according to the manual (``e``, ``m`` or ``v`` in its third field), and
``luaL_error``, jumps by ``longjmp`` to the innermost ``lua_pcall``. The frames in between end without any cleanup.
Therefore, for every function that such a jump may cross:

- It is ``noexcept nogil``. It holds neither the GIL nor a reference to a Python object, and no ``with gil`` block,
  ``try`` or generator is open around the call that may jump.
- It owns no memory, no reference to a ``Blob`` and no open reply part that only it would release. Data that must
  outlive the call belongs to Lua (a string or a userdata on the stack) or to a structure of the interpreter's owner.
- State that must be restored (a counter, a flag) is restored by the caller of ``lua_pcall``.

A C function for Lua is ``cdef int name(lua_State *L) noexcept nogil``. Outside of any ``lua_pcall`` only functions
that cannot raise may be called: an error there ends the process (``lua_atpanic``). No function that pushes values
checks the size of the stack: a C function has ``LUA_MINSTACK`` places besides its arguments, and gets more from
``luaL_checkstack``.
"""

from libc.stddef cimport ptrdiff_t, size_t

cdef extern from *:
    """
    typedef struct lua_State lua_State;
    """
    ctypedef struct lua_State

ctypedef double lua_Number
ctypedef ptrdiff_t lua_Integer

cdef enum:
    LUA_REGISTRYINDEX = -10000
    LUA_ENVIRONINDEX = -10001
    LUA_GLOBALSINDEX = -10002
    LUA_MULTRET = -1
    LUA_MINSTACK = 20

# What lua_pcall, lua_load and lua_resume return.
cdef enum:
    LUA_OK = 0
    LUA_YIELD = 1
    LUA_ERRRUN = 2
    LUA_ERRSYNTAX = 3
    LUA_ERRMEM = 4
    LUA_ERRERR = 5

# What lua_type returns.
cdef enum:
    LUA_TNONE = -1
    LUA_TNIL = 0
    LUA_TBOOLEAN = 1
    LUA_TLIGHTUSERDATA = 2
    LUA_TNUMBER = 3
    LUA_TSTRING = 4
    LUA_TTABLE = 5
    LUA_TFUNCTION = 6
    LUA_TUSERDATA = 7
    LUA_TTHREAD = 8

cdef enum:
    LUA_GCSTOP = 0
    LUA_GCRESTART = 1
    LUA_GCCOLLECT = 2
    LUA_GCCOUNT = 3             # kilobytes
    LUA_GCCOUNTB = 4            # the rest, in bytes
    LUA_GCSTEP = 5
    LUA_GCSETPAUSE = 6
    LUA_GCSETSTEPMUL = 7

cdef enum:
    LUA_HOOKCOUNT = 3           # lua_Debug.event
    LUA_MASKCALL = 1 << 0
    LUA_MASKRET = 1 << 1
    LUA_MASKLINE = 1 << 2
    LUA_MASKCOUNT = 1 << 3

# An activation record, with the default LUA_IDSIZE of luaconf.h, which is 60.
ctypedef struct lua_Debug:
    int event
    const char *name
    const char *namewhat
    const char *what
    const char *source
    int currentline
    int nups
    int linedefined
    int lastlinedefined
    char short_src[60]
    int i_ci

ctypedef int (*lua_CFunction)(lua_State *L) noexcept nogil
ctypedef void *(*lua_Alloc)(void *context, void *block, size_t old_size, size_t new_size) noexcept nogil
ctypedef const char *(*lua_Reader)(lua_State *L, void *data, size_t *size) noexcept nogil
ctypedef void (*lua_Hook)(lua_State *L, lua_Debug *record) noexcept nogil

# ---- states ----
cdef lua_State *(*lua_newstate)(lua_Alloc allocate, void *context) noexcept nogil
cdef void (*lua_close)(lua_State *L) noexcept nogil
cdef lua_State *(*lua_newthread)(lua_State *L) noexcept nogil
cdef lua_CFunction (*lua_atpanic)(lua_State *L, lua_CFunction panic) noexcept nogil
cdef int (*lua_gc)(lua_State *L, int what, int data) noexcept nogil

# ---- the stack ----
cdef int (*lua_gettop)(lua_State *L) noexcept nogil
cdef void (*lua_settop)(lua_State *L, int index) noexcept nogil
cdef void (*lua_pushvalue)(lua_State *L, int index) noexcept nogil
cdef void (*lua_remove)(lua_State *L, int index) noexcept nogil
cdef void (*lua_insert)(lua_State *L, int index) noexcept nogil
cdef void (*lua_replace)(lua_State *L, int index) noexcept nogil
cdef int (*lua_checkstack)(lua_State *L, int size) noexcept nogil
cdef void (*lua_xmove)(lua_State *source, lua_State *target, int count) noexcept nogil

# ---- from the stack ----
cdef int (*lua_type)(lua_State *L, int index) noexcept nogil
cdef const char *(*lua_typename)(lua_State *L, int type) noexcept nogil
cdef int (*lua_isnumber)(lua_State *L, int index) noexcept nogil
cdef int (*lua_isstring)(lua_State *L, int index) noexcept nogil
cdef int (*lua_iscfunction)(lua_State *L, int index) noexcept nogil
cdef int (*lua_rawequal)(lua_State *L, int first, int second) noexcept nogil
cdef int (*lua_equal)(lua_State *L, int first, int second) noexcept nogil
cdef int (*lua_lessthan)(lua_State *L, int first, int second) noexcept nogil
cdef lua_Number (*lua_tonumber)(lua_State *L, int index) noexcept nogil
cdef lua_Integer (*lua_tointeger)(lua_State *L, int index) noexcept nogil
cdef int (*lua_toboolean)(lua_State *L, int index) noexcept nogil
# Converts a number at that index to a string in place: never to be called for the current key of lua_next.
cdef const char *(*lua_tolstring)(lua_State *L, int index, size_t *size) noexcept nogil
cdef size_t (*lua_objlen)(lua_State *L, int index) noexcept nogil
cdef lua_CFunction (*lua_tocfunction)(lua_State *L, int index) noexcept nogil
cdef void *(*lua_touserdata)(lua_State *L, int index) noexcept nogil
cdef lua_State *(*lua_tothread)(lua_State *L, int index) noexcept nogil
cdef const void *(*lua_topointer)(lua_State *L, int index) noexcept nogil

# ---- onto the stack ----
cdef void (*lua_pushnil)(lua_State *L) noexcept nogil
cdef void (*lua_pushnumber)(lua_State *L, lua_Number value) noexcept nogil
cdef void (*lua_pushinteger)(lua_State *L, lua_Integer value) noexcept nogil
cdef void (*lua_pushlstring)(lua_State *L, const char *data, size_t size) noexcept nogil
cdef void (*lua_pushstring)(lua_State *L, const char *text) noexcept nogil
# %s, %d, %f (a lua_Number), %p, %c and %%, without widths; returns the string that it has pushed.
cdef const char *(*lua_pushfstring)(lua_State *L, const char *format, ...) noexcept nogil
cdef void (*lua_pushcclosure)(lua_State *L, lua_CFunction function, int upvalues) noexcept nogil
cdef void (*lua_pushboolean)(lua_State *L, int value) noexcept nogil
cdef void (*lua_pushlightuserdata)(lua_State *L, void *pointer) noexcept nogil
cdef int (*lua_pushthread)(lua_State *L) noexcept nogil
cdef void *(*lua_newuserdata)(lua_State *L, size_t size) noexcept nogil
cdef void (*lua_concat)(lua_State *L, int count) noexcept nogil

# ---- tables, metatables, environments ----
cdef void (*lua_createtable)(lua_State *L, int elements, int fields) noexcept nogil
cdef void (*lua_gettable)(lua_State *L, int index) noexcept nogil
cdef void (*lua_getfield)(lua_State *L, int index, const char *name) noexcept nogil
cdef void (*lua_rawget)(lua_State *L, int index) noexcept nogil
cdef void (*lua_rawgeti)(lua_State *L, int index, int at) noexcept nogil
cdef void (*lua_settable)(lua_State *L, int index) noexcept nogil
cdef void (*lua_setfield)(lua_State *L, int index, const char *name) noexcept nogil
cdef void (*lua_rawset)(lua_State *L, int index) noexcept nogil
cdef void (*lua_rawseti)(lua_State *L, int index, int at) noexcept nogil
cdef int (*lua_next)(lua_State *L, int index) noexcept nogil
cdef int (*lua_getmetatable)(lua_State *L, int index) noexcept nogil
cdef int (*lua_setmetatable)(lua_State *L, int index) noexcept nogil
cdef void (*lua_getfenv)(lua_State *L, int index) noexcept nogil
cdef int (*lua_setfenv)(lua_State *L, int index) noexcept nogil

# ---- calls ----
cdef void (*lua_call)(lua_State *L, int arguments, int results) noexcept nogil
cdef int (*lua_pcall)(lua_State *L, int arguments, int results, int handler) noexcept nogil
cdef int (*lua_cpcall)(lua_State *L, lua_CFunction function, void *data) noexcept nogil
cdef int (*lua_load)(lua_State *L, lua_Reader reader, void *data, const char *name) noexcept nogil
# These never return; their result type allows `return lua_error(L)`.
cdef int (*lua_error)(lua_State *L) noexcept nogil
# The format is that of lua_pushfstring; the position in the script is prepended.
cdef int (*luaL_error)(lua_State *L, const char *format, ...) noexcept nogil
cdef int (*luaL_argerror)(lua_State *L, int argument, const char *message) noexcept nogil
cdef int (*luaL_typerror)(lua_State *L, int argument, const char *expected) noexcept nogil

# ---- arguments of a C function ----
cdef void (*luaL_checkany)(lua_State *L, int argument) noexcept nogil
cdef void (*luaL_checktype)(lua_State *L, int argument, int type) noexcept nogil
cdef lua_Integer (*luaL_checkinteger)(lua_State *L, int argument) noexcept nogil
cdef lua_Integer (*luaL_optinteger)(lua_State *L, int argument, lua_Integer other) noexcept nogil
cdef lua_Number (*luaL_checknumber)(lua_State *L, int argument) noexcept nogil
cdef lua_Number (*luaL_optnumber)(lua_State *L, int argument, lua_Number other) noexcept nogil
cdef const char *(*luaL_checklstring)(lua_State *L, int argument, size_t *size) noexcept nogil
cdef const char *(*luaL_optlstring)(lua_State *L, int argument, const char *other, size_t *size) noexcept nogil
cdef int (*luaL_checkoption)(lua_State *L, int argument, const char *other, const char **options) noexcept nogil
cdef void (*luaL_checkstack)(lua_State *L, int size, const char *message) noexcept nogil

# ---- help ----
cdef int (*luaL_loadbuffer)(lua_State *L, const char *data, size_t size, const char *name) noexcept nogil
cdef void (*luaL_where)(lua_State *L, int level) noexcept nogil
cdef int (*luaL_getmetafield)(lua_State *L, int index, const char *name) noexcept nogil
cdef int (*luaL_ref)(lua_State *L, int table) noexcept nogil
cdef void (*luaL_unref)(lua_State *L, int table, int reference) noexcept nogil

# ---- debugging ----
cdef int (*lua_getstack)(lua_State *L, int level, lua_Debug *record) noexcept nogil
cdef int (*lua_getinfo)(lua_State *L, const char *what, lua_Debug *record) noexcept nogil
cdef int (*lua_gethookcount)(lua_State *L) noexcept nogil
cdef int (*lua_sethook)(lua_State *L, lua_Hook hook, int mask, int count) noexcept nogil

# ---- the standard libraries, each a lua_CFunction to be called with its name ----
cdef lua_CFunction luaopen_base
cdef lua_CFunction luaopen_table
cdef lua_CFunction luaopen_string
cdef lua_CFunction luaopen_math

# Opens the file and resolves everything above, once for the process; raises `LuaUnavailable`.
cdef int load_lua() except -1


# ---- the macros of lua.h and lauxlib.h ----

cdef inline int lua_upvalueindex(int index) noexcept nogil:
    return LUA_GLOBALSINDEX - index


cdef inline void lua_pop(lua_State *L, int count) noexcept nogil:
    lua_settop(L, -count - 1)


cdef inline void lua_newtable(lua_State *L) noexcept nogil:
    lua_createtable(L, 0, 0)


cdef inline void lua_pushcfunction(lua_State *L, lua_CFunction function) noexcept nogil:
    lua_pushcclosure(L, function, 0)


cdef inline bint lua_isfunction(lua_State *L, int index) noexcept nogil:
    return lua_type(L, index) == LUA_TFUNCTION


cdef inline bint lua_istable(lua_State *L, int index) noexcept nogil:
    return lua_type(L, index) == LUA_TTABLE


cdef inline bint lua_isnil(lua_State *L, int index) noexcept nogil:
    return lua_type(L, index) == LUA_TNIL


cdef inline bint lua_isboolean(lua_State *L, int index) noexcept nogil:
    return lua_type(L, index) == LUA_TBOOLEAN


cdef inline bint lua_isnone(lua_State *L, int index) noexcept nogil:
    return lua_type(L, index) == LUA_TNONE


cdef inline bint lua_isnoneornil(lua_State *L, int index) noexcept nogil:
    return lua_type(L, index) <= LUA_TNIL


cdef inline const char *lua_tostring(lua_State *L, int index) noexcept nogil:
    return lua_tolstring(L, index, NULL)
