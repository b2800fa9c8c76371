"""Counts the file-system calls of a module under test, stops at any of them, and computes what the disk would hold.

`Recorder` replaces a module's ``os``. It passes on every call except fsync and tracks, separately from the real folder,
what is durable: names as of their folder's last fsync, contents as of the file's last fsync. `Stopped` is raised after
`stop_after` calls; with `error`, the call after them fails instead. `after_power_loss` builds the trees that a machine
could come back with: none, all, or any single one of the changes of names that were not synced.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

Names = dict[str, int]


class Pending(NamedTuple):
    """A change of names, and the folders whose sync it waits for: two if a file moves from one to the other."""

    change: Callable[[Names], None]
    folders: frozenset[str]

    def after_sync(self, folder: str) -> "Pending":
        return self._replace(folders=self.folders - {folder})


class Stopped(BaseException):
    """The process dies here."""


class Recorder:
    """``os`` for the folder tree below `root`; attributes that are not watched are the real ones."""

    WATCHED = ("open", "write", "fsync", "rename", "unlink", "mkdir")

    def __init__(self, root: Path, stop_after: int | None = None, error: OSError | None = None) -> None:
        self.root = root
        self.stop_after = stop_after
        self.error = error
        self.calls: list[str] = []
        self.contents: dict[int, bytes] = {}
        self.durable: Names = {}
        self.pending: list[Pending] = []
        self._adopt_present()

    def __getattr__(self, name: str):
        real = getattr(os, name)
        return self._watch(name, real) if name in self.WATCHED else real

    def _watch(self, name: str, real: Callable) -> Callable:
        def call(*arguments, **options):
            if self.error and len(self.calls) == self.stop_after:
                self.calls.append(name)
                raise self.error
            result = getattr(self, "_" + name)(real, *arguments, **options)
            self.calls.append(name)
            if not self.error and len(self.calls) == self.stop_after:
                raise Stopped
            return result

        return call

    def _adopt_present(self) -> None:
        for path in [self.root, *self.root.rglob("*")]:
            inode = path.stat().st_ino
            self.durable[self._name(path)] = inode
            self.contents[inode] = path.read_bytes() if path.is_file() else b""

    def _name(self, path) -> str:
        return os.path.relpath(path, self.root)

    def _later(self, change: Callable[[Names], None], *names: str) -> None:
        self.pending.append(Pending(change, frozenset(os.path.dirname(name) for name in names)))

    def _open(self, real, path, flags, mode=0o777):
        new = flags & os.O_CREAT and not os.path.exists(path)
        fd = real(path, flags, mode)
        if new:
            name, inode = self._name(path), os.fstat(fd).st_ino
            self._later(lambda names: names.__setitem__(name, inode), name)
        return fd

    def _write(self, real, fd, data):
        return real(fd, data)

    def _fsync(self, real, fd):
        inode = os.fstat(fd).st_ino
        path = Path(os.readlink(f"/proc/self/fd/{fd}"))
        if path.is_dir():
            self._sync_folder(self._name(path))
        else:
            self.contents[inode] = path.read_bytes()

    def _sync_folder(self, folder: str) -> None:
        """Make only the changes in this folder durable: syncing one folder does not guarantee changes in another."""
        folder = "" if folder == os.curdir else folder
        waiting = [pending.after_sync(folder) for pending in self.pending]
        for pending in waiting:
            if not pending.folders:
                pending.change(self.durable)
        self.pending = [pending for pending in waiting if pending.folders]

    def _rename(self, real, old, new):
        real(old, new)
        before, after = self._name(old), self._name(new)

        def change(names: Names) -> None:
            inode = names.pop(before, None)
            names[after] = os.stat(new).st_ino if inode is None else inode

        self._later(change, before, after)

    def _unlink(self, real, path):
        real(path)
        name = self._name(path)
        self._later(lambda names: names.pop(name, None) and None, name)

    def _mkdir(self, real, path, mode=0o777):
        real(path, mode)
        name, inode = self._name(path), os.stat(path).st_ino
        self._later(lambda names: names.__setitem__(name, inode), name)
        self.contents[inode] = b""

    def after_power_loss(self, folder: Path) -> Iterator[Path]:
        """Build each possible tree in turn in `folder`, which is emptied first."""
        choices = [[], self.pending, *([pending] for pending in self.pending)]
        for chosen in choices:
            names = dict(self.durable)
            for pending in chosen:
                pending.change(names)
            shutil.rmtree(folder, ignore_errors=True)
            self._build(folder, names)
            yield folder

    def _build(self, folder: Path, names: Names) -> None:
        folder.mkdir()
        files = {name: inode for name, inode in names.items() if name != "."}
        for name, inode in sorted(files.items()):
            path = folder / name
            if (self.root / name).is_dir():
                path.mkdir()
            elif path.parent.is_dir():
                path.write_bytes(self.contents.get(inode, b""))
