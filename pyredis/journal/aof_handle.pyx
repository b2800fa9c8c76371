"""The writer of the append-only file as a Python object: for tests, and as an example of how to use the ``.pxd``."""

cimport cython
from libc.stdint cimport int64_t, uint64_t

from pyredis.journal.aof cimport (
    FSYNC_ALWAYS,
    FSYNC_EVERYSEC,
    FSYNC_NO,
    Aof,
    FsyncPolicy,
    aof_attach,
    aof_buffered,
    aof_delete,
    aof_detach,
    aof_drain,
    aof_durable,
    aof_error,
    aof_file_size,
    aof_fsync_lag_ms,
    aof_fsync_pending,
    aof_new,
    aof_pause_sync,
    aof_released,
    aof_set_policy,
    aof_sync,
    aof_sync_failed,
    aof_vouch,
    aof_wake_clear,
    aof_wake_fd,
    aof_written,
)
from pyredis.journal.log_handle cimport LogWriter

POLICIES = {"no": FSYNC_NO, "everysec": FSYNC_EVERYSEC, "always": FSYNC_ALWAYS}


@cython.no_gc_clear
cdef class AofWriter:
    """A writer; the methods are the functions of the ``.pxd`` without their prefix. Errors are errnos."""

    cdef Aof *aof
    cdef readonly LogWriter log

    def __cinit__(self, LogWriter log not None, str policy="everysec"):
        self.log = log
        self.aof = aof_new(&log.log)
        if self.aof == NULL:
            raise OSError("no file descriptor is left to wake the loop with")
        aof_set_policy(self.aof, POLICIES[policy])

    def __dealloc__(self):
        if self.aof != NULL:
            aof_delete(self.aof)

    def attach(self, int fd, int64_t size):
        cdef int error
        with nogil:
            error = aof_attach(self.aof, fd, size)
        return error

    def detach(self):
        cdef int error
        with nogil:
            error = aof_detach(self.aof)
        return error

    def set_policy(self, str policy):
        cdef FsyncPolicy value = POLICIES[policy]
        with nogil:
            aof_set_policy(self.aof, value)

    def pause_sync(self, bint paused):
        aof_pause_sync(self.aof, paused)

    def drain(self):
        cdef int error
        with nogil:
            error = aof_drain(self.aof)
        return error

    def sync(self):
        cdef int error
        with nogil:
            error = aof_sync(self.aof)
        return error

    def vouch(self, uint64_t position):
        aof_vouch(self.aof, position)

    def wake_clear(self):
        aof_wake_clear(self.aof)

    @property
    def written(self):
        return aof_written(self.aof)

    @property
    def durable(self):
        return aof_durable(self.aof)

    @property
    def released(self):
        return aof_released(self.aof)

    @property
    def error(self):
        return aof_error(self.aof)

    @property
    def sync_failed(self):
        return bool(aof_sync_failed(self.aof))

    @property
    def wake_fd(self):
        return aof_wake_fd(self.aof)

    @property
    def file_size(self):
        return aof_file_size(self.aof)

    @property
    def buffered(self):
        return aof_buffered(self.aof)

    @property
    def fsync_lag_ms(self):
        return aof_fsync_lag_ms(self.aof)

    @property
    def fsync_pending(self):
        return bool(aof_fsync_pending(self.aof))
