"""Managing prefixes, and collecting changed keys; ``tracked_prefixes.pxd`` has the contract."""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport qsort
from libc.string cimport memcmp, memcpy, memmove

from pyredis.call.trackers cimport Prefix, Tracker, Tracking, prefix_text
from pyredis.ground.base cimport Slice, slice_compare
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_grow, mem_realloc, mem_zalloc
from pyredis.types.table.hashtable cimport (
    Table,
    TableIterator,
    TableType,
    table_get,
    table_init,
    table_insert,
    table_iterate,
    table_iterate_end,
    table_next,
    table_size,
)

cdef TableType _changed_type


cdef void _changed_key(const void *element, Slice *out) noexcept nogil:
    out[0] = changed_key_name(<const ChangedKey *> element)


cdef void _free_changed_key(void *element) noexcept nogil:
    mem_free(element, sizeof(ChangedKey) + (<ChangedKey *> element).size)


_changed_type.key = _changed_key
_changed_type.destroy = _free_changed_key


# ---- texts ----

cdef bint begins_with(Slice text, Slice beginning) noexcept nogil:
    return beginning.size <= text.size and memcmp(text.data, beginning.data, beginning.size) == 0


cdef bint prefixes_overlap(Slice a, Slice b) noexcept nogil:
    cdef size_t size = min(a.size, b.size)
    return memcmp(a.data, b.data, size) == 0


cdef size_t place_after(const Tracking *tracking, Slice text) noexcept nogil:
    """Returns how many prefixes are not after the text, in their order."""
    cdef size_t low = 0, high = tracking.prefix_count, middle
    while low < high:
        middle = (low + high) // 2
        if slice_compare(prefix_text(tracking.prefixes[middle]), text) <= 0:
            low = middle + 1
        else:
            high = middle
    return low


# ---- prefixes ----

cdef Prefix *insert_prefix(Tracking *tracking, size_t place, Slice text) noexcept nogil:
    cdef Prefix *prefix = <Prefix *> mem_zalloc(sizeof(Prefix) + text.size)
    prefix.since = tracking.changes
    prefix.size = text.size
    memcpy(<char *> (prefix + 1), text.data, text.size)
    if tracking.prefix_count == tracking.prefix_capacity:
        tracking.prefixes = <Prefix **> mem_grow(tracking.prefixes, &tracking.prefix_capacity, sizeof(Prefix *), 8)
    memmove(tracking.prefixes + place + 1, tracking.prefixes + place,
            (tracking.prefix_count - place) * sizeof(Prefix *))
    tracking.prefixes[place] = prefix
    tracking.prefix_count += 1
    return prefix


cdef void remove_prefix(Tracking *tracking, Prefix *prefix) noexcept nogil:
    cdef size_t place = place_after(tracking, prefix_text(prefix)) - 1
    tracking.prefix_count -= 1
    memmove(tracking.prefixes + place, tracking.prefixes + place + 1,
            (tracking.prefix_count - place) * sizeof(Prefix *))
    mem_free(prefix.trackers, prefix.capacity * sizeof(Tracker *))
    mem_free(prefix, sizeof(Prefix) + prefix.size)
    if tracking.prefix_count == 0:
        mem_free(tracking.prefixes, tracking.prefix_capacity * sizeof(Prefix *))
        tracking.prefixes = NULL
        tracking.prefix_capacity = 0


cdef bint insert_in_order(Tracker *tracker, Prefix *prefix) noexcept nogil:
    """Adds the prefix to the client's, in their order; false if it was among them."""
    cdef size_t place = 0
    cdef int order
    while place < tracker.prefix_count:
        order = slice_compare(prefix_text(tracker.prefixes[place]), prefix_text(prefix))
        if order == 0:
            return False
        if order > 0:
            break
        place += 1
    tracker.prefixes = <Prefix **> mem_realloc(tracker.prefixes, tracker.prefix_count * sizeof(Prefix *),
                                               (tracker.prefix_count + 1) * sizeof(Prefix *))
    memmove(tracker.prefixes + place + 1, tracker.prefixes + place,
            (tracker.prefix_count - place) * sizeof(Prefix *))
    tracker.prefixes[place] = prefix
    tracker.prefix_count += 1
    return True


