"""From a parsed request to its reply: find the command, check it against the state of client and server, call its
handler, propagate what it changed. Knows no command's reply texts, and no socket.

Everything native of one server hangs from its ``Server`` struct, so that several servers can live in one process;
``_core.Core`` owns it. A handler is a ``noexcept nogil`` function of a ``Call``; a Python handler takes ``(client,
args)`` and returns a value of ``replies.py``.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from pyredis._resp cimport Arguments, Parser, Replied, Reply
from pyredis.ground.base cimport Slice
from pyredis.journal.aof cimport Aof
from pyredis.keyspace.keyspace cimport Database, Entry, Keyspace, ValueKind, WatchedKey
from pyredis.types.table.hashtable cimport Table, hash_key

# ---- commands ----

cdef enum CommandFlag:
    CMD_WRITE = 1 << 0
    CMD_DENYOOM = 1 << 2
    CMD_LOADING = 1 << 5
    CMD_SKIP_SLOWLOG = 1 << 7
    CMD_FAST = 1 << 8
    CMD_NO_AUTH = 1 << 9
    CMD_NO_MULTI = 1 << 10
    CMD_GUARDED = 1 << 14       # its handler, in Python, has `admit`, which says for whom it runs or is queued
    CMD_NOT_QUEUED = 1 << 15    # runs at once inside MULTI: EXEC DISCARD MULTI WATCH QUIT RESET

ctypedef Replied (*Handler)(Call *call) noexcept nogil

ctypedef struct Command:
    char name[32]               # lower case, full ("config|get")
    uint8_t name_size
    Handler handler
    int arity
    uint32_t flags
    int first_key
    int part                    # the argument that names a part of the value at argument 1, 0 for none
    int index                   # into Core.specs and Core.handlers; -1 for a container
    Command *subcommands        # NULL for a command without
    int subcommand_count
    Command *parent
    uint64_t calls
    uint64_t cycles
    uint64_t rejected
    uint64_t failed
    uint64_t *histogram         # HISTOGRAM counters of calls by the time they took, NULL before the first

cdef enum:
    # Powers of two of a nanosecond in sixteen parts each, up to 17 seconds, where the last one takes what is longer.
    HISTOGRAM_PARTS = 4
    HISTOGRAM = 31 << HISTOGRAM_PARTS

# ---- clients ----

cdef enum ClientFlag:
    CLIENT_UNAUTHENTICATED = 1 << 0     # it must give the password first
    CLIENT_MULTI = 1 << 1
    CLIENT_DIRTY_EXEC = 1 << 2          # a queued command was refused: EXEC aborts
    CLIENT_CLOSE_AFTER_REPLY = 1 << 3
    CLIENT_CLOSE_NOW = 1 << 4
    CLIENT_REPLY_OFF = 1 << 5
    CLIENT_REPLY_SKIP = 1 << 6          # of the command under way
    CLIENT_REPLY_SKIP_NEXT = 1 << 7
    CLIENT_NO_TOUCH = 1 << 8
    CLIENT_NO_EVICT = 1 << 9
    CLIENT_LOADER = 1 << 10             # replays the append-only file
    CLIENT_BLOCKED = 1 << 11            # parsing stops until it is woken
    CLIENT_UNIX = 1 << 12
    CLIENT_AUTHENTICATED = 1 << 13      # it gave a password, or came when there was none

ctypedef struct Watch:
    WatchedKey *key             # NULL where the place is empty
    uint64_t version            # of the key when the watch began

ctypedef struct Queued:
    Command *command
    size_t argc
    Slice *argv                 # in `block`, behind the raw bytes
    char *block
    size_t block_size
    size_t raw_size

ctypedef struct Client:
    int64_t id
    void *owner                 # its Connection, borrowed; NULL for the loader
    Database *database
    int protocol                # 2 or 3
    uint32_t flags
    Command *last_command
    const char *mark            # the loader's: the request that began the unit under way
    int64_t created_ms
    int64_t active_ms           # of the last request
    uint64_t commands
    uint64_t bytes_in
    uint64_t bytes_out
    Queued *queue
    size_t queued
    size_t queue_capacity
    size_t queue_bytes
    Watch *watches              # a hash table (`dispatch/queue`)
    size_t watching
    size_t watch_capacity       # a power of two, or 0
    Waiter *waiter              # while a command of it waits for keys
    int fd                      # of its socket, -1 where there is none

# ---- clients that wait for keys (`dispatch/waiting`, `dispatch/blocking`) ----

# A waiter's place in the queue of one key.
ctypedef struct Place:
    Waiter *waiter
    AwaitedKey *key
    Place *before
    Place *after

# A key that clients wait for, first come first served.
ctypedef struct AwaitedKey:
    Database *database
    Place *first
    Place *last
    size_t eager                # waiters whom every change concerns, the key's removal too
    bint ready                  # it has changed since its waiters were last served, or they are being served
    AwaitedKey *next_ready
    size_t key_size
    # the key follows

# A command that waits. It has no place in its keys' queues any more once it has been answered.
ctypedef struct Waiter:
    Client *client
    Queued request
    Place *places
    int place_count
    int room                    # for places; fewer are taken where a key was named twice
    int kind                    # the kind of value it waits for; ANY_CHANGE for an eager one
    int64_t timeout_ms          # 0 for none
    bint silent                 # CLIENT REPLY SKIP was on: its answer goes nowhere

cdef enum:
    ANY_CHANGE = -1

# The answer of a command that waited, on its way to the client.
ctypedef struct Answer:
    Answer *next
    Client *client              # NULL if it went away
    uint64_t wait_offset
    size_t size
    # the bytes follow

ctypedef struct Waiting:
    Table *awaited              # for each database, its AwaitedKeys
    int databases
    AwaitedKey *ready           # in the order of their first change
    AwaitedKey *last_ready
    bint serving
    Answer *answers
    Answer *last_answer
    # statistics
    size_t keys
    size_t eager_keys
    size_t deadlines

# ---- the server ----

cdef enum Restriction:
    RESTRICT_LOADING = 1
    RESTRICT_AOF_ERROR = 2
    RESTRICT_MEMORY = 4         # maxmemory is set

# Numbers of directives that native code reads, each 64 bits wide; pushed by the policy layer through `Core.configure`,
# which finds them by name (`_core._SETTINGS`).
ctypedef struct Settings:
    uint64_t maxmemory
    int64_t slowlog_us          # -1: off
    int64_t latency_ms          # 0: off
    uint64_t slow_cycles        # a command that takes more is told to the one or the other
    int64_t latency_tracking
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
    int64_t lazy_user_del
    int64_t lazy_server_del
    int64_t lazy_user_flush
    int64_t lazy_expire

# What hears of changes. `heard` has a bit for every event class that somebody listens to, and HEARD_WAITING while a
# client waits for a key, so that one branch passes both by.
cdef enum:
    HEARD_WAITING = 1 << 30

ctypedef void (*EventSink)(void *context, int event, const char *name, Database *database, Slice key) noexcept nogil

ctypedef struct Server:
    void *core                  # its Core, borrowed
    Keyspace keyspace
    Reply reply                 # shared by all connections
    Settings settings
    uint32_t restrictions
    int in_exec                 # running the commands of an EXEC
    Client *current             # whose command runs
    uint32_t heard
    EventSink sink              # of keyspace events, NULL while nobody listens
    void *sink_context
    Waiting waiting
    void (*serve_waiting)(Server *server) noexcept nogil    # `dispatch/blocking` stands above dispatch
    # the append-only file
    Aof *aof                    # NULL while there is none
    bint fsync_always
    int aof_error               # errno
    int aof_database            # the last SELECT written; -1: none
    bint aof_multi              # a MULTI has been written, its EXEC not yet
    uint64_t wait_offset        # replies of this batch wait until the file is durable up to here
    uint64_t *recent            # with fsync always: by hash, the end of the last write of a key
    uint64_t barrier            # the end of the last write that is not told by key
    uint64_t touched[8]         # hashes of the keys that the command under way changed
    int touched_count           # past 8: too many to tell
    void *snapshot              # the state of the snapshot under way (_snapshot.pyx), NULL for none
    bint aof_pending            # something was appended that is not published yet
    bint aof_owed               # ... and the reply depends on it
    # the command table
    Command *commands
    int command_count
    Command **index             # by hash of the name, open addressing
    size_t index_mask
    Arguments arguments         # scratch of the batch under way
    # time
    uint64_t cycle_mark
    double ns_per_cycle
    # statistics
    uint64_t hits
    uint64_t misses
    uint64_t errors_noted       # error replies, up to Reply.errors, that a command has been charged with

ctypedef struct Call:
    Server *server
    Client *client
    Database *database
    Command *command
    Reply *reply
    Slice *argv
    int argc
    bint failed                 # a lookup has answered with an error: the handler returns
    uint64_t hash               # of the first key, where `hashed`
    bint hashed
    int propagation             # Propagation
    const char *raw             # the request's own bytes as a multibulk; NULL where there are none
    size_t raw_size
    bint woken                  # a command that waited runs again
    int awaited_kind            # what the handler has looked for (`lookup_awaited`)
    bint waits                  # it goes on waiting: there is no answer yet
    uint64_t dirty              # the keyspace's count of changes before it

cdef enum Propagation:
    PROPAGATE_AS_IS = 0         # the request's own bytes, if anything changed
    PROPAGATE_DONE = 1          # the handler has told the file itself, or there is nothing to tell

# Classes of keyspace events, as notify-keyspace-events names them.
cdef enum Event:
    EVENT_TO_KEYSPACE = 1 << 0  # K: told to who listens by key
    EVENT_TO_KEYEVENT = 1 << 1  # E: told to who listens by event
    EVENT_GENERIC = 1 << 2      # g
    EVENT_STRING = 1 << 3       # $
    EVENT_LIST = 1 << 4         # l
    EVENT_SET = 1 << 5          # s
    EVENT_HASH = 1 << 6         # h
    EVENT_ZSET = 1 << 7         # z
    EVENT_EXPIRED = 1 << 8      # x
    EVENT_EVICTED = 1 << 9      # e
    EVENT_STREAM = 1 << 10      # t
    EVENT_KEY_MISS = 1 << 11    # m
    EVENT_MODULE = 1 << 13      # d
    EVENT_NEW = 1 << 14         # n

# ---- for handlers ----

cdef inline Slice argument(const Call *call, int index) noexcept nogil:
    return call.argv[index]

cdef inline uint64_t key_hash(Call *call, int index) noexcept nogil:
    """The hash of the key that argument `index` is; that of the first key is computed once."""
    if index != call.command.first_key:
        return hash_key(call.argv[index].data, call.argv[index].size)
    if not call.hashed:
        call.hash = hash_key(call.argv[index].data, call.argv[index].size)
        call.hashed = True
    return call.hash

# The living entry of the key that argument `index` is, or NULL. For reading: counts hits and misses, notes the access.
cdef Entry *lookup_read(Call *call, int index) noexcept nogil
# Also answers WRONGTYPE and sets `call.failed` where the value is of another kind.
cdef Entry *lookup_read_kind(Call *call, int index, ValueKind kind) noexcept nogil
# The same without noting the access (EXISTS, TYPE, TTL, …).
cdef Entry *lookup_untouched(Call *call, int index) noexcept nogil
# The same without telling of a miss (OBJECT).
cdef Entry *lookup_inspected(Call *call, int index) noexcept nogil
# Of any database; neither counted nor noted.
cdef Entry *lookup_in(Call *call, Database *database, int index) noexcept nogil
# For changing.
cdef Entry *lookup_write(Call *call, int index) noexcept nogil
cdef Entry *lookup_write_kind(Call *call, int index, ValueKind kind) noexcept nogil
# The same where the caller has computed the key's hash.
cdef Entry *lookup_read_hashed(Call *call, int index, uint64_t hash) noexcept nogil
cdef Entry *lookup_write_hashed(Call *call, int index, uint64_t hash) noexcept nogil
# The reply depends on more than the keys that were looked up (KEYS, SCAN, DBSIZE, …).
cdef void reads_everything(Call *call) noexcept nogil

# The tail of every writing handler: the key that argument `index` is has changed.
cdef void changed(Call *call, int index, int event, const char *name) noexcept nogil
cdef void changed_key(Call *call, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil
# The same for a change that no request made.
cdef void note_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil
# An event of the key that argument `index` is, without a change: after what `changed` has told.
cdef void note_event(Call *call, int index, int event, const char *name) noexcept nogil
cdef void note_key_event(Server *server, Database *database, Slice key, int event, const char *name) noexcept nogil
# A change that neither WATCH nor who waits for the key is to know of, as in Redis those of a stream's groups.
cdef void changed_quietly(Call *call, int index) noexcept nogil
# The command counts as so many changes, whatever was noted of it: as many as Redis counts.
cdef inline void count_as(Call *call, uint64_t changes) noexcept nogil:
    call.server.keyspace.dirty = call.dirty + changes

# A change that is no key's own (FLUSHALL, SWAPDB): dirty count and barrier only.
cdef void changed_all(Call *call, uint64_t changes) noexcept nogil
# The file gets this command instead of the request. May be called several times, or never after `propagate_nothing`.
cdef void propagate_instead(Call *call, int argc, const Slice *argv) noexcept nogil
cdef void propagate_nothing(Call *call) noexcept nogil
cdef void propagate(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil

# ---- error texts that more than one family uses ----

cdef Replied reply_syntax_error(Call *call) noexcept nogil
cdef Replied reply_not_integer(Call *call) noexcept nogil
cdef Replied reply_not_float(Call *call) noexcept nogil
cdef Replied reply_out_of_range(Call *call) noexcept nogil
# "invalid expire time in '<command>' command"
cdef Replied reply_invalid_expiry(Call *call) noexcept nogil
cdef Replied reply_wrong_type(Call *call) noexcept nogil
cdef Replied reply_wrong_arity(Call *call) noexcept nogil
cdef Replied reply_no_such_key(Call *call) noexcept nogil

# Reads argument `index` as an integer; answers "not an integer or out of range" and returns False where it is none.
cdef bint integer_argument(Call *call, int index, int64_t *value) noexcept nogil

# ---- for the shell, the loader and EXEC ----

# Executes the whole requests in buffer[parser.at : size]; replies are appended to server.reply. Returns the ParseStatus
# it stopped with; the client's flags tell why it may have stopped earlier. `limit` bounds the reply bytes of one call.
cdef int serve(Server *server, Client *client, Parser *parser, char *buffer, size_t size,
               size_t limit) noexcept nogil
# Counts the error reply just written, by its code.
cdef void note_error(Call *call) noexcept with gil
# Runs one command that has passed every check.
cdef void run_command(Call *call) noexcept nogil
# Wraps a native handler for a family's HANDLERS.
cdef object native(Handler handler)

# The command of that name, or NULL; for a command with subcommands, itself.
cdef Command *find_command(Server *server, Slice name) noexcept nogil
cdef Command *find_subcommand(Command *command, Slice name) noexcept nogil
# Makes what was appended to the file a whole unit; the batch's replies wait for it.
cdef void settle(Server *server) noexcept nogil
# As `propagate`, for what has expired: nobody waits for that, it is gone anyway.
cdef void propagate_removal(Server *server, Database *database, int argc, const Slice *argv) noexcept nogil
# The keyspace's hook, with the Server as context: the file gets a DEL for a key that expired.
cdef void propagate_expired(void *context, Database *database, Slice key) noexcept nogil
cdef uint64_t name_hash(const char *name, size_t size) noexcept nogil
# What a Python handler is called with: the Connection, or None for the loader.
cdef object client_object(Client *client)
cdef list argument_list(Call *call)

cdef enum:
    RECENT = 1 << 16            # counters in Server.recent
