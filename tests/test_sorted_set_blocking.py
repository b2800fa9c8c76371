"""BZPOPMIN, BZPOPMAX and BZMPOP: served at once, after a wait, or timed out; and what pops and other changes of sorted
sets write to the append-only file."""

import pytest
from test_strings import file_servers, files  # noqa: F401

from support.aof_folder import info
from support.client import wait_until

WAITING = [
    (("BZPOPMIN", "k", "z", 0), ("ZADD", "z", 1, "a", 2, "b")),
    (("BZPOPMAX", "z", 0), ("ZADD", "z", 1, "a", 2, "b")),
    (("BZMPOP", 0, 2, "k", "z", "MIN"), ("ZADD", "z", 1, "a", 2, "b")),
    (("BZMPOP", 0, 1, "z", "MAX", "COUNT", 2), ("ZADD", "z", 1, "a", 2, "b", 3, "c")),
    (("BZPOPMIN", "z", 0), ("ZINCRBY", "z", 5, "a")),
    (("BZPOPMIN", "z", 0), ("ZUNIONSTORE", "z", 1, "there")),
    (("BZPOPMIN", "z", 0), ("ZRANGESTORE", "z", "there", 0, -1)),
    (("BZPOPMIN", "z", 0), ("RENAME", "there", "z")),
    (("BZPOPMIN", "z", 0), ("COPY", "there", "z")),
]


def somebody_waits(client):
    return info(client, "clients")["blocked_clients"] != "0"


def test_a_set_that_has_members_is_served_at_once(pair):
    pair.setup("ZADD", "z", 1, "a", 2, "b", 3, "c", 4, "d", 5, "e")
    pair.check("BZPOPMIN", "absent", "z", 0)
    pair.check("BZPOPMAX", "z", "absent", 0)
    pair.check("BZMPOP", 0, 2, "absent", "z", "MIN")
    pair.check("BZMPOP", 0, 1, "z", "MAX", "COUNT", 10)
    pair.check("EXISTS", "z")


@pytest.mark.parametrize(
    "arguments",
    [
        ("BZPOPMIN", "z", "a"),
        ("BZPOPMIN", "z", "-1"),
        ("BZPOPMAX", "text", "1"),
        ("BZPOPMAX", "absent", "text", "1"),
        ("BZPOPMIN", "absent", "0.01"),
        ("BZPOPMIN", "z"),
        ("BZMPOP", "a", 1, "z", "MIN"),
        ("BZMPOP", "-1", 1, "z", "MIN"),
        ("BZMPOP", "a", 0, "z", "MIN"),
        ("BZMPOP", "-1", 1, "z", "FOO"),
        ("BZMPOP", 0, 0, "z", "MIN"),
        ("BZMPOP", 0, 1, "z", "FOO"),
        ("BZMPOP", 0, 2, "z", "MIN"),
        ("BZMPOP", 0, 1, "z", "MIN", "COUNT", 0),
        ("BZMPOP", 0, 1, "text", "MIN"),
        ("BZMPOP", "0.01", 1, "absent", "MIN"),
    ],
)
def test_errors_and_waits_in_vain(pair, arguments):
    pair.setup("SET", "text", "abc")
    pair.check(*arguments)


@pytest.mark.parametrize(("waiting", "waking"), WAITING, ids=lambda words: " ".join(map(str, words)))
def test_a_client_that_waits_is_woken(pair, waiting, waking):
    pair.setup("ZADD", "there", 7, "x", 8, "y")
    with pair.another() as other:
        for client in (other.ours, other.oracle):
            client.send(*waiting)
        for client in (pair.ours, pair.oracle):
            wait_until(lambda client=client: somebody_waits(client), "the wait")
        pair.check(*waking)
        pair.compare(waiting, other.ours.read(), other.oracle.read())
    pair.check("ZRANGE", "z", 0, -1, "WITHSCORES")
    pair.digest()


def test_inside_a_transaction_nobody_waits(pair):
    pair.setup("ZADD", "z", 1, "a")
    pair.setup("MULTI")
    pair.check("BZPOPMIN", "absent", 0)
    pair.check("BZMPOP", 0, 1, "absent", "MAX")
    pair.check("BZPOPMIN", "z", 0)
    pair.check("EXEC")


PROPAGATED = [
    ("BZPOPMIN", "absent", "z", 0),
    ("BZPOPMAX", "z", 0),
    ("BZMPOP", 0, 1, "z", "MIN"),
    ("BZMPOP", 0, 1, "z", "MAX", "COUNT", 2),
    ("ZMPOP", 2, "absent", "z", "MAX"),
    ("ZMPOP", 1, "z", "MIN", "COUNT", 100),
    ("ZPOPMIN", "z", 100),
    ("ZPOPMAX", "z", 0),
    ("ZADD", "z", "INCR", 0.5, "a"),
    ("ZADD", "z", "GT", 0, "a"),
    ("ZADD", "z", 1, "a"),
    ("ZINCRBY", "z", 0, "a"),
    ("ZINCRBY", "z", 0.25, "a"),
    ("ZRANGESTORE", "z", "absent", 0, -1),
    ("ZRANGESTORE", "y", "absent", 0, -1),
    ("ZUNIONSTORE", "y", 1, "z"),
    ("ZREM", "z", "absent"),
    ("ZREMRANGEBYSCORE", "z", 50, 60),
    ("ZREMRANGEBYRANK", "z", 0, 1),
]


@pytest.mark.parametrize("command", PROPAGATED, ids=lambda words: " ".join(map(str, words)))
def test_the_file_gets_what_the_oracles_gets(files, command):  # noqa: F811
    files.setup("ZADD", "z", 1, "a", 2, "b", 3, "c", 4, "d", 5, "e", 6, "f")
    files.written()
    files.check(*command)
    files.written()
    files.digest()
