"""Blocking XREAD and XREADGROUP, compared with the oracle; and, without it, what only later versions of Redis do."""

import re

import pytest

from support.client import wait_until
from support.waiting import Scene, await_blocked


@pytest.fixture
def scene(pair):
    with Scene(pair) as scene:
        yield scene


READ = "XREAD BLOCK 0 STREAMS s $"
GROUP = "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"


def test_who_waits_for_new_entries_hears_of_the_next_one(scene):
    scene.does("XADD s 1-1 f v")
    first, second = scene.waiter(*READ.split()), scene.waiter("XREAD", "BLOCK", 0, "STREAMS", "other", "s", "$", "5-0")
    scene.does("XADD s 2-2 f w")
    first.hears()
    scene.does("XADD s 5-1 f x", "XLEN s")
    second.hears()


def test_what_the_last_id_was_counts_when_the_wait_began(scene):
    """Not the last ID at the time the client is served: it gets every entry of a transaction."""
    waiter = scene.waiter(*READ.split())
    scene.together("XADD s 1-1 f v", "XADD s 2-2 f w", "XADD s 3-3 f x")
    waiter.hears()


@pytest.mark.parametrize("ids", ["$ 0", "0-0 0", "5-0 9-9"])
def test_what_waits_has_looked_its_keys_up_as_often_as_in_redis(pair, ids):
    pair.setup("XADD", "s", "5-0", "f", "v")
    pair.setup("CONFIG", "RESETSTAT")
    pair.check("XREAD", "BLOCK", 1, "STREAMS", "s", "none", *ids.split())
    for name in (rb"keyspace_hits:\d+", rb"keyspace_misses:\d+"):
        pair.check("INFO", "stats", by=lambda text, name=name: re.search(name, text)[0])


def test_what_came_and_went_within_a_transaction_wakes_nobody(scene):
    waiter = scene.waiter(*READ.split())
    scene.together("XADD s 1-1 f v", "DEL s")
    scene.does("XADD s 3-1 f v")
    waiter.hears()


def test_a_count_limits_what_is_told_after_a_wait(scene):
    waiter = scene.waiter("XREAD", "COUNT", 2, "BLOCK", 0, "STREAMS", "s", "0")
    scene.together("XADD s 1-1 f v", "XADD s 2-2 f w", "XADD s 3-3 f x")
    waiter.hears()


def test_a_key_of_another_type_does_not_wake_a_reader(scene):
    waiter = scene.waiter(*READ.split())
    scene.does("SET s text", "APPEND s more", "DEL s", "RPUSH s a", "DEL s", "XADD s 1-1 f v")
    waiter.hears()


def test_a_wait_ends_in_time_or_when_told(scene):
    for timeout, name in ((20, "XREAD"), (20, "XREADGROUP GROUP g c")):
        scene.does("XGROUP CREATE s g $ MKSTREAM") if name != "XREAD" else None
        scene.does(f"{name} BLOCK {timeout} STREAMS s {'$' if name == 'XREAD' else '>'}")
    waiter = scene.waiter(*READ.split())
    for client, id in zip((scene.pair.ours, scene.pair.oracle), waiter.ids, strict=True):
        assert client.must("CLIENT", "UNBLOCK", id, "ERROR") == 1
    waiter.hears()


def test_inside_a_transaction_nobody_waits(scene):
    scene.does("XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATECONSUMER s g c")
    scene.together(READ, GROUP, "XADD s 1-1 f v", GROUP)


def test_consumers_are_served_in_the_order_of_their_coming(scene):
    scene.does("XGROUP CREATE s g $ MKSTREAM")
    waiters = [
        scene.waiter("XREADGROUP", "GROUP", "g", f"c{number}", "COUNT", 1, "BLOCK", 0, "STREAMS", "s", ">")
        for number in range(3)
    ]
    scene.together("XADD s 1-1 f v", "XADD s 2-2 f w")
    waiters[0].hears()
    waiters[1].hears()
    scene.does("XADD s 3-3 f x")
    waiters[2].hears()
    for number in range(3):
        scene.does(f"XREADGROUP GROUP g c{number} STREAMS s 0")


def test_readers_and_consumers_all_hear_of_one_entry(scene):
    scene.does("XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATE s h $")
    waiters = [
        scene.waiter(*READ.split()),
        scene.waiter(*GROUP.split()),
        scene.waiter(*GROUP.replace(" g ", " h ").split()),
        scene.waiter(*READ.split()),
    ]
    scene.does("XADD s 1-1 f v")
    for waiter in waiters:
        waiter.hears()
    scene.does("XPENDING s g", "XPENDING s h")


