"""Fifty clients in this process, for what redis-benchmark cannot send: several different requests in one batch.

The batches are encoded before the measurement. A client that has received the expected reply to its batch sends the
next one that no client has sent.
"""

import argparse
import contextlib
import select
from collections.abc import Callable, Sequence

from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import Target, on_the_clients_core
from support.client import RawClient

CLIENTS = 50


class Crowd:
    def __init__(self, address: tuple[str, int]) -> None:
        self.clients = {client.socket.fileno(): client for client in (RawClient(address) for _ in range(CLIENTS))}
        self.poll = select.epoll()
        for descriptor in self.clients:
            self.poll.register(descriptor, select.EPOLLIN)

    def close(self) -> None:
        self.poll.close()
        for client in self.clients.values():
            client.close()

    def send(self, batches: Sequence[bytes], expected: bytes) -> None:
        """Sends all batches and returns when each has received the expected reply."""
        source, waiting = iter(batches), {}
        for descriptor, batch in zip(self.clients, source, strict=False):
            self.clients[descriptor].send_bytes(batch)
            waiting[descriptor] = b""
        while waiting:
            for descriptor, _ in self.poll.poll():
                waiting[descriptor] += self.clients[descriptor].socket.recv(1 << 16)
                if len(waiting[descriptor]) < len(expected):
                    continue
                if waiting.pop(descriptor) != expected:
                    raise RuntimeError("a batch received another reply than expected")
                if batch := next(source, None):
                    self.clients[descriptor].send_bytes(batch)
                    waiting[descriptor] = b""


def measure(target: Target, batches: Sequence[bytes], expected: bytes, requests: int) -> dict[str, float]:
    """Sends all batches and returns the server's CPU time per request, in microseconds."""
    with on_the_clients_core(), contextlib.closing(Crowd(target.address)) as crowd:
        before = target.cpu_seconds()
        crowd.send(batches, expected)
        after = target.cpu_seconds()
    if before is None or after is None:
        raise RuntimeError(f"the CPU time of {target.name} cannot be read here")
    return {"cpu": (after - before) * 1e6 / requests}


def row(
    case: str,
    unit: str,
    description: str,
    goal: float,
    targets: Sequence[Target],
    options: argparse.Namespace,
    measured: Callable[[Target], dict[str, float]],
) -> Row:
    gathered = median_pairs(options.rounds or (2 if options.quick else 5), targets, measured)
    figures = [
        Figure(target.name, values["cpu"], target.command_line, f"{CLIENTS} clients, {description}")
        for target, values in zip(targets, gathered, strict=True)
    ]
    return Row(case, unit, *figures, goal=goal)
