"""A command as the core knows it: its name, its arity, its flags, its handler, and how often it ran."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pyredis.ground.base cimport Slice

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
    uint64_t *histogram         # HISTOGRAM counters of calls by the time they took, NULL before the first

cdef enum:
    # Powers of two of a nanosecond in sixteen parts each, up to 17 seconds, where the last one takes what is longer.
    HISTOGRAM_PARTS = 4
    HISTOGRAM = 31 << HISTOGRAM_PARTS

cdef uint64_t name_hash(const char *name, size_t size) noexcept nogil
# The subcommand of that name, in any case, or NULL.
cdef Command *find_subcommand(Command *command, Slice name) noexcept nogil
