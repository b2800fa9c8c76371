"""The append-only file's ring buffer, its files' writer and its native thread.

``Ring`` is a single-producer, single-consumer byte ring. The loop's thread appends whole RESP commands and publishes
them; positions are 64-bit byte counts since the start that never wrap. Under ``everysec`` and ``no`` the loop drains it
itself (``aof_drain``) before any reply of the iteration leaves, and the native thread only calls fdatasync. Under
``always`` the native thread writes and syncs what has gathered, stores ``durable`` and writes to ``wake_fd``.
The native thread never touches the interpreter. Nothing is dropped: an append into a full ring waits for room.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._base cimport Slice

cdef enum FsyncPolicy:
    FSYNC_NO = 0
    FSYNC_EVERYSEC = 1
    FSYNC_ALWAYS = 2

cdef struct Aof

cdef Aof *aof_new(size_t ring_size) noexcept nogil          # a power of two; starts the native thread on first open
cdef void aof_delete(Aof *aof) noexcept nogil               # stops the thread; the descriptor is closed, not synced
# Takes over `fd` (opened O_APPEND) as the file that appends go to; `size` is its present length in bytes. What the ring
# still holds for the file before is written and synced there first. Returns 0 or an errno.
cdef int aof_attach(Aof *aof, int fd, int64_t size) noexcept nogil
cdef int aof_detach(Aof *aof) noexcept nogil                # drains, syncs, closes; 0 or an errno
cdef void aof_set_policy(Aof *aof, FsyncPolicy policy) noexcept nogil
cdef void aof_pause_sync(Aof *aof, bint paused) noexcept nogil   # no-appendfsync-on-rewrite

# Appends bytes; a command may be appended in several pieces. `aof_publish` makes what was appended visible to the
# consumer as a unit (nothing is written to the file past the last publication).
cdef void aof_append(Aof *aof, const char *data, size_t size) noexcept nogil
cdef void aof_publish(Aof *aof) noexcept nogil
cdef uint64_t aof_position(const Aof *aof) noexcept nogil   # the end of what was published
# everysec/no: one write (or writev over the ring's seam) of all that was published. 0, or the errno of the failure;
# what could not be written stays in the ring and the file is cut back to its last whole unit.
cdef int aof_drain(Aof *aof) noexcept nogil
cdef uint64_t aof_written(const Aof *aof) noexcept nogil    # up to here the file has it
cdef uint64_t aof_durable(const Aof *aof) noexcept nogil    # up to here the disk has it
cdef int aof_wake_fd(const Aof *aof) noexcept nogil         # readable when `durable` or `error` moved (always policy)
# 0, or the errno of the first failed write or fsync of the present file. After a failed fsync the file must be left.
cdef int aof_error(const Aof *aof) noexcept nogil
cdef int aof_sync(Aof *aof) noexcept nogil                  # drains and fdatasyncs now, in this thread; 0 or errno
cdef int64_t aof_file_size(const Aof *aof) noexcept nogil
cdef int64_t aof_fsync_lag_ms(const Aof *aof) noexcept nogil  # age of the oldest written byte not yet synced
cdef bint aof_fsync_pending(const Aof *aof) noexcept nogil
