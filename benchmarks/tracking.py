"""What a client-side cache costs the server: writing 10,000 keys that clients have cached.

Each round, readers read all keys, and then a writer sets each of them once. A round ends when every reader has received
all its messages, so that no socket buffer fills. Writing and reading are measured separately. With BCAST nobody reads;
the clients are sent all changes of the keys' prefix.
"""

import argparse
import contextlib
from dataclasses import dataclass

from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import NO_PERSISTENCE, Target, both, on_the_clients_core
from support.client import RawClient, encode_command

KEYS = 10_000
VALUE = b"v" * 16
GOAL = 0.8
# Every message about one key has this size: names have the same length.
PUSHED = len(b">2\r\n$10\r\ninvalidate\r\n*1\r\n$9\r\nkey:00000\r\n")


@dataclass
class Case:
    name: str
    readers: int
    pipeline: int
    measured: str = "write"
    options: tuple[str, ...] = ()


CASES = [
    Case("SET of a cached key P1", 1, 1),
    Case("SET of a cached key P16", 1, 16),
    Case("SET of a key cached by 100 P16", 100, 16),
    Case("GET of a key to cache P16", 1, 16, "read"),
    Case("SET with BCAST P16", 1, 16, "write", ("BCAST", "PREFIX", "key:")),
]


def batches(command: list[bytes], pipeline: int) -> list[bytes]:
    """The command for every key, in pipelines; ``command`` has the key's place empty."""
    requests = [encode_command(*(word or b"key:%05d" % number for word in command)) for number in range(KEYS)]
    return [b"".join(requests[at : at + pipeline]) for at in range(0, KEYS, pipeline)]


class Scene:
    """A writer, and readers that cache all keys."""

    def __init__(self, target: Target, case: Case) -> None:
        self.target, self.case = target, case
        self.writer = RawClient(target.address)
        self.readers = [RawClient(target.address) for _ in range(case.readers)]
        for reader in self.readers:
            reader.hello(3)
            reader.must("CLIENT", "TRACKING", "ON", *case.options)
        self.writes = batches([b"SET", b"", VALUE], case.pipeline)
        self.reads = batches([b"GET", b""], case.pipeline)
        self.write()

    def close(self) -> None:
        for client in (self.writer, *self.readers):
            client.close()

    def read(self) -> None:
        for reader in self.readers:
            for batch in self.reads:
                reader.send_bytes(batch)
                reader.readexactly(batch.count(b"GET") * len(b"$16\r\n%b\r\n" % VALUE))

    def write(self, messages: bool = False) -> None:
        for batch in self.writes:
            self.writer.send_bytes(batch)
            count = batch.count(b"SET")
            self.writer.readexactly(count * len(b"+OK\r\n"))
            for reader in self.readers if messages else ():
                reader.read() if self.case.options else reader.readexactly(count * PUSHED)
        for reader in () if messages else self.readers:
            while self.case.options and reader.read().decoded[1][-1] != b"key:%05d" % (KEYS - 1):
                pass

    def cpu(self) -> float:
        used = self.target.cpu_seconds()
        if used is None:
            raise RuntimeError(f"the CPU time of {self.target.name} cannot be read here")
        return used


def measure(target: Target, case: Case, rounds: int) -> dict[str, float]:
    """Returns the server's CPU time per key, in microseconds."""
    spent = {"read": 0.0, "write": 0.0}
    with on_the_clients_core(), contextlib.closing(Scene(target, case)) as scene:
        for _ in range(rounds):
            marks = [scene.cpu()]
            if not case.options:
                scene.read()
            marks.append(scene.cpu())
            scene.write(messages=True)
            marks.append(scene.cpu())
            spent["read"] += marks[1] - marks[0]
            spent["write"] += marks[2] - marks[1]
    return {"cpu": spent[case.measured] * 1e6 / (rounds * KEYS)}


def run(options: argparse.Namespace) -> list[Row]:
    rounds = options.rounds or (1 if options.quick else 7)
    rows = []
    with both(options, NO_PERSISTENCE) as targets:
        for case in CASES:
            if not case.name.startswith(options.only or ""):
                continue
            sweeps = 1 if options.quick or case.readers > 1 else 5
            gathered = median_pairs(rounds, targets, lambda target, case=case, n=sweeps: measure(target, case, n))
            shown = f"{KEYS} keys, {case.readers} clients that cache them, pipelines of {case.pipeline}"
            figures = [
                Figure(target.name, values["cpu"], target.command_line, shown)
                for target, values in zip(targets, gathered, strict=True)
            ]
            rows.append(Row(case.name, "µs CPU/key", *figures, goal=GOAL))
    return rows
