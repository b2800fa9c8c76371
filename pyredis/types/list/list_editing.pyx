"""Insertion, replacement and removal within a long list; the contracts are in ``list_editing.pxd``."""

from pyredis.ground.base cimport Slice
from pyredis.types.list.list_long cimport (
    ListLimits,
    ListPlace,
    ListStretch,
    LongList,
    compress_node,
    drop_empty_runs,
    end_of,
    own_block,
    own_node,
    part_count,
    seal_until,
    spill,
    stretch_close,
    stretch_find,
    stretch_open,
    stretch_skip,
)
from pyredis.types.list.list_nodes cimport (
    NODE_PACKED,
    NODE_PLAIN,
    Node,
    node_at,
    node_free,
    node_packed,
    node_plain,
    nodes_insert,
    nodes_sweep,
)
from pyredis.types.list.list_run cimport Run, run_delete, run_delete_equal, run_insert, run_next, run_replace
from pyredis.types.packs.listpack cimport (
    PACK_HEADER,
    Pack,
    PackCode,
    pack_append,
    pack_code,
    pack_cost,
    pack_delete,
    pack_delete_equal,
    pack_end,
    pack_extent,
    pack_insert,
    pack_new,
    pack_next_forward,
    pack_replace,
    pack_seek,
    pack_size,
    pack_split,
)


# ---- insertion ----

cdef bint has_room(const Node *node, const PackCode *code, const ListLimits *limits) noexcept nogil:
    cdef const Pack *pack = <const Pack *> node.block
    if node.kind != NODE_PACKED or node.count >= limits.count:
        return False
    return pack_size(pack) + pack_cost(pack, code, 1) <= limits.bytes


cdef void put_in_node(Node *node, size_t at, const PackCode *code) noexcept nogil:
    cdef Pack *pack = <Pack *> node.block
    pack_insert(&pack, at, code, 1)
    node.block = pack
    node.count += 1


cdef Node node_with(const PackCode *code) noexcept nogil:
    cdef Pack *pack = pack_new(0, False)
    pack_append(&pack, code, 1)
    return node_packed(pack, 1)


cdef void insert_between(LongList *list, size_t index, const PackCode *code, const ListLimits *limits) noexcept nogil:
    """Inserts between nodes ``index - 1`` and ``index``: into one of the two, or as a node of its own."""
    cdef Node *before = node_at(&list.nodes, index - 1) if index else NULL
    cdef Node *behind = node_at(&list.nodes, index) if index < list.nodes.used else NULL
    if before != NULL and has_room(before, code, limits):
        own_block(list, before)
        put_in_node(before, pack_end(<const Pack *> before.block), code)
    elif behind != NULL and has_room(behind, code, limits):
        own_block(list, behind)
        put_in_node(behind, PACK_HEADER, code)
    else:
        nodes_insert(&list.nodes, index, node_with(code))


cdef void split_node(LongList *list, size_t index, size_t at, size_t count) noexcept nogil:
    """Moves the elements from ``at`` on, before which there are ``count``, to a new node after this one."""
    cdef Node *node = node_at(&list.nodes, index)
    cdef size_t behind = node.count - count
    cdef Pack *pack = <Pack *> node.block
    cdef Pack *second = pack_split(&pack, at, count)
    node.block = pack
    node.count = count
    nodes_insert(&list.nodes, index + 1, node_packed(second, behind))


