"""Folders of append-only files, written by hand and read back."""

import io
import os
from collections.abc import Iterable
from pathlib import Path

from support.client import Argument, encode_command

BASE = "appendonly.aof.1.base.aof"
INCR = "appendonly.aof.1.incr.aof"


def commands(*requests: Iterable[Argument]) -> bytes:
    return b"".join(encode_command(*request) for request in requests)


def write_folder(
    server_folder: Path, incremental: bytes, base: bytes | None = None, more: Iterable[bytes] = ()
) -> Path:
    """Write an appendonlydir to `server_folder`; return the path of the first incremental file.

    ``more`` holds the contents of further incremental files.
    """
    folder = server_folder / "appendonlydir"
    folder.mkdir(parents=True)
    lines = []
    if base is not None:
        (folder / BASE).write_bytes(base)
        lines.append(f"file {BASE} seq 1 type b")
    for number, data in enumerate([incremental, *more], 1):
        name = f"appendonly.aof.{number}.incr.aof"
        (folder / name).write_bytes(data)
        lines.append(f"file {name} seq {number} type i")
    (folder / "appendonly.aof.manifest").write_text("".join(line + "\n" for line in lines))
    return folder / INCR


def listed(server_folder: Path) -> list[tuple[str, str]]:
    """The (name, type) of each file in the manifest."""
    manifest = server_folder / "appendonlydir" / "appendonly.aof.manifest"
    words = [line.split() for line in manifest.read_text().splitlines()]
    return [(line[1], line[5]) for line in words]


def present(server_folder: Path) -> set[str]:
    return set(os.listdir(server_folder / "appendonlydir"))


def requests(path: Path) -> list[list[str]]:
    """The commands in a file, as strings."""
    return split_requests(path.read_bytes())


def split_requests(data: bytes) -> list[list[str]]:
    """Complete commands, as strings."""
    found = []
    file = io.BytesIO(data)
    while header := file.readline():
        words = []
        for _ in range(int(header[1:])):
            size = int(file.readline()[1:])
            words.append(file.read(size + 2)[:-2].decode())
        found.append(words)
    return found


def info(client, section: str = "persistence") -> dict[str, str]:
    text = client.must("INFO", section)
    text = text.decode() if isinstance(text, bytes) else text
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
