"""The list in its two forms; ``list.pxd`` describes them and has the contracts.

A short list is read and changed as a long one that has only a run at its head: a ``LongList`` on the stack, from which
the run is taken back afterwards. This works because any change that could turn parts of the run into nodes first makes
the list long (``list_expect``).
"""

from libc.stdint cimport int64_t
from libc.string cimport memset

from pyredis.ground.base cimport Slice, likely
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.types.list.list_editing cimport long_insert, long_remove_equal, long_replace
from pyredis.types.list.list_long cimport (
    LONG_FORM,
    ListPlace,
    long_copy,
    long_drop,
    long_drop_many,
    long_find,
    long_free_some,
    long_memory,
    long_new,
    long_peek,
    long_push,
    long_shortened,
    long_sound,
    part_count,
    part_of,
    place_behind,
    place_of,
    stretch_close,
    stretch_equals,
    stretch_open,
    stretch_skip,
)
from pyredis.types.list.list_run cimport (
    RUN_HEADER,
    Run,
    run_bytes,
    run_copy,
    run_drop,
    run_fit,
    run_free,
    run_memory,
    run_new,
    run_push,
    run_reserve,
    run_sound,
    run_used,
)
from pyredis.types.packs.listpack cimport PackCode, code_room, pack_before, pack_code, pack_text

cdef enum:
    # list-max-listpack-size from -1 to -5 means 4, 8, 16, 32 and 64 KiB. If it is a number of elements, a node is also
    # limited to 8 KiB.
    BYTES_AT_LEAST = 4096
    BYTES_BY_COUNT = 8192
    SMALLEST_SIZE = -5
    COUNT_MAX = 1 << 30
    # Size of an empty listpack in Redis, which is part of what Redis compares with the limit.
    LISTPACK_BYTES = 7
    # Most elements that are pushed on a run after one check of its room.
    TOGETHER = 16

ctypedef void (*Found)(void *context, size_t index) noexcept nogil


cdef ListLimits list_limits(int64_t size, int64_t depth) noexcept nogil:
    cdef ListLimits limits
    limits.depth = <size_t> max(depth, <int64_t> 0)
    if size < 0:
        limits.bytes = <size_t> BYTES_AT_LEAST << (-1 - max(size, <int64_t> SMALLEST_SIZE))
        limits.half_bytes = limits.bytes // 2
        limits.count = COUNT_MAX
        limits.half_count = COUNT_MAX
    else:
        limits.bytes = BYTES_BY_COUNT
        limits.half_bytes = limits.bytes
        limits.count = <size_t> min(max(size, <int64_t> 1), <int64_t> COUNT_MAX)
        limits.half_count = limits.count // 2
    return limits


# ---- the forms ----

cdef inline bint is_long(const void *list) noexcept nogil:
    return ((<const List *> list).form & LONG_FORM) != 0


cdef inline Run *run_of(const void *list) noexcept nogil:
    return <Run *> list


cdef inline LongList *long_of(const void *list) noexcept nogil:
    return <LongList *> list


cdef const LongList *seen_as_long(const List *list, LongList *own) noexcept nogil:
    if is_long(list):
        return long_of(list)
    memset(own, 0, sizeof(LongList))
    own.head = run_of(list) if run_of(list).count else NULL
    own.count = run_of(list).count
    return own


cdef LongList *opened(List **list, LongList *own) noexcept nogil:
    """Returns the list as a long one that may be changed; ``closed`` must follow."""
    return <LongList *> seen_as_long(list[0], own)


cdef void closed(List **list, const LongList *opening, LongList *own) noexcept nogil:
    """Takes back the run of a short list. Does not read ``list[0]``, a run that may have moved."""
    if opening == own:
        list[0] = <List *> (own.head if own.head != NULL else run_new(0, False))


cdef void make_long(List **list, bint front) noexcept nogil:
    list[0] = <List *> long_new(run_of(list[0]), front)


cdef void list_expect(List **list, size_t bytes, size_t count, bint front, const ListLimits *limits) noexcept nogil:
    if is_long(list[0]):
        return
    if LISTPACK_BYTES + run_used(run_of(list[0])) + bytes > limits.bytes or \
            run_of(list[0]).count + count > limits.count:
        make_long(list, front)


# ---- the list ----

cdef List *list_new(size_t room, bint front) noexcept nogil:
    return <List *> run_new(room, front)


cdef void *list_copy(const void *list) noexcept nogil:
    if is_long(list):
        return long_copy(long_of(list))
    return run_copy(run_of(list))


