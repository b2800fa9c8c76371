"""Blocking commands: which client is served, when and by what; compared with the oracle."""

import pytest

from support.client import wait_until
from support.waiting import Scene, await_blocked, fields


@pytest.fixture
def scene(pair):
    with Scene(pair) as scene:
        yield scene


@pytest.fixture
def scene2(pair2):
    with Scene(pair2) as scene:
        yield scene


WAITING = {
    "BLPOP": "BLPOP k 0",
    "BRPOP": "BRPOP k 0",
    "BLMOVE": "BLMOVE k target LEFT RIGHT 0",
    "BRPOPLPUSH": "BRPOPLPUSH k target 0",
    "BLMPOP": "BLMPOP 0 1 k RIGHT",
    "BLMPOP COUNT": "BLMPOP 0 2 other k LEFT COUNT 2",
}
EVERY = pytest.mark.parametrize("command", WAITING.values(), ids=WAITING)


# ---- being served ----


@EVERY
def test_what_is_there_is_taken_at_once(scene, command):
    scene.does("RPUSH k a b c", command, "LRANGE k 0 -1", "LRANGE target 0 -1")


@EVERY
def test_who_waits_is_served_by_a_push(scene, command):
    waiter = scene.waiter(*command.split())
    scene.does("RPUSH k a b c", "LRANGE k 0 -1", "LRANGE target 0 -1")
    waiter.hears()


@EVERY
def test_who_waited_longest_is_served_first(scene, command):
    first, second, third = (scene.waiter(*command.split()) for _ in range(3))
    scene.does("RPUSH k a b")
    first.hears()
    if "COUNT" not in command:
        second.hears()
    scene.does("RPUSH k c d e")
    if "COUNT" in command:
        second.hears()
    third.hears()
    scene.does("LRANGE k 0 -1", "LRANGE target 0 -1")


@pytest.mark.parametrize("leaver", range(3))
def test_those_before_and_behind_one_that_leaves_keep_their_places(scene, leaver):
    waiters = [scene.waiter("BLPOP", "k", 0) for _ in range(3)]
    waiters.pop(leaver).goes()
    waiters.append(scene.waiter("BLPOP", "k", 0))
    for waiter in waiters:
        scene.does("RPUSH k x")
        waiter.hears()


def test_a_key_that_changed_first_and_is_empty_again_is_passed_over(scene):
    waiter = scene.waiter("BLPOP", "a", "b", 0)
    scene.together("RPUSH b 1", "RPUSH a 2", "DEL b")
    assert waiter.hears() == [b"a", b"2"]


def test_a_push_taken_back_within_the_transaction_wakes_nobody(scene):
    waiter = scene.waiter("BLPOP", "k", 0)
    scene.together("RPUSH k 1", "LPOP k")
    scene.does("RPUSH k 2")
    assert waiter.hears() == [b"k", b"2"]


def test_a_transaction_is_over_before_anybody_is_served(scene):
    waiter = scene.waiter("BLPOP", "k", 0)
    assert scene.together("RPUSH k a", "RPUSH k b", "LPUSH k c", "LLEN k") == [1, 2, 3, 3]
    assert waiter.hears() == [b"k", b"c"]


def test_a_key_named_twice_is_one_key(scene):
    waiter = scene.waiter("BLPOP", "k", "k", "other", "k", 0)
    scene.does("RPUSH k a b")
    waiter.hears()
    scene.does("LRANGE k 0 -1")


def test_an_element_goes_through_those_who_pass_it_on(scene):
    on = [scene.waiter("BLMOVE", f"l{step}", f"l{step + 1}", "LEFT", "RIGHT", 0) for step in range(5)]
    scene.does("RPUSH l0 x", "LRANGE l5 0 -1", "EXISTS l0 l1 l2 l3 l4")
    for waiter in on:
        assert waiter.hears() == b"x"


