"""Snapshots made in slices: whatever happens between two slices, the file has the data of the beginning.

The servers run in this process. Pieces are small, so that a value of a few dozen parts takes many slices.
"""

import gc
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyredis.persistence.snapshot import Snapshot
from support.in_process import Local
from support.propagation_cases import CASES
from support.strategies import (
    EMPTYING,
    EXPIRY,
    FIELDS,
    GENERIC,
    KEYS,
    ONE,
    VALUES,
    command,
    some,
)

LONG = bool(os.environ.get("PYREDIS_LONG"))
PIECE = 64


class Making:
    """A snapshot in progress, one slice at a time."""

    def __init__(self, local, path, piece=PIECE):
        self.local, self.path = local, path
        self.before = local.contents()
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC)
        self.snapshot = Snapshot(local.core, fd, piece)
        self.slices = 0

    def slice(self):
        self.slices += 1
        return self.snapshot.work(0)

    def finish(self):
        while self.slice():
            pass
        assert self.snapshot.finish() == 0

    def check(self, other):
        """Finishes the file, loads it, and checks that it has the data of the beginning."""
        self.finish()
        self.local.sound()
        other.load(self.path)
        assert other.contents() == self.before


@pytest.fixture(scope="module")
def locals_(tmp_path_factory):
    """Returns two servers. The allocator is shared by the process, so garbage of earlier tests is collected first."""
    folder = tmp_path_factory.mktemp("snapshots")
    gc.collect()
    return Local(folder), Local(folder)


@pytest.fixture
def local(locals_):
    yield locals_[0]
    locals_[0].empty()


@pytest.fixture
def other(locals_):
    yield locals_[1]
    locals_[1].empty()


# ---- anything between the slices ----

NAMES = st.integers(0, 60).map(lambda number: b"field:%d" % number)
COUNTS = st.integers(5, 60)
FAR = st.sampled_from([b"4102444800000", b"4102444800001"])
SCORES = st.sampled_from([b"0", b"1", b"-1.5", b"inf"])
RANKS = st.integers(-60, 60).map(lambda number: b"%d" % number)


def many(text):
    return COUNTS.map(lambda count: [text(number) for number in range(count)])


