"""A ``systemctl`` for tests of pages: it starts the command of a unit, waits until the server is ready, and stops it.

The unit is in SANDBOX/etc/systemd/system, and the folders that systemd would make are made in the sandbox. Nothing else
of the unit has an effect.
"""

import os
import select
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

SANDBOX = Path(os.environ["SANDBOX"])
UNITS = SANDBOX / "etc/systemd/system"
FOLDERS = {"StateDirectory": "var/lib", "RuntimeDirectory": "run", "LogsDirectory": "var/log"}
SECONDS = 60


def assignments(unit: str) -> dict[str, str]:
    lines = (UNITS / f"{unit}.service").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def pid_file(unit: str) -> Path:
    return SANDBOX / f"{unit}.pid"


def start(unit: str) -> None:
    found = assignments(unit)
    for name, parent in FOLDERS.items():
        (SANDBOX / parent / found[name]).mkdir(parents=True, exist_ok=True)
    address = str(SANDBOX / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, open(SANDBOX / "journal", "ab") as journal:
        Path(address).unlink(missing_ok=True)
        notified.bind(address)
        notified.settimeout(SECONDS)
        environment = {**os.environ, "NOTIFY_SOCKET": address}
        process = subprocess.Popen(
            shlex.split(found["ExecStart"]),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=journal,
            stderr=journal,
            start_new_session=True,
        )
        pid_file(unit).write_text(str(process.pid))
        while b"READY=1" not in notified.recv(4096).split(b"\n"):
            pass


def stop(unit: str) -> None:
    pid = int(pid_file(unit).read_text())
    ended = select.poll()
    ended.register(os.pidfd_open(pid), select.POLLIN)
    os.kill(pid, signal.SIGTERM)
    if not ended.poll(SECONDS * 1000):
        sys.exit("the server does not end")
    pid_file(unit).unlink()


def main(verb: str, *words: str) -> None:
    if verb == "daemon-reload":
        return
    unit = words[-1]
    if verb in ("stop", "restart"):
        stop(unit)
    if verb in ("start", "restart") or (verb, words[0]) == ("enable", "--now"):
        start(unit)
    elif verb != "stop":
        sys.exit(f"not known here: {verb} {words}")


if __name__ == "__main__":
    main(*sys.argv[1:])
