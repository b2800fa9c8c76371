"""A bare Lua interpreter with the libraries for scripts, and the hook of a server's, only for the tests.

Each block of the bare one comes from malloc, so that a sanitizer sees it.
"""

from libc.stddef cimport size_t
from libc.stdlib cimport free, realloc

from pyredis.call.state cimport State
from pyredis.lua.interpreter cimport interpreter_of
from pyredis.lua.lua_api cimport (
    LUA_GCCOLLECT,
    LUA_OK,
    load_lua,
    luaL_loadbuffer,
    lua_CFunction,
    lua_State,
    lua_call,
    lua_close,
    lua_gc,
    lua_gethookcount,
    lua_newstate,
    lua_pcall,
    lua_pushcfunction,
    lua_pushstring,
    lua_settop,
    lua_tolstring,
    luaopen_base,
    luaopen_math,
    luaopen_string,
    luaopen_table,
)
from pyredis.lua.lua_bit cimport open_bit
from pyredis.lua.lua_cjson cimport open_cjson
from pyredis.lua.lua_cmsgpack cimport open_cmsgpack
from pyredis.lua.lua_struct cimport open_struct

ctypedef struct Heap:
    size_t used
    size_t limit


def hook_count(State core not None):
    """Returns after how many instructions the hook of the server's interpreter for scripts is called."""
    return lua_gethookcount(interpreter_of(&core.server).main)


class LuaError(Exception):
    pass


cdef void *allocate(void *context, void *block, size_t old_size, size_t new_size) noexcept nogil:
    cdef Heap *heap = <Heap *> context
    cdef void *moved
    if new_size == 0:
        free(block)
        heap.used -= old_size
        return NULL
    if new_size > old_size and heap.used + (new_size - old_size) > heap.limit:
        return NULL
    moved = realloc(block, new_size)
    if moved != NULL:
        heap.used += new_size - old_size
    return moved


cdef void open_library(lua_State *L, const char *name, lua_CFunction function) noexcept nogil:
    lua_pushcfunction(L, function)
    lua_pushstring(L, name)
    lua_call(L, 1, 0)


cdef class Interpreter:
    cdef lua_State *L
    cdef Heap heap

    def __cinit__(self):
        load_lua()
        self.heap.limit = <size_t> -1
        self.L = lua_newstate(allocate, &self.heap)
        if self.L == NULL:
            raise MemoryError
        open_library(self.L, "", luaopen_base)
        open_library(self.L, "table", luaopen_table)
        open_library(self.L, "string", luaopen_string)
        open_library(self.L, "math", luaopen_math)
        open_library(self.L, "bit", open_bit)
        open_library(self.L, "struct", open_struct)
        open_library(self.L, "cmsgpack", open_cmsgpack)
        open_library(self.L, "cjson", open_cjson)

    def __dealloc__(self):
        if self.L != NULL:
            lua_close(self.L)

    def run(self, bytes chunk):
        cdef const char *text
        cdef size_t size
        cdef int status = luaL_loadbuffer(self.L, chunk, len(chunk), "@user_script")
        if status == LUA_OK:
            with nogil:
                status = lua_pcall(self.L, 0, 1, 0)
        text = lua_tolstring(self.L, -1, &size)
        result = text[:size] if text != NULL else None
        lua_settop(self.L, 0)
        if status != LUA_OK:
            raise LuaError(result)
        return result

    @property
    def memory(self):
        cdef size_t before = 0
        # Each collection halves the buffer in which Lua concatenates.
        while self.heap.used != before:
            before = self.heap.used
            lua_gc(self.L, LUA_GCCOLLECT, 0)
        return before

    @property
    def limit(self):
        return self.heap.limit

    @limit.setter
    def limit(self, size_t limit):
        self.heap.limit = limit
