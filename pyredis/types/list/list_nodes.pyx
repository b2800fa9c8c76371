"""The inner nodes of a long list; ``list_nodes.pxd`` describes them."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy, memmove, memset

from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.types.packs.listpack cimport Pack, pack_check, pack_count, pack_free, pack_is_backward, pack_size
from pyredis.types.packs.lzf cimport lzf_compress, lzf_decompress

cdef enum:
    LEAST_CAPACITY = 8
    # As in Redis, in bytes: smaller packs are not compressed, and compression must save at least this much.
    LEAST_TO_COMPRESS = 48
    LEAST_SAVED = 8
    # Most bytes of output per byte of a stream: a reference of 3 bytes yields up to 264.
    MOST_EXPANSION = 88

ctypedef struct Compressed:
    uint32_t size
    uint32_t pack_size
    # the stream follows


# ---- one node ----

cdef Node node_of(void *block, NodeKind kind, size_t count) noexcept nogil:
    cdef Node node
    memset(&node, 0, sizeof(node))
    node.block = block
    node.kind = kind
    node.count = <uint32_t> count
    return node


cdef Node node_packed(Pack *pack, size_t count) noexcept nogil:
    return node_of(pack, NODE_PACKED, count)


cdef Node node_plain(Slice text) noexcept nogil:
    cdef size_t *block = <size_t *> mem_alloc(sizeof(size_t) + text.size)
    block[0] = text.size
    memcpy(block + 1, text.data, text.size)
    return node_of(block, NODE_PLAIN, 1)


cdef size_t block_size(const Node *node) noexcept nogil:
    if node.kind == NODE_PACKED:
        return pack_size(<const Pack *> node.block)
    if node.kind == NODE_PLAIN:
        return sizeof(size_t) + (<const size_t *> node.block)[0]
    return sizeof(Compressed) + (<const Compressed *> node.block).size


cdef Node node_copy(const Node *node) noexcept nogil:
    cdef size_t size = block_size(node)
    cdef void *block = mem_alloc(size)
    memcpy(block, node.block, size)
    return node_of(block, <NodeKind> node.kind, node.count)


cdef void node_free(Node *node) noexcept nogil:
    mem_free(node.block, block_size(node))


cdef size_t node_memory(const Node *node) noexcept nogil:
    return mem_footprint(block_size(node))


cdef bint check_packed(const uint8_t *bytes, size_t size, size_t *count) noexcept nogil:
    if not pack_check(bytes, size, 1) or pack_is_backward(bytes):
        return False
    count[0] = pack_count(bytes)
    return count[0] > 0


cdef bint check_compressed(const uint8_t *bytes, size_t size, size_t *count) noexcept nogil:
    cdef const Compressed *compressed = <const Compressed *> bytes
    cdef Pack *pack
    cdef bint sound
    if size < sizeof(Compressed) or compressed.size != size - sizeof(Compressed) or \
            compressed.pack_size // MOST_EXPANSION > compressed.size:
        return False
    pack = <Pack *> mem_alloc(compressed.pack_size)
    sound = lzf_decompress(compressed + 1, compressed.size, pack, compressed.pack_size) == compressed.pack_size
    sound = sound and check_packed(pack, compressed.pack_size, count)
    mem_free(pack, compressed.pack_size)
    return sound


cdef bint node_check(NodeKind kind, const uint8_t *bytes, size_t size, size_t *count) noexcept nogil:
    if kind == NODE_PACKED:
        return check_packed(bytes, size, count)
    if kind == NODE_COMPRESSED:
        return check_compressed(bytes, size, count)
    count[0] = 1
    return size >= sizeof(size_t) and (<const size_t *> bytes)[0] == size - sizeof(size_t)


cdef bint node_sound(const Node *node) noexcept nogil:
    cdef size_t count
    if not node_check(<NodeKind> node.kind, <const uint8_t *> node.block, block_size(node), &count):
        return False
    return count == node.count


cdef void node_compress(Node *node) noexcept nogil:
    cdef Pack *pack = <Pack *> node.block
    cdef Compressed *trial
    cdef Compressed *compressed
    cdef size_t size, before
    if node.kind != NODE_PACKED or pack_size(pack) < LEAST_TO_COMPRESS:
        return
    before = pack_size(pack)
    trial = <Compressed *> mem_alloc(sizeof(Compressed) + before)
    size = lzf_compress(pack, before, trial + 1, before - LEAST_SAVED - sizeof(Compressed))
    if size:
        compressed = <Compressed *> mem_alloc(sizeof(Compressed) + size)
        compressed.size = <uint32_t> size
        compressed.pack_size = <uint32_t> before
        memcpy(compressed + 1, trial + 1, size)
        pack_free(pack)
        node.block = compressed
        node.kind = NODE_COMPRESSED
    mem_free(trial, sizeof(Compressed) + before)


cdef Pack *expanded(const Node *node) noexcept nogil:
    cdef const Compressed *compressed = <const Compressed *> node.block
    cdef Pack *pack = <Pack *> mem_alloc(compressed.pack_size)
    lzf_decompress(compressed + 1, compressed.size, pack, compressed.pack_size)
    return pack


cdef void node_expand(Node *node) noexcept nogil:
    cdef Pack *pack
    if node.kind != NODE_COMPRESSED:
        return
    pack = expanded(node)
    node_free(node)
    node.block = pack
    node.kind = NODE_PACKED


cdef const Pack *node_pack(const Node *node, Pack **scratch) noexcept nogil:
    scratch[0] = NULL
    if node.kind == NODE_COMPRESSED:
        scratch[0] = expanded(node)
        return scratch[0]
    return <const Pack *> node.block


# ---- the array ----

cdef void resize(Nodes *nodes, size_t capacity) noexcept nogil:
    """Reallocates the array, with the same room before the nodes as after them."""
    cdef Node *items = <Node *> mem_alloc(capacity * sizeof(Node))
    cdef size_t first = (capacity - nodes.used) // 2
    if nodes.used:
        memcpy(items + first, nodes.items + nodes.first, nodes.used * sizeof(Node))
    mem_free(nodes.items, nodes.capacity * sizeof(Node))
    nodes.items = items
    nodes.first = <uint32_t> first
    nodes.capacity = <uint32_t> capacity


cdef void centre(Nodes *nodes) noexcept nogil:
    cdef size_t first = (nodes.capacity - nodes.used) // 2
    memmove(nodes.items + first, nodes.items + nodes.first, nodes.used * sizeof(Node))
    nodes.first = <uint32_t> first


cdef inline bint has_room(const Nodes *nodes, bint front) noexcept nogil:
    return nodes.first > 0 if front else nodes.first + nodes.used < nodes.capacity


cdef void make_room(Nodes *nodes, bint front) noexcept nogil:
    if has_room(nodes, front):
        return
    if nodes.capacity - nodes.used > nodes.used // 2 + 2:
        centre(nodes)
    else:
        resize(nodes, max(2 * <size_t> nodes.used, <size_t> LEAST_CAPACITY))


cdef void nodes_insert(Nodes *nodes, size_t index, Node node) noexcept nogil:
    """Inserts a node; moves the nodes on the shorter side."""
    cdef bint front = index < nodes.used - index
    cdef Node *place
    make_room(nodes, front)
    if front:
        nodes.first -= 1
        place = nodes.items + nodes.first
        memmove(place, place + 1, index * sizeof(Node))
    else:
        place = nodes.items + nodes.first + index
        memmove(place + 1, place, (nodes.used - index) * sizeof(Node))
    nodes.used += 1
    node_at(nodes, index)[0] = node


cdef void shrink(Nodes *nodes) noexcept nogil:
    if nodes.capacity > LEAST_CAPACITY and nodes.used < nodes.capacity // 8:
        resize(nodes, max(2 * <size_t> nodes.used, <size_t> LEAST_CAPACITY))


cdef void nodes_take(Nodes *nodes, size_t index, size_t count) noexcept nogil:
    cdef Node *place = node_at(nodes, index)
    cdef size_t behind = nodes.used - index - count
    if index < behind:
        memmove(node_at(nodes, count), node_at(nodes, 0), index * sizeof(Node))
        nodes.first += <uint32_t> count
    else:
        memmove(place, place + count, behind * sizeof(Node))
    nodes.used -= <uint32_t> count
    shrink(nodes)


cdef void nodes_sweep(Nodes *nodes) noexcept nogil:
    cdef size_t index, kept = 0
    cdef Node *node
    for index in range(nodes.used):
        node = node_at(nodes, index)
        if node.count == 0:
            node_free(node)
        else:
            node_at(nodes, kept)[0] = node[0]
            kept += 1
    nodes.used = <uint32_t> kept
    shrink(nodes)


cdef void nodes_copy(Nodes *to, const Nodes *nodes) noexcept nogil:
    cdef size_t index
    to[0] = nodes[0]
    if nodes.items == NULL:
        return
    to.items = <Node *> mem_alloc(nodes.capacity * sizeof(Node))
    for index in range(nodes.used):
        node_at(to, index)[0] = node_copy(node_at(nodes, index))


cdef void nodes_free(Nodes *nodes) noexcept nogil:
    mem_free(nodes.items, nodes.capacity * sizeof(Node))
    memset(nodes, 0, sizeof(Nodes))
