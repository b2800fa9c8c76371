"""Consumer groups compared with the oracle: XREAD, XREADGROUP, XGROUP, XACK, XPENDING, XCLAIM, XAUTOCLAIM, XINFO.

The oracle is version 7.0. Since 7.2 consumers have two times, any command that names a consumer creates it, and a wait
can end in more errors; since 7.4 XREAD accepts ``+``. These differences have tests of their own.
"""

import pytest

from support.client import now_ms

COMMANDS = [
    ["XACK", "k", "g", "1-1"],
    ["XAUTOCLAIM", "k", "g", "c", 0, "0"],
    ["XCLAIM", "k", "g", "c", 0, "1-1"],
    ["XGROUP", "CREATE", "k", "g", "$"],
    ["XGROUP", "CREATECONSUMER", "k", "g", "c"],
    ["XGROUP", "DELCONSUMER", "k", "g", "c"],
    ["XGROUP", "DESTROY", "k", "g"],
    ["XGROUP", "SETID", "k", "g", "0"],
    ["XINFO", "CONSUMERS", "k", "g"],
    ["XINFO", "GROUPS", "k"],
    ["XINFO", "STREAM", "k"],
    ["XINFO", "STREAM", "k", "FULL"],
    ["XPENDING", "k", "g"],
    ["XPENDING", "k", "g", "-", "+", 10],
    ["XREAD", "STREAMS", "k", "0"],
    ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"],
]
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(map(str, command)))


@by_name
def test_a_key_of_another_type_is_refused(pair, command):
    pair.setup("SET", "k", "text")
    pair.check(*command)


@by_name
def test_an_absent_key_is_told_as_such(pair, command):
    pair.check(*command)
    pair.check("EXISTS", "k")


@by_name
def test_a_stream_without_groups_has_none(pair, command):
    pair.setup("XADD", "k", "1-1", "f", "v")
    if command[1] != "STREAM":
        pair.check(*command)


@by_name
def test_too_few_arguments_are_refused(pair, command):
    for count in range(1, len(command)):
        if command[:count] not in (["XREAD", "STREAMS", "k"],):
            pair.check(*command[:count])


def fill(pair, count=10, key="s"):
    for number in range(1, count + 1):
        pair.setup("XADD", key, f"{number}-0", "field", f"value{number}")


def as_lists(value):
    """Returns maps as flat lists, which are the same in both protocols."""
    if isinstance(value, dict):
        return [as_lists(item) for pair in value.items() for item in pair]
    return [as_lists(item) for item in value] if isinstance(value, list) else value


OWN = (b"radix-tree-keys", b"radix-tree-nodes", b"seen-time", b"active-time", b"idle", b"inactive")


def facts(value, dropped=OWN):
    """Returns XINFO's reply without what differs by server: the sizes of trees, times, and fields that 7.0 lacks."""
    flat = as_lists(value)
    if not flat or not isinstance(flat, list):
        return flat
    if flat[0] in (b"name", b"length"):
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return [(name, facts(item, dropped)) for name, item in pairs if name not in dropped]
    if len(flat) >= 3 and isinstance(flat[0], bytes) and b"-" in flat[0] and isinstance(flat[-1], int):
        return [flat[0], flat[1] if isinstance(flat[1], bytes) else None, flat[-1]]
    return [facts(item, dropped) for item in flat]


def without_counters(value):
    """Also drops what 7.0 counts differently where ENTRIESREAD was given; ``test_stream_lag.py`` tests that."""
    return facts(value, (*OWN, b"entries-read", b"lag"))


def check_everything(pair, key="s", counted=True):
    for group in (b"g", b"h"):
        pair.check("XPENDING", key, group)
        pair.check("XPENDING", key, group, "-", "+", 1000, by=lambda reply: without_idle(reply))
        pair.check("XINFO", "CONSUMERS", key, group, by=facts)
    pair.check("XINFO", "GROUPS", key, by=None if counted else without_counters)
    pair.check("XINFO", "STREAM", key, by=facts)
    pair.check("XINFO", "STREAM", key, "FULL", "COUNT", 0, by=facts if counted else without_counters)
    pair.digest()


def without_idle(reply):
    return [[row[0], row[1], row[3]] for row in reply] if isinstance(reply, list) else reply


