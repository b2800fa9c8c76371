"""The append-only file's writer: the reader of a log that puts it into files, with a native thread.

Positions are the log's (``journal/log.pxd``); it is a reader of it from the first attach to the next detach. Under
``everysec`` and ``no`` the loop drains the log into the file
itself (``aof_drain``) before any reply of the iteration leaves, and the native thread only syncs. Under ``always``
the native thread writes and syncs what has gathered, stores ``durable`` and makes the wake descriptor readable.
The native thread never touches the interpreter. Nothing is dropped: an append into a full ring waits for room, and what
cannot find room in any other way (a unit larger than the ring, a file that takes no writes) makes the ring grow.

All functions are the loop's thread's. Errors are errnos, 0 for none; no function raises. The process must not
fork after the first ``aof_attach``: the native thread would stay behind.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.journal.log cimport Log

cdef enum FsyncPolicy:
    FSYNC_NO = 0
    FSYNC_EVERYSEC = 1
    FSYNC_ALWAYS = 2

cdef struct Aof

cdef Aof *aof_new(Log *log) noexcept nogil                  # NULL when no descriptor is left; `log` must outlive it
cdef void aof_delete(Aof *aof) noexcept nogil               # stops the thread; descriptors are closed, not synced
# Takes over `fd` (opened O_WRONLY | O_APPEND) as the file that takes every byte published from here on; `size` is its
# present length. What was published before goes to the file before, which the native thread then syncs and closes,
# whatever the policy. On an error nothing is taken over and the descriptor stays the caller's.
# When the file before has failed an fsync, it is cut back to what may be relied on, and the new one begins at the first
# byte of which that is not true and the ring still has, thus possibly before what is published. For a fresh base attach
# once more, with another file, at the base's own position. A file that begins amid the log gets a SELECT
# of its own, with its first bytes. The first attach starts the native thread; where there is no file, it fails with
# EBUSY while a unit is open.
cdef int aof_attach(Aof *aof, int fd, int64_t size) noexcept nogil
# Drains, syncs, closes, leaves the log, and forgets errors and what could not be written.
cdef int aof_detach(Aof *aof) noexcept nogil
cdef void aof_set_policy(Aof *aof, FsyncPolicy policy) noexcept nogil
cdef void aof_pause_sync(Aof *aof, bint paused) noexcept nogil   # no-appendfsync-on-rewrite, every policy

# To be called once per iteration, before replies leave. everysec/no: one write (or writev over the ring's seam) of all
# that was published; on an error it stays in the ring, the file is cut back to its last whole unit, and the next call
# tries again. always: hands over to the native thread and returns at once. Returns `aof_error`.
cdef int aof_drain(Aof *aof) noexcept nogil
cdef uint64_t aof_written(const Aof *aof) noexcept nogil    # up to here the file has it; falls back when a file is left
cdef uint64_t aof_durable(const Aof *aof) noexcept nogil    # up to here the disk has it
# Up to here replies may leave: what is durable under always (while syncing is paused: what is written), else written.
cdef uint64_t aof_released(const Aof *aof) noexcept nogil
cdef int aof_wake_fd(const Aof *aof) noexcept nogil       # readable when `released` (always) or `error` (any) moved
cdef void aof_wake_clear(Aof *aof) noexcept nogil           # to be called before reading what moved

# The error of the last write, gone with the next that succeeds; or of an fsync, which stays until the file is left and
# `aof_vouch` has covered what it left in doubt.
cdef int aof_error(const Aof *aof) noexcept nogil
cdef bint aof_sync_failed(const Aof *aof) noexcept nogil    # the error is of the second kind: file and base must be new
# A base made from memory at `position` is on the disk: everything before is durable whatever became of its file.
cdef void aof_vouch(Aof *aof, uint64_t position) noexcept nogil
# Returns when everything published is written and synced, whatever the policy; 0 or an errno.
cdef int aof_sync(Aof *aof) noexcept nogil

cdef int64_t aof_file_size(Aof *aof) noexcept nogil         # bytes of whole units in the newest file
cdef size_t aof_buffered(const Aof *aof) noexcept nogil     # bytes published and not yet written
cdef int64_t aof_fsync_lag_ms(Aof *aof) noexcept nogil      # age of the oldest written byte not yet synced; 0 for none
cdef bint aof_fsync_pending(Aof *aof) noexcept nogil        # an fsync is running
