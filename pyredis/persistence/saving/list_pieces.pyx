"""Keeps a list as it was when it was opened: copies of the runs at its ends, and an array of its nodes.

The blocks of these nodes are shared with the list. Every node of the list notes its place in the array, counted from 1,
so that the guard finds it again. Before the list changes a block that has not been saved yet, it leaves the block to
the snapshot and continues with a copy. Opening costs a few bytes per node, not per element; a change copies at most one
node.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

from pyredis.ground.base cimport Slice
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.persistence.saving.partial cimport partial_begin, partial_key
from pyredis.persistence.saving.saver cimport Partial, Pieces
from pyredis.types.list.list_long cimport LONG_FORM, LongList
from pyredis.types.list.list_nodes cimport (
    Node,
    Nodes,
    node_at,
    node_copy,
    node_free,
    node_held,
    node_hold,
    node_memory,
    nodes_free,
)
from pyredis.types.list.list_run cimport Run, run_copy, run_free
from pyredis.types.table.guard cimport Guard

# If a node in `nodes` has a note other than 0 (`node_held`), the list has left the node's block to the snapshot.
ctypedef struct Kept:
    Run *head
    Run *tail
    Nodes nodes
    size_t at               # the next node to save
    bint begun


cdef void keep_nodes(Kept *kept, Nodes *nodes) noexcept nogil:
    cdef size_t index
    cdef Nodes *copy = &kept.nodes
    if nodes.used == 0:
        return
    copy.items = <Node *> mem_alloc(nodes.used * sizeof(Node))
    copy.capacity = nodes.used
    copy.used = nodes.used
    memcpy(copy.items, node_at(nodes, 0), nodes.used * sizeof(Node))
    for index in range(nodes.used):
        node_hold(node_at(copy, index), 0)
        node_hold(node_at(nodes, index), index + 1)


cdef void open_list(Partial *partial) noexcept nogil:
    cdef LongList *list = <LongList *> partial.value
    cdef Kept *kept = <Kept *> mem_alloc(sizeof(Kept))
    memset(kept, 0, sizeof(Kept))
    if list.head != NULL:
        kept.head = run_copy(list.head)
    if list.tail != NULL:
        kept.tail = run_copy(list.tail)
    keep_nodes(kept, &list.nodes)
    partial.progress = kept


cdef void release(Kept *kept, size_t begin, size_t end) noexcept nogil:
    """Frees the blocks of nodes[begin:end] that the list has left to the snapshot."""
    cdef size_t index
    for index in range(begin, end):
        if node_held(node_at(&kept.nodes, index)):
            node_free(node_at(&kept.nodes, index))


cdef void close_list(Partial *partial) noexcept nogil:
    cdef Kept *kept = <Kept *> partial.progress
    release(kept, kept.at, kept.nodes.used)
    nodes_free(&kept.nodes)
    if kept.head != NULL:
        run_free(kept.head)
    if kept.tail != NULL:
        run_free(kept.tail)
    mem_free(kept, sizeof(Kept))


# ---- the walk ----

cdef void save_view(Partial *partial, LongList *view) noexcept nogil:
    """Saves a list that exists only for this call."""
    view.form = LONG_FORM
    partial_begin(partial)
    partial.saver.save(partial.saver, partial.session, partial_key(partial), view)


cdef void save_run(Partial *partial, Run *run) noexcept nogil:
    cdef LongList view
    if run == NULL:
        return
    memset(&view, 0, sizeof(view))
    view.head = run
    view.count = run.count
    save_view(partial, &view)


cdef void save_nodes(Partial *partial, Kept *kept) noexcept nogil:
    """Saves nodes of about one piece."""
    cdef LongList view
    cdef size_t size = 0, begin = kept.at
    memset(&view, 0, sizeof(view))
    while kept.at < kept.nodes.used and size <= partial.session.piece:
        size += node_memory(node_at(&kept.nodes, kept.at))
        view.count += node_at(&kept.nodes, kept.at).count
        kept.at += 1
    if kept.at == begin:
        return
    view.nodes.items = node_at(&kept.nodes, begin)
    view.nodes.used = <uint32_t> (kept.at - begin)
    view.nodes.capacity = view.nodes.used
    save_view(partial, &view)
    release(kept, begin, kept.at)


cdef bint save_some(Partial *partial) noexcept nogil:
    cdef Kept *kept = <Kept *> partial.progress
    if not kept.begun:
        save_run(partial, kept.head)
        kept.begun = True
        return True
    save_nodes(partial, kept)
    if kept.at < kept.nodes.used:
        return True
    save_run(partial, kept.tail)
    return False


cdef void before(Guard *guard, Slice name, uint64_t hash, void *part) noexcept nogil:
    cdef Partial *partial = <Partial *> guard
    cdef Kept *kept = <Kept *> partial.progress
    cdef Node *node = <Node *> part
    cdef size_t index
    if node == NULL:
        partial.value = NULL
        return
    index = node_held(node) - 1
    node_hold(node, 0)
    if index >= kept.at:
        node_hold(node_at(&kept.nodes, index), 1)
        node[0] = node_copy(node)


cdef Pieces _pieces
_pieces.open = open_list
_pieces.save_some = save_some
_pieces.before = before
_pieces.close = close_list


cdef const Pieces *list_pieces() noexcept nogil:
    return &_pieces
