"""The long form of a list; ``list_long.pxd`` describes it.

Invariants between calls: no run and no node is empty, ``count`` is the sum of theirs, and a run is at most twice as
large as a node may be, under the limits at the time when it last grew.
"""

from libc.string cimport memcmp

from pyredis.ground.base cimport Slice, likely, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_zalloc
from pyredis.types.list.list_nodes cimport (
    NODE_PLAIN,
    Node,
    node_at,
    node_compress,
    node_free,
    node_memory,
    node_pack,
    node_packed,
    node_plain,
    node_sound,
    nodes_copy,
    nodes_free,
    nodes_insert,
    nodes_take,
    plain_text,
)
from pyredis.types.list.list_run cimport (
    Run,
    run_append,
    run_bytes,
    run_copy,
    run_delete,
    run_drop,
    run_free,
    run_memory,
    run_new,
    run_next,
    run_push,
    run_sealed,
    run_seek,
    run_sound,
    run_unsealed,
    run_used,
)
from pyredis.types.packs.listpack cimport (
    PACK_HEADER,
    Pack,
    PackCode,
    pack_backlink,
    pack_before,
    pack_code,
    pack_delete,
    pack_end,
    pack_equals,
    pack_extent,
    pack_free,
    pack_seek,
    pack_text,
)
from pyredis.types.table.guard cimport is_guarded

cdef enum:
    # Bytes of room in a run that a push creates; it grows as it fills.
    FIRST_ROOM = 240

# ---- the list ----

cdef LongList *long_new(Run *run, bint front) noexcept nogil:
    cdef LongList *list = <LongList *> mem_zalloc(sizeof(LongList))
    list.form = LONG_FORM
    list.count = run.count
    end_of(list, front)[0] = run
    if run.count == 0:
        clear_run(end_of(list, front))
    return list


cdef LongList *long_copy(const LongList *list) noexcept nogil:
    cdef LongList *copy = <LongList *> mem_alloc(sizeof(LongList))
    copy[0] = list[0]
    copy.guard = NULL
    nodes_copy(&copy.nodes, &list.nodes)
    if list.head != NULL:
        copy.head = run_copy(list.head)
    if list.tail != NULL:
        copy.tail = run_copy(list.tail)
    return copy


cdef void clear_run(Run **run) noexcept nogil:
    if run[0] != NULL:
        run_free(run[0])
    run[0] = NULL


cdef bint long_free_some(LongList *list, size_t budget) noexcept nogil:
    while list.nodes.used:
        if budget == 0:
            return False
        list.nodes.used -= 1
        node_free(node_at(&list.nodes, list.nodes.used))
        budget -= 1
    clear_run(&list.head)
    clear_run(&list.tail)
    nodes_free(&list.nodes)
    mem_free(list, sizeof(LongList))
    return True


cdef size_t long_memory(const LongList *list) noexcept nogil:
    cdef size_t index
    cdef size_t size = mem_footprint(sizeof(LongList)) + mem_footprint(list.nodes.capacity * sizeof(Node))
    for index in range(list.nodes.used):
        size += node_memory(node_at(&list.nodes, index))
    if list.head != NULL:
        size += run_memory(list.head)
    if list.tail != NULL:
        size += run_memory(list.tail)
    return size


cdef bint end_sound(const Run *run, size_t *count) noexcept nogil:
    count[0] += run.count if run != NULL else 0
    return run == NULL or (run.count > 0 and run_sound(run))


cdef bint long_sound(const LongList *list) noexcept nogil:
    cdef size_t index, count = 0
    if not end_sound(list.head, &count) or not end_sound(list.tail, &count):
        return False
    for index in range(list.nodes.used):
        if not node_sound(node_at(&list.nodes, index)):
            return False
        count += node_at(&list.nodes, index).count
    return count == list.count and list.nodes.first + list.nodes.used <= list.nodes.capacity


cdef bint is_short(LongList *list, const ListLimits *limits) noexcept nogil:
    cdef size_t bytes = PACK_HEADER + 1
    if list.nodes.used or list.count > limits.half_count:
        return False
    bytes += run_used(list.head) if list.head != NULL else 0
    bytes += run_used(list.tail) if list.tail != NULL else 0
    return bytes <= limits.half_bytes


