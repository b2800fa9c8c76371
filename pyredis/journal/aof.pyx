"""The append-only file's ring buffer, its files' writer and its native thread.

Positions. Every byte ever appended has a position; these always hold:

    durable <= written <= published <= appended        reclaimed <= written        appended - reclaimed <= capacity

``appended`` and ``published`` are the loop's thread's. ``written`` and ``reclaimed`` (the ring's tail) belong to the
*writer*: the native thread under ``always``, the loop's thread otherwise. ``durable`` is the native thread's, which
alone calls fsync: a kernel reports a lost page once per descriptor, so two callers would share out the bad news. What
another thread may read without the lock is stored with release and loaded with acquire.

Files. ``files`` is a chain from the oldest not yet synced and closed to the newest. A file owns the positions from its
``start`` to its ``end``, which is open (``NO_END``) for the newest. ``target`` takes the next write. Syncs go in the
chain's order, so ``durable`` grows without holes. Attaching gives the newest file an end, and that is all a
rewrite needs: each byte lands in exactly one file, and the loop's thread waits for no disk.

Failures. A write that stops halfway is cut off (``torn`` until that has worked), its bytes are still in the ring. Under
``always`` the ring is reclaimed only when synced, otherwise when written; so after a failed fsync the bytes from
``reclaimed`` on can go to another file. Bytes before it that were not durable are *in doubt*: ``sync_error`` stays and
``durable`` stands still until a new base is vouched for. A loader begins every file in database 0, so a file that
begins amid the stream needs a SELECT of its own: ``selections`` remembers which database the ring's bytes are for.

The lock guards the chain, ``policy``, ``paused`` and the flags below it, and is held by nobody during input or output.
While ``writing`` is set the ring's memory must not move: the native thread is reading it.
"""

from libc.errno cimport EBADF, ENOSPC
from libc.stdint cimport UINT64_MAX, int64_t, uint64_t
from libc.stdlib cimport free
from posix.unistd cimport close

from pyredis.ground.base cimport monotonic_ns, unlikely
from pyredis.journal.ring cimport Ring, ring_allocate, ring_init, ring_move, ring_place, ring_span, ring_store
from pyredis.journal.selections cimport SELECT_SIZE, Selections, selections_add, selections_command


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
    GATHER_FROM = 500000        # ns: a sync that takes less is not waited for with company
    GATHER_MOST = 2000000       # ns
    WRITEBACK = 1 << 20         # bytes
    QUIET_DRAINS = 1024         # after so many that found little in it, a grown ring returns to its first size
    RING_KEEP = 32 << 20        # bytes: a larger one returns to it after the first such drain

cdef uint64_t NO_END = UINT64_MAX


cdef struct File:
    int fd
    bint torn                   # bytes beyond `size` wait to be cut off
    int64_t size                # bytes of whole units in the file: its length when it has the positions up to `written`
    uint64_t start
    uint64_t end
    uint64_t synced             # a position: an fsync has returned for all of the file before it
    uint64_t pushed             # the same, or further: the system was asked to begin writing what lies before it
    File *next


cdef struct Aof:
    # The ring's memory. It moves only while the lock is held and `writing` is not set.
    Ring ring
    # The loop's thread alone.
    uint64_t appended
    uint64_t limit              # `reclaimed` plus the capacity, as last looked up
    size_t first_capacity
    unsigned quiet              # drains since the ring grew
    Selections selections       # those that matter from `reclaimed` on
    bint started
    pthread_t thread
    char apart[64]              # what follows is written by both threads
    # Atomics.
    uint64_t published
    uint64_t units              # how many times something was published
    uint64_t written
    uint64_t reclaimed
    uint64_t durable
    int write_error
    int sync_error
    int failed                  # an fsync of the oldest file failed: it is not written to, nor believed, again
    # Under the lock.
    pthread_mutex_t lock
    pthread_cond_t work         # for the native thread
    pthread_cond_t progress     # for the loop's thread: something was written, synced or has failed
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
    File *files
    File *target
    File *newest
    int wake[2]


# ---- The ring ----

cdef inline void lock(Aof *aof) noexcept nogil:
    pthread_mutex_lock(&aof.lock)


cdef inline void unlock(Aof *aof) noexcept nogil:
    pthread_mutex_unlock(&aof.lock)


cdef void resize(Aof *aof, size_t capacity) noexcept nogil:
    """Move what the ring holds into memory of `capacity` bytes, which must be enough."""
    lock(aof)
    while aof.writing:
        pthread_cond_wait(&aof.progress, &aof.lock)
    cdef uint64_t tail = atomic_load_u64(&aof.reclaimed)
    ring_move(&aof.ring, capacity, tail, aof.appended)
    aof.limit = tail + capacity
    unlock(aof)