cdef bint list_free_some(void *list, size_t budget) noexcept nogil:
    if is_long(list):
        return long_free_some(long_of(list), budget)
    run_free(run_of(list))
    return True


cdef void list_free(List *list) noexcept nogil:
    list_free_some(list, <size_t> -1)


cdef size_t list_effort(const void *list) noexcept nogil:
    return part_count(long_of(list)) if is_long(list) else 1


cdef const char *list_encoding(const void *list) noexcept nogil:
    return "quicklist" if is_long(list) else "listpack"


cdef size_t list_memory(const void *list) noexcept nogil:
    return long_memory(long_of(list)) if is_long(list) else run_memory(run_of(list))


cdef size_t list_size(const List *list) noexcept nogil:
    return long_of(list).count if is_long(list) else run_of(list).count


cdef bint list_is_long(const List *list) noexcept nogil:
    return is_long(list)


cdef bint list_sound(const List *list) noexcept nogil:
    return long_sound(long_of(list)) if is_long(list) else run_sound(run_of(list))


# ---- the ends ----

cdef void push_some(Run **run, const Slice *texts, size_t count, bint front) noexcept nogil:
    """Pushes at most TOGETHER texts. A run without room, as in a new list, gets exactly the room that they need."""
    cdef PackCode codes[TOGETHER]
    cdef size_t room = 0, index
    for index in range(count):
        pack_code(&codes[index], texts[index])
        room += code_room(&codes[index], True)
    if run[0].capacity == RUN_HEADER:
        run_free(run[0])
        run[0] = run_new(room, front)
    else:
        run_reserve(run, room, front)
    for index in range(count):
        run_push(run, &codes[index], front)


cdef void push_short(Run **run, const Slice *texts, size_t count, bint front) noexcept nogil:
    cdef size_t some
    while count:
        some = min(count, <size_t> TOGETHER)
        push_some(run, texts, some, front)
        texts += some
        count -= some


cdef void list_push(List **list, const Slice *texts, size_t count, bint front, const ListLimits *limits) noexcept nogil:
    cdef size_t bytes = 0, index
    for index in range(count):
        bytes += texts[index].size
    list_expect(list, bytes, count, front, limits)
    if not is_long(list[0]):
        push_short(<Run **> list, texts, count, front)
        return
    for index in range(count):
        long_push(long_of(list[0]), texts[index], front, limits)


cdef Slice list_peek(List *list, bint front, char *scratch) noexcept nogil:
    cdef Run *run = run_of(list)
    if is_long(list):
        return long_peek(long_of(list), front, scratch)
    return pack_text(run_bytes(run), run.begin if front else pack_before(run_bytes(run), run.end), scratch)


cdef void list_drop(List *list, bint front) noexcept nogil:
    if is_long(list):
        long_drop(long_of(list), front)
    else:
        run_drop(run_of(list), front)


cdef void drop_all(Run *run) noexcept nogil:
    run.count = 0
    run.end = run.begin


cdef void list_drop_many(List *list, size_t count, bint front) noexcept nogil:
    if is_long(list):
        long_drop_many(long_of(list), count, front)
    elif count == run_of(list).count:
        drop_all(run_of(list))
    else:
        while count:
            run_drop(run_of(list), front)
            count -= 1


cdef void list_shrink(List **list, const ListLimits *limits) noexcept nogil:
    cdef Run *run
    if not is_long(list[0]):
        run_fit(<Run **> list)
        return
    if long_of(list[0]).count == 0:
        return
    run = long_shortened(long_of(list[0]), limits)
    if run != NULL:
        list[0] = <List *> run
        run_fit(<Run **> list)


# ---- anywhere ----

cdef void list_set(List **list, size_t index, Slice text, const ListLimits *limits) noexcept nogil:
    cdef LongList own
    cdef LongList *opening
    list_expect(list, text.size, 1, True, limits)
    opening = opened(list, &own)
    long_replace(opening, place_of(opening, index), text, limits)
    closed(list, opening, &own)


cdef bint list_insert(List **list, Slice pivot, Slice text, bint behind, const ListLimits *limits) noexcept nogil:
    cdef LongList own
    cdef LongList *opening
    cdef ListPlace place
    list_expect(list, text.size, 1, True, limits)
    opening = opened(list, &own)
    if not long_find(opening, pivot, &place):
        return False
    if behind:
        place = place_behind(opening, place)
    long_insert(opening, place, text, limits)
    closed(list, opening, &own)
    return True


cdef size_t list_remove(List **list, Slice text, size_t limit, bint front, const ListLimits *limits) noexcept nogil:
    cdef LongList own
    cdef LongList *opening = opened(list, &own)
    cdef size_t removed = long_remove_equal(opening, text, limit, front, limits)
    closed(list, opening, &own)
    return removed


