"""A complete server in this process, without sockets or event loop: connections are fed bytes and collect replies.

Only what reaches out of the process is replaced: it has no listener, no signals, no shutdown, no interpreter threads.
All else is the real code, from the asyncio protocol class down to the file that the ring is drained into.
"""

import functools
import gc
import os
import random
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import hiredis

from pyredis._core import DIRECTIVES as NATIVE
from pyredis._core import Core
from pyredis.commands.server import invariants
from pyredis.commands.server.digest import digest_all
from pyredis.commands.table.command_table import SPECS
from pyredis.commands.table.registry import BOUND
from pyredis.config import Config
from pyredis.ground.server_log import Log
from pyredis.persistence.loader import AofLoader
from pyredis.persistence.snapshot import Snapshot
from pyredis.protocol import BufferedConnection
from pyredis.server import Server
from pyredis.shell.hub import Hub

# Directives that would act on the process: its directory, its listeners, the event loop that is missing here.
CUT_OFF = ("appendonly", "appendfsync", "bind", "dir", "port")
# Limits are small, so that a few bytes reach every encoding.
DIRECTIVES = (
    *("--save", "", "--appendonly", "no", "--tcp-keepalive", "0", "--databases", "3", "--proto-max-bulk-len", "1mb"),
    *("--hash-max-listpack-entries", "4", "--hash-max-listpack-value", "12", "--enable-debug-command", "no"),
    *("--list-max-listpack-size", "4", "--list-compress-depth", "1", "--set-max-intset-entries", "4"),
    *("--set-max-listpack-entries", "4", "--set-max-listpack-value", "12", "--zset-max-listpack-entries", "4"),
    *("--zset-max-listpack-value", "12", "--stream-node-max-entries", "3", "--hll-sparse-max-bytes", "60"),
    *("--busy-reply-threshold", "3", "--notify-keyspace-events", "KEA"),
)
SWITCH = b"\xff\xfe"
SLICE_US = 200
# In bytes; small, so that rewrites save values in pieces.
PIECE = 256
# The iterations of the loop in which a script that never ends may continue before it is killed.
SLICES = 20


class QuietConfig(Config):
    """Records in ``changed`` that an input has set a directive, so that the next one needs another server."""

    changed = False

    def on_change(self, name, hook):
        if name not in CUT_OFF:
            super().on_change(name, hook)

    def set(self, pairs, **how):
        self.changed = True
        super().set(pairs, **how)


class Loop:
    """Callbacks wait for ``run``; timers never fire.

    A script that never ends asks for another iteration in each, so ``most_iterations`` may limit their number.
    """

    def __init__(self):
        self.ready = []
        self.most_iterations = sys.maxsize

    def call_soon(self, callback, *arguments):
        self.ready.append((callback, arguments))

    def time(self):
        return time.monotonic()

    def call_at(self, when, callback, *arguments):
        return SimpleNamespace(cancel=lambda: None)

    call_later = call_at

    def run(self):
        iterations = 0
        while self.ready and iterations < self.most_iterations:
            iterations += 1
            ready, self.ready = self.ready, []
            for callback, arguments in ready:
                callback(*arguments)


class Transport:
    """Accepts all output at once. It claims to have a TLS context, so that the shell does not use the descriptor."""

    def __init__(self, loop):
        self.loop = loop
        self.written = bytearray()
        self.connection = None
        self.open = True
        self.paused = False
        self.extra = {
            "socket": SimpleNamespace(family=socket.AF_INET, fileno=lambda: -1),
            "sslcontext": True,
            "peername": ("127.0.0.1", 1),
            "sockname": ("127.0.0.1", 2),
        }

    def get_extra_info(self, name):
        return self.extra.get(name)

    def set_write_buffer_limits(self, high):
        assert high == 0

    def get_write_buffer_size(self):
        return 0

    def is_closing(self):
        return not self.open

    def write(self, data):
        assert self.open, "bytes for a closed connection"
        self.written += data

    def pause_reading(self):
        assert not self.paused
        self.paused = True

    def resume_reading(self):
        assert self.paused
        self.paused = False

    def close(self):
        if self.open:
            self.open = False
            self.loop.call_soon(self.connection.connection_lost, None)

    abort = close


