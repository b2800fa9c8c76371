"""The files of packaging/: the unit, the container, the rotation of the log. Each is checked by its tool, and used.

What a unit allows is compared with what a server does: its system calls, and memory that is writable and executable.
"""

import ctypes
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyredis.config import Config
from support.client import wait_until
from support.paths import ROOT
from support.programs import missing, needs_command
from support.servers import free_port, our_command

PACKAGING = ROOT / "packaging"
UNIT = PACKAGING / "pyredis-server.service"
CONFIG = PACKAGING / "pyredis.conf"
DOCKERFILE = PACKAGING / "Dockerfile"
LOGROTATE = PACKAGING / "pyredis-server.logrotate"
PR_SET_MDWE = 65

if not PACKAGING.exists() or sys.platform != "linux":
    pytest.skip("only a checkout has these files, and they are for Linux", allow_module_level=True)


def tool(name: str, package: str) -> str:
    return shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/usr/sbin") or missing(
        name, f"apt-get install {package}"
    )


def run(*command: str, status: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def unit() -> dict[str, list[str]]:
    """The assignments of the unit."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


# ---- systemd ----


@pytest.fixture
def unit_here(tmp_path) -> Path:
    """The unit with a command that exists here."""
    path = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    path.write_text(text.replace("/opt/pyredis/bin/pyredis-server", "/bin/true", 1), encoding="utf-8")
    return path


def test_systemd_finds_no_fault_in_the_unit(unit_here):
    assert run(tool("systemd-analyze", "systemd"), "verify", str(unit_here)) == ""


def test_systemd_finds_the_unit_well_protected(unit_here):
    """Its score is from 0 to 10, 10 for a service without any protection; a threshold is in tenths."""
    analyze = tool("systemd-analyze", "systemd")
    assert "Overall exposure level" in run(analyze, "security", "--offline=yes", "--threshold=15", str(unit_here))


def test_the_command_of_the_unit_is_valid_with_its_configuration(tmp_path):
    (command,) = unit()["ExecStart"]
    program, path, *directives = command.split()
    assert program.endswith("/bin/pyredis-server")
    assert path == "/etc/pyredis/pyredis.conf"
    here = tmp_path / "pyredis.conf"
    here.write_text(CONFIG.read_text(encoding="utf-8").replace("/var/lib/pyredis", str(tmp_path)), encoding="utf-8")
    config = Config.load(str(here), directives)
    assert config["supervised"] == "systemd"
    assert config.ignored() == []
    assert int(unit()["LimitNOFILE"][0]) == config["maxclients"] + 32


def allowed_calls() -> set[str]:
    """The system calls that the unit's filters allow."""
    listed = run(tool("systemd-analyze", "systemd"), "syscall-filter", "--no-pager")
    sets: dict[str, list[str]] = {}
    for line in listed.splitlines():
        if line.startswith("@"):
            members = sets.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())

    def calls(name: str) -> set[str]:
        return set().union(*(calls(member) if member.startswith("@") else {member} for member in sets[name]))

    allowed, denied = unit()["SystemCallFilter"]
    return calls(allowed) - calls(denied.removeprefix("~"))


def test_a_server_makes_no_system_call_that_the_unit_forbids(start_ours, tmp_path):
    trace = tmp_path / "trace"
    strace = [tool("strace", "strace"), "-f", "-qq", "-e", "signal=none", "-o", str(trace)]
    probe = subprocess.run([*strace, "/bin/true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()}")
    arguments = ["--appendonly", "yes", "--unixsocket", "s", "--metrics-port", str(free_port())]
    server = start_ours(*arguments, prefix=strace)
    with server.client() as client:
        client.must("SET", "k", "v" * 100_000)
        client.must("EVAL", "return redis.call('get', KEYS[1])", 1, "k")
        client.must("INFO", "everything")
        client.must("BGREWRITEAOF")
        wait_until(lambda: b"aof_rewrite_in_progress:0" in client.must("INFO", "persistence"), "the rewrite")
        client.send("SHUTDOWN")
        server.wait_exit()
    made = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.M))
    assert {"openat", "fdatasync"} & made
    assert made - allowed_calls() - {"execve"} == set()


