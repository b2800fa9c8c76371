"""The server from start to exit: log lines, signals, SHUTDOWN, exit codes, running as a daemon."""

import os
import re
import signal
import sys

import pytest

from support.client import RawClient, encode_command, wait_until
from support.servers import Server

LOOPS = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


def send_signal(server: Server, number: int) -> None:
    assert server.process is not None
    server.process.send_signal(number)


def restarted_with(server: Server, key: str) -> bytes | None:
    with server.start().client() as client:
        return client.must("GET", key)


# ---- the log ----


@LOOPS
def test_the_log_tells_what_supervisors_wait_for_in_redis_format(start_ours, loop):
    server = start_ours("--loop", loop)
    wait_until(lambda: "Ready to accept" in server.log(), "the last line of the start")
    pid = server.pid
    told = [
        r"C \* pyredis-server .* is starting.*",
        rf"C \* Redis version=7\.4\.\d+, .*pid={pid}, just started",
        rf"M \* Running mode=standalone, port={server.port}\.",
        rf"M \* PID: {pid}",
        r"M \* Server initialized",
        r"M \* Ready to accept connections tcp",
    ]
    shape = rf"{pid}:([CM]) \d\d [A-Z][a-z]{{2}} \d{{4}} \d\d:\d\d:\d\d\.\d{{3}} ([.*#-]) (.*)"
    lines = [re.fullmatch(shape, line) for line in server.log().splitlines()]
    assert all(lines), server.log()
    shown = "\n".join(f"{line[1]} {line[2]} {line[3]}" for line in lines if line)
    assert re.search(".*".join(told), shown, re.DOTALL)


# ---- signals ----


