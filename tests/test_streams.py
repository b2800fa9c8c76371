"""XADD, XDEL, XLEN, XRANGE, XREVRANGE, XSETID and XTRIM compared with the oracle, in both protocols."""

import pytest

from support.client import wait_until

TOP = 2**64 - 1

COMMANDS = [
    ["XADD", "k", "1-1", "f", "v"],
    ["XADD", "k", "NOMKSTREAM", "1-1", "f", "v"],
    ["XDEL", "k", "1-1"],
    ["XLEN", "k"],
    ["XRANGE", "k", "-", "+"],
    ["XRANGE", "k", "-", "+", "COUNT", 0],
    ["XREVRANGE", "k", "+", "-"],
    ["XSETID", "k", "5-5"],
    ["XTRIM", "k", "MAXLEN", 0],
]
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(map(str, command)))


def fill(pair, count=10, key="s"):
    for number in range(1, count + 1):
        pair.setup("XADD", key, f"{number}-{number % 3}", "field", f"value{number}", "n", number)


@by_name
def test_a_key_of_another_type_is_refused(pair, command):
    pair.setup("SET", "k", "text")
    pair.check(*command)
    pair.check("GET", "k")


@by_name
def test_an_absent_key_is_no_stream(pair, command):
    pair.check(*command)
    pair.check("EXISTS", "k")


@by_name
def test_too_few_arguments_are_refused(pair, command):
    for count in range(1, len(command)):
        pair.check(*command[:count])


IDS = [
    *["0", "0-0", "1", "1-1", "01-01", "1-", "-1", "-", "+", "*", "1-*", "$", ">", "(1", "", " 1-1", "1 -1", "1- 1"],
    *["+1-1", "1-+1", "1--1", "1--01", "0x1-1", "1-1-1", "1.5-1", "a-1", "1-a", "1-1*", "1-**", "1-1 ", "*-1", "\t5-7"],
    *[f"{TOP}", f"{TOP}-{TOP}", f"{TOP + 1}-0", f"0-{TOP + 1}", f"{2**63}-{2**63}", "00000000000000000000007-9"],
    *[b"5\0x", b"5-6\0x", b"\x005", "9" * 127, "0" * 126 + "5", "0" * 127 + "5", "0" * 128 + "5"],
]


@pytest.mark.parametrize("text", IDS, ids=repr)
def test_ids_are_read_by_the_letter(pair, text):
    """Whether the stream is absent or not, as its first ID or a later one, alone or as the end of a range."""
    if text != "*":
        pair.check("XADD", "s", text, "f", "v")
        pair.check("XADD", "s", text, "f", "v")
        pair.check("XADD", "s", "NOMKSTREAM", text, "f", "v")
    pair.setup("DEL", "s")
    fill(pair)
    pair.check("XDEL", "s", text)
    pair.check("XRANGE", "s", text, "+")
    pair.check("XRANGE", "s", "-", text)
    pair.check("XREVRANGE", "s", text, "-", "COUNT", 3)
    pair.check("XREVRANGE", "s", "+", text)
    pair.check("XTRIM", "s", "MINID", text)
    pair.check("XSETID", "s", text)
    pair.check("XSETID", "s", "20-20", "MAXDELETEDID", text)
    pair.check("XRANGE", "s", "-", "+")
    pair.digest()


def test_ids_must_rise(pair):
    pair.check("XADD", "s", "5-5", "f", "v")
    for id in ("5-5", "5-4", "4-9", "0-1", "5", "5-*", "5-*", "6-*", "5-7", "6-0", "6-*", f"7-{TOP}", "8-*"):
        pair.check("XADD", "s", id, "f", "v")
    pair.check("XADD", "s", f"{TOP}-{TOP - 1}", "f", "v")
    pair.check("XADD", "s", "*", "f", "v")
    pair.check("XADD", "s", "*", "f", "v")
    pair.check("XADD", "s", f"{TOP}-*", "f", "v")
    pair.check("XRANGE", "s", "-", "+")


def test_a_millisecond_without_ids_left_is_told_as_such(client):
    """The oracle, an older version, reports an error about the entry's size instead."""
    client.must("XADD", "s", f"7-{TOP}", "f", "v")
    assert client.do("XADD", "s", "7-*", "f", "v").startswith("ERR The ID specified in XADD is equal or smaller")