cdef void prefixes_add(Tracking *tracking, Tracker *tracker, Slice text) noexcept nogil:
    cdef size_t place = place_after(tracking, text)
    cdef Prefix *prefix = tracking.prefixes[place - 1] if place else NULL
    if prefix == NULL or slice_compare(prefix_text(prefix), text) != 0:
        prefix = insert_prefix(tracking, place, text)
    if not insert_in_order(tracker, prefix):
        return
    if prefix.count == prefix.capacity:
        prefix.trackers = <Tracker **> mem_grow(prefix.trackers, &prefix.capacity, sizeof(Tracker *), 2)
    prefix.trackers[prefix.count] = tracker
    prefix.count += 1


cdef void leave(Tracking *tracking, Tracker *tracker, Prefix *prefix) noexcept nogil:
    cdef size_t index = 0
    while prefix.trackers[index] != tracker:
        index += 1
    prefix.count -= 1
    prefix.trackers[index] = prefix.trackers[prefix.count]
    if prefix.count == 0:
        remove_prefix(tracking, prefix)


cdef void prefixes_leave(Tracking *tracking, Tracker *tracker) noexcept nogil:
    cdef size_t index
    for index in range(tracker.prefix_count):
        leave(tracking, tracker, tracker.prefixes[index])
    mem_free(tracker.prefixes, tracker.prefix_count * sizeof(Prefix *))
    tracker.prefixes = NULL
    tracker.prefix_count = 0


cdef void prefixes_link(Tracking *tracking) noexcept nogil:
    cdef Prefix *prefix
    cdef Prefix *shorter = NULL
    cdef size_t index
    for index in range(tracking.prefix_count):
        prefix = tracking.prefixes[index]
        while shorter != NULL and not begins_with(prefix_text(prefix), prefix_text(shorter)):
            shorter = shorter.shorter
        prefix.shorter = shorter
        shorter = prefix


# ---- changed keys ----

cdef void changed_keys_init(Table *changed) noexcept nogil:
    table_init(changed, &_changed_type)


cdef bint concerns_anybody(const Tracking *tracking, Slice key) noexcept nogil:
    cdef size_t place = place_after(tracking, key)
    cdef const Prefix *prefix = tracking.prefixes[place - 1] if place else NULL
    while prefix != NULL and not begins_with(key, prefix_text(prefix)):
        prefix = prefix.shorter
    return prefix != NULL


cdef void changed_keys_note(Tracking *tracking, int64_t writer, Slice key, uint64_t hash) noexcept nogil:
    cdef ChangedKey *changed
    if not concerns_anybody(tracking, key):
        return
    changed = <ChangedKey *> table_get(&tracking.changed, key, hash)
    if changed == NULL:
        changed = <ChangedKey *> mem_alloc(sizeof(ChangedKey) + key.size)
        changed.size = key.size
        memcpy(<char *> (changed + 1), key.data, key.size)
        table_insert(&tracking.changed, changed, hash)
    tracking.changes += 1
    changed.number = tracking.changes
    changed.writer = writer


cdef int by_name(const void *a, const void *b) noexcept nogil:
    return slice_compare(changed_key_name((<const ChangedKey **> a)[0]), changed_key_name((<const ChangedKey **> b)[0]))


cdef ChangedKey **changed_keys_sorted(Tracking *tracking) noexcept nogil:
    cdef size_t count = table_size(&tracking.changed), index
    cdef ChangedKey **keys = <ChangedKey **> mem_alloc(count * sizeof(ChangedKey *))
    cdef TableIterator iterator
    table_iterate(&tracking.changed, &iterator)
    for index in range(count):
        keys[index] = <ChangedKey *> table_next(&iterator)
    table_iterate_end(&iterator)
    qsort(keys, count, sizeof(ChangedKey *), by_name)
    return keys
