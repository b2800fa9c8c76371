"""Disks that fail, fill up or are slow. Each helper skips the test with a reason where the system does not permit it.

Errors of system calls are injected by ``strace -e inject``, attached to a running server. A full disk is a small tmpfs
or a limit on file sizes (with SIGXFSZ ignored, a write up to the limit is cut short and the next fails with EFBIG).
Slow syncs, and syncs that wait until the test lets them continue, come from preloaded shims, built with the local C
compiler.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from support.client import wait_until
from support.paths import ROOT, preloading

SHIM_SOURCE = ROOT / "benchmarks" / "slow_fdatasync.c"
GATE_SOURCE = Path(__file__).with_name("sync_gate.c")
SPLICE_SOURCE = Path(__file__).with_name("splice_shim.c")


def _need(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed: apt-get install {tool}")
    return path


@contextlib.contextmanager
def injected(pid: int, folder: Path, *injections: str, file: Path | None = None) -> Iterator[Path]:
    """Inject faults into system calls of a running process and all its threads for the duration of the block.

    `injections` are strace's, e.g. ``"fdatasync:error=EIO:when=1"``, ``"write,writev:error=ENOSPC"`` or
    ``"fdatasync:delay_enter=5000"`` (microseconds). With `file`, only calls on that file are affected; without it, an
    injected error of write also hits sockets and logs. Yields the path of the trace, which lists the affected calls.
    """
    trace, messages = folder / "strace.out", folder / "strace.err"
    calls = ",".join(injection.split(":")[0] for injection in injections)
    command = [_need("strace"), "-f", "-e", f"trace={calls}", "-o", str(trace), "-p", str(pid)]
    command += ["-P", str(file)] if file else []
    for injection in injections:
        command += ["-e", f"inject={injection}"]
    with open(messages, "wb") as errors:
        tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors)
    try:
        wait_until(lambda: "attached" in messages.read_text() or tracer.poll() is not None, "strace to attach")
        if tracer.poll() is not None:
            pytest.skip(f"strace may not attach here: {messages.read_text().strip()}")
        yield trace
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(60)


@contextlib.contextmanager
def file_size_limit(pid: int, size: int) -> Iterator[None]:
    """Limit every file of a running process, including its log, to `size` bytes for the duration of the block (Linux).

    The process must ignore SIGXFSZ, as Python does; a server in C needs `ignoring_sigxfsz` as its `preexec`.
    """
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("limits of other processes can be set on Linux only")
    old = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, old)


def ignoring_sigxfsz() -> None:
    """A `preexec` that makes a write beyond the limit fail with EFBIG instead of killing the process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@contextlib.contextmanager
def small_disk(mount_point: Path, size: str = "1m") -> Iterator[Path]:
    """Mount a tmpfs of this size for the duration of the block."""
    mount_point.mkdir(parents=True, exist_ok=True)
    if not sys.platform.startswith("linux"):
        pytest.skip("a tmpfs can be mounted on Linux only")
    mounted = _run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mount_point)])
    if mounted.returncode:
        pytest.skip(f"mounting a tmpfs is not permitted here: {mounted.stderr.strip()}")
    try:
        yield mount_point
    finally:
        _run(["umount", "-l", str(mount_point)])


def fill_disk(folder: Path, leave: int = 0) -> Path:
    """Fill the file system of `folder` up to its last `leave` bytes; deleting the returned file frees it again."""
    path = folder / "ballast"
    free = os.statvfs(folder)
    size = max(0, free.f_bavail * free.f_frsize - leave)
    with open(path, "wb") as ballast, contextlib.suppress(OSError):
        while size > 0:
            size -= ballast.write(b"\0" * min(size, 1 << 16))
            ballast.flush()
    return path


def slow_fdatasync(folder: Path, milliseconds: float) -> dict[str, str]:
    """The environment in which each fdatasync and fsync of a server takes `milliseconds` longer."""
    return {**preloading(_shim(folder, SHIM_SOURCE)), "SLOW_FDATASYNC_US": str(int(milliseconds * 1000))}


class SyncGate:
    """A gate for a server's calls of ``fsync`` or ``fdatasync`` (`call`); it is open unless a test shuts it.

    The server must be started in the gate's ``environment``.
    """

    def __init__(self, folder: Path, call: str) -> None:
        self.path = folder / f"{call}.gate"
        self.environment = {**preloading(_shim(folder, GATE_SOURCE)), f"{call.upper()}_GATE": str(self.path)}

    @contextlib.contextmanager
    def shut(self) -> Iterator[None]:
        """Let no call through for the duration of the block."""
        self.path.touch()
        try:
            yield
        finally:
            self.path.unlink()

    def calls(self) -> int:
        """The number of calls that have reached the gate so far."""
        counted = self.path.with_name(f"{self.path.name}.calls")
        return counted.stat().st_size if counted.exists() else 0


class PageReferences:
    """Counts how often a server sends pages to a socket by reference; can forbid one of the calls this needs.

    The server must be started in the ``environment``.
    """

    def __init__(self, folder: Path, forbidden: str = "") -> None:
        self.path = folder / "vmsplice.calls"
        self.environment = {
            **preloading(_shim(folder, SPLICE_SOURCE)),
            "VMSPLICE_CALLS": str(self.path),
            "SPLICE_FORBIDS": forbidden,
        }

    def calls(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


def _shim(folder: Path, source: Path) -> Path:
    if not sys.platform.startswith("linux"):
        pytest.skip("the shim is made for Linux")
    shim = folder / f"{source.stem}.so"
    built = _run([_need("cc"), "-shared", "-fPIC", "-O2", "-Wall", "-o", str(shim), str(source)])
    assert built.returncode == 0, built.stderr
    return shim


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
