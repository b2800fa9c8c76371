"""CLIENT TRACKING with BCAST, compared with the oracle; and the limit of the table of tracked keys."""

import pytest

from support.caching import Circle
from support.client import wait_until
from support.pair import Pair
from support.waiting import fields


@pytest.fixture
def circle(shared_ours, shared_oracle):
    with Pair(shared_ours, shared_oracle, 3) as pair, Circle(pair) as circle:
        yield circle


def broadcast(*names):
    return [[b"invalidate", [name.encode() for name in names]]] if names else []


# ---- BCAST ----


def test_all_changes_of_an_iteration_are_one_sorted_message(circle):
    writer, everything = circle.member("writer"), circle.member("everything", "ON", "BCAST")
    some = circle.member("some", "ON", "BCAST", "PREFIX", "b", "PREFIX", "a", "PREFIX", "none")
    writer.pipelines("SET b2 1", "SET a 1", "SET c 1", "GET a", "SET b1 1", "DEL none", "SET a 2", "SET b 1")
    assert everything.hears() == broadcast("a", "b", "b1", "b2", "c")
    assert some.hears() == [*broadcast("a"), *broadcast("b", "b1", "b2")]
    assert writer.hears() == []


def test_prefixes_of_different_clients_may_overlap(circle):
    writer = circle.member("writer")
    names = ["", "a", "ab", "abc", "abd", "b", "ac", "aba"]
    members = [circle.member(f"m{number}", "ON", "BCAST", "PREFIX", name) for number, name in enumerate(names)]
    changed = ["a", "ab", "abc", "abcd", "abz", "ad", "b", "c", "aa", "abd1"]
    writer.sends("MSET", *(word for name in changed for word in (name, 1)))
    for member, name in zip(members, names, strict=True):
        assert member.hears() == broadcast(*sorted(each for each in changed if each.startswith(name)))
    for member in members[1::2]:
        member.sends("CLIENT", "TRACKING", "OFF")
    writer.sends("MSET", *(word for name in changed for word in (name, 1)))
    for number, (member, name) in enumerate(zip(members, names, strict=True)):
        expected = [] if number % 2 else broadcast(*sorted(each for each in changed if each.startswith(name)))
        assert member.hears() == expected


def test_binary_names_are_compared_as_bytes(circle):
    writer = circle.member("writer")
    member = circle.member("member", "ON", "BCAST", "PREFIX", b"\xff", "PREFIX", b"a\0")
    writer.sends("MSET", b"\xff\xfe", 1, b"\xfe", 1, b"a\0\r\n", 1, b"a", 1, b"\xff", 1)
    assert member.hears() == [[b"invalidate", [b"a\0\r\n"]], [b"invalidate", [b"\xff", b"\xff\xfe"]]]


def test_reads_are_not_remembered(circle):
    writer, member = circle.member("writer"), circle.member("member", "ON", "BCAST", "PREFIX", "a")
    member.sends("GET", "b")
    writer.sends("SET", "b", 1)
    assert member.hears() == []


def test_own_changes_follow_the_replies_of_the_pipeline(circle):
    member = circle.member("member", "ON", "BCAST")
    member.pipelines("SET b 1", "SET a 1", "MULTI", "SET c 1", "EXEC", "GET a", replies=6)
    assert member.hears() == broadcast("a", "b", "c")


def test_a_prefix_applies_to_later_changes_only(circle):
    writer = circle.member("writer")
    writer.pipelines("SET a 1", "CLIENT TRACKING ON BCAST PREFIX a")
    assert writer.hears() == []
    writer.pipelines("SET a1 1", "SET b1 1", "CLIENT TRACKING ON BCAST PREFIX b", "SET b2 1")
    assert writer.hears() == [*broadcast("a1"), *broadcast("b2")]
    writer.pipelines("SET a1 1", "CLIENT TRACKING OFF", "CLIENT TRACKING ON BCAST PREFIX a")
    assert writer.hears() == []


def test_more_prefixes_can_be_added_and_all_end_together(circle):
    writer, member = circle.member("writer"), circle.member("member", "ON", "BCAST", "PREFIX", "b")
    member.pipelines("CLIENT TRACKING ON BCAST PREFIX c PREFIX a NOLOOP", "CLIENT TRACKINGINFO")
    writer.sends("MSET", "a", 1, "b", 1, "c", 1)
    assert member.hears() == [*broadcast("a"), *broadcast("b"), *broadcast("c")]
    member.pipelines("CLIENT TRACKING OFF", "CLIENT TRACKINGINFO")
    writer.sends("MSET", "a", 1, "b", 1, "c", 1)
    assert member.hears() == []


def test_asking_for_everything_is_added_to_prefixes(circle):
    writer, member = circle.member("writer"), circle.member("member", "ON", "BCAST", "PREFIX", "b")
    member.pipelines("CLIENT TRACKING ON BCAST", "CLIENT TRACKINGINFO", "CLIENT TRACKING ON BCAST")
    writer.sends("MSET", "a", 1, "b", 1)
    assert member.hears() == [*broadcast("a", "b"), *broadcast("b")]


