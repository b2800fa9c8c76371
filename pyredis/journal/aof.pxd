"""The append-only file's ring buffer, its files' writer and its native thread.

A single-producer, single-consumer byte ring. The loop's thread appends whole RESP commands and publishes them;
positions are 64-bit byte counts since the start that never wrap. Under ``everysec`` and ``no`` the loop drains the ring
itself (``aof_drain``) before any reply of the iteration leaves, and the native thread only syncs. Under ``always``
the native thread writes and syncs what has gathered, stores ``durable`` and makes the wake descriptor readable.
The native thread never touches the interpreter. Nothing is dropped: an append into a full ring waits for room, and what
cannot find room in any other way (a unit larger than the ring, a file that takes no writes) makes the ring grow.

All functions are the loop's thread's. Errors are errnos, 0 for none; no function raises. The process must not
fork after the first ``aof_attach``: the native thread would stay behind.
"""

from libc.stdint cimport int64_t, uint64_t

cdef enum FsyncPolicy:
    FSYNC_NO = 0
    FSYNC_EVERYSEC = 1
    FSYNC_ALWAYS = 2

cdef struct Aof

cdef Aof *aof_new(size_t ring_size) noexcept nogil          # a power of two; NULL when no descriptor is left
cdef void aof_delete(Aof *aof) noexcept nogil               # stops the thread; descriptors are closed, not synced
# Takes over `fd` (opened O_WRONLY | O_APPEND) as the file that takes every byte from `aof_position` on; `size` is its
# present length. What was published before goes to the file before, which the native thread then syncs and closes,
# whatever the policy. On an error nothing is taken over and the descriptor stays the caller's.
# When the file before has failed an fsync, it is cut back to what may be relied on, and the new one begins at the first
# byte of which that is not true and the ring still has, thus possibly before `aof_position`. For a fresh base attach
# once more, with another file, at the base's own position. The first attach starts the native thread.
cdef int aof_attach(Aof *aof, int fd, int64_t size) noexcept nogil
# Drains, syncs, closes, and forgets errors and what could not be written. Until the next attach append nothing.
cdef int aof_detach(Aof *aof) noexcept nogil
cdef void aof_set_policy(Aof *aof, FsyncPolicy policy) noexcept nogil
cdef void aof_pause_sync(Aof *aof, bint paused) noexcept nogil   # no-appendfsync-on-rewrite, every policy

# Appends bytes; a command may be appended in several pieces. `aof_publish` makes what was appended visible to the
# consumer as a unit (nothing is written to the file past the last publication).
cdef void aof_append(Aof *aof, const char *data, size_t size) noexcept nogil
# A file is loaded from database 0 on: after every attach the next command must be preceded by a SELECT.
cdef void aof_publish(Aof *aof) noexcept nogil
cdef void aof_selected(Aof *aof, int database) noexcept nogil   # a SELECT of that database has just been appended
cdef uint64_t aof_position(const Aof *aof) noexcept nogil   # the end of what was published

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
cdef size_t aof_memory(const Aof *aof) noexcept nogil       # what the ring occupies
cdef int64_t aof_fsync_lag_ms(Aof *aof) noexcept nogil      # age of the oldest written byte not yet synced; 0 for none
cdef bint aof_fsync_pending(Aof *aof) noexcept nogil        # an fsync is running
