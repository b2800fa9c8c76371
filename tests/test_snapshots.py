"""Snapshots in pieces: whatever happens between two slices, the file has the data of the beginning.

On servers in this process. A piece is small here, so that a value of a few dozen parts takes many slices.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyredis._snapshot import Snapshot
from support.in_process import Local
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
    """A snapshot under way, one slice at a time."""

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
        """The file, finished and loaded, is what was there at the beginning."""
        self.finish()
        self.local.sound()
        other.load(self.path)
        assert other.contents() == self.before


@pytest.fixture(scope="module")
def locals_(tmp_path_factory):
    folder = tmp_path_factory.mktemp("snapshots")
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
MANY = st.integers(5, 60).map(lambda count: [[b"field:%d" % n, b"value %d" % n] for n in range(count)])
FAR = st.sampled_from([b"4102444800000", b"4102444800001"])
LARGE_HASHES = st.one_of(
    command("HSET", KEYS, MANY),
    command("HSET", KEYS, NAMES, VALUES),
    command("HDEL", KEYS, some(NAMES)),
    command("HINCRBY", KEYS, NAMES, st.just(b"1")),
    command("HPEXPIREAT", KEYS, FAR, st.just([b"FIELDS", b"1"]), NAMES),
    command("HPERSIST", KEYS, st.just([b"FIELDS", b"1"]), NAMES),
)
LARGE = st.one_of(LARGE_HASHES)
DUE = command("HPEXPIRE", KEYS, st.just([b"1", b"FIELDS", b"1"]), st.one_of(NAMES, FIELDS))
SOON = command("PEXPIRE", KEYS, st.just(b"1"))
INITIAL = st.lists(st.one_of(LARGE, LARGE, ONE, GENERIC, EXPIRY), max_size=25)
MEANWHILE = st.lists(
    st.one_of(*[LARGE] * 3, ONE, GENERIC, EXPIRY, DUE, SOON, EMPTYING, st.none(), st.none()), min_size=1, max_size=40
)


@pytest.mark.long
@settings(max_examples=2000 if LONG else 150, deadline=None, suppress_health_check=list(HealthCheck))
@given(initial=INITIAL, meanwhile=MEANWHILE)
def test_the_file_has_what_was_there_at_the_beginning(locals_, tmp_path_factory, initial, meanwhile):
    """A step of None is a slice of the snapshot."""
    local, other = locals_
    path = tmp_path_factory.getbasetemp() / "base.aof"
    local.empty()
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
    local.empty()
    other.empty()
    assert local.core.used_memory <= empty + 65536, "memory is lost"


# ---- one way at a time ----


def fill(local, key="large", count=500):
    local.must("HSET", key, *[text for n in range(count) for text in (f"field:{n}", f"value {n}")])
    local.must("HPEXPIREAT", key, 4102444800000, "FIELDS", 2, "field:1", "field:2")
    local.must("PEXPIREAT", key, 4102444800000)


def run_into(making, slices=20):
    """Into the middle of the large value."""
    for _ in range(slices):
        assert making.slice()


def test_a_large_hash_is_saved_in_many_slices(local, other, tmp_path):
    fill(local)
    making = Making(local, tmp_path / "base.aof")
    making.check(other)
    assert making.slices > 50


def test_fields_changed_removed_and_added_meanwhile_are_saved_as_they_were(local, other, tmp_path):
    fill(local)
    making = Making(local, tmp_path / "base.aof")
    for number in range(0, 500, 5):
        making.slice()
        local.must("HSET", "large", f"field:{number}", "another", f"new:{number}", "new")
        local.must("HDEL", "large", f"field:{number + 1}")
        local.must("HSET", "large", f"field:{number + 1}", "again")
        local.must("HPEXPIRE", "large", 100000, "FIELDS", 1, f"field:{number + 2}")
        local.must("HDEL", "large", f"field:{499 - number}")
    making.check(other)


@pytest.mark.parametrize("moment", ["before", "amid"])
@pytest.mark.parametrize(
    "happening",
    [
        [["DEL", "large"]],
        [["UNLINK", "large"], ["SET", "large", "a string"]],
        [["SET", "large", "a string"]],
        [["RENAME", "large", "other"], ["HSET", "large", "f", "v"], ["HDEL", "other", "field:3"]],
        [["MOVE", "large", "1"], ["SELECT", "1"], ["HSET", "large", "field:400", "changed"], ["DEL", "large"]],
        [["SWAPDB", "0", "1"], ["SET", "a", "1"], ["SELECT", "1"], ["HSET", "large", "field:400", "changed"]],
        [["SWAPDB", "0", "1"], ["FLUSHDB"], ["SWAPDB", "1", "2"], ["SELECT", "2"], ["DEL", "large"]],
        [["FLUSHALL"]],
        [["FLUSHALL", "ASYNC"], ["HSET", "large", "f", "v"]],
        [["FLUSHDB"], ["HSET", "large", "f", "v"], ["FLUSHDB"], ["SWAPDB", "0", "1"], ["SET", "a", "1"]],
        [["COPY", "large", "copy"], ["HSET", "copy", "field:3", "changed"], ["COPY", "copy", "large", "REPLACE"]],
        [["PERSIST", "large"], ["HPERSIST", "large", "FIELDS", "1", "field:1"]],
        [["PEXPIREAT", "large", "1"], ["EXISTS", "large"]],
    ],
    ids=lambda happening: " ".join(happening[0]) if isinstance(happening, list) else happening,
)
def test_what_happens_to_the_key_does_not_show(local, other, tmp_path, moment, happening):
    fill(local)
    fill(local, "second", 300)
    local.must("SELECT", 1)
    fill(local, "third", 300)
    local.must("SELECT", 0)
    making = Making(local, tmp_path / "base.aof")
    if moment == "amid":
        run_into(making)
    for arguments in happening:
        local.must(*arguments)
        making.slice()
    local.must("SELECT", 0)
    making.check(other)


def test_a_hash_that_becomes_a_table_meanwhile_is_saved_as_it_was(local, other, tmp_path):
    for number in range(50):
        local.must("HSET", f"small:{number}", "f", "v")
    making = Making(local, tmp_path / "base.aof")
    for number in range(50):
        fill(local, f"small:{number}", 20)
    making.check(other)


@pytest.mark.parametrize("end", ["abandon", "drop"])
def test_a_snapshot_given_up_leaves_the_values_alone(local, tmp_path, end):
    fill(local)
    fill(local, "removed")
    fill(local, "flushed")
    making = Making(local, tmp_path / "base.aof")
    run_into(making)
    local.must("DEL", "removed")
    if end == "abandon":
        making.snapshot.abandon()
    del making
    for number in range(500):
        local.must("HSET", "large", f"field:{number}", "changed")
        local.must("HDEL", "flushed", f"field:{number}")
    local.must("FLUSHALL")
    local.sound()


def test_one_snapshot_after_the_other(local, other, tmp_path):
    fill(local)
    for number in range(260):
        making = Making(local, tmp_path / "base.aof")
        run_into(making, 3)
        local.must("HSET", "large", "field:7", number)
        if number % 50 == 7:
            making.check(other)
        else:
            making.snapshot.abandon()
