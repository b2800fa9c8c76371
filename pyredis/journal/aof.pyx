"""The writer of the append-only file and its native thread: the reader of the log that puts it on the disk.

Positions. These always hold, with the log's ``published`` and ``appended``:

    durable <= written <= published <= appended        the reader's position <= written

``written`` and the reader's position, up to which the ring's room may be reused (``reclaim``), belong to the *writer*:
the native thread under ``always``, the loop's thread otherwise. ``durable`` belongs to the native thread, the only one
that calls fsync: a kernel reports a lost page once per descriptor, so with two callers, either could miss the error.
Fields that another thread may read without the lock are stored with release and loaded with acquire.

Files. ``files`` is a chain from the oldest file that is not synced and closed to the newest. A file owns the positions
from its ``start`` to its ``end``, which is open (``NO_END``) for the newest. ``target`` is the file of the next write.
Syncs follow the order of the chain, so ``durable`` grows without gaps. Attaching gives the newest file an end, and that
is all a rewrite needs: each byte is in exactly one file, and the loop's thread waits for no disk. A loader begins every
file in database 0, so a file that begins in the middle of the stream needs a SELECT of its own, its ``head``: it is
written before the first bytes, and has no position.

Failures. An incomplete write is cut off (``torn`` is set until that succeeds); its bytes are still in the ring. Under
``always`` the ring is reclaimed only up to what is synced, otherwise up to what is written; so after a failed fsync the
bytes from the reader's position on can go to another file. Bytes before it that were not durable are *in doubt*:
``sync_error`` stays set and ``durable`` does not advance until a new base is vouched for.

The lock guards the chain, ``policy``, ``paused`` and the fields below them, and is not held during input or output.
While ``writing`` is set, the ring's memory must not move, because the native thread is reading it.
"""

from libc.errno cimport EBADF, EBUSY, ENOSPC
from libc.stdint cimport UINT64_MAX, int64_t, uint64_t
from libc.stdlib cimport free
from posix.unistd cimport close, getpid

from pyredis.ground.base cimport monotonic_ns
from pyredis.journal.log cimport Log, LogReader, log_join, log_leave, log_selection, log_tidy
from pyredis.journal.ring cimport ring_allocate, ring_place, ring_span
from pyredis.journal.selections cimport SELECT_SIZE


cdef extern from "atomics.h" nogil:
    uint64_t atomic_load_u64(const uint64_t *p)
    void atomic_store_u64(uint64_t *p, uint64_t value)
    int atomic_load_int(const int *p)
    void atomic_store_int(int *p, int value)

cdef extern from "native_thread.h" nogil:
    ctypedef struct pthread_t:
        pass
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_cond_t:
        pass
    int pthread_join(pthread_t thread, void **result)
    int pthread_mutex_init(pthread_mutex_t *lock, const void *attributes)
    int pthread_mutex_destroy(pthread_mutex_t *lock)
    int pthread_mutex_lock(pthread_mutex_t *lock)
    int pthread_mutex_unlock(pthread_mutex_t *lock)
    int pthread_cond_destroy(pthread_cond_t *condition)
    int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
    int pthread_cond_signal(pthread_cond_t *condition)
    int pthread_cond_broadcast(pthread_cond_t *condition)
    int thread_start(pthread_t *thread, void *(*main)(void *) noexcept nogil, void *argument)
    void thread_be_prompt()
    void condition_init(pthread_cond_t *condition)
    void condition_wait_for(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t ns)
    int wake_open(int *ends)
    void wake_send(const int *ends)
    void wake_clear(const int *ends)
    void wake_close(const int *ends)
    int file_sync(int fd)
    void file_begin_writeback(int fd, int64_t offset, int64_t size)
    int64_t file_write(int fd, const char *first, size_t first_size, const char *second, size_t second_size)
    int file_truncate(int fd, int64_t size)

cdef enum:
    SECOND = 1000000000         # ns
    MILLISECOND = 1000000       # ns
    GATHER_FROM = 500000        # ns: after a sync that took less, gathering is not worthwhile
    GATHER_MOST = 2000000       # ns: the longest wait for a group
    WRITEBACK = 1 << 20         # bytes

cdef uint64_t NO_END = UINT64_MAX


