"""MEMORY USAGE, and what MALLOC-STATS and PURGE ask of the allocator."""

from libc.stdint cimport int64_t

from pyredis._resp cimport Replied, reply_integer, reply_null
from pyredis.call.call cimport Call, key_hash
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport reads_everything
from pyredis.ground.base cimport equals_nocase
from pyredis.ground.memory cimport CLASSES, MemoryStats, mem_purge, mem_stats
from pyredis.keyspace.keyspace cimport Entry, entry_footprint, keyspace_find


cdef bint samples_option(Call *call) noexcept nogil:
    """Checks SAMPLES, which has no effect because all elements are counted; on error, replies and returns False."""
    cdef int at = 3
    cdef int64_t samples
    while at < call.argc:
        if not equals_nocase(call.argv[at], "samples") or at + 1 == call.argc:
            reply_syntax_error(call)
            return False
        if not integer_argument(call, at + 1, &samples):
            return False
        if samples < 0:
            reply_syntax_error(call)
            return False
        at += 2
    return True


cdef Replied memory_usage(Call *call) noexcept nogil:
    """Looks up the key without recording an access."""
    cdef Entry *entry
    if not samples_option(call):
        return 0
    reads_everything(call)
    entry = keyspace_find(&call.server.keyspace, call.database, call.argv[2], key_hash(call, 2))
    if entry == NULL:
        return reply_null(call.reply)
    return reply_integer(call.reply, entry_footprint(entry))


def purge():
    """Returns all free memory to the system."""
    mem_purge()


def allocator_stats():
    """Returns the number of arenas, how many of them are empty, and a row for each size of block that has slabs:
    (bytes, slabs, blocks, blocks in use)."""
    cdef MemoryStats stats
    cdef int index
    cdef list rows = []
    mem_stats(&stats)
    for index in range(CLASSES):
        if stats.classes[index].slabs:
            rows.append((index * 8, stats.classes[index].slabs, stats.classes[index].blocks, stats.classes[index].used))
    return stats.arenas, stats.empty_arenas, rows


HANDLERS = {"memory_usage": native(memory_usage)}
