"""Python handles for the stream and the index of ids, used only by the tests. Ids are pairs of integers."""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.types.stream.consumer_groups cimport (
    Consumer,
    Group,
    Nack,
    consumer_create,
    consumer_delete,
    consumer_find,
    consumer_name,
    group_create,
    group_destroy,
    group_find,
    group_name,
    groups_new,
    list_free,
    nack_assign,
    nack_deliver,
    nack_find,
    nack_remove,
    sorted_consumers,
    sorted_groups,
)
from pyredis.types.stream.id_index cimport (
    IdIndex,
    IdPlace,
    StreamId,
    index_at,
    index_back,
    index_find,
    index_first,
    index_forward,
    index_insert,
    index_last,
    index_memory,
    index_pop,
    index_remove,
    index_seek,
    index_sound,
    lower_id,
    raise_id,
    stream_id,
)
from pyredis.types.stream.stream cimport (
    ELEMENT_DIGITS,
    Block,
    Stream,
    StreamEntry,
    StreamIterator,
    StreamLimits,
    stream_append,
    stream_copy,
    stream_delete,
    stream_effort,
    stream_entries_read,
    stream_entries_up_to,
    stream_first_id,
    stream_free,
    stream_free_some,
    stream_has,
    stream_iterate,
    stream_iterate_back,
    stream_lag,
    stream_last_id,
    stream_memory,
    stream_new,
    stream_next,
    stream_next_pair,
    stream_previous,
    stream_sound,
    stream_trim_before,
    stream_trim_length,
)
from pyredis.types.stream.stream_check cimport block_check


cdef StreamId id_from(tuple id):
    return stream_id(id[0], id[1])


cdef tuple pair_of(StreamId id):
    return id.ms, id.seq


cdef Slice slice_from(bytes text):
    return slice_of(text, len(text))


def next_id(tuple id):
    """Returns the next id, or None."""
    cdef StreamId raised = id_from(id)
    return pair_of(raised) if raise_id(&raised) else None


def previous_id(tuple id):
    """Returns the previous id, or None."""
    cdef StreamId lowered = id_from(id)
    return pair_of(lowered) if lower_id(&lowered) else None


cdef class Ids:
    """An index whose elements are just ids."""

    cdef IdIndex index

    def __dealloc__(self):
        while self.pop() is not None:
            pass

    def __len__(self):
        return self.index.size

    @property
    def memory(self):
        return index_memory(&self.index)

    def is_sound(self):
        return index_sound(&self.index)

    def insert(self, tuple id):
        cdef StreamId *element = <StreamId *> mem_alloc(sizeof(StreamId))
        element[0] = id_from(id)
        index_insert(&self.index, element)

    def remove(self, tuple id):
        cdef void *element = index_remove(&self.index, id_from(id))
        mem_free(element, sizeof(StreamId))
        return element != NULL

    def pop(self):
        cdef StreamId *element = <StreamId *> index_pop(&self.index)
        if element == NULL:
            return None
        id = pair_of(element[0])
        mem_free(element, sizeof(StreamId))
        return id

    def has(self, tuple id):
        return index_find(&self.index, id_from(id)) != NULL

    def since(self, tuple id):
        """Returns all ids from this one on."""
        cdef IdPlace place
        cdef bint more = index_seek(&self.index, id_from(id), &place)
        found = []
        while more:
            found.append(pair_of((<StreamId *> index_at(&self.index, place))[0]))
            more = index_forward(&self.index, &place)
        return found

    def all(self):
        cdef IdPlace place
        cdef bint more = index_first(&self.index, &place)
        found = []
        while more:
            found.append(pair_of((<StreamId *> index_at(&self.index, place))[0]))
            more = index_forward(&self.index, &place)
        return found

    def before(self, tuple id):
        """Returns all ids below this one, the highest first."""
        cdef IdPlace place
        cdef bint more
        index_seek(&self.index, id_from(id), &place)
        more = index_back(&self.index, &place)
        found = []
        while more:
            found.append(pair_of((<StreamId *> index_at(&self.index, place))[0]))
            more = index_back(&self.index, &place)
        return found

    def last(self):
        cdef IdPlace place
        return pair_of((<StreamId *> index_at(&self.index, place))[0]) if index_last(&self.index, &place) else None


