"""The stream; ``stream.pxd`` describes it.

Invariants between calls: ids ascend from entry to entry and from block to block; ``length`` is the number of entries
that are not marked as deleted; ``begin`` of every block points to one of them; the id of the last entry, living or
deleted, is at most ``last_id``. Only ``write_entry``, ``mark_deleted`` and ``remove_block`` change or remove entries.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_realloc, mem_zalloc
from pyredis.types.packs.listpack cimport PackCode, pack_code, pack_equals, pack_extent
from pyredis.types.stream.consumer_groups cimport (
    ENTRIES_UNKNOWN,
    groups_copy,
    groups_effort,
    groups_free_some,
    groups_memory,
    groups_sound,
)
from pyredis.types.stream.id_index cimport (
    IdPlace,
    StreamId,
    id_before,
    index_at,
    index_back,
    index_first,
    index_forward,
    index_insert,
    index_last,
    index_memory,
    index_pop,
    index_remove_at,
    index_replace_at,
    index_seek,
    index_sound,
    least_id,
    same_id,
    stream_id,
)
from pyredis.types.stream.stream_block cimport (
    BLOCK_DELETED,
    BLOCK_OWN_NAMES,
    element_at,
    entry_before,
    entry_id,
    is_deleted,
    put_element,
    put_number,
    put_size,
    read_entry,
    skip_entry,
)
from pyredis.types.stream.stream_check cimport block_check
from pyredis.types.stream.stream_node cimport node_counts, node_element, node_frame, node_of
from pyredis.types.table.guard cimport is_guarded

cdef enum:
    # The most bytes of an element in addition to its text, and of an entry in addition to its elements.
    ELEMENT_OVERHEAD = 5
    ENTRY_OVERHEAD = 31


# ---- entries of a block ----

cdef size_t position_from(const Block *block, StreamId id) noexcept nogil:
    """Returns the position of the first entry not before ``id``, from ``begin`` on; ``end`` if there is none."""
    cdef size_t at = block.end, before
    while at > block.begin:
        before = entry_before(block, at)
        if id_before(entry_id(block, before), id):
            break
        at = before
    return at


cdef size_t position_behind(const Block *block, StreamId id) noexcept nogil:
    """Returns the position of the first entry after ``id``, from ``begin`` on; ``end`` if there is none."""
    cdef size_t at = block.end, before
    while at > block.begin:
        before = entry_before(block, at)
        if not id_before(id, entry_id(block, before)):
            break
        at = before
    return at


cdef bint stream_next_pair(
        StreamEntry *entry, Slice *name, Slice *value, char *name_digits, char *value_digits) noexcept nogil:
    if entry.left == 0:
        return False
    entry.left -= 1
    if entry.name_at:
        name[0] = element_at(entry.block, entry.name_at, name_digits)
        entry.name_at += pack_extent(entry.block + entry.name_at)
    else:
        name[0] = element_at(entry.block, entry.at, name_digits)
        entry.at += pack_extent(entry.block + entry.at)
    value[0] = element_at(entry.block, entry.at, value_digits)
    entry.at += pack_extent(entry.block + entry.at)
    return True


# ---- blocks ----

cdef inline Block *block_at(const Stream *stream, IdPlace place) noexcept nogil:
    return <Block *> index_at(&stream.blocks, place)


cdef bint block_for(const Stream *stream, StreamId id, IdPlace *place) noexcept nogil:
    """Finds the last block that does not begin after ``id``; returns false if there is none."""
    if index_seek(&stream.blocks, id, place) and same_id(block_at(stream, place[0]).id, id):
        return True
    return index_back(&stream.blocks, place)


cdef void resize_tail(Stream *stream, size_t size) noexcept nogil:
    cdef Block *block = stream.tail
    cdef IdPlace place
    stream.block_bytes -= mem_footprint(block.size)
    block = <Block *> mem_realloc(block, block.size, size)
    block.size = <uint32_t> size
    stream.block_bytes += mem_footprint(size)
    if index_last(&stream.blocks, &place):
        index_replace_at(&stream.blocks, place, block)
    stream.tail = block


cdef void begin_block(Stream *stream, StreamId id, const Slice *pairs, size_t count, size_t room) noexcept nogil:
    """Begins a block with these names, and with ``room`` bytes for entries after them."""
    cdef size_t size = sizeof(Block) + room, index
    cdef Block *block
    cdef uint8_t *out
    if is_guarded(stream.guard):
        stream.guard.before(stream.guard, slice_of(<const char *> &id, sizeof(id)), 0, NULL)
    if stream.tail != NULL and stream.tail.size != stream.tail.end:
        resize_tail(stream, stream.tail.end)
    for index in range(count):
        size += pairs[2 * index].size + ELEMENT_OVERHEAD
    block = <Block *> mem_alloc(size)
    block.id = id
    block.size = <uint32_t> size
    block.entries = 0
    block.deleted = 0
    block.names = <uint32_t> count
    out = <uint8_t *> (block + 1)
    for index in range(count):
        out = put_element(out, pairs[2 * index])
    block.begin = block.end = <uint32_t> (out - <uint8_t *> block)
    stream.block_bytes += mem_footprint(size)
    index_insert(&stream.blocks, block)
    stream.tail = block
    stream.tail_node = node_of(block)


cdef inline void guard_block(Stream *stream, Block *block) noexcept nogil:
    if is_guarded(stream.guard):
        stream.guard.before(stream.guard, slice_of(NULL, 0), 0, block)


cdef void remove_block(Stream *stream, IdPlace place) noexcept nogil:
    cdef Block *block = block_at(stream, place)
    cdef bint last = block == stream.tail
    guard_block(stream, block)
    index_remove_at(&stream.blocks, place)
    stream.block_bytes -= mem_footprint(block.size)
    mem_free(block, block.size)
    if last:
        stream.tail = block_at(stream, place) if index_last(&stream.blocks, &place) else NULL
        stream.tail_node = 0


cdef void mark_deleted(Stream *stream, IdPlace place, size_t at) noexcept nogil:
    """Deletes a living entry, and its block if no other living entry is left in it."""
    cdef Block *block = block_at(stream, place)
    cdef StreamEntry entry
    guard_block(stream, block)
    (<uint8_t *> block)[at] |= BLOCK_DELETED
    block.deleted += 1
    stream.length -= 1
    if block.deleted == block.entries:
        remove_block(stream, place)
        return
    while is_deleted(block, block.begin):
        read_entry(block, block.begin, &entry)
        block.begin = <uint32_t> skip_entry(&entry)


# ---- appending ----

cdef bint has_names(const Block *block, const Slice *pairs, size_t count) noexcept nogil:
    """Returns whether the names are the same as the master's."""
    cdef const uint8_t *bytes = <const uint8_t *> block
    cdef size_t at = sizeof(Block), index
    cdef PackCode code
    if count != block.names:
        return False
    for index in range(count):
        pack_code(&code, pairs[2 * index])
        if not pack_equals(bytes, at, &code):
            return False
        at += pack_extent(bytes + at)
    return True


