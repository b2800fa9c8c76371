"""The sockets a server listens on: TCP by the directives ``bind`` and ``port``, and one unix socket.

``Listeners`` owns them. A socket listens as soon as it is opened, so no client is refused before the event loop takes
it over. It is closed at once, so its address is free for the next socket.
"""

import asyncio
import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable, Iterable, Sequence

# Errors that a host without an address family may return for it.
_NO_FAMILY = {
    errno.EAFNOSUPPORT,
    errno.ENOPROTOOPT,
    errno.EPFNOSUPPORT,
    errno.EPROTONOSUPPORT,
    errno.ESOCKTNOSUPPORT,
}
# Bytes of a unix socket's path, on every system.
UNIX_PATH_MAX = 100
# How many free ports are tried: another address of the server's may have the same port in use.
ANY_PORT_ATTEMPTS = 20
SOMAXCONN = "/proc/sys/net/core/somaxconn"

Warn = Callable[[str], None]
Place = tuple[str, int]


class ListenError(OSError):
    """The server cannot listen on an address; the text names it."""


class Listeners:
    """All listening sockets of one server. ``factory`` makes the protocols; ``warn`` gets lines for the log."""

    def __init__(self, loop: asyncio.AbstractEventLoop, factory: Callable, backlog: int, warn: Warn) -> None:
        self._loop = loop
        self._factory = factory
        self._backlog = backlog
        self._warn = warn
        self._sockets: dict[Place, socket.socket] = {}
        self._servers: dict[Place | str, asyncio.AbstractServer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unix: socket.socket | None = None
        self.unix_path = ""
        # The addresses and the port of `open_tcp`.
        self.bound: tuple[Sequence[str], int] = ((), 0)

    def __bool__(self) -> bool:
        return bool(self._sockets or self._unix)

    # ---- opening ----

    def open_tcp(self, addresses: Sequence[str], port: int) -> None:
        """Listens on these addresses and no others; ``port`` 0 means none. After ListenError nothing has changed.

        A new port is opened before the old one is closed. If the port stays the same, an old address may conflict with
        a new one (``*`` with ``127.0.0.1``), so the old ones are closed first.
        """
        wanted = [(address, port) for address in addresses] if port else []
        gone = [place for place in self._sockets if place not in wanted]
        in_the_way = any(at == port for _, at in gone)
        if in_the_way:
            self._close(gone)
        try:
            self._open(wanted)
        except ListenError:
            if in_the_way:
                self._open(gone)
            raise
        if not in_the_way:
            self._close(gone)
        self.bound = (addresses, port)

    def open_any(self, addresses: Sequence[str]) -> int:
        """Listens on these addresses, all on the same free port, which is returned. Raises ListenError."""
        for _ in range(ANY_PORT_ATTEMPTS):
            place, sock = self._first(addresses)
            try:
                self._sockets[place] = sock
                self._open((address, place[1]) for address in addresses)
            except ListenError as error:
                self._close([place])
                failure = error
            else:
                self._start(self._serve(place, sock))
                self.bound = (addresses, place[1])
                return place[1]
        raise failure

    def _first(self, addresses: Sequence[str]) -> tuple[Place, socket.socket]:
        """Opens a socket on any port of the first address that the host has."""
        for address in addresses:
            sock = tcp_socket(address, 0, self._backlog, self._warn)
            if sock is not None:
                return (address, sock.getsockname()[1]), sock
        raise ListenError(errno.EADDRNOTAVAIL, f"none of the addresses exists: {' '.join(addresses)}")

    def _open(self, places: Iterable[Place]) -> None:
        opened: dict[Place, socket.socket] = {}
        for place in places:
            if place in self._sockets:
                continue
            try:
                sock = tcp_socket(*place, self._backlog, self._warn)
            except ListenError:
                for other in opened.values():
                    other.close()
                raise
            if sock is not None:
                opened[place] = sock
        self._sockets |= opened
        for place, sock in opened.items():
            self._start(self._serve(place, sock))

    def open_unix(self, path: str, permissions: int) -> None:
        """Listens on a unix socket. Raises ListenError."""
        self._unix = unix_socket(path, permissions, self._backlog)
        self.unix_path = os.path.abspath(path)
        self._start(self._serve_unix(self._unix))

    # ---- serving ----

    async def serving(self) -> None:
        """Returns once the event loop accepts connections from every socket."""
        await asyncio.gather(*self._tasks)

    def _start(self, serving) -> None:
        task = self._loop.create_task(serving)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, place: Place, sock: socket.socket) -> None:
        if self._sockets.get(place) is sock:
            server = await self._loop.create_server(self._factory, sock=sock, backlog=self._backlog)
            self._keep(place, server, self._sockets.get(place) is sock)

    async def _serve_unix(self, sock: socket.socket) -> None:
        if self._unix is sock:
            server = await self._loop.create_unix_server(self._factory, sock=sock, backlog=self._backlog)
            self._keep(self.unix_path, server, self._unix is sock)

    def _keep(self, place: Place | str, server: asyncio.AbstractServer, wanted: bool) -> None:
        """Keeps the event loop's server for a socket, or closes it if the socket is no longer wanted."""
        if wanted:
            self._servers[place] = server
        else:
            server.close()

    # ---- closing ----

    def _close(self, places: Iterable[Place]) -> None:
        for place in places:
            sock = self._sockets.pop(place)
            self._close_one(place, sock)

    def _close_one(self, place: Place | str, sock: socket.socket) -> None:
        server = self._servers.pop(place, None)
        if server is not None:
            server.close()
        else:
            sock.close()

    def close(self) -> None:
        """Closes every socket, and removes the unix socket's file."""
        self._close(list(self._sockets))
        if self._unix is not None:
            self._close_one(self.unix_path, self._unix)
            self._unix = None
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.unix_path)


