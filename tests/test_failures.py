"""Failures on request: which commands they strike, what the client sees of them, and how they end."""

import asyncio
import contextlib
import re
import threading

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

import pyredis
from support.client import RawClient, wait_until
from support.loop_turns import until

# Longer than any test: only the end of the failure ends the delay.
FOREVER = 3600


@pytest.fixture
def server():
    with pyredis.Server() as running:
        yield running


def connect(server, **options) -> redis.Redis:
    return redis.Redis.from_url(server.url, **{"retry": None, **options})


@pytest.fixture
def client(server):
    with connect(server) as connected:
        yield connected


class Asking:
    """A client that asks in a thread of its own."""

    def __init__(self, server, ask):
        self.replies: list = []
        self._thread = threading.Thread(target=self._run, args=(server, ask))
        self._thread.start()

    def _run(self, server, ask):
        with connect(server) as client:
            try:
                self.replies.append(ask(client))
            except redis.RedisError as error:
                self.replies.append(error)

    def reply(self):
        self._thread.join()
        return self.replies[0]


def blocked(server, count=1):
    wait_until(lambda: server.info("clients")["blocked_clients"] == count, "the delayed clients")


# ---- errors ----


@pytest.mark.parametrize(
    ("code", "error", "struck", "spared"),
    [
        ("LOADING", redis.BusyLoadingError, "GET a", "INFO server"),
        ("READONLY", redis.ReadOnlyError, "SET a 1", "GET a"),
        ("OOM", redis.exceptions.OutOfMemoryError, "SET a 1", "DEL a"),
        ("MISCONF", redis.ResponseError, "DEL a", "GET a"),
        ("BUSY", redis.ResponseError, "GET a", ""),
        ("MASTERDOWN", redis.exceptions.MasterDownError, "GET a", "INFO server"),
        ("NOAUTH", redis.AuthenticationError, "GET a", ""),
        ("NOREPLICAS", redis.ResponseError, "SET a 1", "GET a"),
    ],
)
def test_errors_of_redis_strike_the_commands_that_redis_refuses(server, client, code, error, struck, spared):
    client.ping()
    with server.fail(error=code) as failure:
        with pytest.raises(error):
            client.execute_command(*struck.split())
        if spared:
            client.execute_command(*spared.split())
    assert failure.count == 1
    client.execute_command(*struck.split())
    assert server.info("errorstats")[f"errorstat_{code}"]["count"] == 1


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("boom", "ERR boom"),
        ("ERR boom", "ERR boom"),
        ("TRYAGAIN later", "TRYAGAIN later"),
        ("no space 'left'", "ERR no space 'left'"),
        ("OOM", "OOM command not allowed when used memory > 'maxmemory'."),
    ],
)
def test_the_text_of_an_error_is_what_the_client_gets(server, error, text):
    with server.fail("GET", error=error), RawClient(("127.0.0.1", server.port)) as raw:
        raw.send("GET", "a")
        assert raw.readline() == b"-" + text.encode() + b"\r\n"


def test_commands_are_named_alone_in_groups_and_by_category(server, client):
    def strikes(*words):
        try:
            client.execute_command(*words)
        except redis.ResponseError as error:
            return "failed" in str(error)
        return False

    with server.fail("get", "CONFIG GET", error="failed"):
        assert [strikes("GET", "a"), strikes("MGET", "a"), strikes("CONFIG", "GET", "port")] == [True, False, True]
        assert not strikes("CONFIG", "RESETSTAT")
    with server.fail("CONFIG", error="failed"):
        assert strikes("CONFIG", "GET", "port")
        assert strikes("CONFIG", "RESETSTAT")
    with server.fail("@hash", error="failed"):
        assert [strikes("HGET", "a", "f"), strikes("GET", "a")] == [True, False]
    with server.fail(error="failed"):
        assert [strikes("GET", "a"), strikes("INFO"), strikes("PING"), strikes("SELECT", 0)] == [
            True,
            True,
            False,
            False,
        ]
        with connect(server) as newcomer:
            assert newcomer.ping()


