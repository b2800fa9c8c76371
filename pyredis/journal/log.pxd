"""The log of changes: one ring of bytes, read by everything that follows changes of the data.

The loop's thread appends commands and publishes them as units; a reader sees nothing beyond the last publication. A
position is the number of bytes appended before it since the server's start: it never wraps, and it means the same to
every reader. While there are no readers, nothing is appended and positions do not change.

The log frames its content, so that every reader gets the same bytes. A SELECT precedes a command for another database
than that of the last one, and the first command after a reader has joined. A unit of several commands is enclosed in
MULTI and EXEC; a single command is not, as in Redis 7. Bytes that only one reader needs, such as the SELECT at the
beginning of a file, are added by that reader, and have no position.

Each reader has a position, and the ring holds the bytes from there to the newest one. A reader's ``limit`` is how far
it may fall behind. The append-only file has none: the ring waits for it, or grows. Any other reader is removed from
the log as soon as a publication leaves it more than its limit behind; it is marked ``lost`` and notified once, with the
distance. So a slow reader costs the others only memory, at most its limit rounded up to a power of two.

Readers belong to the loop's thread, except for one whose ``pause`` is set: its own thread may read the ring and move
the position. All functions must be called in the loop's thread, and none of them raises.
"""

from libc.stdint cimport UINT64_MAX, int64_t, uint64_t

from pyredis.ground.base cimport unlikely
from pyredis.journal.ring cimport Ring, ring_store
from pyredis.journal.selections cimport Selections

ctypedef struct LogReader:
    LogReader *next
    uint64_t position           # the bytes before it are not needed any more; atomic if another thread moves it
    uint64_t limit              # bytes; UINT64_MAX: the ring holds everything for it
    bint lost                   # it fell behind and was removed; joining again clears this
    void *context
    # Called when the reader is lost; may be NULL. It must not append, join, leave or advance.
    void (*fell_behind)(void *context, uint64_t behind) noexcept nogil
    # For a reader with its own thread, else NULL. Between the two calls that thread does not touch the ring's memory.
    void (*pause)(void *context) noexcept nogil
    void (*resume)(void *context) noexcept nogil
    # Asks the reader to advance, because `size` bytes are to be appended; may wait. NULL if asking cannot help.
    void (*make_room)(void *context, size_t size) noexcept nogil

ctypedef struct Log:
    LogReader *readers          # while NULL, nothing is appended
    Ring ring
    uint64_t appended
    uint64_t limit              # the tail plus the ring's capacity, as of the last look
    uint64_t alarm              # a publication beyond this may leave a reader too far behind
    size_t first_capacity
    unsigned quiet              # calls of log_tidy that found little in the ring since it grew
    Selections selections       # those that apply from the tail on
    int database                # of the last SELECT; -1: a SELECT must precede the next command
    unsigned commands           # in the unit so far
    bint loose                  # each command appended is a unit of its own; they are published together
    char apart[64]              # the fields below are read by readers' threads: atomics
    uint64_t published
    uint64_t units              # the number of publications

cdef void log_init(Log *log, size_t ring_size) noexcept nogil      # a power of two
cdef void log_destroy(Log *log) noexcept nogil

# ---- appending; only while the log has readers, except for the ring of a single file (see `log_begin`) ----

# Must precede each command. For a ring that is not a log of changes (a snapshot's), it may be left out entirely.
cdef inline void log_begin(Log *log, int database) noexcept nogil:
    if unlikely(log.commands == 1):
        log_enclose(log)
    if unlikely(database != log.database):
        log_select(log, database)
    log.commands += not log.loose

cdef inline void log_append(Log *log, const char *data, size_t size) noexcept nogil:
    """Appends bytes of a command, which may come in several pieces."""
    if unlikely(log.appended + size > log.limit):
        log_make_room(log, size)
    ring_store(&log.ring, log.appended, data, size)
    log.appended += size

# Makes the appended commands a unit, and visible to the readers.
cdef void log_publish(Log *log) noexcept nogil
# Whether something was appended that is not published yet.
cdef inline bint log_is_open(const Log *log) noexcept nogil:
    return log.appended != log.published

# For `log_begin`: the first puts a MULTI before the unit so far, the second appends a SELECT.
cdef void log_enclose(Log *log) noexcept nogil
cdef void log_select(Log *log, int database) noexcept nogil
cdef void log_selected(Log *log, int database) noexcept nogil       # a SELECT of that database has just been appended
cdef void log_make_room(Log *log, size_t size) noexcept nogil

# ---- reading ----

# Adds a reader, at the end of the published bytes. False, without any effect, while a unit is open, because the reader
# would get its end without its beginning. The caller must set `limit`, `context` and the functions before.
cdef bint log_join(Log *log, LogReader *reader) noexcept nogil
cdef void log_leave(Log *log, LogReader *reader) noexcept nogil     # may be lost, or have left already
# Returns the number of contiguous published bytes from `position` on; `data` is valid until something is appended or a
# reader moves. The entire backlog of a reader is at most two such spans.
cdef size_t log_span(const Log *log, uint64_t position, const char **data) noexcept nogil
# Moves the reader: it does not need the bytes before `position` any more.
cdef void log_advance(Log *log, LogReader *reader, uint64_t position) noexcept nogil
# Writes the SELECT in force at `position` to `out`, of SELECT_SIZE bytes, and returns its size: 0 if the log has none
# before it, or the next command will follow one.
cdef size_t log_selection(const Log *log, uint64_t position, char *out) noexcept nogil

cdef uint64_t log_tail(const Log *log) noexcept nogil               # the bytes before it are needed by no reader
# Restarts an empty ring at its first byte, and shrinks one that has grown. Readers should call it now and then.
cdef void log_tidy(Log *log) noexcept nogil
