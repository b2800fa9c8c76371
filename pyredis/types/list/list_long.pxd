"""The long form of a list: a run at each end, nodes between them.

Pushes and pops touch only the runs. A run that has grown to twice a node's size turns its inner half into a node, and
an end whose run is empty makes its run from the adjacent node. So neither happens again soon, whatever the operations.

Parts are numbered from the head: 0 is the run there, then the nodes, then the run at the tail; a run may be missing.
A position is a part and an offset in it; ``list_editing`` makes the changes there. Before a node's block is changed or
freed, ``own_block`` notifies the guard.
"""

from libc.stdint cimport uint8_t, uint32_t

from pyredis.ground.base cimport Slice, slice_of
from pyredis.types.list.list_nodes cimport Node, Nodes, node_at, node_expand, node_held
from pyredis.types.list.list_run cimport Run
from pyredis.types.packs.listpack cimport Pack, PackCode
from pyredis.types.table.guard cimport Guard, is_guarded

cdef enum:
    LONG_FORM = 1 << 30

# The limits that list-max-listpack-size and list-compress-depth define.
ctypedef struct ListLimits:
    size_t bytes            # of a node, at most
    size_t count            # of its elements, at most
    size_t half_bytes       # a list becomes short again when it has no more than these
    size_t half_count
    size_t depth            # parts at each end that are not compressed, including the run; 0: nothing is compressed

ctypedef struct LongList:
    uint32_t own
    uint32_t form           # LONG_FORM; a run has its count here
    size_t count            # elements
    Run *head               # NULL, or not empty
    Run *tail
    Nodes nodes
    Guard *guard            # NULL unless a snapshot shares blocks; a NULL part means that the list is about to be freed

# Where an element is.
ctypedef struct ListPlace:
    size_t part
    size_t at               # in a run or pack; in a plain node, 0, or 1 for the place after the element

# Contiguous elements.
ctypedef struct ListStretch:
    const uint8_t *bytes    # NULL: one plain element, `plain`
    size_t at               # ... otherwise they are in bytes[at : end]
    size_t end
    bint backward           # ... and whether they have backward lengths
    size_t count
    Slice plain
    Pack *scratch


cdef inline size_t part_count(const LongList *list) noexcept nogil:
    return list.nodes.used + 2


# ---- the list ----
# Takes ownership of the run, as one of the ends.
cdef LongList *long_new(Run *run, bint front) noexcept nogil
cdef LongList *long_copy(const LongList *list) noexcept nogil
# Releases about `budget` nodes; returns true when everything is released, including the list itself.
cdef bint long_free_some(LongList *list, size_t budget) noexcept nogil
cdef size_t long_memory(const LongList *list) noexcept nogil
cdef bint long_sound(const LongList *list) noexcept nogil
# If all elements together are short enough, returns them as one run and frees the list; otherwise returns NULL.
cdef Run *long_shortened(LongList *list, const ListLimits *limits) noexcept nogil

# ---- reading ----
# Returns false if the part is missing; otherwise `stretch_close` must follow.
cdef bint stretch_open(const LongList *list, size_t part, ListStretch *stretch) noexcept nogil
cdef void stretch_close(ListStretch *stretch) noexcept nogil
# Skips `count` elements, which must exist.
cdef void stretch_skip(ListStretch *stretch, size_t count) noexcept nogil
# Returns whether the first element of the stretch equals `text`, whose encoding is `code`.
cdef bint stretch_equals(const ListStretch *stretch, const PackCode *code, Slice text) noexcept nogil
# Advances to the first element equal to the text; returns false if there is none.
cdef bint stretch_find(ListStretch *stretch, const PackCode *code, Slice text) noexcept nogil
# Returns the part that contains the element of this index, and sets `index` to its index in that part.
cdef size_t part_of(const LongList *list, size_t *index) noexcept nogil
cdef ListPlace place_of(const LongList *list, size_t index) noexcept nogil
# Finds the first element equal to the text; returns false if there is none.
cdef bint long_find(const LongList *list, Slice text, ListPlace *place) noexcept nogil
# Returns the place after the element at `place`, in the same part.
cdef ListPlace place_behind(const LongList *list, ListPlace place) noexcept nogil

# ---- changes at the ends ----
cdef void long_push(LongList *list, Slice text, bint front, const ListLimits *limits) noexcept nogil
# Returns the element at an end; may turn the node there into a run. Digits are written to `scratch` (20 bytes).
cdef Slice long_peek(LongList *list, bint front, char *scratch) noexcept nogil
cdef void long_drop(LongList *list, bint front) noexcept nogil
cdef void long_drop_many(LongList *list, size_t count, bint front) noexcept nogil

# ---- runs and nodes, for `list_editing` ----
cdef inline Run **end_of(LongList *list, bint front) noexcept nogil:
    return &list.head if front else &list.tail


cdef inline void own_block(LongList *list, Node *node) noexcept nogil:
    """Must be called before the block is changed or freed: if a snapshot shares it, the list gets a copy."""
    if is_guarded(list.guard) and node_held(node):
        list.guard.before(list.guard, slice_of(NULL, 0), 0, node)


cdef inline Node *own_node(LongList *list, size_t index) noexcept nogil:
    """Returns a node that is not plain, as a pack that may be changed."""
    cdef Node *node = node_at(&list.nodes, index)
    own_block(list, node)
    node_expand(node)
    return node


# Compresses the node if it is far enough from the ends.
cdef void compress_node(LongList *list, size_t index, const ListLimits *limits) noexcept nogil
# Turns the inner elements of a run that has outgrown its limits into nodes.
cdef void spill(LongList *list, bint front, const ListLimits *limits) noexcept nogil
# Turns all of the run's inner elements up to `stop` into nodes; removes the run if it has no others.
cdef void seal_until(LongList *list, bint front, size_t stop, const ListLimits *limits) noexcept nogil
cdef void drop_empty_runs(LongList *list) noexcept nogil
