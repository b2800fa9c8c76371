"""The command line: versions, help, checks, and the start up to the server, which a stand-in replaces here."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from pyredis import cli
from pyredis._version import REDIS_VERSION, VERSION
from pyredis.config import Config
from pyredis.ground.server_log import Log
from pyredis.host.process import PidFile, Supervisor
from pyredis.persistence.recovery import Loading
from pyredis.server import Server
from support.paths import server_environment
from support.servers import require_tool

# Replaces the server with one that executes the statement in its first argument, then runs the command.
STAND_IN = """
import sys, types
class Server:
    def __init__(self, config, log):
        self.config, self.log = config, log
    def run(self, loop):
        exec(BODY, {"config": self.config, "log": self.log, "loop": loop})
        return 3
BODY = sys.argv.pop(1)
sys.modules["pyredis.server"] = module = types.ModuleType("pyredis.server")
module.Server = Server
from pyredis.cli import main
sys.exit(main())
"""


@pytest.fixture
def command(tmp_path):
    """A function that runs the command in its own folder, with a stand-in server that executes ``body``."""

    def run(*arguments, body="pass", stdin="", **environment):
        return subprocess.run(
            [sys.executable, "-P", "-c", STAND_IN, body, *arguments],
            cwd=tmp_path,
            env={**server_environment(), **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.parametrize("option", ["-v", "--version"])
def test_the_version_reads_as_redis_and_names_both(option, capsys):
    assert cli.main([option]) == 0
    line = capsys.readouterr().out.splitlines()[0]
    shape = r"Redis server v=(\S+) sha=[0-9a-f]{8}:\d malloc=\S+ bits=(64|32) build=[0-9a-f]+"
    assert re.match(shape, line)[1] == REDIS_VERSION
    assert f"pyredis-server={VERSION}" in line
    theirs = subprocess.run([require_tool("redis-server"), option], capture_output=True, text=True).stdout
    assert re.match(shape, theirs)


@pytest.mark.parametrize(("option", "begins"), [("-v", "Redis server v="), ("--help", "Usage:")])
def test_what_follows_a_question_is_not_looked_at(option, begins, capsys):
    assert cli.main([option, "--port", "none"]) == 0
    assert capsys.readouterr().out.startswith(begins)


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_tells_the_usage(option, capsys):
    assert cli.main([option]) == 0
    assert capsys.readouterr().out.startswith("Usage: pyredis-server [redis.conf]")


def test_check_config_prints_what_would_be_run_with(capsys, tmp_path):
    path = tmp_path / "redis.conf"
    path.write_text("requirepass topsecret\nmaxmemory 1048576\nio-threads 4\n")
    assert cli.main([str(path), "--save", "900 1 300 2", "--check-config", "--port", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"port 7", "maxmemory 1mb", "save 900 1", "save 300 2", 'requirepass "(hidden)"'} <= set(lines)
    assert not any("topsecret" in line for line in lines)
    assert "# 'io-threads' is accepted without effect. One thread serves all clients." in lines


def test_what_check_config_prints_can_be_read_back(capsys, tmp_path):
    assert cli.main(["--check-config", "--maxclients", "77"]) == 0
    printed = capsys.readouterr().out
    path = tmp_path / "redis.conf"
    path.write_text("\n".join(line for line in printed.splitlines() if not line.startswith("replicaof")) + "\n")
    assert cli.main([str(path), "--check-config"]) == 0
    assert capsys.readouterr().out == printed


def test_a_wrong_configuration_ends_with_one_and_says_where(capsys, tmp_path):
    path = tmp_path / "redis.conf"
    path.write_text("\nport x\n")
    assert cli.main([str(path), "--check-config"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"\n*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***\n")
    assert "at line 2\n>>> 'port x'\nargument couldn't be parsed into an integer\n" in said
    assert str(path) in said


def test_a_missing_file_is_told_in_the_log(capfd):
    assert cli.main(["/nope.conf"]) == 1
    assert "# Fatal error, can't open config file '/nope.conf': No such file or directory" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--loop", "curio"], "--loop takes one of uvloop, asyncio"),
        (["--loop"], "--loop takes one of uvloop, asyncio"),
        (["--check-config", "x"], "--check-config takes no value"),
    ],
)
def test_the_commands_own_options_are_checked(arguments, reason, capsys):
    assert cli.main(arguments) == 1
    assert reason in capsys.readouterr().err


def test_own_options_may_stand_anywhere():
    split = cli.own_options(["--save", "--loop", "asyncio", "--port", "--loop", "--check-config", "-"])
    assert split == (True, "asyncio", ["--save", "--port", "--loop", "-"])


def test_the_server_gets_configuration_log_and_loop(command):
    ended = command("--port", "5", "--loop", "asyncio", body="log.notice(f'{loop} {config[\"port\"]}')")
    assert (ended.returncode, ended.stderr) == (3, "")
    assert "* asyncio 5\n" in ended.stdout


def test_the_start_is_told_as_redis_tells_it(command):
    first, second, loaded = command("--io-threads", "2", "--port", "0").stdout.splitlines()[:3]
    assert f"pyredis-server {VERSION}" in first
    assert f"Redis version={REDIS_VERSION}, bits=" in second
    assert loaded.endswith("* Configuration loaded")
    assert "'io-threads' is accepted without effect" in command("--io-threads", "2").stdout
    assert "# Warning: no config file specified, using the default config." in command().stdout


def test_standard_input_is_a_source(command):
    assert "* 42\n" in command("-", stdin="maxclients 42\n", body="log.notice(str(config['maxclients']))").stdout


def test_relative_paths_are_below_dir_and_the_process_stays_where_it_is(command, tmp_path):
    (tmp_path / "data").mkdir()
    body = "import os; log.notice(os.getcwd()); log.notice(open(config.path_below('x.pid')).name)"
    ended = command("--dir", "data", "--logfile", "x.log", "--pidfile", "x.pid", body=body)
    assert ended.stdout == ""
    log = (tmp_path / "data" / "x.log").read_text()
    assert f"* {tmp_path.resolve()}\n" in log
    assert f"* {(tmp_path / 'data' / 'x.pid').resolve()}\n" in log


def test_the_pid_file_is_there_while_the_server_runs(command, tmp_path):
    ended = command(
        "--pidfile", "x.pid", body="import os; log.notice(open('x.pid').read().strip() + f' is {os.getpid()}')"
    )
    found = re.search(r"\* (\d+) is (\d+)\n", ended.stdout)
    assert found[1] == found[2]
    assert not (tmp_path / "x.pid").exists()


def test_a_pid_file_that_cannot_be_written_does_not_stop_the_start(command):
    ended = command("--pidfile", "/nope/x.pid")
    assert ended.returncode == 3
    assert "# Failed to write PID file '/nope/x.pid': No such file or directory" in ended.stdout


def test_a_pid_file_that_cannot_be_written_is_left_to_its_owner(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    path = tmp_path / "x.pid"
    path.write_text("1\n")
    monkeypatch.setattr("pyredis.host.process.open", refuse, raising=False)
    with PidFile(str(path), Log(path=str(tmp_path / "x.log"))):
        pass
    assert path.read_text() == "1\n"
    assert "Failed to write PID file" in (tmp_path / "x.log").read_text()
    assert "Removing" not in (tmp_path / "x.log").read_text()


def test_the_pid_file_goes_when_the_server_fails(tmp_path):
    def fail():
        with PidFile(str(tmp_path / "x.pid"), Log()):
            assert int((tmp_path / "x.pid").read_text()) == os.getpid()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "x.pid").exists()


def test_a_daemon_leaves_its_parent_and_terminal(command, tmp_path):
    body = (
        "import os; null = os.path.samestat(os.fstat(1), os.stat(os.devnull));"
        "open('x.tmp', 'w').write(f'{os.getpid()} {os.getsid(0)} {null}'); os.rename('x.tmp', 'x.out');"
        "os.read(os.open('go', os.O_RDONLY), 1)"
    )
    os.mkfifo(tmp_path / "go")
    ended = command("--daemonize", "yes", "--pidfile", "x.pid", "--logfile", "x.log", body=body)
    assert (ended.returncode, ended.stdout) == (0, "")
    await_condition(lambda: (tmp_path / "x.out").exists())
    pid, session, null = (tmp_path / "x.out").read_text().split()
    assert int((tmp_path / "x.pid").read_text()) == int(pid)
    assert session != pid
    assert int(session) != os.getsid(0)
    assert null == "True"
    (tmp_path / "go").write_bytes(b"x")
    await_condition(lambda: not (tmp_path / "x.pid").exists())


def await_condition(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def notified(tmp_path):
    """systemd's end of the socket: its address, and a function that receives one datagram."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(30)
        receiver.bind(str(tmp_path / "s"))
        yield str(tmp_path / "s"), lambda: receiver.recv(4096).decode()


