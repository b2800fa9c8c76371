"""The measured servers, and what the system reports about them.

Server processes are pinned to the first core that this process may use, clients to the second, if there are two and
``taskset`` exists. CPU time is the sum over all threads of ``/proc/PID/task/*/schedstat`` (nanoseconds), so the work of
native threads is counted. Without it (macOS, a remote server) there are no CPU figures.
"""

import argparse
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ROOT
from support.client import RawClient
from support.paths import choose_package
from support.servers import Server, our_command

NO_PERSISTENCE = ("--save", "", "--appendonly", "no")


def prepare_process() -> None:
    """Chooses the compiled package, and raises the limit of descriptors as far as the system allows."""
    choose_package()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 40000 if hard == resource.RLIM_INFINITY else min(40000, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pinned(role: int) -> list[str]:
    """Returns the prefix that pins a command: role 0 is the server's core, role 1 the client's."""
    usable = cores()
    return ["taskset", "-c", str(usable[role])] if len(usable) > 1 and shutil.which("taskset") else []


@contextmanager
def on_the_clients_core() -> Iterator[None]:
    """Keeps this process, which is the client, off the server's core."""
    usable = cores()
    if len(usable) > 1:
        os.sched_setaffinity(0, {usable[1]})
    try:
        yield
    finally:
        if len(usable) > 1:
            os.sched_setaffinity(0, usable)


def stolen_seconds() -> float:
    """Returns how long the host has used this virtual machine's processors otherwise, in total; 0 if unknown."""
    counters = Path("/proc/stat")
    fields = counters.read_text().splitlines()[0].split() if counters.exists() else []
    return int(fields[8]) / os.sysconf("SC_CLK_TCK") if len(fields) > 8 else 0.0


@dataclass
class Target:
    """One side of a comparison: a running server, ours or another, with the command line that started it."""

    name: str
    address: tuple[str, int]
    command_line: str
    server: Server | None = None

    def client(self) -> RawClient:
        return RawClient(self.address, timeout=600)

    def info(self, section: str) -> dict[str, str]:
        with self.client() as client:
            lines = client.must("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def empty(self) -> None:
        with self.client() as client:
            client.must("FLUSHALL")

    @property
    def pid(self) -> int | None:
        return self.server.process.pid if self.server and self.server.process else None

    def cpu_seconds(self) -> float | None:
        """Returns the CPU time that all its threads have used."""
        tasks = Path(f"/proc/{self.pid}/task")
        if self.pid is None or not tasks.is_dir():
            return None
        return sum(_thread_nanoseconds(task) for task in tasks.iterdir()) / 1e9

    def rss(self) -> int:
        """Returns the resident bytes, from the system if possible, otherwise from the server's INFO."""
        resident = self._status("VmRSS")
        return int(self.info("memory")["used_memory_rss"]) if resident is None else resident

    def peak_rss(self) -> int | None:
        """Returns the peak of resident bytes since `forget_peak`; None if the system does not report it."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        marks = Path(f"/proc/{self.pid}/clear_refs")
        if self.pid is not None and marks.exists():
            marks.write_text("5")

    def _status(self, name: str) -> int | None:
        status = Path(f"/proc/{self.pid}/status")
        if self.pid is None or not status.exists():
            return None
        line = next(line for line in status.read_text().splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024

    def used_memory(self) -> int:
        return int(self.info("memory")["used_memory"])


def _thread_nanoseconds(task: Path) -> int:
    try:
        return int((task / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0  # the thread ended between the listing and the reading


def other_name(options: argparse.Namespace) -> str:
    return options.other_name or options.other_address or Path(shlex.split(options.other_command)[0]).name


@contextmanager
def started(
    name: str,
    command: Sequence[str],
    folder: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    wait: bool = True,
) -> Iterator[Target]:
    """Starts a server on the server's core; it is killed at the end of the block."""
    server = Server(command, folder, arguments, prefix=pinned(0), environment=environment)
    try:
        server.start(wait=wait, timeout=600)
        yield Target(name, server.address, command_line_of(server), server)
    finally:
        server.kill()


def command_line_of(server: Server) -> str:
    """Returns the command line that repeats the run, with the folder's and Python's paths left out."""
    line = shlex.join(server.command_line())
    return line.replace(str(server.folder), "DIR").replace(sys.executable, "python").replace(str(ROOT), ".")


def our_target(options: argparse.Namespace, arguments: Sequence[str], **how: object):
    command = shlex.split(options.our_command) if options.our_command else our_command()
    folder = Path(tempfile.mkdtemp(dir=options.work))
    return started("pyredis", command, folder, arguments, **how)  # type: ignore[arg-type]


@contextmanager
def other_target(options: argparse.Namespace, arguments: Sequence[str], **how: object) -> Iterator[Target]:
    """Starts the other server, or uses the one running at its address with the configuration that it has."""
    if options.other_address:
        host, _, port = options.other_address.rpartition(":")
        yield Target(other_name(options), (host, int(port)), f"running at {options.other_address}")
        return
    command, folder = shlex.split(options.other_command), Path(tempfile.mkdtemp(dir=options.work))
    with started(other_name(options), command, folder, arguments, **how) as target:  # type: ignore[arg-type]
        yield target


@contextmanager
def both(options: argparse.Namespace, arguments: Sequence[str], **how: object) -> Iterator[list[Target]]:
    """Starts ours and the other with the same arguments."""
    with ExitStack() as stack:
        ours = stack.enter_context(our_target(options, arguments, **how))
        yield [ours, stack.enter_context(other_target(options, arguments, **how))]


def run_client(command: Sequence[str]) -> str:
    """Runs a client on the client's core and returns its output."""
    done = subprocess.run([*pinned(1), *command], capture_output=True, text=True, check=False)
    if done.returncode or "ERR" in done.stderr + done.stdout:
        raise RuntimeError(f"{shlex.join(command)}: {done.stderr}{done.stdout}")
    return done.stdout


def slow_disk(folder: Path, milliseconds: float) -> dict[str, str]:
    """Returns the environment in which fdatasync takes ``milliseconds`` longer (Linux)."""
    shim = folder / "slow_fdatasync.so"
    source = ROOT / "benchmarks" / "slow_fdatasync.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(shim), str(source)], check=True)
    return {"LD_PRELOAD": str(shim), "SLOW_FDATASYNC_US": str(int(milliseconds * 1000))}