READINGS = [
    ["STREAMS", "s", "0"],
    ["STREAMS", "s", "3"],
    ["STREAMS", "s", "3-1"],
    ["STREAMS", "s", "9-9"],
    ["STREAMS", "s", "10"],
    ["STREAMS", "s", "$"],
    ["STREAMS", "s", ">"],
    ["STREAMS", "s", "-"],
    ["STREAMS", "s", "x"],
    ["STREAMS", "s", "(1"],
    ["STREAMS", "s", "t", "5", "0"],
    ["STREAMS", "t", "absent", "s", "0", "0", "9"],
    ["STREAMS", "absent", "0"],
    ["STREAMS", "absent", "$"],
    ["STREAMS", "s", "text", "5", "0"],
    ["STREAMS", "s", "s", "8", "9"],
    ["STREAMS", "s", "18446744073709551615-18446744073709551615"],
    ["COUNT", 2, "STREAMS", "s", "t", "0", "0"],
    ["COUNT", 0, "STREAMS", "s", "0"],
    ["COUNT", -3, "STREAMS", "s", "0"],
    ["COUNT", "x", "STREAMS", "s", "0"],
    ["COUNT", "STREAMS", "s", "0"],
    ["BLOCK", 0, "STREAMS", "s", "0"],
    ["BLOCK", 1, "STREAMS", "s", "$"],
    ["BLOCK", 1, "STREAMS", "s", "absent", "10", "$"],
    ["BLOCK", -1, "STREAMS", "s", "$"],
    ["BLOCK", "x", "STREAMS", "s", "$"],
    ["BLOCK", "1.5", "STREAMS", "s", "$"],
    ["BLOCK", 5, "count", 1, "streams", "s", "0"],
    ["NOACK", "STREAMS", "s", "0"],
    ["GROUP", "g", "c", "STREAMS", "s", "0"],
    ["GROUP", "g", "STREAMS", "s", "0"],
    ["COUNT", 5],
    ["s", "0", "STREAMS"],
    ["SOMETHING", "STREAMS", "s", "0"],
]


@pytest.mark.parametrize("arguments", READINGS, ids=lambda arguments: " ".join(map(str, arguments)))
def test_reading_streams(pair, arguments):
    fill(pair)
    fill(pair, 3, "t")
    pair.setup("SET", "text", "value")
    pair.setup("XDEL", "s", "10-0")
    pair.check("XREAD", *arguments)
    pair.setup("XGROUP", "CREATE", "s", "g", "2-0")
    pair.setup("XGROUP", "CREATE", "t", "g", "0")
    pair.setup("XGROUP", "CREATECONSUMER", "s", "g", "c")
    pair.setup("XGROUP", "CREATECONSUMER", "t", "g", "c")
    if "BLOCK" not in arguments or "s" not in arguments:
        pair.check("XREADGROUP", "GROUP", "g", "c", *arguments)
    pair.check("XREADGROUP", *arguments, *["GROUP", "g"] * (arguments[-1] == "STREAMS"))
    check_everything(pair)


def test_an_unbalanced_list_of_streams_is_told_in_the_words_of_today(client):
    error = "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified."
    assert client.do("XREAD", "STREAMS", "a", "b", "0").startswith(error)
    error = "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified."
    assert client.do("XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", "b", "0").startswith(error)


def test_plus_reads_the_last_entry(client):
    """Since 7.4; the oracle is older."""
    for number in range(1, 6):
        client.must("XADD", "s", f"{number}-0", "f", "v")
    client.must("XDEL", "s", "5-0")
    reply = client.must("XREAD", "COUNT", 3, "STREAMS", "s", "absent", "+", "+")
    streams = reply.items() if isinstance(reply, dict) else reply
    assert [tuple(stream) for stream in streams] == [(b"s", [[b"4-0", [b"f", b"v"]]])]
    client.must("XDEL", "s", *[f"{number}-0" for number in range(1, 5)])
    assert client.must("XREAD", "STREAMS", "s", "+") is None
    client.must("XGROUP", "CREATE", "s", "g", "0")
    error = client.do("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", "+")
    assert error.startswith("ERR The + ID is meaningless in the context of XREADGROUP")