# ---- sockets ----


def tcp_socket(address: str, port: int, backlog: int, warn: Warn) -> socket.socket | None:
    """Opens a listening socket; ``*`` is every IPv4 and ``::*`` every IPv6 address.

    Returns None if the host has no such address family, or if the address begins with ``-`` and does not exist.
    """
    host = address.removeprefix("-")
    try:
        return _listening(host, port, backlog)
    except OSError as error:
        reason = (error.strerror or str(error)).split(" (while attempting")[0]
        text = f"Warning: Could not create server TCP listening socket {host}:{port}: bind: {reason}"
        warn(text)
        optional = error.errno == errno.EADDRNOTAVAIL and address.startswith("-")
        if optional or error.errno in _NO_FAMILY:
            return None
        raise ListenError(error.errno, text) from error


def _listening(host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    name = {"*": "0.0.0.0", "::*": "::"}.get(host, host)
    # As bytes, because for a string Python imports the codec for international names, and Unicode's database with it.
    encoded = name.encode() if name.isascii() else name
    address = socket.getaddrinfo(encoded, port, family, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)[0]
    # asyncio sets TCP_NODELAY only if the socket names its protocol.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
    """Opens a listening unix socket, replacing any socket at this path. ``permissions`` 0 leaves the umask's."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                os.unlink(path)
        sock.bind(_shortest(path))
        if permissions:
            os.chmod(path, permissions)
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise ListenError(error.errno, f"Failed opening Unix socket: bind: {error.strerror or error}") from error
    return sock


def _shortest(path: str) -> str:
    """Returns the path, or its relative form if that is shorter and the path too long: a socket's address has room for
    little more than 100 bytes."""
    relative = os.path.relpath(path)
    return relative if len(os.fsencode(relative)) < len(os.fsencode(path)) > UNIX_PATH_MAX else path


def check_backlog(backlog: int, warn: Warn) -> None:
    """Warns if the system keeps fewer connections waiting than ``tcp-backlog``."""
    with contextlib.suppress(FileNotFoundError), open(SOMAXCONN, encoding="ascii") as file:
        most = int(file.read())
        if 0 < most < backlog:
            warn(
                f"WARNING: The TCP backlog setting of {backlog} cannot be enforced because {SOMAXCONN} is set to the "
                f"lower value of {most}."
            )


def keep_alive(sock: socket.socket, interval: int) -> None:
    """Probes a silent peer after ``interval`` seconds, then up to three times at a third of that, then disconnects.

    ``interval`` 0 sends no probes.
    """
    idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
    # On some systems a connection that was reset before it was accepted rejects options; it is about to be closed.
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, interval > 0)
        if not interval:
            return
        if idle is not None:
            sock.setsockopt(socket.IPPROTO_TCP, idle, interval)
        if hasattr(socket, "TCP_KEEPINTVL"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(interval // 3, 1))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
