"""SORT and SORT_RO: sort the elements of a list, set or sorted set by themselves or by values at keys named after them.

All elements are copied first, so that lookups of other keys may move or free the originals. The sort is stable; if
LIMIT requests only a small part of the elements, only those are sorted.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport qsort
from libc.string cimport memchr, memcpy, memset

from pyredis._resp cimport Replied, reply_array, reply_error, reply_integer, reply_null, reply_slice
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_LIST, changed, count_as
from pyredis.call.errors cimport integer_argument, reply_syntax_error, reply_wrong_type
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_read, lookup_write
from pyredis.call.permissions cimport Rights, may_read_any_key, rights_of
from pyredis.commands.generic.sort_patterns cimport (
    Pattern,
    PatternLookup,
    lookup_begin,
    lookup_end,
    lookup_pattern,
    pattern_is_constant,
    pattern_of,
)
from pyredis.commands.key_changes cimport delete_key
from pyredis.ground.base cimport Slice, equals_nocase, literal, slice_compare, slice_of
from pyredis.ground.doubles cimport parse_double
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.keyspace cimport LIST, SET, ZSET, Entry, ValueKind, entry_pointer, keyspace_set_value
from pyredis.keyspace.parts cimport Part, PartIterator, parts_count, parts_end, parts_iterate, parts_next
from pyredis.types.list.list cimport List, list_limits, list_new, list_push, list_size
from pyredis.types.list.list_long cimport ListLimits

cdef enum:
    CHUNK = 1 << 16
    # If fewer than one in this many elements are needed, the others are not sorted.
    SELECT_BELOW = 4

cdef const char *BLANKS = " \t\n\v\f\r"

# Memory for the copies, released together.
ctypedef struct Chunk:
    Chunk *before
    size_t size             # of the entire block
    size_t used

ctypedef struct Item:
    Slice element
    Slice weight            # the sort key with ALPHA; `data` NULL sorts before everything
    double score            # the sort key without ALPHA
    size_t order            # its original position

ctypedef struct Sorting:
    Call *call
    bint may_store
    # the request
    bint descending
    bint alpha
    bint unsorted           # BY a constant
    int by                  # arguments: the pattern of BY, the key of STORE; 0 for none
    int store
    int64_t offset
    int64_t limit           # negative: none
    Pattern *gets
    size_t get_count
    # the elements; of `count` items those in [begin, end) are requested
    Item *items
    size_t count
    size_t room
    size_t begin
    size_t end
    Chunk *chunks
    PatternLookup lookup


# ---- options ----

cdef bint refuse(Call *call, const char *text) noexcept nogil:
    reply_error(call.reply, text)
    call.failed = True
    return False


cdef bint may_use_patterns(const Call *call) noexcept nogil:
    """Returns whether the client's user may read any key, because a pattern may name any."""
    cdef const Rights *rights = rights_of(call.server, call.client)
    return rights == NULL or may_read_any_key(rights, call.command, call.argc, call.argv)


cdef bint value_option(Sorting *sorting, int at) noexcept nogil:
    """Parses the option at argument ``at``, which is not the last argument; returns False if it is unknown, or if an
    error has been replied."""
    cdef Call *call = sorting.call
    cdef Slice word = call.argv[at]
    if equals_nocase(word, "by"):
        sorting.by = at + 1
        if pattern_is_constant(call.argv[at + 1]):
            sorting.unsorted = True
        elif not may_use_patterns(call):
            return refuse(call, "ERR BY option of SORT denied due to insufficient ACL permissions.")
    elif equals_nocase(word, "get"):
        if not may_use_patterns(call):
            return refuse(call, "ERR GET option of SORT denied due to insufficient ACL permissions.")
        sorting.gets[sorting.get_count] = pattern_of(sorting.call.argv[at + 1])
        sorting.get_count += 1
    elif sorting.may_store and equals_nocase(word, "store"):
        sorting.store = at + 1
    else:
        return False
    return True