HASHES = st.one_of(
    command("HSET", KEYS, many(lambda n: [b"field:%d" % n, b"value %d" % n])),
    command("HSET", KEYS, NAMES, VALUES),
    command("HDEL", KEYS, some(NAMES)),
    command("HINCRBY", KEYS, NAMES, st.just(b"1")),
    command("HPEXPIREAT", KEYS, FAR, st.just([b"FIELDS", b"1"]), NAMES),
    command("HPERSIST", KEYS, st.just([b"FIELDS", b"1"]), NAMES),
)
SORTED_SETS = st.one_of(
    command("ZADD", KEYS, many(lambda n: [b"%d" % (n % 7), b"field:%d" % n])),
    command("ZADD", KEYS, SCORES, NAMES),
    command("ZINCRBY", KEYS, st.just(b"1"), NAMES),
    command("ZREM", KEYS, some(NAMES)),
    command("ZREMRANGEBYRANK", KEYS, RANKS, RANKS),
)
SETS = st.one_of(
    command("SADD", KEYS, many(lambda n: [b"field:%d" % n])),
    command("SADD", KEYS, many(lambda n: [b"%d" % n])),
    command("SREM", KEYS, some(NAMES)),
    command("SMOVE", KEYS, KEYS, NAMES),
    command("SPOP", KEYS, st.sampled_from([b"1", b"10", b"50"])),
    command("SUNIONSTORE", KEYS, some(KEYS)),
)
ELEMENTS = st.one_of(NAMES, st.just(b"too large for a pack " * 500))
PUSHES = st.sampled_from([b"LPUSH", b"RPUSH"]).flatmap(
    lambda name: command(name.decode(), KEYS, st.one_of(many(lambda n: [b"field:%d" % n]), some(ELEMENTS)))
)
LISTS = st.one_of(
    PUSHES,
    PUSHES,
    command("LPOP", KEYS, st.sampled_from([b"1", b"10", b"40"])),
    command("RPOP", KEYS, st.sampled_from([b"1", b"10", b"40"])),
    command("LSET", KEYS, RANKS, ELEMENTS),
    command("LINSERT", KEYS, st.sampled_from([b"BEFORE", b"AFTER"]), NAMES, ELEMENTS),
    command("LREM", KEYS, st.sampled_from([b"0", b"1", b"-1"]), ELEMENTS),
    command("LTRIM", KEYS, RANKS, RANKS),
    command("LMOVE", KEYS, KEYS, st.sampled_from([[b"LEFT", b"RIGHT"], [b"RIGHT", b"LEFT"]])),
)
GROUPS = st.sampled_from([b"g", b"another group"])
IDS = st.integers(1, 60).map(lambda number: b"%d-1" % number)
TRIMS = st.integers(0, 60).map(lambda number: b"%d" % number)
STREAMS = st.one_of(
    command("XADD", KEYS, st.just(b"*"), some(st.tuples(FIELDS, VALUES))),
    command("XADD", KEYS, IDS, some(st.tuples(NAMES, VALUES))),
    command("XADD", KEYS, IDS, some(st.tuples(FIELDS, VALUES))),
    command("XDEL", KEYS, some(IDS, 10)),
    command("XTRIM", KEYS, st.just(b"MAXLEN"), TRIMS),
    command("XTRIM", KEYS, st.just(b"MINID"), IDS),
    command("XSETID", KEYS, IDS),
    command("XGROUP CREATE", KEYS, GROUPS, st.sampled_from([b"0", b"$", b"30-1"])),
    command("XGROUP DESTROY", KEYS, GROUPS),
    command("XGROUP CREATECONSUMER", KEYS, GROUPS, GROUPS),
    command("XGROUP DELCONSUMER", KEYS, GROUPS, GROUPS),
    command("XREADGROUP GROUP", GROUPS, GROUPS, st.just(b"STREAMS"), KEYS, st.just(b">")),
    command("XACK", KEYS, GROUPS, some(IDS, 10)),
    command("XCLAIM", KEYS, GROUPS, GROUPS, st.just(b"0"), some(IDS, 10)),
)
LARGE = st.one_of(HASHES, SORTED_SETS, SETS, LISTS, STREAMS)
DUE = command("HPEXPIRE", KEYS, st.just([b"1", b"FIELDS", b"1"]), st.one_of(NAMES, FIELDS))
SOON = command("PEXPIRE", KEYS, st.just(b"1"))
INITIAL = st.lists(st.one_of(LARGE, LARGE, ONE, GENERIC, EXPIRY), max_size=25)
MEANWHILE = st.lists(
    st.one_of(*[LARGE] * 3, ONE, GENERIC, EXPIRY, DUE, SOON, EMPTYING, st.none(), st.none()), min_size=1, max_size=40
)


@pytest.mark.long
@settings(max_examples=2000 if LONG else 150)
@given(initial=INITIAL, meanwhile=MEANWHILE)
def test_the_file_has_what_was_there_at_the_beginning(locals_, tmp_path_factory, initial, meanwhile):
    """A step of None is a slice of the snapshot."""
    local, other = locals_
    path = tmp_path_factory.getbasetemp() / "base.aof"
    local.empty()
    other.empty()
    empty = local.core.used_memory
    for step in initial:
        local.call(*step.arguments)
    making = Making(local, path)
    for step in meanwhile:
        if step is None:
            making.slice()
            local.core.tick()
        else:
            local.call(*step.arguments)
    making.check(other)
    del making
    local.empty()
    other.empty()
    assert local.core.used_memory == empty, "memory has leaked"


# ---- one kind of change at a time ----


def hash_parts(local, key, count):
    local.must("HSET", key, *[text for n in range(count) for text in (f"field:{n}", f"value {n}")])
    local.must("HPEXPIREAT", key, 4102444800000, "FIELDS", 2, "field:1", "field:2")


def zset_parts(local, key, count):
    local.must("ZADD", key, *[text for n in range(count) for text in (n / 3, f"member:{n}")])


def change_hash(local, key, n, count):
    local.must("HSET", key, f"field:{n}", "another", f"new:{n}", "new")
    local.must("HDEL", key, f"field:{n + 1}")
    local.must("HSET", key, f"field:{n + 1}", "again")
    local.must("HPEXPIRE", key, 100000, "FIELDS", 1, f"field:{n + 2}")
    local.must("HDEL", key, f"field:{count - 1 - n}")


def change_zset(local, key, n, count):
    local.must("ZADD", key, 5, f"member:{n}", -5, f"new:{n}")
    local.must("ZREM", key, f"member:{n + 1}")
    local.must("ZADD", key, -5, f"member:{n + 1}")
    local.must("ZINCRBY", key, 5, f"member:{n + 2}")
    local.must("ZREMRANGEBYRANK", key, 2, 3)
    local.must("ZPOPMAX", key, 2)


