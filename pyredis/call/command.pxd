"""A command as native code sees it: its name, arity, flags, keys and handler, and its counters.

Everything except the counters comes from the command's row (`commands/table/outline`).
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pyredis.call.key_specs cimport KeySpecs
from pyredis.ground.base cimport Slice

cdef enum CommandFlag:
    CMD_WRITE = 1 << 0
    CMD_READONLY = 1 << 1
    CMD_DENYOOM = 1 << 2
    CMD_NOSCRIPT = 1 << 3
    CMD_MAY_REPLICATE = 1 << 4
    CMD_LOADING = 1 << 5
    CMD_ALLOW_BUSY = 1 << 6
    CMD_SKIP_SLOWLOG = 1 << 7
    CMD_FAST = 1 << 8
    CMD_NO_AUTH = 1 << 9
    CMD_NO_MULTI = 1 << 10
    CMD_NO_MANDATORY_KEYS = 1 << 11
    # Flags that COMMAND does not show: the marks of rows (`commands/table/spec`).
    CMD_RUNS_QUEUE = 1 << 12    # runs the queue of MULTI; if it is refused, the transaction is discarded
    CMD_NEEDS_FILE = 1 << 13    # refused like a write while the append-only file cannot be written
    CMD_GUARDED = 1 << 14       # its Python handler has `admit`, which decides for which client it runs or is queued
    CMD_UNQUEUED = 1 << 15      # runs at once inside MULTI
    CMD_SUBSCRIBED = 1 << 16    # a client of RESP2 may call it while it is subscribed to anything
    CMD_PUSHES = 1 << 17        # its reply is a push for each channel
    CMD_RUNS_SCRIPT = 1 << 18   # may take very long, and others are served meanwhile
    CMD_ADMIN = 1 << 19
    CMD_SKIP_MONITOR = 1 << 20
    CMD_HOLDS_SECRETS = 1 << 21     # some of its arguments must be shown to nobody
    CMD_NAMES_FUNCTION = 1 << 22    # its first argument is the name of the function that it runs
    CMD_BLOCKING = 1 << 23          # may wait
    # Of a command that the program has added and removed; requests that were queued before may still refer to it.
    CMD_REMOVED = 1 << 24
    CMD_PRIVATE = 1 << 25           # never run by a client that several callers share (`shell/local_client`)
    CMD_NAMES_CHANNEL = 1 << 26     # argument 1 is a channel that it publishes to
    CMD_NAMES_CHANNELS = 1 << 27    # all arguments are channels to subscribe to
    CMD_NAMES_PATTERNS = 1 << 28    # the same, but patterns
    CMD_RENAMED = 1 << 30           # not in the index of names (`call/renames`)

ctypedef struct Command:
    char name[32]               # lower case, full ("config|get")
    uint8_t name_size
    void *handler               # a Handler (`call/call.pxd`), NULL if it is in Python
    int arity
    uint32_t flags
    int first_key
    int part                    # the argument that names a part of the value at argument 1, 0 for none
    int index                   # into Core.specs and Core.handlers; -1 for a container
    Command *subcommands        # NULL if it has none
    int subcommand_count
    Command *parent
    uint64_t calls
    uint64_t cycles
    uint64_t rejected
    uint64_t failed
    KeySpecs keys               # see `call/command_keys`
    uint64_t *histogram         # HISTOGRAM counters of calls by duration, NULL before the first call

cdef enum:
    # Powers of two of a nanosecond, each split into sixteen parts, up to 17 seconds; the last one also counts longer
    # calls.
    HISTOGRAM_PARTS = 4
    HISTOGRAM = 31 << HISTOGRAM_PARTS


cdef inline bint accepts_count(const Command *command, Py_ssize_t argc) noexcept nogil:
    """Returns whether ``argc`` words, the command's name included, satisfy its arity."""
    return argc == command.arity if command.arity > 0 else argc >= -command.arity


cdef inline bytes top_name(const Command *command):
    """Returns the command's original name; that of its parent for a subcommand."""
    return command.name if command.parent == NULL else command.parent.name


cdef uint64_t name_hash(const char *name, size_t size) noexcept nogil
# The subcommand of that name, ignoring case, or NULL.
cdef Command *find_subcommand(Command *command, Slice name) noexcept nogil
