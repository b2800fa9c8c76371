"""The interpreter of one server: made at the first script, one for all scripts, closed by SCRIPT FLUSH.

What always holds:

- Lua's memory has an account of its own, which ``used_memory`` and ``maxmemory`` do not include, and a limit. An
  allocation beyond the limit fails in Lua as an error of the script.
- Between two scripts the stack holds only the error handler, and nothing below refers to a client.
- Every C function that a script can reach is called inside ``lua_pcall`` (``lua/lua_api`` has the contract).
- A C function of ours whose running time Lua's memory limit does not bound calls ``checkpoint`` regularly.

A script's commands run as ``client``, which has the caller's database and the protocol that the script chooses. Their
replies are written at the end of the server's reply buffer, from ``base`` on, and each is read back before the next
command.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.call.client cimport Client
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport Account
from pyredis.lua.lua_api cimport lua_State

# The flags of a script's first line, `#!lua flags=…`.
cdef enum ScriptFlag:
    SCRIPT_NO_WRITES = 1 << 0
    SCRIPT_ALLOW_OOM = 1 << 1
    SCRIPT_ALLOW_STALE = 1 << 2
    SCRIPT_NO_CLUSTER = 1 << 3
    SCRIPT_ALLOW_CROSS_SLOT = 1 << 4
    SCRIPT_PLAIN = 1 << 8               # it has no such line: each check is made when a command needs it

# Where the effects of a script's writes go; redis.set_repl takes these numbers.
cdef enum Replication:
    REPL_NONE = 0
    REPL_AOF = 1
    REPL_REPLICA = 2
    REPL_ALL = 3

cdef enum:
    # Lua instructions between two checkpoints.
    HOOK_COUNT = 100000
    # Steps of a C function between two checkpoints.
    CHECKPOINT_STEPS = 100000

ctypedef struct Interpreter:
    Server *server
    lua_State *main             # NULL before the first script and after SCRIPT FLUSH
    Account *memory             # of Lua's allocations
    int64_t limit               # of that, in bytes
    int run                     # references in Lua's registry: the function that runs a script, and the one that
    int handler                 # describes its error
    void *scripts               # the Scripts that are known (`lua/scripts`)
    uint64_t random             # the state of math.random
    unsigned runs               # since the collector's last step
    # The running script.
    bint running
    uint32_t flags              # ScriptFlag
    bint read_only
    bint wrote                  # it has called a command that writes
    bint out_of_memory          # at its start, the server used more than `maxmemory`
    int replication
    const char *name            # its digest, 40 bytes
    int function                # its reference
    Slice *keys                 # the caller's arguments; valid until the script begins
    int key_count
    Slice *arguments
    int argument_count
    Client client
    Client *caller
    size_t base
    uint64_t begun              # cycles
    int64_t time_us             # the result of TIME, which does not change during a script; 0 before the first TIME
    char *failure               # scratch: the text of the error that ended the script
    size_t failure_size
    size_t failure_capacity
    bint failure_counted        # the error that ended it, or that it replied, has been counted before
    bint timed_out              # it has run for longer than `busy-reply-threshold`
    bint killed                 # by SCRIPT KILL
    # Scratch that outlives a jump: the arguments of the current command, and the texts of numbers among them.
    Slice *argv
    size_t argv_capacity
    char *texts
    size_t texts_capacity

# Returns the interpreter of the server, or NULL; its Lua state may be missing (`interpreter_open`).
cdef inline Interpreter *interpreter_of(const Server *server) noexcept nogil:
    return <Interpreter *> server.interpreter

cdef Interpreter *interpreter_new(Server *server) noexcept nogil
cdef void interpreter_delete(Interpreter *lua) noexcept nogil
# Makes a state without libraries; false if there is no memory for it. `load_lua` must have been called.
cdef bint interpreter_open(Interpreter *lua) noexcept nogil
cdef void interpreter_close(Interpreter *lua) noexcept nogil
# Returns the number of bytes that Lua uses.
cdef int64_t interpreter_memory(const Interpreter *lua) noexcept nogil
# Suspends the script if its time is up, and raises an error in Lua if it has been killed.
cdef void checkpoint(lua_State *L, Interpreter *lua) noexcept nogil
# Returns the Interpreter, which is the first upvalue of a C function.
cdef Interpreter *upvalue_interpreter(lua_State *L) noexcept nogil