def test_commands_of_the_program_fail_too(server, client):
    server.command("ADDUP key [value ...]", flags="write")(lambda ctx, key, *values: 1)
    with server.fail("ADDUP", error="failed"), pytest.raises(redis.ResponseError, match="failed"):
        client.execute_command("ADDUP", "a")
    with server.fail(error="READONLY"), pytest.raises(redis.ReadOnlyError):
        client.execute_command("ADDUP", "a")


@pytest.mark.parametrize(
    ("commands", "arguments", "error", "text"),
    [
        (["GET"], {}, TypeError, "say what happens: error, drop or delay"),
        (["GET"], {"error": "x", "drop": True}, TypeError, "an error takes the place of the command"),
        (["GET"], {"error": "x", "after": True}, TypeError, "an error takes the place of the command"),
        (["NOSUCH"], {"drop": True}, ValueError, "no such command: 'NOSUCH'"),
        (["@nosuch"], {"drop": True}, ValueError, "no such command: '@nosuch'"),
        (["GET"], {"error": "NOSUCH"}, ValueError, "no such error: 'NOSUCH'"),
        (["GET"], {"error": "two\r\nlines"}, ValueError, "not the text of an error: 'two\\r\\nlines'"),
        (["GET"], {"error": ""}, ValueError, "not the text of an error: ''"),
        (["GET"], {"delay": -1}, ValueError, "delay must not be negative: -1"),
        (["GET"], {"drop": True, "times": 0}, ValueError, "times must be positive: 0"),
        (["GET"], {"drop": True, "every": 0}, ValueError, "every must be positive: 0"),
        (["GET"], {"drop": True, "probability": 1.5}, ValueError, "probability must be above 0 and at most 1: 1.5"),
    ],
)
def test_wrong_arguments_are_refused_with_the_value(server, commands, arguments, error, text):
    with pytest.raises(error, match=re.escape(text)):
        server.fail(*commands, **arguments)
    assert len(server.failures) == 0


# ---- which calls ----


def outcomes(client, count, *words):
    """One letter for each call: x for a failure."""
    found = ""
    for _ in range(count):
        try:
            client.execute_command(*words)
        except redis.ResponseError:
            found += "x"
        else:
            found += "."
    return found


def test_a_number_of_times_and_every_so_many_calls(server, client):
    with server.fail("GET", error="failed", times=3) as failure:
        assert outcomes(client, 6, "GET", "a") == "xxx..."
        assert (failure.count, failure.active) == (3, False)
    with server.fail("GET", error="failed", every=3, times=2):
        assert outcomes(client, 12, "GET", "a") == "..x..x......"


def test_a_probability_is_repeatable_by_its_seed(server, client):
    runs = []
    for seed in (1, 1, 2):
        with server.fail("GET", error="failed", probability=0.3, seed=seed):
            runs.append(outcomes(client, 200, "GET", "a"))
    assert runs[0] == runs[1] != runs[2]
    assert 20 < runs[0].count("x") < 100


def test_keys_are_chosen_by_a_pattern(server, client):
    with server.fail("@write", "@read", error="failed", key="user:*") as failure:
        assert outcomes(client, 1, "GET", "user:1") == "x"
        assert outcomes(client, 1, "MGET", "other", "user:2") == "x"
        assert outcomes(client, 1, "MSET", "other", "user:2") == "."
        assert outcomes(client, 1, "EVAL", "return 1", "1", "user:1") == "."
        assert outcomes(client, 1, "DBSIZE") == "."
    assert failure.count == 2


def test_the_first_of_several_that_strikes_counts(server, client):
    with server.fail("GET", error="first", every=2) as first, server.fail("GET", error="second") as second:
        errors = []
        for _ in range(4):
            with pytest.raises(redis.ResponseError) as caught:
                client.get("a")
            errors.append(str(caught.value))
    assert errors == ["second", "first", "second", "first"]
    assert (first.count, second.count) == (2, 2)


