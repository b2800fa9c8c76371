/* Whether the other end of a stream socket has gone, asked without reading: what it sent before may lie unread. */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

/* A half-closed connection counts as gone: a server ends it too when it reads the end. */
static inline bool peer_has_gone(int fd)
{
#ifdef POLLRDHUP
    struct pollfd socket = {.fd = fd, .events = POLLRDHUP, .revents = 0};
    return poll(&socket, 1, 0) > 0;
#else
    char byte;
    ssize_t size = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return size == 0 || (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
#endif
}
