"""Names of commands: their hash, and the search for a subcommand."""

from libc.stdint cimport uint8_t, uint64_t

from pyredis.ground.base cimport Slice, equals_nocase


cdef uint64_t name_hash(const char *name, size_t size) noexcept nogil:
    """Returns the FNV-1a hash of the name in lower case."""
    cdef uint64_t hash = 0xcbf29ce484222325ULL
    cdef size_t index
    for index in range(size):
        hash = (hash ^ (<uint8_t> name[index] | 0x20)) * 0x100000001b3ULL
    return hash ^ (hash >> 29)


cdef Command *find_subcommand(Command *command, Slice name) noexcept nogil:
    cdef int index
    cdef Command *sub
    cdef size_t prefix = command.name_size + 1
    for index in range(command.subcommand_count):
        sub = command.subcommands + index
        if equals_nocase(name, sub.name + prefix):
            return sub
    return NULL
