"""The modes of redis-cli that look at a server: each prints for our server what it prints for the oracle."""

import contextlib
import csv
import io
import json
import os
import pty
import re
import select
import subprocess
import time

import pytest

from support.servers import Server, require_tool

PATIENCE = 60.0


def run(server: Server, *arguments: str, stdin: str | None = None, status: int = 0) -> str:
    """What redis-cli prints into a pipe."""
    command = [require_tool("redis-cli"), "-p", str(server.port), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def watch(server: Server, *arguments: str, until: str) -> str:
    """What redis-cli prints on a terminal until it matches a pattern; then it is ended."""
    leader, follower = pty.openpty()
    command = [require_tool("redis-cli"), "-p", str(server.port), *arguments]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, close_fds=True) as process:
        os.close(follower)
        printed, deadline = b"", time.monotonic() + PATIENCE
        try:
            while not re.search(until.encode(), printed):
                assert time.monotonic() < deadline, printed
                if select.select([leader], [], [], 1)[0]:
                    printed += os.read(leader, 1 << 16)
        finally:
            process.terminate()
            with contextlib.suppress(OSError):
                os.close(leader)
    return printed.decode()


def shape(text: str) -> list[str]:
    """The lines with numbers, colours and columns left out."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", text)
    return [re.sub(r"[ \d.]+(?:[BKMG]\b)?", " ", line).strip() for line in plain.split("\n")]


@pytest.fixture
def servers(shared_ours, shared_oracle):
    """Both servers, with the same keys of all types."""
    for server in (shared_ours, shared_oracle):
        with server.client() as client:
            client.must("MSET", "key:1", "a", "key:2", "bbb", "other", "x" * 5000)
            client.must("HSET", "h", "a", 1, "b", "two words")
            client.must("RPUSH", "l", 1, "2", "three")
            client.must("SADD", "s", *range(20))
            client.must("ZADD", "z", 1, "a", 2.5, "b")
            client.must("XADD", "st", "1-1", "f", "v")
            client.must("SET", "e", "v", "EX", 1000)
    return shared_ours, shared_oracle


# ---- on a terminal ----


def test_stat_prints_a_line_each_interval(servers):
    pattern = r"(?s)keys .*?\n(?:\d+ .*?\n){3}"
    printed = [watch(server, "--stat", "-i", "0.05", until=pattern) for server in servers]
    assert shape(printed[0])[:3] == shape(printed[1])[:3]
    keys, memory, clients = printed[0].split("\n")[2].split()[:3]
    assert int(keys) == 9
    assert re.fullmatch(r"[\d.]+[KM]", memory)
    assert int(clients) >= 1


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (["--latency"], r"min: \d+, max: \d+, avg: [\d.]+ \(\d{2,} samples\)"),
        (["--latency-history", "-i", "0.1"], r"(?:.*samples\) -- [\d.]+ seconds range\r?\n){2}"),
        (["--latency-dist", "-i", "0.1"], r"(?s)From 0 to 100%.*\n-+\r?\n.*\n"),
    ],
)
def test_the_latency_modes_draw_on_a_terminal(servers, arguments, pattern):
    assert re.search(pattern, watch(servers[0], *arguments, until=pattern))


def test_monitor_prints_the_commands_of_others(servers):
    def monitored(server: Server) -> list[str]:
        command = [require_tool("redis-cli"), "-p", str(server.port), "MONITOR"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, server.client() as client:
            assert process.stdout is not None
            assert process.stdout.readline() == "OK\n"
            client.must("SELECT", 3)
            client.must("SET", "k", 'a "b"\n')
            client.must("EVAL", "return redis.call('get', KEYS[1])", 1, "k")
            lines = [process.stdout.readline() for _ in range(4)]
            process.terminate()
        return [re.sub(r"^[\d.]+ |(?<=127.0.0.1:)\d+", "", line) for line in lines]

    assert monitored(servers[0]) == monitored(servers[1])


# ---- in a pipe ----


def test_latency_in_a_pipe_prints_one_line(servers):
    assert re.fullmatch(r"\d+ \d+ [\d.]+ \d+\n*", run(servers[0], "--latency", "-i", "0.1"))
    assert re.fullmatch(r"\d+,\d+,[\d.]+,\d+\n*", run(servers[0], "--csv", "--latency", "-i", "0.1"))


def test_intrinsic_latency_needs_no_server(servers):
    assert "total runs (avg latency:" in run(servers[0], "--intrinsic-latency", "1")


def summary(text: str, arguments: tuple[str, ...]) -> list[str]:
    """The summary, whose lines are in an order of their own; sizes in memory differ between the servers."""
    lines = text[text.index("-------- summary") :].splitlines()
    if arguments != ("--bigkeys",):
        lines = [re.sub(r"[\d.]+ bytes|avg size [\d.]+|has [\d.]+|with [\d.]+", "", line) for line in lines]
    return sorted(line for line in lines if line)


@pytest.mark.parametrize("arguments", [("--bigkeys",), ("--memkeys",), ("--memkeys", "--memkeys-samples", "3")])
def test_the_biggest_keys_are_those_of_the_oracle(servers, arguments):
    ours, oracles = (summary(run(server, *arguments), arguments) for server in servers)
    assert ours == oracles
    assert "Sampled 9 keys in the keyspace!" in ours
    assert any("string found '\"other\"'" in line for line in ours)


def test_hot_keys_need_a_policy_that_counts_accesses(servers):
    ours, oracles = (run(server, "--hotkeys", status=1) for server in servers)
    assert ours == oracles
    assert "An LFU maxmemory policy is not selected" in ours


def test_hot_keys_are_found_under_such_a_policy(start_ours, start_oracle):
    printed = []
    for start in (start_ours, start_oracle):
        server = start("--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", "0")
        with server.client() as client:
            client.must("MSET", "cold", "a", "hot", "b", "warm", "c")
            for _ in range(50):
                client.must("GET", "hot")
        printed.append(run(server, "--hotkeys"))
    found = [set(re.findall(r"hot key found with counter: (\d+)\tkeyname: (.*)", text)) for text in printed]
    assert found == [{("55", '"hot"'), ("5", '"cold"'), ("5", '"warm"')}] * 2
    assert all("Sampled 3 keys in the keyspace!" in text for text in printed)


def test_scan_finds_the_keys_of_a_pattern(servers):
    for arguments, count in (([], 9), (["--pattern", "key:*"], 2), (["--quoted-pattern", r'"\x6bey*"'], 2)):
        ours, oracles = (sorted(run(server, "--scan", *arguments).splitlines()) for server in servers)
        assert ours == oracles
        assert len(ours) == count


@pytest.mark.parametrize("output", [["--csv"], ["--json"], ["--quoted-json"], ["--raw"], ["--no-raw"], ["-3"], ["-2"]])
@pytest.mark.parametrize(
    "command",
    [
        "HGETALL h",
        "LRANGE l 0 -1",
        "ZRANGE z 0 -1 WITHSCORES",
        "XRANGE st - +",
        "GET none",
        "GET key:2",
        "INCR h",
        "TTL key:1",
    ],
)
def test_every_form_of_output_is_the_oracles(servers, output, command):
    ours, oracles = (run(server, *output, *command.split()) for server in servers)
    assert ours == oracles


def test_csv_and_json_are_valid(servers):
    assert next(csv.reader(io.StringIO(run(servers[0], "--csv", "LRANGE", "l", "0", "-1")))) == ["1", "2", "three"]
    assert json.loads(run(servers[0], "--json", "HGETALL", "h")) == {"a": "1", "b": "two words"}


def test_pipe_reports_replies_and_errors(servers):
    requests = "".join(f"SET n:{number} {number}\r\n" for number in range(2000)) + "LPUSH key:1 x\r\n"
    for server in servers:
        printed = run(server, "--pipe", stdin=requests, status=1)
        assert "errors: 1, replies: 2001" in printed
        assert "WRONGTYPE" in printed


def test_repeated_commands_follow_the_interval(servers):
    assert run(servers[0], "-r", "3", "-i", "0.01", "INCR", "n") == "1\n2\n3\n"


def test_commands_about_keys_and_memory_print_as_for_the_oracle(servers):
    for command in ("OBJECT HELP", "MEMORY HELP", "LATENCY HELP", "SLOWLOG HELP"):
        assert run(servers[0], *command.split())
    assert [run(server, "LATENCY", "LATEST") for server in servers] == ["\n", "\n"]


@pytest.mark.parametrize("option", ["--rdb", "--functions-rdb", "--replica"])
def test_what_needs_a_snapshot_fails_with_a_reason(servers, option, tmp_path):
    """Until there are snapshots, redis-cli says which command is unknown, and writes no file."""
    target = [] if option == "--replica" else [str(tmp_path / "x.rdb")]
    printed = run(servers[0], option, *target, status=1)
    assert re.search(r"ERR unknown command '(SYNC|REPLCONF)'", printed)
    assert [path for path in tmp_path.iterdir() if path.stat().st_size] == []
