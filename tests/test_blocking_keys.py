"""Waiting for several keys at once.

Since 7.2, a client that is woken checks all of its keys again, in the order of its arguments, and gets the errors that
its command would get. The oracle, a 7.0, checks only the key that changed, so these tests run only on our server.
"""

import contextlib

import pytest

from support.waiting import await_blocked, fields

WRONGTYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"


@pytest.fixture
def waiting(client, shared_ours):
    """A function that sends a command from a new client and returns that client when it is blocked."""
    with contextlib.ExitStack() as stack:

        def start(line):
            other = stack.enter_context(shared_ours.client())
            count = int(fields(client, "clients")["blocked_clients"])
            other.send(*line.split())
            await_blocked(client, count + 1)
            return other

        yield start
    await_blocked(client, 0)


def together(client, *lines):
    """Run the commands as one transaction."""
    for line in ("MULTI", *lines):
        client.must(*line.split())
    client.must("EXEC")


SEVERAL = [
    ("BLPOP a b c 0", "RPUSH {} {}", [b"a", b"2"]),
    ("BRPOP b c a 0", "RPUSH {} {}", [b"b", b"3"]),
    ("BLMPOP 0 3 a b c LEFT", "RPUSH {} {}", [b"a", [b"2"]]),
    ("BZPOPMIN a b c 0", "ZADD {} {} m", [b"a", b"m", b"2"]),
    ("BZPOPMAX b c a 0", "ZADD {} {} m", [b"b", b"m", b"3"]),
    ("BZMPOP 0 3 a b c MIN", "ZADD {} {} m", [b"a", [[b"m", b"2"]]]),
]


@pytest.mark.parametrize(("line", "add", "expected"), SEVERAL, ids=[line for line, *_ in SEVERAL])
def test_of_several_keys_the_first_argument_that_has_something_is_taken(client, waiting, line, add, expected):
    waiter = waiting(line)
    together(client, add.format("c", 1), add.format("a", 2), add.format("b", 3))
    assert waiter.read().decoded == expected


def test_who_takes_from_another_key_leaves_the_one_that_woke_it_to_the_next(client, waiting):
    both, only = waiting("BLPOP a b 0"), waiting("BLPOP b 0")
    together(client, "RPUSH b 1", "RPUSH a 2")
    assert both.read().decoded == [b"a", b"2"]
    assert only.read().decoded == [b"b", b"1"]
    assert client.must("EXISTS", "a", "b") == 0


@pytest.mark.parametrize(
    ("line", "add"),
    [
        ("BLPOP a b 0", "RPUSH b 1"),
        ("BRPOP a b 0", "RPUSH b 1"),
        ("BLMPOP 0 2 a b LEFT", "RPUSH b 1"),
        ("BZPOPMIN a b 0", "ZADD b 1 m"),
        ("BZPOPMAX a b 0", "ZADD b 1 m"),
        ("BZMPOP 0 2 a b MAX", "ZADD b 1 m"),
        ("XREAD BLOCK 0 STREAMS a b $ $", "XADD b 1-1 f v"),
    ],
)
def test_another_key_of_another_kind_ends_the_wait_with_an_error(client, waiting, line, add):
    waiter = waiting(line)
    client.must("SET", "a", "x")
    client.must(*add.split())
    assert waiter.read().value == WRONGTYPE
    assert client.must("EXISTS", "b") == 1


def test_a_key_of_another_kind_behind_the_one_that_has_something_is_not_looked_at(client, waiting):
    waiter = waiting("BLPOP b a 0")
    client.must("SET", "a", "x")
    client.must("RPUSH", "b", "1")
    assert waiter.read().decoded == [b"b", b"1"]


def test_a_key_of_another_kind_wakes_nobody(client, waiting):
    waiter = waiting("BLPOP a b 0")
    together(client, "RPUSH a 1", "DEL a", "SET a x")
    assert fields(client, "clients")["blocked_clients"] == "1"
    client.must("DEL", "a")
    client.must("RPUSH", "b", "1")
    assert waiter.read().decoded == [b"b", b"1"]


def test_every_stream_that_has_something_is_in_the_answer(client, waiting):
    waiter = waiting("XREAD BLOCK 0 STREAMS a b $ $")
    together(client, "XADD b 1-1 f v", "XADD a 1-1 f v", "XADD a 1-2 f v")
    entry = [b"f", b"v"]
    assert waiter.read().decoded == [[b"a", [[b"1-1", entry], [b"1-2", entry]]], [b"b", [[b"1-1", entry]]]]
