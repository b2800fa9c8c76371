"""The stream: entries in order of their ids, each a list of names with values, in packed blocks (``stream_block.pxd``);
and consumer groups (``consumer_groups.pxd``).

A search walks a block from its end. The last block has room to grow, which is released when the next one begins. A new
block begins where Redis would begin a new node, although Redis's nodes are less dense (``stream_node.pxd``).

A deleted entry stays in its block and is marked, as in Redis; a block is removed with its last living entry. ``begin``
is the first living entry, so entries that trimming has marked before it are never read again.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.types.stream.consumer_groups cimport Groups
from pyredis.types.stream.id_index cimport IdIndex, IdPlace, StreamId
from pyredis.types.stream.stream_block cimport Block, StreamEntry
from pyredis.types.table.guard cimport Guard

cdef enum:
    # The most bytes of names and values in one entry. An entry that would grow a block to this size begins a new block.
    STREAM_ENTRY_MAX = 1 << 30
    # The most names and values in one entry: with the overhead of each, they must fit in the 32 bits of a block's size.
    STREAM_ELEMENTS_MAX = 1 << 27
    # Room for the digits of an element that is stored as an integer.
    ELEMENT_DIGITS = 20
    # A result of `stream_lag`.
    LAG_UNKNOWN = -1

ctypedef struct Stream:
    uint64_t length         # living entries
    uint64_t added          # entries ever added
    StreamId last_id        # the highest id ever used
    StreamId max_deleted    # the highest id of an entry that was deleted, rather than trimmed
    IdIndex blocks          # each of them has a living entry
    Block *tail             # the last block, or NULL
    size_t tail_node        # its size as a node of Redis, without the counts (``stream_node.pxd``); 0: not computed
    size_t block_bytes      # memory that all blocks occupy
    Groups *groups          # NULL if there never was one
    Guard *guard            # NULL unless a snapshot saves the blocks; for a new block, the name is its id

# stream-node-max-entries and stream-node-max-bytes, which a block must not exceed as a node of Redis; 0: no limit.
ctypedef struct StreamLimits:
    size_t entries
    size_t bytes

ctypedef struct StreamIterator:
    Stream *stream
    StreamId first
    StreamId last
    IdPlace place
    Block *block            # NULL at the end
    size_t at
    StreamEntry entry       # the one returned last

# ---- the stream; functions that take or return `void *` are those that the keyspace calls for every type of value ----
cdef Stream *stream_new() noexcept nogil
cdef void *stream_copy(const void *value) noexcept nogil
cdef void stream_free(Stream *stream) noexcept nogil
# Releases about `budget` parts; returns true when everything is released, including the stream itself.
cdef bint stream_free_some(void *value, size_t budget) noexcept nogil
# Returns roughly the number of parts to release.
cdef size_t stream_effort(const void *value) noexcept nogil
# Returns the bytes in use, in total.
cdef size_t stream_memory(const void *value) noexcept nogil
# Returns the name that OBJECT ENCODING reports: stream.
cdef const char *stream_encoding(const void *value) noexcept nogil
cdef bint stream_sound(Stream *stream) noexcept nogil

# ---- entries ----
# Appends an entry of `count` names, each followed by its value in `pairs`. `id` must be higher than `last_id`. At most
# STREAM_ELEMENTS_MAX texts are allowed, of at most STREAM_ENTRY_MAX bytes in total.
cdef void stream_append(
    Stream *stream, StreamId id, const Slice *pairs, size_t count, const StreamLimits *limits) noexcept nogil
# Deletes an entry; returns false if there is none. The caller must update `max_deleted`.
cdef bint stream_delete(Stream *stream, StreamId id) noexcept nogil
cdef bint stream_has(Stream *stream, StreamId id) noexcept nogil
# Read the ids of the first and last living entries; return false, with `id` unchanged, if there is none.
cdef bint stream_first_id(const Stream *stream, StreamId *id) noexcept nogil
cdef bint stream_last_id(const Stream *stream, StreamId *id) noexcept nogil

# ---- trimming ----
# Both remove entries from the beginning and return how many. With `whole`, they remove only entire blocks. They stop
# before a block whose removal would exceed `limit` entries (0: no limit).
# Trims the stream to `length` entries.
cdef uint64_t stream_trim_length(Stream *stream, uint64_t length, bint whole, uint64_t limit) noexcept nogil
# Removes the entries before `least`.
cdef uint64_t stream_trim_before(Stream *stream, StreamId least, bint whole, uint64_t limit) noexcept nogil

# ---- iteration from `first` to `last`, both included ----
cdef void stream_iterate(Stream *stream, StreamId first, StreamId last, StreamIterator *iterator) noexcept nogil
cdef bint stream_next(StreamIterator *iterator) noexcept nogil
# Reads the next living entry of one block; `at` must be 0 for the first one.
cdef bint block_next(const Block *block, size_t *at, StreamEntry *entry) noexcept nogil
# Backward: from `last` to `first`.
cdef void stream_iterate_back(Stream *stream, StreamId first, StreamId last, StreamIterator *iterator) noexcept nogil
cdef bint stream_previous(StreamIterator *iterator) noexcept nogil
# Reads the next pair; integers are written to `name_digits` and `value_digits`, of ELEMENT_DIGITS bytes each.
cdef bint stream_next_pair(
    StreamEntry *entry, Slice *name, Slice *value, char *name_digits, char *value_digits) noexcept nogil

# ---- how far a group has read: `last_id` and `entries_read` are the group's ----
# Returns how many entries were ever added up to this id; ENTRIES_UNKNOWN if deletions make that impossible to know.
cdef int64_t stream_entries_up_to(const Stream *stream, StreamId id) noexcept nogil
# Returns the new `entries_read` of a group that reads its next entry, `id`.
cdef int64_t stream_entries_read(
    const Stream *stream, StreamId last_id, int64_t entries_read, StreamId id) noexcept nogil
# Returns how many entries the group has not read yet; LAG_UNKNOWN if deletions make that impossible to know.
cdef int64_t stream_lag(const Stream *stream, StreamId last_id, int64_t entries_read) noexcept nogil
