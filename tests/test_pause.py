"""CLIENT PAUSE and UNPAUSE: what is held back, what is not; meanwhile nothing is lost, reordered or expired."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.client import ConnectionClosed, wait_until
from support.waiting import Scene, await_blocked, blocked, fields

HOUR = 3_600_000


@pytest.fixture
def paused(pair):
    """A pair whose servers a test may pause; the pause is over when the test ends."""
    yield pair
    for server in pair.servers:
        unpause(server)


@pytest.fixture
def server(shared_ours):
    yield shared_ours
    unpause(shared_ours)


def unpause(server):
    with server.client() as client:
        client.must("CLIENT", "UNPAUSE")
        await_blocked(client, 0)


def milliseconds(reply) -> int:
    """The reply of TIME."""
    return int(reply[0]) * 1000 + int(reply[1]) // 1000


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x"],
        ["-1"],
        ["1.5"],
        ["9" * 20],
        ["1", "x"],
        ["x", "x"],
        ["0"],
        ["0", "WRITE"],
        ["0", "all"],
        ["1", "write", "x"],
    ],
)
def test_pause_refuses_as_redis_does(pair, arguments):
    pair.check("CLIENT", "PAUSE", *arguments)
    pair.check("PING")


def test_a_pause_cannot_end_after_all_time(client):
    """Redis 7.0 accepts it."""
    assert client.call("CLIENT", "PAUSE", 2**63 - 1).raw == b"-ERR timeout is out of range\r\n"
    assert client.call("PING").decoded == "PONG"


def test_unpause_needs_no_pause(pair):
    pair.check("CLIENT", "UNPAUSE")
    pair.check("CLIENT", "UNPAUSE", "x")


WRITES = [
    ["SET", "k", "v"],
    ["DEL", "k"],
    ["FLUSHALL"],
    ["PFCOUNT", "k"],
    ["GETEX", "k"],
    ["BLPOP", "list", "0.01"],
    ["SORT", "list", "STORE", "other"],
    ["PUBLISH", "channel", "message"],
    ["EVAL", "return 1", "0"],
]
READS = [
    ["GET", "k"],
    ["PING"],
    ["CLIENT", "GETNAME"],
    ["DBSIZE"],
    ["INFO", "keyspace"],
    ["WATCH", "k"],
    ["SORT_RO", "list"],
    ["EVAL_RO", "return 1", "0"],
]


@pytest.mark.parametrize("command", WRITES, ids=" ".join)
def test_a_pause_of_writes_holds_back_what_may_write(paused, command):
    with Scene(paused) as scene:
        paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
        waiter = scene.waiter().waits(*command)
        paused.check("CLIENT", "UNPAUSE")
        waiter.hears()


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_a_pause_of_writes_lets_others_read(paused, command):
    paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
    paused.check(*command)


# Scripts, and whether a pause of writes holds back EVAL and EVALSHA, and EVAL_RO and EVALSHA_RO. A script without flags
# is judged by its command, one with flags by these: as in Redis 7.4, and in 7.0.
SCRIPTS = {
    "return 1": (True, False),
    "#!lua\nreturn 1": (True, True),
    "#!lua flags=allow-oom\nreturn 1": (True, True),
    "#!lua flags=no-writes\nreturn 1": (False, False),
    "#!lua flags=no-writes,allow-stale\nreturn redis.call('GET', 'k')": (False, False),
    "#!lua flags=no-writes\nreturn redis.call('SET', 'k', 'v')": (False, False),
    "#!lua flags=no-writes\nreturn redis.call('PUBLISH', 'c', 'm')": (False, False),
    "#!lua flags=no-writes\nreturn (": (False, False),
    "#!lua flags=nosuch\nreturn 1": (True, False),
    "#!lua flags=no-writes": (True, False),
    "#!js flags=no-writes\nreturn 1": (True, False),
}


# Those that can be loaded.
LOADED = list(SCRIPTS)[:7]


def is_held_or_runs(paused, command, is_held: bool) -> None:
    with Scene(paused) as scene:
        waiter = scene.waiter()
        paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
        if is_held:
            waiter.waits(*command)
        else:
            waiter.pair.check(*command)
        paused.check("CLIENT", "UNPAUSE")
        if is_held:
            waiter.hears()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.replace("\n", " "))
def test_the_flags_of_a_script_decide_whether_it_is_held_back(paused, script):
    for command, is_held in zip(("EVAL", "EVAL_RO"), SCRIPTS[script], strict=True):
        is_held_or_runs(paused, [command, script, 0], is_held)


@pytest.mark.parametrize("script", LOADED, ids=lambda script: script.replace("\n", " "))
def test_so_do_those_of_a_script_that_is_named_by_its_digest(paused, script):
    digest = paused.check("SCRIPT", "LOAD", script)
    for command, is_held in zip(("EVALSHA", "EVALSHA_RO"), SCRIPTS[script], strict=True):
        is_held_or_runs(paused, [command, digest, 0], is_held)


@pytest.mark.parametrize("script", ["return 1", "#!lua\nreturn 1", "#!lua flags=no-writes\nreturn 1"])
def test_a_transaction_with_a_script_is_held_back_by_the_flags_of_the_script(paused, script):
    with Scene(paused) as scene:
        before, during = scene.waiter(), scene.waiter()
        before.pair.check("MULTI")
        before.pair.check("EVAL", script, 0)
        during.pair.check("MULTI")
        paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
        if "no-writes" in script:
            before.pair.check("EXEC")
            during.pair.check("EVAL", script, 0)
            during.pair.check("EXEC")
            return
        before.waits("EXEC")
        during.waits("EVAL", script, 0)
        paused.check("CLIENT", "UNPAUSE")
        before.hears()
        during.hears()


def test_an_unknown_digest_is_held_back_and_then_refused(paused):
    with Scene(paused) as scene:
        paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
        paused.check("EVALSHA_RO", "0" * 40, 0)
        waiter = scene.waiter().waits("EVALSHA", "0" * 40, 0)
        paused.check("CLIENT", "UNPAUSE")
        waiter.hears()


ENDLESS = "redis.call('GET', 'k') while true do end"


def is_busy(client) -> bool:
    return str(client.do("PING")).startswith("BUSY")


def test_what_follows_a_long_script_that_was_held_back_waits_for_its_end(start_ours):
    server = start_ours("--busy-reply-threshold", "20")
    with contextlib.ExitStack() as stack:
        client, runs, first, second, pops = [stack.enter_context(server.client()) for _ in range(5)]
        pops.send("BLPOP", "list", 0)
        await_blocked(client, 1)
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        runs.send("EVAL", ENDLESS, 0)
        await_blocked(client, 2)
        first.send("RPUSH", "list", "x")
        await_blocked(client, 3)
        second.send("INCR", "number")
        await_blocked(client, 4)
        client.must("CLIENT", "UNPAUSE")
        wait_until(lambda: is_busy(client), "the script to run")
        client.must("SCRIPT", "KILL")
        assert b"Script killed" in runs.read().raw
        assert first.read().decoded == 1
        assert second.read().decoded == 1
        assert pops.read().decoded == [b"list", b"x"]
        assert client.must("LLEN", "list") == 0
        await_blocked(client, 0)


def test_what_was_held_back_does_not_run_in_the_middle_of_a_script(start_ours):
    """The pause ends while the script runs; what it has held back waits for the end of the script."""
    server = start_ours("--busy-reply-threshold", "20")
    with server.client() as client, server.client() as writes:
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        writes.send("SET", "k", "v")
        await_blocked(client, 1)
        client.must("MULTI")
        client.must("CLIENT", "UNPAUSE")
        client.must("CLIENT", "PAUSE", 50, "WRITE")
        script = "local t = os.clock() repeat until os.clock() > t + 0.2 return redis.call('GET', 'k')"
        client.must("EVAL_RO", script, 0)
        assert client.must("EXEC")[-1] is None
        assert writes.read().decoded == "OK"


def test_what_is_refused_is_answered_at_once(paused):
    paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
    paused.check("SET", "k")
    paused.check("NOSUCH", "k")
    paused.check("EXEC")


def test_a_pause_of_everything_ends_by_itself(paused):
    """Not even CLIENT UNPAUSE runs before."""
    other = paused.another()
    with other:
        paused.check("SET", "k", "v")
        paused.check("CLIENT", "PAUSE", 300)
        for client in (other.ours, other.oracle):
            client.send("GET", "k")
        paused.check("CLIENT", "UNPAUSE")
        other.compare("GET", other.ours.read(), other.oracle.read())


def test_a_later_pause_neither_shortens_nor_loosens_an_earlier_one(paused):
    with Scene(paused) as scene:
        paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
        paused.check("CLIENT", "PAUSE", 1, "WRITE")
        waiter = scene.waiter().waits("SET", "k", "v")
        paused.check("CLIENT", "PAUSE", 1, "WRITE")
        paused.check("GET", "k")
        paused.check("CLIENT", "UNPAUSE")
        waiter.hears()


def test_pauses_of_everything_and_of_writes_add_up(server):
    """The stricter kind lasts to the later end."""
    with server.client() as client, server.client() as other:
        client.must("MULTI")
        client.must("CLIENT", "PAUSE", 1, "ALL")
        client.must("CLIENT", "PAUSE", 300, "WRITE")
        client.must("TIME")
        began = milliseconds(client.must("EXEC")[-1])
        assert milliseconds(other.must("TIME")) > began + 250


def test_commands_wait_in_order_and_the_input_after_them_too(paused):
    with Scene(paused) as scene:
        paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
        waiters = [scene.waiter().waits("RPUSH", "list", number) for number in range(5)]
        for client in (waiters[0].pair.ours, waiters[0].pair.oracle):
            client.send("RPUSH", "list", "after")
            client.send("LLEN", "list")
        paused.check("CLIENT", "UNPAUSE")
        for waiter in waiters:
            waiter.hears()
        waiters[0].hears()
        waiters[0].hears()
        paused.check("LRANGE", "list", 0, -1)


def test_large_arguments_wait_too(paused):
    value = "x" * 300_000
    with Scene(paused) as scene:
        paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
        waiter = scene.waiter().waits("SET", "k", value)
        paused.check("GET", "k")
        paused.check("CLIENT", "UNPAUSE")
        waiter.hears()
        paused.check("GET", "k")


def test_a_transaction_is_held_back_at_its_first_write_or_at_exec(paused):
    with Scene(paused) as scene:
        before = scene.waiter()
        before.pair.check("MULTI")
        before.pair.check("SET", "a", "1")
        before.pair.check("GET", "a")
        paused.check("CLIENT", "PAUSE", HOUR, "WRITE")
        before.waits("EXEC")
        during = scene.waiter()
        during.pair.check("MULTI")
        during.pair.check("GET", "a")
        during.waits("SET", "a", "2")
        reading = scene.waiter()
        for command in (["MULTI"], ["GET", "a"], ["EXEC"]):
            reading.pair.check(*command)
        paused.check("CLIENT", "UNPAUSE")
        before.hears()
        during.hears()
        during.pair.check("EXEC")


def test_a_pause_begins_at_the_end_of_its_transaction(paused):
    with Scene(paused) as scene:
        for command in (
            *(["MULTI"], ["SET", "a", 1], ["CLIENT", "PAUSE", HOUR, "WRITE"], ["SET", "b", 2], ["EXEC"]),
            *(["GET", "a"], ["GET", "b"]),
        ):
            paused.check(*command)
        waiter = scene.waiter().waits("SET", "c", 3)
        paused.check("GET", "c")
        paused.check("CLIENT", "UNPAUSE")
        waiter.hears()


def test_expired_keys_are_hidden_and_stay(server):
    with server.client() as client:
        client.must("CONFIG", "RESETSTAT")
        client.must("SET", "short", "v", "PX", 1)
        client.must("SET", "long", "v")
        client.must("HSET", "hash", "field", "v", "other", "v")
        client.must("HPEXPIRE", "hash", 1, "FIELDS", 1, "field")
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        wait_until(lambda: client.must("EXISTS", "short") == 0, "the key to expire")
        wait_until(lambda: client.must("HGET", "hash", "field") is None, "the field to expire")
        assert client.must("DBSIZE") == 3
        assert client.must("GET", "short") is None
        assert client.must("TTL", "short") == -2
        assert sorted(client.must("KEYS", "*")) == [b"hash", b"long"]
        assert client.must("SCAN", 0)[0] == b"0"
        assert sorted(client.must("SCAN", 0, "COUNT", 100)[1]) == [b"hash", b"long"]
        assert fields(client, "stats")["expired_keys"] == "0"
        assert fields(client, "stats")["expired_subkeys"] == "0"
        client.must("CLIENT", "UNPAUSE")
        wait_until(lambda: client.must("DBSIZE") == 2, "the key to go")
        wait_until(lambda: fields(client, "stats")["expired_subkeys"] == "1", "the field to go")


def test_a_random_key_is_found_although_all_have_expired(server):
    """Redis 7.0 searches forever."""
    with server.client() as client:
        for number in range(3):
            client.must("SET", f"k{number}", "v", "PX", 5)
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        wait_until(lambda: client.must("EXISTS", "k0", "k1", "k2") == 0, "the keys to expire")
        assert {client.must("RANDOMKEY")} <= {b"k0", b"k1", b"k2"}
        client.must("CLIENT", "UNPAUSE")
        client.must("SET", "lasts", "v")
        client.must("SET", "short", "v", "PX", 5)
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        wait_until(lambda: client.must("EXISTS", "short") == 0, "the key to expire")
        assert {client.must("RANDOMKEY") for _ in range(20)} == {b"lasts"}


def test_an_expired_key_written_in_the_pausing_transaction_is_written_once(server):
    with server.client() as client:
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        due = milliseconds(client.must("TIME")) + 2
        client.must("SET", "k", "old", "PXAT", due)
        wait_until(lambda: milliseconds(client.must("TIME")) > due, "the key to be due")
        client.must("MULTI")
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        client.must("APPEND", "k", "new")
        client.must("EXEC")
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 1)
        assert client.must("GET", "k") == b"new"
        assert client.must("DBSIZE") == 1
        client.must("DEBUG", "POPULATE", 1, "k")
        assert client.must("DBSIZE") == 2


def test_clients_that_wait_for_keys_are_served_after_the_pause(server):
    """A command that would write when it is served is held back; one that reads is not. Redis 7.4 does so too, 7.0
    serves both."""
    with server.client() as client, server.client() as pops, server.client() as reads:
        pops.send("BLPOP", "list", 0)
        reads.send("XREAD", "BLOCK", 0, "STREAMS", "stream", "$")
        await_blocked(client, 2)
        client.must("MULTI")
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        client.must("RPUSH", "list", "x")
        client.must("XADD", "stream", "1-1", "f", "v")
        client.must("EXEC")
        assert reads.read().decoded == [[b"stream", [[b"1-1", [b"f", b"v"]]]]]
        assert client.must("LLEN", "list") == 1
        assert blocked(client) == 1
        client.must("CLIENT", "UNPAUSE")
        assert pops.read().decoded == [b"list", b"x"]
        assert client.must("LLEN", "list") == 0


def test_a_wait_may_time_out_during_a_pause(server):
    with server.client() as client, server.client() as pops:
        pops.send("BLPOP", "list", "0.1")
        await_blocked(client, 1)
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        assert pops.read().decoded is None


def test_unblock_does_not_reach_what_a_pause_holds_back(server):
    """Redis 7.4 ends with an assertion."""
    with server.client() as client, server.client() as writes:
        number = writes.must("CLIENT", "ID")
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        writes.send("SET", "k", "v")
        await_blocked(client, 1)
        assert client.must("CLIENT", "UNBLOCK", number) == 0
        assert client.must("CLIENT", "UNBLOCK", number, "ERROR") == 0
        client.must("CLIENT", "UNPAUSE")
        assert writes.read().decoded == "OK"


@pytest.mark.parametrize("leave", ["closed", "killed"])
def test_what_a_client_that_has_gone_wanted_is_not_done(server, leave):
    with server.client() as client, server.client() as stays:
        before = int(fields(client, "memory")["used_memory"])
        gone = server.client()
        number = gone.must("CLIENT", "ID")
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        gone.send("SET", "gone", "x" * 100_000)
        await_blocked(client, 1)
        stays.send("SET", "stays", "v")
        await_blocked(client, 2)
        if leave == "closed":
            gone.close()
        else:
            client.must("CLIENT", "KILL", "ID", number)
        await_blocked(client, 1)
        client.must("CLIENT", "UNPAUSE")
        assert stays.read().decoded == "OK"
        assert client.must("EXISTS", "gone") == 0
        client.must("DEL", "stays")
        assert int(fields(client, "memory")["used_memory"]) < before + 50_000
        gone.close()


def test_a_client_that_is_held_back_is_not_idle(start_ours):
    server = start_ours("--timeout", "1")
    with server.client() as client, server.client() as waits:
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        waits.send("SET", "k", "v")
        await_blocked(client, 1)
        idle = server.client()
        number = idle.must("CLIENT", "ID")
        wait_until(lambda: not client.must("CLIENT", "LIST", "ID", number), "the idle client to be closed")
        client.must("CLIENT", "UNPAUSE")
        assert waits.read().decoded == "OK"


def test_reply_modes_hold_for_what_was_held_back(server):
    with server.client() as client, server.client() as writes:
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        writes.send_bytes(b"CLIENT REPLY SKIP\r\nSET k v\r\nPING\r\n")
        await_blocked(client, 1)
        client.must("CLIENT", "UNPAUSE")
        assert writes.read().decoded == "PONG"
        assert client.must("GET", "k") == b"v"


def test_rights_and_limits_are_checked_again_when_the_pause_ends(server):
    with server.client() as client, server.client() as writes:
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        writes.send("SET", "k", "v")
        await_blocked(client, 1)
        client.must("CONFIG", "SET", "maxmemory", 1)
        client.must("CLIENT", "UNPAUSE")
        assert writes.read().raw.startswith(b"-OOM ")
        client.must("CONFIG", "SET", "maxmemory", 0)


def test_a_command_held_back_may_pause_again(server):
    with server.client() as client, server.client() as first, server.client() as second:
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        for command in (["MULTI"], ["CLIENT", "PAUSE", HOUR, "WRITE"]):
            first.must(*command)
        first.send("SET", "k", "v")
        await_blocked(client, 1)
        second.send("SET", "l", "v")
        await_blocked(client, 2)
        client.must("CLIENT", "UNPAUSE")
        assert first.read().decoded == "QUEUED"
        assert second.read().decoded == "OK"
        first.must("EXEC")
        second.send("SET", "m", "v")
        await_blocked(client, 1)
        client.must("CLIENT", "UNPAUSE")
        assert second.read().decoded == "OK"


def test_a_server_shuts_down_during_a_pause(start_ours):
    server = start_ours()
    with server.client() as client, server.client() as writes:
        client.must("CLIENT", "PAUSE", HOUR, "WRITE")
        writes.send("SET", "k", "v")
        await_blocked(client, 1)
        client.send("SHUTDOWN", "NOSAVE")
        with contextlib.suppress(ConnectionClosed):
            client.read()
        server.process.wait(timeout=60)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("pause"), st.sampled_from([["WRITE"]])),
        st.tuples(st.just("unpause"), st.just([])),
        st.tuples(st.integers(0, 3), st.sampled_from([["RPUSH", "list"], ["APPEND", "text"], ["SADD", "set"]])),
        st.tuples(st.integers(0, 3), st.sampled_from([["GET", "text"], ["LLEN", "list"]])),
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(ACTIONS)
def test_several_clients_write_while_others_pause(shared_ours, actions):
    """A model: a client that is held back gets no reply, and all writes are done in the order of their arrival."""
    with contextlib.ExitStack() as stack:
        boss, *clients = [stack.enter_context(shared_ours.client()) for _ in range(5)]
        stack.callback(unpause, shared_ours)
        boss.must("FLUSHALL")
        paused, waiting, done, number = False, [], [], 0
        for which, words in actions:
            if which == "pause":
                boss.must("CLIENT", "PAUSE", HOUR, *words)
                paused = True
            elif which == "unpause":
                boss.must("CLIENT", "UNPAUSE")
                paused = False
                for other, word in waiting:
                    assert not clients[other].read().is_error
                    done.append(word)
                waiting = []
            elif which in [other for other, _ in waiting]:
                continue
            elif len(words) == 2 and words[0] in ("GET", "LLEN"):
                assert not clients[which].call(*words).is_error
            else:
                number += 1
                clients[which].send(*words, f"{number};")
                if paused:
                    waiting.append((which, (words[1], number)))
                    await_blocked(boss, len(waiting))
                else:
                    assert not clients[which].read().is_error
                    done.append((words[1], number))
        boss.must("CLIENT", "UNPAUSE")
        for other, word in waiting:
            clients[other].read()
            done.append(word)
        expected = [b"%d;" % value for key, value in done if key == "list"]
        assert boss.must("LRANGE", "list", 0, -1) == expected
        text = b"".join(b"%d;" % value for key, value in done if key == "text")
        assert (boss.must("GET", "text") or b"") == text
