/* The vectors of one sendmsg: where the bytes of a reply stand, without copying them together. */
#ifndef PYREDIS_VECTORS_H
#define PYREDIS_VECTORS_H

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifdef MSG_NOSIGNAL
#define SEND_FLAGS (MSG_NOSIGNAL | MSG_DONTWAIT)
#else
#define SEND_FLAGS MSG_DONTWAIT
#endif

enum { VECTORS = 64 };

typedef struct Vectors {
    int count;
    size_t size, most;
    struct iovec items[VECTORS];
} Vectors;

static inline void vectors_begin(Vectors *v, size_t most) {
    v->count = 0;
    v->size = 0;
    v->most = most;
}

/* Adds as many of the bytes as there is room for; false once there is none for more. */
static inline bool vectors_add(Vectors *v, const char *data, size_t size) {
    if (size == 0) return true;
    if (v->count == VECTORS || v->most == 0) return false;
    if (size > v->most) size = v->most;
    v->items[v->count].iov_base = (void *)data;
    v->items[v->count].iov_len = size;
    v->count++;
    v->size += size;
    v->most -= size;
    return v->most > 0 && v->count < VECTORS;
}

static inline ssize_t vectors_send(const Vectors *v, int fd) {
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = (struct iovec *)v->items;
    message.msg_iovlen = v->count;
    return sendmsg(fd, &message, SEND_FLAGS);
}

#endif
