"""The log of changes: framing, readers, and the ring's size.

Invariants:

    tail <= a reader's position <= published <= appended        appended - tail <= capacity

The tail is the lowest position of all readers, or the newest byte if there are none.

Only when the second command of a unit arrives is it known that the unit needs a MULTI. The first command, which no
reader has seen so far, is then moved up by the size of a MULTI. So single commands, nearly all of them, cost nothing
extra, and no unit is collected elsewhere first.
"""

from libc.stdlib cimport free

from pyredis.journal.ring cimport ring_init, ring_load, ring_move, ring_place, ring_span
from pyredis.journal.selections cimport SELECT_SIZE, format_select, selections_add, selections_command, selections_cut

cdef extern from "atomics.h" nogil:
    uint64_t atomic_load_u64(const uint64_t *p)
    void atomic_store_u64(uint64_t *p, uint64_t value)

cdef enum:
    MULTI_SIZE = 15
    EXEC_SIZE = 14
    SHIFT_PIECE = 4096
    QUIET_LOOKS = 1024          # a grown ring returns to its first size after more looks that found little in it
    RING_KEEP = 32 << 20        # bytes; a larger ring returns to its first size after one such look


cdef void log_init(Log *log, size_t ring_size) noexcept nogil:
    ring_init(&log.ring, ring_size)
    log.first_capacity = log.limit = ring_size
    log.alarm = UINT64_MAX
    log.database = -1


cdef void log_destroy(Log *log) noexcept nogil:
    free(log.ring.data)
    free(log.selections.items)


# ---- the ring's size ----

cdef inline uint64_t reader_position(const LogReader *reader) noexcept nogil:
    return atomic_load_u64(&reader.position)


cdef uint64_t log_tail(const Log *log) noexcept nogil:
    cdef const LogReader *reader = log.readers
    cdef uint64_t tail = log.appended if reader == NULL else log.published
    while reader != NULL:
        tail = min(tail, reader_position(reader))
        reader = reader.next
    return tail


cdef void pause_threads(Log *log) noexcept nogil:
    cdef LogReader *reader = log.readers
    while reader != NULL:
        if reader.pause != NULL:
            reader.pause(reader.context)
        reader = reader.next


cdef void resume_threads(Log *log) noexcept nogil:
    cdef LogReader *reader = log.readers
    while reader != NULL:
        if reader.resume != NULL:
            reader.resume(reader.context)
        reader = reader.next


cdef void resize(Log *log, size_t capacity) noexcept nogil:
    """Moves the ring's content into memory of `capacity` bytes, which must be enough."""
    cdef uint64_t tail
    pause_threads(log)
    tail = log_tail(log)
    ring_move(&log.ring, capacity, tail, log.appended)
    log.limit = tail + capacity
    resume_threads(log)


cdef void grow(Log *log, size_t size) noexcept nogil:
    """Makes the ring large enough for `size` more bytes."""
    cdef uint64_t needed = log.appended - log_tail(log) + size
    cdef size_t capacity = log.ring.capacity
    while capacity < needed:
        capacity *= 2
    log.quiet = 0
    resize(log, capacity)


cdef void log_tidy(Log *log) noexcept nogil:
    """An empty ring restarts at its first byte because that is in the cache, and far from the seam."""
    cdef uint64_t held = log.appended - log_tail(log)
    if held == 0:
        log.ring.origin = log.appended
        log.limit = log.appended + log.ring.capacity
    if log.ring.capacity > log.first_capacity and held <= log.first_capacity:
        log.quiet += 1
        if log.quiet > QUIET_LOOKS or log.ring.capacity > RING_KEEP:
            resize(log, log.first_capacity)


cdef bint has_room(Log *log, size_t size) noexcept nogil:
    log.limit = log_tail(log) + log.ring.capacity
    return log.appended + size <= log.limit


cdef void ask_for_room(Log *log, size_t size) noexcept nogil:
    """Asks the readers that are in the way to advance; leaves the others alone."""
    cdef LogReader *reader = log.readers
    while reader != NULL:
        if reader.make_room != NULL and log.appended + size > reader_position(reader) + log.ring.capacity:
            reader.make_room(reader.context, size)
        reader = reader.next


