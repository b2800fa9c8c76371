"""What it costs to deliver a message: PUBLISH to 1, 100 and 1,000 subscribers.

One client publishes a pipeline of messages and continues when every subscriber has received all of them. So no socket
buffer fills, and a faster server does not get ahead of its readers. With P1 every message needs a ``send`` for each
subscriber, whatever the server; with P16 sixteen messages may share one.
"""

import argparse
import contextlib
import select
import socket
from dataclasses import dataclass

from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, both, on_the_clients_core
from support.client import RawClient, encode_command

CHANNEL = b"channel"
MESSAGE = b"m" * 16
DELIVERED = encode_command(b"message", CHANNEL, MESSAGE)
# Messages received in one measurement, by all subscribers together.
DELIVERIES = 100_000
GOAL = 0.7


@dataclass
class Case:
    subscribers: int
    pipeline: int

    @property
    def name(self) -> str:
        return f"PUBLISH to {self.subscribers:,} P{self.pipeline}"

    @property
    def description(self) -> str:
        return f"{self.subscribers} subscribers, {self.pipeline} messages of {len(MESSAGE)} bytes in a pipeline"


CASES = [Case(subscribers, pipeline) for subscribers in (1, 100, 1000) for pipeline in (1, 16)]


class Audience:
    """Subscribers of one channel of a server, which read everything they are sent, and one client that publishes."""

    def __init__(self, target: Target, count: int) -> None:
        self.publisher = RawClient(target.address)
        self.sockets: dict[int, socket.socket] = {}
        self.poll = select.epoll()
        for _ in range(count):
            subscriber = RawClient(target.address)
            subscriber.must("SUBSCRIBE", CHANNEL)
            subscriber.socket.setblocking(False)
            self.sockets[subscriber.socket.fileno()] = subscriber.socket
            self.poll.register(subscriber.socket, select.EPOLLIN)

    def close(self) -> None:
        self.publisher.close()
        self.poll.close()
        for subscriber in self.sockets.values():
            subscriber.close()

    def publish(self, pipeline: int) -> None:
        """Publishes ``pipeline`` messages and returns when every subscriber has received all of them."""
        self.publisher.send_bytes(encode_command("PUBLISH", CHANNEL, MESSAGE) * pipeline)
        missing = len(DELIVERED) * pipeline * len(self.sockets)
        while missing:
            for descriptor, _ in self.poll.poll():
                missing -= len(self.sockets[descriptor].recv(1 << 16))
        answer = b":%d\r\n" % len(self.sockets) * pipeline
        if self.publisher.readexactly(len(answer)) != answer:
            raise RuntimeError("a subscriber is missing")


def measure(target: Target, case: Case, deliveries: int) -> dict[str, float]:
    """Returns the server's CPU time per delivered message, in microseconds."""
    rounds = max(2, deliveries // (case.subscribers * case.pipeline))
    with on_the_clients_core(), contextlib.closing(Audience(target, case.subscribers)) as audience:
        audience.publish(case.pipeline)
        before = target.cpu_seconds()
        for _ in range(rounds):
            audience.publish(case.pipeline)
        after = target.cpu_seconds()
    if before is None or after is None:
        raise RuntimeError(f"the CPU time of {target.name} cannot be read here")
    return {"cpu": (after - before) * 1e6 / (rounds * case.pipeline * case.subscribers)}


def run(options: argparse.Namespace) -> list[Row]:
    deliveries = 5_000 if options.quick else DELIVERIES
    rounds = options.rounds or (1 if options.quick else 7)
    rows = []
    with both(options, (*NO_PERSISTENCE, "--maxclients", "2000")) as targets:
        for case in CASES:
            if not case.name.startswith(options.only or ""):
                continue
            gathered = median_pairs(rounds, targets, lambda target, case=case: measure(target, case, deliveries))
            figures = [
                Figure(target.name, values["cpu"], target.command_line, case.description)
                for target, values in zip(targets, gathered, strict=True)
            ]
            rows.append(Row(case.name, "µs CPU/delivered message", *figures, goal=GOAL))
    return rows