@pytest.mark.parametrize("mode", ["systemd", "auto"])
def test_systemd_is_told_of_every_step(mode, notified, capfd):
    address, receive = notified
    supervisor = Supervisor(mode, Log(), {"NOTIFY_SOCKET": address})
    supervisor.starting()
    assert receive() == "STATUS=Loading..."
    supervisor.ready()
    assert receive().splitlines() == ["STATUS=Ready to accept connections", "READY=1"]
    supervisor.stopping()
    assert "STOPPING=1" in receive().splitlines()
    assert "supervised by systemd" in capfd.readouterr().out


def test_the_watchdog_of_systemd_hears_of_a_server_that_runs(notified, start_ours):
    address, receive = notified
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "100000"}
    server = start_ours("--supervised", "systemd", environment=environment)
    heard: list[str] = []
    while "READY=1" not in heard or heard.count("WATCHDOG=1") < 5:
        heard += receive().splitlines()
    assert heard[0] == "STATUS=Loading..."
    assert server.stop() == 0
    while "STOPPING=1" not in receive().splitlines():
        pass


def test_systemd_hears_of_the_progress_of_a_load(notified, tmp_path):
    address, receive = notified
    path = tmp_path / "file.aof"
    path.write_bytes(b"x" * 1000)
    server = Server(Config.load(None, ["--supervised", "systemd"]), Log())
    server.supervisor = Supervisor("systemd", Log(), {"NOTIFY_SOCKET": address})
    server.persistence.loading = Loading(server.core, server.config, server.log, [path])
    server.persistence.loading.loaded = 125
    server._report_loading()
    assert receive() == "STATUS=Loading: 12.50%"
    server.persistence.loading = None
    server._report_loading()
    server.supervisor.stopping()
    assert receive().startswith("STOPPING=1")


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [({"WATCHDOG_USEC": "30000000"}, 30), ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0), ({}, 0)],
)
def test_the_watchdog_may_be_that_of_another_process(environment, seconds):
    assert Supervisor("systemd", Log(), {"NOTIFY_SOCKET": "x", **environment}).watchdog == seconds