def feed(connection, data):
    """Feeds bytes to the connection, with each read as many as it has room for; yields their number after each."""
    rest = memoryview(data)
    while rest:
        with memoryview(connection.get_buffer(-1)) as view:
            size = min(len(view), len(rest))
            view[:size] = rest[:size]
        connection.buffer_updated(size)
        rest = rest[size:]
        yield size


class FuzzedServer(Server):
    """Keeps unexpected exceptions of handlers for the end; rewrites go to a file next to the append-only file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(QuietConfig.load(None, DIRECTIVES), Log("warning", os.devnull))
        self.folder_path = folder
        self._loop = Loop()
        self.hub = Hub(self.core, self, self._loop)
        self.exceptions: list[str] = []
        self.rewrite: Snapshot | None = None

    def report_exception(self, where, error):
        self.exceptions.append(f"{where}: {''.join(traceback.format_exception(error))}")

    def shutdown(self, save=None, now=False, force=False, on_failure=None):
        return False

    def wake_work(self):
        pass

    def rewrite_aof(self, on_done):
        if self.rewrite is not None:
            return False
        path = self.folder_path / "rewrite.aof"
        self.rewrite = Snapshot(self.core, os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC), PIECE)
        return True

    def work(self):
        """Does what a real server does between the iterations of its loop."""
        self.hub.loop.run()
        self.core.tick()
        self.core.tidy(SLICE_US)
        if self.active_expire and not self.core.paused_until:
            self.core.expire_cycle(SLICE_US)
            self.hub.deliver_soon()
        if self.core.aof_wake_fd >= 0:
            self.hub.drain()
        if self.rewrite is not None and not self.rewrite.work(SLICE_US):
            self.end_rewrite()

    def end_rewrite(self):
        """Ends a rewrite and loads its file, which must succeed."""
        rewrite, self.rewrite = self.rewrite, None
        if rewrite.error:
            return rewrite.abandon()
        assert rewrite.finish() == 0
        load(reader(), self.folder_path / "rewrite.aof")

    def connect(self):
        transport = Transport(self.hub.loop)
        transport.connection = BufferedConnection(self.hub)
        transport.connection.connection_made(transport)
        return transport


class Reader:
    """A second core, into which files are loaded. It serves no clients."""

    def __init__(self) -> None:
        self.exceptions: list[str] = []
        self.config = QuietConfig.load(None, DIRECTIVES)
        self.core = Core(self, SPECS, BOUND, self.config["databases"])
        for name in NATIVE:
            self.core.configure(name, self.config[name])
        self.core.loading = True

    def report_exception(self, where, error):
        self.exceptions.append(f"{where}: {''.join(traceback.format_exception(error))}")

    def aof_failure(self):
        return ""


@functools.cache
def last_reader() -> Reader:
    """Returns the reader, with the data that were loaded last."""
    return Reader()


def reader() -> Reader:
    """Returns the reader after emptying it."""
    empty(last_reader().core)
    last_reader().core.loading = True
    return last_reader()


def empty(core: Core) -> None:
    core.empty()
    while core.tidy(1_000_000):
        pass


def load(into: Reader, path: Path) -> AofLoader:
    """Loads a file that the server wrote, which must be complete and sound."""
    loader = AofLoader(into.core, path)
    try:
        while loader.step(1_000_000):
            pass
        assert not loader.torn, f"torn at {loader.valid_size} of {loader.file_size}"
    finally:
        loader.close()
    invariants.check(into.core)
    return loader


class Session:
    """Runs one input after another on one server, which is replaced when an input has changed its configuration.

    An input is two bytes, then what the connections send. Bits of the first byte turn on the append-only file (1) and
    pieces of one byte each (2); the second byte seeds the sizes of pieces. ``ff fe`` switches to the other connection.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.renew()

    def renew(self) -> None:
        """Replaces the server. The allocator is shared by the process, so garbage must be collected before memory is
        measured."""
        self.server = FuzzedServer(self.folder)
        self.server.hub.loop.most_iterations = SLICES
        reader()
        gc.collect()
        self.server.config.changed = False
        self.used = 0
        # The second stack of scripts stays once it has been made.
        self.run(b"\1\0SET a 1\r\nEVAL 'return 1' 0\r\n")

    def run(self, data: bytes) -> None:
        if len(data) < 2:
            return
        logged = bool(data[0] & 1)
        path = self.folder / "incr.aof"
        if logged:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC)
            self.server.core.aof_open(fd, 0, "no")
        self.play(data)
        if not self.end_script():
            return self.renew()
        invariants.check(self.server.core)
        if logged:
            self.compare_with(path)
        self.clear()
        assert not self.server.exceptions, self.server.exceptions[0]
        self.used = self.used or self.server.core.used_memory
        assert self.server.core.used_memory == self.used, f"{self.server.core.used_memory - self.used} bytes leaked"
        if self.server.config.changed:
            self.renew()

    def play(self, data: bytes) -> None:
        transports = [self.server.connect(), self.server.connect()]
        draw = random.Random(data[1])
        for number, segment in enumerate(data[2:].split(SWITCH)):
            transport = transports[number % 2]
            for piece in pieces(segment, 1 if data[0] & 2 else 0, draw):
                self.feed(transport, piece)
            self.server.work()
        self.server.unpause()
        for transport in transports:
            self.server.hub.loop.run()
            check_replies(bytes(transport.written))
            transport.close()
        self.server.hub.loop.run()

    def end_script(self) -> bool:
        """Ends a script that is suspended; False if it has written, so that only another server helps."""
        client = self.server.connect()
        sum(feed(client.connection, b"SCRIPT KILL\r\n"))
        self.server.hub.loop.run()
        client.close()
        self.server.hub.loop.run()
        return not client.written.startswith(b"-UNKILLABLE")

    def feed(self, transport: Transport, piece: bytes) -> None:
        while piece and transport.open and not transport.paused:
            view = memoryview(transport.connection.get_buffer(-1))
            size = min(len(view), len(piece))
            view[:size] = piece[:size]
            view.release()
            transport.connection.buffer_updated(size)
            piece = piece[size:]
            if transport.paused:
                self.server.hub.loop.run()

    def compare_with(self, path: Path) -> None:
        """Checks that the file restores the data in memory. Expired data are removed from both before they are
        compared."""
        server = self.server
        while server.rewrite is not None:
            server.work()
        assert server.core.aof_close() == 0
        copy = reader()
        load(copy, path)
        copy.core.loading = False
        for _ in range(3):
            digests = [digest_when_expired(core) for core in (server.core, copy.core)]
            if digests[0] == digests[1]:
                return
        raise AssertionError(f"the append-only file differs from memory: {path.read_bytes()!r}")

    def clear(self) -> None:
        server = self.server
        while server.rewrite is not None:
            server.work()
        server.core.aof_close()
        server.set_active_expire(True)
        for core in (server.core, reader().core):
            empty(core)
            invariants.check(core)
            invariants.release_scratch(core)


def digest_when_expired(core: Core) -> str:
    core.tick()
    while core.expire_cycle(1_000_000):
        pass
    return digest_all(core)


def pieces(data: bytes, size: int, draw: random.Random) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = size or draw.choice((1, 7, 100, 65536))
        yield data[at : at + length]
        at += length


def check_replies(written: bytes) -> None:
    """Checks that the bytes are complete replies that a client can read."""
    parser = hiredis.Reader()
    parser.feed(written)
    while parser.gets() is not False:
        pass
    assert not parser.has_data(), f"an incomplete reply: {written[-100:]!r}"
