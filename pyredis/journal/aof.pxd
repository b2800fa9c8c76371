"""The writer of the append-only file: a reader of the log that writes it to files, with a native thread.

Positions are those of the log (``journal/log.pxd``), of which the writer is a reader from the first attach to the next
detach. Under ``everysec`` and ``no`` the loop's thread drains the log into the file itself (``aof_drain``) before any
reply of the iteration is sent, and the native thread only syncs. Under ``always`` the native thread writes and syncs
everything published so far, stores ``durable`` and makes the wake descriptor readable. The native thread never touches
the interpreter. Nothing is dropped: an append to a full ring waits for room, and if waiting cannot help (a unit larger
than the ring, a file that cannot be written), the ring grows.

All functions must be called in the loop's thread. Errors are errnos, 0 for none; no function raises. The process must
not fork after the first ``aof_attach``, because the child would lack the native thread.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.journal.log cimport Log

cdef enum FsyncPolicy:
    FSYNC_NO = 0
    FSYNC_EVERYSEC = 1
    FSYNC_ALWAYS = 2

cdef struct Aof

cdef Aof *aof_new(Log *log) noexcept nogil                  # NULL if no descriptor is left; `log` must outlive it
cdef void aof_delete(Aof *aof) noexcept nogil               # stops the thread; closes descriptors without syncing
# Takes over `fd` (opened O_WRONLY | O_APPEND) as the file for every byte published from now on; `size` is its present
# length. Bytes published before go to the previous file, which the native thread then syncs and closes, whatever the
# policy. On an error nothing is taken over and the caller keeps the descriptor.
# If the previous file has failed an fsync, it is truncated to the bytes that are reliable, and the new one begins at
# the first unreliable byte that the ring still has, which may be before the published position. For a fresh base,
# attach once more, with another file, at the base's own position. A file that begins in the middle of the log gets a
# SELECT of its own before its first bytes. The first attach starts the native thread; an attach without a previous file
# fails with EBUSY while a unit is open.
cdef int aof_attach(Aof *aof, int fd, int64_t size) noexcept nogil
# Drains, syncs, closes and leaves the log; clears errors, and drops bytes that could not be written.
cdef int aof_detach(Aof *aof) noexcept nogil
cdef void aof_set_policy(Aof *aof, FsyncPolicy policy) noexcept nogil
cdef void aof_pause_sync(Aof *aof, bint paused) noexcept nogil   # no-appendfsync-on-rewrite, every policy

# To be called once per iteration, before replies are sent. everysec/no: one write (or writev over the ring's seam) of
# everything published; on an error the bytes stay in the ring, the file is truncated to its last complete unit, and the
# next call tries again. always: hands over to the native thread and returns at once. Returns `aof_error`.
cdef int aof_drain(Aof *aof) noexcept nogil
cdef uint64_t aof_written(const Aof *aof) noexcept nogil    # the file has all before it; falls back after a failed file
cdef uint64_t aof_durable(const Aof *aof) noexcept nogil    # the disk has all before it
# Replies that depend on positions up to this one may be sent: under always `durable` (while syncing is paused:
# `written`), otherwise `written`.
cdef uint64_t aof_released(const Aof *aof) noexcept nogil
cdef int aof_wake_fd(const Aof *aof) noexcept nogil       # readable when `released` (always) or `error` (any) changed
cdef void aof_wake_clear(Aof *aof) noexcept nogil           # to be called before reading what changed

# The error of the last write, cleared by the next that succeeds; or of an fsync, which stays until another file has
# been attached and `aof_vouch` has covered the bytes in doubt.
cdef int aof_error(const Aof *aof) noexcept nogil
cdef bint aof_sync_failed(const Aof *aof) noexcept nogil    # an fsync failed: a new file and a new base are needed
# A base written from memory at `position` is on the disk: everything before it is durable, whatever became of its file.
cdef void aof_vouch(Aof *aof, uint64_t position) noexcept nogil
# Returns when everything published is written and synced, whatever the policy; 0 or an errno.
cdef int aof_sync(Aof *aof) noexcept nogil

# For tests of programs: makes every write fail as if the disk were full, from now on or no more. This is known at once.
cdef void aof_fill_disk(Aof *aof, bint full) noexcept nogil

cdef int64_t aof_file_size(Aof *aof) noexcept nogil         # bytes of complete units in the newest file
cdef size_t aof_buffered(const Aof *aof) noexcept nogil     # bytes published and not yet written
cdef int64_t aof_fsync_lag_ms(Aof *aof) noexcept nogil      # age of the oldest written byte not yet synced; 0 for none
# always: the longest write and the longest sync of the native thread since the last call, in ns.
cdef void aof_take_times(Aof *aof, int64_t *write_ns, int64_t *sync_ns) noexcept nogil
cdef bint aof_fsync_pending(Aof *aof) noexcept nogil        # an fsync is running
