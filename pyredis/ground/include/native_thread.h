/* What native threads need and systems do differently: starting one that receives no signals, being scheduled promptly,
 * waiting on a condition with a timeout, waking an event loop through a descriptor, and syncing a file to the disk. */
#ifndef PYREDIS_NATIVE_THREAD_H
#define PYREDIS_NATIVE_THREAD_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#endif

/* Signals are still delivered to the thread that starts this one. Returns 0 or an errno. */
static inline int thread_start(pthread_t *thread, void *(*main)(void *), void *argument) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, main, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Asks for short time slices: a thread that mostly waits then runs as soon as it wakes, even if another thread keeps
 * the processor busy. Linux since 6.12; no effect elsewhere. */
static inline void thread_be_prompt(void) {
#if defined(__linux__) && defined(SYS_sched_setattr)
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period; /* ns; of an ordinary thread, `runtime` is its slice */
    } attributes = {0};
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0 && attributes.policy == SCHED_OTHER) {
        attributes.size = sizeof attributes;
        attributes.runtime = 100000;
        syscall(SYS_sched_setattr, 0, &attributes, 0);
    }
#endif
}

/* For `condition_wait_for`: its clock must not jump. */
static inline void condition_init(pthread_cond_t *condition) {
#ifdef __APPLE__
    pthread_cond_init(condition, NULL);
#else
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
#endif
}

static inline void condition_wait_for(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t ns) {
#ifdef __APPLE__
    struct timespec duration = {ns / 1000000000, ns % 1000000000};
    pthread_cond_timedwait_relative_np(condition, lock, &duration);
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanos = now.tv_nsec + ns;
    struct timespec deadline = {now.tv_sec + nanos / 1000000000, nanos % 1000000000};
    pthread_cond_timedwait(condition, lock, &deadline);
#endif
}

/* ends[0] is read and watched, ends[1] is written; they are equal if one descriptor does both. 0 or an errno. */
static inline int wake_open(int ends[2]) {
#ifdef __linux__
    ends[0] = ends[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return ends[0] < 0 ? errno : 0;
#else
    if (pipe(ends)) return errno;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    return 0;
#endif
}

/* A full pipe is readable already, so a refused write loses nothing. */
static inline void wake_send(const int ends[2]) {
    uint64_t one = 1;
    ssize_t sent = write(ends[1], &one, sizeof one);
    (void)sent;
}

static inline void wake_clear(const int ends[2]) {
    uint64_t gone[64];
    while (read(ends[0], gone, sizeof gone) == (ssize_t)sizeof gone) {}
}

static inline void wake_close(const int ends[2]) {
    close(ends[0]);
    if (ends[1] != ends[0]) close(ends[1]);
}

/* Returns 0 when the file's bytes, and the metadata needed to read them back, are on the disk; otherwise an errno. */
static inline int file_sync(int fd) {
    int result;
#ifdef __APPLE__
    if (fcntl(fd, F_FULLFSYNC) == 0) return 0;
#endif
    do {
#ifdef __linux__
        result = fdatasync(fd);
#else
        result = fsync(fd);
#endif
    } while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}

/* Makes the system begin to write this part of the file to the disk, without waiting. Only a hint: the `file_sync` that
 * follows reports any error. Linux only; no effect elsewhere. */
static inline void file_begin_writeback(int fd, int64_t offset, int64_t size) {
#ifdef __linux__
    int begun = sync_file_range(fd, offset, size, SYNC_FILE_RANGE_WRITE);
    (void)begun;
#else
    (void)fd, (void)offset, (void)size;
#endif
}

/* macOS refuses writes of more than 2 GB, and Linux shortens them. */
#define WRITE_AT_MOST ((size_t)1 << 30)

/* One writev of two spans (the second may be empty), retried after a signal. Returns the bytes written, or -errno. */
static inline int64_t file_write(int fd, const char *first, size_t first_size, const char *second, size_t second_size) {
    struct iovec spans[2] = {{(void *)first, first_size}, {(void *)second, second_size}};
    ssize_t written;
    if (first_size >= WRITE_AT_MOST) {
        spans[0].iov_len = WRITE_AT_MOST;
        second_size = 0;
    } else if (second_size > WRITE_AT_MOST - first_size) {
        spans[1].iov_len = WRITE_AT_MOST - first_size;
    }
    do {
        written = second_size ? writev(fd, spans, 2) : write(fd, spans[0].iov_base, spans[0].iov_len);
    } while (written < 0 && errno == EINTR);
    if (written == 0) return -ENOSPC;
    return written < 0 ? -(int64_t)errno : written;
}

static inline int file_truncate(int fd, int64_t size) {
    int result;
    do {
        result = ftruncate(fd, size);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}

#endif