def set_parts(local, key, count):
    local.must("SADD", key, *[f"member:{n}" for n in range(count)])


def change_set(local, key, n, count):
    local.must("SREM", key, f"member:{n}", f"member:{n + 1}")
    local.must("SADD", key, f"member:{n + 1}", f"new:{n}")
    local.must("SPOP", key, 3)
    local.must("SMOVE", key, "elsewhere", f"member:{n + 2}")


def list_parts(local, key, count):
    local.must("RPUSH", key, *[f"element:{n}" for n in range(count)])
    if count > 100:
        local.must("LSET", key, 100, "too large for a pack " * 500)


def change_list(local, key, n, count):
    local.must("LPUSH", key, f"new:{n}")
    local.must("RPOP", key, 2)
    local.must("LSET", key, n % 200, f"another {n}")
    local.must("LINSERT", key, "AFTER", f"element:{n + 3}", "inserted")
    local.must("LREM", key, 1, f"element:{n + 40}")
    local.must("LMOVE", key, key, "LEFT", "RIGHT")


def stream_parts(local, key, count):
    for number in range(count):
        local.call("XADD", key, f"{number + 1}-1", "name", f"value {number}")
    assert local.must("XLEN", key) == count
    if count > 100:
        local.must("XGROUP", "CREATE", key, "readers", 0)
        local.must("XGROUP", "CREATECONSUMER", key, "readers", "idle")
        local.must("XREADGROUP", "GROUP", "readers", "first", "COUNT", 150, "STREAMS", key, ">")
        local.must("XGROUP", "CREATE", key, "others", "$")


def change_stream(local, key, n, count):
    local.must("XADD", key, "*", "name", "later", "other", "name")
    local.must("XDEL", key, f"{n + 1}-1", f"{count - 1 - n}-1")
    local.must("XTRIM", key, "MAXLEN", max(count - n, 1))
    local.must("XACK", key, "readers", f"{n + 2}-1", f"{n + 3}-1")
    local.must("XCLAIM", key, "readers", "second", 0, f"{n + 4}-1")
    local.must("XREADGROUP", "GROUP", "readers", "second", "COUNT", 1, "STREAMS", key, ">")


