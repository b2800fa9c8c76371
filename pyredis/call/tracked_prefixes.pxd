"""The prefixes that clients have asked for (BCAST), and the keys that have changed since the last broadcast.

The prefixes are a sorted array. All prefixes that a key begins with are on one chain: that of the last prefix that is
not after the key, which leads from each prefix to the longest shorter one. So a change costs one binary search and, if
anybody asked for the key, one insertion, however many prefixes there are. At the end of the iteration the changed keys
are sorted, and those of each prefix are a range of them.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.call.trackers cimport Prefix, Tracker, Tracking
from pyredis.ground.base cimport Slice
from pyredis.types.table.hashtable cimport Table

# A key that has changed since the last broadcast, and to which at least one prefix applied then.
ctypedef struct ChangedKey:
    int64_t writer              # the id of the client that changed it last; 0: none, or a script
    uint64_t number             # of that change
    size_t size
    # the key follows

cdef void changed_keys_init(Table *changed) noexcept nogil
# Records the change of a key, if any prefix applies to it.
cdef void changed_keys_note(Tracking *tracking, int64_t writer, Slice key, uint64_t hash) noexcept nogil
# Returns the changed keys, sorted, in an array that the caller frees; they stay in the table.
cdef ChangedKey **changed_keys_sorted(Tracking *tracking) noexcept nogil
cdef inline Slice changed_key_name(const ChangedKey *key) noexcept nogil:
    cdef Slice name
    name.data = <const char *> (key + 1)
    name.size = key.size
    return name

# Whether one of the texts begins with the other.
cdef bint prefixes_overlap(Slice a, Slice b) noexcept nogil
cdef bint begins_with(Slice text, Slice beginning) noexcept nogil
# Both must be followed by `prefixes_link` before the next change is noted. The first does nothing if the client has
# asked for the prefix already.
cdef void prefixes_add(Tracking *tracking, Tracker *tracker, Slice text) noexcept nogil
cdef void prefixes_leave(Tracking *tracking, Tracker *tracker) noexcept nogil
# Finds the next shorter prefix of each.
cdef void prefixes_link(Tracking *tracking) noexcept nogil
