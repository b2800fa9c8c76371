"""Text from clients that would end a reply or a line of the log and begin another one."""

import os
import re

import pytest

from pyredis.commands.table.command_table import SPECS, every_spec
from support.client import RawClient, encode_command

FORGED = b"+FORGED"
PAYLOADS = [
    b"x\r\n%b\r\n" % FORGED,
    b"\r\n%b\r\n" % FORGED,
    b"\n%b\r\n" % FORGED,
    b"\r%b" % FORGED,
    b"x\0\r\n%b" % FORGED,
]
# Commands after which the stream is another one: they close, wait, show others' commands or withhold replies.
CHANGING = {
    *("quit", "shutdown", "monitor", "reset", "hello", "client|reply", "client|kill", "client|pause", "debug"),
    *("subscribe", "psubscribe", "ssubscribe", "blpop", "brpop", "blmove", "brpoplpush", "bzpopmin", "bzpopmax"),
    *("blmpop", "bzmpop", "multi", "echo", "config|set", "flushall", "flushdb", "swapdb"),
}
TRUSTED = [spec.name for spec in every_spec(SPECS) if spec.name not in CHANGING and spec.handler]
LOG_LINE = re.compile(r"\d+:[MCSX] \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] [^\x00-\x1f\x7f]*")


def frames_until(client: RawClient, marker: bytes) -> list:
    """Returns the frames before the one that is the marker."""
    frames = []
    while (frame := client.read()).decoded != marker:
        frames.append(frame)
        assert len(frames) < 100
    return frames


def is_forged(frame) -> bool:
    """Whether a frame, or one inside it, is a status or an error that the payload wrote."""
    if frame.is_aggregate and frame.value:
        return any(map(is_forged, frame.value))
    return frame.raw.startswith(FORGED)


@pytest.mark.parametrize("name", TRUSTED)
def test_no_argument_ends_a_reply(shared_ours, protocol, name):
    """The payload as each of up to five arguments; every command has exactly one reply, and it is not the payload's."""
    with shared_ours.client(protocol) as client:
        for payload in PAYLOADS:
            for count in range(1, 6):
                words = [*name.encode().split(b"|"), *[payload] * count]
                client.send_bytes(encode_command(*words) + encode_command("ECHO", "marker"))
                frames = frames_until(client, b"marker")
                assert len(frames) == (count if name.endswith("unsubscribe") else 1), words
                assert not any(map(is_forged, frames)), words


ERRORS = [
    ["EVAL", "return redis.error_reply(ARGV[1])", "0"],
    ["EVAL", "return {err = ARGV[1]}", "0"],
    ["EVAL", "return redis.status_reply(ARGV[1])", "0"],
    ["EVAL", "return {ok = ARGV[1]}", "0"],
    ["EVAL", "error(ARGV[1])", "0"],
    ["EVAL", "error({err = ARGV[1]})", "0"],
    ["EVAL", "return redis.call(ARGV[1])", "0"],
    ["EVAL", "return redis.pcall('get', ARGV[1], ARGV[1])", "0"],
    ["EVAL", "return {double = 1, err = ARGV[1]}", "0"],
    ["EVAL", "redis.setresp(3) return {verbatim_string = {format = ARGV[1], string = 'x'}}", "0"],
    ["DEBUG", "ERROR"],
    ["CLIENT", "SETNAME"],
    ["CLIENT", "SETINFO", "LIB-NAME"],
    ["CLIENT", "SETINFO"],
    ["HELLO", "3", "SETNAME"],
    ["HELLO", "3"],
    ["CONFIG", "SET", "maxmemory"],
    ["CONFIG", "SET", "client-output-buffer-limit"],
    ["XREADGROUP", "GROUP", "g", "c", "STREAMS"],
    ["FUNCTION", "LOAD"],
    ["FCALL"],
    [],
]


@pytest.mark.parametrize("words", ERRORS, ids=" ".join)
def test_no_text_of_an_error_ends_it(client, words):
    for payload in PAYLOADS:
        client.send_bytes(encode_command(*words, payload) + encode_command("ECHO", "marker"))
        frames = frames_until(client, b"marker")
        assert len(frames) == 1
        assert not is_forged(frames[0])


@pytest.mark.skipif("PYREDIS_SANITIZE" in os.environ, reason="the core's own checks end the server at such a number")
def test_no_script_ends_a_big_number(shared_ours):
    """A script may write one that is none, as in Redis, but only in one line."""
    with shared_ours.client(3) as client:
        for payload in PAYLOADS:
            client.send("EVAL", "redis.setresp(3) return {big_number = ARGV[1]}", 0, payload)
            line = client.readline()
            assert line.startswith(b"(")
            assert FORGED in line
            assert client.must("PING") == "PONG"


@pytest.mark.parametrize("name", ["CLIENT LIST", "CLIENT INFO"])
def test_no_client_writes_a_line_of_the_list_of_clients(client, name):
    for payload in PAYLOADS:
        for command in (["CLIENT", "SETNAME"], ["CLIENT", "SETINFO", "LIB-NAME"], ["CLIENT", "SETINFO", "LIB-VER"]):
            assert client.call(*command, payload).is_error
    listed = client.must(*name.split())
    text = listed if isinstance(listed, bytes) else listed.encode()
    assert FORGED not in text
    assert all(line.startswith(b"id=") for line in text.splitlines())


def test_nothing_that_clients_name_writes_a_line_of_info(client):
    for payload in PAYLOADS:
        client.call("EVAL", "return redis.error_reply(ARGV[1])", 0, payload)
        client.call("EVAL", "return redis.error_reply(ARGV[1]:gsub(' ', ''))", 0, payload)
        client.call(payload)
    text = client.must("INFO", "everything")
    text = text if isinstance(text, bytes) else text.encode()
    assert not any(line.startswith(FORGED) for line in text.splitlines())


def test_a_monitor_sees_each_command_in_one_line(shared_ours):
    with shared_ours.client() as monitor, shared_ours.client() as client:
        monitor.must("MONITOR")
        for payload in PAYLOADS:
            client.call("SET", payload, payload)
            client.call("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 1, payload, payload)
        client.must("PING", "end")
        lines = []
        while b'"end"' not in (line := monitor.readline()):
            lines.append(line)
        assert len(lines) == 3 * len(PAYLOADS)
        assert all(re.fullmatch(rb"\+\d+\.\d+ \[\d+ [^\]]+\] .*\r\n", line) for line in lines)


def test_no_client_writes_a_line_of_the_log(start_ours):
    """Each of these reaches the log: a script's message, its name, a module's path, a client's line."""
    server = start_ours("--enable-module-command", "yes", "--loglevel", "debug", "--busy-reply-threshold", "1")
    forged = b"\n1:M 01 Jan 2030 00:00:00.000 # FORGED\x1b[2J\x9b2J\x7f\r\0"
    with server.client() as client:
        for level in ("DEBUG", "VERBOSE", "NOTICE", "WARNING"):
            client.must("EVAL", f"redis.log(redis.LOG_{level}, ARGV[1])", 0, forged)
        assert client.call("MODULE", "LOAD", b"x" + forged).is_error
        client.call("CONFIG", "SET", "dir", b"/" + forged)
        client.call("EVAL", b"local t = redis.call('TIME') for i = 1, 2e6 do t = i end --" + forged, 0)
    server.stop()
    lines = server.log_path.read_bytes().decode("utf-8", "replace").split("\n")
    assert [line for line in lines if line and not LOG_LINE.fullmatch(line)] == []
    assert sum("FORGED" in line for line in lines) >= 5
