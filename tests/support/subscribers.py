"""Subscribers on both servers, and what they have received.

A message is read from a subscriber up to the reply of a PING that it sends afterwards: by then both servers have sent
all that was published before. Where Redis's order depends on its hashes (the messages of several patterns that match
one name, the confirmations of an UNSUBSCRIBE of everything), it is left out of the comparison.
"""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

from support.client import Argument, RawClient
from support.pair import Pair
from support.resp import PUSH, Reply

WORDS = {
    *(b"message", b"pmessage", b"smessage", b"subscribe", b"psubscribe", b"ssubscribe"),
    *(b"unsubscribe", b"punsubscribe", b"sunsubscribe"),
}
_marks = itertools.count()


def frames_until_pong(client: RawClient) -> list[Reply]:
    """Every frame that arrives before the reply to a PING sent now."""
    mark = b"mark-%d" % next(_marks)
    client.send("PING", mark)
    return list(itertools.takewhile(lambda frame: frame.decoded not in (mark, [b"pong", mark]), _frames(client)))


def _frames(client: RawClient) -> Iterator[Reply]:
    while True:
        yield client.read()


def received(client: RawClient) -> list[Any]:
    """The same, decoded."""
    return [frame.decoded for frame in frames_until_pong(client)]


def is_pushed(frame: Reply) -> bool:
    """Whether the frame is a message or a confirmation, in either protocol."""
    return frame.kind == PUSH or (frame.is_aggregate and len(frame.value) in (3, 4) and frame.value[0].value in WORDS)


def by_message(frames: list[Reply]) -> list[list[bytes]]:
    """The raw frames in groups: those of one published message together, in any order except that the channel's comes
    first."""
    groups = itertools.groupby(frames, lambda frame: frame.value[-1].raw if is_pushed(frame) else frame.raw)
    return [sorted((frame.raw for frame in group), key=lambda raw: (b"pmessage" in raw, raw)) for _, group in groups]


class Listener:
    """A client of each server."""

    def __init__(self, pair: Pair, protocol: int) -> None:
        self.pair = Pair(*pair.servers, protocol)
        self.protocol = protocol

    @property
    def clients(self) -> tuple[RawClient, RawClient]:
        return self.pair.ours, self.pair.oracle

    def sends(self, *arguments: Argument, replies: int = 1) -> list[Any]:
        """Sends the command on both and returns that many frames, which must be the same."""
        for client in self.clients:
            client.send(*arguments)
        return [self.pair.compare(arguments, self.pair.ours.read(), self.pair.oracle.read()) for _ in range(replies)]

    def hears(self) -> list[Any]:
        """What has arrived since the last call, the same from both servers."""
        ours, oracle = (frames_until_pong(client) for client in self.clients)
        assert by_message(ours) == by_message(oracle)
        return [frame.decoded for frame in ours]


class Party:
    """One pair of clients that acts, and any number of listeners."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Party":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def listener(self, *arguments: Argument, protocol: int | None = None) -> Listener:
        """A new listener, of the pair's protocol; with a subscribing command, it is subscribed already."""
        listener = Listener(self.pair, protocol or self.pair.protocol)
        self._stack.callback(listener.pair.close)
        if arguments:
            listener.sends(*arguments, replies=len(arguments) - 1)
        return listener
