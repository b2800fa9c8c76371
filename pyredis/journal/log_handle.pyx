"""A log and a reader as Python objects: for tests, and as an example of how to use the ``.pxd``."""

cimport cython
from libc.stdint cimport UINT64_MAX, uint64_t

from pyredis.journal.log cimport (
    Log,
    log_advance,
    log_append,
    log_begin,
    log_destroy,
    log_init,
    log_is_open,
    log_join,
    log_leave,
    log_publish,
    log_selected,
    log_span,
)


cdef class LogWriter:
    """A log; the methods are the functions of the ``.pxd`` without their prefix."""

    def __cinit__(self, size_t ring_size=1 << 16):
        if ring_size == 0 or ring_size & (ring_size - 1):
            raise ValueError(f"a ring's size is a power of two, not {ring_size}")
        log_init(&self.log, ring_size)

    def __dealloc__(self):
        log_destroy(&self.log)

    def begin(self, int database):
        log_begin(&self.log, database)

    def append(self, const unsigned char[::1] data not None):
        cdef size_t size = data.shape[0]
        cdef const char *start = <const char *> &data[0] if size else NULL
        if self.log.readers == NULL:
            raise ValueError("the log has no reader")
        if size:
            with nogil:
                log_append(&self.log, start, size)

    def selected(self, int database):
        log_selected(&self.log, database)

    def publish(self):
        with nogil:
            log_publish(&self.log)

    def join(self, limit=None):
        cdef LogFollower follower = LogFollower()
        follower.follow(&self.log, self, limit)
        return follower

    @property
    def loose(self):
        return self.log.loose

    @loose.setter
    def loose(self, bint loose):
        self.log.loose = loose

    @property
    def position(self):
        return self.log.published

    @property
    def is_open(self):
        return log_is_open(&self.log)

    @property
    def memory(self):
        return self.log.ring.capacity


cdef void note_distance(void *context, uint64_t behind) noexcept with gil:
    (<LogFollower> context).fell_behind = behind


@cython.no_gc_clear
cdef class LogFollower:
    """A reader without a thread of its own."""

    cdef int follow(self, Log *log, object owner, object limit) except -1:
        self.owner = owner
        self.log = log
        self.reader.limit = UINT64_MAX if limit is None else limit
        self.reader.context = <void *> self
        self.reader.fell_behind = note_distance
        self.join()
        return 0

    def __dealloc__(self):
        if self.log != NULL:
            log_leave(self.log, &self.reader)

    def join(self):
        log_leave(self.log, &self.reader)
        if not log_join(self.log, &self.reader):
            raise BlockingIOError("a unit is open")
        self.fell_behind = None

    def leave(self):
        log_leave(self.log, &self.reader)

    def read(self, most=None):
        cdef uint64_t start = self.reader.position
        cdef uint64_t end = self.log.published
        cdef const char *data
        cdef size_t size
        if self.reader.lost:
            raise BufferError("the reader fell behind")
        if most is not None:
            end = min(end, start + <uint64_t> most)
        parts = []
        while start < end:
            size = min(log_span(self.log, start, &data), <size_t> (end - start))
            parts.append(data[:size])
            start += size
        log_advance(self.log, &self.reader, end)
        return b"".join(parts)

    @property
    def position(self):
        return self.reader.position

    @property
    def lost(self):
        return bool(self.reader.lost)