def test_retries_of_redis_py_survive_what_ends_in_time(server):
    retrying = {"retry": Retry(NoBackoff(), 3), "retry_on_error": [redis.BusyLoadingError, redis.ReadOnlyError]}
    with connect(server, **retrying) as client:
        client.ping()
        for arguments in ({"error": "LOADING"}, {"drop": True}, {"drop": True, "after": True}):
            with server.fail("INCRBY", times=2, **arguments) as failure:
                client.incr("counter")
            assert failure.count == 2
        # Twice it was executed, and the client could not know.
        assert client.get("counter") == b"5"
        with server.fail("INCRBY", error="LOADING", times=4), pytest.raises(redis.BusyLoadingError):
            client.incr("counter")


# ---- lost connections ----


def test_a_connection_is_lost_before_or_after_the_command(server, client):
    for after, value in ((False, None), (True, b"1")):
        with server.fail("SET", drop=True, after=after), pytest.raises(redis.ConnectionError):
            client.set(f"after {after}", 1)
        assert client.get(f"after {after}") == value


def test_earlier_replies_of_a_pipeline_arrive_and_later_commands_are_not_executed(server, client):
    for after in (False, True):
        client.flushall()
        with server.fail("INCRBY", drop=True, after=after), RawClient(("127.0.0.1", server.port)) as raw:
            raw.send_bytes(b"INCR a\r\nINCR a\r\nINCRBY a 10\r\nINCR a\r\nGET a\r\n")
            assert raw.read_to_end() == b":1\r\n:2\r\n"
        assert client.get("a") == (b"12" if after else b"2")


def test_a_transaction_is_executed_although_its_connection_is_lost(server, client):
    with server.fail("EXEC", drop=True, after=True), client.pipeline() as pipe:
        pipe.set("a", 1)
        pipe.incr("a")
        with pytest.raises(redis.ConnectionError):
            pipe.execute()
    assert client.get("a") == b"2"
    with server.fail("EXEC", drop=True), client.pipeline() as pipe:
        pipe.incr("a")
        with pytest.raises(redis.ConnectionError):
            pipe.execute()
    assert client.get("a") == b"2"


# ---- delays ----


def test_a_delay_holds_back_one_client_and_keeps_its_order(server, client):
    with server.fail("GET", delay=FOREVER) as failure:
        slow = Asking(server, lambda slow: slow.pipeline(False).set("a", 1).get("a").set("b", 2).get("b").execute())
        blocked(server)
        assert client.mget("a", "b") == [b"1", None]
        assert slow.replies == []
        failure.end()
        assert slow.reply() == [True, b"1", True, b"2"]
    assert failure.count == 1


def test_the_last_delay_ends_with_its_failure_too(server, client):
    for end in (lambda failure: failure.end(), lambda failure: server.failures.clear()):
        failure = server.fail("GET", delay=FOREVER, times=1)
        slow = Asking(server, lambda slow: slow.get("a"))
        blocked(server)
        assert (failure.count, failure.active, len(server.failures)) == (1, False, 0)
        end(failure)
        assert slow.reply() is None
        failure.end()
    assert server._inner.core.faults is None


def test_each_command_of_a_pipeline_is_delayed_and_nothing_else(server, client):
    client.set("a", 1)
    with server.fail("GET", delay=0.001) as failure:
        pipe = client.pipeline(False)
        for number in range(16):
            pipe.get("a").incrby("n", number)
        assert pipe.execute()[::2] == [b"1"] * 16
    assert failure.count == 16
    assert client.get("n") == b"120"


def test_a_late_reply_is_that_of_an_executed_command(server, client):
    with server.fail("INCRBY", delay=FOREVER, after=True) as failure:
        slow = Asking(server, lambda slow: slow.pipeline(False).incr("a").get("a").execute())
        blocked(server)
        assert client.get("a") == b"1"
        failure.end()
        assert slow.reply() == [1, b"1"]