cdef void insert_in_node(LongList *list, size_t index, size_t at, const PackCode *code, const ListLimits *limits
                         ) noexcept nogil:
    """Inserts into a node; splits a full node in half until the half in question has room."""
    cdef Node *node = own_node(list, index)
    cdef size_t middle
    while not has_room(node, code, limits):
        if node.count == 1:
            insert_between(list, index if at == PACK_HEADER else index + 1, code, limits)
            return
        middle = pack_seek(<const Pack *> node.block, node.count // 2)
        split_node(list, index, middle, node.count // 2)
        if at > middle:
            compress_node(list, index, limits)
            at -= middle - PACK_HEADER
            index += 1
        else:
            compress_node(list, index + 1, limits)
        node = node_at(&list.nodes, index)
    put_in_node(node, at, code)
    compress_node(list, index, limits)


cdef size_t count_before(const Pack *pack, size_t at) noexcept nogil:
    cdef size_t place = PACK_HEADER, count = 0
    while place < at:
        place = pack_next_forward(pack, place)
        count += 1
    return count


cdef void insert_plain(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil:
    cdef size_t index
    cdef Node *node
    if place.part == 0 or place.part > list.nodes.used:
        if end_of(list, place.part == 0)[0] != NULL:
            seal_until(list, place.part == 0, place.at, limits)
        nodes_insert(&list.nodes, 0 if place.part == 0 else list.nodes.used, node_plain(text))
        return
    index = place.part - 1
    node = node_at(&list.nodes, index)
    if node.kind != NODE_PLAIN:
        node = own_node(list, index)
        if PACK_HEADER < place.at < pack_end(<const Pack *> node.block):
            split_node(list, index, place.at, count_before(<const Pack *> node.block, place.at))
            place.at = 1
        else:
            place.at -= PACK_HEADER
    nodes_insert(&list.nodes, index + (1 if place.at else 0), node_plain(text))


cdef void long_insert(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil:
    cdef PackCode code
    cdef bint front = place.part == 0
    list.count += 1
    if text.size > limits.bytes:
        insert_plain(list, place, text, limits)
        return
    pack_code(&code, text)
    if front or place.part > list.nodes.used:
        run_insert(end_of(list, front), place.at, &code)
        spill(list, front, limits)
    elif node_at(&list.nodes, place.part - 1).kind == NODE_PLAIN:
        insert_between(list, place.part - 1 + place.at, &code, limits)
    else:
        insert_in_node(list, place.part - 1, place.at, &code, limits)


# ---- replacement ----

cdef void replace_in_run(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil:
    cdef bint front = place.part == 0
    cdef Run **run = end_of(list, front)
    cdef size_t before = place.at - run[0].begin
    cdef PackCode code
    if text.size <= limits.bytes:
        pack_code(&code, text)
        run_replace(run, place.at, &code)
        spill(list, front, limits)
        return
    run_delete(run[0], place.at, run_next(run[0], place.at), 1)
    place.at = run[0].begin + before
    insert_plain(list, place, text, limits)
    drop_empty_runs(list)


cdef void replace_node(LongList *list, size_t index, Slice text, const ListLimits *limits) noexcept nogil:
    """Replaces the element of a node that has only one."""
    cdef Node *node = node_at(&list.nodes, index)
    cdef PackCode code
    own_block(list, node)
    node_free(node)
    if text.size > limits.bytes:
        node[0] = node_plain(text)
    else:
        pack_code(&code, text)
        node[0] = node_with(&code)


cdef bint replace_in_node(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil:
    """Replaces the element; returns false, with nothing changed, if the node would become too large."""
    cdef Node *node = own_node(list, place.part - 1)
    cdef Pack *pack = <Pack *> node.block
    cdef size_t old = pack_extent(pack + place.at)
    cdef PackCode code
    if text.size > limits.bytes:
        return False
    pack_code(&code, text)
    if pack_size(pack) - old + pack_cost(pack, &code, 1) > max(limits.bytes, pack_size(pack)):
        return False
    pack_replace(&pack, place.at, &code)
    node.block = pack
    compress_node(list, place.part - 1, limits)
    return True


cdef void long_replace(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil:
    cdef Node *node
    cdef Pack *pack
    if place.part == 0 or place.part > list.nodes.used:
        replace_in_run(list, place, text, limits)
        return
    node = node_at(&list.nodes, place.part - 1)
    if node.count == 1:
        replace_node(list, place.part - 1, text, limits)
    elif not replace_in_node(list, place, text, limits):
        pack = <Pack *> node.block
        pack_delete(&pack, place.at, 1)
        node.block = pack
        node.count -= 1
        list.count -= 1
        long_insert(list, place, text, limits)


# ---- removal ----

cdef size_t count_equal(const LongList *list, size_t part, const PackCode *code, Slice text) noexcept nogil:
    cdef ListStretch stretch
    cdef size_t count = 0
    if not stretch_open(list, part, &stretch):
        return 0
    while stretch_find(&stretch, code, text):
        count += 1
        stretch_skip(&stretch, 1)
    stretch_close(&stretch)
    return count


cdef void remove_from_node(LongList *list, size_t index, const PackCode *code, size_t skip, size_t limit,
                           const ListLimits *limits) noexcept nogil:
    """Removes equal elements from a node that contains some; may leave the node without elements."""
    cdef Node *node = node_at(&list.nodes, index)
    cdef Pack *pack
    if node.kind == NODE_PLAIN:
        own_block(list, node)
        node.count = 0
        return
    node = own_node(list, index)
    pack = <Pack *> node.block
    node.count -= pack_delete_equal(&pack, code, skip, limit)
    node.block = pack
    if node.count:
        compress_node(list, index, limits)


cdef size_t remove_from(LongList *list, size_t part, const PackCode *code, Slice text, size_t limit, bint front,
                        const ListLimits *limits) noexcept nogil:
    cdef size_t there = count_equal(list, part, code, text)
    cdef size_t removed = min(there, limit)
    cdef size_t skip = 0 if front else there - removed
    if removed == 0:
        return 0
    if part == 0 or part > list.nodes.used:
        return run_delete_equal(end_of(list, part == 0)[0], code, skip, removed)
    remove_from_node(list, part - 1, code, skip, removed, limits)
    return removed


cdef size_t long_remove_equal(LongList *list, Slice text, size_t limit, bint front, const ListLimits *limits
                              ) noexcept nogil:
    cdef size_t step, removed = 0, parts = part_count(list)
    cdef PackCode code
    pack_code(&code, text)
    for step in range(parts):
        if removed == limit:
            break
        removed += remove_from(
            list, step if front else parts - 1 - step, &code, text, limit - removed, front, limits)
    if removed:
        list.count -= removed
        nodes_sweep(&list.nodes)
        drop_empty_runs(list)
    return removed