def test_a_supervised_server_does_not_go_to_the_background(command, notified):
    address, receive = notified
    ended = command("--supervised", "systemd", "--daemonize", "yes", NOTIFY_SOCKET=address)
    assert ended.returncode == 3
    assert receive() == "STATUS=Loading..."


def test_supervision_without_a_supervisor_is_told(capfd):
    supervisor = Supervisor("systemd", Log(), {})
    supervisor.starting()
    supervisor.ready()
    assert "# systemd supervision requested, but NOTIFY_SOCKET not found!" in capfd.readouterr().out
    assert not Supervisor("auto", Log(), {}).present


def test_a_supervisor_that_is_gone_is_told(capfd, tmp_path):
    Supervisor("systemd", Log(), {"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert "# systemd supervision error: No such file or directory" in capfd.readouterr().out


def test_upstart_sees_the_server_stop(tmp_path):
    imports = "from pyredis.host.process import Supervisor; from pyredis.ground.server_log import Log"
    code = f"{imports}; Supervisor('auto', Log()).starting()"
    environment = {**server_environment(), "UPSTART_JOB": "redis"}
    environment.pop("NOTIFY_SOCKET", None)
    with subprocess.Popen([sys.executable, "-P", "-c", code], env=environment, stdout=subprocess.PIPE) as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
        assert process.wait(60) == 0