def test_history_is_told_at_once_be_there_any_or_not(scene):
    scene.does("XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATECONSUMER s g c")
    scene.does("XREADGROUP GROUP g c BLOCK 0 STREAMS s 0")


def test_a_new_stream_under_the_name_is_served(scene):
    scene.does("XGROUP CREATE s g $ MKSTREAM", "XADD t 1-1 f v", "XGROUP CREATE t g 0")
    waiter = scene.waiter(*GROUP.split())
    scene.does("RENAME t s")
    waiter.hears()


def test_a_client_that_went_away_takes_nothing(scene):
    scene.does("XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATECONSUMER s g c", "XGROUP CREATECONSUMER s g d")
    gone = scene.waiter(*GROUP.split())
    waiter = scene.waiter(*GROUP.replace(" c ", " d ").split())
    gone.goes()
    scene.does("XADD s 1-1 f v")
    waiter.hears()
    scene.does("XPENDING s g")


ENDINGS = {
    "XGROUP DESTROY s g": "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
    "DEL s": "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
    "FLUSHALL": "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
    "RENAME s other": "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
    "SET s text": "WRONGTYPE Operation against a key holding the wrong kind of value",
}


@pytest.mark.parametrize("command", ENDINGS)
def test_the_end_of_a_group_ends_the_wait(shared_ours, command):
    """As in 7.2 and later, the error is the one that the command would get if it were sent now."""
    with shared_ours.client() as client, shared_ours.client() as waiting:
        client.must("FLUSHALL")
        client.must("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
        waiting.send(*GROUP.split())
        await_blocked(client, 1)
        client.must(*command.split())
        assert str(waiting.read().decoded).startswith(ENDINGS[command])
        await_blocked(client, 0)


def test_all_streams_with_something_are_in_the_answer(shared_ours):
    """Since 7.2 the command runs again; the oracle replies with only the key that woke it."""
    with shared_ours.client() as client, shared_ours.client(3) as waiting:
        client.must("FLUSHALL")
        waiting.send("XREAD", "BLOCK", 0, "STREAMS", "a", "b", "c", "$", "$", "$")
        await_blocked(client, 1)
        client.must("MULTI")
        client.must("XADD", "c", "1-1", "f", "v")
        client.must("XADD", "a", "1-2", "f", "w")
        client.must("EXEC")
        assert waiting.read().decoded == {
            b"a": [[b"1-2", [b"f", b"w"]]],
            b"c": [[b"1-1", [b"f", b"v"]]],
        }


def test_an_entry_that_came_and_went_within_a_transaction_wakes_nobody(shared_ours):
    """The oracle replies with a stream without entries."""
    with shared_ours.client() as client, shared_ours.client(3) as waiting:
        client.must("FLUSHALL")
        waiting.send(*READ.split())
        await_blocked(client, 1)
        client.must("MULTI")
        client.must("XADD", "s", "1-1", "f", "v")
        client.must("XDEL", "s", "1-1")
        client.must("EXEC")
        client.must("XADD", "s", "1-2", "f", "w")
        assert waiting.read().decoded == {b"s": [[b"1-2", [b"f", b"w"]]]}


def test_plus_waits_for_what_comes(shared_ours):
    with shared_ours.client() as client, shared_ours.client(3) as waiting:
        client.must("FLUSHALL")
        waiting.send("XREAD", "BLOCK", 0, "STREAMS", "s", "+")
        await_blocked(client, 1)
        client.must("XADD", "s", "1-1", "f", "v")
        assert waiting.read().decoded == {b"s": [[b"1-1", [b"f", b"v"]]]}


def test_a_consumer_that_waits_exists_and_was_seen(shared_ours):
    with shared_ours.client() as client, shared_ours.client() as waiting:
        client.must("FLUSHALL")
        client.must("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
        waiting.send(*GROUP.split())
        await_blocked(client, 1)
        row = client.must("XINFO", "CONSUMERS", "s", "g")[0]
        assert row[:4] == [b"name", b"c", b"pending", 0]
        client.must("XADD", "s", "1-1", "f", "v")
        waiting.read()
        wait_until(lambda: client.must("XINFO", "CONSUMERS", "s", "g")[0][3] == 1, "the entry to be pending")
