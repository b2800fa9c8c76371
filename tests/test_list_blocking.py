"""BLPOP, BRPOP, BLMPOP, BLMOVE and BRPOPLPUSH: served at once, after a wait, or timed out; and what all list commands
write to the append-only file."""

import pytest
from test_strings import file_servers, files  # noqa: F401

from support.aof_folder import info
from support.client import wait_until

WAITING = [
    (("BLPOP", "k", "l", 0), ("RPUSH", "l", "a", "b", "c")),
    (("BRPOP", "l", 0), ("RPUSH", "l", "a", "b", "c")),
    (("BLPOP", "l", 0), ("LPUSH", "l", "a", "b", "c")),
    (("BLPOP", "l", 0), ("LPUSH", "l", "only")),
    (("BLMPOP", 0, 2, "k", "l", "LEFT"), ("RPUSH", "l", "a", "b", "c")),
    (("BLMPOP", 0, 1, "l", "RIGHT", "COUNT", 2), ("RPUSH", "l", "a", "b", "c")),
    (("BLMOVE", "l", "m", "LEFT", "RIGHT", 0), ("RPUSH", "l", "a", "b", "c")),
    (("BLMOVE", "l", "there", "RIGHT", "LEFT", 0), ("RPUSH", "l", "a", "b", "c")),
    (("BLMOVE", "l", "l", "LEFT", "RIGHT", 0), ("RPUSH", "l", "a", "b", "c")),
    (("BLMOVE", "l", "text", "LEFT", "RIGHT", 0), ("RPUSH", "l", "a")),
    (("BRPOPLPUSH", "l", "m", 0), ("RPUSH", "l", "a", "b", "c")),
    (("BRPOPLPUSH", "l", "text", 0), ("RPUSH", "l", "a", "b", "c")),
    (("BLPOP", "l", 0), ("LMOVE", "there", "l", "LEFT", "LEFT")),
    (("BLPOP", "l", 0), ("RPOPLPUSH", "there", "l")),
    (("BLPOP", "l", 0), ("RENAME", "there", "l")),
    (("BLPOP", "l", 0), ("COPY", "there", "l")),
]


def somebody_waits(client):
    return info(client, "clients")["blocked_clients"] != "0"


def test_a_list_that_has_elements_is_served_at_once(pair):
    pair.setup("RPUSH", "l", *range(10))
    pair.check("BLPOP", "absent", "l", 0)
    pair.check("BRPOP", "l", "absent", 0)
    pair.check("BLMPOP", 0, 2, "absent", "l", "LEFT")
    pair.check("BLMPOP", 0, 1, "l", "RIGHT", "COUNT", 2)
    pair.check("BLMOVE", "l", "m", "LEFT", "RIGHT", 0)
    pair.check("BRPOPLPUSH", "l", "m", 0)
    pair.check("BRPOPLPUSH", "m", "m", 0)
    pair.check("LRANGE", "m", 0, -1)
    pair.check("BLMPOP", 0, 1, "l", "RIGHT", "COUNT", 100)
    pair.check("EXISTS", "l")


@pytest.mark.parametrize(
    "arguments",
    [
        ("BLPOP", "l", "a"),
        ("BLPOP", "l", "-1"),
        ("BRPOP", "text", "1"),
        ("BRPOP", "absent", "text", "1"),
        ("BRPOP", "absent", "there", "text", "1"),
        ("BLPOP", "absent", "0.01"),
        ("BLPOP", "l"),
        ("BLMPOP", "a", 1, "l", "LEFT"),
        ("BLMPOP", "-1", 0, "l", "LEFT"),
        ("BLMPOP", 0, 0, "l", "LEFT"),
        ("BLMPOP", 0, 1, "l", "FOO"),
        ("BLMPOP", 0, 2, "l", "LEFT"),
        ("BLMPOP", 0, 1, "l", "LEFT", "COUNT", 0),
        ("BLMPOP", 0, 1, "text", "LEFT"),
        ("BLMPOP", "0.01", 1, "absent", "LEFT"),
        ("BLMOVE", "l", "m", "LEFT", "UP", 0),
        ("BLMOVE", "l", "m", "UP", "LEFT", "a"),
        ("BLMOVE", "l", "m", "LEFT", "LEFT", "a"),
        ("BLMOVE", "text", "m", "LEFT", "LEFT", 0),
        ("BLMOVE", "there", "text", "LEFT", "LEFT", 0),
        ("BLMOVE", "absent", "text", "LEFT", "LEFT", "0.01"),
        ("BLMOVE", "absent", "m", "LEFT", "LEFT", "0.01"),
        ("BRPOPLPUSH", "l", "m", "a"),
        ("BRPOPLPUSH", "l", "m", "-0.5"),
        ("BRPOPLPUSH", "text", "m", 0),
        ("BRPOPLPUSH", "there", "text", 0),
        ("BRPOPLPUSH", "absent", "m", "0.01"),
    ],
    ids=lambda words: "-".join(map(str, words)),
)
def test_errors_and_waits_in_vain(pair, arguments):
    pair.setup("SET", "text", "abc")
    pair.setup("RPUSH", "there", "a", "b")
    pair.check(*arguments)
    pair.digest()


