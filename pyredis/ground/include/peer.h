/* Checks whether the peer of a stream socket has closed, without reading: earlier bytes may still be unread. */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

/* A half-closed connection counts as closed, as it does for a server that reads end of file. */
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
