"""The latency monitor: the events it records, GRAPH, drawn as Redis draws, and DOCTOR."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyredis.commands.server.latency_doctor import ADVICE, describe
from pyredis.commands.server.latency_graph import age, draw, step_of
from support.client import wait_until
from support.fsfaults import SyncGate, injected


def history(client, event: str) -> list[list[int]]:
    return client.must("LATENCY", "HISTORY", event)


def test_the_graph_is_drawn_as_redis_draws_it(shared_oracle):
    """The oracle draws its own spikes; ours must draw the same of the same samples."""
    with shared_oracle.client() as client:
        client.must("CONFIG", "SET", "latency-monitor-threshold", 1)
        client.must("LATENCY", "RESET")
        for milliseconds in (3, 40, 12, 25):
            second = int(time.time())
            client.must("DEBUG", "SLEEP", milliseconds / 1000)
            wait_until(lambda second=second: int(time.time()) > second, "the next second")
        drawn = client.must("LATENCY", "GRAPH", "command")
        samples = [tuple(sample) for sample in history(client, "command")]
        client.must("CONFIG", "SET", "latency-monitor-threshold", 0)
        client.must("LATENCY", "RESET")
        now = int(time.time())
        longest = max(milliseconds for _, milliseconds in samples)
        assert drawn in [draw(b"command", samples, longest, moment) for moment in (now, now - 1)]


def test_a_graph_in_all_its_parts():
    samples = [(1000 + number, 10 + number % 12) for number in range(90)]
    lines = draw(b"event", samples, 99, 5000).decode().split("\n")
    assert lines[0] == "event - high 21 ms, low 10 ms (all time high 99 ms)"
    assert lines[1] == "-" * 80
    assert lines[2] == ("         _o#" * 7)[:80]
    assert lines[6] == " " * 80
    assert (lines[7], lines[8]) == ("1" * 80, "h" * 80)
    assert len(lines[10]) == 10


@given(st.integers(1, 1 << 31), st.integers(0, 1 << 31), st.integers(0, 1 << 31))
def test_a_step_is_on_the_scale(latency, below, above):
    assert 0 <= step_of(latency, latency - below, latency + above) <= 11


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86399, "23h"), (86400, "1d")],
)
def test_ages(seconds, text):
    assert age(seconds) == text


def test_our_graph_of_a_real_spike(start_ours, protocol):
    server = start_ours("--latency-monitor-threshold", "1")
    with server.client(protocol) as client:
        client.must("DEBUG", "SLEEP", "0.02")
        latency = history(client, "command")[0][1]
        lines = client.must("LATENCY", "GRAPH", "command").decode().split("\n")
        assert lines[0] == f"command - high {latency} ms, low {latency} ms (all time high {latency} ms)"
        assert lines[5] == "_"


def test_a_busy_iteration_of_the_loop_is_recorded(start_ours):
    server = start_ours("--latency-monitor-threshold", "10")
    with server.client() as client:
        client.must("DEBUG", "SLEEP", "0.03")
        assert wait_until(lambda: history(client, "eventloop"), "the event")[0][1] >= 30
        client.must("CONFIG", "SET", "latency-monitor-threshold", 0)
        client.must("LATENCY", "RESET")
        client.must("DEBUG", "SLEEP", "0.03")
        client.must("PING")
        assert client.must("LATENCY", "LATEST") == []


def test_a_slow_sync_is_recorded(start_ours, tmp_path):
    gate = SyncGate(tmp_path, "fdatasync")
    options = ["--appendonly", "yes", "--appendfsync", "always", "--latency-monitor-threshold", "20"]
    server = start_ours(*options, environment=gate.environment)
    with server.client() as client:
        client.must("SET", "k", "before")
        before = gate.calls()
        with gate.shut():
            client.send("SET", "k", "v")
            wait_until(lambda: gate.calls() > before, "the sync to begin")
            # The length of the sync, which is what the test is about.
            time.sleep(0.05)
        assert client.read().decoded == "OK"
        assert wait_until(lambda: history(client, "aof-fsync-always"), "the event")[0][1] >= 20
        assert "aof-fsync-always" in client.must("LATENCY", "DOCTOR").decode()


def test_the_removal_of_an_expired_key_is_recorded(start_ours):
    """A large string is given back to the system at once, which takes long."""
    server = start_ours("--appendonly", "no", "--latency-monitor-threshold", "1", "--enable-debug-command", "yes")
    with server.client() as client:
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)

        def recorded() -> list[list[int]]:
            client.must("SETRANGE", "large", 128 << 20, "x")
            client.must("PEXPIRE", "large", 1)
            wait_until(lambda: client.must("EXISTS", "large") == 0, "the key to expire")
            return history(client, "expire-del")

        wait_until(recorded, "the event")
        assert history(client, "expire-cycle") == []


def test_a_long_cycle_of_expiry_is_recorded(start_ours):
    server = start_ours("--appendonly", "no", "--latency-monitor-threshold", "1")
    with server.client() as client:

        def recorded() -> list[list[int]]:
            client.must("SETRANGE", "large", 128 << 20, "x")
            client.must("PEXPIRE", "large", 1)
            wait_until(lambda: client.must("DBSIZE") == 0, "the key to be removed")
            return history(client, "expire-cycle")

        wait_until(recorded, "the event")


def until_recorded(client, event: str) -> None:
    """Writes until the event is recorded; a write to the file takes 20 ms."""

    def recorded() -> list[list[int]]:
        client.must("SET", "k", "v")
        return history(client, event)

    assert wait_until(recorded, event)[0][1] >= 20
    assert history(client, "aof-write")[0][1] >= 20


@pytest.mark.parametrize("policy", ["always", "everysec", "no"])
def test_a_slow_write_is_recorded(start_ours, tmp_path, policy):
    server = start_ours("--appendonly", "yes", "--appendfsync", policy, "--latency-monitor-threshold", "10")
    with server.client() as client:
        client.must("SET", "k", "v")
        (file,) = (server.folder / "appendonlydir").glob("*.incr.aof")
        with injected(server.pid, tmp_path, "write,writev,pwrite64,pwritev:delay_enter=20000", file=file):
            until_recorded(client, "aof-write-alone")
        assert history(client, "aof-write-active-child") == []


def test_a_slow_write_during_a_sync_is_recorded_as_that(start_ours, tmp_path):
    gate = SyncGate(tmp_path, "fdatasync")
    options = ["--appendonly", "yes", "--appendfsync", "everysec", "--latency-monitor-threshold", "10"]
    server = start_ours(*options, environment=gate.environment)
    with server.client() as client:
        client.must("SET", "k", "v")
        (file,) = (server.folder / "appendonlydir").glob("*.incr.aof")
        with gate.shut():
            wait_until(lambda: client.must("SET", "k", "v") and gate.calls() > 0, "a sync to begin")
            with injected(server.pid, tmp_path, "write,writev,pwrite64,pwritev:delay_enter=20000", file=file):
                until_recorded(client, "aof-write-pending-fsync")


def test_a_slow_write_during_a_rewrite_is_recorded_as_that(start_ours, tmp_path):
    options = ["--appendonly", "yes", "--appendfsync", "no", "--latency-monitor-threshold", "10"]
    server = start_ours(*options, "--enable-debug-command", "yes")
    with server.client() as client:
        client.must("DEBUG", "POPULATE", 1_000_000)
        with injected(server.pid, tmp_path, "write,writev,pwrite64,pwritev:delay_enter=20000"):
            client.must("BGREWRITEAOF")
            until_recorded(client, "aof-write-active-child")


def test_the_doctor_describes_what_was_recorded(start_ours, protocol):
    server = start_ours("--slowlog-log-slower-than", "-1")
    with server.client(protocol) as client:
        assert b"monitor is off" in client.must("LATENCY", "DOCTOR")
        client.must("CONFIG", "SET", "latency-monitor-threshold", 5)
        assert b"No latency spike" in client.must("LATENCY", "DOCTOR")
        client.must("DEBUG", "SLEEP", "0.02")
        text = client.must("LATENCY", "DOCTOR").decode()
        assert "1. command: 1 recorded; " in text
        assert "The slow log records nothing" in text
        assert "SLOWLOG GET" in text


def test_the_doctor_has_advice_for_every_event_that_occurs():
    """Redis's other events are those of forks, modules and what this server leaves to a thread."""
    writes = ["aof-write", "aof-write-alone", "aof-write-pending-fsync", "aof-write-active-child", "aof-fsync-always"]
    removals = ["expire-cycle", "expire-del", "eviction-cycle", "eviction-del"]
    assert sorted(ADVICE) == sorted(["command", "fast-command", "eventloop", *removals, *writes])


def test_spikes_are_described_by_their_mean_and_deviation():
    samples = [(100, 10), (102, 20), (110, 60)]
    assert describe("command", samples, 70) == (
        "command: 3 recorded, one every 5.0 seconds; 30 ms on average, mean deviation 20 ms, longest 70 ms."
    )