def deny_writable_code() -> None:
    """As MemoryDenyWriteExecute does: no memory becomes executable that is or was writable."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_MDWE, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def test_a_server_needs_no_memory_that_is_writable_and_executable(start_ours):
    probe = f"import ctypes; print(ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0))"
    if run(sys.executable, "-c", probe).strip() != "0":
        pytest.skip("the kernel is older than 6.3")
    server = start_ours("--metrics-port", str(free_port()), preexec=deny_writable_code)
    with server.client() as client:
        client.must("SET", "k", "v")
        assert client.must("EVAL", "return redis.call('get', KEYS[1])", 1, "k") == b"v"


# ---- the container ----


def instructions() -> dict[str, list[str]]:
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            found.setdefault(name, []).append(rest)
    return found


def test_hadolint_finds_no_fault_in_the_dockerfile():
    assert run(needs_command("hadolint"), str(DOCKERFILE)) == ""


def test_the_container_does_not_run_as_root():
    assert instructions()["USER"] == ["999:999"]


def test_the_context_of_the_build_has_what_the_build_needs():
    ignored = (PACKAGING / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    for name in ("pyredis", "pyproject.toml", "setup.py", "README.md", "LICENSE"):
        assert f"!{name}" in ignored
        assert (ROOT / name).exists()


def test_the_command_and_the_health_check_of_the_container_work(start_ours, tmp_path):
    (entry,) = map(json.loads, instructions()["ENTRYPOINT"])
    check = json.loads(instructions()["HEALTHCHECK"][0].partition("CMD ")[2])
    port = free_port()
    assert entry[0] == "pyredis-server"
    options = [word.replace("/data", str(tmp_path)).replace("9121", str(port)) for word in entry[1:]]
    # What follows the entry point's arguments: a file of directives, and one directive more.
    (tmp_path / "more.conf").write_text("maxclients 77\n")
    server = start_ours(start=False)
    server.command = [*our_command(), *options]
    server.arguments = ["--include", str(tmp_path / "more.conf"), "--hz", "9"]
    server.start()
    with server.client() as client:
        assert client.must("CONFIG", "GET", "maxclients") == [b"maxclients", b"77"]
    command = [sys.executable, *(word.replace("9121", str(port)) for word in check[1:])]
    assert check[0] == "python"
    run(*command)
    server.stop()
    run(*command, status=1)


# ---- the log ----


def test_a_rotated_log_loses_no_line(start_ours, tmp_path):
    """The server opens its log for each line, so a rename is enough."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "pyredis.log"
    rules = LOGROTATE.read_text(encoding="utf-8")
    assert "copytruncate" not in re.sub(r"#.*", "", rules)
    assert "postrotate" not in rules
    here = tmp_path / "rules"
    here.write_text(rules.replace("/var/log/pyredis", str(logs)).replace("    su pyredis pyredis\n", ""))
    here.chmod(0o644)
    logs.chmod(0o755)
    server = start_ours("--logfile", str(log))
    command = [tool("logrotate", "logrotate"), "-f", "-s", str(tmp_path / "state"), str(here)]
    run(*command)
    assert not log.exists()
    assert server.stop() == 0
    assert "Ready to accept connections" in (logs / "pyredis.log.1").read_text()
    assert "Ready to accept connections" not in log.read_text()
    assert "bye bye" in log.read_text()
    run(*command)
    assert "bye bye" in (logs / "pyredis.log.1").read_text()
    assert (logs / "pyredis.log.2.gz").exists()


def test_the_rotation_is_of_the_folder_that_the_configuration_names():
    (pattern,) = re.findall(r"^(/\S+) \{$", LOGROTATE.read_text(encoding="utf-8"), re.M)
    (path,) = re.findall(r"^# logfile (/\S+)$", CONFIG.read_text(encoding="utf-8"), re.M)
    assert Path(path).match(pattern)
    assert unit()["LogsDirectory"] == [Path(path).parent.name]
