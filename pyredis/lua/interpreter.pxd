"""The interpreter of one server: made at the first script, one for all scripts, closed by SCRIPT FLUSH.

What always holds:

- Lua's memory is an account of its own, which ``used_memory`` and ``maxmemory`` do not include, and has a limit: beyond
  it an allocation fails in Lua, and the script with it.
- Between two scripts the stack is empty and nothing below refers to a client.
- Every C function that a script can reach is called inside ``lua_pcall`` (``lua/lua_api`` has the contract).
- Whatever may run for long without executing Lua's instructions calls ``checkpoint`` now and then.

A script's commands run as ``client``, which has the database of the caller and the protocol that the script chooses.
What they reply is written after everything else in the server's reply buffer, from ``base`` on, and read back from
there before the next command.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.call.client cimport Client
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport Account
from pyredis.lua.lua_api cimport lua_State

# What the first line of a script may allow, as `#!lua flags=…` names it.
cdef enum ScriptFlag:
    SCRIPT_NO_WRITES = 1 << 0
    SCRIPT_ALLOW_OOM = 1 << 1
    SCRIPT_ALLOW_STALE = 1 << 2
    SCRIPT_NO_CLUSTER = 1 << 3
    SCRIPT_ALLOW_CROSS_SLOT = 1 << 4
    SCRIPT_PLAIN = 1 << 8               # it has no such line: every check is made at the command that needs it

# Where the effects of a script's writes go; redis.set_repl takes these numbers.
cdef enum Replication:
    REPL_NONE = 0
    REPL_AOF = 1
    REPL_REPLICA = 2
    REPL_ALL = 3

cdef enum:
    # Lua's instructions between two looks at the clock.
    HOOK_COUNT = 100000
    # What a call from Lua may do between two checkpoints, in steps of its own.
    CHECKPOINT_STEPS = 100000

ctypedef struct Interpreter:
    Server *server
    lua_State *main             # NULL before the first script and after SCRIPT FLUSH
    Account *memory             # what Lua uses
    int64_t limit               # bytes of it
    int run                     # references in Lua's registry: the function that runs a script, and the one that
    int handler                 # describes its error
    void *scripts               # the Scripts that are known (`lua/scripts`)
    uint64_t random             # the state of math.random
    unsigned runs               # since the collector's last step
    # The script that runs.
    bint running
    uint32_t flags              # ScriptFlag
    bint read_only
    bint wrote                  # a command that writes has been called
    bint out_of_memory          # at its start, the data used more than `maxmemory`
    int replication
    const char *name            # its digest, 40 bytes
    int function                # its reference
    Slice *keys                 # the caller's arguments, until the script begins
    int key_count
    Slice *arguments
    int argument_count
    Client client
    Client *caller
    size_t base
    uint64_t begun              # cycles
    int64_t time_us             # what TIME returns all through it; 0 before its first TIME
    char *failure               # scratch: the text of the error that ended it
    size_t failure_size
    size_t failure_capacity
    bint failure_counted        # the error that it ended in, or replied, had been counted before
    bint timed_out              # it runs for longer than `busy-reply-threshold`
    bint killed                 # by SCRIPT KILL
    # Scratch that outlives a jump: the arguments of the command under way, and the text of numbers among them.
    Slice *argv
    size_t argv_capacity
    char *texts
    size_t texts_capacity

# The interpreter of the server; its Lua state may be missing (`interpreter_open`).
cdef inline Interpreter *interpreter_of(const Server *server) noexcept nogil:
    return <Interpreter *> server.interpreter

cdef Interpreter *interpreter_new(Server *server) noexcept nogil
cdef void interpreter_delete(Interpreter *lua) noexcept nogil
# Makes a state without libraries; false where there is no memory for it. `load_lua` must have been called.
cdef bint interpreter_open(Interpreter *lua) noexcept nogil
cdef void interpreter_close(Interpreter *lua) noexcept nogil
# Bytes that Lua uses.
cdef int64_t interpreter_memory(const Interpreter *lua) noexcept nogil
# Looks at the clock and at whether the script has been killed; may raise an error in Lua.
cdef void checkpoint(lua_State *L, Interpreter *lua) noexcept nogil
# The Interpreter that a C function has as its first upvalue.
cdef Interpreter *upvalue_interpreter(lua_State *L) noexcept nogil