cdef void log_make_room(Log *log, size_t size) noexcept nogil:
    if has_room(log, size):
        return
    # A unit larger than the ring fits only if the ring grows.
    if log.appended + size - log.published <= log.ring.capacity:
        ask_for_room(log, size)
    if not has_room(log, size):
        grow(log, size)


# ---- framing ----

cdef void move_up(Log *log, uint64_t start, size_t distance) noexcept nogil:
    """Moves the bytes appended from `start` on up by `distance`, the last piece first."""
    cdef char piece[SHIFT_PIECE]
    cdef uint64_t end = log.appended
    cdef size_t size
    if log.appended + distance > log.limit:
        log_make_room(log, distance)
    log.appended += distance
    while end > start:
        size = <size_t> min(end - start, <uint64_t> SHIFT_PIECE)
        end -= size
        ring_load(&log.ring, end, piece, size)
        ring_store(&log.ring, end + distance, piece, size)


cdef void log_enclose(Log *log) noexcept nogil:
    move_up(log, log.published, MULTI_SIZE)
    ring_store(&log.ring, log.published, "*1\r\n$5\r\nMULTI\r\n", MULTI_SIZE)


cdef void log_select(Log *log, int database) noexcept nogil:
    cdef char command[SELECT_SIZE]
    log_append(log, command, format_select(command, database))
    log_selected(log, database)


cdef void log_selected(Log *log, int database) noexcept nogil:
    selections_add(&log.selections, log.appended, database, log_tail(log))
    log.database = database


cdef void log_publish(Log *log) noexcept nogil:
    if unlikely(log.commands > 1):
        log_append(log, "*1\r\n$4\r\nEXEC\r\n", EXEC_SIZE)
    log.commands = 0
    atomic_store_u64(&log.units, log.units + 1)
    atomic_store_u64(&log.published, log.appended)
    if unlikely(log.appended > log.alarm):
        lose_slow_readers(log)


# ---- readers ----

cdef inline uint64_t reader_alarm(const LogReader *reader) noexcept nogil:
    cdef uint64_t position = reader_position(reader)
    return position + reader.limit if reader.limit < UINT64_MAX - position else UINT64_MAX


cdef void lose(LogReader *reader, uint64_t behind) noexcept nogil:
    reader.lost = True
    reader.next = NULL
    if reader.fell_behind != NULL:
        reader.fell_behind(reader.context, behind)


cdef void lose_slow_readers(Log *log) noexcept nogil:
    cdef LogReader **link = &log.readers
    cdef LogReader *reader
    log.alarm = UINT64_MAX
    while link[0] != NULL:
        reader = link[0]
        if log.published > reader_alarm(reader):
            link[0] = reader.next
            lose(reader, log.published - reader_position(reader))
        else:
            log.alarm = min(log.alarm, reader_alarm(reader))
            link = &reader.next
    log_tidy(log)


cdef bint log_join(Log *log, LogReader *reader) noexcept nogil:
    if log_is_open(log):
        return False
    reader.lost = False
    reader.next = log.readers
    log.readers = reader
    atomic_store_u64(&reader.position, log.published)
    log.alarm = min(log.alarm, reader_alarm(reader))
    log.database = -1
    return True


cdef void log_leave(Log *log, LogReader *reader) noexcept nogil:
    cdef LogReader **link = &log.readers
    while link[0] != NULL and link[0] != reader:
        link = &link[0].next
    if link[0] == reader:
        link[0] = reader.next
    reader.next = NULL
    if log.readers == NULL:
        # No reader will see the unit under way, if there is one.
        log.appended = log.published
        log.commands = 0
        log.alarm = UINT64_MAX
        selections_cut(&log.selections, log.published)
    log_tidy(log)


cdef size_t log_span(const Log *log, uint64_t position, const char **data) noexcept nogil:
    data[0] = ring_place(&log.ring, position)
    return ring_span(&log.ring, position, <size_t> (log.published - position))


cdef void log_advance(Log *log, LogReader *reader, uint64_t position) noexcept nogil:
    atomic_store_u64(&reader.position, position)
    log_tidy(log)


cdef size_t log_selection(const Log *log, uint64_t position, char *out) noexcept nogil:
    if position == log.published and log.database < 0:
        return 0
    return selections_command(&log.selections, position, out)