def test_noloop_leaves_out_the_keys_that_the_client_changed_last(circle):
    member, other = circle.member("member", "ON", "BCAST", "NOLOOP"), circle.member("other", "ON", "BCAST")
    member.sends("MSET", "a", 1, "b", 1)
    assert member.hears() == []
    assert other.hears() == broadcast("a", "b")
    # A script writes as a client of its own, as in Redis.
    member.sends("EVAL", "return redis.call('set', KEYS[1], 1)", 1, "a")
    assert member.hears() == other.hears() == broadcast("a")


def test_broadcasts_can_be_redirected(circle):
    target = circle.member("target", protocol=2)
    member = circle.member("member", "ON", "BCAST", "PREFIX", "a", "REDIRECT", "$target")
    target.sends("SUBSCRIBE", "__redis__:invalidate")
    member.pipelines("MSET a1 1 a2 1 b 1")
    assert target.hears() == [[b"message", b"__redis__:invalidate", [b"a1", b"a2"]]]
    assert member.hears() == []
    target.pair.close()
    for number, client in zip(target.ids, member.clients, strict=True):
        wait_until(lambda number=number, client=client: not client.must("CLIENT", "LIST", "ID", number), "its end")
    member.sends("SET", "a", 1)
    member.hears()
    member.sends("CLIENT", "TRACKINGINFO")


def test_a_message_about_many_keys_is_whole(circle):
    writer, member = circle.member("writer"), circle.member("member", "ON", "BCAST")
    others = [circle.member(f"other{number}", "ON", "BCAST") for number in range(3)]
    names = [f"{number:04}{'x' * 100}" for number in range(2000)]
    writer.sends("MSET", *(word for name in names for word in (name, 1)))
    for each in (member, *others):
        assert each.hears() == broadcast(*names)


# ---- the limit of the table ----


@pytest.fixture
def limited(start_ours):
    """A server of its own with a limit of 10 keys; a client that caches, and another one."""
    server = start_ours("--tracking-table-max-keys", "10")
    with server.client(3) as reader, server.client(3) as other:
        reader.must("CLIENT", "TRACKING", "ON")
        yield server, reader, other


def tracked(client):
    return int(fields(client, "stats")["tracking_total_keys"])


def test_the_next_command_drops_keys_above_the_limit(limited):
    _, reader, _ = limited
    for number in range(10):
        reader.must("GET", f"k{number}")
    assert reader.do("PING") == "PONG"
    reader.must("GET", "k10")
    reader.send("GET", "k11")
    frames = [reader.read().decoded for _ in range(2)]
    # The message precedes the reply of the command that found the table too large.
    assert frames[0][0] == b"invalidate"
    assert frames[1] is None
    known = {b"k%d" % number for number in range(12)} - {*frames[0][1]}
    reader.send("PING")
    while (frame := reader.read().decoded) != "PONG":
        known -= {*frame[1]}
    assert len(known) == 10


def test_the_table_shrinks_without_any_command(limited):
    _, reader, other = limited
    reader.pipeline([("GET", f"k{number}") for number in range(11)])
    assert reader.read().decoded[0] == b"invalidate"
    assert tracked(other) == 10


def test_the_limit_can_be_changed(limited):
    _, reader, other = limited
    other.must("CONFIG", "SET", "tracking-table-max-keys", 0)
    reader.pipeline([("GET", f"k{number}") for number in range(1000)])
    assert tracked(other) == 1000
    other.must("CONFIG", "SET", "tracking-table-max-keys", 700)
    dropped = [reader.read(skip_push=False).decoded for _ in range(300)]
    assert {frame[0] for frame in dropped} == {b"invalidate"}
    assert tracked(other) == 700
    left = {b"k%d" % number for number in range(1000)} - {frame[1][0] for frame in dropped}
    other.must("MSET", *(word for number in range(1000) for word in (f"k{number}", 1)))
    assert {reader.read().decoded[1][0] for _ in range(700)} == left
    assert tracked(other) == 0


def test_dropped_keys_are_reported_to_all_their_clients(limited):
    server, reader, other = limited
    other.must("CLIENT", "TRACKING", "ON")
    for client in (reader, other):
        client.pipeline([("GET", f"k{number}") for number in range(10)])
    with server.client() as third:
        third.must("CONFIG", "SET", "tracking-table-max-keys", 4)
        heard = [{client.read().decoded[1][0] for _ in range(6)} for client in (reader, other)]
    assert heard[0] == heard[1]


def test_the_memory_of_the_table_is_bounded_and_returned(limited):
    _, reader, other = limited
    other.must("CONFIG", "SET", "tracking-table-max-keys", 20000)

    def used():
        return int(fields(other, "memory")["used_memory"])

    reader.must("EXISTS", "warm")
    before = used()
    for start in range(0, 20000, 1000):
        reader.pipeline([("EXISTS", f"key:{number}") for number in range(start, start + 1000)])
    full = used()
    assert 20000 * 40 < full - before < 20000 * 100
    for start in range(20000, 60000, 1000):
        reader.send_bytes(b"".join(b"EXISTS key:%d\r\n" % number for number in range(start, start + 1000)))
        for _ in range(1000):
            reader.read(skip_push=True)
    assert used() - full < 20000 * 20
    other.must("FLUSHALL")
    wait_until(lambda: used() - before < 20000 * 10, "the release of the table")
    assert tracked(other) == 0
