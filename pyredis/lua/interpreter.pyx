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
from pyredis.ground.turns cimport offer_turn_now
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
    lua_gethookcount,
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
    # A step of the collector when it collects everything, in kilobytes: about a millisecond.
    COLLECTED = 1000
    # The bytes of new blocks between two checkpoints. Loops over very long strings have few instructions.
    CHECKED_BYTES = 8 << 20
    # Microseconds between two calls of the hook. If they are more, or fewer, it is called after fewer instructions, or
    # more.
    HOOK_SLOW = 2000
    HOOK_QUICK = 200
    HOOK_FACTOR = 8
    # Instructions between two calls of the hook while Lua has more than so many bytes: then each instruction may be an
    # operation on a very long string, or on a very large table.
    MUCH_MEMORY = 8 << 20
    HOOK_COUNT_LARGE = 100

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

cdef inline bint may_grow(Interpreter *lua, size_t old_size, size_t new_size) noexcept nogil:
    if lua.memory.used + <int64_t> (new_size - old_size) > lua.limit:
        return False
    lua.allocated += new_size
    return lua.allocated < CHECKED_BYTES or pass_checkpoint(lua)


cdef bint pass_checkpoint(Interpreter *lua) noexcept nogil:
    """Suspends the script if its time is up; False if it has been killed, which makes Lua raise an error.

    No other Lua code runs meanwhile, so the state may be in the middle of any operation.
    """
    lua.allocated = 0
    if unlikely(lua.memory.used > MUCH_MEMORY and lua_gethookcount(lua.main) > HOOK_COUNT_LARGE):
        set_hook(lua.main, HOOK_COUNT_LARGE)
    # The caller's arguments are valid only until the first suspension.
    if not lua.running or lua.ended or lua.keys != NULL:
        return True
    offer_turn_now()
    if lua.server.on_checkpoint != NULL:
        lua.server.on_checkpoint(lua)
    return not lua.killed


cdef void *allocate(void *context, void *block, size_t old_size, size_t new_size) noexcept nogil:
    cdef Interpreter *lua = <Interpreter *> context
    cdef Account *before
    if new_size > old_size and not may_grow(lua, old_size, new_size):
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
    lua.killed = False
    if unlikely(lua_gethookcount(lua.main) != HOOK_COUNT):
        set_hook(lua.main, HOOK_COUNT)
    lua.runs += 1
    if unlikely(lua.memory.used > lua.limit // 2 and not lua.ended):
        # Lua does not collect when an allocation fails, so this garbage could leave what runs next no memory.
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


cdef Interpreter *find_interpreter(lua_State *L) noexcept nogil:
    """Returns the Interpreter of a state; NULL for a bare state of the tests."""
    cdef Interpreter *lua
    lua_pushlightuserdata(L, &_interpreter_key)
    lua_rawget(L, LUA_REGISTRYINDEX)
    lua = <Interpreter *> lua_touserdata(L, -1)
    lua_settop(L, -2)
    return lua


cdef void set_pace(lua_State *L, Interpreter *lua) noexcept nogil:
    """Sets after how many instructions the hook is called next, by how long the last ones took."""
    cdef int count = lua_gethookcount(L)
    cdef int most = HOOK_COUNT if lua.memory.used <= MUCH_MEMORY else HOOK_COUNT_LARGE
    cdef double elapsed_us = <double> (cycles_now() - lua.hooked) * lua.server.ns_per_cycle / 1000
    if unlikely(elapsed_us > HOOK_SLOW and count > 1):
        set_hook(L, max(1, count // HOOK_FACTOR))
    elif unlikely(count > most or (elapsed_us < HOOK_QUICK and count < most and not lua.killed)):
        set_hook(L, min(most, count * HOOK_FACTOR))


cdef void on_count(lua_State *L, lua_Debug *record) noexcept nogil:
    cdef Interpreter *lua = find_interpreter(L)
    set_pace(L, lua)
    checkpoint(L, lua)
    lua.hooked = cycles_now()


cdef void checkpoint_here(lua_State *L) noexcept nogil:
    cdef Interpreter *lua = find_interpreter(L)
    if lua != NULL:
        checkpoint(L, lua)


cdef void checkpoint(lua_State *L, Interpreter *lua) noexcept nogil:
    if not lua.running:
        if lua.load_end and cycles_now() > lua.load_end:
            raise_error(L, "FUNCTION LOAD timeout")
        return
    offer_turn_now()
    if lua.server.on_checkpoint != NULL:
        lua.server.on_checkpoint(lua)
    if lua.killed and not lua.ended:
        # If the script catches the error, the hook raises it again at the next instruction.
        set_hook(L, 1)
        set_hook(lua.main, 1)
        luaL_error(L, "Script killed by user with SCRIPT KILL...")


cdef void collect_garbage(lua_State *L) noexcept nogil:
    """Runs two cycles: the first may have begun earlier, and then it keeps what has become garbage since."""
    cdef int _cycle
    for _cycle in range(2):
        while not lua_gc(L, LUA_GCSTEP, COLLECTED):
            checkpoint_here(L)