cdef int option(Sorting *sorting, int at) noexcept nogil:
    """Parses the option at ``at``; returns how many arguments it has with itself, or 0 after replying with an error."""
    cdef Call *call = sorting.call
    cdef int behind = call.argc - at - 1
    if equals_nocase(call.argv[at], "asc") or equals_nocase(call.argv[at], "desc"):
        sorting.descending = equals_nocase(call.argv[at], "desc")
        return 1
    if equals_nocase(call.argv[at], "alpha"):
        sorting.alpha = True
        return 1
    if equals_nocase(call.argv[at], "limit") and behind >= 2:
        if integer_argument(call, at + 1, &sorting.offset) and integer_argument(call, at + 2, &sorting.limit):
            return 3
        return 0
    if behind >= 1 and value_option(sorting, at):
        return 2
    if not call.failed:
        reply_syntax_error(call)
    return 0


cdef bint options(Sorting *sorting) noexcept nogil:
    cdef int at = 2, taken
    while at < sorting.call.argc:
        taken = option(sorting, at)
        if taken == 0:
            return False
        at += taken
    return True


# ---- loading ----

cdef Slice keep(Sorting *sorting, Slice text) noexcept nogil:
    """Returns a copy that lives as long as the sorting."""
    cdef Chunk *chunk = sorting.chunks
    cdef size_t size
    cdef char *place
    if chunk == NULL or chunk.size - chunk.used < text.size:
        size = max(<size_t> CHUNK, sizeof(Chunk) + text.size)
        chunk = <Chunk *> mem_alloc(size)
        chunk.before = sorting.chunks
        chunk.size = size
        chunk.used = sizeof(Chunk)
        sorting.chunks = chunk
    place = <char *> chunk + chunk.used
    memcpy(place, text.data, text.size)
    chunk.used += text.size
    return slice_of(place, text.size)


cdef void load(Sorting *sorting, Slice element) noexcept nogil:
    cdef Item *item = &sorting.items[sorting.count]
    item.element = keep(sorting, element)
    item.weight = slice_of(NULL, 0)
    item.score = 0
    item.order = sorting.count
    sorting.count += 1


cdef void load_parts(Sorting *sorting, ValueKind kind, void *value, size_t begin) noexcept nogil:
    cdef PartIterator iterator
    cdef Part part
    parts_iterate(&iterator, kind, value, begin, 0)
    while sorting.count < sorting.room and parts_next(&iterator, &part):
        offer_turn()
        load(sorting, part.text)
    parts_end(&iterator)


cdef void reverse(Sorting *sorting) noexcept nogil:
    cdef size_t low = 0, high = sorting.count
    cdef Item item
    while low + 1 < high:
        high -= 1
        item = sorting.items[low]
        sorting.items[low] = sorting.items[high]
        sorting.items[high] = item
        low += 1


cdef void set_range(Sorting *sorting, size_t size) noexcept nogil:
    """Applies LIMIT to ``size`` elements."""
    sorting.begin = min(<size_t> max(sorting.offset, <int64_t> 0), size)
    sorting.end = size
    if sorting.limit >= 0:
        sorting.end = sorting.begin + min(<size_t> sorting.limit, size - sorting.begin)


cdef void load_all(Sorting *sorting, const Entry *entry) noexcept nogil:
    """Loads the elements; if they keep the order of the value, only the requested ones, in that order."""
    cdef size_t size = 0, begin = 0
    if entry != NULL:
        size = parts_count(<ValueKind> entry.type, entry_pointer(entry))
    set_range(sorting, size)
    sorting.room = size
    if sorting.unsorted and entry != NULL and entry.type != SET:
        begin = size - sorting.end if sorting.descending else sorting.begin
        sorting.room = sorting.end - sorting.begin
        sorting.begin = 0
        sorting.end = sorting.room
    sorting.items = <Item *> mem_alloc(sorting.room * sizeof(Item))
    if sorting.room == 0:
        return
    load_parts(sorting, <ValueKind> entry.type, entry_pointer(entry), begin)
    if sorting.unsorted and entry.type != SET and sorting.descending:
        reverse(sorting)


# ---- weights ----

cdef Slice c_string(Slice text) noexcept nogil:
    """Returns the text up to its first NUL, as C's string functions see it."""
    cdef const char *end = <const char *> memchr(text.data, 0, text.size)
    return slice_of(text.data, end - text.data) if end != NULL else text


cdef bint parse_score(Slice text, double *score) noexcept nogil:
    """Parses a number as strtod does: blanks may precede it, and an empty text is 0."""
    cdef size_t blanks = 0
    text = c_string(text)
    score[0] = 0
    if text.size == 0:
        return True
    while blanks < text.size and memchr(BLANKS, text.data[blanks], 6) != NULL:
        blanks += 1
    return parse_double(slice_of(text.data + blanks, text.size - blanks), score)


