"""The sockets a server listens on: TCP by the ``bind`` directive, and one unix socket."""

import errno
import os
import socket
from collections.abc import Sequence

# What a host may answer for an address family or an address it does not have.
_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ENOPROTOOPT, errno.EPFNOSUPPORT}


class ListenError(OSError):
    """An address that cannot be listened on; the text names it."""


def tcp_sockets(addresses: Sequence[str], port: int, backlog: int) -> list[socket.socket]:
    """One listening socket for each address; ``*`` is every IPv4 and ``::*`` every IPv6 address.

    An address with ``-`` before it may be missing on this host. Raises ListenError, with nothing left open.
    """
    sockets: list[socket.socket] = []
    for address in addresses:
        host = address.removeprefix("-")
        try:
            sockets.append(_tcp_socket(host, port, backlog))
        except OSError as error:
            if address.startswith("-") and error.errno in _ABSENT:
                continue
            for opened in sockets:
                opened.close()
            reason = f"Could not create server TCP listening socket {host}:{port}: {error.strerror or error}"
            raise ListenError(error.errno, reason) from error
    return sockets


def _tcp_socket(host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    name = {"*": "0.0.0.0", "::*": "::"}.get(host, host)
    address = socket.getaddrinfo(name, port, family, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address[4])
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def unix_socket(path: str, permissions: int, backlog: int) -> socket.socket:
    """A listening unix socket in place of whatever socket was there. ``permissions`` 0 leaves the umask's."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if os.path.exists(path):
            os.unlink(path)
        sock.bind(path)
        if permissions:
            os.chmod(path, permissions)
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise ListenError(error.errno, f"Opening Unix socket: {path}: {error.strerror or error}") from error
    return sock


def keep_alive(sock: socket.socket, interval: int) -> None:
    """Probes a silent peer after ``interval`` seconds, and gives it up after three probes a third of that apart."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
    if idle is not None:
        sock.setsockopt(socket.IPPROTO_TCP, idle, interval)
    if hasattr(socket, "TCP_KEEPINTVL"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(interval // 3, 1))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