cdef Run *long_shortened(LongList *list, const ListLimits *limits) noexcept nogil:
    cdef Run *run
    if list.nodes.used == 1 and list.head == NULL and list.tail == NULL:
        end_run(list, True)
    if not is_short(list, limits):
        return NULL
    if is_guarded(list.guard):
        list.guard.before(list.guard, slice_of(NULL, 0), 0, NULL)
    run = list.head if list.head != NULL else list.tail
    if list.head != NULL and list.tail != NULL:
        run_append(&run, list.tail)
        run_free(list.tail)
    nodes_free(&list.nodes)
    mem_free(list, sizeof(LongList))
    return run


# ---- reading ----

cdef bint open_run(const Run *run, ListStretch *stretch) noexcept nogil:
    if run == NULL:
        return False
    stretch.bytes = run_bytes(run)
    stretch.at = run.begin
    stretch.end = run.end
    stretch.backward = True
    stretch.count = run.count
    stretch.scratch = NULL
    return True


cdef bint stretch_open(const LongList *list, size_t part, ListStretch *stretch) noexcept nogil:
    cdef const Node *node
    if part == 0:
        return open_run(list.head, stretch)
    if part > list.nodes.used:
        return open_run(list.tail, stretch)
    node = node_at(&list.nodes, part - 1)
    stretch.at = 0
    stretch.end = 0
    stretch.backward = False
    stretch.count = node.count
    stretch.scratch = NULL
    if node.kind == NODE_PLAIN:
        stretch.bytes = NULL
        stretch.plain = plain_text(node)
        return True
    stretch.bytes = node_pack(node, &stretch.scratch)
    stretch.at = PACK_HEADER
    stretch.end = pack_end(stretch.bytes)
    return True


cdef void stretch_close(ListStretch *stretch) noexcept nogil:
    if stretch.scratch != NULL:
        pack_free(stretch.scratch)
    stretch.scratch = NULL


cdef void skip_from_behind(ListStretch *stretch, size_t left) noexcept nogil:
    """Skips elements until ``left`` of them remain."""
    stretch.at = stretch.end
    stretch.count = left
    while left:
        stretch.at = pack_before(stretch.bytes, stretch.at)
        left -= 1


cdef void stretch_skip(ListStretch *stretch, size_t count) noexcept nogil:
    cdef size_t extent
    if stretch.backward and count > stretch.count // 2:
        skip_from_behind(stretch, stretch.count - count)
        return
    stretch.count -= count
    if stretch.bytes == NULL:
        return
    while count:
        extent = pack_extent(stretch.bytes + stretch.at)
        stretch.at += extent + (pack_backlink(extent) if stretch.backward else 0)
        count -= 1


cdef bint stretch_equals(const ListStretch *stretch, const PackCode *code, Slice text) noexcept nogil:
    if likely(stretch.bytes != NULL):
        return pack_equals(stretch.bytes, stretch.at, code)
    return stretch.plain.size == text.size and memcmp(stretch.plain.data, text.data, text.size) == 0


cdef size_t part_from_behind(const LongList *list, size_t *index) noexcept nogil:
    cdef size_t behind = list.count - index[0], part = list.nodes.used + 1
    if list.tail != NULL:
        if behind <= list.tail.count:
            index[0] = list.tail.count - behind
            return part
        behind -= list.tail.count
    part -= 1
    while part and behind > node_at(&list.nodes, part - 1).count:
        behind -= node_at(&list.nodes, part - 1).count
        part -= 1
    index[0] = (node_at(&list.nodes, part - 1).count if part else list.head.count) - behind
    return part


cdef size_t part_of(const LongList *list, size_t *index) noexcept nogil:
    cdef size_t part = 1
    if index[0] > list.count // 2:
        return part_from_behind(list, index)
    if list.head != NULL:
        if index[0] < list.head.count:
            return 0
        index[0] -= list.head.count
    while part <= list.nodes.used and index[0] >= node_at(&list.nodes, part - 1).count:
        index[0] -= node_at(&list.nodes, part - 1).count
        part += 1
    return part


cdef ListPlace place_of(const LongList *list, size_t index) noexcept nogil:
    cdef ListStretch stretch
    cdef ListPlace place
    place.part = part_of(list, &index)
    stretch_open(list, place.part, &stretch)
    stretch_skip(&stretch, index)
    place.at = stretch.at
    stretch_close(&stretch)
    return place


cdef bint stretch_find(ListStretch *stretch, const PackCode *code, Slice text) noexcept nogil:
    """Advances to the first element equal to the text."""
    while stretch.count:
        if stretch_equals(stretch, code, text):
            return True
        stretch_skip(stretch, 1)
    return False


