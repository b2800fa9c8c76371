"""The methods of a database in the process over a `FuzzedServer`: a synchronous face, an asynchronous one, a queue."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuzz.server import FuzzedServer, Loop, QuietConfig
from pyredis.embedded.api.argument_forms import Encoder
from pyredis.embedded.api.async_face import AsyncFace
from pyredis.embedded.api.client_errors import argument_error, find, reply_exception
from pyredis.embedded.api.methods import Methods
from pyredis.embedded.api.sync_face import SyncFace
from pyredis.ground.server_log import Log
from pyredis.server import Server
from pyredis.shell.hub import Hub
from pyredis.wire.reply_objects import ReplyError

PLAIN = ("--save", "", "--appendonly", "no", "--enable-debug-command", "yes")


class PlainServer(FuzzedServer):
    """A `FuzzedServer` with the usual limits."""

    def __init__(self, folder: Path) -> None:
        Server.__init__(self, QuietConfig.load(None, PLAIN), Log("warning", os.devnull))
        self.folder_path = folder
        self._loop = Loop()
        self.hub = Hub(self.core, self, self._loop)
        self.exceptions: list[str] = []
        self.rewrite = None


class Line:
    """One client in process, and what decodes its replies."""

    def __init__(self, server: FuzzedServer, decode: bool) -> None:
        self.server = server
        self.client = server.core.client(3)
        self.decode = decode

    def run(self, words: Sequence[Any], convert: Any, decode: bool) -> Any:
        self.server.core.tick()
        try:
            reply = self.server.core.call(self.client, words)
        except ReplyError as error:
            raise reply_exception(str(error)) from None
        except (TypeError, ValueError) as error:
            raise argument_error(error) from None
        finally:
            self.server.hub.loop.run()
        if self.decode and decode:
            reply = decoded(reply)
        return reply if convert is None else convert(reply)


def decoded(reply: Any) -> Any:
    if isinstance(reply, bytes):
        return reply.decode()
    if isinstance(reply, dict):
        return {decoded(key): decoded(value) for key, value in reply.items()}
    if isinstance(reply, list | set | tuple | frozenset):
        return type(reply)(map(decoded, reply))
    return reply


class LocalFace(SyncFace):
    """A database whose calls run at once."""

    def __init__(self, server: FuzzedServer, decode: bool = False) -> None:
        self.line = Line(server, decode)

    def get_encoder(self) -> Encoder:
        return Encoder(decode_responses=self.line.decode)

    def _call(self, words, convert=None, decode=True, /):
        return self.line.run(words, convert, decode)

    def pipeline(self, transaction=True, shard_hint=None):
        return LocalPipeline(self.line.server)


class LocalPipeline(SyncFace):
    """A transaction: calls run at once while keys are watched, and are kept otherwise."""

    def __init__(self, server: FuzzedServer) -> None:
        self.line = Line(server, False)
        self.calls: list[tuple[Any, ...]] = []
        self.at_once = False

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.line.client.close()

    def watch(self, *names):
        self.at_once = True
        self.line.run(("WATCH", *names), None, True)

    def multi(self):
        self.at_once = False

    def _call(self, words, convert=None, decode=True, /):
        if self.at_once:
            return self.line.run(words, convert, decode)
        self.calls.append((words, convert))
        return self

    def execute(self):
        calls, self.calls, self.at_once = self.calls, [], False
        self.line.run(("MULTI",), None, True)
        for words, _ in calls:
            self.line.run(words, None, True)
        replies = self.line.run(("EXEC",), None, True)
        if replies is None:
            raise find("WatchError")("Watched variable changed.")
        return [reply if not convert else convert(reply) for reply, (_, convert) in zip(replies, calls, strict=True)]


class LocalAsyncFace(AsyncFace):
    """A database whose calls run when they are awaited."""

    def __init__(self, server: FuzzedServer, decode: bool = False) -> None:
        self.line = Line(server, decode)

    def get_encoder(self) -> Encoder:
        return Encoder(decode_responses=self.line.decode)

    async def _call(self, words, convert=None, decode=True, /):
        return self.line.run(words, convert, decode)

    def pipeline(self, transaction=True, shard_hint=None):
        return LocalAsyncPipeline(self.line.server)


class LocalAsyncPipeline(AsyncFace):
    """`LocalPipeline` with awaitables."""

    def __init__(self, server: FuzzedServer) -> None:
        self.inner = LocalPipeline(server)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *raised):
        self.inner.__exit__()

    async def watch(self, *names):
        self.inner.watch(*names)

    def multi(self):
        self.inner.multi()

    def _call(self, words, convert=None, decode=True, /):
        result = self.inner._call(words, convert, decode)
        return self if result is self.inner else done(result)

    async def execute(self):
        return self.inner.execute()


async def done(result):
    return result


class LocalQueue(Methods):
    """A pipeline without transactions: it keeps calls, and returns itself."""

    def __init__(self, server: FuzzedServer) -> None:
        self.line = Line(server, False)
        self.calls: list[tuple[Any, ...]] = []

    def _call(self, words, convert=None, decode=True, /):
        self.calls.append((words, convert, decode))
        return self

    def execute(self) -> list[Any]:
        calls, self.calls = self.calls, []
        return [self.line.run(*call) for call in calls]
