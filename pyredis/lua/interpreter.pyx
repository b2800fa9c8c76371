"""Lua's memory, making and closing an interpreter, and the hook that detects what runs for long."""

from libc.stdint cimport int64_t
from libc.stdio cimport fprintf, stderr
from libc.stdlib cimport abort
from libc.string cimport memcpy

from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice, cycles_now, unlikely
from pyredis.ground.memory cimport (
    Account,
    mem_account_close,
    mem_account_new,
    mem_enter,
    mem_free,
    mem_realloc,
    mem_zalloc,
)
from pyredis.lua.lua_api cimport (
    LUA_GCCOLLECT,
    LUA_GCSTEP,
    LUA_MASKCOUNT,
    LUA_REGISTRYINDEX,
    luaL_error,
    lua_Debug,
    lua_State,
    lua_atpanic,
    lua_close,
    lua_gc,
    lua_newstate,
    lua_pushlightuserdata,
    lua_rawget,
    lua_rawset,
    lua_sethook,
    lua_settop,
    lua_touserdata,
    lua_upvalueindex,
)
from pyredis.lua.script_errors cimport raise_error

cdef enum:
    # In bytes. Lua may use twice the largest argument (`proto-max-bulk-len`), and at least this much.
    LEAST_LIMIT = 64 << 20
    # The number of scripts or functions between two steps of the collector, and the size of a step.
    COLLECT_RUNS = 50
    COLLECT_STEP = 50

# The initial state of rand48, before any seed.
cdef uint64_t RANDOM_BEGIN = 0x1234abcd330eULL
# Its address is a key of Lua's registry.
cdef char _interpreter_key


cdef Interpreter *interpreter_new(Server *server, bint functions) noexcept nogil:
    cdef Interpreter *lua = <Interpreter *> mem_zalloc(sizeof(Interpreter))
    lua.server = server
    lua.functions = functions
    lua.memory = mem_account_new()
    lua.random = RANDOM_BEGIN
    lua.client.fd = -1
    return lua


cdef void interpreter_delete(Interpreter *lua) noexcept nogil:
    if lua == NULL:
        return
    interpreter_close(lua)
    mem_account_close(lua.memory)
    mem_free(lua.argv, lua.argv_capacity * sizeof(Slice))
    mem_free(lua.texts, lua.texts_capacity)
    mem_free(lua.failure, lua.failure_capacity)
    mem_free(lua, sizeof(Interpreter))


# ---- memory ----

cdef void *allocate(void *context, void *block, size_t old_size, size_t new_size) noexcept nogil:
    cdef Interpreter *lua = <Interpreter *> context
    cdef Account *before
    if new_size > old_size and lua.memory.used + <int64_t> (new_size - old_size) > lua.limit:
        return NULL
    before = mem_enter(lua.memory)
    if new_size == 0:
        mem_free(block, old_size)
        block = NULL
    else:
        block = mem_realloc(block, old_size, new_size)
    mem_enter(before)
    return block


cdef int64_t interpreter_memory(const Interpreter *lua) noexcept nogil:
    return lua.memory.used if lua != NULL and lua.main != NULL else 0


cdef void interpreter_settle(Interpreter *lua) noexcept nogil:
    if unlikely(lua.killed):
        lua.killed = False
        set_hook(lua.main, HOOK_COUNT)
    lua.runs += 1
    if unlikely(lua.memory.used > lua.limit // 2):
        # Lua does not collect when an allocation fails, so this script's garbage could leave the next one no memory.
        lua_gc(lua.main, LUA_GCCOLLECT, 0)
    elif lua.runs >= COLLECT_RUNS:
        lua.runs = 0
        lua_gc(lua.main, LUA_GCSTEP, COLLECT_STEP)


cdef void failure_add(Interpreter *lua, const char *data, size_t size) noexcept nogil:
    cdef size_t needed = lua.failure_size + size
    if needed > lua.failure_capacity:
        lua.failure = <char *> mem_realloc(lua.failure, lua.failure_capacity, 2 * needed)
        lua.failure_capacity = 2 * needed
    memcpy(lua.failure + lua.failure_size, data, size)
    lua.failure_size = needed


# ---- the state ----

cdef int panic(lua_State *L) noexcept nogil:
    """Never called unless the contract of ``lua/lua_api`` is broken."""
    fprintf(stderr, "A Lua error was raised outside of any protected call\n")
    abort()
    return 0


cdef bint interpreter_open(Interpreter *lua) noexcept nogil:
    lua.limit = max(<int64_t> LEAST_LIMIT, 2 * <int64_t> lua.server.settings.proto_max_bulk)
    lua.main = lua_newstate(allocate, lua)
    if lua.main == NULL:
        return False
    lua_atpanic(lua.main, panic)
    lua_pushlightuserdata(lua.main, &_interpreter_key)
    lua_pushlightuserdata(lua.main, lua)
    lua_rawset(lua.main, LUA_REGISTRYINDEX)
    # Coroutines inherit it.
    set_hook(lua.main, HOOK_COUNT)
    return True


cdef void interpreter_close(Interpreter *lua) noexcept nogil:
    if lua.main != NULL:
        lua_close(lua.main)
        lua.main = NULL


cdef Interpreter *upvalue_interpreter(lua_State *L) noexcept nogil:
    return <Interpreter *> lua_touserdata(L, lua_upvalueindex(1))


# ---- time ----

cdef inline void set_hook(lua_State *L, int instructions) noexcept nogil:
    lua_sethook(L, on_count, LUA_MASKCOUNT, instructions)


cdef void on_count(lua_State *L, lua_Debug *record) noexcept nogil:
    cdef Interpreter *lua
    lua_pushlightuserdata(L, &_interpreter_key)
    lua_rawget(L, LUA_REGISTRYINDEX)
    lua = <Interpreter *> lua_touserdata(L, -1)
    lua_settop(L, -2)
    checkpoint(L, lua)


cdef void checkpoint(lua_State *L, Interpreter *lua) noexcept nogil:
    if not lua.running:
        if lua.load_end and cycles_now() > lua.load_end:
            raise_error(L, "FUNCTION LOAD timeout")
        return
    if lua.server.on_checkpoint != NULL:
        lua.server.on_checkpoint(lua)
    if lua.killed:
        # If the script catches the error, the hook raises it again at the next instruction.
        set_hook(L, 1)
        set_hook(lua.main, 1)
        luaL_error(L, "Script killed by user with SCRIPT KILL.")
