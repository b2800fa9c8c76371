"""Adding clients to keys, and releasing keys; ``tracked_keys.pxd`` has the contract."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

from pyredis.call.trackers cimport Tracker
from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_zalloc
from pyredis.types.table.hashtable cimport Table, TableType, table_find, table_init, table_insert

cdef TableType _keys_type


cdef void _tracked_key(const void *element, Slice *out) noexcept nogil:
    out[0] = tracked_key(<const TrackedKey *> element)


_keys_type.key = _tracked_key
_keys_type.destroy = tracked_key_free


cdef void tracked_keys_init(Table *keys) noexcept nogil:
    table_init(keys, &_keys_type)


cdef Slice tracked_key(const TrackedKey *key) noexcept nogil:
    return slice_of(<const char *> (key + 1), key.size)


# ---- the trackers of a key ----

cdef Tracker **place_of(const TrackedKey *key, const Tracker *tracker) noexcept nogil:
    """Returns the place of the tracker, or the empty place where it belongs. There must be an empty place."""
    cdef size_t mask = key.room - 1
    cdef size_t at = 0
    if key.room > FEW:
        at = <size_t> ((<uint64_t> <size_t> tracker >> 4) * 0x9e3779b97f4a7c15ULL >> 32) & mask
    while key.trackers[at] != NULL and key.trackers[at] != tracker:
        at = (at + 1) & mask
    return key.trackers + at


cdef inline bint is_full(const TrackedKey *key) noexcept nogil:
    return key.count >= (key.room if key.room <= FEW else key.room // 2)


cdef uint32_t next_room(uint32_t room) noexcept nogil:
    if room == 0:
        return FEW // 2
    return 4 * FEW if room == FEW else 2 * room


cdef void grow(TrackedKey *key) noexcept nogil:
    """Makes room for more than one tracker, or for more than before."""
    cdef Tracker **before = key.trackers
    cdef uint32_t room = key.room, index
    key.room = next_room(room)
    key.trackers = <Tracker **> mem_zalloc(key.room * sizeof(Tracker *))
    if room == 0:
        place_of(key, key.one)[0] = key.one
        return
    for index in range(room):
        if before[index] != NULL:
            place_of(key, before[index])[0] = before[index]
    mem_free(before, room * sizeof(Tracker *))


cdef bint knows(const TrackedKey *key, const Tracker *tracker) noexcept nogil:
    cdef uint32_t index
    if key.room == 0:
        return key.one == tracker
    if key.room > FEW:
        return place_of(key, tracker)[0] == tracker
    for index in range(key.count):
        if key.trackers[index] == tracker:
            return True
    return False


# ---- keys ----

cdef void make_key(Table *keys, Tracker *tracker, Slice name, uint64_t hash) noexcept nogil:
    cdef TrackedKey *key = <TrackedKey *> mem_alloc(sizeof(TrackedKey) + name.size)
    memset(key, 0, sizeof(TrackedKey))
    key.one = tracker
    key.count = 1
    key.size = name.size
    memcpy(<char *> (key + 1), name.data, name.size)
    table_insert(keys, key, hash)


cdef bint tracked_keys_add(Table *keys, Tracker *tracker, Slice key, uint64_t hash) noexcept nogil:
    cdef void **slot = table_find(keys, key, hash)
    cdef TrackedKey *found
    if slot == NULL:
        make_key(keys, tracker, key, hash)
        tracker.keys += 1
        return True
    found = <TrackedKey *> slot[0]
    if knows(found, tracker):
        return False
    if is_full(found):
        grow(found)
    place_of(found, tracker)[0] = tracker
    found.count += 1
    tracker.keys += 1
    return True


cdef void tracked_key_free(void *element) noexcept nogil:
    cdef TrackedKey *key = <TrackedKey *> element
    cdef Tracker *tracker
    cdef uint32_t place
    for place in range(tracked_places(key)):
        tracker = tracker_at(key, place)
        if tracker != NULL:
            tracker.keys -= 1
            tracker_release(tracker)
    mem_free(key.trackers, key.room * sizeof(Tracker *))
    mem_free(key, sizeof(TrackedKey) + key.size)


cdef void tracker_release(Tracker *tracker) noexcept nogil:
    if tracker.client == NULL and tracker.keys == 0:
        mem_free(tracker, sizeof(Tracker))
