"""Requests with very many arguments: as many as Redis accepts, at a cost linear in the bytes that arrive.

A command whose cost is quadratic in its arguments would take hours here; its test fails when the client times out.
"""

import pytest

from support.aof_folder import commands, write_folder
from support.client import encode_command, wait_until

MANY = 1_100_000
MOST = 2**31 - 1
MB = 1 << 20


def used_memory(client) -> int:
    text = client.must("INFO", "memory").decode()
    return int(text.split("\r\nused_memory:", 1)[1].split("\r\n", 1)[0])


def input_buffer(client, identity: int) -> int:
    line = client.must("CLIENT", "LIST", "ID", identity).decode()
    fields = dict(field.split("=", 1) for field in line.split())
    return int(fields["qbuf"]) + int(fields["qbuf-free"])


@pytest.fixture
def private(start_ours):
    """Yields a server of its own, which has no data of other tests to release, and a client of it."""
    with start_ours("--appendonly", "no") as server, server.client() as client:
        yield server, client


def test_more_than_a_million_members_are_added_at_once(pair2):
    assert pair2.check("SADD", "s", *range(MANY)) == MANY
    assert pair2.check("SADD", "s", *range(MANY // 2, MANY + 5)) == 5
    pair2.digest()


def test_more_than_a_million_arguments_come_back_from_the_file(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client:
        assert client.must("RPUSH", "l", *range(MANY)) == MANY
        client.must("MULTI")
        client.must("SADD", "s", *range(MANY))
        assert client.must("EXEC") == [MANY]
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("LLEN", "l") == client.must("SCARD", "s") == MANY
        assert client.must("LINDEX", "l", -1) == b"%d" % (MANY - 1)


def test_a_file_with_such_a_command_is_loaded(start_ours, tmp_path):
    base = commands(["SELECT", 0], ["SADD", "s", *range(MANY)])
    write_folder(tmp_path / "with", commands(["SELECT", 0], ["SADD", "s", *range(MANY, 2 * MANY)]), base)
    with start_ours("--appendonly", "yes", name="with").client() as client:
        assert client.must("SCARD", "s") == 2 * MANY


def test_the_largest_count_is_taken_and_allocates_nothing(private):
    server, client = private
    identity, before = client.must("CLIENT", "ID"), used_memory(client)
    client.send_bytes(b"*%d\r\n$4\r\nECHO\r\n$1\r\n" % MOST)
    with server.client() as other:
        wait_until(lambda: input_buffer(other, identity) > 0, "the beginning to arrive")
        assert input_buffer(other, identity) < MB
        assert used_memory(other) - before < MB


@pytest.mark.parametrize("count", [MOST + 1, 2**32, 2**32 + 1, 2**63 - 1, 2**63])
def test_a_larger_count_is_refused(pair2, count):
    reply = pair2.check_fatal(b"*%d\r\n$4\r\nPING\r\n" % count)
    assert reply == b"-ERR Protocol error: invalid multibulk length\r\n"


def test_a_file_that_announces_a_larger_count_is_damaged(start_ours, tmp_path):
    write_folder(tmp_path / "with", commands(["SET", "a", 1]) + b"*%d\r\n$4\r\nSADD\r\n" % (MOST + 1))
    server = start_ours("--appendonly", "yes", name="with", wait=False)
    assert server.wait_exit() == 1
    assert "at offset 27: bad file format" in server.log()


def test_a_file_that_announces_the_largest_count_has_a_torn_tail(start_ours, tmp_path):
    write_folder(tmp_path / "with", commands(["SET", "a", 1]) + b"*%d\r\n$4\r\nSADD\r\n" % MOST)
    with start_ours("--appendonly", "yes", name="with").client() as client:
        assert client.must("DBSIZE") == 1


def test_ten_arguments_are_the_most_before_the_password(start_ours, start_oracle):
    replies = []
    for start in (start_ours, start_oracle):
        server = start("--requirepass", "secret")
        with server.client() as client:
            told = [client.call(*["AUTH"] * 10).raw, client.call("PING").raw]
            client.send_bytes(b"*11\r\n")
            replies.append([*told, client.read_to_end()])
        with server.client() as client:
            assert client.must("AUTH", "secret") == "OK"
            assert client.must("EXISTS", *range(10)) == 0
    assert replies[0] == replies[1]
    assert replies[0][-1] == b"-ERR Protocol error: unauthenticated multibulk length\r\n"


def test_room_for_many_arguments_is_given_back(private):
    """The complete request has arrived before it is parsed, because the client is waiting for a key."""
    server, client = private
    with server.client() as other:
        before, identity = used_memory(other), client.must("CLIENT", "ID")
        request = encode_command("EXISTS", *["k"] * MANY)
        client.send_bytes(encode_command("BLPOP", "list", 0) + request)
        wait_until(lambda: input_buffer(other, identity) >= len(request), "the request to arrive")
        other.must("RPUSH", "list", "x")
        assert (client.read().decoded, client.read().decoded) == ([b"list", b"x"], 0)
        assert used_memory(other) - before < MB


def test_the_slow_log_keeps_few_of_many_arguments(pair2):
    with pair2.config(slowlog_log_slower_than=0):
        for count in (31, 32, 33, 40, MANY):
            pair2.setup("SLOWLOG", "RESET")
            pair2.setup("EXISTS", *["k"] * (count - 1))
            pair2.check("SLOWLOG", "GET", 1, by=lambda entries: entries[0][3])


def test_many_keys_are_watched_in_one_command_or_in_several(private):
    server, client = private
    names = [b"k%d" % number for number in range(MANY)]
    with server.client() as other:
        for client_watching in (client, other):
            client_watching.must("WATCH", *names)
        client.must("WATCH", *reversed(names))
        line = other.must("CLIENT", "LIST", "ID", client.must("CLIENT", "ID")).decode()
        assert f" watch={MANY} " in line
        other.must("SET", names[MANY // 2], "x")
        client.must("MULTI")
        assert client.must("EXEC") is None
        other.must("UNWATCH")
        client.must("WATCH", "k0")
        client.must("MULTI")
        assert client.must("EXEC") == []
        text = other.must("INFO", "clients").decode()
        assert "total_watched_keys:0\r\n" in text


def test_many_sorted_sets_are_united_the_smallest_first(pair2):
    """Sums of doubles depend on their order: added to 1e16, an odd number would be rounded."""
    pair2.setup("ZADD", "large", 1, "a", 1, "b")
    pair2.setup("ZADD", "small", 1e16, "a")
    pair2.setup("ZADD", "other", -1e16, "a")
    keys = ["large"] * (MANY // 2 + 1) + ["small", "other"] * (MANY // 4)
    assert pair2.check("ZUNION", len(keys), *keys, "WITHSCORES")[1] == b"%d" % (MANY // 2 + 1)
    few = ["large", "small", "large", "other", "small", "other"]
    pair2.check("ZUNION", len(few), *few, "WEIGHTS", 1, 3, 2, 1, 2, 5, "WITHSCORES")


@pytest.mark.parametrize("command", ["SUNION", "SINTER", "SDIFF", "DEL", "MGET", "PFCOUNT", "TOUCH", "BITOP OR target"])
def test_commands_of_many_keys_answer_as_redis_does(pair2, command):
    for number in range(5):
        pair2.setup("PFADD" if command == "PFCOUNT" else "SADD", f"k{number}", *range(number, 40))
    if command.startswith("BITOP"):
        pair2.setup("MSET", *(word for number in range(5) for word in (f"k{number}", f"bits{number}")))
    keys = [f"k{number % 7 % 5}" for number in range(200_000)]
    pair2.check(*command.split(), *keys, unordered=command.startswith("S"))
    pair2.check("DBSIZE")


@pytest.mark.parametrize("command", ["HSET", "ZADD", "MSET", "XADD", "LPUSH", "GEOADD", "PFADD", "SADD"])
def test_commands_of_many_elements_store_as_redis_does(pair2, command):
    elements = {
        "HSET": lambda number: (number, number % 7),
        "ZADD": lambda number: (number % 1000, number),
        "MSET": lambda number: (f"key{number}", number),
        "XADD": lambda number: (number % 1000, number),
        "GEOADD": lambda number: (number % 180, number % 80, number),
    }.get(command, lambda number: (number,))
    first = {"MSET": [], "XADD": ["k", "1-1"]}.get(command, ["k"])
    pair2.check(command, *first, *(word for number in range(200_000) for word in elements(number)))
    pair2.digest()
