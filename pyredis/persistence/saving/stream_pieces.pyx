"""Keeps a stream as it was when it was opened: its facts, a copy of its groups, and copies of blocks that have changed.

Blocks are saved in order of their ids. If a block that the walk has not reached is about to change, it is copied. If
the stream was emptied and its last id set back, a new block may begin among the ids that the walk has not reached; an
empty copy then hides it. So the walk takes the copy if there is one, and the stream's own block otherwise. The cost of
opening is proportional to the size of the groups.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport STREAM, keyspace_discard_value
from pyredis.persistence.saving.partial cimport partial_begin, partial_key
from pyredis.persistence.saving.saver cimport Partial, Pieces, Session
from pyredis.types.stream.consumer_groups cimport (
    Consumer,
    Group,
    Nack,
    groups_copy,
    list_free,
    sorted_consumers,
    sorted_groups,
)
from pyredis.types.stream.id_index cimport (
    IdIndex,
    IdPlace,
    StreamId,
    id_before,
    index_at,
    index_find,
    index_first,
    index_forward,
    index_insert,
    index_last,
    index_remove,
    index_seek,
    raise_id,
)
from pyredis.types.stream.stream cimport Block, Stream, StreamEntry, block_next, stream_new
from pyredis.types.table.guard cimport Guard

cdef enum:
    # Most groups and pending entries in one piece.
    STEPS = 64

ctypedef struct Walk:
    Stream *kept            # the facts and groups at the opening; its blocks are the copies
    StreamId next           # blocks with smaller ids are saved
    StreamId last           # of the last block at the opening
    bint has_blocks         # blocks remain to be saved
    bint has_facts          # the facts are saved, the groups have begun
    Group **groups
    size_t group_count
    size_t group            # the next one
    IdPlace place           # the next pending entry of the group before that, if `pending`
    bint pending


cdef void open_stream(Partial *partial) noexcept nogil:
    cdef Stream *stream = <Stream *> partial.value
    cdef Walk *walk = <Walk *> mem_alloc(sizeof(Walk))
    cdef IdPlace place
    memset(walk, 0, sizeof(Walk))
    walk.kept = stream_new()
    walk.kept.length = stream.length
    walk.kept.added = stream.added
    walk.kept.last_id = stream.last_id
    walk.kept.max_deleted = stream.max_deleted
    if stream.groups != NULL:
        walk.kept.groups = groups_copy(stream.groups)
    walk.has_blocks = index_last(&stream.blocks, &place)
    if walk.has_blocks:
        walk.last = (<Block *> index_at(&stream.blocks, place)).id
    partial.progress = walk


cdef void close_stream(Partial *partial) noexcept nogil:
    cdef Walk *walk = <Walk *> partial.progress
    if walk.groups != NULL:
        list_free(walk.groups, walk.group_count)
    keyspace_discard_value(partial.session.keyspace, STREAM, walk.kept)
    mem_free(walk, sizeof(Walk))


# ---- blocks ----

cdef Block *block_from(const IdIndex *blocks, StreamId id) noexcept nogil:
    cdef IdPlace place
    return <Block *> index_at(blocks, place) if index_seek(blocks, id, &place) else NULL


cdef Block *next_block(Walk *walk, const Stream *stream) noexcept nogil:
    cdef Block *own = block_from(&stream.blocks, walk.next)
    cdef Block *copy = block_from(&walk.kept.blocks, walk.next)
    if own == NULL or (copy != NULL and not id_before(own.id, copy.id)):
        return copy
    return own if not id_before(walk.last, own.id) else NULL


cdef void save_block(Partial *partial, const Block *block) noexcept nogil:
    cdef Session *session = partial.session
    cdef Slice key = partial_key(partial)
    cdef StreamEntry entry
    cdef size_t at = 0
    partial_begin(partial)
    while block_next(block, &at, &entry):
        session.encoder.entry(session.out, key, &entry)


cdef void save_blocks(Partial *partial, Walk *walk) noexcept nogil:
    """Saves blocks of about one piece."""
    cdef size_t size = 0
    cdef StreamId id
    cdef Block *block
    while walk.has_blocks and size <= partial.session.piece:
        block = next_block(walk, <Stream *> partial.value)
        if block == NULL:
            walk.has_blocks = False
            return
        save_block(partial, block)
        size += block.end
        id = block.id
        block = <Block *> index_remove(&walk.kept.blocks, id)
        if block != NULL:
            mem_free(block, block.size)
        walk.next = id
        walk.has_blocks = raise_id(&walk.next)


cdef void keep_block(Walk *walk, const Block *block) noexcept nogil:
    cdef Block *copy = <Block *> mem_alloc(block.end)
    memcpy(copy, block, block.end)
    copy.size = block.end
    index_insert(&walk.kept.blocks, copy)


cdef void keep_nothing(Walk *walk, StreamId id) noexcept nogil:
    cdef Block empty
    memset(&empty, 0, sizeof(empty))
    empty.id = id
    empty.begin = <uint32_t> sizeof(Block)
    empty.end = empty.begin
    keep_block(walk, &empty)


cdef void before(Guard *guard, Slice name, uint64_t hash, void *part) noexcept nogil:
    cdef Walk *walk = <Walk *> (<Partial *> guard).progress
    cdef StreamId id
    if part != NULL:
        id = (<Block *> part).id
    else:
        memcpy(&id, name.data, sizeof(id))
    if not walk.has_blocks or id_before(id, walk.next) or id_before(walk.last, id):
        return
    if index_find(&walk.kept.blocks, id) != NULL:
        return
    if part != NULL:
        keep_block(walk, <Block *> part)
    else:
        keep_nothing(walk, id)


# ---- facts and groups ----

cdef void save_consumers(Session *session, Slice key, Group *group) noexcept nogil:
    cdef size_t count, at
    cdef Consumer **consumers = sorted_consumers(group, &count)
    for at in range(count):
        session.encoder.consumer(session.out, key, group, consumers[at])
    list_free(consumers, count)


cdef void save_begin_of_groups(Partial *partial, Walk *walk) noexcept nogil:
    cdef Session *session = partial.session
    partial_begin(partial)
    if walk.kept.length == 0:
        session.encoder.emptiness(session.out, partial_key(partial), walk.kept)
    session.encoder.facts(session.out, partial_key(partial), walk.kept)
    walk.has_facts = True
    if walk.kept.groups != NULL:
        walk.groups = sorted_groups(walk.kept.groups, &walk.group_count)


cdef bint save_groups(Partial *partial, Walk *walk) noexcept nogil:
    """Saves some groups and pending entries. False when the last group is complete."""
    cdef Session *session = partial.session
    cdef Slice key = partial_key(partial)
    cdef Group *group
    partial_begin(partial)
    for _ in range(STEPS):
        if walk.pending:
            group = walk.groups[walk.group - 1]
            session.encoder.nack(session.out, key, group, <Nack *> index_at(&group.pending, walk.place))
            walk.pending = index_forward(&group.pending, &walk.place)
            continue
        if walk.group == walk.group_count:
            return False
        group = walk.groups[walk.group]
        session.encoder.group(session.out, key, group)
        save_consumers(session, key, group)
        walk.group += 1
        walk.pending = index_first(&group.pending, &walk.place)
    return True


cdef bint save_some(Partial *partial) noexcept nogil:
    cdef Walk *walk = <Walk *> partial.progress
    if walk.has_blocks:
        save_blocks(partial, walk)
        return True
    if not walk.has_facts:
        save_begin_of_groups(partial, walk)
    return save_groups(partial, walk)


cdef Pieces _pieces
_pieces.open = open_stream
_pieces.save_some = save_some
_pieces.before = before
_pieces.close = close_stream


cdef const Pieces *stream_pieces() noexcept nogil:
    return &_pieces
