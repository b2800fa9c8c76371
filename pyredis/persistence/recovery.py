"""Loading the files of the append-only folder at the start, in slices between which clients are answered ``-LOADING``.

A file that ends in the middle of a unit is cut there only if nothing was written behind it: it is the last one, or all
that follow are empty, as after a crash in the moment when a rewrite had just opened the next.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from pyredis._core import Core
from pyredis.config import Config
from pyredis.ground.server_log import Log
from pyredis.persistence.loader import AofLoader, DamagedFile

SLICE_US = 5000
TELL_SECONDS = 5.0


class LoadError(Exception):
    """The data cannot be loaded; the text says what stands in the way and where."""


def refuse_rdb(path: Path) -> None:
    """Raises LoadError for a file that begins as an RDB file does."""
    with open(path, "rb") as file:
        if file.read(5) == b"REDIS":
            raise LoadError(
                f"{path} is an RDB file, which this version cannot load; rewrite it in Redis with "
                "aof-use-rdb-preamble no"
            )


class Loading:
    """The loading of ``paths``, in order. ``stop`` ends it early; ``info`` tells of it meanwhile."""

    def __init__(self, core: Core, config: Config, log: Log, paths: list[Path]) -> None:
        self.core = core
        self.config = config
        self.log = log
        self.paths = paths
        self.sizes = [path.stat().st_size for path in paths]
        self.total = sum(self.sizes)
        self.loaded = 0
        self.stopped = False
        self._began = time.monotonic()
        self._start_time = int(time.time())
        self._told = self._began

    def stop(self) -> None:
        """Loading ends after the slice under way."""
        self.stopped = True

    async def run(self) -> None:
        """Loads everything, or what there was time for until ``stop``. Raises LoadError."""
        for number, path in enumerate(self.paths):
            loader = self._open(path)
            try:
                while self._step(loader, sum(self.sizes[:number])):
                    await asyncio.sleep(0)
                if self.stopped:
                    return
            finally:
                loader.close()
            self._end(loader, path, not any(self.sizes[number + 1 :]))

    def _open(self, path: Path) -> AofLoader:
        refuse_rdb(path)
        return AofLoader(self.core, path)

    def _step(self, loader: AofLoader, before: int) -> bool:
        """One slice; false when the file is at its end, or this is to stop."""
        try:
            more = loader.step(SLICE_US)
        except DamagedFile as error:
            raise LoadError(
                f"Bad file format reading the append only file {loader.path} at offset {error.offset}: {error.reason}. "
                "Make a backup of the file; redis-check-aof --fix cuts it there."
            ) from error
        self.loaded = before + loader.loaded_bytes
        now = time.monotonic()
        if now - self._told > TELL_SECONDS:
            self._told = now
            self.log.notice(f"Loading {os.path.basename(loader.path)}: {self.loaded * 100 // self.total}%")
        return more and not self.stopped

    def _end(self, loader: AofLoader, path: Path, last: bool) -> None:
        """A torn tail: cut off, where that may be."""
        if not loader.torn:
            return
        valid, size = loader.valid_size, loader.file_size
        if not last or not self.config["aof-load-truncated"]:
            reason = "aof-load-truncated is no" if last else "there is more behind it"
            raise LoadError(
                f"Unexpected end of file reading the append only file {path} at offset {valid} of {size}; "
                f"it is not cut there because {reason}"
            )
        self.log.warning(f"!!! Warning: short read while loading the AOF file {path.name}!!!")
        self.log.warning(f"Truncating the AOF {path.name} at offset {valid}, {size - valid} bytes are dropped")
        with open(path, "r+b") as file:
            file.truncate(valid)
            os.fsync(file.fileno())
        self.log.warning("AOF loaded anyway because aof-load-truncated is enabled")

    def info(self) -> dict[str, Any]:
        """The fields of INFO persistence that are there during a load only."""
        elapsed = time.monotonic() - self._began
        eta = int(elapsed * (self.total - self.loaded) / self.loaded) if self.loaded else 1
        return {
            "loading_start_time": self._start_time,
            "loading_total_bytes": self.total,
            "loading_rdb_used_mem": 0,
            "loading_loaded_bytes": self.loaded,
            "loading_loaded_perc": f"{self.loaded * 100 / self.total if self.total else 100:.2f}",
            "loading_eta_seconds": eta,
        }
