"""The interpreters of one server: one for the scripts of EVAL, one for libraries of functions.

Each is made when it is first needed; SCRIPT FLUSH closes the first, FUNCTION FLUSH the second. They share nothing, and
at most one of them runs anything. What always holds for each:

- Lua's memory has an account of its own, which ``used_memory`` and ``maxmemory`` do not include, and a limit. An
  allocation beyond the limit fails in Lua as an error of the script.
- Between two scripts or functions the stack holds only the error handler, and nothing below refers to a client.
- Every C function that a script can reach is called inside ``lua_pcall`` (``lua/lua_api`` has the contract).
- A C function of ours that may run for longer than it takes to copy a string calls ``checkpoint`` regularly.

The commands of a script or function run as ``client``, which has the caller's database and the protocol that the
script chooses. Their replies are written at the end of the server's reply buffer, from ``base`` on, and each is read
back before the next command.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.call.call cimport Call
from pyredis.call.client cimport Client
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport Account
from pyredis.lua.lua_api cimport lua_State

# The flags of a script's first line, `#!lua flags=…`, and those of a function.
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
    # Lua instructions between two checkpoints, unless these take long.
    HOOK_COUNT = 2000
    # Steps of a C function between two checkpoints.
    CHECKPOINT_STEPS = 100000

# What can be run: a script or a function.
ctypedef struct Runnable:
    Slice name                  # the digest of a script, the name of a function
    uint32_t flags              # ScriptFlag
    int function                # its reference in Lua's registry

ctypedef struct Interpreter:
    Server *server
    bint functions              # it is the one for functions
    lua_State *main             # NULL before the first script or library, and after SCRIPT or FUNCTION FLUSH
    Account *memory             # of Lua's allocations
    int64_t limit               # of that, in bytes
    int run                     # references in Lua's registry: the function that runs a script or function, and the
    int handler                 # one that describes its error
    void *scripts               # the Scripts that are known (`lua/scripts`); only in the interpreter for scripts
    # Only in the interpreter for functions.
    void *libraries             # the Libraries that are known (`lua/libraries`)
    void *loading               # the Library whose text is being run, or NULL
    int64_t load_left           # cycles left for the texts of the libraries of one command; -1: no limit
    uint64_t load_end           # when the text being run must have ended; 0: no limit
    int index_key               # references in Lua's registry, to change what the globals are: the string `__index`,
    int globals_metatable       # the metatable of the view of globals,
    int globals                 # the globals of functions,
    int load_globals            # and those of a text that is being run
    uint64_t random             # the state of math.random
    unsigned runs               # since the collector's last step
    # The running script or function.
    bint running
    const Runnable *runnable
    const Call *call            # that runs it
    bint read_only
    bint wrote                  # it has called a command that writes
    bint out_of_memory          # at its start, the server used more than `maxmemory`
    int replication
    Slice *keys                 # the caller's arguments; NULL once the script or function has begun
    int key_count
    Slice *arguments
    int argument_count
    Client client
    Client *caller
    size_t base
    uint64_t begun              # cycles
    uint64_t hooked             # cycles, when the hook was last called
    size_t allocated            # bytes of new blocks since the last checkpoint
    int64_t time_us             # the result of TIME, which does not change during a script; 0 before the first TIME
    char *failure               # scratch: the text of the error that ended the script
    size_t failure_size
    size_t failure_capacity
    bint failure_counted        # the error that ended it, or that it replied, has been counted before
    bint timed_out              # it has run for longer than `busy-reply-threshold`
    bint killed                 # by SCRIPT KILL or FUNCTION KILL
    bint ended                  # its code has ended, so that it cannot be killed; its garbage is being collected
    # Scratch that outlives a jump: the arguments of the current command, and the texts of numbers among them.
    Slice *argv
    size_t argv_capacity
    char *texts
    size_t texts_capacity

# Return the server's interpreter for scripts, and that for functions, or NULL; the Lua state may be missing
# (`interpreter_open`).
cdef inline Interpreter *interpreter_of(const Server *server) noexcept nogil:
    return <Interpreter *> server.interpreter

cdef inline Interpreter *function_interpreter_of(const Server *server) noexcept nogil:
    return <Interpreter *> server.function_interpreter

# Returns the interpreter that runs a script or function, or NULL.
cdef inline Interpreter *running_interpreter(const Server *server) noexcept nogil:
    cdef Interpreter *lua = interpreter_of(server)
    if lua != NULL and lua.running:
        return lua
    lua = function_interpreter_of(server)
    return lua if lua != NULL and lua.running else NULL

# The error for commands that must wait until it has ended.
cdef inline const char *busy_text(const Interpreter *lua) noexcept nogil:
    if lua.functions:
        return "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
    return "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."

cdef Interpreter *interpreter_new(Server *server, bint functions) noexcept nogil
cdef void interpreter_delete(Interpreter *lua) noexcept nogil
# Makes a state without libraries; false if there is no memory for it. `load_lua` must have been called.
cdef bint interpreter_open(Interpreter *lua) noexcept nogil
cdef void interpreter_close(Interpreter *lua) noexcept nogil
# Collects garbage between two scripts or functions, as much as is due.
cdef void interpreter_settle(Interpreter *lua) noexcept nogil
# Appends to the text of the error, `failure`.
cdef void failure_add(Interpreter *lua, const char *data, size_t size) noexcept nogil
# Returns the number of bytes that Lua uses.
cdef int64_t interpreter_memory(const Interpreter *lua) noexcept nogil
# Suspends what runs if its time is up. Raises an error in Lua if it has been killed, or if the time for loading a
# library is up.
cdef void checkpoint(lua_State *L, Interpreter *lua) noexcept nogil
# The same for functions that have no Interpreter. Needs one free place on the stack.
cdef void checkpoint_here(lua_State *L) noexcept nogil
# Collects all garbage, with checkpoints. Needs one free place on the stack.
cdef void collect_garbage(lua_State *L) noexcept nogil
# Returns the Interpreter, which is the first upvalue of a C function.
cdef Interpreter *upvalue_interpreter(lua_State *L) noexcept nogil
