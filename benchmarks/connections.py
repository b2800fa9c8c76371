"""The cost of idle connections: each sends one PING, so that its buffers have been used, and then nothing more.

Memory is measured after a settling time, because both servers free the buffers of quiet clients from a timer.
"""

import argparse
import socket
import time

from benchmarks.report import Figure, Row
from benchmarks.servers import NO_PERSISTENCE, Target, both

CONNECTIONS = 10_000
SETTLE_SECONDS = 10


def open_idle(target: Target, count: int) -> list[socket.socket]:
    connections = []
    for _ in range(count):
        connection = socket.create_connection(target.address)
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        if connection.recv(64) != b"+PONG\r\n":
            raise RuntimeError(f"{target.name} does not answer connection {len(connections)}")
        connections.append(connection)
    return connections


def growth(target: Target, count: int) -> dict[str, float]:
    used, resident = target.used_memory(), target.rss()
    connections = open_idle(target, count)
    time.sleep(SETTLE_SECONDS)
    grown = {"used_memory": (target.used_memory() - used) / count, "RSS": (target.rss() - resident) / count}
    for connection in connections:
        connection.close()
    return grown


def run(options: argparse.Namespace) -> list[Row]:
    count = options.keys or (1000 if options.quick else CONNECTIONS)
    with both(options, (*NO_PERSISTENCE, "--maxclients", str(count + 100))) as targets:
        grown = [growth(target, count) for target in targets]
        described = f"{count} connections, one PING each, {SETTLE_SECONDS} s of silence"
        return [
            Row(
                f"{count} idle connections, {metric}",
                "bytes per connection",
                *(
                    Figure(target.name, [values[metric]], target.command_line, described)
                    for target, values in zip(targets, grown, strict=True)
                ),
                goal=1.0,
            )
            for metric in grown[0]
        ]