CREATIONS = [
    ["0"],
    ["$"],
    ["5"],
    ["5-5"],
    ["-"],
    ["+"],
    ["x"],
    ["*"],
    ["0", "MKSTREAM"],
    ["$", "mkstream"],
    ["0", "ENTRIESREAD", 5],
    ["0", "ENTRIESREAD", -1],
    ["0", "ENTRIESREAD", -2],
    ["0", "ENTRIESREAD", "x"],
    ["0", "ENTRIESREAD"],
    ["$", "MKSTREAM", "ENTRIESREAD", 3],
    ["$", "ENTRIESREAD", 3, "MKSTREAM"],
    ["$", "ENTRIESREAD", 3, "MKSTREAM", "MKSTREAM"],
    ["$", "MKSTREAM", "MKSTREAM"],
    ["0", "OTHER"],
    ["x", "MKSTREAM"],
]


@pytest.mark.parametrize("arguments", CREATIONS, ids=lambda arguments: " ".join(map(str, arguments)))
def test_groups_are_created_and_set(pair, arguments):
    fill(pair)
    counted = "ENTRIESREAD" not in arguments
    for key in ("s", "absent"):
        pair.check("XGROUP", "CREATE", key, "g", *arguments)
        pair.check("XGROUP", "CREATE", key, "g", *arguments)
        pair.check("XGROUP", "SETID", key, "g", *arguments)
        pair.check("XINFO", "GROUPS", key, by=None if counted else without_counters)
        pair.check("EXISTS", key)
    pair.setup("XGROUP", "CREATE", "s", "h", "0")
    pair.check("XGROUP", "SETID", "s", "h", *arguments)
    check_everything(pair, counted=counted)


def test_groups_and_consumers_come_and_go(pair):
    fill(pair)
    for group in ("g", "h", "", b"\0", "g2"):
        pair.check("XGROUP", "CREATE", "s", group, "0")
    for consumer in ("b", "a", "", "ab", "b"):
        pair.check("XGROUP", "CREATECONSUMER", "s", "g", consumer)
    pair.check("XGROUP", "CREATECONSUMER", "s", "none", "c")
    pair.check("XREADGROUP", "GROUP", "g", "a", "COUNT", 3, "STREAMS", "s", ">")
    pair.check("XREADGROUP", "GROUP", "g", "b", "COUNT", 4, "STREAMS", "s", ">")
    check_everything(pair)
    pair.check("XGROUP", "DELCONSUMER", "s", "g", "a")
    pair.check("XGROUP", "DELCONSUMER", "s", "g", "a")
    pair.check("XGROUP", "DELCONSUMER", "s", "none", "a")
    check_everything(pair)
    pair.check("XGROUP", "DESTROY", "s", "g")
    pair.check("XGROUP", "DESTROY", "s", "g")
    for name in ("CREATE", "SETID", "DESTROY", "NOSUCH", "CREATECONSUMER"):
        pair.check("XGROUP", name, "s")
        pair.check("XGROUP", name, "s", "g", "c", "d", "e")
    check_everything(pair)


def test_entries_are_given_acknowledged_and_told_again(pair):
    fill(pair)
    pair.setup("XGROUP", "CREATE", "s", "g", "0")
    pair.check("XREADGROUP", "GROUP", "g", "alice", "COUNT", 3, "STREAMS", "s", ">")
    pair.check("XREADGROUP", "GROUP", "g", "bob", "COUNT", 2, "STREAMS", "s", ">")
    pair.check("XREADGROUP", "GROUP", "g", "carol", "NOACK", "COUNT", 2, "STREAMS", "s", ">")
    check_everything(pair)
    pair.check("XREADGROUP", "GROUP", "g", "alice", "STREAMS", "s", "0")
    pair.check("XREADGROUP", "GROUP", "g", "alice", "COUNT", 1, "STREAMS", "s", "1")
    pair.check("XREADGROUP", "GROUP", "g", "bob", "STREAMS", "s", "4-0")
    pair.check("XREADGROUP", "GROUP", "g", "dave", "STREAMS", "s", "0")
    check_everything(pair)
    pair.check("XDEL", "s", "2-0", "5-0")
    pair.check("XREADGROUP", "GROUP", "g", "alice", "STREAMS", "s", "0")
    pair.check("XACK", "s", "g", "1-0", "1-0", "4-0", "9-0", "99")
    pair.check("XACK", "s", "g", "x")
    pair.check("XACK", "s", "none", "x")
    pair.check("XREADGROUP", "GROUP", "g", "alice", "STREAMS", "s", "0")
    check_everything(pair)
    pair.setup("XGROUP", "SETID", "s", "g", "0")
    pair.check("XREADGROUP", "GROUP", "g", "bob", "STREAMS", "s", ">")
    check_everything(pair)


