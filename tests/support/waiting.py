"""Scenes with clients that wait for keys, run on both servers at once."""

import contextlib
from collections.abc import Iterator
from typing import Any

from support.client import Argument, RawClient, wait_until
from support.pair import Pair


def fields(client: RawClient, section: str) -> dict[str, str]:
    """The fields of a section of INFO."""
    text = client.must("INFO", section)
    lines = (text.decode() if isinstance(text, bytes) else text).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def blocked(client: RawClient) -> int:
    return int(fields(client, "clients")["blocked_clients"])


def await_blocked(client: RawClient, count: int) -> None:
    """Wait until `count` clients of the server are blocked."""
    wait_until(lambda: blocked(client) == count, f"{count} blocked clients")


class Waiter:
    """A client of each server; both send the same blocking command."""

    def __init__(self, scene: "Scene") -> None:
        self.scene = scene
        self.pair = scene.pair.another()
        self.ids = [client.must("CLIENT", "ID") for client in (self.pair.ours, self.pair.oracle)]

    def waits(self, *arguments: Argument) -> "Waiter":
        """Send the command to both; return when both are blocked."""
        with self.scene.awaiting(1):
            for client in (self.pair.ours, self.pair.oracle):
                client.send(*arguments)
        return self

    def hears(self, **compared: Any) -> Any:
        """The reply to the blocking command, which must be the same from both."""
        return self.pair.compare("the blocked command", self.pair.ours.read(), self.pair.oracle.read(), **compared)

    def goes(self) -> None:
        """Close both clients; return when both servers have noticed."""
        with self.scene.awaiting(-1):
            self.pair.close()


class Scene:
    """One acting client and any number of waiting ones, on both servers."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.waiters: list[Waiter] = []

    def __enter__(self) -> "Scene":
        return self

    def __exit__(self, *_: object) -> None:
        for waiter in self.waiters:
            with contextlib.suppress(OSError):
                waiter.pair.close()
        for client in (self.pair.ours, self.pair.oracle):
            with contextlib.suppress(OSError):
                await_blocked(client, 0)

    @contextlib.contextmanager
    def awaiting(self, change: int) -> Iterator[None]:
        """After the block, wait until the number of blocked clients has changed by `change` on both servers."""
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(server.client()) for server in self.pair.servers]
            before = [blocked(client) for client in clients]
            yield
            for client, count in zip(clients, before, strict=True):
                await_blocked(client, count + change)

    def waiter(self, *arguments: Argument) -> Waiter:
        """Another client; with a command, it is already blocked."""
        self.waiters.append(Waiter(self))
        return self.waiters[-1].waits(*arguments) if arguments else self.waiters[-1]

    def waiting(self, line: str) -> Waiter:
        """Another client that is already blocked; its command is given as text."""
        return self.waiter(*line.split())

    def does(self, *lines: str) -> list[Any]:
        """Run commands, given as text, on the acting client; return the replies, which must be the same from both."""
        return [self.pair.check(*line.split()) for line in lines]

    def together(self, *lines: str) -> list[Any]:
        """Run the commands as one transaction."""
        return self.does("MULTI", *lines, "EXEC")[-1]