cdef struct File:
    int fd
    bint torn                   # bytes beyond `size` must be cut off
    int64_t size                # bytes of complete units in the file: its length at the position `written`
    uint64_t start
    uint64_t end
    uint64_t synced             # a position: everything of the file before it has been synced
    uint64_t pushed             # a position, at least `synced`: the system was asked to begin writing the bytes before
    size_t head_size            # of the SELECT before the first bytes; 0 if none is needed, or it has been written
    char head[SELECT_SIZE]
    File *next


cdef struct Aof:
    Log *log
    # Used by the loop's thread only.
    int process                 # that the thread belongs to
    bint started
    pthread_t thread
    char apart[64]              # the fields below are written by both threads
    LogReader reader
    # Atomics.
    uint64_t written
    uint64_t durable
    int write_error
    int refusal                 # an errno with which every write fails (`aof_fill_disk`), 0 for none
    int sync_error
    int failed                  # an fsync of the oldest file failed: it is not written or synced again
    # Under the lock.
    pthread_mutex_t lock
    pthread_cond_t work         # for the native thread
    pthread_cond_t progress     # for the loop's thread: something was written or synced, or has failed
    FsyncPolicy policy
    bint paused
    bint stopping
    bint writing
    bint syncing
    bint pushing                # the native thread is beginning writeback
    bint retry                  # attempt a write although the last one failed
    uint64_t sync_goal          # sync up to here now, whatever the policy
    uint64_t doubt_end          # positions from `durable` to here are in doubt while `sync_error` is set
    int64_t last_sync_ns        # when the last fsync began
    int64_t unsynced_ns         # when the oldest unsynced byte was written, 0 for none
    int64_t unsynced_next_ns    # the same for bytes that the running fsync may not cover
    # For gathering, under always: in units, and the duration and the end of the last sync.
    uint64_t written_units
    uint64_t synced_units
    uint64_t expected_units
    int64_t sync_took_ns
    int64_t sync_ended_ns
    # For the latency monitor: the longest since it last asked.
    int64_t longest_write_ns
    int64_t longest_sync_ns
    File *files
    File *target
    File *newest
    int wake[2]


# ---- The functions that the log calls ----

cdef inline void lock(Aof *aof) noexcept nogil:
    pthread_mutex_lock(&aof.lock)


cdef inline void unlock(Aof *aof) noexcept nogil:
    pthread_mutex_unlock(&aof.lock)


cdef void hold_ring(void *context) noexcept nogil:
    cdef Aof *aof = <Aof *> context
    lock(aof)
    while aof.writing:
        pthread_cond_wait(&aof.progress, &aof.lock)


cdef void let_go_of_ring(void *context) noexcept nogil:
    unlock(<Aof *> context)


cdef inline uint64_t reclaimed(const Aof *aof) noexcept nogil:
    return atomic_load_u64(&aof.reader.position)


cdef void await_room(Aof *aof, size_t size) noexcept nogil:
    """Waits until the native thread has made room. Returns without it if a write or a sync has failed."""
    cdef uint64_t needed = aof.log.appended + size - aof.log.ring.capacity
    lock(aof)
    pthread_cond_signal(&aof.work)
    while reclaimed(aof) < needed and aof.target != NULL and aof_error(aof) == 0:
        pthread_cond_wait(&aof.progress, &aof.lock)
    unlock(aof)


cdef void make_room(void *context, size_t size) noexcept nogil:
    cdef Aof *aof = <Aof *> context
    if aof.policy == FSYNC_ALWAYS:
        await_room(aof, size)
    else:
        write_out(aof)


# ---- Writing; in the thread that is the writer ----

cdef int cut_back(File *file) noexcept nogil:
    cdef int error = file_truncate(file.fd, file.size) if file.torn else 0
    if error == 0:
        file.torn = False
    return error


cdef int write_head(File *file) noexcept nogil:
    cdef size_t at = 0
    cdef int64_t written
    while at < file.head_size:
        written = file_write(file.fd, file.head + at, file.head_size - at, NULL, 0)
        if written < 0:
            return <int>-written
        file.torn = True
        at += <size_t>written
    return 0