PENDING = [
    ["-", "+", 10],
    ["-", "+", 2],
    ["-", "+", 0],
    ["-", "+", -1],
    ["-", "+", "x"],
    ["2", "4", 10],
    ["(2", "(4", 10],
    ["(2-0", "(4-0", 10],
    ["(18446744073709551615-18446744073709551615", "+", 1],
    ["-", "(0-0", 1],
    ["x", "+", 10],
    ["-", "x", 10],
    ["-", "+", 10, "alice"],
    ["-", "+", 10, "bob"],
    ["-", "+", 10, "nobody"],
    ["IDLE", 0, "-", "+", 10],
    ["IDLE", 100000, "-", "+", 10],
    ["IDLE", 0, "-", "+", 10, "alice"],
    ["IDLE", "x", "-", "+", 10],
    ["IDLE", 0, "-", "+"],
    ["IDLE", 0, "-"],
    ["-", "+"],
    ["-"],
    ["-", "+", 10, "alice", "more", "and more"],
    ["-", "+", 10, "alice", "more"],
]


@pytest.mark.parametrize("arguments", PENDING, ids=lambda arguments: " ".join(map(str, arguments)))
def test_pending_entries_are_told(pair, arguments):
    fill(pair)
    pair.setup("XGROUP", "CREATE", "s", "g", "0")
    pair.setup("XREADGROUP", "GROUP", "g", "alice", "COUNT", 3, "STREAMS", "s", ">")
    pair.setup("XREADGROUP", "GROUP", "g", "bob", "COUNT", 3, "STREAMS", "s", ">")
    for group in ("g", "none"):
        pair.check("XPENDING", "s", group, *arguments, by=without_idle)
    pair.check("XPENDING", "absent", "g", *arguments)


CLAIMS = [
    [0, "1-0"],
    [0, "1-0", "2-0", "4-0", "9-0"],
    [0, "1", "1", "1-0"],
    [0, "1-0", "JUSTID"],
    [0, "9-0", "FORCE"],
    [0, "9-0", "FORCE", "JUSTID"],
    [0, "9-0", "FORCE", "RETRYCOUNT", 7],
    [0, "99-0", "FORCE"],
    [0, "3-0"],
    [0, "3-0", "FORCE"],
    [100000, "1-0", "2-0"],
    [100000, "8-0", "FORCE"],
    [-5, "1-0"],
    ["x", "1-0"],
    [0, "1-0", "IDLE", 5000],
    [0, "1-0", "IDLE", -5],
    [0, "1-0", "IDLE", "x"],
    [0, "1-0", "IDLE"],
    [0, "1-0", "TIME", 1000],
    [0, "1-0", "TIME", 99999999999999],
    [0, "1-0", "TIME", "x"],
    [0, "1-0", "RETRYCOUNT", 5],
    [0, "1-0", "RETRYCOUNT", -5],
    [0, "1-0", "RETRYCOUNT", "x"],
    [0, "1-0", "RETRYCOUNT"],
    [0, "1-0", "LASTID", "50-0"],
    [0, "1-0", "LASTID", "2-0"],
    [0, "1-0", "LASTID", "x"],
    [0, "99-0", "LASTID", "60-0"],
    [0, "JUSTID"],
    [0, "1-0", "x", "2-0"],
    [0, "1-0", "JUSTID", "2-0"],
    [0, "-"],
    [0, "1-0", "idle", 10, "retrycount", 3, "force", "justid", "lastid", "7-0"],
]