# For each kind, a function that fills a value with so many parts, and one that changes some of them.
KINDS = {
    "hash": (hash_parts, change_hash),
    "zset": (zset_parts, change_zset),
    "set": (set_parts, change_set),
    "list": (list_parts, change_list),
    "stream": (stream_parts, change_stream),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def fill(local, kind="hash", key="large", count=500):
    KINDS[kind][0](local, key, count)
    local.must("PEXPIREAT", key, 4102444800000)


def change(local, kind, key, n, count=500):
    KINDS[kind][1](local, key, n, count)


def run_into(making, slices=20):
    """Runs the snapshot into the middle of the large value."""
    for _ in range(slices):
        assert making.slice()


def test_a_large_value_is_saved_in_many_slices(local, other, tmp_path, kind):
    fill(local, kind)
    making = Making(local, tmp_path / "base.aof")
    making.check(other)
    assert making.slices > 50


def test_parts_changed_removed_and_added_meanwhile_are_saved_as_they_were(local, other, tmp_path, kind):
    fill(local, kind)
    making = Making(local, tmp_path / "base.aof")
    for number in range(0, 500, 5):
        making.slice()
        change(local, kind, "large", number)
    making.check(other)


@pytest.mark.parametrize("moment", ["before", "amid"])
@pytest.mark.parametrize(
    "happening",
    [
        "DEL large",
        "UNLINK large, SET large string",
        "SET large string",
        "RENAME large other, HSET large f v, CHANGE other",
        "MOVE large 1, SELECT 1, CHANGE large, DEL large",
        "SWAPDB 0 1, SET a 1, SELECT 1, CHANGE large",
        "SWAPDB 0 1, FLUSHDB, SWAPDB 1 2, SELECT 2, DEL large",
        "FLUSHALL",
        "FLUSHALL ASYNC, HSET large f v",
        "FLUSHDB, HSET large f v, FLUSHDB, SWAPDB 0 1, SET a 1",
        "COPY large copy, CHANGE copy, COPY copy large REPLACE, CHANGE large",
        "PERSIST large, CHANGE large",
        "PEXPIREAT large 1, EXISTS large",
    ],
)
def test_what_happens_to_the_key_does_not_show(local, other, tmp_path, kind, moment, happening):
    fill(local, kind)
    fill(local, kind, "second", 300)
    local.must("SELECT", 1)
    fill(local, kind, "third", 300)
    local.must("SELECT", 0)
    making = Making(local, tmp_path / "base.aof")
    if moment == "amid":
        run_into(making)
    for words in happening.split(", "):
        name, *arguments = words.split()
        if name == "CHANGE":
            change(local, kind, arguments[0], 400)
        else:
            local.must(name, *arguments)
        making.slice()
    local.must("SELECT", 0)
    making.check(other)


@pytest.mark.parametrize("slices", [0, 1, 3, 12])
@pytest.mark.parametrize(
    "happening",
    [
        "FLUSHDB, SET a 1, FLUSHDB",
        "FLUSHDB, SET a 1, FLUSHDB, SET a 1, FLUSHDB ASYNC",
        "FLUSHALL, SET a 1, SWAPDB 0 1, SET a 1, FLUSHALL",
        "FLUSHDB, SWAPDB 0 1, FLUSHDB, SWAPDB 0 1",
        "SWAPDB 0 1, FLUSHDB, SET a 1, SWAPDB 0 1, FLUSHDB",
    ],
)
def test_a_database_that_is_flushed_again_or_swapped_after_it_is_saved_as_it_was(
    locals_, tmp_path, kind, slices, happening
):
    local, other = locals_
    local.empty()
    other.empty()
    empty = local.core.used_memory
    for database in range(2):
        local.must("SELECT", database)
        fill(local, kind, f"large of {database}", 150)
        for number in range(400):
            local.must("SET", f"key:{number}", f"of {database}")
    local.must("SELECT", 0)
    making = Making(local, tmp_path / "base.aof")
    for _ in range(slices):
        assert making.slice()
    for words in happening.split(", "):
        local.must(*words.split())
    making.check(other)
    del making
    local.empty()
    other.empty()
    assert local.core.used_memory == empty, "memory has leaked"


def test_a_value_that_becomes_large_meanwhile_is_saved_as_it_was(local, other, tmp_path, kind):
    for number in range(50):
        fill(local, kind, f"small:{number}", 3)
    making = Making(local, tmp_path / "base.aof")
    for number in range(50):
        fill(local, kind, f"small:{number}", 30)
    making.check(other)


@pytest.mark.parametrize("end", ["abandon", "drop"])
def test_a_snapshot_given_up_leaves_the_values_alone(local, tmp_path, kind, end):
    fill(local, kind)
    fill(local, kind, "removed")
    fill(local, kind, "flushed")
    making = Making(local, tmp_path / "base.aof")
    run_into(making)
    change(local, kind, "large", 300)
    local.must("DEL", "removed")
    if end == "abandon":
        making.snapshot.abandon()
    del making
    for number in range(0, 500, 5):
        change(local, kind, "large", number)
        change(local, kind, "flushed", number)
    local.must("FLUSHALL")
    local.sound()


def test_most_of_a_large_set_taken_at_once_is_saved(local, other, tmp_path):
    fill(local, "set")
    making = Making(local, tmp_path / "base.aof")
    run_into(making)
    local.must("SPOP", "large", 450)
    making.check(other)


@pytest.mark.parametrize("depth", ["0", "1", "3"])
def test_a_list_emptied_from_either_end_or_become_short_is_saved(local, other, tmp_path, depth):
    local.must("CONFIG", "SET", "list-compress-depth", depth)
    for number in range(40):
        local.must("RPUSH", f"list:{number}", *[f"element {n} " * 4 for n in range(60)])
    making = Making(local, tmp_path / "base.aof")
    run_into(making)
    for number in range(40):
        end, count = ("LPOP", "RPOP")[number % 2], 60 - number % 7
        local.must(end, f"list:{number}", count)
        making.slice()
        local.must("RPUSH", f"list:{number}", *[f"later {n}" for n in range(40)])
    making.check(other)
    local.must("CONFIG", "SET", "list-compress-depth", "1")


def test_a_stream_that_is_emptied_and_set_back_is_saved_as_it_was(local, other, tmp_path):
    fill(local, "stream", "large", 200)
    making = Making(local, tmp_path / "base.aof")
    run_into(making)
    local.must("XTRIM", "large", "MAXLEN", 0)
    local.must("XSETID", "large", "1-0")
    for number in range(1, 300):
        local.must("XADD", "large", f"{number}-2", "another", "value")
        making.slice()
    making.check(other)


def test_one_snapshot_after_the_other(local, other, tmp_path, kind):
    fill(local, kind)
    for number in range(260):
        making = Making(local, tmp_path / "base.aof")
        run_into(making, 3)
        change(local, kind, "large", number)
        if number % 50 == 7:
            making.check(other)
        else:
            making.snapshot.abandon()


# An epoch has 8 bits and wraps after 256, so stamps are renewed before that.
@pytest.mark.parametrize("abandoned", [1, 198, 199, 200, 201, 254, 255, 256, 257, 300, 520])
def test_after_many_snapshots_given_up_a_full_one_has_every_key(local, other, tmp_path, abandoned):
    """Each of them has saved a different key, and so stamped it; the first and the last have stamped many."""
    keys = [f"key:{number}" for number in range(abandoned + 200)]
    for key in keys:
        local.must("SET", key, "before")
    for number in range(abandoned):
        fd = os.open(tmp_path / "vain.aof", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC)
        snapshot = Snapshot(local.core, fd)
        if number in (0, abandoned - 1):
            assert snapshot.work(0)
        local.must("SET", keys[number], f"changed {number}")
        snapshot.abandon()
    making = Making(local, tmp_path / "base.aof")
    for key in keys[::3]:
        local.must("SET", key, "meanwhile")
    making.check(other)
    assert making.snapshot.keys == len(keys)


REQUESTS = [case for cases in CASES.values() for case in cases if not case.woken]


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.request)
def test_every_writing_command_leaves_to_the_snapshot_what_was_there(local, other, tmp_path, case):
    """This holds for commands that look their keys up for writing, as most do, and for those that first read them."""
    before = {name: local.must("CONFIG", "GET", name)[1] for name in case.config}
    for line in case.before:
        local.must(*line.split())
    making = Making(local, tmp_path / "base.aof")
    for name, value in case.config.items():
        local.must("CONFIG", "SET", name, value)
    local.call(*("" if word == "''" else word for word in case.request.split()))
    making.check(other)
    for name, value in before.items():
        local.must("CONFIG", "SET", name, value)


