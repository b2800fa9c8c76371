"""The one path of every change: versions for WATCH, waiting clients, clients that cache, the count, keyspace events.

A writing handler ends with ``changed``. Everything that depends on changes is done here, so that a new command gets all
of it.
"""

from libc.stdint cimport uint64_t

from pyredis.call.call cimport Call
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Database

# Classes of keyspace events, as notify-keyspace-events names them.
cdef enum Event:
    EVENT_TO_KEYSPACE = 1 << 0  # K: published to the channel of the key
    EVENT_TO_KEYEVENT = 1 << 1  # E: published to the channel of the event
    EVENT_GENERIC = 1 << 2      # g
    EVENT_STRING = 1 << 3       # $
    EVENT_LIST = 1 << 4         # l
    EVENT_SET = 1 << 5          # s
    EVENT_HASH = 1 << 6         # h
    EVENT_ZSET = 1 << 7         # z
    EVENT_EXPIRED = 1 << 8      # x
    EVENT_EVICTED = 1 << 9      # e
    EVENT_STREAM = 1 << 10      # t
    EVENT_KEY_MISS = 1 << 11    # m
    EVENT_MODULE = 1 << 13      # d
    EVENT_NEW = 1 << 14         # n

# The tail of every writing handler: the key in argument `index` has changed.
cdef void changed(Call *call, int index, int event, const char *name) noexcept nogil
cdef void changed_key(Call *call, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil
# The same for a change that no request made.
cdef void note_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                      ) noexcept nogil
# Another event of the key in argument `index`, without a change; to be called after `changed`.
cdef void note_event(Call *call, int index, int event, const char *name) noexcept nogil
cdef void note_key_event(Server *server, Database *database, Slice key, int event, const char *name) noexcept nogil
# A change that must reach neither WATCH nor clients that wait for the key: as in Redis, one of a stream's groups.
cdef void changed_quietly(Call *call, int index) noexcept nogil
# Makes the command count as `changes` changes, as many as Redis counts, whatever was counted so far.
cdef inline void count_as(Call *call, uint64_t changes) noexcept nogil:
    call.server.keyspace.dirty = call.dirty + changes

# A change that belongs to no single key (FLUSHALL, SWAPDB): affects the count of changes and the barrier only.
cdef void changed_all(Call *call, uint64_t changes) noexcept nogil

# Reports a change that was counted elsewhere, or that no client made: wakes waiting clients, notifies those that cache
# the key, and publishes the event.
cdef void report_change(Server *server, Database *database, Slice key, uint64_t hash, int event, const char *name
                        ) noexcept nogil
