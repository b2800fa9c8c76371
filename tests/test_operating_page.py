"""docs/operating.md: its commands are run one after the other, in a folder in place of the machine.

Paths of the system are put below a folder, and the ports are free ones. systemd is a stand-in that starts what the unit
says; pip, useradd, chown, journalctl and docker are stand-ins that only note or check what they are asked. All other
tools are the real ones.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import redis

import pyredis
from pyredis.config import Config
from support.paths import ROOT, server_environment
from support.programs import missing, needs
from support.servers import free_port, require_tool

SYSTEMCTL = ROOT / "tests" / "support" / "stand_in_systemctl.py"
PAGE = ROOT / "docs" / "operating.md"
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)

if sys.platform != "linux":
    pytest.skip("the commands of the page are for Linux", allow_module_level=True)

STAND_INS = {
    # Makes the environment that the page installs into; pip only notes what it is to install.
    "python3": """[ "$1 $2" = "-m venv" ] || exit 64
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$@" >>$SANDBOX/installed\\n' >"$3/bin/pip"
printf '#!/bin/sh\\nexec "$PYTHON" -P -m pyredis "$@"\\n' >"$3/bin/pyredis-server"
chmod +x "$3/bin/pip" "$3/bin/pyredis-server"
""",
    "redis-cli": 'exec "$REDIS_CLI" -p "$PORT" "$@"\n',
    "systemctl": 'exec "$PYTHON" -P "$SYSTEMCTL" "$@"\n',
    "journalctl": 'grep -q . "$SANDBOX/journal"\n',
    "docker": 'printf "%s\\n" "$*" >>"$SANDBOX/docker"\n',
    "useradd": 'printf "%s\\n" "$*" >>"$SANDBOX/users"\n',
    "chown": '[ "$1" = root:pyredis ] && [ -e "$2" ]\n',
}


class Machine:
    """The folder in place of the machine, and the checkout in which the commands start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.metrics_port = free_port(), free_port()
        self.checkout = folder / "checkout"
        (self.checkout / "packaging").mkdir(parents=True)
        for path in (ROOT / "packaging").iterdir():
            text = self.moved(path.read_text(encoding="utf-8"))
            # The user of the rules does not exist here.
            text = re.sub(r"^ +su pyredis pyredis\n", "", text, flags=re.M)
            (self.checkout / "packaging" / path.name).write_text(text, encoding="utf-8")
        tools = folder / "stand-ins"
        tools.mkdir()
        for name, script in STAND_INS.items():
            (tools / name).write_text(f"#!/bin/sh\n{script}")
            (tools / name).chmod(0o755)
        self.environment = {
            **server_environment(),
            "PATH": f"{tools}:{os.environ['PATH']}:/usr/sbin",
            "SANDBOX": str(folder),
            "PYTHON": sys.executable,
            "PORT": str(self.port),
            "REDIS_CLI": require_tool("redis-cli"),
            "SYSTEMCTL": str(SYSTEMCTL),
        }

    def moved(self, text: str) -> str:
        """The text with paths below the folder and the free ports."""
        text = re.sub(r"(?<![\w.}/])/(etc|opt|var|run)/", rf"{self.folder}/\1/", text)
        return text.replace("9121", str(self.metrics_port)).replace("6379", str(self.port))

    def run(self, code: str) -> str:
        command = ["bash", "-e", "-u", "-o", "pipefail", "-c", self.moved(code)]
        done = subprocess.run(
            command, cwd=self.checkout, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}\n{self.text('journal')}"
        return done.stdout

    def text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def end(self) -> None:
        for path in self.folder.glob("*.pid"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.fixture
def machine(tmp_path):
    for name in ("curl", "logrotate"):
        if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin"):
            missing(name, f"apt-get install {name}")
    needs("prometheus_client", extra="metrics")
    found = Machine(tmp_path)
    yield found
    found.end()


def test_the_commands_of_the_page_work_one_after_the_other(machine):
    assert len(COMMANDS) > 8
    printed: dict[str, str] = {}
    for code in COMMANDS:
        # Something to save, before the backup; something to be gone after it is restored.
        if "cp -a /var/lib" in code:
            machine.run("redis-cli SET saved 1")
        printed[code] = machine.run(code)
        if "cp -a /var/lib" in code:
            machine.run("redis-cli SET late 1")
        if "cp -a /var/backups" in code:
            assert printed[code].splitlines()[-1] == "1"
            assert machine.run("redis-cli GET saved") == "1\n"
    assert any("PONG\n" in text for text in printed.values())
    assert any(f"maxmemory:{2 << 30}" in text for text in printed.values())
    assert any(re.search(r"^redis_memory_used_bytes [\d.e+]+$", text, re.M) for text in printed.values())
    assert any(text == "ok\nok\n" for text in printed.values())
    assert any("pyredis_version:" in text for text in printed.values())
    assert "Traceback" not in machine.text("journal")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = set(re.findall(r"\[(\w+)\]", machine.text("installed") + PAGE.read_text(encoding="utf-8")))
    assert {"metrics", "otel"} <= named & set(extras)
    machine.run("systemctl stop pyredis-server")


def test_docker_is_asked_for_what_is_there(machine):
    (code,) = [code for code in COMMANDS if "docker build" in code]
    machine.run(code)
    build, start, *_ = machine.text("docker").splitlines()
    assert (ROOT / build.split("-f ")[1].split()[0]).exists()
    directives = start.partition(" pyredis-server ")[2].split()
    assert Config.load(None, directives)["maxmemory"] == 1 << 30


def test_the_metrics_of_the_page_are_exposed(tmp_path):
    options = {"latency_monitor_threshold": 1, "enable_debug_command": True}
    with pyredis.Server(dir=tmp_path / "data", **options) as server:
        with redis.Redis.from_url(server.url) as client:
            client.execute_command("DEBUG", "SLEEP", "0.01")
            with pytest.raises(redis.ResponseError):
                client.execute_command("NOSUCH")
        exposed = {name.partition("{")[0] for name in server.metrics()}
    named = set(re.findall(r"`(redis_[a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 10
    assert named <= exposed