def test_two_who_pass_to_each_other_are_served_once(scene):
    there, back = (
        scene.waiter("BLMOVE", "a", "b", "LEFT", "LEFT", 0),
        scene.waiter("BLMOVE", "b", "a", *["LEFT"] * 2, 0),
    )
    scene.does("RPUSH a x", "LRANGE a 0 -1", "EXISTS b")
    there.hears()
    back.hears()


def test_a_list_moved_onto_itself_turns(scene):
    waiter = scene.waiter("BLMOVE", "k", "k", "LEFT", "RIGHT", 0)
    scene.does("RPUSH k a b c", "LRANGE k 0 -1")
    assert waiter.hears() == b"a"


@pytest.mark.parametrize("command", ["BLMOVE k target LEFT LEFT 0", "BRPOPLPUSH k target 0"])
def test_a_target_of_another_kind_is_an_error_and_nothing_is_taken(scene, command):
    waiter = scene.waiter(*command.split())
    scene.does("SET target x", "RPUSH k a", "LRANGE k 0 -1")
    waiter.hears()


# ---- what makes a key ready ----

MAKERS = {
    "LPUSH": ["LPUSH k x"],
    "RENAME": ["RPUSH other x", "RENAME other k"],
    "RENAMENX": ["RPUSH other x", "RENAMENX other k"],
    "COPY": ["RPUSH other x", "COPY other k"],
    "COPY from another database": ["SELECT 1", "RPUSH other x", "COPY other k DB 0", "SELECT 0"],
    "MOVE": ["SELECT 1", "RPUSH k x", "MOVE k 0", "SELECT 0"],
    "LMOVE": ["RPUSH other x", "LMOVE other k LEFT LEFT"],
    "RPOPLPUSH": ["RPUSH other x", "RPOPLPUSH other k"],
    "SWAPDB": ["SELECT 1", "RPUSH k x", "SWAPDB 1 0", "SELECT 0"],
    "SWAPDB the other way": ["SELECT 1", "RPUSH k x", "SWAPDB 0 1", "SELECT 0"],
}


@pytest.mark.parametrize("commands", MAKERS.values(), ids=MAKERS)
def test_whatever_makes_a_list_wakes_who_waits_for_it(scene, commands):
    waiter = scene.waiter("BLPOP", "k", 0)
    scene.does(*commands)
    assert waiter.hears() == [b"k", b"x"]
    scene.does("EXISTS k")


SETTINGS = [
    ("notify-keyspace-events", "KEA"),
    ("notify-keyspace-events", "KEx"),
    ("notify-keyspace-events", ""),
    ("maxmemory-policy", "allkeys-lfu"),
    ("maxmemory", "1gb"),
    ("lazyfree-lazy-user-del", "yes"),
]


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_who_waits_is_woken_whatever_is_set_meanwhile(scene2, name, value):
    clients = (scene2.pair.ours, scene2.pair.oracle)
    before = [client.must("CONFIG", "GET", name) for client in clients]
    waiter = scene2.waiter("BLPOP", "k", 0)
    for client in clients:
        client.must("CONFIG", "SET", name, value)
    scene2.does("RPUSH k x")
    assert waiter.hears() == [b"k", b"x"]
    for client, told in zip(clients, before, strict=True):
        client.must("CONFIG", "SET", *(told if isinstance(told, list) else next(iter(told.items()))))


def test_a_list_of_another_database_wakes_nobody(scene):
    waiter = scene.waiter("BLPOP", "k", 0)
    scene.does("SELECT 1", "RPUSH k x", "SELECT 0", "RPUSH k y")
    assert waiter.hears() == [b"k", b"y"]


def test_a_value_of_another_kind_wakes_nobody(scene):
    waiter = scene.waiter("BLPOP", "k", 0)
    scene.does("SET k x", "DEL k", "HSET k f v", "DEL k", "RPUSH k y")
    assert waiter.hears() == [b"k", b"y"]