cdef inline uint8_t *write_element(uint8_t *out, Slice text, size_t *node) noexcept nogil:
    cdef uint8_t *end = put_element(out, text)
    node[0] += node_element(out, 0)
    return end


cdef size_t write_entry(Block *block, StreamId id, const Slice *pairs, size_t count) noexcept nogil:
    """Writes an entry to a block that has room for it. Returns the bytes that it adds to the block's node."""
    cdef bint own = not has_names(block, pairs, count)
    cdef uint8_t *start = <uint8_t *> block + block.end
    cdef uint8_t *out = put_number(start + 1, id.ms - block.id.ms)
    cdef size_t node = node_frame(block, id, count, own), index
    start[0] = BLOCK_OWN_NAMES if own else 0
    out = put_number(out, id.seq - block.id.seq if id.ms == block.id.ms else id.seq)
    if own:
        out = put_number(out, count)
    for index in range(count):
        if own:
            out = write_element(out, pairs[2 * index], &node)
        out = write_element(out, pairs[2 * index + 1], &node)
    out = put_size(out, out - start)
    block.end = <uint32_t> (out - <uint8_t *> block)
    block.entries += 1
    return node


cdef bint is_full(Stream *stream, size_t text, const StreamLimits *limits) noexcept nogil:
    """Returns whether the last block's node has no room for another entry with ``text`` bytes of names and values."""
    cdef const Block *block = stream.tail
    cdef size_t bytes = min(limits.bytes, <size_t> STREAM_ENTRY_MAX) if limits.bytes else STREAM_ENTRY_MAX
    if limits.entries and block.entries >= limits.entries:
        return True
    if stream.tail_node == 0:
        stream.tail_node = node_of(block)
    return stream.tail_node + node_counts(block) + text >= bytes or block.end + text >= STREAM_ENTRY_MAX