@pytest.mark.parametrize(("waiting", "waking"), WAITING, ids=lambda words: "-".join(map(str, words)))
def test_a_client_that_waits_is_woken(pair, waiting, waking):
    pair.setup("RPUSH", "there", "x", "y")
    pair.setup("SET", "text", "abc")
    with pair.another() as other:
        for client in (other.ours, other.oracle):
            client.send(*waiting)
        for client in (pair.ours, pair.oracle):
            wait_until(lambda client=client: somebody_waits(client), "the wait")
        pair.check(*waking)
        pair.compare(waiting, other.ours.read(), other.oracle.read())
    for key in ("k", "l", "m", "there"):
        pair.check("LRANGE", key, 0, -1)
    pair.digest()


def test_a_chain_of_moves_is_woken_link_by_link(pair):
    with pair.another() as first, pair.another() as second:
        for waiting, command in ((first, ("BLMOVE", "a", "b", "LEFT", "LEFT", 0)), (second, ("BLPOP", "b", 0))):
            for client in (waiting.ours, waiting.oracle):
                client.send(*command)
        for client in (pair.ours, pair.oracle):
            wait_until(lambda client=client: info(client, "clients")["blocked_clients"] == "2", "the waits")
        pair.check("RPUSH", "a", "x", "y")
        for waiting in (first, second):
            pair.compare("the chain", waiting.ours.read(), waiting.oracle.read())
    pair.check("LRANGE", "a", 0, -1)
    pair.check("EXISTS", "b")


def test_inside_a_transaction_nobody_waits(pair):
    pair.setup("RPUSH", "l", "a")
    pair.setup("MULTI")
    pair.check("BLPOP", "absent", 0)
    pair.check("BRPOP", "absent", 0)
    pair.check("BLMPOP", 0, 1, "absent", "LEFT")
    pair.check("BLMOVE", "absent", "l", "LEFT", "LEFT", 0)
    pair.check("BRPOPLPUSH", "absent", "l", 0)
    pair.check("BLPOP", "l", 0)
    pair.check("EXEC")


PROPAGATED = [
    ("LPUSH", "l", "x", "y"),
    ("RPUSHX", "l", "x", "y"),
    ("RPUSHX", "absent", "x"),
    ("LPOP", "l"),
    ("RPOP", "l", 2),
    ("LPOP", "l", 100),
    ("LPOP", "l", 0),
    ("LSET", "l", -1, "z"),
    ("LINSERT", "l", "AFTER", "c", "z"),
    ("LINSERT", "l", "AFTER", "nothing", "z"),
    ("LREM", "l", -1, "a"),
    ("LREM", "l", 0, "nothing"),
    ("LTRIM", "l", 1, -2),
    ("LTRIM", "l", 0, -1),
    ("LTRIM", "l", 5, 1),
    ("LMOVE", "l", "m", "LEFT", "RIGHT"),
    ("LMOVE", "l", "l", "LEFT", "RIGHT"),
    ("RPOPLPUSH", "l", "m"),
    ("LMPOP", 2, "absent", "l", "RIGHT"),
    ("LMPOP", 1, "l", "LEFT", "COUNT", 100),
    ("LMPOP", 1, "absent", "LEFT"),
    ("BLPOP", "absent", "l", 0),
    ("BRPOP", "l", 0),
    ("BLMPOP", 0, 1, "l", "LEFT", "COUNT", 2),
    ("BLMOVE", "l", "m", "RIGHT", "LEFT", 0),
    ("BRPOPLPUSH", "l", "m", 0),
]


@pytest.mark.parametrize("command", PROPAGATED, ids=lambda words: "-".join(map(str, words)))
def test_the_file_gets_what_the_oracles_gets(files, command):  # noqa: F811
    files.setup("RPUSH", "l", "a", "b", "c", "a", "d")
    files.written()
    files.check(*command)
    files.written()
    files.digest()


def test_what_a_woken_client_takes_is_in_the_file_behind_what_woke_it(files):  # noqa: F811
    with files.another() as other:
        for client in (other.ours, other.oracle):
            client.send("BLMPOP", 0, 2, "k", "l", "RIGHT", "COUNT", 2)
        for client in (files.ours, files.oracle):
            wait_until(lambda client=client: somebody_waits(client), "the wait")
        files.check("RPUSH", "l", "a", "b", "c")
        files.compare("the pop", other.ours.read(), other.oracle.read())
    files.written()
    files.digest()


def test_long_lists_survive_a_kill_and_a_rewrite(start_ours):
    server = start_ours("--appendonly", "yes", "--list-compress-depth", "1", "--list-max-listpack-size", "-1")
    with server.client() as client:
        client.must("RPUSH", "short", "a", 1, "", "x" * 70)
        for begin in range(0, 20000, 1000):
            client.must("RPUSH", "long", *(f"element:{i:06d}" for i in range(begin, begin + 1000)))
        client.must("LINSERT", "long", "BEFORE", "element:010000", "y" * 10000)
        client.must("PEXPIRE", "long", 10_000_000)
        digest = client.must("DEBUG", "DIGEST")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest
        rewrites = int(info(client)["aof_rewrites"])
        client.must("BGREWRITEAOF")
        wait_until(lambda: int(info(client)["aof_rewrites"]) > rewrites, "the rewrite's beginning")
        wait_until(lambda: info(client)["aof_rewrite_in_progress"] == "0", "the rewrite's end")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest
        assert client.must("LINDEX", "long", 10000) == b"y" * 10000