# ---- reading ----

cdef bint next_part(ListIterator *iterator) noexcept nogil:
    """Opens the next part that exists; returns false if there is none."""
    if iterator.is_open:
        stretch_close(&iterator.stretch)
    iterator.is_open = False
    while not iterator.is_open and iterator.part < part_count(iterator.list):
        iterator.is_open = stretch_open(iterator.list, iterator.part, &iterator.stretch)
        iterator.part += 1
    return iterator.is_open


cdef void list_iterate(const List *list, size_t index, ListIterator *iterator) noexcept nogil:
    iterator.list = seen_as_long(list, &iterator.own)
    iterator.is_open = False
    iterator.returned = False
    iterator.part = part_count(iterator.list)
    if index < iterator.list.count:
        iterator.part = part_of(iterator.list, &index)
        next_part(iterator)
        stretch_skip(&iterator.stretch, index)


cdef bint list_next(ListIterator *iterator, ListItem *out) noexcept nogil:
    if not iterator.is_open:
        return False
    while iterator.stretch.count == 0:
        if not next_part(iterator):
            return False
    if likely(iterator.stretch.bytes != NULL):
        out.text = pack_text(iterator.stretch.bytes, iterator.stretch.at, out.digits)
    else:
        out.text = iterator.stretch.plain
    stretch_skip(&iterator.stretch, 1)
    return True


cdef const ListStretch *list_next_stretch(ListIterator *iterator) noexcept nogil:
    if iterator.returned and not next_part(iterator):
        return NULL
    iterator.returned = True
    return &iterator.stretch if iterator.is_open else NULL


cdef void list_iterate_end(ListIterator *iterator) noexcept nogil:
    if iterator.is_open:
        stretch_close(&iterator.stretch)
    iterator.is_open = False


# ---- positions ----

ctypedef struct Search:
    Slice text
    PackCode code
    size_t skip
    size_t left             # how many more are wanted
    size_t reported
    Found found
    void *context


cdef inline void report(Search *search, size_t index) noexcept nogil:
    if search.skip:
        search.skip -= 1
        return
    search.found(search.context, index)
    search.left -= 1
    search.reported += 1


cdef size_t search_forward(const LongList *list, Search *search, size_t within) noexcept nogil:
    cdef ListStretch stretch
    cdef size_t part, index = 0
    for part in range(part_count(list)):
        if not stretch_open(list, part, &stretch):
            continue
        while stretch.count and index < within and search.left:
            if stretch_equals(&stretch, &search.code, search.text):
                report(search, index)
            stretch_skip(&stretch, 1)
            index += 1
        stretch_close(&stretch)
        if index == within or search.left == 0:
            break
    return search.reported


cdef void report_backward(ListStretch *stretch, size_t first, size_t least, Search *search) noexcept nogil:
    """Reports the matches in a part from back to front.

    The indexes of its elements start at ``first``; those below ``least`` are skipped. Matches are collected in forward
    order first, because nodes can only be walked forward.
    """
    cdef size_t size = stretch.count * sizeof(size_t), matches = 0, index = first
    cdef size_t *noted = <size_t *> mem_alloc(size)
    while stretch.count:
        if index >= least and stretch_equals(stretch, &search.code, search.text):
            noted[matches] = index
            matches += 1
        stretch_skip(stretch, 1)
        index += 1
    while matches and search.left:
        matches -= 1
        report(search, noted[matches])
    mem_free(noted, size)


cdef size_t search_backward(const LongList *list, Search *search, size_t within) noexcept nogil:
    cdef ListStretch stretch
    cdef size_t part = part_count(list), behind = list.count
    cdef size_t least = list.count - within
    while part and behind > least and search.left:
        part -= 1
        if not stretch_open(list, part, &stretch):
            continue
        behind -= stretch.count
        report_backward(&stretch, behind, least, search)
        stretch_close(&stretch)
    return search.reported


cdef size_t list_positions(const List *list, Slice text, bint front, size_t skip, size_t limit, size_t within,
                           Found found, void *context) noexcept nogil:
    cdef LongList own
    cdef const LongList *looked_at = seen_as_long(list, &own)
    cdef Search search
    search.text = text
    search.skip = skip
    search.left = limit
    search.reported = 0
    search.found = found
    search.context = context
    pack_code(&search.code, text)
    within = min(within, looked_at.count)
    if front:
        return search_forward(looked_at, &search, within)
    return search_backward(looked_at, &search, within)
