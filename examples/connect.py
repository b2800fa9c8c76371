"""A connection for the examples: to the server that ``--url`` names, or to one that is started and ended with them."""

import argparse
import contextlib
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis

FOLDER = Path(__file__).resolve().parent
START_SECONDS = 30


def rows(name: str) -> list[dict[str, str]]:
    """A file of data that lies beside the examples."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def argument_parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", help="redis://… or unix://… of a server; without it one is started")
    return parser


@contextlib.contextmanager
def server_url(url: str | None) -> Iterator[str]:
    """``url``, or that of a pyredis-server on a unix socket that lives as long as the block."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder, "pyredis.sock")
        # -P: where this runs in a checkout, its sources, not compiled, are not the package.
        command = [sys.executable, "-P", "-m", "pyredis", "--port", "0", "--unixsocket", str(socket), "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                await_server(f"unix://{socket}", process)
                yield f"unix://{socket}"
            finally:
                process.terminate()


def await_server(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis.from_url(url) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {process.args!r}")
