"""The methods that redis-py has for streams, in both protocols."""

import pytest
import redis


@pytest.fixture
def connection(shared_ours, protocol):
    with redis.Redis(*shared_ours.address, protocol=protocol) as connection:
        connection.flushall()
        yield connection


def test_entries_are_added_read_and_trimmed(connection, protocol):
    ids = [connection.xadd("s", {"n": number}, id=f"{number}-0") for number in range(1, 11)]
    assert ids == [b"%d-0" % number for number in range(1, 11)]
    assert connection.xlen("s") == 10
    assert connection.xrange("s", "(1-0", "3") == [(b"2-0", {b"n": b"2"}), (b"3-0", {b"n": b"3"})]
    assert connection.xrevrange("s", count=1) == [(b"10-0", {b"n": b"10"})]
    read = connection.xread({"s": "9"})
    assert read == ({b"s": [[(b"10-0", {b"n": b"10"})]]} if protocol == 3 else [[b"s", [(b"10-0", {b"n": b"10"})]]])
    assert connection.xdel("s", "1-0", "99-0") == 1
    assert connection.xtrim("s", maxlen=5, approximate=False) == 4
    assert connection.xtrim("s", minid="8-0", approximate=False) == 2
    info = connection.xinfo_stream("s")
    assert (info["length"], info["entries-added"], info["max-deleted-entry-id"]) == (3, 10, b"1-0")
    assert connection.xadd("none", {"f": "v"}, nomkstream=True) is None


def test_a_group_shares_the_work_and_takes_it_over(connection):
    for number in range(1, 6):
        connection.xadd("s", {"n": number}, id=f"{number}-0")
    assert connection.xgroup_create("s", "g", id="0") is True
    with pytest.raises(redis.ResponseError, match="BUSYGROUP"):
        connection.xgroup_create("s", "g")
    connection.xreadgroup("g", "alice", {"s": ">"}, count=2)
    connection.xreadgroup("g", "bob", {"s": ">"}, count=2)
    assert connection.xack("s", "g", "1-0") == 1
    assert connection.xpending("s", "g")["pending"] == 3
    assert [row["message_id"] for row in connection.xpending_range("s", "g", "-", "+", 10, "bob")] == [b"3-0", b"4-0"]
    assert connection.xclaim("s", "g", "bob", 0, ["2-0"]) == [(b"2-0", {b"n": b"2"})]
    connection.xdel("s", "3-0")
    cursor, entries, deleted = connection.xautoclaim("s", "g", "carol", 0, count=2)
    assert (cursor, entries, deleted) == (b"4-0", [(b"2-0", {b"n": b"2"})], [b"3-0"])
    assert [group["lag"] for group in connection.xinfo_groups("s")] == [1]
    names = [consumer["name"] for consumer in connection.xinfo_consumers("s", "g")]
    assert names == [b"alice", b"bob", b"carol"]
    full = connection.xinfo_stream("s", full=True)
    assert full["length"] == 4
    assert connection.xgroup_delconsumer("s", "g", "bob") == 1
    assert connection.xgroup_setid("s", "g", "0") is True
    assert connection.xgroup_createconsumer("s", "g", "dave") == 1
    assert connection.xgroup_destroy("s", "g") == 1
