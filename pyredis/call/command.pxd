"""A command as the core knows it: its name, arity, flags, keys and handler, and how often it ran.

All of it but the counters comes from the command's row (`commands/table/outline`).
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pyredis.call.key_specs cimport KeySpecs
from pyredis.ground.base cimport Slice

cdef enum CommandFlag:
    CMD_WRITE = 1 << 0
    CMD_DENYOOM = 1 << 2
    CMD_LOADING = 1 << 5
    CMD_SKIP_SLOWLOG = 1 << 7
    CMD_FAST = 1 << 8
    CMD_NO_AUTH = 1 << 9
    CMD_NO_MULTI = 1 << 10
    CMD_NO_MANDATORY_KEYS = 1 << 11
    # Those that COMMAND does not show: the marks of rows (`commands/table/spec`).
    CMD_RUNS_QUEUE = 1 << 12    # runs what MULTI has queued; when it is refused, the transaction is over
    CMD_NEEDS_FILE = 1 << 13    # refused like a write while the append-only file cannot be written
    CMD_GUARDED = 1 << 14       # its handler, in Python, has `admit`, which says for whom it runs or is queued
    CMD_UNQUEUED = 1 << 15      # runs at once inside MULTI

ctypedef struct Command:
    char name[32]               # lower case, full ("config|get")
    uint8_t name_size
    void *handler               # a Handler (`call/call.pxd`), NULL where it is in Python
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
    KeySpecs keys               # see `call/command_keys`
    uint64_t *histogram         # HISTOGRAM counters of calls by the time they took, NULL before the first

cdef enum:
    # Powers of two of a nanosecond in sixteen parts each, up to 17 seconds, where the last one takes what is longer.
    HISTOGRAM_PARTS = 4
    HISTOGRAM = 31 << HISTOGRAM_PARTS


cdef inline bint accepts_count(const Command *command, Py_ssize_t argc) noexcept nogil:
    """Whether so many words, the command's own name among them, satisfy its arity."""
    return argc == command.arity if command.arity > 0 else argc >= -command.arity


cdef uint64_t name_hash(const char *name, size_t size) noexcept nogil
# The subcommand of that name, in any case, or NULL.
cdef Command *find_subcommand(Command *command, Slice name) noexcept nogil
