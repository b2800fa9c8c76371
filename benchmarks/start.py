"""The cost of a start: the time from exec to the first PONG, and the memory that is resident then.

Each round starts both servers, one after the other, each in an empty folder and on the server's core. The client sends
PING repeatedly from the other core. A first start of each, which fills the caches of files and of Python's compiled
modules, is not counted.
"""

import argparse
import contextlib
import os
import shlex
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import Target, command_line_of, cores, other_name
from support.servers import Server, free_port, our_command

ROUNDS = 21
# Goals: milliseconds, and megabytes of 2**20 bytes.
MILLISECONDS, MEGABYTES = 70, 24
CASES = {
    "with an append-only file": ("--appendonly", "yes"),
    "without persistence": ("--save", "", "--appendonly", "no"),
}
# An installed package has compiled modules. In a checkout they must be kept too, whatever the environment says.
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": ""}


@dataclass
class Command:
    """A server that can be started; ``line`` is the command line of the last start."""

    name: str
    words: list[str]
    folder: Path
    line: str = ""

    def start(self, arguments: Sequence[str]) -> dict[str, float]:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        server = Server(self.words, folder, arguments, environment=ENVIRONMENT, preexec=on_the_servers_core())
        server.port = free_port()
        server.start(wait=False)  # returns when the command has been executed
        try:
            began = time.perf_counter()
            await_pong(server)
            figures = {"ms": (time.perf_counter() - began) * 1000}
            self.line = command_line_of(server)
            return figures | {"MB": Target(self.name, server.address, self.line, server).rss() / 2**20}
        finally:
            server.kill()


def on_the_servers_core() -> Callable[[], None] | None:
    usable = cores()
    return (lambda: os.sched_setaffinity(0, usable[:1])) if len(usable) > 1 else None


def await_pong(server: Server) -> None:
    """Sends PING until the reply is PONG; raises if the server has ended."""
    while not answers(server.address):
        server.check_alive()


def answers(address: tuple[str, int]) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(address) as connection:
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        return connection.recv(64) == b"+PONG\r\n"
    return False


def measured(commands: Sequence[Command], arguments: Sequence[str], rounds: int) -> list[Row]:
    def measure(command: Command) -> dict[str, float]:
        return command.start(arguments)

    for command in commands:
        measure(command)
    gathered = median_pairs(rounds, commands, measure)
    return [
        Row(
            what,
            unit,
            *(Figure(c.name, values[unit], c.line, "PING") for c, values in zip(commands, gathered, strict=True)),
            bound=bound,
        )
        for what, unit, bound in (
            ("from exec to the first PONG", "ms", MILLISECONDS),
            ("resident memory at the start", "MB", MEGABYTES),
        )
    ]


def run(options: argparse.Namespace) -> list[Row]:
    if options.other_address:
        raise SystemExit("start starts the servers itself: use --other-command")
    ours = shlex.split(options.our_command) if options.our_command else our_command()
    commands = [
        Command("pyredis", ours, options.work),
        Command(other_name(options), shlex.split(options.other_command), options.work),
    ]
    rows = []
    for case, arguments in CASES.items():
        if options.only and not case.startswith(options.only):
            continue
        for row in measured(commands, arguments, options.rounds or (2 if options.quick else ROUNDS)):
            row.case = f"{case}: {row.case}"
            rows.append(row)
    return rows
