/* A preloaded disk under a test's control: the variables are set and read through ctypes in the same process.
 *
 * Only regular files are affected. A call updates the counters in `..._count` after everything else and those in
 * `..._entered` before. The clock can be stopped too, for all threads except the first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

volatile int write_error, sync_error, truncate_error; /* the errno to fail with, 0 for none */
volatile int64_t write_budget = -1;                   /* bytes written before write_error applies; -1: at once */
volatile int64_t write_chunk = -1;                    /* the most bytes that one call writes; -1: no limit */
volatile int sync_held;                               /* while it is not 0, syncs wait */
volatile int write_held;                              /* while it is not 0, writes wait */
volatile int sync_entered, sync_count, write_entered, write_count, truncate_count;
volatile int64_t clock_ns;                            /* the time on the monotonic clock, 0 for the real time */
volatile int clock_reads;
volatile int64_t woken_at;                            /* the deadline of the last timed wait, on that clock */
volatile int begin_held;                              /* while it is not 0, calls that start writeback wait */
volatile int begin_entered, begun_count;
volatile int64_t begun_from, begun_to;                /* the range of the last of them */
volatile int64_t synced_size;                         /* the size of the last synced file when that sync began */

static int regular(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static ssize_t allowed(size_t size) {
    if (write_chunk >= 0 && size > (size_t)write_chunk) size = (size_t)write_chunk;
    if (!write_error) return (ssize_t)size;
    if (write_budget <= 0) return -1;
    if (size > (size_t)write_budget) size = (size_t)write_budget;
    write_budget -= (int64_t)size;
    return (ssize_t)size;
}

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    if (!regular(fd)) return real(fd, data, size);
    write_entered++;
    while (write_held) usleep(200);
    ssize_t room = allowed(size);
    ssize_t result = -1;
    if (room < 0) errno = write_error;
    else result = real(fd, data, (size_t)room);
    write_count++;
    return result;
}

ssize_t writev(int fd, const struct iovec *spans, int count) {
    size_t size = 0, done = 0;
    if (!regular(fd) || count < 1) {
        static ssize_t (*real)(int, const struct iovec *, int);
        if (!real) real = dlsym(RTLD_NEXT, "writev");
        return real(fd, spans, count);
    }
    for (int i = 0; i < count; i++) {
        ssize_t written = write(fd, spans[i].iov_base, spans[i].iov_len);
        if (written < 0) return done ? (ssize_t)done : -1;
        done += (size_t)written;
        size += spans[i].iov_len;
        if (done < size) break;
    }
    return (ssize_t)done;
}

int fdatasync(int fd) {
    static int (*real)(int);
    struct stat status;
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    fstat(fd, &status);
    sync_entered++;
    while (sync_held) usleep(200);
    if (sync_error) {
        errno = sync_error;
        sync_count++;
        return -1;
    }
    int result = real(fd);
    synced_size = status.st_size;
    sync_count++;
    return result;
}

int sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags) {
    static int (*real)(int, off64_t, off64_t, unsigned);
    if (!real) real = dlsym(RTLD_NEXT, "sync_file_range");
    begin_entered++;
    while (begin_held) usleep(200);
    int result = flags == SYNC_FILE_RANGE_WRITE ? real(fd, offset, size, flags) : -1;
    if (result == 0) {
        begun_from = offset;
        begun_to = offset + size;
        begun_count++;
    }
    return result;
}

int ftruncate(int fd, off_t size) {
    static int (*real)(int, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "ftruncate");
    truncate_count++;
    if (truncate_error) {
        errno = truncate_error;
        return -1;
    }
    return real(fd, size);
}

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

static int stopped(void) { return clock_ns && syscall(SYS_gettid) != getpid(); }

int clock_gettime(clockid_t clock, struct timespec *out) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    if (clock != CLOCK_MONOTONIC || !stopped()) return real(clock, out);
    out->tv_sec = clock_ns / 1000000000;
    out->tv_nsec = clock_ns % 1000000000;
    clock_reads++;
    return 0;
}

/* A stopped clock is behind the real one, so these waits end at once and the clock is read again. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until) {
    if (stopped()) woken_at = until->tv_sec * (int64_t)1000000000 + until->tv_nsec;
    return pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, until);
}
