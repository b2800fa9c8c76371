"""The log: its format compared with the oracle's, levels, files that are moved away, and failing writes."""

import asyncio
import os
import re
import subprocess
import sys
import time

import pytest

from pyredis.config import Config
from pyredis.ground.server_log import LEVELS, Log, timestamp
from support.paths import server_environment

LINE = re.compile(r"(\d+):([MCSX]) \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}\.\d{3} ([.\-*#]) (.*)")


@pytest.fixture
def log(tmp_path):
    return Log(path=str(tmp_path / "server.log"))


def lines(log):
    with open(log.path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read().splitlines()


def test_a_line_tells_pid_role_time_level_and_message(log):
    log.role = "M"
    log.notice("Server initialized")
    found = LINE.fullmatch(lines(log)[0])
    assert found.groups() == (str(os.getpid()), "M", "*", "Server initialized")


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ("a\nb\r\tc\0", r"a\nb\r\tc\x00"),
        ("\x1b[2J\x7f\x9b", r"\x1b[2J\x7f\x9b"),
        ("caf\u00e9 \u2603", "caf\u00e9 \u2603"),
        ("\udc9b2J", r"\x9b2J"),
    ],
)
def test_a_message_is_one_line_without_control_characters(log, message, written):
    log.warning(message)
    log.warning("next")
    assert [line[-len(written) :] for line in lines(log)[:1]] == [written]
    assert len(lines(log)) == 2


def test_the_oracles_lines_have_the_same_format(shared_oracle):
    assert [line for line in shared_oracle.log().splitlines() if LINE.fullmatch(line)]


@pytest.mark.parametrize("level", LEVELS)
def test_only_the_level_and_what_is_above_it_is_written(level, log):
    log.level = level
    for name in LEVELS:
        getattr(log, name)(name)
    written = [LINE.fullmatch(line).group(3, 4) for line in lines(log)]
    assert written == list(zip(".-*#", LEVELS, strict=True))[LEVELS.index(level) :]


def test_the_time_is_local_and_has_milliseconds(monkeypatch):
    monkeypatch.setenv("TZ", "UTC-1")
    time.tzset()
    try:
        assert timestamp(1795356388.0421) == "22 Nov 2026 15:06:28.042"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_file_that_was_moved_away_is_created_anew(log, tmp_path):
    log.notice("before")
    os.rename(log.path, tmp_path / "old.log")
    log.notice("after")
    assert [LINE.fullmatch(line)[4] for line in lines(log)] == ["after"]


def test_raw_bytes_are_written_as_they_are(log):
    log.level = "warning"
    log.raw(b"\x00\xff no newline")
    with open(log.path, "rb") as file:
        assert file.read() == b"\x00\xff no newline"


def test_what_cannot_be_written_goes_to_standard_error(log, capfd):
    log.path = "/nope/server.log"
    log.warning("hello")
    assert LINE.fullmatch(capfd.readouterr().err.rstrip("\n"))[4] == "hello"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_what_a_full_disk_does_not_take_goes_to_standard_error(capfd):
    Log(path="/dev/full").warning("the disk is full")
    told = capfd.readouterr()
    assert (told.out, told.err.count("# the disk is full\n")) == ("", 1)


def test_without_a_path_it_is_standard_output(capfd):
    Log().notice("hello")
    assert LINE.fullmatch(capfd.readouterr().out.rstrip("\n")).group(2, 4) == ("C", "hello")


def test_a_closed_standard_output_does_not_raise():
    code = "import os; from pyredis.ground.server_log import Log; os.close(1); os.close(2)"
    code += "; Log().warning('x'); os._exit(7)"
    ended = subprocess.run([sys.executable, "-P", "-c", code], env=server_environment(), timeout=60)
    assert ended.returncode == 7


def test_the_configuration_chooses_file_and_level(tmp_path):
    config = Config.load(None, ["--dir", str(tmp_path), "--logfile", "x.log", "--loglevel", "verbose"])
    log = Log.of(config)
    assert (log.path, log.level, log.syslog) == (str(tmp_path / "x.log"), "verbose", False)
    config.set([("loglevel", "warning")])
    assert log.level == "warning"


def test_the_system_log_gets_priority_and_text(monkeypatch, log):
    sent = []
    monkeypatch.setattr("syslog.openlog", lambda *arguments: sent.append(arguments))
    monkeypatch.setattr("syslog.syslog", lambda *arguments: sent.append(arguments))
    log.open_syslog("redis", "local3")
    log.warning("a\0b")
    import syslog

    assert sent == [
        ("redis", syslog.LOG_PID | syslog.LOG_NDELAY, syslog.LOG_LOCAL3),
        (syslog.LOG_WARNING, "a\\x00b"),
    ]
    assert lines(log)


def test_exceptions_in_the_event_loop_end_in_the_log(log):
    async def body():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log.on_loop_error)
        done = loop.create_future()
        loop.call_soon(lambda: 1 // 0)
        loop.call_soon(done.set_result, None)
        await done
        loop.call_exception_handler({"message": "no exception here"})

    asyncio.run(body())
    text = "\n".join(lines(log))
    assert "Exception in callback" in text
    assert "ZeroDivisionError" in text
    assert "no exception here" in text
    assert all(LINE.fullmatch(line) for line in lines(log))