cdef int write_range(const Aof *aof, File *file, uint64_t position, uint64_t end) noexcept nogil:
    cdef const char *ring = aof.log.ring.data
    cdef int64_t written
    cdef size_t size, first
    while position < end:
        size = <size_t>(end - position)
        first = ring_span(&aof.log.ring, position, size)
        written = file_write(file.fd, ring_place(&aof.log.ring, position), first, ring, size - first)
        if written < 0:
            return <int>-written
        file.torn = True
        position += <uint64_t>written
    return 0


cdef int write_units(const Aof *aof, File *file, uint64_t start, uint64_t end) noexcept nogil:
    """Writes these positions, which are complete units, or leaves the file as it was."""
    cdef int error = cut_back(file)
    if error == 0:
        error = atomic_load_int(&aof.refusal)
    if error == 0:
        error = write_head(file)
        if error == 0:
            error = write_range(aof, file, start, end)
        if error:
            cut_back(file)
        else:
            file.torn = False
    return error


cdef void reclaim(Aof *aof, uint64_t synced) noexcept nogil:
    """Frees the ring's room up to what the policy requires: `synced` under always, otherwise `written`."""
    cdef uint64_t position = atomic_load_u64(&aof.written)
    if aof.policy == FSYNC_ALWAYS and not aof.paused:
        position = synced
    if position > reclaimed(aof):
        atomic_store_u64(&aof.reader.position, position)


cdef void advance_target(Aof *aof) noexcept nogil:
    while aof.target.next != NULL and aof.target.end <= atomic_load_u64(&aof.written):
        aof.target = aof.target.next


cdef void finish_write(Aof *aof, File *file, uint64_t end, int error) noexcept nogil:
    """Records, under the lock, a write up to `end`, or its error."""
    atomic_store_int(&aof.write_error, error)
    if error:
        return
    cdef int64_t now = monotonic_ns()
    file.size += <int64_t>(end - atomic_load_u64(&aof.written) + file.head_size)
    file.head_size = 0
    atomic_store_u64(&aof.written, end)
    if aof.unsynced_ns == 0:
        aof.unsynced_ns = now
    if aof.syncing and aof.unsynced_next_ns == 0:
        aof.unsynced_next_ns = now
    reclaim(aof, 0)
    advance_target(aof)


cdef int write_out(Aof *aof) noexcept nogil:
    """everysec and no: writes everything published, in this thread, to each file its own positions.

    More than one file can have bytes to write if the policy was always until now.
    """
    cdef File *file
    cdef uint64_t start, end
    cdef bint awaited
    cdef int error
    while True:
        start = atomic_load_u64(&aof.written)
        file = aof.target
        if aof.log.published == start:
            return 0
        if file == NULL:
            return EBADF
        if atomic_load_int(&aof.failed):
            return atomic_load_int(&aof.sync_error)
        end = min(aof.log.published, file.end)
        error = write_units(aof, file, start, end)
        lock(aof)
        awaited = everysec_waits(aof)
        finish_write(aof, file, end, error)
        # While the thread waits for the end of the second, a signal would only cost processor time.
        if not awaited or sync_due(aof) or writeback_due(aof):
            pthread_cond_signal(&aof.work)
        unlock(aof)
        if error:
            return error


# ---- The native thread; everything here is called with the lock held ----

cdef void write_gathered(Aof *aof) noexcept nogil:
    """always: writes everything published so far, as one group."""
    cdef File *file = aof.target
    cdef uint64_t start = atomic_load_u64(&aof.written)
    cdef uint64_t units = atomic_load_u64(&aof.log.units)
    cdef uint64_t end = atomic_load_u64(&aof.log.published)
    if end > file.end:
        end = file.end
    aof.written_units = units
    aof.retry = False
    aof.writing = True
    cdef int64_t began = monotonic_ns()
    unlock(aof)
    cdef int error = write_units(aof, file, start, end)
    lock(aof)
    aof.longest_write_ns = max(aof.longest_write_ns, monotonic_ns() - began)
    aof.writing = False
    finish_write(aof, file, end, error)
    if error or aof.paused:
        wake_send(aof.wake)
    pthread_cond_broadcast(&aof.progress)


cdef void advance_durable(Aof *aof) noexcept nogil:
    cdef File *file = aof.files
    while file != NULL and file.start <= aof.durable:
        if file.synced > aof.durable:
            atomic_store_u64(&aof.durable, file.synced)
        file = file.next