cdef bint weigh(Sorting *sorting, Item *item, const Pattern *by) noexcept nogil:
    """Finds the item's weight or score; returns False if it has to be a number and is not."""
    cdef Slice weight = item.element
    if by != NULL and not lookup_pattern(&sorting.lookup, by, item.element, &weight):
        return True
    if not sorting.alpha:
        return parse_score(weight, &item.score)
    # A stored result must not depend on the locale; therefore Redis compares all bytes, not C strings, with STORE.
    if not sorting.store:
        weight = c_string(weight)
    item.weight = keep(sorting, weight) if by != NULL else weight
    return True


cdef bint weigh_all(Sorting *sorting) noexcept nogil:
    cdef Pattern by
    cdef size_t i
    if sorting.by:
        by = pattern_of(sorting.call.argv[sorting.by])
    for i in range(sorting.count):
        offer_turn()
        if not weigh(sorting, &sorting.items[i], &by if sorting.by else NULL):
            return False
    return True


# ---- sorting ----

ctypedef int (*Order)(const void *a, const void *b) noexcept nogil


cdef inline int by_score(const Item *a, const Item *b) noexcept nogil:
    if a.score != b.score:
        return 1 if a.score > b.score else -1
    return slice_compare(a.element, b.element)


cdef inline int by_weight(const Item *a, const Item *b) noexcept nogil:
    if a.weight.data == NULL or b.weight.data == NULL:
        return (a.weight.data != NULL) - (b.weight.data != NULL)
    return slice_compare(a.weight, b.weight)


cdef inline int by_order(const Item *a, const Item *b) noexcept nogil:
    return (a.order > b.order) - (a.order < b.order)


cdef int numbers_up(const void *a, const void *b) noexcept nogil:
    cdef int order = by_score(<const Item *> a, <const Item *> b)
    offer_turn()
    return order if order else by_order(<const Item *> a, <const Item *> b)


cdef int numbers_down(const void *a, const void *b) noexcept nogil:
    cdef int order = by_score(<const Item *> b, <const Item *> a)
    offer_turn()
    return order if order else by_order(<const Item *> a, <const Item *> b)


cdef int texts_up(const void *a, const void *b) noexcept nogil:
    cdef int order = by_weight(<const Item *> a, <const Item *> b)
    offer_turn()
    return order if order else by_order(<const Item *> a, <const Item *> b)


cdef int texts_down(const void *a, const void *b) noexcept nogil:
    cdef int order = by_weight(<const Item *> b, <const Item *> a)
    offer_turn()
    return order if order else by_order(<const Item *> a, <const Item *> b)


cdef void sink(Item *heap, size_t count, size_t place, Order order) noexcept nogil:
    cdef Item item = heap[place]
    cdef size_t child = 2 * place + 1
    while child < count:
        if child + 1 < count and order(&heap[child + 1], &heap[child]) > 0:
            child += 1
        if order(&heap[child], &item) <= 0:
            break
        heap[place] = heap[child]
        place = child
        child = 2 * place + 1
    heap[place] = item