def test_a_value_of_another_kind_is_refused_before_waiting(scene):
    scene.does("SET k x", *(command for command in WAITING.values()))
    scene.does("BLPOP nothing k 0", "BLMPOP 0 2 nothing k LEFT")


# ---- timeouts ----


@pytest.mark.parametrize("command", [command.replace(" 0", " 0.01", 1) for command in WAITING.values()])
def test_who_waited_in_vain_gets_a_null(scene, command):
    assert scene.does(command) == [None]


@pytest.mark.parametrize("timeout", ["x", "", "-1", "-0.5", "nan", " 1", "1 ", "1e-5000", "-1e30", "-inf"])
def test_a_wrong_timeout_is_refused(scene2, timeout):
    for command in (["BLPOP", "k"], ["BRPOPLPUSH", "k", "l"], ["BLMOVE", "k", "l", "LEFT", "LEFT"]):
        scene2.pair.check(*command, timeout)
    scene2.pair.check("BLMPOP", timeout, 1, "k", "LEFT")


@pytest.mark.parametrize("timeout", ["inf", "1e30", "9223372036854776", "9223372036854775.5"])
def test_a_timeout_beyond_all_time_is_refused(client, timeout):
    assert str(client.do("BLPOP", "k", timeout)) == "ERR timeout is out of range"


@pytest.mark.parametrize("timeout", ["0.000001", "0x0.01p0", "1e-320", ".01", "00.01"])
def test_the_shortest_timeout_is_not_for_ever(scene2, timeout):
    assert scene2.pair.check("BLPOP", "k", timeout) is None


@pytest.mark.parametrize("timeout", ["-0.0001", "-0", "9223370000000000", "0x10"])
def test_a_timeout_that_does_not_come(scene2, timeout):
    waiter = scene2.waiter("BLPOP", "k", timeout)
    scene2.does("RPUSH k x")
    waiter.hears()


def test_a_timeout_ends_one_wait_and_no_other(scene):
    patient, short = scene.waiter("BLPOP", "k", 0), scene.waiter()
    assert short.pair.check("BLPOP", "k", "0.2") is None
    scene.does("RPUSH k x")
    assert patient.hears() == [b"k", b"x"]


def test_the_timeout_of_a_wait_that_ended_ends_no_later_one(scene2):
    waiter = scene2.waiter()
    for seconds in (0.3, 2, 8, 30):
        for client in (waiter.pair.ours, waiter.pair.oracle):
            client.send("BLPOP", "k", seconds)
        scene2.does("RPUSH k x")
        heard = [client.read().decoded for client in (waiter.pair.ours, waiter.pair.oracle)]
        scene2.pair.setup("DEL", "k")
        # On a busy machine the push may be too late.
        if None not in heard:
            break
    assert heard == [[b"k", b"x"]] * 2
    waiter.waits("BLPOP", "k", 0)
    assert scene2.does(f"BLPOP other {seconds + 0.1}") == [None]
    scene2.does("RPUSH k y")
    assert waiter.hears() == [b"k", b"y"]


# ---- transactions and pipelines ----


def test_nothing_waits_inside_a_transaction(scene):
    commands = [*WAITING.values(), "BLPOP k nothing 100"]
    scene.together(*commands, "RPUSH k a b c d e f g h", *commands)


def test_what_follows_in_a_pipeline_waits_too(scene):
    waiter = scene.waiter()
    with scene.awaiting(1):
        for client in (waiter.pair.ours, waiter.pair.oracle):
            client.send("SET", "before", "1")
            client.send("BLPOP", "k", "0")
            client.send("SET", "after", "1")
            client.send("BLPOP", "k", "0")
            client.send("GET", "after")
    waiter.pair.compare("before", waiter.pair.ours.read(), waiter.pair.oracle.read())
    scene.does("MGET before after", "RPUSH k x y")
    for _ in range(4):
        waiter.pair.compare("pipelined", waiter.pair.ours.read(), waiter.pair.oracle.read())


