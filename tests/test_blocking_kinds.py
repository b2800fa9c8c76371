"""Waiting for keys that may become values of several types, compared with the oracle."""

import pytest

from support.waiting import Scene, await_blocked, fields


@pytest.fixture
def scene(pair):
    with Scene(pair) as scene:
        yield scene


def test_each_is_woken_by_its_kind_of_value_alone(scene):
    for_list, for_set = scene.waiter("BLPOP", "k", 0), scene.waiter("BZPOPMIN", "k", 0)
    scene.does("ZADD k 1 a")
    for_set.hears()
    scene.does("EXISTS k", "RPUSH k x")
    for_list.hears()


def test_a_key_that_changes_its_kind_within_a_transaction_is_what_it_is_at_the_end(scene):
    for_list, for_set = scene.waiter("BLPOP", "k", 0), scene.waiter("BZPOPMIN", "k", 0)
    scene.together("RPUSH k x", "DEL k", "ZADD k 1 a 2 b")
    for_set.hears()
    scene.does("ZRANGE k 0 -1", "DEL k", "RPUSH k y")
    for_list.hears()


def test_a_group_that_is_destroyed_and_made_again_goes_on(scene):
    scene.does("XGROUP CREATE s g $ MKSTREAM")
    reader = scene.waiting("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")
    scene.together("XGROUP DESTROY s g", "XGROUP CREATE s g $")
    scene.does("XADD s 1-1 f v")
    reader.hears()


@pytest.mark.parametrize(("command", "error"), [("SWAPDB 0 1", b"NOGROUP"), ("PEXPIRE s 1", b"NOGROUP")])
def test_a_wait_for_a_group_ends_however_its_key_goes(client, shared_ours, command, error):
    """Redis 7.0 has different error texts here."""
    client.must("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    with shared_ours.client() as waiting:
        waiting.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">")
        await_blocked(client, 1)
        assert fields(client, "clients")["total_blocking_keys_on_nokey"] == "1"
        client.must(*command.split())
        assert waiting.read().value.startswith(error)
        await_blocked(client, 0)
        assert fields(client, "clients")["total_blocking_keys"] == "0"


@pytest.mark.parametrize(("waiting", "acting"), [(2, 3), (3, 2)])
def test_each_is_answered_in_its_own_protocol(shared_ours, waiting, acting):
    """This also holds for the request after the push, or after CLIENT UNBLOCK, in the same pipeline."""
    pairs = {2: b"*2\r\n$1\r\nf\r\n$1\r\n1\r\n", 3: b"%1\r\n$1\r\nf\r\n$1\r\n1\r\n"}
    nothing = {2: b"*-1\r\n", 3: b"_\r\n"}
    with shared_ours.client(waiting) as waiter, shared_ours.client(acting) as client:
        client.must("HSET", "h", "f", "1")
        waiter.send("BZPOPMIN", "z", "0")
        await_blocked(client, 1)
        replies = client.pipeline([["ZADD", "z", "1.5", "a"], ["HGETALL", "h"]])
        assert [reply.raw for reply in replies] == [b":1\r\n", pairs[acting]]
        score = {2: b"$3\r\n1.5\r\n", 3: b",1.5\r\n"}[waiting]
        assert waiter.read().raw == b"*3\r\n$1\r\nz\r\n$1\r\na\r\n" + score
        name = waiter.must("CLIENT", "ID")
        waiter.send("BZPOPMIN", "z", "0")
        await_blocked(client, 1)
        replies = client.pipeline([["CLIENT", "UNBLOCK", name], ["HGETALL", "h"]])
        assert [reply.raw for reply in replies] == [b":1\r\n", pairs[acting]]
        assert waiter.read().raw == nothing[waiting]
