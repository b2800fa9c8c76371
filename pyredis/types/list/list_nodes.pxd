"""The inner nodes of a long list: an array with room at both ends. The nodes' blocks stay in place when it moves.

A node has one of these kinds:

- NODE_PACKED: a pack without backward lengths, with at least one element;
- NODE_PLAIN: one element too large to be packed: its size (``size_t``) and its bytes;
- NODE_COMPRESSED: a pack compressed with LZF: the sizes of the stream and of the pack (32 bits each), then the stream.
"""

from libc.stdint cimport uint8_t, uint32_t

from pyredis.ground.base cimport Slice, slice_of
from pyredis.types.packs.listpack cimport Pack

cdef enum NodeKind:
    NODE_PACKED = 0
    NODE_PLAIN = 1
    NODE_COMPRESSED = 2

ctypedef struct Node:
    void *block
    uint32_t count          # elements
    uint8_t kind
    uint8_t held[3]         # a note by the snapshot that shares the block; 0 if none does

ctypedef struct Nodes:
    Node *items             # the nodes are items[first : first + used]
    uint32_t capacity
    uint32_t first
    uint32_t used


cdef inline Node *node_at(const Nodes *nodes, size_t index) noexcept nogil:
    return nodes.items + nodes.first + index


cdef inline size_t node_held(const Node *node) noexcept nogil:
    return node.held[0] | <size_t> node.held[1] << 8 | <size_t> node.held[2] << 16


cdef inline void node_hold(Node *node, size_t note) noexcept nogil:
    """Sets the note, which has 24 bits."""
    node.held[0] = <uint8_t> note
    node.held[1] = <uint8_t> (note >> 8)
    node.held[2] = <uint8_t> (note >> 16)


cdef inline Slice plain_text(const Node *node) noexcept nogil:
    return slice_of(<const char *> node.block + sizeof(size_t), (<const size_t *> node.block)[0])


# ---- one node ----
# Takes ownership of the pack.
cdef Node node_packed(Pack *pack, size_t count) noexcept nogil
cdef Node node_plain(Slice text) noexcept nogil
cdef Node node_copy(const Node *node) noexcept nogil
cdef void node_free(Node *node) noexcept nogil
cdef size_t node_memory(const Node *node) noexcept nogil
cdef bint node_sound(const Node *node) noexcept nogil
# Fully validates `size` untrusted bytes, aligned like an allocation, as the block of such a node, and sets `count` to
# the number of its elements.
cdef bint node_check(NodeKind kind, const uint8_t *bytes, size_t size, size_t *count) noexcept nogil
# Compresses the pack of a node, unless that saves too little.
cdef void node_compress(Node *node) noexcept nogil
# Converts a compressed node to a packed one.
cdef void node_expand(Node *node) noexcept nogil
# Returns the pack of a node that is not plain. If `scratch` is not NULL afterwards, the caller must `pack_free` it.
cdef const Pack *node_pack(const Node *node, Pack **scratch) noexcept nogil

# ---- the array ----
cdef void nodes_insert(Nodes *nodes, size_t index, Node node) noexcept nogil
# Takes nodes out of the array without freeing their blocks.
cdef void nodes_take(Nodes *nodes, size_t index, size_t count) noexcept nogil
# Removes and frees the nodes without elements.
cdef void nodes_sweep(Nodes *nodes) noexcept nogil
cdef void nodes_copy(Nodes *to, const Nodes *nodes) noexcept nogil
# Frees the array, but not the blocks.
cdef void nodes_free(Nodes *nodes) noexcept nogil