cdef object entry_of(StreamEntry *entry):
    cdef Slice name, value
    cdef char name_digits[ELEMENT_DIGITS]
    cdef char value_digits[ELEMENT_DIGITS]
    pairs = []
    while stream_next_pair(entry, &name, &value, name_digits, value_digits):
        pairs.append((name.data[:name.size], value.data[:value.size]))
    return pair_of(entry.id), pairs


cdef Block *block_from(bytes image, StreamId *last) except? NULL:
    """Returns a block of these bytes and sets ``last`` to the id of its last entry; NULL if they are not valid."""
    cdef uint8_t *block = <uint8_t *> mem_alloc(len(image))
    memcpy(block, <const char *> image, len(image))
    last[0] = stream_id(0, 0)
    if block_check(block, len(image), last):
        return <Block *> block
    mem_free(block, len(image))
    return NULL


def check_block(bytes image):
    """Returns whether these bytes are a valid block."""
    cdef StreamId last
    cdef Block *block = block_from(image, &last)
    if block != NULL:
        mem_free(block, len(image))
    return block != NULL


def stream_from(bytes image):
    """Returns a stream with one block of these bytes, which must be valid."""
    cdef StreamValue other = StreamValue()
    cdef Stream *stream = other.stream
    cdef Block *block = block_from(image, &stream.last_id)
    assert block != NULL
    index_insert(&stream.blocks, block)
    stream.tail = block
    stream.block_bytes = mem_footprint(block.size)
    stream.length = block.entries - block.deleted
    stream.added = block.entries
    return other