@pytest.mark.parametrize("arguments", CLAIMS, ids=lambda arguments: " ".join(map(str, arguments)))
def test_pending_entries_are_claimed(pair, arguments):
    fill(pair)
    pair.setup("XGROUP", "CREATE", "s", "g", "0")
    pair.setup("XREADGROUP", "GROUP", "g", "alice", "COUNT", 3, "STREAMS", "s", ">")
    pair.setup("XREADGROUP", "GROUP", "g", "bob", "COUNT", 3, "STREAMS", "s", ">")
    pair.setup("XDEL", "s", "3-0")
    pair.setup("XGROUP", "CREATECONSUMER", "s", "g", "new")
    for group, consumer in (("g", "bob"), ("g", "new"), ("none", "c")):
        pair.check("XCLAIM", "s", group, consumer, *arguments)
        check_everything(pair)
        pair.check("XPENDING", "s", "g", "-", "+", 100, by=lambda rows: [row[2] // 4000 for row in rows])


AUTOMATIC = [
    [0, "0"],
    [0, "-"],
    [0, "+"],
    [0, "(2"],
    [0, "4-0"],
    [0, "0", "COUNT", 2],
    [0, "0", "COUNT", 3, "JUSTID"],
    [0, "3", "COUNT", 1],
    [0, "0", "JUSTID"],
    [100000, "0"],
    [100000, "0", "COUNT", 1],
    [-1, "0", "COUNT", 1],
    ["x", "0"],
    [0, "x"],
    [0, "0", "COUNT", 0],
    [0, "0", "COUNT", -1],
    [0, "0", "COUNT", "x"],
    [0, "0", "COUNT", 9223372036854775807],
    [0, "0", "COUNT"],
    [0, "0", "OTHER"],
    [0, "(18446744073709551615-18446744073709551615"],
]


@pytest.mark.parametrize("arguments", AUTOMATIC, ids=lambda arguments: " ".join(map(str, arguments)))
def test_pending_entries_are_claimed_by_themselves(pair, arguments):
    fill(pair, 30)
    pair.setup("XGROUP", "CREATE", "s", "g", "0")
    pair.setup("XREADGROUP", "GROUP", "g", "alice", "COUNT", 3, "STREAMS", "s", ">")
    pair.setup("XREADGROUP", "GROUP", "g", "bob", "COUNT", 20, "STREAMS", "s", ">")
    pair.setup("XDEL", "s", "2-0", "3-0", "7-0")
    pair.setup("XGROUP", "CREATECONSUMER", "s", "g", "new")
    for group, consumer in (("g", "bob"), ("g", "new"), ("none", "c")):
        pair.check("XAUTOCLAIM", "s", group, consumer, *arguments)
        check_everything(pair)


@pytest.mark.parametrize("idle", [[], [10], [11], [5, 12, 25], [20, 21, 22, 40]], ids=str)
@pytest.mark.parametrize("deleted", [[], [10, 11, 21], range(12, 20)], ids=str)
@pytest.mark.parametrize("count", [1, 3])
def test_a_claim_by_itself_looks_at_ten_entries_for_each_that_it_may_claim(pair, idle, deleted, count):
    """Entries that it skips and entries that it drops are among the ten; the cursor says how far it got."""
    fill(pair, 40)
    pair.setup("XGROUP", "CREATE", "s", "g", "0")
    pair.setup("XREADGROUP", "GROUP", "g", "alice", "STREAMS", "s", ">")
    pair.setup("XGROUP", "CREATECONSUMER", "s", "g", "bob")
    for number in idle:
        pair.setup("XCLAIM", "s", "g", "alice", 0, f"{number}-0", "IDLE", 500000, "JUSTID")
    for number in deleted:
        pair.setup("XDEL", "s", f"{number}-0")
    cursor = b"0"
    while cursor != b"0-0":
        cursor = pair.check("XAUTOCLAIM", "s", "g", "bob", 100000, cursor, "COUNT", count, "JUSTID")[0]
    check_everything(pair)


INFOS = [["FULL"], ["FULL", "COUNT", 2], ["full", "count", 0], ["FULL", "COUNT", -1], ["FULL", "COUNT", "x"]]


@pytest.mark.parametrize("arguments", [*INFOS, ["FULL", "COUNT"], ["OTHER"], ["FULL", "OTHER", 1]], ids=str)
def test_a_stream_is_told_in_full(pair, arguments):
    fill(pair, 25)
    for group in ("g", "h"):
        pair.setup("XGROUP", "CREATE", "s", group, "0")
        for consumer in ("b", "a"):
            pair.setup("XREADGROUP", "GROUP", group, consumer, "COUNT", 12, "STREAMS", "s", ">")
    pair.check("XINFO", "STREAM", "s", *arguments, by=facts)
    pair.check("XINFO", "STREAM", "absent", *arguments)


def test_times_of_consumers_are_those_of_today(client):
    """Since 7.2 these are when it was last seen, and when it last received an entry."""
    client.must("XADD", "s", "1-0", "f", "v")
    client.must("XGROUP", "CREATE", "s", "g", "0")
    client.must("XGROUP", "CREATECONSUMER", "s", "g", "idle")
    before = now_ms()
    client.must("XREADGROUP", "GROUP", "g", "busy", "STREAMS", "s", ">")
    after = now_ms()
    assert client.must("XREADGROUP", "GROUP", "g", "late", "STREAMS", "s", ">") is None
    rows = [as_lists(row) for row in client.must("XINFO", "CONSUMERS", "s", "g")]
    assert [row[::2] for row in rows] == [[b"name", b"pending", b"idle", b"inactive"]] * 3
    assert [row[1] for row in rows] == [b"busy", b"idle", b"late"]
    assert [row[7] >= 0 for row in rows] == [True, False, False]
    assert rows[1][7] == -1
    full = as_lists(client.must("XINFO", "STREAM", "s", "FULL"))
    busy, idle, _ = full[full.index(b"groups") + 1][0][-1]
    assert busy[::2] == [b"name", b"seen-time", b"active-time", b"pel-count", b"pending"]
    assert before <= busy[3] <= after
    assert busy[5] == busy[3]
    assert idle[5] == -1


@pytest.mark.parametrize(
    ("command", "given"),
    [
        ("XREADGROUP GROUP g c STREAMS s >", False),
        ("XREADGROUP GROUP g c STREAMS s 0", False),
        ("XREADGROUP GROUP g c STREAMS s >, new", True),
        ("XCLAIM s g c 0 1-0", True),
        ("XCLAIM s g c 0 9-9", False),
        ("XAUTOCLAIM s g c 0 0", True),
        ("XAUTOCLAIM s g c 1000000 0", False),
    ],
)
def test_whatever_a_consumer_asks_for_it_has_been_seen(client, command, given):
    """Since 7.2 also when it gets nothing; only receiving an entry makes it active. Within EXEC no time passes."""
    client.must("XADD", "s", "1-0", "f", "v")
    client.must("XGROUP", "CREATE", "s", "g", "0")
    client.must("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
    client.must("DEBUG", "SLEEP", "0.05")
    command, _, new = command.partition(", ")
    if new:
        client.must("XADD", "s", "2-0", "f", "v")
    client.must("MULTI")
    client.must(*command.split())
    client.must("XINFO", "CONSUMERS", "s", "g")
    consumer = as_lists(client.must("EXEC")[-1][0])
    told = dict(zip(consumer[::2], consumer[1::2], strict=True))
    assert told[b"idle"] == 0
    assert (told[b"inactive"] == 0) == given
    assert given or told[b"inactive"] >= 50


def test_watched_streams_change_when_redis_says_so(pair):
    """Neither deliveries nor acknowledgements count as changes."""
    fill(pair)
    pair.setup("XGROUP", "CREATE", "s", "g", "0")
    steps = [
        ["XREADGROUP", "GROUP", "g", "c", "COUNT", 5, "STREAMS", "s", ">"],
        ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", "0"],
        ["XACK", "s", "g", "1-0"],
        ["XCLAIM", "s", "g", "d", 0, "2-0"],
        ["XAUTOCLAIM", "s", "g", "e", 0, "0"],
        ["XGROUP", "CREATECONSUMER", "s", "g", "f"],
        ["XGROUP", "DELCONSUMER", "s", "g", "f"],
        ["XGROUP", "SETID", "s", "g", "5"],
        ["XGROUP", "CREATE", "s", "h", "0"],
        ["XGROUP", "DESTROY", "s", "h"],
        ["XSETID", "s", "20-0"],
        ["XDEL", "s", "99-0"],
        ["XDEL", "s", "1-0"],
        ["XTRIM", "s", "MAXLEN", 100],
        ["XTRIM", "s", "MAXLEN", 5],
    ]
    with pair.another() as other:
        for step in steps:
            pair.check("WATCH", "s")
            other.setup(*step)
            pair.check("MULTI")
            pair.check("PING", str(step))
            ours, oracle = pair.ours.must("EXEC"), pair.oracle.must("EXEC")
            assert (ours is None) == (oracle is None), step


def test_help_names_every_subcommand(client):
    for command, names in (
        ("XGROUP", {"CREATE", "CREATECONSUMER", "DELCONSUMER", "DESTROY", "SETID", "HELP"}),
        ("XINFO", {"CONSUMERS", "GROUPS", "STREAM", "HELP"}),
    ):
        lines = [str(line) for line in client.must(command, "HELP")]
        assert {line.split()[0] for line in lines if not line.startswith(" ")} == names | {command}