def test_an_entry_of_its_own_id_is_later_than_all_before_it(client):
    client.must("XADD", "s", "99999999999999-5", "f", "v")
    assert client.must("XADD", "s", "*", "f", "v") == b"99999999999999-6"
    seconds, _ = client.must("TIME")
    ms, seq = client.must("XADD", "t", "*", "f", "v").split(b"-")
    assert abs(int(ms) // 1000 - int(seconds)) < 60
    assert seq == b"0"


def test_no_empty_stream_is_left_behind_by_an_error(pair):
    pair.check("XADD", "s", "0-0", "f", "v")
    pair.check("XADD", "s", "0", "f", "v")
    pair.check("XADD", "s", "1-1", "f")
    pair.check("XADD", "s", "*", "f", "v", "g")
    pair.check("XADD", "s", "MAXLEN", 5, "NOMKSTREAM")
    pair.check("XADD", "s", "MAXLEN", 5, "NOMKSTREAM", "f", "g")
    pair.check("XADD", "s", "maxlen", 5, "nomkstream", "1-1", "f", "g")
    pair.check("EXISTS", "s")
    pair.check("XADD", "s", "0-*", "f", "v")


OPTIONS = [
    ["MAXLEN", 3],
    ["MAXLEN", "=", 3],
    ["MAXLEN", "~", 3],
    ["MAXLEN", 0],
    ["MAXLEN", "~", 0],
    ["MAXLEN", -1],
    ["MAXLEN", "x"],
    ["MAXLEN", "~"],
    ["MAXLEN", "="],
    ["MAXLEN"],
    ["MAXLEN", 3, "MAXLEN", 2],
    ["MAXLEN", 3, "MINID", 2],
    ["MINID", "5"],
    ["MINID", "=", "5-2"],
    ["MINID", "~", "5"],
    ["MINID", "~", "500"],
    ["MINID", "x"],
    ["MINID", "-"],
    ["MINID"],
    ["LIMIT", 5],
    ["LIMIT", 0],
    ["LIMIT", -1],
    ["LIMIT"],
    ["MAXLEN", 3, "LIMIT", 5],
    ["MAXLEN", "~", 3, "LIMIT", 5],
    ["MAXLEN", "~", 3, "LIMIT", 0],
    ["MAXLEN", "~", 0, "LIMIT", 1000],
    ["MAXLEN", "~", 3, "LIMIT", -1],
    ["MAXLEN", "~", 3, "LIMIT", "x"],
    ["LIMIT", 5, "MAXLEN", "~", 3],
    ["MINID", "~", "5", "LIMIT", 5],
    ["MINID", "=", "5", "LIMIT", 5],
    ["SOMETHING"],
    ["SOMETHING", 3],
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options)))
@pytest.mark.parametrize("size", [2, 100], ids="blocks of {}".format)
def test_options_of_trimming_are_checked_and_followed(pair, size, options):
    with pair.config(stream_node_max_entries=size):
        fill(pair)
        pair.setup("XDEL", "s", "4-1", "7-1")
        pair.check("XADD", "s", *options, "12-0", "f", "v")
        pair.check("XRANGE", "s", "-", "+")
        pair.check("XTRIM", "s", *options)
        pair.check("XTRIM", "absent", *options)
        pair.check("XRANGE", "s", "-", "+")
        pair.check("XLEN", "s")
        pair.digest()


@pytest.mark.parametrize("size", [1, 3, 100])
def test_nearly_exact_trimming_removes_whole_blocks(pair, size):
    with pair.config(stream_node_max_entries=size):
        fill(pair, 450)
        for options in (["~", 400], ["~", 250, "LIMIT", 120], ["~", 101], ["~", 99], ["~", 7], ["~", 1, "LIMIT", 1]):
            pair.check("XTRIM", "s", "MAXLEN", *options)
            pair.check("XLEN", "s")
        for options in (["~", 380], ["~", 420, "LIMIT", 5], ["~", 450], ["~", 451], ["~", 452]):
            pair.check("XTRIM", "s", "MINID", *options)
            pair.check("XRANGE", "s", "-", "+")