@LOOPS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_nothing_is_lost(start_ours, number, loop):
    server = start_ours("--appendfsync", "no", "--loop", loop)
    with server.client() as client, server.client() as idle, server.client() as amid:
        amid.send_bytes(b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$5\r\nhal")
        client.must("SET", "a", "1")
        send_signal(server, number)
        assert server.wait_exit() == 0
        for other in (client, idle, amid):
            assert other.read_to_end() == b""
    log = server.log()
    assert f"# Received {signal.Signals(number).name} scheduling shutdown..." in log
    assert "* User requested shutdown..." in log
    assert log.splitlines()[-1].endswith("# Redis is now ready to exit, bye bye...")
    assert restarted_with(server, "a") == b"1"


@LOOPS
def test_a_hangup_changes_nothing(start_ours, loop):
    server = start_ours("--loop", loop)
    with server.client() as client:
        send_signal(server, signal.SIGHUP)
        wait_until(lambda: "SIGHUP" in server.log(), "the log line")
        assert client.must("PING") == "PONG"


def test_a_signal_ends_a_long_load_at_once(start_ours):
    server = start_ours("--appendfsync", "no")
    assert server.stop() == 0
    incr = next((server.folder / "appendonlydir").glob("*.incr.aof"))
    incr.write_bytes(encode_command("INCR", "n") * 3_000_000)
    for start in range(2, 22):
        server.start(wait=False)
        wait_until(lambda start=start: server.log().count("Server initialized") == start, "the next start")
        send_signal(server, signal.SIGTERM)
        assert server.wait_exit() == 0
        # On a busy machine the load may be finished before the signal arrives.
        if server.log().count("Ready to accept connections") < start:
            break
    assert server.log().splitlines()[-1].endswith("# Received shutdown signal during loading, exiting now.")
    with server.start().client() as client:
        assert client.must("GET", "n") == b"3000000"


def test_what_a_signal_does_can_be_chosen(start_ours):
    server = start_ours("--appendonly", "no", "--shutdown-on-sigterm", "save")
    send_signal(server, signal.SIGTERM)
    wait_until(lambda: "Errors trying to shut down the server" in server.log(), "the refusal")
    with server.client() as client:
        assert client.must("PING") == "PONG"
        client.must("CONFIG", "SET", "shutdown-on-sigterm", "nosave now")
    assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize(("chosen", "ends"), [("save", False), ("save now", False), ("save force", True)])
def test_only_force_ends_the_server_when_a_signal_finds_the_data_not_to_be_kept(start_ours, number, chosen, ends):
    server = start_ours("--appendonly", "no", f"--shutdown-on-{number.name.lower()}", chosen)
    send_signal(server, number)
    refusal = "Errors trying to shut down the server"
    wait_until(lambda: refusal in server.log() or not server.running(), "the refusal or the end")
    assert (refusal in server.log()) != ends
    if ends:
        assert server.wait_exit() == 0
    else:
        server.check_alive()


# ---- SHUTDOWN ----


@LOOPS
@pytest.mark.parametrize("options", ["", "SAVE", "NOSAVE", "NOW", "FORCE", "NOSAVE NOW FORCE"])
def test_shutdown_closes_all_and_says_nothing(start_ours, options, loop):
    server = start_ours("--loop", loop)
    with server.client() as client, server.client() as other, server.client() as queueing:
        other.must("SET", "a", "1")
        queueing.must("MULTI")
        queueing.must("SET", "a", "2")
        client.send("SHUTDOWN", *options.split())
        for each in (client, other, queueing):
            assert each.read_to_end() == b""
    assert server.wait_exit() == 0
    assert restarted_with(server, "a") == b"1"


def test_a_shutdown_that_cannot_keep_the_data_is_refused(start_ours):
    server = start_ours("--appendonly", "no")
    with server.client() as client:
        assert client.call("SHUTDOWN", "SAVE").raw == b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n"
        assert client.call("SHUTDOWN", "ABORT").raw == b"-ERR No shutdown in progress.\r\n"
        assert client.must("INCR", "n") == 1
        client.send("SHUTDOWN", "SAVE", "FORCE")
        assert client.read_to_end() == b""
    assert server.wait_exit() == 0


def test_replies_that_wait_for_the_disk_go_out_before_the_end(start_ours):
    server = start_ours("--appendfsync", "always")
    with server.client() as client, server.client() as killer:
        client.send_bytes(encode_command("INCR", "n") * 500)
        killer.must("PING")
        killer.send("SHUTDOWN")
        answered = client.read_to_end().count(b"\r\n")
    assert server.wait_exit() == 0
    assert int(restarted_with(server, "n") or 0) == answered


def test_a_client_that_does_not_read_does_not_keep_the_server(start_ours):
    server = start_ours()
    with server.client() as slow, server.client() as client:
        slow.must("SET", "k", "v" * 20_000_000)
        slow.send("GET", "k")
        client.must("PING")
        client.send("SHUTDOWN")
        assert server.wait_exit() == 0


# ---- in the background ----


@pytest.mark.parametrize("end", ["SHUTDOWN", "SIGTERM"])
def test_a_daemon_writes_its_pid_and_its_log(start_ours, tmp_path, end):
    folder = tmp_path / "daemon"
    server = start_ours(
        *("--daemonize", "yes", "--pidfile", "server.pid", "--logfile", "daemon.log"), name="daemon", wait=False
    )
    assert server.wait_exit() == 0, "the parent exits once it has started the child"
    log = folder / "daemon.log"
    wait_until(lambda: log.exists() and "Ready to accept connections tcp" in log.read_text(), "the daemon to be ready")
    pid = int((folder / "server.pid").read_text())
    assert pid != server.process.pid
    with RawClient(server.address) as client:
        assert f"process_id:{pid}\r\n" in client.must("INFO", "server").decode()
        if end == "SHUTDOWN":
            client.send("SHUTDOWN")
        else:
            os.kill(pid, signal.SIGTERM)
        assert client.read_to_end() == b""
    wait_until(lambda: not (folder / "server.pid").exists(), "the pid file to be removed")
    wait_until(lambda: not running(pid), "the daemon to be gone")
    assert f"{pid}:M " in log.read_text()
    assert "Removing the pid file." in log.read_text()
    assert server.log() == ""


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# ---- exit codes ----


def test_a_damaged_file_ends_the_start_with_one(start_ours):
    server = start_ours()
    with server.client() as client:
        client.must("SET", "a", "1")
    assert server.stop() == 0
    incr = next((server.folder / "appendonlydir").glob("*.incr.aof"))
    incr.write_bytes(b"garbage\r\n" + incr.read_bytes())
    assert server.start(wait=False).wait_exit() == 1
    assert server.log().count("Ready to accept connections") == 1
    with pytest.raises(ConnectionRefusedError):
        server.client()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")
def test_a_log_that_cannot_be_written_stops_nothing(start_ours):
    server = start_ours("--logfile", "/dev/full")
    with server.client() as client:
        assert client.must("PING") == "PONG"
    assert server.stop() == 0
