"""Python handles for the list, its parts and the LZF codec, used only by the tests.

The class owns one value and passes bytes and numbers through, without adding behaviour of its own.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.types.list.list cimport (
    List,
    ListItem,
    ListIterator,
    list_copy,
    list_drop,
    list_drop_many,
    list_effort,
    list_encoding,
    list_free,
    list_free_some,
    list_insert,
    list_is_long,
    list_iterate,
    list_iterate_end,
    list_limits,
    list_memory,
    list_new,
    list_next,
    list_next_stretch,
    list_peek,
    list_positions,
    list_push,
    list_remove,
    list_set,
    list_shrink,
    list_size,
    list_sound,
)
from pyredis.types.list.list_long cimport ListLimits, ListStretch, LongList, long_new
from pyredis.types.list.list_nodes cimport Node, NodeKind, node_at, node_check, node_packed, nodes_insert
from pyredis.types.list.list_run cimport run_check, run_new
from pyredis.types.packs.lzf cimport lzf_compress, lzf_decompress


cdef Slice slice_from(bytes text):
    return slice_of(text, len(text))


cdef bytes bytes_from(Slice text):
    return text.data[:text.size]


cdef void collect(void *context, size_t index) noexcept nogil:
    with gil:
        (<list> context).append(index)


def compress(bytes data, size_t room):
    """Returns the LZF stream of ``data``; empty if it needs more than ``room`` bytes."""
    cdef uint8_t *out = <uint8_t *> mem_alloc(room)
    try:
        return (<const char *> out)[:lzf_compress(<const char *> data, len(data), out, room)]
    finally:
        mem_free(out, room)


def decompress(bytes data, size_t room):
    """Returns the content of an LZF stream; empty if it needs more than ``room`` bytes or the stream is invalid."""
    cdef uint8_t *out = <uint8_t *> mem_alloc(room)
    try:
        return (<const char *> out)[:lzf_decompress(<const char *> data, len(data), out, room)]
    finally:
        mem_free(out, room)


cdef uint8_t *block_of(bytes image):
    """Copies the bytes to an allocation of exactly their size: aligned, and with nothing after it that may be read."""
    cdef uint8_t *block = <uint8_t *> mem_alloc(len(image))
    memcpy(block, <const char *> image, len(image))
    return block


def check_run(bytes image):
    """Returns whether these bytes are a valid run."""
    cdef uint8_t *block = block_of(image)
    cdef bint sound = run_check(block, len(image))
    mem_free(block, len(image))
    return sound


def list_from_run(bytes image):
    """Returns a short list of these bytes, which must be a valid run."""
    cdef ListValue other = ListValue()
    assert check_run(image)
    list_free(other.value)
    other.value = <List *> block_of(image)
    return other


def check_node(int kind, bytes image):
    """Returns the number of elements in a node's block of this kind; None if the bytes are not valid."""
    cdef uint8_t *block = block_of(image)
    cdef size_t count
    cdef bint sound = node_check(<NodeKind> kind, block, len(image), &count)
    mem_free(block, len(image))
    return count if sound else None


def list_from_node(int kind, bytes image):
    """Returns a long list with only one node, whose block is these bytes, which must be valid."""
    cdef ListValue other = ListValue()
    cdef LongList *inside = long_new(run_new(0, False), True)
    cdef Node node = node_packed(NULL, check_node(kind, image))
    list_free(other.value)
    other.value = <List *> inside
    node.kind = kind
    node.block = block_of(image)
    nodes_insert(&inside.nodes, 0, node)
    inside.count = node.count
    return other


cdef class ListValue:
    """A list. ``size`` is list-max-listpack-size, ``depth`` list-compress-depth."""

    cdef List *value
    cdef ListLimits limits

    def __cinit__(self, int64_t size=-2, int64_t depth=0):
        self.value = list_new(0, False)
        self.limits = list_limits(size, depth)

    def __dealloc__(self):
        if self.value != NULL:
            list_free(self.value)

    def __len__(self):
        return list_size(self.value)

    @property
    def encoding(self):
        return list_encoding(self.value).decode()

    @property
    def memory(self):
        return list_memory(self.value)

    @property
    def effort(self):
        return list_effort(self.value)

    def is_sound(self):
        return list_sound(self.value)

    def set_limits(self, int64_t size, int64_t depth):
        self.limits = list_limits(size, depth)

    def kinds(self):
        """Returns the kinds of the inner nodes: 0 packed, 1 plain, 2 compressed."""
        cdef LongList *inside = <LongList *> self.value
        if not list_is_long(self.value):
            return []
        return [node_at(&inside.nodes, index).kind for index in range(inside.nodes.used)]

    def push(self, bint front, *texts):
        cdef Slice slices[64]
        for index, text in enumerate(texts):
            slices[index] = slice_from(text)
        list_push(&self.value, slices, len(texts), front, &self.limits)

    def peek(self, bint front):
        cdef char digits[20]
        return bytes_from(list_peek(self.value, front, digits))

    def pop(self, bint front):
        text = self.peek(front)
        list_drop(self.value, front)
        list_shrink(&self.value, &self.limits)
        return text

    def drop_many(self, size_t count, bint front):
        list_drop_many(self.value, count, front)
        list_shrink(&self.value, &self.limits)

    def set(self, size_t index, bytes text):
        list_set(&self.value, index, slice_from(text), &self.limits)
        list_shrink(&self.value, &self.limits)

    def insert(self, bytes pivot, bytes text, bint behind):
        return list_insert(&self.value, slice_from(pivot), slice_from(text), behind, &self.limits)

    def remove(self, bytes text, size_t limit, bint front):
        removed = list_remove(&self.value, slice_from(text), limit, front, &self.limits)
        list_shrink(&self.value, &self.limits)
        return removed

    def items(self, size_t index=0):
        """Returns the elements from this index on."""
        cdef ListIterator iterator
        cdef ListItem item
        cdef list found = []
        list_iterate(self.value, index, &iterator)
        while list_next(&iterator, &item):
            found.append(bytes_from(item.text))
        list_iterate_end(&iterator)
        return found

    def stretches(self, size_t index=0):
        """Returns the number of elements in each contiguous stretch, from this index on."""
        cdef ListIterator iterator
        cdef const ListStretch *stretch
        cdef list found = []
        list_iterate(self.value, index, &iterator)
        while True:
            stretch = list_next_stretch(&iterator)
            if stretch == NULL:
                break
            found.append(stretch.count)
        list_iterate_end(&iterator)
        return found

    def positions(self, bytes text, bint front, size_t skip, size_t limit, size_t within):
        cdef list found = []
        cdef size_t count = list_positions(
            self.value, slice_from(text), front, skip, limit, within, collect, <void *> found)
        assert count == <size_t> len(found)
        return found

    def copy(self):
        cdef ListValue other = ListValue()
        list_free(other.value)
        other.value = <List *> list_copy(self.value)
        other.limits = self.limits
        return other

    def free_some(self, size_t budget):
        """Returns True when everything is released. After the first call, only further calls until then are allowed."""
        done = list_free_some(self.value, budget)
        if done:
            self.value = NULL
        return done
