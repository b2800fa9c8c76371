/* A slow disk: when preloaded, it makes fdatasync and fsync take SLOW_FDATASYNC_US microseconds longer.
 *
 *     cc -shared -fPIC -O2 -o slow_fdatasync.so slow_fdatasync.c
 *     SLOW_FDATASYNC_US=5000 LD_PRELOAD=./slow_fdatasync.so redis-server …
 *
 * The system calls are made by number, so no symbol has to be looked up when the process starts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void linger(void)
{
    const char *text = getenv("SLOW_FDATASYNC_US");
    long microseconds = text ? atol(text) : 0;
    struct timespec left = {microseconds / 1000000, microseconds % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static int slowly(long call, int descriptor)
{
    int status = (int)syscall(call, descriptor);
    int saved = errno;
    linger();
    errno = saved;
    return status;
}

int fdatasync(int descriptor)
{
    return slowly(SYS_fdatasync, descriptor);
}

int fsync(int descriptor)
{
    return slowly(SYS_fsync, descriptor);
}
