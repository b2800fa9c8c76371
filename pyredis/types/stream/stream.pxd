"""The stream: entries in order of their ids, each a list of names with values, in packed blocks (``stream_block.pxd``);
and consumer groups (``consumer_groups.pxd``).

A search walks a block from its end. The last block has room to grow and loses it when the next one is begun, which is
where Redis would begin one, whose nodes are less dense (``stream_node.pxd``).

A deleted entry stays in its block as a mark, as in Redis; a block goes with its last living entry. ``begin`` is the
first living entry, so that what trimming has left behind is never looked at again.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.stream.consumer_groups cimport Groups
from pyredis.types.stream.id_index cimport IdIndex, IdPlace, StreamId
from pyredis.types.stream.stream_block cimport Block, StreamEntry
from pyredis.types.table.guard cimport Guard

cdef enum:
    # Bytes of names and values that one entry may have, and that a block has at most before the next one is begun.
    STREAM_ENTRY_MAX = 1 << 30
    # Names and values that one entry may have: what they take beside their bytes must fit in a block's 32 bits too.
    STREAM_ELEMENTS_MAX = 1 << 27
    # Room for the digits of an element that is stored as an integer.
    ELEMENT_DIGITS = 20
    # Of `stream_lag`.
    LAG_UNKNOWN = -1

ctypedef struct Stream:
    uint64_t length         # living entries
    uint64_t added          # entries ever added
    StreamId last_id        # the highest ever given
    StreamId max_deleted    # the highest that was deleted, not trimmed
    IdIndex blocks          # none of them without a living entry
    Block *tail             # the last of them, or NULL
    size_t tail_node        # its bytes as a node of Redis's, the counts left out (``stream_node.pxd``); 0: not counted
    size_t block_bytes      # what all of them occupy
    Groups *groups          # NULL while there has been none
    Guard *guard            # NULL unless a snapshot saves the blocks; a name is a new block's id

# stream-node-max-entries and stream-node-max-bytes, which a block's node may not exceed; 0 for no limit.
ctypedef struct StreamLimits:
    size_t entries
    size_t bytes

ctypedef struct StreamIterator:
    Stream *stream
    StreamId first
    StreamId last
    IdPlace place
    Block *block            # NULL when there is nothing more
    size_t at
    StreamEntry entry       # the one returned last

# ---- the whole; where it says `void *`, the keyspace asks the same of every kind of value ----
cdef Stream *stream_new() noexcept nogil
cdef void *stream_copy(const void *value) noexcept nogil
cdef void stream_free(Stream *stream) noexcept nogil
# Releases about `budget` parts; true when nothing is left, `stream` included.
cdef bint stream_free_some(void *value, size_t budget) noexcept nogil
# Parts to release, roughly.
cdef size_t stream_effort(const void *value) noexcept nogil
# Bytes in use, all told.
cdef size_t stream_memory(const void *value) noexcept nogil
# As OBJECT ENCODING tells it.
cdef const char *stream_encoding(const void *value) noexcept nogil
cdef bint stream_sound(Stream *stream) noexcept nogil

# ---- entries ----
# `id` must be higher than `last_id`, and the texts of `count` names, each followed by its value in `pairs`, must come
# to no more than STREAM_ENTRY_MAX, and be no more than STREAM_ELEMENTS_MAX.
cdef void stream_append(
    Stream *stream, StreamId id, const Slice *pairs, size_t count, const StreamLimits *limits) noexcept nogil
# Leaves `max_deleted` to the caller. False when there is no such entry.
cdef bint stream_delete(Stream *stream, StreamId id) noexcept nogil
cdef bint stream_has(Stream *stream, StreamId id) noexcept nogil
# The ids of the first and last living entries; false, and nothing told, when there is none.
cdef bint stream_first_id(const Stream *stream, StreamId *id) noexcept nogil
cdef bint stream_last_id(const Stream *stream, StreamId *id) noexcept nogil

# ---- trimming: what was removed ----
# Down to `length` entries; `whole` removes whole blocks only, and of them no more than `limit` entries (0: no limit).
cdef uint64_t stream_trim_length(Stream *stream, uint64_t length, bint whole, uint64_t limit) noexcept nogil
# The same for the entries before `least`.
cdef uint64_t stream_trim_before(Stream *stream, StreamId least, bint whole, uint64_t limit) noexcept nogil

# ---- walks from `first` to `last`, both included ----
cdef void stream_iterate(Stream *stream, StreamId first, StreamId last, StreamIterator *iterator) noexcept nogil
cdef bint stream_next(StreamIterator *iterator) noexcept nogil
# The same in one block: `at` is 0 at the beginning.
cdef bint block_next(const Block *block, size_t *at, StreamEntry *entry) noexcept nogil
# Backward: from `last` to `first`.
cdef void stream_iterate_back(Stream *stream, StreamId first, StreamId last, StreamIterator *iterator) noexcept nogil
cdef bint stream_previous(StreamIterator *iterator) noexcept nogil
# Integers are written to `name_digits` and `value_digits`, ELEMENT_DIGITS each.
cdef bint stream_next_pair(
    StreamEntry *entry, Slice *name, Slice *value, char *name_digits, char *value_digits) noexcept nogil

# ---- how far a group has read: `last_id` and `entries_read` are the group's ----
# How many entries had been added up to the one with this id; ENTRIES_UNKNOWN where deletions hide that.
cdef int64_t stream_entries_up_to(const Stream *stream, StreamId id) noexcept nogil
# What `entries_read` becomes when the group reads the entry `id`, the next one.
cdef int64_t stream_entries_read(
    const Stream *stream, StreamId last_id, int64_t entries_read, StreamId id) noexcept nogil
# Entries the group has still to read; LAG_UNKNOWN where deletions hide that.
cdef int64_t stream_lag(const Stream *stream, StreamId last_id, int64_t entries_read) noexcept nogil