cdef void sync_failed(Aof *aof, File *file, int error) noexcept nogil:
    """Marks the file as in doubt from `durable` to its end. `failed` is set only if more would be written to it."""
    atomic_store_int(&aof.sync_error, error)
    aof.doubt_end = file.end
    if file.end > atomic_load_u64(&aof.written):
        atomic_store_int(&aof.failed, True)


cdef void sync_succeeded(Aof *aof, File *file, uint64_t synced) noexcept nogil:
    file.synced = synced
    file.pushed = max(file.pushed, synced)
    advance_durable(aof)
    reclaim(aof, synced)
    if synced == atomic_load_u64(&aof.written) or aof.unsynced_next_ns:
        aof.unsynced_ns = aof.unsynced_next_ns
    aof.unsynced_next_ns = 0


cdef void note_sync(Aof *aof) noexcept nogil:
    """Records a sync. The clients it released, and those that wait already, are expected in the next group."""
    aof.sync_ended_ns = monotonic_ns()
    aof.sync_took_ns = aof.sync_ended_ns - aof.last_sync_ns
    aof.longest_sync_ns = max(aof.longest_sync_ns, aof.sync_took_ns)
    aof.expected_units = atomic_load_u64(&aof.log.units) - aof.synced_units
    aof.synced_units = aof.written_units