def test_what_is_sent_while_waiting_is_executed_afterwards(scene2):
    waiter = scene2.waiter("BLPOP", "k", 0)
    for client in (waiter.pair.ours, waiter.pair.oracle):
        for part in (b"*2\r\n$4\r\nECHO\r\n$5\r", b"\nhel", b"lo\r\nPI"):
            client.send_bytes(part)
        client.send_bytes(b"NG\r\n")
    scene2.does("RPUSH k x")
    waiter.hears()
    assert [waiter.pair.ours.read().decoded for _ in range(2)] == [b"hello", "PONG"]


# ---- CLIENT ----


@pytest.mark.parametrize("reason", [[], ["TIMEOUT"], ["ERROR"], ["error"]])
def test_client_unblock_ends_the_wait(scene, reason):
    waiter = scene.waiter("BLPOP", "k", 0)
    unblock(scene, waiter, *reason)
    waiter.hears()
    unblock(scene, waiter, *reason)
    scene.does("RPUSH k x", "LRANGE k 0 -1")


def unblock(scene, waiter, *reason):
    replies = [
        client.call("CLIENT", "UNBLOCK", number, *reason)
        for client, number in zip((scene.pair.ours, scene.pair.oracle), waiter.ids, strict=True)
    ]
    return scene.pair.compare("CLIENT UNBLOCK", *replies)


def test_client_unblock_of_who_does_not_wait_answers_zero(scene2):
    waiter = scene2.waiter()
    assert unblock(scene2, waiter) == 0
    scene2.does(
        "CLIENT UNBLOCK 999999999", "CLIENT UNBLOCK x", "CLIENT UNBLOCK 1 SOMETIMES", "CLIENT UNBLOCK 1 ERROR x"
    )


def test_a_client_unblocked_within_a_transaction_that_pushes_gets_nothing(scene2):
    waiter = scene2.waiter("BLPOP", "k", 0)
    for client, number in zip((scene2.pair.ours, scene2.pair.oracle), waiter.ids, strict=True):
        client.must("MULTI")
        client.must("RPUSH", "k", "x")
        client.must("CLIENT", "UNBLOCK", number)
        assert client.must("EXEC") == [1, 1]
    assert waiter.hears() is None
    scene2.does("LRANGE k 0 -1")


def test_client_list_and_info_tell_who_waits(scene2):
    waiters = [scene2.waiter("BLPOP", "a", "b", 0), scene2.waiter("BLPOP", "a", 100)]
    ours = scene2.pair.ours
    # The connections that polled the number of blocked clients may not be closed yet.
    wait_until(lambda: flags_of_clients(ours) == ["N", "b", "b"], "the others to be gone")
    assert waiting_counts(ours) == ["2", "2", "0", "1"]
    scene2.does("RPUSH a x y")
    for waiter in waiters:
        waiter.hears()
    assert waiting_counts(ours) == ["0", "0", "0", "0"]


def flags_of_clients(client):
    lines = client.must("CLIENT", "LIST").decode().splitlines()
    return sorted(line.split("flags=")[1].split()[0] for line in lines)


def waiting_counts(client):
    told = fields(client, "clients")
    names = ("blocked_clients", "total_blocking_keys", "total_blocking_keys_on_nokey", "clients_in_timeout_table")
    return [told[name] for name in names]


@pytest.mark.parametrize("mode", ["SKIP", "OFF"])
def test_client_reply_withholds_the_answer_of_who_waited(scene2, mode):
    waiter = scene2.waiter()
    for client in (waiter.pair.ours, waiter.pair.oracle):
        client.send("CLIENT", "REPLY", mode)
    waiter.waits("BLPOP", "k", 0)
    with scene2.awaiting(-1):
        scene2.does("RPUSH k x y", "LRANGE k 0 -1")
    assert waiter.pair.check("CLIENT", "REPLY", "ON") == "OK"


# ---- statistics ----


