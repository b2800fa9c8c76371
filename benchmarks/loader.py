"""Fills a server quickly: pipelined requests over a few connections, every reply read and checked.

It is also a program, so that loading can run in a process of its own while another measures:
``python -m benchmarks.loader HOST:PORT --keys 1000000 --what set``.
"""

import argparse
import socket
from collections.abc import Iterable, Iterator
from itertools import islice

import hiredis

BATCH = 200
CONNECTIONS = 4


def key(number: int) -> bytes:
    """Returns 16 bytes, as redis-benchmark makes them from ``key:__rand_int__``."""
    return b"key:%012d" % number


def value(number: int) -> bytes:
    """Returns 16 bytes that are not a number."""
    return b"value:%010d" % number


def strings(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield b"*3\r\n$3\r\nSET\r\n$16\r\n%b\r\n$16\r\n%b\r\n" % (key(number), value(number))


def members(count: int) -> Iterator[bytes]:
    """Adds members of 16 bytes to one set, ``key``."""
    for number in range(count):
        yield b"*3\r\n$4\r\nSADD\r\n$3\r\nkey\r\n$16\r\n%b\r\n" % value(number)


LOADS = {"strings": strings, "set": members}


def command(*arguments: bytes) -> bytes:
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%b\r\n" % (len(item), item) for item in arguments)


class Connection:
    """A blocking connection that counts replies and raises the first error among them."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = hiredis.Reader()
        self.awaited = 0

    def send(self, requests: list[bytes]) -> None:
        self.socket.sendall(b"".join(requests))
        self.awaited += len(requests)

    def settle(self) -> None:
        while self.awaited:
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the server closed the connection")
            self.reader.feed(data)
            while (reply := self.reader.gets()) is not False:
                if isinstance(reply, Exception):
                    raise reply
                self.awaited -= 1


def load(address: tuple[str, int], requests: Iterable[bytes], batch: int = BATCH) -> None:
    """Sends all requests, one batch at a time, to each connection in turn."""
    connections = [Connection(address) for _ in range(CONNECTIONS)]
    source, turn = iter(requests), 0
    while chunk := list(islice(source, batch)):
        connection = connections[turn % CONNECTIONS]
        connection.settle()
        connection.send(chunk)
        turn += 1
    for connection in connections:
        connection.settle()
        connection.socket.close()


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("address")
    parse.add_argument("--keys", type=int, default=1_000_000)
    parse.add_argument("--what", choices=LOADS, default="strings")
    options = parse.parse_args()
    host, _, port = options.address.rpartition(":")
    load((host, int(port)), LOADS[options.what](options.keys))


if __name__ == "__main__":
    main()