cdef bint long_find(const LongList *list, Slice text, ListPlace *place) noexcept nogil:
    cdef ListStretch stretch
    cdef PackCode code
    cdef size_t part
    cdef bint found
    pack_code(&code, text)
    for part in range(part_count(list)):
        if not stretch_open(list, part, &stretch):
            continue
        found = stretch_find(&stretch, &code, text)
        stretch_close(&stretch)
        if found:
            place.part = part
            place.at = stretch.at
            return True
    return False


cdef ListPlace place_behind(const LongList *list, ListPlace place) noexcept nogil:
    cdef ListStretch stretch
    stretch_open(list, place.part, &stretch)
    if stretch.bytes == NULL:
        place.at = 1
    else:
        stretch.at = place.at
        stretch.count = 2
        stretch_skip(&stretch, 1)
        place.at = stretch.at
    stretch_close(&stretch)
    return place


# ---- runs and nodes ----

cdef inline bint is_overfull(const Run *run, const ListLimits *limits) noexcept nogil:
    return run_used(run) > 2 * limits.bytes or run.count > 2 * limits.count


cdef bint may_compress(const LongList *list, size_t index, const ListLimits *limits) noexcept nogil:
    return limits.depth > 0 and index + 1 >= limits.depth and index + limits.depth <= list.nodes.used


cdef void compress_node(LongList *list, size_t index, const ListLimits *limits) noexcept nogil:
    if index < list.nodes.used and may_compress(list, index, limits):
        own_block(list, node_at(&list.nodes, index))
        node_compress(node_at(&list.nodes, index))


cdef void compress_behind(LongList *list, bint front, const ListLimits *limits) noexcept nogil:
    """After a node was added at an end, compresses the node that is now far enough from that end."""
    if limits.depth == 0 or limits.depth > list.nodes.used:
        return
    compress_node(list, limits.depth - 1 if front else list.nodes.used - limits.depth, limits)


cdef size_t head_share(const Run *run, size_t stop, const ListLimits *limits, size_t *count) noexcept nogil:
    """Returns where, in the run at the head, the last elements that fit in one node begin."""
    cdef size_t at = run.end, before
    count[0] = 0
    while at > stop and count[0] < limits.count:
        before = pack_before(run_bytes(run), at)
        if count[0] and run.end - before > limits.bytes:
            break
        at = before
        count[0] += 1
    return at


cdef size_t tail_share(const Run *run, size_t stop, const ListLimits *limits, size_t *count) noexcept nogil:
    """Returns where, in the run at the tail, the first elements that fit in one node end."""
    cdef size_t at = run.begin, behind
    count[0] = 0
    while at < stop and count[0] < limits.count:
        behind = run_next(run, at)
        if count[0] and behind - run.begin > limits.bytes:
            break
        at = behind
        count[0] += 1
    return at


cdef void seal_share(LongList *list, bint front, size_t stop, const ListLimits *limits) noexcept nogil:
    """Turns as many of the run's inner elements as fit in one node, but none past ``stop``, into a node."""
    cdef Run *run = end_of(list, front)[0]
    cdef size_t at, count
    cdef Pack *pack
    if front:
        at = head_share(run, stop, limits, &count)
        pack = run_sealed(run, at, run.end, count)
        run.end = at
    else:
        at = tail_share(run, stop, limits, &count)
        pack = run_sealed(run, run.begin, at, count)
        run.begin = at
    run.count -= count
    nodes_insert(&list.nodes, 0 if front else list.nodes.used, node_packed(pack, count))
    compress_behind(list, front, limits)


cdef void spill(LongList *list, bint front, const ListLimits *limits) noexcept nogil:
    cdef Run *run = end_of(list, front)[0]
    while is_overfull(run, limits):
        seal_share(list, front, run.begin if front else run.end, limits)


cdef void seal_until(LongList *list, bint front, size_t stop, const ListLimits *limits) noexcept nogil:
    """Turns all of the run's inner elements up to ``stop`` into nodes; removes the run if it has no others."""
    cdef Run *run = end_of(list, front)[0]
    while (run.end > stop) if front else (run.begin < stop):
        seal_share(list, front, stop, limits)
    if run.count == 0:
        clear_run(end_of(list, front))


cdef Run *run_from_node(LongList *list, bint front) noexcept nogil:
    cdef size_t index = 0 if front else list.nodes.used - 1
    cdef Node *node = node_at(&list.nodes, index)
    cdef Pack *scratch
    cdef Run *run
    if node.kind == NODE_PLAIN:
        return NULL
    run = run_unsealed(node_pack(node, &scratch))
    if scratch != NULL:
        pack_free(scratch)
    own_block(list, node)
    node_free(node)
    nodes_take(&list.nodes, index, 1)
    end_of(list, front)[0] = run
    return run