cdef void select(Item *items, size_t count, size_t first, Order order) noexcept nogil:
    """Moves the ``first`` items of the order to the front, with a heap whose top is the last of them."""
    cdef size_t i
    cdef Item item
    for i in range(first // 2, 0, -1):
        offer_turn()
        sink(items, first, i - 1, order)
    for i in range(first, count):
        offer_turn()
        if order(&items[i], &items[0]) < 0:
            item = items[i]
            items[i] = items[0]
            items[0] = item
            sink(items, first, 0, order)


cdef void put_in_order(Sorting *sorting) noexcept nogil:
    cdef Order order
    cdef size_t count = sorting.count
    if sorting.alpha:
        order = texts_down if sorting.descending else texts_up
    else:
        order = numbers_down if sorting.descending else numbers_up
    if 0 < sorting.end < count // SELECT_BELOW:
        select(sorting.items, count, sorting.end, order)
        count = sorting.end
    if count > 1:
        qsort(sorting.items, count, sizeof(Item), order)


# ---- replies ----

cdef void reply_values(Sorting *sorting, const Item *item) noexcept nogil:
    cdef size_t i
    cdef Slice value
    for i in range(sorting.get_count):
        if lookup_pattern(&sorting.lookup, &sorting.gets[i], item.element, &value):
            reply_slice(sorting.call.reply, value)
        else:
            reply_null(sorting.call.reply)


cdef Replied answer(Sorting *sorting) noexcept nogil:
    cdef size_t i, count = sorting.end - sorting.begin
    reply_array(sorting.call.reply, count * sorting.get_count if sorting.get_count else count)
    for i in range(sorting.begin, sorting.end):
        offer_turn()
        if sorting.get_count == 0:
            reply_slice(sorting.call.reply, sorting.items[i].element)
        else:
            reply_values(sorting, &sorting.items[i])
    return 0


cdef void push_values(Sorting *sorting, const Item *item, List **result, const ListLimits *limits) noexcept nogil:
    cdef size_t i
    cdef Slice value
    for i in range(sorting.get_count):
        if not lookup_pattern(&sorting.lookup, &sorting.gets[i], item.element, &value):
            value = literal("")
        list_push(result, &value, 1, False, limits)


cdef List *as_list(Sorting *sorting) noexcept nogil:
    """Returns the requested elements or values as a list; there must be at least one element."""
    cdef ListLimits limits = list_limits(
        sorting.call.server.settings.list_max_listpack_size, sorting.call.server.settings.list_compress_depth)
    cdef List *result = list_new(0, False)
    cdef size_t i
    for i in range(sorting.begin, sorting.end):
        offer_turn()
        if sorting.get_count == 0:
            list_push(&result, &sorting.items[i].element, 1, False, &limits)
        else:
            push_values(sorting, &sorting.items[i], &result, &limits)
    return result


cdef Replied store(Sorting *sorting) noexcept nogil:
    cdef Call *call = sorting.call
    cdef List *result = as_list(sorting) if sorting.begin < sorting.end else NULL
    cdef Entry *entry = lookup_write(call, sorting.store)
    if result != NULL:
        keyspace_set_value(&call.server.keyspace, call.database, call.argv[sorting.store],
                           key_hash(call, sorting.store), entry, LIST, result, -1)
        changed(call, sorting.store, EVENT_LIST, "sortstore")
        count_as(call, list_size(result))
        return reply_integer(call.reply, <int64_t> list_size(result))
    if entry != NULL:
        delete_key(call, sorting.store, entry, call.server.settings.lazy_server_del != 0)
    return reply_integer(call.reply, 0)


cdef Replied run(Sorting *sorting) noexcept nogil:
    cdef Entry *entry
    if not options(sorting):
        return 0
    entry = lookup_read(sorting.call, 1)
    if entry != NULL and entry.type != LIST and entry.type != SET and entry.type != ZSET:
        return reply_wrong_type(sorting.call)
    if sorting.unsorted and sorting.store and entry != NULL and entry.type == SET:
        # The order of a set's members is not reproducible, so a result that is stored must be sorted.
        sorting.unsorted = False
        sorting.alpha = True
        sorting.by = 0
    load_all(sorting, entry)
    if not sorting.unsorted:
        if not weigh_all(sorting):
            return reply_error(sorting.call.reply, "ERR One or more scores can't be converted into double")
        put_in_order(sorting)
    return store(sorting) if sorting.store else answer(sorting)


cdef void release(Sorting *sorting) noexcept nogil:
    cdef Chunk *chunk = sorting.chunks
    while chunk != NULL:
        sorting.chunks = chunk.before
        mem_free(chunk, chunk.size)
        chunk = sorting.chunks
    mem_free(sorting.items, sorting.room * sizeof(Item))


cdef Replied execute(Call *call, bint may_store) noexcept nogil:
    cdef Sorting sorting
    cdef size_t gets = call.argc * sizeof(Pattern)
    memset(&sorting, 0, sizeof(sorting))
    sorting.call = call
    sorting.may_store = may_store
    sorting.limit = -1
    sorting.gets = <Pattern *> mem_alloc(gets)
    lookup_begin(&sorting.lookup, call)
    run(&sorting)
    lookup_end(&sorting.lookup)
    release(&sorting)
    mem_free(sorting.gets, gets)
    return 0


cdef Replied sort(Call *call) noexcept nogil:
    return execute(call, True)


cdef Replied sort_ro(Call *call) noexcept nogil:
    return execute(call, False)


HANDLERS = {"sort": native(sort), "sort_ro": native(sort_ro)}