def test_a_large_late_reply_arrives_complete(server, client):
    value = bytes(range(256)) * 4000
    client.set("large", value)
    client.set("small", 1)
    with server.fail("GET", "MGET", delay=0.001, after=True):
        pipe = client.pipeline(False)
        pipe.get("large").mget("small", "large", "none", "large").get("small")
        assert pipe.execute() == [value, [b"1", value, None, value], b"1"]


@pytest.mark.parametrize("after", [False, True])
def test_a_client_that_gives_up_leaves_nothing_behind(server, client, after):
    with server.fail("INCRBY", delay=FOREVER, after=after):
        with connect(server, socket_timeout=0.05) as hasty, pytest.raises(redis.TimeoutError):
            hasty.incr("a")
        wait_until(lambda: server.info("clients")["blocked_clients"] == 0, "the end of the client")
        assert client.get("a") == (b"1" if after else None)
    assert client.incr("a") == (2 if after else 1)


def test_a_delay_may_precede_an_error_or_the_loss_of_the_connection(server, client):
    for arguments, executed in (
        ({"error": "READONLY"}, False),
        ({"drop": True}, False),
        ({"drop": True, "after": True}, True),
    ):
        client.flushall()
        with server.fail("INCRBY", delay=FOREVER, **arguments) as failure:
            slow = Asking(server, lambda slow: slow.incr("a"))
            blocked(server)
            assert client.get("a") == (b"1" if executed else None)
            failure.end()
            assert isinstance(slow.reply(), redis.ReadOnlyError if "error" in arguments else redis.ConnectionError)
        assert client.get("a") == (b"1" if executed else None)


def test_a_delayed_client_can_be_killed(server, client):
    with server.fail("GET", delay=FOREVER):
        slow = Asking(server, lambda slow: slow.get("a"))
        blocked(server)
        (entry,) = [entry for entry in client.client_list() if "b" in entry["flags"]]
        client.client_kill(entry["addr"])
        assert isinstance(slow.reply(), redis.ConnectionError)
    assert client.ping()


def test_the_end_of_a_pause_ends_no_delay(server, client):
    with server.fail("SET", delay=FOREVER) as failure:
        slow = Asking(server, lambda slow: slow.set("a", 1))
        blocked(server)
        client.client_pause(60_000, all=False)
        client.client_unpause()
        assert client.get("a") is None
        assert slow.replies == []
        client.client_pause(60_000, all=False)
        failure.end()
        assert client.get("a") is None
        client.client_unpause()
        assert slow.reply() is True
    assert failure.count == 1


def test_commands_that_wait_for_keys_can_be_delayed_or_lost(server, client):
    with server.fail("BLPOP", delay=0.001) as failure:
        slow = Asking(server, lambda slow: slow.blpop("list", 0))
        wait_until(lambda: failure.count, "the command")
        blocked(server)
        client.rpush("list", 1)
        assert slow.reply() == (b"list", b"1")
    with server.fail("BLPOP", delay=FOREVER, after=True):
        slow = Asking(server, lambda slow: slow.blpop("list", 0))
        blocked(server)
        client.rpush("list", 2)
        assert slow.reply() == (b"list", b"2")


def test_replies_that_the_client_does_not_want_are_not_sent_late(server):
    with server.fail("INCR", delay=0.001, after=True), RawClient(("127.0.0.1", server.port)) as raw:
        raw.send_bytes(
            b"CLIENT REPLY SKIP\r\nINCR a\r\nINCR a\r\nCLIENT REPLY OFF\r\nINCR a\r\nCLIENT REPLY ON\r\nGET a\r\n"
        )
        assert [raw.readline() for _ in range(4)] == [b":2\r\n", b"+OK\r\n", b"$1\r\n", b"3\r\n"]


# ---- transactions, scripts, pipelines ----


