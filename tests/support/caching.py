"""Clients of both servers that track keys, and what they are sent.

Everything a client receives is compared as bytes, in order; ids of clients, which differ between the servers, are
replaced by the clients' names. A command names another client's id by ``$`` and that client's name.
"""

import contextlib
from typing import Any

from support.client import Argument, RawClient, encode_command
from support.pair import Pair
from support.resp import Reply
from support.subscribers import frames_until_pong


class Member:
    """A client of each server, with a name."""

    def __init__(self, circle: "Circle", name: str, protocol: int) -> None:
        self.circle = circle
        self.name = name
        self.pair = Pair(*circle.servers, protocol)
        self.ids = [client.must("CLIENT", "ID") for client in self.clients]

    @property
    def clients(self) -> tuple[RawClient, RawClient]:
        return self.pair.ours, self.pair.oracle

    def sends(self, *words: Argument, replies: int = 1) -> Any:
        """Sends the command on both servers and returns the next frame, decoded; of several, a list."""
        return self.pipelines(words, replies=replies)

    def pipelines(self, *commands: Any, replies: int | None = None) -> Any:
        """Sends all commands in one write. A command is words, or a text of words separated by blanks."""
        for side, client in enumerate(self.clients):
            client.send_bytes(b"".join(encode_command(*self.circle.filled(side, command)) for command in commands))
        wanted = len(commands) if replies is None else replies
        frames = self.compare(commands, [[client.read() for _ in range(wanted)] for client in self.clients])
        return frames[0] if wanted == 1 else frames

    def hears(self) -> list[Any]:
        """What has arrived since the last call, the same from both servers, decoded."""
        return self.compare("heard", [frames_until_pong(client) for client in self.clients])

    def compare(self, what: Any, frames: list[list[Reply]]) -> list[Any]:
        shown = [[self.circle.named(side, frame.raw) for frame in found] for side, found in enumerate(frames)]
        assert shown[0] == shown[1], f"{self.name}: {what}"
        return [frame.decoded for frame in frames[0]]


class Circle:
    """The clients of one test."""

    def __init__(self, pair: Pair) -> None:
        self.servers = pair.servers
        self.protocol = pair.protocol
        self.members: dict[str, Member] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Circle":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def member(self, name: str, *words: Argument, protocol: int | None = None) -> Member:
        """A new client, which sends CLIENT TRACKING with these words if there are any."""
        member = self.members[name] = Member(self, name, protocol or self.protocol)
        self._stack.callback(member.pair.close)
        if words:
            assert member.sends("CLIENT", "TRACKING", *words) == "OK"
        return member

    def filled(self, side: int, command: Any) -> list[Argument]:
        """The words of a command, with the ids of one server."""
        words = command.split() if isinstance(command, str) else command
        ids = {f"${name}": member.ids[side] for name, member in self.members.items()}
        return [ids.get(word, word) if isinstance(word, str) else word for word in words]

    def named(self, side: int, raw: bytes) -> bytes:
        for name, member in self.members.items():
            raw = raw.replace(b":%d\r\n" % member.ids[side], b":<%b>\r\n" % name.encode())
        return raw


def keys(*names: str) -> list[list[Any]]:
    """The pushes about keys that have changed, one for each."""
    return [[b"invalidate", [name.encode()]] for name in names]