def test_a_command_that_waited_counts_once(scene2):
    scene2.does("CONFIG RESETSTAT")
    waiter = scene2.waiter("BLPOP", "k", 0)
    scene2.does("RPUSH other x", "RPUSH k x", "BLPOP k 0.01")
    waiter.hears()
    told = fields(scene2.pair.ours, "commandstats")["cmdstat_blpop"]
    assert told.startswith("calls=2,")
    assert told.endswith("rejected_calls=0,failed_calls=0")


def test_the_time_of_waiting_is_not_told_to_the_slow_log(scene2):
    """However slow the machine, no logged duration is as long as the wait."""
    with scene2.pair.config(slowlog_log_slower_than=0):
        scene2.does("SLOWLOG RESET")
        waiter = scene2.waiter("BLPOP", "k", 0)
        scene2.does("BLPOP other 0.3", "RPUSH k x")
        waiter.hears()
        for client in (scene2.pair.ours, scene2.pair.oracle):
            noted = client.must("SLOWLOG", "GET", -1)
            assert b"RPUSH" in [entry[3][0] for entry in noted]
            assert all(entry[2] < 300_000 for entry in noted if entry[3][0] == b"BLPOP")


def test_an_error_of_client_unblock_is_charged_to_the_command_that_waited(scene2):
    scene2.does("CONFIG RESETSTAT")
    waiter = scene2.waiter("BLPOP", "k", 0)
    unblock(scene2, waiter, "ERROR")
    waiter.hears()
    told = fields(scene2.pair.ours, "commandstats")
    assert told["cmdstat_blpop"].endswith("failed_calls=1")
    assert told["cmdstat_client|unblock"].endswith("failed_calls=0")
    assert fields(scene2.pair.ours, "errorstats") == {"errorstat_UNBLOCKED": "count=1"}


# ---- what is recorded of a command that waits; Redis 7.4 counts it when it is answered, 7.0 when it begins ----


def stats_of(client, command: str) -> dict[str, str]:
    found = fields(client, "commandstats").get(f"cmdstat_{command}", "")
    return dict(part.split("=") for part in found.split(",") if part)


def slow_commands(client) -> list[bytes]:
    return [entry[3][0] for entry in client.must("SLOWLOG", "GET", -1)]


@pytest.mark.parametrize(
    ("timeout", "end", "failed"),
    [("0", ["RPUSH", "k", "x"], "0"), ("0.05", [], "0"), ("0", ["CLIENT", "UNBLOCK", "{id}", "ERROR"], "1")],
    ids=["served", "timeout", "unblocked"],
)
def test_a_command_that_waits_is_counted_and_logged_when_it_is_answered(start_ours, timeout, end, failed):
    server = start_ours("--slowlog-log-slower-than", "0")
    with server.client() as client, server.client() as waits:
        number = waits.must("CLIENT", "ID")
        client.must("SLOWLOG", "RESET")
        waits.send("BLPOP", "k", timeout)
        if end:
            await_blocked(client, 1)
            assert stats_of(client, "blpop") == {}
            assert b"BLPOP" not in slow_commands(client)
            client.must(*(str(number) if word == "{id}" else word for word in end))
        waits.read()
        counted = stats_of(client, "blpop")
        assert (counted["calls"], counted["failed_calls"]) == ("1", failed)
        assert slow_commands(client).count(b"BLPOP") == 1
        recorded = next(entry for entry in client.must("SLOWLOG", "GET", -1) if entry[3][0] == b"BLPOP")
        # Not the wait, which may take any time.
        assert abs(recorded[2] - int(counted["usec"])) <= 1
        assert client.must("LATENCY", "HISTOGRAM", "blpop")[1][1] == 1


def test_a_command_whose_client_goes_is_not_counted(start_ours):
    server = start_ours("--slowlog-log-slower-than", "0")
    with server.client() as client:
        gone = server.client()
        gone.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        gone.close()
        await_blocked(client, 0)
        assert stats_of(client, "blpop") == {}
        assert b"BLPOP" not in slow_commands(client)
