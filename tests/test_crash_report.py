"""A native crash writes a report to the log, without secrets, and the signal still ends the process."""

import os
import re
import signal
import sys

import pytest

from support.client import RawClient, encode_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")
BEGIN = "=== REDIS BUG REPORT START: Cut & paste starting from here ==="
END = "=== REDIS BUG REPORT END. Make sure to include from START to END. ==="
# Every signal of a fault, and what a client does to cause it.
CRASHES = {"SEGFAULT": signal.SIGSEGV, "PANIC": signal.SIGABRT}


def crash(server, subcommand: str = "SEGFAULT", before: bytes = b"") -> str:
    """Crashes the server in the batch that begins with ``before``; returns the report, or the log if there is none."""
    with server.client() as client:
        client.send_bytes(before + b"DEBUG %b\r\n" % subcommand.encode())
        client.read_to_end()
    assert server.wait_exit() == -CRASHES[subcommand]
    log = server.log()
    return log[log.index(BEGIN) :] if BEGIN in log else log


def sections(report: str) -> dict[str, str]:
    parts = re.split(r"^------ (.*) ------\n", report, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("subcommand", CRASHES)
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_crash_writes_its_report_and_ends_with_its_signal(start_ours, subcommand, loop):
    server = start_ours("--loop", loop)
    with server.client() as client:
        client.must("SET", "k", "v")
    report = crash(server, subcommand)
    assert report.rstrip().endswith(END)
    found = sections(report)
    assert list(found) == [
        "STACK TRACE",
        "REGISTERS",
        "PYTHON STACK",
        "INFO OUTPUT",
        "CURRENT CLIENT INFO",
        "LAST COMMANDS",
    ]
    assert f"crashed by signal: {CRASHES[subcommand].value}, si_code: " in report
    assert f"in {subcommand.lower()}" in found["PYTHON STACK"]
    assert f"process_id:{server.process.pid}\n" in found["INFO OUTPUT"]
    assert "\nkeys:1\n" in found["INFO OUTPUT"]
    assert " db=0 resp=2 " in found["CURRENT CLIENT INFO"]
    assert " cmd=debug\n" in found["CURRENT CLIENT INFO"]


def test_the_stack_names_the_native_library(start_ours):
    found = sections(crash(start_ours()))
    if "not known on this system" in found["STACK TRACE"]:
        pytest.skip("this system has no backtrace()")
    assert "_native" in found["STACK TRACE"]
    if sys.platform == "linux":
        assert re.search(r"0x[0-9a-f]{16}", found["REGISTERS"])


def test_the_address_of_the_fault_is_shown(start_ours):
    report = crash(start_ours())
    assert "Accessing address: 0x0000000000000001\n" in report


def test_a_signal_from_another_process_is_reported_with_its_sender(start_ours):
    server = start_ours()
    with server.client() as client:
        client.must("PING")
        server.process.send_signal(signal.SIGBUS)
        client.read_to_end()
    assert server.wait_exit() == -signal.SIGBUS
    assert f"Killed by PID: {os.getpid()}, UID: {os.getuid()}\n" in server.log()
    assert "------ CURRENT CLIENT INFO ------\n(none)\n" in server.log()


def test_the_last_commands_are_shown_with_their_first_keys_only(start_ours):
    """Those of earlier batches by the last one of each, those of the batch that crashed all."""
    server = start_ours()
    with server.client() as client:
        client.must("SET", "first", "v4lue")
        client.must("EVAL", "return ARGV[1]", 1, "inner", "v4lue")
        client.must("LPUSH", 'odd"\x1b[2J', "v4lue")
        client.must("GET", "k" * 100)
    with server.client() as other:
        identity = other.must("CLIENT", "ID")
        other.send_bytes(b"SET a v4lue\r\n")
        other.read()
        batch = [["SET", "b", "v4lue"], ["MULTI"], ["GET", "c"], ["NOSUCH"], ["DISCARD"], ["DEBUG", "SEGFAULT"]]
        other.send_bytes(b"".join(encode_command(*command) for command in batch))
        other.read_to_end()
    server.wait_exit()
    log = server.log()
    shown = sections(log[log.index(BEGIN) :])["LAST COMMANDS"].partition("\n\n")[0].splitlines()
    own = [line.partition(": ")[2] for line in shown if line.startswith(f"client {identity}: ")]
    assert own[-7:] == ['set "a"', 'set "b"', "multi", 'get "c"', "(unknown command)", "discard", "debug"]
    others = [line.partition(": ")[2] for line in shown]
    assert ['set "first"', "eval", 'lpush "odd\\"\\x1b[2J"', f'get "{"k" * 40}"...'] == others[
        others.index('set "first"') :
    ][:4]
    assert "v4lue" not in log


def test_no_more_than_the_last_batches_are_kept(start_ours):
    server = start_ours()
    with server.client() as client:
        for number in range(100):
            client.must("GET", f"k{number}")
    shown = sections(crash(server))["LAST COMMANDS"]
    assert [f'"k{number}"' in shown for number in (68, 69, 99)] == [False, True, True]


@pytest.mark.parametrize("command", ["AUTH s3cret", "AUTH default s3cret", "CONFIG SET requirepass s3cret"])
def test_the_report_shows_no_secrets(start_ours, command):
    server = start_ours("--requirepass", "s3cret")
    with RawClient(server.address) as client:
        client.must("AUTH", "s3cret")
        client.must(*command.split())
        client.send_bytes(b"AUTH s3cret\r\nDEBUG SEGFAULT\r\n")
        client.read_to_end()
    server.wait_exit()
    assert END in server.log()
    assert "s3cret" not in server.log()


def test_keys_can_be_kept_out(start_ours):
    server = start_ours("--hide-user-data-from-log", "yes")
    with server.client() as client:
        client.must("SET", "s3cret", "v")
    shown = sections(crash(server, before=b"GET s3cret\r\n"))["LAST COMMANDS"]
    assert shown.count("*redacted*") == 2
    assert "s3cret" not in shown


def test_the_report_is_in_the_log_file(start_ours):
    server = start_ours("--logfile", "own.log")
    with server.client() as client:
        client.send("DEBUG", "SEGFAULT")
        client.read_to_end()
    assert server.wait_exit() == -signal.SIGSEGV
    log = (server.folder / "own.log").read_text()
    assert log.rstrip().endswith(END)
    assert "in segfault" in log
    assert server.log() == ""


@pytest.mark.skipif("PYREDIS_SANITIZE" in os.environ, reason="without the report the sanitizers handle the signal")
def test_the_report_can_be_turned_off_and_on(start_ours):
    server = start_ours("--crash-log-enabled", "no")
    assert BEGIN not in crash(server)
    server.start()
    with server.client() as client:
        client.must("CONFIG", "SET", "crash-log-enabled", "yes")
        client.must("CONFIG", "SET", "crash-log-enabled", "no")
    assert BEGIN not in crash(server)
    server.start()
    with server.client() as client:
        client.must("CONFIG", "SET", "crash-log-enabled", "yes")
        client.must("SET", "k", "v")
    assert END in crash(server)


def test_a_crash_in_a_script_names_its_command(start_ours):
    """A script runs on a stack of its own; the handler has another one."""
    server = start_ours()
    with server.client() as client:
        client.send("EVAL", "return redis.call('debug', 'segfault')", 0)
        assert client.read().is_error
    assert END in crash(server)


def test_what_is_written_after_a_crash_can_be_loaded(start_ours):
    server = start_ours("--appendfsync", "always")
    with server.client() as client:
        client.must("SET", "k", "v")
    crash(server)
    server.start()
    with server.client() as client:
        assert client.must("GET", "k") == b"v"