cdef class StreamValue:
    """A stream. An entry is returned as (id, [(name, value), …])."""

    cdef Stream *stream
    cdef StreamLimits limits

    def __cinit__(self, size_t entries=100, size_t bytes=4096):
        self.stream = stream_new()
        self.limits.entries = entries
        self.limits.bytes = bytes

    def __dealloc__(self):
        if self.stream != NULL:
            stream_free(self.stream)

    def __len__(self):
        return self.stream.length

    @property
    def added(self):
        return self.stream.added

    @property
    def last_id(self):
        return pair_of(self.stream.last_id)

    @property
    def max_deleted(self):
        return pair_of(self.stream.max_deleted)

    @max_deleted.setter
    def max_deleted(self, tuple id):
        self.stream.max_deleted = id_from(id)

    @property
    def blocks(self):
        return self.stream.blocks.size

    @property
    def memory(self):
        return stream_memory(self.stream)

    @property
    def effort(self):
        return stream_effort(self.stream)

    def is_sound(self):
        return stream_sound(self.stream)

    def last_block(self):
        """Returns the bytes of the last block, without its spare room."""
        cdef Block *block = self.stream.tail
        cdef bytearray image = bytearray((<const char *> block)[:block.end])
        (<Block *> <char *> image).size = block.end
        return bytes(image)

    def append(self, tuple id, *texts):
        """Appends an entry of name, value, name, value, …."""
        cdef size_t count = len(texts), index
        cdef Slice *pairs = <Slice *> mem_alloc(count * sizeof(Slice))
        for index in range(count):
            pairs[index] = slice_from(texts[index])
        stream_append(self.stream, id_from(id), pairs, count // 2, &self.limits)
        mem_free(pairs, count * sizeof(Slice))

    def delete(self, tuple id):
        return stream_delete(self.stream, id_from(id))

    def has(self, tuple id):
        return stream_has(self.stream, id_from(id))

    def first(self):
        cdef StreamId id
        return pair_of(id) if stream_first_id(self.stream, &id) else None

    def last(self):
        cdef StreamId id
        return pair_of(id) if stream_last_id(self.stream, &id) else None

    def trim_length(self, uint64_t length, bint whole=False, uint64_t limit=0):
        return stream_trim_length(self.stream, length, whole, limit)

    def trim_before(self, tuple least, bint whole=False, uint64_t limit=0):
        return stream_trim_before(self.stream, id_from(least), whole, limit)

    def entries(self, tuple first, tuple last, bint read=True):
        """Returns the entries; without ``read``, skips the pairs and returns only the ids."""
        cdef StreamIterator iterator
        found = []
        stream_iterate(self.stream, id_from(first), id_from(last), &iterator)
        while stream_next(&iterator):
            found.append(entry_of(&iterator.entry) if read else pair_of(iterator.entry.id))
        return found

    def entries_back(self, tuple first, tuple last):
        """Returns the entries from the last to the first."""
        cdef StreamIterator iterator
        found = []
        stream_iterate_back(self.stream, id_from(first), id_from(last), &iterator)
        while stream_previous(&iterator):
            found.append(entry_of(&iterator.entry))
        return found

    def entries_up_to(self, tuple id):
        return stream_entries_up_to(self.stream, id_from(id))

    def entries_read(self, tuple last_id, int64_t entries_read, tuple id):
        """Returns what a group has read after the entry ``id``, if it had read ``entries_read`` up to ``last_id``."""
        return stream_entries_read(self.stream, id_from(last_id), entries_read, id_from(id))

    def lag(self, tuple last_id, int64_t entries_read):
        return stream_lag(self.stream, id_from(last_id), entries_read)

    def copy(self):
        cdef StreamValue other = StreamValue(self.limits.entries, self.limits.bytes)
        stream_free(other.stream)
        other.stream = <Stream *> stream_copy(self.stream)
        return other

    def free_some(self, size_t budget):
        """Returns True when everything is released. After the first call, only further calls until then are allowed."""
        cdef bint done = stream_free_some(self.stream, budget)
        if done:
            self.stream = NULL
        return done

    # Groups and consumers are identified by name.

    cdef Group *group(self, bytes name) except NULL:
        cdef Group *group = NULL
        if self.stream.groups != NULL:
            group = group_find(self.stream.groups, slice_from(name))
        if group == NULL:
            raise KeyError(name)
        return group

    def create_group(self, bytes name, tuple last_id=(0, 0), int64_t entries_read=0):
        if self.stream.groups == NULL:
            self.stream.groups = groups_new()
        group_create(self.stream.groups, slice_from(name), id_from(last_id), entries_read)

    def destroy_group(self, bytes name):
        group_destroy(self.stream.groups, self.group(name))

    def create_consumer(self, bytes name, bytes consumer, int64_t now=0):
        consumer_create(self.group(name), slice_from(consumer), now)

    def delete_consumer(self, bytes name, bytes consumer):
        cdef Group *group = self.group(name)
        consumer_delete(group, consumer_find(group, slice_from(consumer)))

    def deliver(self, bytes name, bytes consumer, tuple id, int64_t now):
        cdef Group *group = self.group(name)
        nack_deliver(group, consumer_find(group, slice_from(consumer)), id_from(id), now)

    def assign(self, bytes name, bytes consumer, tuple id):
        cdef Group *group = self.group(name)
        nack_assign(nack_find(group, id_from(id)), consumer_find(group, slice_from(consumer)))

    def acknowledge(self, bytes name, tuple id):
        cdef Group *group = self.group(name)
        cdef Nack *nack = nack_find(group, id_from(id))
        if nack != NULL:
            nack_remove(group, nack)
        return nack != NULL

    def groups(self):
        """Returns {group: {consumer: [(id, delivered_ms, deliveries), …]}}, all in order."""
        cdef size_t count, at
        cdef Group **groups
        found = {}
        if self.stream.groups == NULL:
            return found
        groups = sorted_groups(self.stream.groups, &count)
        for at in range(count):
            name = group_name(groups[at])
            found[name.data[:name.size]] = consumers_of(groups[at])
        list_free(groups, count)
        return found


cdef dict consumers_of(Group *group):
    cdef size_t count, at
    cdef Consumer **consumers = sorted_consumers(group, &count)
    found = {}
    for at in range(count):
        name = consumer_name(consumers[at])
        found[name.data[:name.size]] = pending_of(&consumers[at].pending)
    list_free(consumers, count)
    return found


cdef list pending_of(IdIndex *pending):
    cdef IdPlace place
    cdef Nack *nack
    cdef bint more = index_first(pending, &place)
    found = []
    while more:
        nack = <Nack *> index_at(pending, place)
        found.append((pair_of(nack.id), nack.delivered_ms, nack.deliveries))
        more = index_forward(pending, &place)
    return found