cdef void grow(Aof *aof, size_t size) noexcept nogil:
    """Make the ring large enough for `size` bytes more."""
    cdef uint64_t needed = aof.appended - atomic_load_u64(&aof.reclaimed) + size
    cdef size_t capacity = aof.ring.capacity
    while capacity < needed:
        capacity *= 2
    aof.quiet = 0
    resize(aof, capacity)


cdef void settle_ring(Aof *aof) noexcept nogil:
    """An empty ring begins at its first byte again: that is in the cache, and no seam is near. A grown one shrinks."""
    cdef uint64_t held = aof.appended - atomic_load_u64(&aof.reclaimed)
    if held == 0 and aof.policy != FSYNC_ALWAYS:
        aof.ring.origin = aof.appended
        aof.limit = aof.appended + aof.ring.capacity
    if aof.ring.capacity > aof.first_capacity and held <= aof.first_capacity:
        aof.quiet += 1
        if aof.quiet > QUIET_DRAINS or aof.ring.capacity > RING_KEEP:
            resize(aof, aof.first_capacity)


cdef bint has_room(Aof *aof, size_t size) noexcept nogil:
    aof.limit = atomic_load_u64(&aof.reclaimed) + aof.ring.capacity
    return aof.appended + size <= aof.limit


cdef void await_room(Aof *aof, size_t size) noexcept nogil:
    """Let the native thread make room. Returns without it when the file takes no writes or a sync has failed."""
    lock(aof)
    pthread_cond_signal(&aof.work)
    while not has_room(aof, size) and aof.target != NULL and aof_error(aof) == 0:
        pthread_cond_wait(&aof.progress, &aof.lock)
    unlock(aof)


cdef void make_room(Aof *aof, size_t size) noexcept nogil:
    if has_room(aof, size):
        return
    if aof.appended + size - aof.published <= aof.ring.capacity:
        if aof.policy == FSYNC_ALWAYS:
            await_room(aof, size)
        else:
            write_out(aof)
    if not has_room(aof, size):
        grow(aof, size)


# ---- Writing; by whoever is the writer ----

cdef int cut_back(File *file) noexcept nogil:
    cdef int error = file_truncate(file.fd, file.size) if file.torn else 0
    if error == 0:
        file.torn = False
    return error


cdef int write_units(Aof *aof, File *file, uint64_t start, uint64_t end) noexcept nogil:
    """Write these positions, which are whole units, or leave the file as it was."""
    cdef uint64_t position = start
    cdef int64_t written = 0
    cdef size_t size
    cdef size_t first
    cdef int error = cut_back(file)
    if error:
        return error
    while position < end:
        size = <size_t>(end - position)
        first = ring_span(&aof.ring, position, size)
        written = file_write(file.fd, ring_place(&aof.ring, position), first, aof.ring.data, size - first)
        if written < 0:
            file.torn = position > start
            cut_back(file)
            return <int>-written
        position += <uint64_t>written
    return 0


cdef void reclaim(Aof *aof, uint64_t synced) noexcept nogil:
    """Give the ring's room back up to what the policy promises: `synced` under always, what is written otherwise."""
    cdef uint64_t position = atomic_load_u64(&aof.written)
    if aof.policy == FSYNC_ALWAYS and not aof.paused:
        position = synced
    if position > atomic_load_u64(&aof.reclaimed):
        atomic_store_u64(&aof.reclaimed, position)


cdef void advance_target(Aof *aof) noexcept nogil:
    while aof.target.next != NULL and aof.target.end <= atomic_load_u64(&aof.written):
        aof.target = aof.target.next


cdef void finish_write(Aof *aof, File *file, uint64_t end, int error) noexcept nogil:
    """Under the lock: account for a write that ended at `end`, or did not."""
    atomic_store_int(&aof.write_error, error)
    if error:
        return
    cdef int64_t now = monotonic_ns()
    file.size += <int64_t>(end - atomic_load_u64(&aof.written))
    atomic_store_u64(&aof.written, end)
    if aof.unsynced_ns == 0:
        aof.unsynced_ns = now
    if aof.syncing and aof.unsynced_next_ns == 0:
        aof.unsynced_next_ns = now
    reclaim(aof, 0)
    advance_target(aof)