STRINGS = {"an integer": "5", "a short string": "short", "a long string": "long " * 100}
CHANGES = [
    *[f"{name} {{}} {value}" for name in ("GETSET", "SET", "APPEND") for value in ("7", "other", "short", "x" * 500)],
    *[f"SET {{}} {value} GET" for value in ("7", "other", "short", "x" * 500)],
    *("GETDEL {}", "GETEX {} EX 1000", "GETEX {} PERSIST", "PERSIST {}", "EXPIRE {} 1000", "EXPIRE {} -1", "DEL {}"),
    *("INCR {}", "INCRBYFLOAT {} 0.5", "SETRANGE {} 2 xyz", "SETRANGE {} 2000 xyz", "SETBIT {} 7 1"),
    *("BITFIELD {} SET u8 0 77", "BITOP NOT {} another", "COPY another {} REPLACE", "RENAME {} elsewhere"),
    *("MSET {} 1 x 2", "SUNIONSTORE {} set", "SORT list STORE {}", "MOVE {} 1", "UNLINK {}", "SETEX {} 1000 v"),
]


@pytest.mark.parametrize("expiring", [False, True], ids=["lasting", "expiring"])
@pytest.mark.parametrize("form", STRINGS)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change[:40])
def test_a_string_that_changes_its_form_is_saved_as_it_was(local, other, tmp_path, change, form, expiring):
    local.must("SET", "another", "value")
    local.must("SADD", "set", "a")
    local.must("RPUSH", "list", "1")
    local.must("SET", "k", STRINGS[form], *(["PXAT", "4102444800000"] if expiring else []))
    making = Making(local, tmp_path / "base.aof")
    local.call(*change.format("k").split())
    making.check(other)


@pytest.mark.parametrize("swaps", [["0 1"], ["0 1", "1 2"], ["0 1", "0 1"], ["0 2", "0 1"]], ids=" then ".join)
def test_a_key_that_changes_after_its_database_was_swapped_is_saved_where_it_was(local, other, tmp_path, swaps):
    for database in range(3):
        local.must("SELECT", database)
        for number in range(20):
            local.must("SET", f"k{number}", f"of {database}")
    local.must("SELECT", 0)
    making = Making(local, tmp_path / "base.aof")
    for swap in swaps:
        local.must("SWAPDB", *swap.split())
    for database in range(3):
        local.must("SELECT", database)
        for number in range(0, 20, 2):
            local.must("SET", f"k{number}", "meanwhile")
    making.check(other)
