"""Streams in the append-only file and in a rewritten one: loading restores them completely, including groups."""

import pytest

from support.client import wait_until
from support.servers import make_ours


@pytest.fixture
def durable(tmp_path):
    server = make_ours(tmp_path, "--appendonly", "yes").start()
    yield server
    server.kill()


def told(client, key="s"):
    """Returns all that XINFO reports, except the times at which consumers were seen, which no file keeps."""
    reply = plain(client.must("XINFO", "STREAM", key, "FULL", "COUNT", 0))
    for group in reply[b"groups"]:
        for consumer in group[b"consumers"]:
            del consumer[b"seen-time"], consumer[b"active-time"]
    return reply


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list) and value and value[0] in (b"name", b"length"):
        return {key: plain(item) for key, item in zip(value[::2], value[1::2], strict=True)}
    return [plain(item) for item in value] if isinstance(value, list) else value


def live(client):
    """Makes every kind of change to streams."""
    for number in range(1, 301):
        client.must("XADD", "s", "MAXLEN", "~", 250, f"{number}-*", "field", f"value{number}", "n", number)
    client.must("XADD", "s", "*", "other", "v")
    client.must("XADD", "s", "MINID", "~", "120", "*", "other", "v")
    for group in ("g", "h"):
        client.must("XGROUP", "CREATE", "s", group, "150")
    client.must("XREADGROUP", "GROUP", "g", "alice", "COUNT", 30, "STREAMS", "s", ">")
    client.must("XREADGROUP", "GROUP", "g", "bob", "COUNT", 5, "STREAMS", "s", ">")
    client.must("XREADGROUP", "GROUP", "h", "carol", "NOACK", "COUNT", 5, "STREAMS", "s", ">")
    client.must("XREADGROUP", "GROUP", "h", "dave", "STREAMS", "s", "0")
    client.must("XGROUP", "CREATECONSUMER", "s", "h", "erin")
    client.must("XACK", "s", "g", "151-0", "152-0", "185-0")
    client.must("XCLAIM", "s", "g", "bob", 0, "153-0", "154-0", "RETRYCOUNT", 5)
    client.must("XCLAIM", "s", "g", "frank", 0, "155-0", "IDLE", 5000, "JUSTID", "LASTID", "190-0")
    client.must("XCLAIM", "s", "h", "grace", 0, "999-0", "LASTID", "160-0")
    client.must("XDEL", "s", "160-0", "161-0", "299-0")
    client.must("XAUTOCLAIM", "s", "g", "heidi", 0, "158-0", "COUNT", 6)
    client.must("XGROUP", "SETID", "s", "h", "200-0", "ENTRIESREAD", 200)
    client.must("XGROUP", "DELCONSUMER", "s", "g", "frank")
    client.must("XTRIM", "s", "MAXLEN", "~", 200)
    client.must("XTRIM", "s", "MINID", "103-0")
    client.must("XSETID", "s", "9999999999999-7", "ENTRIESADDED", 500, "MAXDELETEDID", "300-0")
    client.must("XGROUP", "CREATE", "empty", "g", "$", "MKSTREAM")
    client.must("XADD", "gone", "5-5", "f", "v")
    client.must("XDEL", "gone", "5-5")
    for number in range(1, 6):
        client.must("XADD", "overtaken", f"{number}-0", "f", "v")
    client.must("XGROUP", "CREATE", "overtaken", "g", "0")
    client.must("XGROUP", "CREATE", "overtaken", "h", "2-0", "ENTRIESREAD", 100)
    client.must("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "overtaken", ">")
    client.must("XTRIM", "overtaken", "MAXLEN", 1)
    client.must("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "overtaken", ">")
    client.must("MULTI")
    client.must("XADD", "t", "*", "f", "v")
    client.must("XGROUP", "CREATE", "t", "g", "0")
    client.must("XREADGROUP", "GROUP", "g", "c", "STREAMS", "t", ">")
    client.must("EXEC")


KEYS = ("s", "t", "empty", "gone", "overtaken")


def everything(server):
    with server.client() as client:
        return client.must("DEBUG", "DIGEST"), [told(client, key) for key in KEYS]


def test_streams_come_back_from_the_file(durable):
    with durable.client() as client:
        live(client)
    before = everything(durable)
    durable.restart(crash=True)
    assert everything(durable) == before


def test_streams_come_back_from_a_rewritten_file(durable):
    with durable.client() as client:
        live(client)
        before = everything(durable)
        client.must("BGREWRITEAOF")
        wait_until(
            lambda: (
                b"aof_rewrite_in_progress:0" in client.must("INFO", "persistence")
                and b"aof_rewrite_scheduled:0" in client.must("INFO", "persistence")
            ),
            "the end of the rewrite",
        )
    durable.restart(crash=True)
    after = everything(durable)
    assert after[0] == before[0]
    for one, other in zip(before[1], after[1], strict=True):
        assert drop_blocks(one) == drop_blocks(other)


def test_what_is_pending_of_deleted_entries_comes_back_and_stays_forgotten(durable):
    """A claim of a deleted entry drops it, and the file records that; a base keeps deleted entries that are pending."""
    with durable.client() as client:
        for number in range(1, 6):
            client.must("XADD", "s", f"{number}-1", "f", "v")
        client.must("XGROUP", "CREATE", "s", "g", "0")
        for number in (1, 2, 3):
            client.must("XCLAIM", "s", "g", "c", 0, f"{number}-1", "FORCE")
        client.must("XDEL", "s", "1-1", "2-1", "3-1")
        assert client.must("XCLAIM", "s", "g", "c", 0, "1-1") == []
        before = told(client)
    assert [entry[0] for entry in before[b"groups"][0][b"pending"]] == [b"2-1", b"3-1"]
    durable.restart(crash=True)
    with durable.client() as client:
        assert told(client) == before
        client.must("BGREWRITEAOF")
        wait_until(lambda: b"aof_rewrites:1" in client.must("INFO", "persistence"), "the rewrite")
        wait_until(lambda: b"aof_rewrite_in_progress:0" in client.must("INFO", "persistence"), "its end")
        assert client.must("XCLAIM", "s", "g", "c", 0, "2-1") == []
        before = told(client)
    durable.restart(crash=True)
    with durable.client() as client:
        after = told(client)
        assert drop_blocks(after) == drop_blocks(before)
        assert [entry[0] for entry in after[b"groups"][0][b"pending"]] == [b"3-1"]


def drop_blocks(facts):
    """Drops the counts of blocks: deleted entries are not saved, so there may be fewer."""
    return {name: value for name, value in facts.items() if b"radix" not in name}
