"""The log of changes: one ring of bytes that everything which follows the data reads.

The loop's thread appends commands and publishes them as units; a reader sees nothing past the last publication. A
position is the count of bytes appended before it since the server's start: it never wraps, and it means the same to
every reader. While nobody reads, nothing is appended and positions stand still.

The log frames its content, so that every reader gets the same bytes. A command for another database than the last one's
follows a SELECT, and so does the first command after a reader has joined. A unit of several commands stands between
MULTI and EXEC; one of a single command stands alone, as in Redis 7. What only one reader needs, such as the SELECT at
the beginning of a file, is that reader's to add, and has no position.

A reader has a position, and the ring holds what lies between it and the newest byte. How far a reader may stay
back is its ``limit``. The append-only file has none: the ring waits for it, or grows. Any other reader is removed from
the log as soon as a publication leaves it more than its limit behind; it is marked ``lost`` and notified once, with the
distance. So a slow reader costs the others nothing but memory, at most its limit rounded up to a power of two.

Readers are the loop's thread's, except for one whose ``pause`` is set: its owner's thread may read the ring and move
the position. All functions are called in the loop's thread, and none of them raises.
"""

from libc.stdint cimport UINT64_MAX, int64_t, uint64_t

from pyredis.ground.base cimport unlikely
from pyredis.journal.ring cimport Ring, ring_store
from pyredis.journal.selections cimport Selections

ctypedef struct LogReader:
    LogReader *next
    uint64_t position           # what lies before is not needed any more; atomic where another thread moves it
    uint64_t limit              # bytes; UINT64_MAX: the ring holds everything for it
    bint lost                   # it fell behind and is no reader any more; joining again clears this
    void *context
    # Called when the reader is lost; may be NULL. It must not append, join, leave or advance.
    void (*fell_behind)(void *context, uint64_t behind) noexcept nogil
    # For a reader with a thread of its own, else NULL. Between the two the thread does not touch the ring's memory.
    void (*pause)(void *context) noexcept nogil
    void (*resume)(void *context) noexcept nogil
    # Asks the reader to move on, because so many bytes are to be appended; may wait. NULL where that is no use.
    void (*make_room)(void *context, size_t size) noexcept nogil

ctypedef struct Log:
    LogReader *readers          # NULL: nothing is to be appended
    Ring ring
    uint64_t appended
    uint64_t limit              # the tail plus the ring's capacity, as last looked up
    uint64_t alarm              # a publication beyond this may leave a reader too far behind
    size_t first_capacity
    unsigned quiet              # looks at the ring since it grew
    Selections selections       # those that matter from the tail on
    int database                # the last SELECT's; -1: the next command follows a SELECT
    unsigned commands           # in the unit so far
    bint loose                  # what is appended are units of one command each, published together
    char apart[64]              # what follows is read by readers' threads: atomics
    uint64_t published
    uint64_t units              # how many times something was published

cdef void log_init(Log *log, size_t ring_size) noexcept nogil      # a power of two
cdef void log_destroy(Log *log) noexcept nogil

# ---- appending; only while somebody reads, except for a ring that serves a single file (see `log_publish`) ----

# Must come before each command. For a ring that is no log of changes (a snapshot's), it may be left out altogether.
cdef inline void log_begin(Log *log, int database) noexcept nogil:
    if unlikely(log.commands == 1):
        log_enclose(log)
    if unlikely(database != log.database):
        log_select(log, database)
    log.commands += not log.loose

cdef inline void log_append(Log *log, const char *data, size_t size) noexcept nogil:
    """Bytes of a command; it may be appended in several pieces."""
    if unlikely(log.appended + size > log.limit):
        log_make_room(log, size)
    ring_store(&log.ring, log.appended, data, size)
    log.appended += size

# Makes what was appended a unit, and visible to the readers.
cdef void log_publish(Log *log) noexcept nogil
# Whether something was appended that is not published yet.
cdef inline bint log_is_open(const Log *log) noexcept nogil:
    return log.appended != log.published

# For `log_begin`: puts a MULTI before the unit so far; appends a SELECT.
cdef void log_enclose(Log *log) noexcept nogil
cdef void log_select(Log *log, int database) noexcept nogil
cdef void log_selected(Log *log, int database) noexcept nogil       # a SELECT of that database has just been appended
cdef void log_make_room(Log *log, size_t size) noexcept nogil

# ---- reading ----

# The reader's position becomes the end of what is published. False, and nothing done, while a unit is open: the
# reader would get its end without its beginning. The caller fills `limit`, `context` and the functions before.
cdef bint log_join(Log *log, LogReader *reader) noexcept nogil
cdef void log_leave(Log *log, LogReader *reader) noexcept nogil     # may be lost, or have left already
# How many published bytes lie at `position` and on, as far as they lie together; `data` is valid until something is
# appended or a reader moves. A reader's whole backlog is at most two such spans.
cdef size_t log_span(const Log *log, uint64_t position, const char **data) noexcept nogil
# The reader needs nothing before `position` any more.
cdef void log_advance(Log *log, LogReader *reader, uint64_t position) noexcept nogil
# Writes the SELECT in force at `position` to `out`, which has SELECT_SIZE, and returns its size: 0 where the log says
# nothing before it, or the next command brings one.
cdef size_t log_selection(const Log *log, uint64_t position, char *out) noexcept nogil

cdef uint64_t log_tail(const Log *log) noexcept nogil               # what lies before is needed by no reader
# An empty ring begins at its first byte again, and one that has grown shrinks. For the readers, now and then.
cdef void log_tidy(Log *log) noexcept nogil
