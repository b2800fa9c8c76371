"""The root of all native state of one server, so that one process can have several servers."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis._resp cimport Arguments, Reply
from pyredis.call.client cimport Client
from pyredis.call.command cimport Command, find_subcommand, name_hash
from pyredis.call.monitors cimport Monitors
from pyredis.call.outbox cimport Outbox
from pyredis.call.pausing cimport Pause
from pyredis.call.renames cimport Renames, renames_find
from pyredis.call.trail cimport Trail
from pyredis.call.waiting cimport Waiting
from pyredis.channels.channels cimport Channels
from pyredis.ground.base cimport Slice, equals_nocase, unlikely
from pyredis.ground.memory cimport Account, mem_enter
from pyredis.journal.aof cimport Aof
from pyredis.journal.log cimport Log
from pyredis.keyspace.keyspace cimport Database, Keyspace

cdef enum:
    RECENT = 1 << 16            # counters in Server.recent
    TOUCHED = 8

cdef enum Restriction:
    RESTRICT_LOADING = 1
    RESTRICT_AOF_ERROR = 2
    RESTRICT_MEMORY = 4         # maxmemory is set
    RESTRICT_UNLOGGED = 8       # what is changed is not to be propagated: a script has asked for that
    RESTRICT_BUSY = 16          # a script runs for longer than `busy-reply-threshold`
    RESTRICT_PAUSED = 32
    RESTRICT_FAULTS = 64        # faults are injected (`dispatch/injected`)
    RESTRICT_USER = 128         # the default user may not do everything
    RESTRICT_TRACKING = 4096    # refuses nothing: the table of tracked keys is too large (`call/tracking`)

# Numeric directives that native code reads, each 64 bits wide. Python code sets them with `Core.configure`, which finds
# them by name (`_core._SETTINGS`).
ctypedef struct Settings:
    uint64_t maxmemory
    int64_t slowlog_us          # -1: off
    int64_t latency_ms          # 0: off
    uint64_t slow_cycles        # a command that takes more is reported to the slow log, the latency monitor or both
    int64_t latency_tracking
    int64_t busy_reply_ms       # 0: a script may run for ever
    size_t hash_max_listpack_entries
    size_t hash_max_listpack_value
    int64_t list_max_listpack_size
    int64_t list_compress_depth
    size_t set_max_intset_entries
    size_t set_max_listpack_entries
    size_t set_max_listpack_value
    size_t zset_max_listpack_entries
    size_t zset_max_listpack_value
    size_t stream_node_max_bytes
    size_t stream_node_max_entries
    size_t hll_sparse_max_bytes
    size_t proto_max_bulk
    uint64_t tracking_max_keys  # 0: no limit
    int64_t lazy_user_del
    int64_t lazy_server_del
    int64_t lazy_user_flush
    int64_t lazy_expire

ctypedef void (*EventSink)(void *context, int event, const char *name, Database *database, Slice key) noexcept nogil

ctypedef struct Server:
    void *core                  # its Core, borrowed
    Account *memory             # the memory it uses
    Keyspace keyspace
    Reply reply                 # shared by all connections
    bint seals                  # the shell sends sealed blocks by reference to their pages
    Settings settings
    uint32_t restrictions
    void *evictor               # what evicts keys (`call/eviction`)
    bint out_of_memory          # see `lacks_memory`
    int in_exec                 # running the commands of an EXEC
    Client *current             # the client whose command runs
    int64_t next_client_id
    uint32_t heard              # a bit for each event class with listeners, and those of `call/waiting.pxd`
    EventSink sink              # of keyspace events, NULL while nobody listens
    void *sink_context
    Waiting waiting
    Outbox outbox               # bytes for clients other than the replies to their commands
    Channels channels           # and their subscribers
    Pause pause
    Monitors monitors
    # Dispatch is above the commands, which call it through these.
    void (*run)(void *call) noexcept nogil                  # runs a Call that has passed every check
    void (*serve_waiting)(Server *server) noexcept nogil    # serves the clients whose keys are ready
    # Refuses a Call with an error; NULL for that of an append-only file that cannot be written.
    void (*reject)(void *call, const char *text) noexcept nogil
    # Refuses a Call of a script or a handler if a fault says so; NULL while no faults are injected.
    bint (*fault)(void *call) noexcept nogil
    void *apart                 # what runs commands on a stack of their own (`dispatch/apart`)
    void *interpreter           # of scripts (`lua/interpreter`), NULL before the first
    void *function_interpreter  # of functions, NULL before the first library
    void (*end_interpreter)(Server *server) noexcept nogil      # ends both; NULL before the first of them
    void (*forget_functions)(Server *server) noexcept nogil     # NULL before the first library
    # Called by a script now and then, with its interpreter: may let the loop run in between. NULL for nothing.
    void (*on_checkpoint)(void *interpreter) noexcept nogil
    Log log                     # of changes
    bint log_owed               # something was appended that is not published, and the reply depends on it
    # the append-only file
    Aof *aof                    # the log's reader that writes it; NULL while there is none
    bint fsync_always
    int aof_error               # errno
    uint64_t wait_offset        # replies of this batch wait until the file is written, or durable, up to here
    uint64_t *recent            # with fsync always: by hash, the end of the last write of a key
    uint64_t barrier            # the end of the last write that belongs to no single key
    uint64_t touched[TOUCHED]   # hashes of the keys that the current command has changed
    int touched_count           # more than TOUCHED: too many to record
    void *snapshot              # the state of the snapshot under way (`persistence/snapshot`), NULL for none
    void *default_user          # the Rights of the default user (`call/permissions.pxd`); NULL: it may do everything
    void *tracking              # the Tracking of client-side caching (`call/trackers.pxd`)
    # the command table
    Command *commands
    int command_count
    Command **added             # commands that the program has added; their indices follow those of the table
    int added_count
    int added_depth             # how many of them are running, each called by the one before
    Command **index             # by hash of the name, open addressing
    size_t index_mask
    Renames *renames            # the commands that `rename-command` has renamed; NULL if there are none
    Arguments arguments         # scratch of the batch under way
    Trail *trail                # the last commands, for the report of a crash; NULL if there will be none
    # time
    uint64_t cycle_mark
    double ns_per_cycle
    # statistics
    uint64_t hits
    uint64_t misses
    uint64_t errors_noted       # the value of Reply.errors up to which errors are charged to commands


cdef inline bint exceeds_memory(const Server *server) noexcept nogil:
    """Whether more memory than `maxmemory` is used, if it is set.

    What a snapshot will release soon does not count, because evicting more would not release it earlier.
    """
    cdef int64_t used = server.memory.used - <int64_t> server.keyspace.promised
    return server.restrictions & RESTRICT_MEMORY and used > 0 and <uint64_t> used > server.settings.maxmemory


cdef inline bint lacks_memory(const Server *server) noexcept nogil:
    """Whether the latest command of a client began with more memory in use than `maxmemory`, and nothing to evict.

    Scripts and handlers in Python ask for this, because memory may run out, and keys may be evicted, only before the
    command that runs them.
    """
    return server.restrictions & RESTRICT_MEMORY and server.out_of_memory


cdef inline Command *find_command(const Server *server, Slice name) noexcept nogil:
    """Returns the command of that name, never a subcommand; NULL if there is none."""
    cdef uint64_t at
    cdef Command *command
    if name.size < sizeof(command.name):
        at = name_hash(name.data, name.size) & server.index_mask
        while True:
            command = server.index[at]
            if command == NULL:
                break
            if command.name_size == name.size and equals_nocase(name, command.name):
                return command
            at = (at + 1) & server.index_mask
    return renames_find(server.renames, name) if unlikely(server.renames != NULL) else NULL


cdef inline Command *find_called(const Server *server, int argc, const Slice *argv) noexcept nogil:
    """Returns the command that a request calls, the subcommand if it has any and the request names one; else NULL."""
    cdef Command *command = find_command(server, argv[0])
    if command == NULL or command.subcommand_count == 0 or argc == 1:
        return command
    return find_subcommand(command, argv[1])


# The owner of a server's native state; `_core.Core` derives from it and adds the commands.
cdef class State:
    cdef Server server


cdef inline void enter(State state) noexcept:
    """Makes memory count for this server from now on."""
    mem_enter(state.server.memory)
