/* Sends bytes by reference to their pages, through a pipe: vmsplice puts references into it, splice passes them to the
 * socket. The pages must never be written again, and must leave the address space before they are reused.
 *
 * The pipe is created when it is first needed, and is empty between two calls: references that the socket does not
 * accept are dropped, and made again later. If the system does not permit one of the steps, `*works` becomes 0 for
 * good, and the caller sends a copy. A process with the default action for SIGPIPE must not splice, because splice has
 * no flag to suppress the signal.
 */
#ifndef PYREDIS_PAGE_PIPE_H
#define PYREDIS_PAGE_PIPE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>
#include <unistd.h>

/* If the system gives a pipe less room than the least, a copy is as cheap. In bytes. */
enum { PIPE_ROOM = 1 << 20, PIPE_ROOM_LEAST = 1 << 17 };

typedef struct Pipe {
    int *works;
    bool open;
    int in, out, null;
} Pipe;

/* `*works` is 1 while sending by reference is possible, else 0. */
static inline void pipe_init(Pipe *p, int *works) {
#ifdef __linux__
    *works = 1;
#else
    *works = 0;
#endif
    p->works = works;
    p->open = false;
}

static inline void pipe_close(Pipe *p) {
    if (!p->open) return;
    p->open = false;
    close(p->in);
    close(p->out);
    if (p->null >= 0) close(p->null);
}

static inline void pipe_give_up(Pipe *p) {
    *p->works = 0;
    pipe_close(p);
}

#ifdef __linux__

static bool pipe_enlarge(Pipe *p) {
    for (int room = PIPE_ROOM; room >= PIPE_ROOM_LEAST; room /= 2)
        if (fcntl(p->in, F_SETPIPE_SZ, room) >= room) return true;
    return false;
}

static bool pipe_open(Pipe *p) {
    struct sigaction action;
    int ends[2];
    if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler == SIG_DFL) return false;
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return false;
    p->out = ends[0];
    p->in = ends[1];
    p->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    p->open = true;
    return p->null >= 0 && pipe_enlarge(p);
}

/* Whether the pipe is open; opens it if necessary. */
static inline bool pipe_ready(Pipe *p) {
    if (*p->works && !p->open && !pipe_open(p)) pipe_give_up(p);
    return *p->works;
}

static bool pipe_drop(Pipe *p, size_t size) {
    while (size) {
        ssize_t dropped = splice(p->out, NULL, p->null, NULL, size, SPLICE_F_NONBLOCK);
        if (dropped <= 0) return false;
        size -= dropped;
    }
    return true;
}

/* Passes the contents of the pipe to the socket. Returns the bytes it accepted, or -1 with errno if none. */
static ssize_t pipe_empty(Pipe *p, int fd, size_t size, bool more) {
    size_t taken = 0;
    int error = 0;
    while (taken < size) {
        ssize_t n = splice(p->out, NULL, fd, NULL, size - taken, SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0));
        if (n <= 0) {
            error = n < 0 ? errno : EAGAIN;
            break;
        }
        taken += n;
    }
    /* None of these can be an error of the socket itself. */
    if (error == EINVAL || error == ENOSYS || error == EPERM || !pipe_drop(p, size - taken)) pipe_give_up(p);
    errno = error;
    return taken || !error ? (ssize_t)taken : -1;
}

/* Returns the bytes that the socket accepted, or -1 with errno if none. May set `*works` to 0. */
static ssize_t pipe_send(Pipe *p, int fd, const char *data, size_t size, bool more) {
    size_t sent = 0;
    while (sent < size) {
        struct iovec piece = {(void *)(data + sent), size - sent};
        ssize_t referred = vmsplice(p->in, &piece, 1, SPLICE_F_NONBLOCK);
        ssize_t taken;
        if (referred <= 0) {
            pipe_give_up(p);
            break;
        }
        taken = pipe_empty(p, fd, referred, more || sent + referred < size);
        if (taken > 0) sent += taken;
        if (taken < referred) break;
    }
    return sent ? (ssize_t)sent : -1;
}

#else

static inline bool pipe_ready(Pipe *p) {
    (void)p;
    return false;
}

static inline ssize_t pipe_send(Pipe *p, int fd, const char *data, size_t size, bool more) {
    (void)p, (void)fd, (void)data, (void)size, (void)more;
    return -1;
}

#endif

#endif