cdef void stream_append(
        Stream *stream, StreamId id, const Slice *pairs, size_t count, const StreamLimits *limits) noexcept nogil:
    cdef size_t text = 0, room, index
    for index in range(2 * count):
        text += pairs[index].size
    room = text + ENTRY_OVERHEAD + 2 * count * ELEMENT_OVERHEAD
    if stream.tail == NULL or is_full(stream, text, limits):
        begin_block(stream, id, pairs, count, room)
    else:
        guard_block(stream, stream.tail)
    if stream.tail.size - stream.tail.end < room:
        resize_tail(stream, max(stream.tail.end + room, <size_t> stream.tail.size + stream.tail.size // 2))
    stream.tail_node += write_entry(stream.tail, id, pairs, count)
    stream.length += 1
    stream.added += 1
    stream.last_id = id


# ---- finding and deleting ----

cdef bint find_entry(Stream *stream, StreamId id, IdPlace *place, size_t *at) noexcept nogil:
    cdef Block *block
    if not block_for(stream, id, place):
        return False
    block = block_at(stream, place[0])
    at[0] = position_from(block, id)
    return at[0] != block.end and same_id(entry_id(block, at[0]), id) and not is_deleted(block, at[0])


cdef bint stream_has(Stream *stream, StreamId id) noexcept nogil:
    cdef IdPlace place
    cdef size_t at
    return find_entry(stream, id, &place, &at)


cdef bint stream_delete(Stream *stream, StreamId id) noexcept nogil:
    cdef IdPlace place
    cdef size_t at
    if not find_entry(stream, id, &place, &at):
        return False
    mark_deleted(stream, place, at)
    return True


cdef bint stream_first_id(const Stream *stream, StreamId *id) noexcept nogil:
    cdef IdPlace place
    cdef Block *block
    if not index_first(&stream.blocks, &place):
        return False
    block = block_at(stream, place)
    id[0] = entry_id(block, block.begin)
    return True


cdef bint stream_last_id(const Stream *stream, StreamId *id) noexcept nogil:
    cdef size_t at
    if stream.tail == NULL:
        return False
    at = entry_before(stream.tail, stream.tail.end)
    while is_deleted(stream.tail, at):
        at = entry_before(stream.tail, at)
    id[0] = entry_id(stream.tail, at)
    return True


# ---- trimming ----

cdef inline size_t living_in(const Block *block) noexcept nogil:
    return block.entries - block.deleted


cdef uint64_t remove_whole(Stream *stream, IdPlace place) noexcept nogil:
    cdef uint64_t living = living_in(block_at(stream, place))
    stream.length -= living
    remove_block(stream, place)
    return living


cdef uint64_t stream_trim_length(Stream *stream, uint64_t length, bint whole, uint64_t limit) noexcept nogil:
    cdef uint64_t removed = 0
    cdef size_t living
    cdef IdPlace place
    while stream.length > length:
        index_first(&stream.blocks, &place)
        living = living_in(block_at(stream, place))
        if limit and removed + living > limit:
            break
        if stream.length - living >= length:
            removed += remove_whole(stream, place)
            continue
        if whole:
            break
        while stream.length > length:
            mark_deleted(stream, place, block_at(stream, place).begin)
            removed += 1
    return removed


cdef uint64_t trim_block(Stream *stream, IdPlace place, StreamId least) noexcept nogil:
    cdef Block *block = block_at(stream, place)
    cdef size_t left = living_in(block)
    cdef uint64_t removed = 0
    while left and id_before(entry_id(block, block.begin), least):
        mark_deleted(stream, place, block.begin)
        removed += 1
        left -= 1
    return removed


cdef uint64_t stream_trim_before(Stream *stream, StreamId least, bint whole, uint64_t limit) noexcept nogil:
    cdef uint64_t removed = 0
    cdef IdPlace place
    cdef Block *block
    while index_first(&stream.blocks, &place):
        block = block_at(stream, place)
        if not id_before(entry_id(block, block.begin), least):
            break
        if limit and removed + living_in(block) > limit:
            break
        if id_before(entry_id(block, entry_before(block, block.end)), least):
            removed += remove_whole(stream, place)
        elif whole:
            break
        else:
            removed += trim_block(stream, place, least)
    return removed


# ---- iteration ----

cdef void begin_walk(Stream *stream, StreamId first, StreamId last, StreamIterator *iterator) noexcept nogil:
    iterator.stream = stream
    iterator.first = first
    iterator.last = last
    iterator.block = NULL
    iterator.at = 0
    iterator.entry.block = NULL


cdef void stream_iterate(Stream *stream, StreamId first, StreamId last, StreamIterator *iterator) noexcept nogil:
    begin_walk(stream, first, last, iterator)
    if block_for(stream, first, &iterator.place):
        iterator.block = block_at(stream, iterator.place)
        iterator.at = position_from(iterator.block, first)
    elif index_first(&stream.blocks, &iterator.place):
        iterator.block = block_at(stream, iterator.place)
        iterator.at = iterator.block.begin


cdef bint stream_next(StreamIterator *iterator) noexcept nogil:
    cdef StreamEntry *entry = &iterator.entry
    while iterator.block != NULL:
        if entry.block != NULL:
            iterator.at = skip_entry(entry)
            entry.block = NULL
        if iterator.at == iterator.block.end:
            if not index_forward(&iterator.stream.blocks, &iterator.place):
                break
            iterator.block = block_at(iterator.stream, iterator.place)
            iterator.at = iterator.block.begin
        read_entry(iterator.block, iterator.at, entry)
        if id_before(iterator.last, entry.id):
            break
        if not is_deleted(iterator.block, iterator.at):
            return True
    iterator.block = NULL
    return False


cdef bint block_next(const Block *block, size_t *at, StreamEntry *entry) noexcept nogil:
    cdef size_t begin = at[0] if at[0] else block.begin
    while begin < block.end:
        read_entry(block, begin, entry)
        at[0] = skip_entry(entry)
        if not is_deleted(block, begin):
            return True
        begin = at[0]
    return False


cdef void stream_iterate_back(Stream *stream, StreamId first, StreamId last, StreamIterator *iterator) noexcept nogil:
    begin_walk(stream, first, last, iterator)
    if block_for(stream, last, &iterator.place):
        iterator.block = block_at(stream, iterator.place)
        iterator.at = position_behind(iterator.block, last)


cdef bint stream_previous(StreamIterator *iterator) noexcept nogil:
    while iterator.block != NULL:
        if iterator.at == iterator.block.begin:
            if not index_back(&iterator.stream.blocks, &iterator.place):
                break
            iterator.block = block_at(iterator.stream, iterator.place)
            iterator.at = iterator.block.end
        iterator.at = entry_before(iterator.block, iterator.at)
        read_entry(iterator.block, iterator.at, &iterator.entry)
        if id_before(iterator.entry.id, iterator.first):
            break
        if not is_deleted(iterator.block, iterator.at):
            return True
    iterator.block = NULL
    return False


# ---- how far a group has read ----

cdef int64_t stream_entries_up_to(const Stream *stream, StreamId id) noexcept nogil:
    cdef StreamId first
    if stream.added == 0:
        return 0
    if not stream_first_id(stream, &first):
        return <int64_t> stream.added if not id_before(stream.last_id, id) else ENTRIES_UNKNOWN
    if same_id(id, stream.last_id):
        return <int64_t> stream.added
    if id_before(stream.last_id, id) or not id_before(stream.max_deleted, first):
        return ENTRIES_UNKNOWN
    # No entry is missing from the first one on.
    if id_before(id, first):
        return <int64_t> (stream.added - stream.length)
    if same_id(id, first):
        return <int64_t> (stream.added - stream.length) + 1
    return ENTRIES_UNKNOWN


cdef inline bint may_have_gaps(const Stream *stream, StreamId id) noexcept nogil:
    """Returns whether an entry at or after ``id`` may have been deleted. ``max_deleted`` is 0-0 if none ever was."""
    return not same_id(stream.max_deleted, least_id()) and not id_before(stream.max_deleted, id)


cdef int64_t stream_entries_read(
        const Stream *stream, StreamId last_id, int64_t entries_read, StreamId id) noexcept nogil:
    cdef StreamId first
    # If `entries_read` already equals `added`, it is wrong, because the group is reading one more entry.
    if (entries_read >= 0 and <uint64_t> entries_read < stream.added and not may_have_gaps(stream, last_id)
            and stream_first_id(stream, &first) and not id_before(last_id, first)):
        return entries_read + 1
    return stream_entries_up_to(stream, id)


cdef int64_t stream_lag(const Stream *stream, StreamId last_id, int64_t entries_read) noexcept nogil:
    cdef StreamId first
    if not stream_first_id(stream, &first):
        return 0
    if id_before(last_id, first) and id_before(stream.max_deleted, first):
        return <int64_t> stream.length
    if entries_read == ENTRIES_UNKNOWN or may_have_gaps(stream, last_id):
        entries_read = stream_entries_up_to(stream, last_id)
    return <int64_t> stream.added - entries_read if entries_read != ENTRIES_UNKNOWN else LAG_UNKNOWN


# ---- the stream ----

cdef Stream *stream_new() noexcept nogil:
    return <Stream *> mem_zalloc(sizeof(Stream))


cdef void *stream_copy(const void *value) noexcept nogil:
    cdef Stream *stream = <Stream *> value
    cdef Stream *copy = stream_new()
    cdef IdPlace place
    cdef bint more = index_first(&stream.blocks, &place)
    copy.length = stream.length
    copy.added = stream.added
    copy.last_id = stream.last_id
    copy.max_deleted = stream.max_deleted
    while more:
        copy_block(copy, block_at(stream, place))
        more = index_forward(&stream.blocks, &place)
    if stream.groups != NULL:
        copy.groups = groups_copy(stream.groups)
    return copy


cdef void copy_block(Stream *stream, const Block *block) noexcept nogil:
    cdef Block *copy = <Block *> mem_alloc(block.end)
    memcpy(copy, block, block.end)
    copy.size = copy.end
    stream.block_bytes += mem_footprint(copy.size)
    index_insert(&stream.blocks, copy)
    stream.tail = copy


cdef void stream_free(Stream *stream) noexcept nogil:
    stream_free_some(stream, <size_t> -1)


cdef bint stream_free_some(void *value, size_t budget) noexcept nogil:
    cdef Stream *stream = <Stream *> value
    cdef Block *block
    while budget:
        block = <Block *> index_pop(&stream.blocks)
        if block == NULL:
            break
        mem_free(block, block.size)
        budget -= 1
    if stream.groups != NULL and budget and groups_free_some(stream.groups, budget):
        stream.groups = NULL
    if budget == 0 or stream.groups != NULL:
        return False
    mem_free(stream, sizeof(Stream))
    return True


cdef size_t stream_effort(const void *value) noexcept nogil:
    cdef const Stream *stream = <const Stream *> value
    return stream.blocks.size + (groups_effort(stream.groups) if stream.groups != NULL else 0)


cdef size_t stream_memory(const void *value) noexcept nogil:
    cdef const Stream *stream = <const Stream *> value
    cdef size_t total = mem_footprint(sizeof(Stream)) + stream.block_bytes + index_memory(&stream.blocks)
    return total + (groups_memory(stream.groups) if stream.groups != NULL else 0)


cdef const char *stream_encoding(const void *value) noexcept nogil:
    return "stream"


# ---- for tests ----

cdef bint stream_sound(Stream *stream) noexcept nogil:
    cdef IdPlace place
    cdef Block *block
    cdef uint64_t length = 0
    cdef size_t bytes = 0
    cdef StreamId before = stream_id(0, 0)
    cdef bint more = index_first(&stream.blocks, &place)
    if not index_sound(&stream.blocks) or more != (stream.tail != NULL):
        return False
    while more:
        block = block_at(stream, place)
        if not block_check(<const uint8_t *> block, block.size, &before):
            return False
        length += living_in(block)
        bytes += mem_footprint(block.size)
        more = index_forward(&stream.blocks, &place)
        if not more and block != stream.tail:
            return False
    if stream.tail_node and stream.tail_node != node_of(stream.tail):
        return False
    if length != stream.length or bytes != stream.block_bytes or id_before(stream.last_id, before):
        return False
    return stream.groups == NULL or groups_sound(stream.groups, stream.added)
