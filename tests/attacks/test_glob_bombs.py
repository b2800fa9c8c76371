"""Patterns that would take exponential time if each ``*`` tried every place: KEYS, SCAN, PSUBSCRIBE, CONFIG GET.

With backtracking the first of them would not end in the age of the world, so it is enough that each is answered.
"""

import pytest

from support.client import encode_command

BOMB = "*a" * 60 + "b"
TEXT = "a" * 5000
# Stars alone, and in turn with other elements.
BOMBS = [BOMB, "*?" * 60 + "b", "*[a-z]" * 60 + "b", "**" * 500 + "!b", "*\\a" * 60 + "b"]


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_pattern_of_many_stars_is_answered(client, bomb):
    client.must("SET", TEXT, "v")
    client.must("SADD", "set", TEXT)
    client.must("HSET", "hash", TEXT, "v")
    client.must("ZADD", "zset", 1, TEXT)
    assert client.must("KEYS", bomb) == []
    for command in (["SCAN", 0], ["SSCAN", "set", 0], ["HSCAN", "hash", 0], ["ZSCAN", "zset", 0]):
        assert not client.must(*command, "MATCH", bomb, "COUNT", 1000)[1]
    assert not client.must("CONFIG", "GET", bomb)
    assert client.must("COMMAND", "LIST", "FILTERBY", "PATTERN", bomb) == []
    assert client.must("FUNCTION", "LIST", "LIBRARYNAME", bomb) == []
    assert client.must("DEBUG", "STRINGMATCH-LEN", bomb, TEXT) == 0


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_subscription_to_such_a_pattern_does_not_hold_up_publishers(shared_ours, bomb):
    with shared_ours.client() as subscriber, shared_ours.client() as other:
        subscriber.must("PSUBSCRIBE", bomb)
        assert other.must("PUBLISH", TEXT, "message") == 0
        other.must("SUBSCRIBE", TEXT)
        with shared_ours.client() as third:
            assert third.must("PUBSUB", "CHANNELS", bomb) == []


def test_many_such_patterns_are_matched_with_every_message(shared_ours):
    with shared_ours.client() as subscriber, shared_ours.client() as other:
        patterns = [f"{BOMB}{number}" for number in range(200)]
        subscriber.send_bytes(encode_command("PSUBSCRIBE", *patterns))
        for _ in patterns:
            subscriber.read()
        assert other.must("PUBLISH", TEXT, "message") == 0


@pytest.mark.parametrize(
    ("script", "matches"),
    [
        ("string.find(('a'):rep(5000), ('a*'):rep(30) .. 'b')", False),
        ("string.find(('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30))", True),
    ],
)
def test_a_pattern_of_a_script_can_be_killed(start_ours, script, matches):
    """Lua's patterns backtrack by their definition; a script that runs for too long lets others stop it."""
    from support.client import wait_until

    server = start_ours("--busy-reply-threshold", "50")
    with server.client() as attacker, server.client() as other:
        attacker.send("EVAL", f"return {script} and 1 or 0", 0)

        def is_over() -> bool:
            other.do("SCRIPT", "KILL")
            return not attacker.is_silent(0.02)

        wait_until(is_over, "the end of the script")
        reply = attacker.read()
        assert reply.is_error or reply.decoded == int(matches)
        assert other.must("PING") == "PONG"
