/* The vectors of one send: where the bytes of a reply are, without copying them together.
 *
 * Bytes in sealed blocks are sent by reference to their pages if possible, all others with sendmsg.
 */
#ifndef PYREDIS_VECTORS_H
#define PYREDIS_VECTORS_H

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "page_pipe.h"

#ifdef MSG_NOSIGNAL
#define SEND_FLAGS (MSG_NOSIGNAL | MSG_DONTWAIT)
#else
#define SEND_FLAGS MSG_DONTWAIT
#endif

#ifndef MSG_MORE
#define MSG_MORE 0
#endif

/* Fewer than REFERRED_LEAST bytes are copied, which costs less than the calls. */
enum { VECTORS = 64, REFERRED_LEAST = 16384 };

typedef struct Vectors {
    int count;
    size_t size, most;
    struct iovec items[VECTORS];
    bool sealed[VECTORS];
} Vectors;

static inline void vectors_begin(Vectors *v, size_t most) {
    v->count = 0;
    v->size = 0;
    v->most = most;
}

/* Adds as many of the bytes as there is room for; false when there is no room for more. */
static inline bool vectors_add(Vectors *v, const char *data, size_t size, bool sealed) {
    if (size == 0) return true;
    if (v->count == VECTORS || v->most == 0) return false;
    if (size > v->most) size = v->most;
    v->items[v->count].iov_base = (void *)data;
    v->items[v->count].iov_len = size;
    v->sealed[v->count] = sealed;
    v->count++;
    v->size += size;
    v->most -= size;
    return v->most > 0 && v->count < VECTORS;
}

static inline bool vectors_refer(const Vectors *v, int index, Pipe *pipe) {
    return v->sealed[index] && v->items[index].iov_len >= REFERRED_LEAST && pipe_ready(pipe);
}

/* Sends the vectors [begin, end) in one call. */
static inline ssize_t vectors_copy(const Vectors *v, int fd, int begin, int end) {
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = (struct iovec *)v->items + begin;
    message.msg_iovlen = end - begin;
    return sendmsg(fd, &message, SEND_FLAGS | (end < v->count ? MSG_MORE : 0));
}

/* Sends as many vectors from `begin` on as go the same way; `end` is the first that does not. */
static inline ssize_t vectors_send_alike(const Vectors *v, int fd, Pipe *pipe, int begin, int *end) {
    ssize_t sent;
    *end = begin + 1;
    if (vectors_refer(v, begin, pipe)) {
        sent = pipe_send(pipe, fd, v->items[begin].iov_base, v->items[begin].iov_len, *end < v->count);
        if (sent >= 0 || *pipe->works) return sent;
    }
    while (*end < v->count && !vectors_refer(v, *end, pipe)) ++*end;
    return vectors_copy(v, fd, begin, *end);
}

/* Returns the bytes that the socket accepted, or -1 with errno if none. */
static inline ssize_t vectors_send(const Vectors *v, int fd, Pipe *pipe) {
    size_t total = 0, wanted = 0;
    int index = 0, end;
    while (index < v->count) {
        ssize_t sent = vectors_send_alike(v, fd, pipe, index, &end);
        if (sent < 0) return total ? (ssize_t)total : -1;
        total += sent;
        for (; index < end; index++) wanted += v->items[index].iov_len;
        if (total < wanted) break;
    }
    return total;
}

#endif