cdef inline Run *end_run(LongList *list, bint front) noexcept nogil:
    """Returns the run with the element at this end of the list, made from a node if needed; NULL for a plain node."""
    if likely(end_of(list, front)[0] != NULL):
        return end_of(list, front)[0]
    if list.nodes.used:
        return run_from_node(list, front)
    return end_of(list, not front)[0]


cdef void drop_empty_runs(LongList *list) noexcept nogil:
    if list.head != NULL and list.head.count == 0:
        clear_run(&list.head)
    if list.tail != NULL and list.tail.count == 0:
        clear_run(&list.tail)


# ---- changes at the ends ----

cdef void push_plain(LongList *list, Slice text, bint front, const ListLimits *limits) noexcept nogil:
    cdef Run *run = end_of(list, front)[0]
    if run != NULL:
        seal_until(list, front, run.begin if front else run.end, limits)
    nodes_insert(&list.nodes, 0 if front else list.nodes.used, node_plain(text))
    compress_behind(list, front, limits)


cdef void long_push(LongList *list, Slice text, bint front, const ListLimits *limits) noexcept nogil:
    cdef Run **run = end_of(list, front)
    cdef PackCode code
    list.count += 1
    if text.size > limits.bytes:
        push_plain(list, text, front, limits)
        return
    if run[0] == NULL:
        run[0] = run_new(FIRST_ROOM, front)
    pack_code(&code, text)
    run_push(run, &code, front)
    if is_overfull(run[0], limits):
        spill(list, front, limits)


cdef Slice long_peek(LongList *list, bint front, char *scratch) noexcept nogil:
    cdef Run *run = end_run(list, front)
    if run == NULL:
        return plain_text(node_at(&list.nodes, 0 if front else list.nodes.used - 1))
    return pack_text(run_bytes(run), run.begin if front else pack_before(run_bytes(run), run.end), scratch)


cdef void long_drop(LongList *list, bint front) noexcept nogil:
    cdef Run *run = end_run(list, front)
    cdef size_t index
    list.count -= 1
    if run == NULL:
        index = 0 if front else list.nodes.used - 1
        own_block(list, node_at(&list.nodes, index))
        node_free(node_at(&list.nodes, index))
        nodes_take(&list.nodes, index, 1)
        return
    run_drop(run, front)
    if run.count == 0:
        drop_empty_runs(list)


cdef size_t drop_from_run(Run **run, size_t count, bint front) noexcept nogil:
    """Drops up to ``count`` elements from a run, which may be missing; returns how many."""
    cdef size_t at
    if run[0] == NULL:
        return 0
    if count >= run[0].count:
        count = run[0].count
        clear_run(run)
        return count
    at = run_seek(run[0], count if front else run[0].count - count)
    if front:
        run_delete(run[0], run[0].begin, at, count)
    else:
        run_delete(run[0], at, run[0].end, count)
    return count


cdef size_t drop_nodes(LongList *list, size_t count, bint front) noexcept nogil:
    """Drops entire nodes, with at most ``count`` elements together; returns how many elements they had."""
    cdef size_t nodes = 0, dropped = 0
    cdef Node *node
    while nodes < list.nodes.used:
        node = node_at(&list.nodes, nodes if front else list.nodes.used - 1 - nodes)
        if node.count > count - dropped:
            break
        dropped += node.count
        own_block(list, node)
        node_free(node)
        nodes += 1
    if nodes:
        nodes_take(&list.nodes, 0 if front else list.nodes.used - nodes, nodes)
    return dropped


cdef void drop_from_node(LongList *list, size_t count, bint front) noexcept nogil:
    """Drops ``count`` elements, but not all, of the node at the end."""
    cdef Node *node = own_node(list, 0 if front else list.nodes.used - 1)
    cdef Pack *pack = <Pack *> node.block
    pack_delete(&pack, PACK_HEADER if front else pack_seek(pack, node.count - count), count)
    node.block = pack
    node.count -= count


cdef void long_drop_many(LongList *list, size_t count, bint front) noexcept nogil:
    list.count -= count
    count -= drop_from_run(end_of(list, front), count, front)
    count -= drop_nodes(list, count, front)
    if count and list.nodes.used:
        drop_from_node(list, count, front)
    elif count:
        drop_from_run(end_of(list, not front), count, front)