def test_a_refused_command_in_a_transaction_aborts_it(server, client):
    with server.fail("INCRBY", error="OOM"), client.pipeline() as pipe:
        pipe.set("a", 1)
        pipe.incr("a")
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            pipe.execute()
    assert client.get("a") is None
    with server.fail("EXEC", error="MISCONF"), client.pipeline() as pipe:
        pipe.set("a", 1)
        with pytest.raises(redis.exceptions.ExecAbortError, match="discarded because of: MISCONF"):
            pipe.execute()
    assert client.get("a") is None


def test_scripts_and_handlers_get_the_error_of_a_command_they_call(server, client):
    server.command("LOOK key")(lambda ctx, key: ctx.call("GET", key))
    with server.fail("GET", error="ERR come back soon") as failure:
        for words in (["EVAL", "return redis.call('GET', 'a')", "0"], ["LOOK", "a"]):
            with pytest.raises(redis.ResponseError, match="come back soon"):
                client.execute_command(*words)
        assert client.eval("return redis.pcall('GET', 'a').err", 0) == b"ERR come back soon"
    assert failure.count == 3
    with server.fail("GET", drop=True), server.fail("GET", delay=FOREVER):
        assert client.eval("return redis.call('GET', 'a')", 0) is None
        assert client.execute_command("LOOK", "a") is None


def test_a_pipeline_gets_each_error_in_its_place(server, client):
    with server.fail("GET", error="failed", every=4):
        pipe = client.pipeline(False)
        for _ in range(16):
            pipe.get("a")
        replies = pipe.execute(raise_on_error=False)
    assert [isinstance(reply, redis.ResponseError) for reply in replies] == [False, False, False, True] * 4


def test_a_client_that_has_not_authenticated_is_refused_for_that():
    with pyredis.Server(requirepass="secret") as server, server.fail("GET", error="failed") as failure:
        with RawClient(("127.0.0.1", server.port)) as raw:
            raw.send("GET", "a")
            assert raw.readline().startswith(b"-NOAUTH")
        assert failure.count == 0


# ---- the file ----


@pytest.mark.parametrize("policy", ["everysec", "always", "no"])
def test_a_full_disk_refuses_writes_until_there_is_room(tmp_path, policy):
    with pyredis.Server(dir=tmp_path, appendfsync=policy) as server, connect(server) as client:
        client.set("before", 1)
        with server.full_disk() as failure:
            assert len(server.failures) == 1
            for _ in range(3):
                with pytest.raises(redis.ResponseError, match="MISCONF Errors writing to the AOF file: No space left"):
                    client.set("during", 1)
            assert client.get("before") == b"1"
            assert server.info("persistence")["aof_last_write_status"] == "err"
        assert not failure.active
        wait_until(lambda: server.info("persistence")["aof_last_write_status"] == "ok", "the recovery")
        client.set("after", 1)
    with pyredis.Server(dir=tmp_path) as server, connect(server) as client:
        assert sorted(client.keys()) == [b"after", b"before"]


