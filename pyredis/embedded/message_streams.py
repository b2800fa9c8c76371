"""What a client in process is sent: messages of channels (`PubSub`) and the commands of others (`Monitor`)."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from pyredis.embedded.api.argument_forms import listed
from pyredis.embedded.api.client_errors import find
from pyredis.embedded.handle import arrival
from pyredis.shell.local_client import ClientClosed, LocalClient, Ticket
from pyredis.wire.reply_objects import ReplyError

if TYPE_CHECKING:
    from pyredis.embedded.database_parts import Common

PUBLISHED = ("message", "pmessage", "smessage")
# The kind of subscription that a confirmation ends.
ENDED = {"unsubscribe": "channels", "punsubscribe": "patterns", "sunsubscribe": "shard_channels"}
COMMANDS = {"channels": "SUBSCRIBE", "patterns": "PSUBSCRIBE", "shard_channels": "SSUBSCRIBE"}


def text_of(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class Inbox:
    """The messages of one client, taken out of it in portions."""

    # For finalizers of objects that have not been initialized.
    _client: LocalClient | None = None

    def __init__(self, database: Common, protocol: int) -> None:
        self._database = database
        self._protocol = protocol
        self._messages: deque[Any] = deque()

    def _connect(self) -> LocalClient:
        """Returns the client, a new one if there is none or if it has been closed."""
        if self._client is None or self._client.ending:
            lost = self._client is not None
            self._client = self._database._new_client(self._protocol)
            if lost:
                self._on_loss()
        return self._client

    def _on_loss(self) -> None:
        """Called after a new client has taken the place of one that was closed."""

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._messages.clear()
            client.close()

    def _run(self, *words: Any) -> None:
        try:
            self._connect().run(words)
        except (ReplyError, ConnectionError, TypeError, ValueError) as error:
            raise self._database._translated(error) from None

    def _take(self) -> Any:
        """Returns the oldest message, or a ticket for the next one."""
        while not self._messages:
            try:
                client = self._connect()
                with suppress(ClientClosed):
                    ticket = client.await_message()
                    if ticket is not None:
                        return ticket
                    self._messages.extend(client.messages())
            except ConnectionError as error:
                raise self._database._translated(error) from None
        message = self._messages.popleft()
        if isinstance(message, Exception):
            raise self._database._translated(message)
        return message

    def _next(self, timeout: float | None) -> Any:
        """Returns the next message, None if none arrives within ``timeout`` seconds; None waits for ever."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            message = self._take()
            if not isinstance(message, Ticket):
                return message
            left = None if end is None else end - time.monotonic()
            if (left is not None and left <= 0) or not wait_until(message, left):
                return None

    async def _anext(self, timeout: float | None) -> Any:
        """As `_next`, without blocking the loop."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            message = self._take()
            if not isinstance(message, Ticket):
                return message
            assert self._client is not None
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return None
            try:
                await asyncio.wait_for(arrival(self._client, message), left)
            except TimeoutError:
                return None


def wait_until(ticket: Ticket, timeout: float | None) -> bool:
    """Waits for a ticket, for ever or for some seconds. Returns whether it is done."""
    arrived = threading.Lock()
    arrived.acquire()
    if not ticket.call_when_done(arrived.release):
        return True
    try:
        return arrived.acquire(timeout=-1 if timeout is None else min(timeout, threading.TIMEOUT_MAX))
    finally:
        ticket.forget(arrived.release)


class PubSubBase(Inbox):
    """What both kinds of subscribers share. ``channels``, ``patterns`` and ``shard_channels`` map to the handlers."""

    def __init__(self, database: Common, ignore_subscribe_messages: bool = False) -> None:
        super().__init__(database, 2)
        self.ignore_subscribe_messages = ignore_subscribe_messages
        self.channels: dict[Any, Any] = {}
        self.patterns: dict[Any, Any] = {}
        self.shard_channels: dict[Any, Any] = {}
        # Set while there is a subscription.
        self._is_subscribed = threading.Event()
        self._ending: dict[str, set[Any]] = {kind: set() for kind in COMMANDS}

    @property
    def subscribed(self) -> bool:
        """Whether it is subscribed to anything."""
        return bool(self.channels or self.patterns or self.shard_channels)

    def _on_loss(self) -> None:
        assert self._client is not None
        for kind, command in COMMANDS.items():
            names = getattr(self, kind)
            self._ending[kind].clear()
            if names:
                self._client.run((command, *names))

    def _names(self, names: Any) -> dict[Any, Any]:
        """Returns names, with their handlers, as messages will have them."""
        encoder = self._database.get_encoder()
        return {encoder.decode(encoder.encode(name)): handler for name, handler in names.items()}

    def _subscribe(self, kind: str, given: tuple[Any, ...], handlers: dict[str, Any]) -> None:
        names = self._names(dict.fromkeys(listed(given[0], given[1:]) if given else ()) | handlers)
        self._run(COMMANDS[kind], *names)
        getattr(self, kind).update(names)
        self._is_subscribed.set()
        self._ending[kind].difference_update(names)

    def _unsubscribe(self, kind: str, given: tuple[Any, ...]) -> None:
        names = self._names(dict.fromkeys(listed(given[0], given[1:]))) if given else getattr(self, kind)
        self._ending[kind].update(names)
        self._run(COMMANDS[kind].replace("SUB", "UNSUB"), *(names if given else ()))

    def _parse(self, reply: Any) -> dict[str, Any]:
        """Returns a message as redis-py has it, and notes the end of a subscription."""
        if not isinstance(reply, list):
            return {"type": "pong", "pattern": None, "channel": None, "data": reply[:0]}
        kind = text_of(reply[0])
        if kind == "pmessage":
            return {"type": kind, "pattern": reply[1], "channel": reply[2], "data": reply[3]}
        if kind == "pong":
            return {"type": kind, "pattern": None, "channel": None, "data": reply[1]}
        ended = ENDED.get(kind)
        if ended is not None and reply[1] in self._ending[ended]:
            self._ending[ended].discard(reply[1])
            getattr(self, ended).pop(reply[1], None)
            if not self.subscribed:
                self._is_subscribed.clear()
        return {"type": kind, "pattern": None, "channel": reply[1], "data": reply[2]}

    def _handler(self, message: dict[str, Any]) -> Callable[[Any], Any] | None:
        """Returns the function that the message is for, if it has one."""
        if message["type"] == "pmessage":
            return self.patterns.get(message["pattern"])
        names = self.shard_channels if message["type"] == "smessage" else self.channels
        return names.get(message["channel"])

    def _is_ignored(self, message: dict[str, Any], ignore: bool) -> bool:
        return message["type"] not in (*PUBLISHED, "pong") and (ignore or self.ignore_subscribe_messages)

    def _check_handlers(self) -> None:
        for kind in COMMANDS:
            for name, handler in getattr(self, kind).items():
                if handler is None:
                    shown = kind.removesuffix("s").replace("_", " ").title()
                    raise find("PubSubError")(f"{shown}: '{name}' has no handler registered")

    def _reset(self) -> None:
        self._disconnect()
        for kind in COMMANDS:
            setattr(self, kind, {})
            self._ending[kind].clear()
        self._is_subscribed.clear()


class PubSub(PubSubBase):
    """Subscriptions of a synchronous database, and their messages."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.reset()

    def __del__(self) -> None:
        self._disconnect()

    def reset(self) -> None:
        """Ends all subscriptions."""
        self._reset()

    close = reset

    def subscribe(self, *args: Any, **kwargs: Callable[[Any], Any]) -> None:
        """Subscribes to channels; a keyword argument is a channel with the function that receives its messages."""
        self._subscribe("channels", args, kwargs)

    def psubscribe(self, *args: Any, **kwargs: Callable[[Any], Any]) -> None:
        """Subscribes to all channels that match a pattern."""
        self._subscribe("patterns", args, kwargs)

    def ssubscribe(self, *args: Any, **kwargs: Callable[[Any], Any]) -> None:
        """Subscribes to shard channels."""
        self._subscribe("shard_channels", args, kwargs)

    def unsubscribe(self, *args: Any) -> None:
        """Ends subscriptions to channels, all of them without arguments."""
        self._unsubscribe("channels", args)

    def punsubscribe(self, *args: Any) -> None:
        """Ends subscriptions to patterns, all of them without arguments."""
        self._unsubscribe("patterns", args)

    def sunsubscribe(self, *args: Any) -> None:
        """Ends subscriptions to shard channels, all of them without arguments."""
        self._unsubscribe("shard_channels", args)

    def ping(self, message: Any = None) -> None:
        """Requests a message of the type ``pong``."""
        self._run("PING", *(() if message is None else (message,)))

    def get_message(
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> dict[str, Any] | None:
        """Returns the next message, None if none arrives within ``timeout`` seconds or if a handler received it.

        With None it waits for ever. Without a subscription it waits for the timeout, unless somebody subscribes.
        """
        if not self.subscribed and not self._is_subscribed.wait(timeout):
            return None
        reply = self._next(timeout)
        return None if reply is None else self.handle_message(reply, ignore_subscribe_messages)

    get_sharded_message = get_message

    def handle_message(self, response: Any, ignore_subscribe_messages: bool = False) -> dict[str, Any] | None:
        """Returns a message, or None after a handler has received it."""
        message = self._parse(response)
        if message["type"] in PUBLISHED:
            handler = self._handler(message)
            if handler is not None:
                handler(message)
                return None
        return None if self._is_ignored(message, ignore_subscribe_messages) else message

    def listen(self) -> Iterator[dict[str, Any]]:
        """Returns messages as they arrive, as long as there is a subscription."""
        while self.subscribed:
            message = self.handle_message(self._next(None))
            if message is not None:
                yield message

    def run_in_thread(
        self,
        sleep_time: float = 0.0,
        daemon: bool = False,
        exception_handler: Callable[[BaseException, Any, Any], Any] | None = None,
    ) -> PubSubThread:
        """Starts a thread that calls the handlers. Raises PubSubError if a subscription has none."""
        self._check_handlers()
        thread = PubSubThread(self, sleep_time, daemon, exception_handler)
        thread.start()
        return thread


# Seconds between two looks at something that another thread may do.
PATIENCE = 0.01


class PubSubThread(threading.Thread):
    """A thread that passes messages to their handlers until `stop` is called; then it ends the subscriptions."""

    def __init__(
        self,
        pubsub: PubSub,
        sleep_time: float,
        daemon: bool,
        exception_handler: Callable[[BaseException, Any, Any], Any] | None,
    ) -> None:
        super().__init__(daemon=daemon)
        self._pubsub = pubsub
        self._sleep_time = sleep_time
        self._exception_handler = exception_handler
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                # Without a pause, stop() would be noticed only with the next message.
                self._pubsub.get_message(ignore_subscribe_messages=True, timeout=self._sleep_time or PATIENCE)
            except BaseException as error:
                if self._exception_handler is None:
                    raise
                self._exception_handler(error, self._pubsub, self)
        self._pubsub.close()

    def stop(self) -> None:
        """Ends the thread; returns at once."""
        self._stopping.set()


class AsyncPubSub(PubSubBase):
    """Subscriptions of an asynchronous database, and their messages."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._reset()

    def __del__(self) -> None:
        self._disconnect()

    async def reset(self) -> None:
        """Ends all subscriptions."""
        self._reset()

    close = aclose = reset

    async def subscribe(self, *args: Any, **kwargs: Callable[[Any], Any]) -> None:
        """Subscribes to channels; a keyword argument is a channel with the function that receives its messages."""
        self._subscribe("channels", args, kwargs)

    async def psubscribe(self, *args: Any, **kwargs: Callable[[Any], Any]) -> None:
        """Subscribes to all channels that match a pattern."""
        self._subscribe("patterns", args, kwargs)

    async def ssubscribe(self, *args: Any, **kwargs: Callable[[Any], Any]) -> None:
        """Subscribes to shard channels."""
        self._subscribe("shard_channels", args, kwargs)

    async def unsubscribe(self, *args: Any) -> None:
        """Ends subscriptions to channels, all of them without arguments."""
        self._unsubscribe("channels", args)

    async def punsubscribe(self, *args: Any) -> None:
        """Ends subscriptions to patterns, all of them without arguments."""
        self._unsubscribe("patterns", args)

    async def sunsubscribe(self, *args: Any) -> None:
        """Ends subscriptions to shard channels, all of them without arguments."""
        self._unsubscribe("shard_channels", args)

    async def ping(self, message: Any = None) -> None:
        """Requests a message of the type ``pong``."""
        self._run("PING", *(() if message is None else (message,)))

    async def get_message(
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> dict[str, Any] | None:
        """Returns the next message, None if none arrives within ``timeout`` seconds or if a handler received it.

        With None it waits for ever. Raises RuntimeError if it has never subscribed.
        """
        if self._client is None:
            raise RuntimeError("nothing is subscribed: subscribe() first")
        reply = await self._anext(timeout)
        return None if reply is None else await self.handle_message(reply, ignore_subscribe_messages)

    async def handle_message(self, response: Any, ignore_subscribe_messages: bool = False) -> dict[str, Any] | None:
        """Returns a message, or None after a handler, which may be a coroutine function, has received it."""
        message = self._parse(response)
        if message["type"] in PUBLISHED:
            handler = self._handler(message)
            if handler is not None:
                result = handler(message)
                if asyncio.iscoroutine(result):
                    await result
                return None
        return None if self._is_ignored(message, ignore_subscribe_messages) else message

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Returns messages as they arrive, as long as there is a subscription."""
        while self.subscribed:
            message = await self.handle_message(await self._anext(None))
            if message is not None:
                yield message

    async def run(
        self,
        *,
        exception_handler: Callable[[BaseException, Any], Any] | None = None,
        poll_timeout: float = 1.0,
    ) -> None:
        """Passes messages to their handlers until it is cancelled. Raises PubSubError if a subscription has none."""
        self._check_handlers()
        while True:
            try:
                await self.get_message(ignore_subscribe_messages=True, timeout=poll_timeout)
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                if exception_handler is None:
                    raise
                result = exception_handler(error, self)
                if asyncio.iscoroutine(result):
                    await result


# ---- MONITOR ----

LINE = re.compile(r"(?P<time>[\d.]+) \[(?P<db>\d+) (?P<client>.*?)\] (?P<command>.*)", re.DOTALL)
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def parse_line(line: Any) -> dict[str, Any]:
    """Returns what a line of MONITOR says, as redis-py has it."""
    match = LINE.fullmatch(text_of(line))
    assert match is not None
    client = match["client"]
    if client == "lua":
        address, port, kind = "lua", "", "lua"
    elif client.startswith("unix"):
        address, port, kind = "unix", client[5:], "unix"
    elif not client:
        address, port, kind = "", "", "unknown"
    else:
        address, _, port = client.rpartition(":")
        kind = "tcp"
    return {
        "time": float(match["time"]),
        "db": int(match["db"]),
        "client_address": address,
        "client_port": port,
        "client_type": kind,
        "command": " ".join(WORD.findall(match["command"])).replace('\\"', '"'),
    }


class Monitor(Inbox):
    """The commands that all clients run, for the length of the block."""

    def __init__(self, database: Common) -> None:
        super().__init__(database, 3)

    def __enter__(self) -> Self:
        self._start()
        self._next(None)
        return self

    def __exit__(self, *exception: object) -> None:
        self._disconnect()

    async def __aenter__(self) -> Self:
        self._start()
        await self._anext(None)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._disconnect()

    def _start(self) -> None:
        self._run("MONITOR")


class SyncMonitor(Monitor):
    """`Monitor` for a synchronous database."""

    def next_command(self) -> dict[str, Any]:
        """Waits for the next command, and returns it."""
        return parse_line(self._next(None))

    def listen(self) -> Iterator[dict[str, Any]]:
        """Returns commands as they are run, without end."""
        while True:
            yield self.next_command()


class AsyncMonitor(Monitor):
    """`Monitor` for an asynchronous database."""

    async def next_command(self) -> dict[str, Any]:
        """Waits for the next command, and returns it."""
        return parse_line(await self._anext(None))

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Returns commands as they are run, without end."""
        while True:
            yield await self.next_command()
