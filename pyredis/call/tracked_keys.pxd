"""The table of keys that clients have read and may keep a copy of, with the clients of each.

A key is remembered by its name alone, whatever the database, as in Redis. Most keys have one client, whose tracker is
in the struct itself. More are in an array: up to FEW in no order, more than that as a hash table by address that is at
most half full.
"""

from libc.stdint cimport uint32_t, uint64_t

from pyredis.call.trackers cimport Tracker
from pyredis.ground.base cimport Slice
from pyredis.types.table.hashtable cimport Table

cdef enum:
    FEW = 8

ctypedef struct TrackedKey:
    Tracker *one                # its only tracker while `room` is 0
    Tracker **trackers          # `room` places, some of them NULL
    uint32_t count
    uint32_t room
    size_t size
    # the key follows

cdef void tracked_keys_init(Table *keys) noexcept nogil
# Remembers that the client has read the key; returns false if that was known. `hash` is the key's.
cdef bint tracked_keys_add(Table *keys, Tracker *tracker, Slice key, uint64_t hash) noexcept nogil
cdef Slice tracked_key(const TrackedKey *key) noexcept nogil
# The trackers of a key: for each place from 0 to `tracked_places`, one or NULL.
cdef inline uint32_t tracked_places(const TrackedKey *key) noexcept nogil:
    return key.room if key.room else 1
cdef inline Tracker *tracker_at(const TrackedKey *key, uint32_t place) noexcept nogil:
    return key.trackers[place] if key.room else key.one
# Releases a key that is in no table. Frees trackers whose client has gone if no other key remembers them.
cdef void tracked_key_free(void *key) noexcept nogil
# Frees a tracker if its client has gone and no key remembers it.
cdef void tracker_release(Tracker *tracker) noexcept nogil