def test_what_a_full_disk_has_held_up_is_written_later(tmp_path):
    with pyredis.Server(dir=tmp_path) as server, connect(server) as client:
        client.set("key", "value", px=50)
        server.clock.freeze()
        failure = server.full_disk()
        server.clock.advance(1)
        assert server.info("persistence")["aof_buffer_length"] > 0
        failure.end()
        assert server.info("persistence")["aof_buffer_length"] == 0
        assert client.set("other", 1)
    (file,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    assert b"DEL" in file.read_bytes()


def test_a_server_stops_properly_with_failures_and_keeps_what_it_answered(tmp_path):
    with pyredis.Server(dir=tmp_path) as server, connect(server) as client:
        client.set("key", "value")
        failures = [server.full_disk(), server.fail("GET", delay=FOREVER), server.fail(error="LOADING")]
        slow = Asking(server, lambda slow: slow.get("key"))
        blocked(server)
    assert slow.reply() == b"value" or isinstance(slow.reply(), redis.RedisError)
    assert not any(failure.active for failure in failures)
    with pyredis.Server(dir=tmp_path) as server, connect(server) as client:
        assert client.get("key") == b"value"


def test_a_full_disk_needs_a_file(server):
    with pytest.raises(RuntimeError, match="keeps no append-only file"):
        server.full_disk()


# ---- the handles ----


def test_failures_are_listed_and_cleared(server, client):
    first = server.fail("GET", error="failed")
    second = server.fail("SET", error="failed", times=1)
    assert list(server.failures) == [first, second]
    assert outcomes(client, 1, "SET", "a", "1") == "x"
    assert list(server.failures) == [first]
    server.failures.clear()
    assert (len(server.failures), first.active) == (0, False)
    assert outcomes(client, 1, "GET", "a") == "."
    first.end()
    assert server._inner.core.faults is None


def test_the_servers_own_commands_do_not_fail(server, client):
    client.set("a", 1)
    with server.fail("INFO", "FLUSHALL", error="failed", drop=False) as failure:
        assert server.info("server")["tcp_port"] == server.port
        assert server.metrics()["redis_up"] == 1
        server.reset()
        assert failure.count == 0
        assert client.dbsize() == 0


def test_a_failure_ends_with_its_server():
    server = pyredis.Server()
    with pytest.raises(RuntimeError, match="does not run"):
        server.fail("GET", drop=True)
    with server:
        failure = server.fail("GET", error="failed")
    with failure:
        assert not failure.active
    with server:
        failure = server.fail("GET", error="failed")
        with connect(server) as client:
            client.shutdown(nosave=True)
        wait_until(lambda: not server.running, "the end of the server")
        failure.end()
        assert not failure.active
    with server, connect(server) as client:
        assert client.get("a") is None


def test_failures_on_the_programs_loop():
    async def main():
        async with pyredis.serve() as server, redis.asyncio.Redis.from_url(server.url, retry=None) as client:
            with server.fail("GET", error="LOADING", times=1), pytest.raises(redis.BusyLoadingError):
                await client.get("a")
            with server.fail("GET", delay=0.001) as failure:
                assert await client.get("a") is None
                assert failure.count == 1
            with contextlib.suppress(redis.ConnectionError), server.fail("GET", drop=True):
                await client.get("a")
            with server.fail("GET", delay=FOREVER) as failure:
                waiting = asyncio.create_task(client.get("a"))
                await until(lambda: failure.count)
                failure.end()
                assert await waiting is None

    asyncio.run(main())


# ---- databases in the process ----


def test_commands_of_a_database_in_the_process_fail_by_an_error(tmp_path):
    with pyredis.open(tmp_path) as db:
        with db.fail("GET", error="LOADING", times=1) as failure:
            with pytest.raises(redis.BusyLoadingError):
                db.get("a")
            assert db.get("a") is None
        assert (failure.count, failure.active) == (1, False)
        with db.fail(error="READONLY"), db.pipeline() as pipe, pytest.raises(redis.ReadOnlyError):
            pipe.set("a", 1).execute()
        for arguments in ({"drop": True}, {"error": "failed", "delay": 1}, {}):
            with pytest.raises(TypeError, match="keyword"):
                db.fail("GET", **arguments)
        db.set("before", 1)
        with db.full_disk():
            with pytest.raises(redis.ResponseError, match="MISCONF"):
                db.set("during", 1)
            assert db.get("before") == b"1"
        db.set("after", 1)
        db.fail("GET", error="failed")
        db.failures.clear()
        assert db.get("after") == b"1"
        db.full_disk()
    with pyredis.open(tmp_path) as db:
        assert sorted(db.keys()) == [b"after", b"before"]


def test_coroutines_get_the_errors_of_a_database():
    async def main():
        async with pyredis.aopen() as db:
            with db.fail("GET", error="LOADING", times=1), pytest.raises(redis.BusyLoadingError):
                await db.get("a")
            assert await db.get("a") is None

    asyncio.run(main())
