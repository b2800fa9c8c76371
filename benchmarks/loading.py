"""The time to load an append-only file: from the start of the process to the first PONG.

The file is one incremental part in Redis's layout: SET commands of 16-byte keys and 64-byte values, every key once.
Both servers read the same bytes (a hard link, in the page cache, because the disk is not to be measured).
"""

import argparse
import os
import shlex
import tempfile
import time
from pathlib import Path

from benchmarks.loader import command, key
from benchmarks.report import Figure, Row, median_pairs
from benchmarks.servers import command_line_of, other_name, pinned, started
from support.servers import our_command

SIZE = 1 << 30
MANIFEST = "file appendonly.aof.1.incr.aof seq 1 type i\n"
ARGUMENTS = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")


def write_file(path: Path, size: int) -> int:
    """Writes commands until the file has ``size`` bytes; returns their number."""
    head, tail = command(b"SET", key(0), b"v" * 64).split(key(0))
    number = written = 0
    with open(path, "wb", buffering=1 << 20) as file:
        written += file.write(command(b"SELECT", b"0"))
        while written < size:
            written += file.write(b"".join(head + key(number + i) + tail for i in range(1000)))
            number += 1000
    return number


def folder_with(part: Path, work: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=work))
    files = folder / "appendonlydir"
    files.mkdir()
    (files / "appendonly.aof.manifest").write_text(MANIFEST)
    os.link(part, files / "appendonly.aof.1.incr.aof")
    return folder


def run(options: argparse.Namespace) -> list[Row]:
    if options.other_address:
        raise SystemExit("loading is measured by starting servers: use --other-command")
    size = options.size or (32 << 20 if options.quick else SIZE)
    part = options.work / "part.aof"
    keys = write_file(part, size)
    commands = {
        "pyredis": shlex.split(options.our_command) if options.our_command else our_command(),
        other_name(options): shlex.split(options.other_command),
    }
    lines: dict[str, str] = {}

    def measure(name: str) -> dict[str, float]:
        folder = folder_with(part, options.work)
        begin = time.monotonic()
        with started(name, commands[name], folder, ARGUMENTS) as target:
            elapsed = time.monotonic() - begin
            lines[name] = command_line_of(target.server)
            with target.client() as client:
                assert client.must("DBSIZE") == keys, f"{name} loaded something else"
        return {"s": elapsed}

    gathered = median_pairs(options.rounds or (1 if options.quick else 3), list(commands), measure)
    client = f"{size} bytes, {keys} commands; from start to +PONG; {shlex.join(pinned(0))}"
    figures = [Figure(name, values["s"], lines[name], client) for name, values in zip(commands, gathered, strict=True)]
    return [Row(f"load {size / 2**20:.0f} MB", "s", *figures, goal=1.0)]