def test_what_was_trimmed_or_deleted_is_gone_for_all(pair):
    fill(pair, 250)
    pair.check("XTRIM", "s", "MAXLEN", 210)
    pair.check("XDEL", "s", "40-1", "41-2", "41-2", "100-1", "250-1", "999-9", "30-0")
    pair.check("XRANGE", "s", "-", "+", "COUNT", 5)
    pair.check("XREVRANGE", "s", "+", "-", "COUNT", 5)
    pair.check("XDEL", "s", *[f"{number}-{number % 3}" for number in range(100, 260)])
    pair.check("XRANGE", "s", "90", "+")
    pair.check("XREVRANGE", "s", "+", "98")
    pair.check("XADD", "s", "250-1", "f", "v")
    pair.check("XADD", "s", "250-2", "f", "v")
    pair.check("XDEL", "s", *[f"{number}-{number % 3}" for number in range(1, 100)], "250-2")
    pair.check("XLEN", "s")
    pair.check("EXISTS", "s")
    pair.check("TYPE", "s")
    pair.check("OBJECT", "ENCODING", "s")
    pair.check("XRANGE", "s", "-", "+")
    pair.check("XADD", "s", "250-2", "f", "v")
    pair.check("XADD", "s", "250-3", "f", "v")
    pair.digest()


RANGES = [
    ["-", "+"],
    ["+", "-"],
    ["5", "7"],
    ["5-1", "5-3"],
    ["(5-2", "(7-1"],
    ["(5", "(7"],
    ["(0-0", "(0-1"],
    ["(0-0", "(0-0"],
    ["-", "(0-0"],
    ["(-", "+"],
    ["-", "(+"],
    ["(", "+"],
    [f"({TOP}-{TOP}", "+"],
    [f"({TOP}", "+"],
    ["(5-5", "7"],
    ["x", "+"],
    ["-", "x"],
    ["-", "+", "COUNT", 2],
    ["-", "+", "COUNT", 0],
    ["-", "+", "COUNT", -5],
    ["-", "+", "COUNT", "x"],
    ["-", "+", "COUNT"],
    ["-", "+", "LIMIT", 2],
    ["-", "+", "count", 2, "COUNT", 3],
    ["99", "100"],
    ["99", "+"],
]


@pytest.mark.parametrize("arguments", RANGES, ids=lambda arguments: " ".join(map(str, arguments)))
@pytest.mark.parametrize("key", ["s", "absent"])
def test_ranges_have_ends_of_every_sort(pair, key, arguments):
    fill(pair)
    pair.check("XRANGE", key, *arguments)
    pair.check("XREVRANGE", key, *arguments)
    pair.check("XREVRANGE", key, arguments[1], arguments[0], *arguments[2:])


def test_ranges_begin_and_end_anywhere_in_many_blocks(pair):
    with pair.config(stream_node_max_entries=7):
        fill(pair, 60)
        pair.setup("XDEL", "s", "8-2", "14-2", "15-0", "21-0", "22-1")
        for first in range(0, 62, 3):
            pair.check("XRANGE", "s", f"{first}-2", "+", "COUNT", 4)
            pair.check("XREVRANGE", "s", f"{first}-1", "-", "COUNT", 4)
            pair.check("XRANGE", "s", first, first + 11)
            pair.check("XREVRANGE", "s", first + 11, first)


def test_names_and_values_are_any_bytes(pair):
    texts = [
        b"",
        b"\0",
        b"\r\n",
        bytes(range(256)),
        b"0",
        b"-1",
        b"007",
        b"9223372036854775807",
        b"9" * 40,
        b"x" * 70000,
    ]
    for number, text in enumerate(texts, 1):
        pair.check("XADD", "s", f"{number}-0", text, text)
    pair.check("XADD", "s", "50-0", *texts)
    pair.check("XADD", "s", "50-1", *texts)
    pair.check("XADD", "s", "50-2", *texts[::-1])
    pair.check("XADD", "s", "50-3", *["f", "v"] * 500)
    pair.check("XRANGE", "s", "-", "+")
    pair.check("XREVRANGE", "s", "+", "-")
    pair.digest()


def test_the_blocks_limits_are_directives(pair):
    for entries, size in ((0, 0), (1, 4096), (100, 100), (3, 0)):
        with pair.config(stream_node_max_entries=entries, stream_node_max_bytes=size):
            fill(pair, 200, f"s{entries}")
            pair.check("XRANGE", f"s{entries}", "-", "+")
            pair.check("XDEL", f"s{entries}", "100-1", "1-1", "200-2")
            pair.check("XREVRANGE", f"s{entries}", "+", "-")
    pair.digest()