cdef int write_out(Aof *aof) noexcept nogil:
    """everysec and no: write what is published, in this thread, each file what is its own.

    More than one file has something to be given when the policy was always until now.
    """
    cdef File *file
    cdef uint64_t start, end
    cdef bint awaited
    cdef int error
    while True:
        start = atomic_load_u64(&aof.written)
        file = aof.target
        if aof.published == start:
            return 0
        if file == NULL:
            return EBADF
        if atomic_load_int(&aof.failed):
            return atomic_load_int(&aof.sync_error)
        end = min(aof.published, file.end)
        error = write_units(aof, file, start, end)
        lock(aof)
        awaited = everysec_waits(aof)
        finish_write(aof, file, end, error)
        # While the thread waits for the second to be over, a signal would only take the processor away.
        if not awaited or sync_due(aof) or writeback_due(aof):
            pthread_cond_signal(&aof.work)
        unlock(aof)
        if error:
            return error


# ---- The native thread; everything here is called with the lock held ----

cdef void write_gathered(Aof *aof) noexcept nogil:
    """always: write what has been published so far, as one group."""
    cdef File *file = aof.target
    cdef uint64_t start = atomic_load_u64(&aof.written)
    cdef uint64_t units = atomic_load_u64(&aof.units)
    cdef uint64_t end = atomic_load_u64(&aof.published)
    if end > file.end:
        end = file.end
    aof.written_units = units
    aof.retry = False
    aof.writing = True
    unlock(aof)
    cdef int error = write_units(aof, file, start, end)
    lock(aof)
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
    """The file is in doubt from `durable` to its end; a file that has been left already takes no part any more."""
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
    """Who was answered now, and who waits already, are those to expect in the next group."""
    aof.sync_ended_ns = monotonic_ns()
    aof.sync_took_ns = aof.sync_ended_ns - aof.last_sync_ns
    aof.expected_units = atomic_load_u64(&aof.units) - aof.synced_units
    aof.synced_units = aof.written_units


