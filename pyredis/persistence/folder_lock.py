"""Keeps two servers from using one folder of append-only files, in the same process or in another.

The lock is flock's, on a file next to the folder: ``appendonlydir.lock``, whose content is the number of the process
that holds the lock. The system drops it when the process ends, however that happens, and the file remains. A forked
child inherits the lock with its descriptor, so it closes the descriptor first of all. A lock of fcntl would not be
inherited; but it would be lost as soon as any code of the process closed the file, such as a copy of the folder.
"""

import contextlib
import fcntl
import os
import time
import weakref
from pathlib import Path

_held: "weakref.WeakSet[FolderLock]" = weakref.WeakSet()

# The bytes of the lock's file: always as many, so that a reader never sees a part of a number.
WIDTH = 12
# How often a reader looks for the number, a millisecond apart.
TRIES = 50


class FolderInUse(OSError):
    """Another server uses the folder."""


class FolderLock:
    """The lock of a folder, held until `release` or the end of the process.

    Raises FolderInUse. ``failure`` is why there is no lock although nobody else has one, None otherwise.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        self.failure: OSError | None = None
        self._fd = -1
        _held.add(self)
        try:
            self._fd = open_lock_file(lock_path(folder))
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = read_owner(self._fd)
            self.release()
            raise FolderInUse(f"{self.folder} is in use by {owner}") from None
        except OSError as error:
            self.release()
            self.failure = error
            return
        self._sign()

    def __del__(self) -> None:
        self.release()

    def _sign(self) -> None:
        """Writes the number of the process, for the message to others. Without it the lock is as good."""
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, f"{os.getpid():<{WIDTH - 1}}\n".encode(), 0)

    def release(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def lock_path(folder: str | os.PathLike[str]) -> Path:
    """Returns the path of the lock's file; it is the same for all paths to the folder."""
    real = Path(os.path.realpath(folder))
    return real.with_name(real.name + ".lock")


def open_lock_file(path: Path) -> int:
    """Opens the file, for reading only if it cannot be written. Raises OSError."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        # flock needs no more, on a local disk.
        with contextlib.suppress(OSError):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        raise


def read_owner(fd: int) -> str:
    """Returns which process has the lock, for a message."""
    for _ in range(TRIES):
        digits = os.pread(fd, WIDTH, 0).strip()
        if digits.isdigit() and is_alive(int(digits)):
            return "this process already" if int(digits) == os.getpid() else f"process {int(digits)}"
        # Whoever has just got the lock has not written its number yet.
        time.sleep(0.001)
    return f"process {int(digits)}, which is not to be seen from here" if digits.isdigit() else "another process"


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OverflowError:
        return False
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _after_fork() -> None:
    """In a child: closes its descriptors, so that the parent alone has the locks."""
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_after_fork)