cdef int64_t gathering_left(const Aof *aof) noexcept nogil:
    """Returns how long the next group may still wait for its members, in ns.

    Without waiting, the clients of a slow disk split into two groups that wait for each other's syncs, so that each
    client waits for two of them. A group is complete when as many units have arrived as were under way when the last
    sync ended; the wait is at most an eighth of a sync's time. With a fast disk it is not worthwhile.
    """
    cdef uint64_t gathered = atomic_load_u64(&aof.log.units) - aof.synced_units
    if aof.sync_took_ns < GATHER_FROM or gathered >= aof.expected_units:
        return 0
    return aof.sync_ended_ns + min(aof.sync_took_ns // 8, <int64_t> GATHER_MOST) - monotonic_ns()


cdef void sync_oldest(Aof *aof) noexcept nogil:
    """Syncs what was written to the oldest file, and closes it if nothing more will be written to it."""
    cdef File *file = aof.files
    cdef uint64_t goal = min(file.end, atomic_load_u64(&aof.written))
    cdef int error = 0
    if goal > file.synced:
        aof.last_sync_ns = monotonic_ns()
        aof.unsynced_next_ns = 0
        aof.syncing = True
        unlock(aof)
        error = file_sync(file.fd)
        lock(aof)
        aof.syncing = False
        note_sync(aof)
    if error:
        sync_failed(aof, file, error)
    else:
        sync_succeeded(aof, file, goal)
    if error or aof.policy == FSYNC_ALWAYS:
        wake_send(aof.wake)
    pthread_cond_broadcast(&aof.progress)
    if file.end <= atomic_load_u64(&aof.written) and (error or file.synced == file.end):
        retire_oldest(aof)


cdef void retire_oldest(Aof *aof) noexcept nogil:
    """Closes the oldest file, without the lock: the last close of an unlinked file must free its blocks first."""
    cdef File *file = aof.files
    aof.files = file.next
    unlock(aof)
    close_file(file)
    lock(aof)


cdef void close_file(File *file) noexcept nogil:
    close(file.fd)
    free(file)


cdef bint everysec_waits(const Aof *aof) noexcept nogil:
    """Returns whether written bytes wait for the end of the second to be synced."""
    cdef const File *file = aof.files
    return (
        aof.policy == FSYNC_EVERYSEC and not aof.paused and not aof.failed
        and file != NULL and file.synced < aof.written
    )


cdef bint sync_due(const Aof *aof) noexcept nogil:
    cdef const File *file = aof.files
    if file == NULL or aof.failed:
        return False
    if file.end <= atomic_load_u64(&aof.written):
        return True
    if file.synced >= atomic_load_u64(&aof.written):
        return False
    if aof.sync_goal > file.synced:
        return True
    if aof.paused or aof.policy == FSYNC_NO:
        return False
    return aof.policy == FSYNC_ALWAYS or monotonic_ns() - aof.last_sync_ns >= SECOND


cdef bint write_due(const Aof *aof) noexcept nogil:
    if aof.policy != FSYNC_ALWAYS or aof.target == NULL or aof.failed:
        return False
    if aof.write_error and not aof.retry:
        return False
    return atomic_load_u64(&aof.log.published) > aof.written


cdef bint writeback_due(const Aof *aof) noexcept nogil:
    cdef const File *file = aof.files
    return everysec_waits(aof) and file == aof.target and aof.written - file.pushed >= WRITEBACK


cdef void begin_writeback(Aof *aof) noexcept nogil:
    """everysec: begins writeback early, because a second's bytes at once would block the disk, and writers, too long.
    """
    cdef File *file = aof.files
    cdef uint64_t end = atomic_load_u64(&aof.written)
    cdef int64_t size = <int64_t>(end - file.pushed)
    cdef int64_t offset = file.size - size
    cdef int fd = file.fd
    file.pushed = end
    aof.pushing = True
    unlock(aof)
    file_begin_writeback(fd, offset, size)
    lock(aof)
    aof.pushing = False
    pthread_cond_broadcast(&aof.progress)


cdef void rest(Aof *aof) noexcept nogil:
    cdef int64_t left
    if not everysec_waits(aof):
        pthread_cond_wait(&aof.work, &aof.lock)
        return
    left = aof.last_sync_ns + SECOND - monotonic_ns()
    if left > 0:
        condition_wait_for(&aof.work, &aof.lock, left)


cdef void *thread_main(void *argument) noexcept nogil:
    """Runs the native thread. Syncs come first, because under always clients wait for them."""
    cdef Aof *aof = <Aof *>argument
    cdef int64_t left
    thread_be_prompt()
    lock(aof)
    while not aof.stopping:
        if sync_due(aof):
            sync_oldest(aof)
        elif write_due(aof):
            left = gathering_left(aof)
            if left > 0:
                condition_wait_for(&aof.work, &aof.lock, left)
            else:
                write_gathered(aof)
        elif writeback_due(aof):
            begin_writeback(aof)
        else:
            rest(aof)
    unlock(aof)
    return NULL


# ---- Files ----

cdef void add_file(Aof *aof, int fd, int64_t size, uint64_t start) noexcept nogil:
    cdef File *file = <File *>ring_allocate(sizeof(File))
    file.fd = fd
    file.size = size
    file.start = file.synced = file.pushed = start
    file.end = NO_END
    file.head_size = log_selection(aof.log, start, file.head)
    if aof.files == NULL:
        aof.files = aof.target = file
    else:
        aof.newest.end = start
        aof.newest.next = file
    aof.newest = file
    advance_target(aof)
    pthread_cond_signal(&aof.work)


cdef void close_all(Aof *aof) noexcept nogil:
    cdef File *file
    while aof.files != NULL:
        file = aof.files
        aof.files = file.next
        close_file(file)
    aof.target = aof.newest = NULL


cdef int leave_failed(Aof *aof, int fd, int64_t size) noexcept nogil:
    """Replaces the chain, whose oldest file failed an fsync (the others are empty), with a new file that gets what the
    ring still has.

    The bytes that the new file repeats are cut off the failed one, and the cut is synced; otherwise a loader might see
    them twice.
    """
    cdef File *file = aof.files
    cdef uint64_t start = reclaimed(aof)
    cdef int64_t surplus = <int64_t>(aof.written - start)
    cdef int error
    if surplus or file.torn:
        error = file_truncate(file.fd, file.size - surplus)
        if error == 0:
            error = file_sync(file.fd)
        if error:
            return error
    atomic_store_u64(&aof.written, start)
    close_all(aof)
    atomic_store_int(&aof.failed, False)
    atomic_store_int(&aof.write_error, 0)
    aof.unsynced_ns = 0
    aof.doubt_end = start
    clear_sync_error(aof)
    add_file(aof, fd, size, start)
    return 0


cdef void clear_sync_error(Aof *aof) noexcept nogil:
    if aof.durable >= aof.doubt_end and not aof.failed:
        atomic_store_int(&aof.sync_error, 0)


cdef int ensure_thread(Aof *aof) noexcept nogil:
    cdef int error = 0 if aof.started else thread_start(&aof.thread, thread_main, aof)
    aof.started = error == 0
    return error


cdef int join(Aof *aof) noexcept nogil:
    """Joins the log at the published position, with nothing to write."""
    cdef uint64_t position = aof.log.published
    if not log_join(aof.log, &aof.reader):
        return EBUSY
    atomic_store_u64(&aof.written, position)
    atomic_store_u64(&aof.durable, position)
    aof.synced_units = aof.written_units = aof.log.units
    aof.expected_units = 0
    return 0


cdef int write_to_newest(Aof *aof) noexcept nogil:
    """Writes the newest file's bytes, except under always, when the native thread does, and to a file that failed."""
    cdef int error = 0
    if aof.policy != FSYNC_ALWAYS and not atomic_load_int(&aof.failed):
        error = write_out(aof)
    # If a sync has failed just now, that is no error here: the new file replaces the failed one.
    return 0 if atomic_load_int(&aof.failed) else error


cdef int aof_attach(Aof *aof, int fd, int64_t size) noexcept nogil:
    cdef int error = ensure_thread(aof)
    if error == 0:
        error = join(aof) if aof.newest == NULL else write_to_newest(aof)
    if error:
        return error
    lock(aof)
    if aof.failed:
        error = leave_failed(aof, fd, size)
    else:
        add_file(aof, fd, size, aof.log.published)
    unlock(aof)
    return error


cdef void leave(Aof *aof) noexcept nogil:
    """Closes every file, leaves the log and clears all errors."""
    close_all(aof)
    log_leave(aof.log, &aof.reader)
    atomic_store_u64(&aof.written, aof.log.published)
    atomic_store_u64(&aof.durable, aof.log.published)
    atomic_store_int(&aof.failed, False)
    atomic_store_int(&aof.write_error, 0)
    atomic_store_int(&aof.sync_error, 0)
    aof.unsynced_ns = 0


cdef int aof_detach(Aof *aof) noexcept nogil:
    if aof.newest == NULL:
        return 0
    cdef int error = aof_sync(aof)
    lock(aof)
    while aof.writing or aof.syncing or aof.pushing:
        pthread_cond_wait(&aof.progress, &aof.lock)
    leave(aof)
    unlock(aof)
    return error


# ---- Creating, deleting, settings ----

cdef Aof *aof_new(Log *log) noexcept nogil:
    cdef Aof *aof = <Aof *>ring_allocate(sizeof(Aof))
    if wake_open(aof.wake):
        free(aof)
        return NULL
    aof.process = getpid()
    aof.log = log
    aof.reader.limit = UINT64_MAX
    aof.reader.context = aof
    aof.reader.pause = hold_ring
    aof.reader.resume = let_go_of_ring
    aof.reader.make_room = make_room
    aof.policy = FSYNC_EVERYSEC
    pthread_mutex_init(&aof.lock, NULL)
    condition_init(&aof.work)
    condition_init(&aof.progress)
    return aof


cdef void stop_thread(Aof *aof) noexcept nogil:
    lock(aof)
    aof.stopping = True
    pthread_cond_signal(&aof.work)
    unlock(aof)
    if aof.started:
        pthread_join(aof.thread, NULL)


cdef void aof_delete(Aof *aof) noexcept nogil:
    if aof.process != getpid():
        # In a child process there is no thread to stop, and the locks may be held for ever.
        return
    stop_thread(aof)
    close_all(aof)
    log_leave(aof.log, &aof.reader)
    wake_close(aof.wake)
    pthread_cond_destroy(&aof.work)
    pthread_cond_destroy(&aof.progress)
    pthread_mutex_destroy(&aof.lock)
    free(aof)


cdef void aof_set_policy(Aof *aof, FsyncPolicy policy) noexcept nogil:
    lock(aof)
    while aof.writing:
        pthread_cond_wait(&aof.progress, &aof.lock)
    aof.policy = policy
    reclaim(aof, 0)
    pthread_cond_signal(&aof.work)
    unlock(aof)


cdef void aof_pause_sync(Aof *aof, bint paused) noexcept nogil:
    lock(aof)
    aof.paused = paused
    reclaim(aof, 0)
    pthread_cond_signal(&aof.work)
    unlock(aof)


# ---- The loop's thread ----

cdef void hand_over(Aof *aof) noexcept nogil:
    lock(aof)
    aof.retry = True
    pthread_cond_signal(&aof.work)
    unlock(aof)


cdef int aof_drain(Aof *aof) noexcept nogil:
    cdef int error = 0
    if aof.log.published != atomic_load_u64(&aof.written):
        if aof.policy == FSYNC_ALWAYS:
            hand_over(aof)
        else:
            error = write_out(aof)
    log_tidy(aof.log)
    return error if error else aof_error(aof)


cdef void aof_fill_disk(Aof *aof, bint full) noexcept nogil:
    lock(aof)
    while aof.writing:
        pthread_cond_wait(&aof.progress, &aof.lock)
    atomic_store_int(&aof.refusal, ENOSPC if full else 0)
    if full or aof.log.published == atomic_load_u64(&aof.written):
        atomic_store_int(&aof.write_error, atomic_load_int(&aof.refusal))
    unlock(aof)


cdef uint64_t aof_written(const Aof *aof) noexcept nogil:
    return atomic_load_u64(&aof.written)


cdef uint64_t aof_durable(const Aof *aof) noexcept nogil:
    return atomic_load_u64(&aof.durable)


cdef uint64_t aof_released(const Aof *aof) noexcept nogil:
    if aof.policy == FSYNC_ALWAYS and not aof.paused:
        return atomic_load_u64(&aof.durable)
    return atomic_load_u64(&aof.written)


cdef int aof_wake_fd(const Aof *aof) noexcept nogil:
    return aof.wake[0]


cdef void aof_wake_clear(Aof *aof) noexcept nogil:
    wake_clear(aof.wake)


cdef int aof_error(const Aof *aof) noexcept nogil:
    cdef int error = atomic_load_int(&aof.sync_error)
    return error if error else atomic_load_int(&aof.write_error)


cdef bint aof_sync_failed(const Aof *aof) noexcept nogil:
    return atomic_load_int(&aof.sync_error) != 0


cdef void aof_vouch(Aof *aof, uint64_t position) noexcept nogil:
    lock(aof)
    if position > aof.durable:
        atomic_store_u64(&aof.durable, position)
    advance_durable(aof)
    clear_sync_error(aof)
    unlock(aof)


cdef bint sync_hopeful(Aof *aof, uint64_t goal) noexcept nogil:
    """Returns whether something before `goal` is not synced, but may still be."""
    if aof.failed or (aof.files == aof.newest and aof.newest.synced >= goal):
        return False
    return aof.retry or aof.writing or aof.write_error == 0


cdef int aof_sync(Aof *aof) noexcept nogil:
    cdef uint64_t goal = aof.log.published
    cdef int error = EBADF if aof.newest == NULL else 0
    if error == 0 and aof.policy != FSYNC_ALWAYS:
        error = write_out(aof)
    if error:
        return error
    lock(aof)
    aof.sync_goal = goal
    aof.retry = True
    pthread_cond_signal(&aof.work)
    while sync_hopeful(aof, goal):
        pthread_cond_wait(&aof.progress, &aof.lock)
    unlock(aof)
    return aof_error(aof)


cdef int64_t aof_file_size(Aof *aof) noexcept nogil:
    lock(aof)
    cdef int64_t size = 0 if aof.newest == NULL else aof.newest.size
    unlock(aof)
    return size


cdef size_t aof_buffered(const Aof *aof) noexcept nogil:
    return <size_t>(aof.log.published - atomic_load_u64(&aof.written))


cdef int64_t aof_fsync_lag_ms(Aof *aof) noexcept nogil:
    lock(aof)
    cdef int64_t since = aof.unsynced_ns
    unlock(aof)
    return (monotonic_ns() - since) // MILLISECOND if since else 0


cdef void aof_take_times(Aof *aof, int64_t *write_ns, int64_t *sync_ns) noexcept nogil:
    lock(aof)
    write_ns[0] = aof.longest_write_ns
    sync_ns[0] = aof.longest_sync_ns
    aof.longest_write_ns = aof.longest_sync_ns = 0
    unlock(aof)


cdef bint aof_fsync_pending(Aof *aof) noexcept nogil:
    lock(aof)
    cdef bint syncing = aof.syncing
    unlock(aof)
    return syncing