SET_IDS = [
    ["20-0"],
    ["10-1"],
    ["9-0"],
    ["20-0", "ENTRIESADDED", 100],
    ["20-0", "ENTRIESADDED", 9],
    ["20-0", "ENTRIESADDED", 10],
    ["20-0", "ENTRIESADDED", -1],
    ["20-0", "ENTRIESADDED", "x"],
    ["20-0", "ENTRIESADDED"],
    ["20-0", "MAXDELETEDID", "0-0"],
    ["20-0", "MAXDELETEDID", "21-0"],
    ["20-0", "MAXDELETEDID", "x"],
    ["20-0", "MAXDELETEDID"],
    ["20-0", "entriesadded", 30, "maxdeletedid", "7-7"],
    ["20-0", "MAXDELETEDID", "21-0", "ENTRIESADDED", "x"],
    ["20-0", "OTHER", 5],
    ["20-0", "OTHER"],
    ["x", "OTHER"],
]


@pytest.mark.parametrize("arguments", SET_IDS, ids=lambda arguments: " ".join(map(str, arguments)))
def test_the_last_id_can_be_set(pair, arguments):
    fill(pair)
    pair.setup("XDEL", "s", "6-0")
    for key in ("s", "absent"):
        pair.check("XSETID", key, *arguments)
    pair.check("XSETID", "s", "14-0")
    pair.check("XADD", "s", "20-0", "f", "v")
    pair.check("XADD", "s", "20-1", "f", "v")
    pair.setup("XTRIM", "s", "MAXLEN", 0)
    pair.check("XSETID", "s", *arguments)
    pair.check("XADD", "s", "20-2", "f", "v")


def test_of_the_ids_deleted_the_greatest_is_told_whatever_goes_later(pair):
    for number in range(1, 10):
        pair.setup("XADD", "s", f"{number}-0", "f", "v")
    for ids, greatest in (("5-0", b"5-0"), ("2-0", b"5-0"), ("7-0 3-0 9-9", b"7-0"), ("7-0 1-0", b"7-0")):
        pair.check("XDEL", "s", *ids.split())
        told = pair.check("XINFO", "STREAM", "s", by=greatest_deleted)
        assert greatest_deleted(told) == greatest
    pair.check("COPY", "s", "copy")
    assert greatest_deleted(pair.check("XINFO", "STREAM", "copy", by=greatest_deleted)) == b"7-0"


def greatest_deleted(facts) -> bytes:
    facts = facts if isinstance(facts, dict) else dict(zip(facts[::2], facts[1::2], strict=True))
    return facts[b"max-deleted-entry-id"]


def test_the_last_id_cannot_go_below_what_was_deleted(client):
    """As in Redis since 7.2; the oracle, an older version, checks that only in streams with entries."""
    client.must("XADD", "s", "6-0", "f", "v")
    client.must("XDEL", "s", "6-0")
    error = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
    assert client.do("XSETID", "s", "5-5").startswith(error)
    assert client.must("XSETID", "s", "6-0") == "OK"


@pytest.mark.parametrize("name", ["COPY", "RENAME"])
def test_a_copied_or_renamed_stream_is_whole(pair, name):
    fill(pair, 150)
    pair.setup("XDEL", "s", "7-1", "150-0")
    pair.check(name, "s", "t")
    pair.check("XADD", "t", "150-0", "f", "v")
    pair.check("XADD", "t", "151-*", "f", "v")
    pair.check("XRANGE", "s", "-", "+")
    pair.check("XRANGE", "t", "-", "+")
    pair.digest()


def test_a_large_stream_is_unlinked_in_slices_and_all_of_it_goes(start_ours):
    """Runs on a server of its own, which has no data of other tests to release."""
    with start_ours("--appendonly", "no").client() as client:
        unlink_a_large_stream(client)


def unlink_a_large_stream(client):
    before = int(info(client, "used_memory"))
    for number in range(0, 100_000, 500):
        batch = [("XADD", "s", f"{number + i + 1}-0", "f", b"v" * 16) for i in range(500)]
        client.pipeline(batch)
    grown = int(info(client, "used_memory")) - before
    assert client.must("XLEN", "s") == 100_000
    assert client.must("MEMORY", "USAGE", "s") == pytest.approx(grown, rel=0.05)
    client.must("UNLINK", "s")
    wait_until(lambda: info(client, "lazyfree_pending_objects") == b"0", "the release")
    assert int(info(client, "used_memory")) - before < 200_000


def info(client, name):
    lines = client.must("INFO", "all").splitlines()
    return next(line for line in lines if line.startswith(name.encode() + b":")).partition(b":")[2]