cdef int64_t gathering_left(const Aof *aof) noexcept nogil:
    """How long the next group may still wait for its members, in ns.

    Without waiting the clients of a slow disk fall into two groups that wait for each other's syncs, each client for
    two of them. A group is complete when as many units have come as were under way when the last sync ended; what does
    not come within an eighth of a sync's time is not waited for. A fast disk is not worth it.
    """
    cdef uint64_t gathered = atomic_load_u64(&aof.units) - aof.synced_units
    if aof.sync_took_ns < GATHER_FROM or gathered >= aof.expected_units:
        return 0
    return aof.sync_ended_ns + min(aof.sync_took_ns // 8, <int64_t> GATHER_MOST) - monotonic_ns()


cdef void sync_oldest(Aof *aof) noexcept nogil:
    """Sync what the oldest file has been given, and close it when it will be given no more."""
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
    """Without the lock: the last close of a file that has been unlinked takes as long as freeing its blocks does."""
    cdef File *file = aof.files
    aof.files = file.next
    unlock(aof)
    close_file(file)
    lock(aof)


cdef void close_file(File *file) noexcept nogil:
    close(file.fd)
    free(file)


cdef bint everysec_waits(const Aof *aof) noexcept nogil:
    """Whether written bytes wait for the second to be over."""
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
    return atomic_load_u64(&aof.published) > aof.written


cdef bint writeback_due(const Aof *aof) noexcept nogil:
    cdef const File *file = aof.files
    return everysec_waits(aof) and file == aof.target and aof.written - file.pushed >= WRITEBACK


cdef void begin_writeback(Aof *aof) noexcept nogil:
    """everysec: a second's bytes at once would keep the disk busy for long, and with it whoever writes to the file."""
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
    """Syncs come first: under always they are what the written bytes' clients wait for."""
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


cdef int write_selection(const Aof *aof, uint64_t position, int fd, int64_t *size) noexcept nogil:
    """Begin a file with the SELECT that the bytes at `position` rely on, and add it to the file's size."""
    cdef char command[SELECT_SIZE]
    cdef size_t length = selections_command(&aof.selections, position, command)
    cdef int64_t written = file_write(fd, command, length, NULL, 0) if length else 0
    if written < 0:
        return <int>-written
    size[0] += written
    return 0 if <size_t>written == length else ENOSPC


cdef int leave_failed(Aof *aof, int fd, int64_t size) noexcept nogil:
    """Leave the chain whose oldest file failed an fsync (the others are empty) and go on from `reclaimed` in a new one.

    What that file repeats is cut off the failed one, and the cut synced: else a loader might see it twice.
    """
    cdef File *file = aof.files
    cdef uint64_t start = atomic_load_u64(&aof.reclaimed)
    cdef int64_t surplus = <int64_t>(aof.written - start)
    cdef int error
    if surplus or file.torn:
        error = file_truncate(file.fd, file.size - surplus)
        if error == 0:
            error = file_sync(file.fd)
        if error:
            return error
    error = write_selection(aof, start, fd, &size)
    if error:
        return error
    atomic_store_u64(&aof.written, start)
    close_all(aof)
    atomic_store_int(&aof.failed, False)
    atomic_store_int(&aof.write_error, 0)
    aof.unsynced_ns = 0
    aof.doubt_end = start
    settle_doubt(aof)
    add_file(aof, fd, size, start)
    return 0


cdef void settle_doubt(Aof *aof) noexcept nogil:
    if aof.durable >= aof.doubt_end and not aof.failed:
        atomic_store_int(&aof.sync_error, 0)


cdef int ensure_thread(Aof *aof) noexcept nogil:
    cdef int error = 0 if aof.started else thread_start(&aof.thread, thread_main, aof)
    aof.started = error == 0
    return error


cdef int aof_attach(Aof *aof, int fd, int64_t size) noexcept nogil:
    cdef int error = ensure_thread(aof)
    if error == 0 and aof.newest != NULL and aof.policy != FSYNC_ALWAYS and not atomic_load_int(&aof.failed):
        error = write_out(aof)
        # It may have been a sync, and just now, that failed: that is what a new file is for.
        if atomic_load_int(&aof.failed):
            error = 0
    if error:
        return error
    lock(aof)
    if aof.failed:
        error = leave_failed(aof, fd, size)
    else:
        add_file(aof, fd, size, aof.written if aof.newest == NULL else aof.published)
    unlock(aof)
    return error


cdef void forget(Aof *aof) noexcept nogil:
    """Close every file and owe nothing: as new, but that positions go on."""
    close_all(aof)
    aof.appended = aof.ring.origin = aof.published
    aof.limit = aof.appended + aof.ring.capacity
    atomic_store_u64(&aof.written, aof.published)
    atomic_store_u64(&aof.reclaimed, aof.published)
    atomic_store_u64(&aof.durable, aof.published)
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
    forget(aof)
    unlock(aof)
    return error


# ---- Life ----

cdef Aof *aof_new(size_t ring_size) noexcept nogil:
    cdef Aof *aof = <Aof *>ring_allocate(sizeof(Aof))
    if wake_open(aof.wake):
        free(aof)
        return NULL
    ring_init(&aof.ring, ring_size)
    aof.first_capacity = aof.limit = ring_size
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
    stop_thread(aof)
    close_all(aof)
    wake_close(aof.wake)
    pthread_cond_destroy(&aof.work)
    pthread_cond_destroy(&aof.progress)
    pthread_mutex_destroy(&aof.lock)
    free(aof.ring.data)
    free(aof.selections.items)
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

cdef void aof_append(Aof *aof, const char *data, size_t size) noexcept nogil:
    if unlikely(size == 0):
        return
    if unlikely(aof.appended + size > aof.limit):
        make_room(aof, size)
    ring_store(&aof.ring, aof.appended, data, size)
    aof.appended += size


cdef void aof_selected(Aof *aof, int database) noexcept nogil:
    selections_add(&aof.selections, aof.appended, database, atomic_load_u64(&aof.reclaimed))


cdef void aof_publish(Aof *aof) noexcept nogil:
    atomic_store_u64(&aof.units, aof.units + 1)
    atomic_store_u64(&aof.published, aof.appended)


cdef uint64_t aof_position(const Aof *aof) noexcept nogil:
    return aof.published


cdef void hand_over(Aof *aof) noexcept nogil:
    lock(aof)
    aof.retry = True
    pthread_cond_signal(&aof.work)
    unlock(aof)


cdef int aof_drain(Aof *aof) noexcept nogil:
    cdef int error = 0
    if aof.published != atomic_load_u64(&aof.written):
        if aof.policy == FSYNC_ALWAYS:
            hand_over(aof)
        else:
            error = write_out(aof)
    settle_ring(aof)
    return error if error else aof_error(aof)


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
    settle_doubt(aof)
    unlock(aof)


cdef bint sync_hopeful(Aof *aof, uint64_t goal) noexcept nogil:
    """Whether not everything up to `goal` is synced yet, and still may be."""
    if aof.failed or (aof.files == aof.newest and aof.newest.synced >= goal):
        return False
    return aof.retry or aof.writing or aof.write_error == 0


cdef int aof_sync(Aof *aof) noexcept nogil:
    cdef uint64_t goal = aof.published
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
    return <size_t>(aof.published - atomic_load_u64(&aof.written))


cdef size_t aof_memory(const Aof *aof) noexcept nogil:
    return aof.ring.capacity


cdef int64_t aof_fsync_lag_ms(Aof *aof) noexcept nogil:
    lock(aof)
    cdef int64_t since = aof.unsynced_ns
    unlock(aof)
    return (monotonic_ns() - since) // MILLISECOND if since else 0


cdef bint aof_fsync_pending(Aof *aof) noexcept nogil:
    lock(aof)
    cdef bint syncing = aof.syncing
    unlock(aof)
    return syncing
