"""Loads the files of the append-only folder at the start, in slices. Between the slices, clients get ``-LOADING``.

A file that ends in the middle of a unit is truncated there only if nothing was written after it: it is the last file,
or all files after it are empty, as after a crash when a rewrite had just opened the next file.
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
PROGRESS_SECONDS = 5.0


class LoadError(Exception):
    """The data cannot be loaded; the text gives the reason and the place."""


def refuse_rdb(path: Path) -> None:
    """Raises LoadError if the file begins as an RDB file does."""
    with open(path, "rb") as file:
        if file.read(5) == b"REDIS":
            raise LoadError(
                f"{path} is an RDB file, which this version cannot load; rewrite it in Redis with "
                "aof-use-rdb-preamble no"
            )


class Loading:
    """Loads ``paths``, in order. ``stop`` ends the loading early; ``info`` reports its progress."""

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
        self._reported = self._began

    def stop(self) -> None:
        """Ends the loading after the current slice."""
        self.stopped = True

    async def run(self) -> None:
        """Loads everything, unless ``stop`` is called before. Raises LoadError."""
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
        """Loads one slice. False at the end of the file, or if loading is to stop."""
        try:
            more = loader.step(SLICE_US)
        except DamagedFile as error:
            raise LoadError(
                f"Bad file format reading the append only file {loader.path} at offset {error.offset}: {error.reason}. "
                "Make a backup of the file, then truncate it there with redis-check-aof --fix."
            ) from error
        self.loaded = before + loader.loaded_bytes
        now = time.monotonic()
        if now - self._reported > PROGRESS_SECONDS:
            self._reported = now
            self.log.notice(f"Loading {os.path.basename(loader.path)}: {self.loaded * 100 // self.total}%")
        return more and not self.stopped

    def _end(self, loader: AofLoader, path: Path, last: bool) -> None:
        """Cuts off a torn tail. Raises LoadError if that is not permitted."""
        if not loader.torn:
            return
        valid, size = loader.valid_size, loader.file_size
        if not last or not self.config["aof-load-truncated"]:
            reason = "aof-load-truncated is no" if last else "a file after it is not empty"
            raise LoadError(
                f"Unexpected end of file reading the append only file {path} at offset {valid} of {size}; "
                f"it is not truncated there because {reason}"
            )
        self.log.warning(f"!!! Warning: short read while loading the AOF file {path.name}!!!")
        self.log.warning(f"Truncating the AOF {path.name} at offset {valid}, dropping {size - valid} bytes")
        with open(path, "r+b") as file:
            file.truncate(valid)
            os.fsync(file.fileno())
        self.log.warning("AOF loaded anyway because aof-load-truncated is enabled")

    def info(self) -> dict[str, Any]:
        """Returns the fields of INFO persistence that exist only during a load."""
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
