"""The long form of a list: a run at each end, nodes between them.

Pushes and pops touch the runs alone. A run that has grown to twice a node's size gives its inner half to the nodes, and
an end whose run is empty takes its run from the node next to it; so neither happens again soon, whatever comes.

Parts are numbered from the head: 0 is the run there, then the nodes, then the run at the tail; a run may be missing.
A position is a part and an offset in it; changes there are ``list_editing``'s. Before a node's block is changed or
freed, ``own_block`` asks the guard.
"""

from libc.stdint cimport uint8_t, uint32_t

from pyredis.ground.base cimport Slice, slice_of
from pyredis.types.list.list_nodes cimport Node, Nodes, node_at, node_expand, node_held
from pyredis.types.list.list_run cimport Run
from pyredis.types.packs.listpack cimport Pack, PackCode
from pyredis.types.table.guard cimport Guard, is_guarded

cdef enum:
    LONG_FORM = 1 << 30

# What list-max-listpack-size and list-compress-depth say.
ctypedef struct ListLimits:
    size_t bytes            # of a node, at most
    size_t count            # of its elements, at most
    size_t half_bytes       # a list is short again when it has no more than these
    size_t half_count
    size_t depth            # nodes at either end that are not compressed, the run included; 0: none is compressed

ctypedef struct LongList:
    uint32_t own
    uint32_t form           # LONG_FORM, where a run has its count
    size_t count            # elements
    Run *head               # NULL, or not empty
    Run *tail
    Nodes nodes
    Guard *guard            # NULL unless a snapshot holds blocks; part NULL tells it that the list is about to go

# Where an element is.
ctypedef struct ListPlace:
    size_t part
    size_t at               # in a run or pack; 0 in a plain node

# Elements that lie one behind the other.
ctypedef struct ListStretch:
    const uint8_t *bytes    # NULL: one plain element, `plain`
    size_t at               # ... else they stand in bytes[at : end]
    size_t end
    bint backward           # ... with lengths that lead backward
    size_t count
    Slice plain
    Pack *scratch


cdef inline size_t part_count(const LongList *list) noexcept nogil:
    return list.nodes.used + 2


# ---- the whole ----
# Takes the run over as one of the ends.
cdef LongList *long_new(Run *run, bint front) noexcept nogil
cdef LongList *long_copy(const LongList *list) noexcept nogil
# Releases about `budget` nodes; true when nothing is left.
cdef bint long_free_some(LongList *list, size_t budget) noexcept nogil
cdef size_t long_memory(const LongList *list) noexcept nogil
cdef bint long_sound(const LongList *list) noexcept nogil
# All elements as one run, where that is short enough; the list is gone then. Else NULL.
cdef Run *long_shortened(LongList *list, const ListLimits *limits) noexcept nogil

# ---- reading ----
# False where the part is missing. `stretch_close` must follow if it is not.
cdef bint stretch_open(const LongList *list, size_t part, ListStretch *stretch) noexcept nogil
cdef void stretch_close(ListStretch *stretch) noexcept nogil
# Passes over elements that are there.
cdef void stretch_skip(ListStretch *stretch, size_t count) noexcept nogil
# Whether the first element of the stretch is this one; `code` is the code of `text`.
cdef bint stretch_equals(const ListStretch *stretch, const PackCode *code, Slice text) noexcept nogil
# Goes on to the first element equal to the text; false where there is none.
cdef bint stretch_find(ListStretch *stretch, const PackCode *code, Slice text) noexcept nogil
# The part that the element of this index is in; `index` becomes its index there.
cdef size_t part_of(const LongList *list, size_t *index) noexcept nogil
cdef ListPlace place_of(const LongList *list, size_t index) noexcept nogil
# The first element equal to the text; false when there is none.
cdef bint long_find(const LongList *list, Slice text, ListPlace *place) noexcept nogil
# The place behind the element at `place`, in the same part.
cdef ListPlace place_behind(const LongList *list, ListPlace place) noexcept nogil

# ---- changes at the ends ----
cdef void long_push(LongList *list, Slice text, bint front, const ListLimits *limits) noexcept nogil
# The element at an end, which may become a run's for that; digits go to `scratch` (20 bytes).
cdef Slice long_peek(LongList *list, bint front, char *scratch) noexcept nogil
cdef void long_drop(LongList *list, bint front) noexcept nogil
cdef void long_drop_many(LongList *list, size_t count, bint front) noexcept nogil

# ---- runs and nodes, for `list_editing` ----
cdef inline Run **end_of(LongList *list, bint front) noexcept nogil:
    return &list.head if front else &list.tail


cdef inline void own_block(LongList *list, Node *node) noexcept nogil:
    """The block is about to change or to go: if a snapshot holds it, the list gets a copy."""
    if is_guarded(list.guard) and node_held(node):
        list.guard.before(list.guard, slice_of(NULL, 0), 0, node)


cdef inline Node *own_node(LongList *list, size_t index) noexcept nogil:
    """A node that is not plain, as a pack that may be changed."""
    cdef Node *node = node_at(&list.nodes, index)
    own_block(list, node)
    node_expand(node)
    return node


# Compresses the node if it is far enough from the ends.
cdef void compress_node(LongList *list, size_t index, const ListLimits *limits) noexcept nogil
# A run that has outgrown its limits gives what is too much to the nodes.
cdef void spill(LongList *list, bint front, const ListLimits *limits) noexcept nogil
# All of the run's inner elements up to `stop` become nodes; a run that has no others goes.
cdef void seal_until(LongList *list, bint front, size_t stop, const ListLimits *limits) noexcept nogil
cdef void drop_empty_runs(LongList *list) noexcept nogil
