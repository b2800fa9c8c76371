"""Keyspace events: those that our core reports for commands, and those that the oracle publishes.

An event is (name, database, key). Ours come from a server in this process, through its core's ``on_event`` callback;
the oracle's come from a connection that subscribes to all of them.
"""

import asyncio
import threading
from pathlib import Path

import uvloop

from pyredis.config import Config
from pyredis.ground.server_log import Log
from pyredis.server import Server as Embedded
from support.client import RawClient
from support.servers import Server, check_no_exception, free_port

Event = tuple[bytes, int, bytes]


class EmbeddedServer:
    """Our server in a thread of this process. ``events`` holds the events of its core, in order."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        folder.mkdir(exist_ok=True)
        options = ["--port", str(free_port()), "--bind", "127.0.0.1", "--dir", str(folder), *arguments]
        self.server = Embedded(Config.load(None, options), Log("notice", str(folder / "log")))
        self.events: list[tuple[str, *Event]] = []
        self.server.core.on_event = lambda *event: self.events.append(event)
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self.server.start()
        finally:
            self._started.set()
        await self.server.wait_closed()

    def start(self) -> "EmbeddedServer":
        self._thread.start()
        assert self._started.wait(30)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(lambda: self.server.shutdown(save=False, force=True))
        self._thread.join()
        check_no_exception(Path(self.server.log.path).read_text())

    def client(self, protocol: int = 2) -> RawClient:
        client = RawClient(("127.0.0.1", self.server.config["port"]))
        client.hello(protocol)
        return client

    def running(self) -> bool:
        return self._thread.is_alive()

    def check_alive(self, grace: float = 0) -> None:
        assert self._thread.is_alive()


class Subscriber:
    """Receives every event that the oracle publishes."""

    MARK = b"all-before-are-read"

    def __init__(self, oracle: Server) -> None:
        self.listening = oracle.client()
        self.talking = oracle.client()
        self.listening.must("PSUBSCRIBE", "__key*__:*")
        self.listening.must("SUBSCRIBE", self.MARK)

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(self, *_: object) -> None:
        self.listening.close()
        self.talking.close()

    def take(self) -> list[Event]:
        """The events since the last call, up to those of the last command that was answered."""
        self.talking.must("PUBLISH", self.MARK, "")
        by_key: list[Event] = []
        by_event: list[Event] = []
        while (message := self.listening.read().decoded)[-2] != self.MARK:
            channel, told = message[-2:]
            place, name = channel.split(b":", 1)
            database = int(place.split(b"@")[1].rstrip(b"_"))
            if place.startswith(b"__keyspace@"):
                by_key.append((told, database, name))
            else:
                by_event.append((name, database, told))
        assert by_key == by_event or not by_key or not by_event
        return by_key or by_event
