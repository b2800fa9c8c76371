"""The hash in its three encodings against a dict: changes, conversions, field expiry, iteration and random picks."""

import mmap
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fuzz import hashes
from pyredis.types.handles.hash_handle import HashValue, hash_from, used_bytes
from support.heap import settled_bytes

NAMES = [b"f%d" % i for i in range(12)] + [b"7", b"-40000", b"", b"x" * 40, b"y" * 70, b"z" * 300]
OK, INVALID, OVERFLOW = 0, 1, 2

names = st.sampled_from(NAMES)
texts = st.one_of(
    st.binary(max_size=8),
    st.integers(-(2**63), 2**63 - 1).map(lambda n: str(n).encode()),
    st.sampled_from([b"", b"v" * 64, b"v" * 65, b"v" * 255, b"v" * 256, b"v" * 1000]),
)
times = st.integers(1, 40)


def filled(count, **limits):
    value = HashValue(**limits)
    for i in range(count):
        value.set(b"field%d" % i, b"value%d" % i)
    return value


FORMS = {
    "listpack": lambda count: filled(count, entries=100000, value=1000),
    "hashtable": lambda count: filled(count, entries=0),
}
forms = pytest.mark.parametrize("make", FORMS.values(), ids=FORMS.keys())


def test_a_hash_turns_into_a_table_with_one_field_more_than_the_limit():
    value = filled(128)
    assert (value.encoding, len(value)) == ("listpack", 128)
    value.set(b"field0", b"again")
    assert value.encoding == "listpack"
    value.set(b"one more", b"")
    assert (value.encoding, len(value)) == ("hashtable", 129)
    value.delete(b"one more")
    assert (value.encoding, len(value)) == ("hashtable", 128)


@pytest.mark.parametrize(("field", "text"), [(b"f" * 65, b"v"), (b"f", b"v" * 65)])
def test_a_hash_turns_into_a_table_with_a_field_or_value_past_the_limit(field, text):
    value = filled(3)
    value.set(b"f" * 64, b"v" * 64)
    assert value.encoding == "listpack"
    value.set(field, text)
    assert value.encoding == "hashtable"
    assert value.get(field) == (text, 0)
    assert len(value) == 5


def test_more_pairs_at_once_than_the_limit_make_a_table():
    value = HashValue(entries=4)
    assert value.set_pairs(*[b"a", b"1"] * 4) == 1
    assert value.encoding == "listpack"
    assert value.set_pairs(*[b"a", b"2"] * 5) == 0
    assert value.encoding == "hashtable"


def test_an_expiry_makes_triples_in_order_of_expiry():
    value = filled(4)
    value.set_expiry(b"field2", 500)
    value.set_expiry(b"field1", 900)
    value.set_expiry(b"field3", 100)
    assert value.encoding == "listpackex"
    assert [(field, expiry) for field, _, expiry in value.items()] == [
        (b"field3", 100),
        (b"field2", 500),
        (b"field1", 900),
        (b"field0", 0),
    ]
    value.set_expiry(b"field3", 0)
    assert (value.encoding, value.next_expiry) == ("listpackex", 500)


@forms
def test_a_due_field_is_hidden_from_every_reader_and_still_counted(make):
    value = make(10)
    for i in range(5):
        value.set_expiry(b"field%d" % i, 100 + i)
    now = 103
    assert value.get(b"field2", now) is None
    assert value.get(b"field3", now) == (b"value3", 103)
    living = {b"field%d" % i for i in range(3, 10)}
    assert {field for field, _, _ in value.items(now)} == living
    assert {field for field, _, _ in value.scan(0, now)[1]} <= living
    assert {value.random(now)[0] for _ in range(300)} == living
    assert {field for field, _, _ in value.sample(50, now)} == living
    assert (len(value), value.living(now)) == (10, 7)


@forms
def test_due_fields_are_removed_in_order_and_within_the_budget(make):
    value = make(30)
    for i in range(20):
        value.set_expiry(b"field%d" % i, 100 + (7 * i) % 20)
    assert [expiry for _, _, expiry in value.expire_due(110, 4)] == [100, 101, 102, 103]
    assert [expiry for _, _, expiry in value.expire_due(110)] == [104, 105, 106, 107, 108, 109]
    assert value.expire_due(110) == []
    assert (len(value), value.next_expiry) == (20, 110)
    assert value.is_sound()


@forms
def test_a_hash_whose_fields_are_all_due_has_nothing_to_pick(make):
    value = make(5)
    for i in range(5):
        value.set_expiry(b"field%d" % i, 1)
    assert value.random(2) is None
    assert value.sample(3, 2) == []


@forms
def test_incrementing_keeps_the_expiry_but_starts_afresh_when_the_field_is_due(make):
    value = make(1)
    assert value.increment(b"n", 5) == (OK, 5)
    value.set_expiry(b"n", 100)
    assert value.increment(b"n", -7, 100) == (OK, -2)
    assert value.get(b"n") == (b"-2", 100)
    assert value.increment(b"n", 3, 101) == (OK, 3)
    assert value.get(b"n", 101) == (b"3", 0)


@forms
def test_incrementing_refuses_text_and_overflow_and_changes_nothing(make):
    value = make(1)
    assert value.increment(b"field0", 1)[0] == INVALID
    value.set(b"n", b"9223372036854775807")
    assert value.increment(b"n", 1)[0] == OVERFLOW
    assert value.get(b"n") == (b"9223372036854775807", 0)
    assert value.increment(b"n", -1) == (OK, 2**63 - 2)


@forms
def test_random_picks_are_about_uniform(make):
    value = make(40)
    picks = Counter(value.random()[0] for _ in range(40000))
    assert len(picks) == 40
    assert all(600 < count < 1500 for count in picks.values())


# Enough that none of the forty fields is missed: 40 × (39/40) ** 2000 is less than 1e-19.
DRAWS = 2000


@forms
@pytest.mark.parametrize("count", [1, 5, 12, 13, 25, 39, 40, 41])
def test_a_sample_has_different_fields_and_every_field_its_chance(make, count):
    value = make(40)
    seen = Counter()
    for _ in range(DRAWS):
        fields = [field for field, _, _ in value.sample(count)]
        assert len(fields) == len(set(fields)) == min(count, 40)
        seen.update(fields)
    assert len(seen) == 40
    assert max(seen.values()) < 4 * min(count, 40) / 40 * DRAWS


def test_a_scan_sees_every_field_that_stays_through_growth_and_shrinking():
    value = filled(2000, entries=0)
    stay = {b"field%d" % i for i in range(0, 2000, 4)}
    seen, cursor, step = set(), 0, 0
    while True:
        cursor, fields = value.scan(cursor)
        seen |= {field for field, _, _ in fields}
        if not cursor:
            break
        step += 1
        for i in range(10):
            if step < 150:
                value.set(b"new%d" % (10 * step + i), b"")
            elif (step - 150) * 10 + i < 2000 and ((step - 150) * 10 + i) % 4:
                value.delete(b"field%d" % ((step - 150) * 10 + i))
    assert stay <= seen


@forms
def test_freeing_in_slices_gives_everything_back(make):
    before = settled_bytes()
    value = make(1000)
    for i in range(0, 1000, 3):
        value.set_expiry(b"field%d" % i, 5000 - i)
    assert abs(used_bytes() - before - value.memory) <= 32
    while not value.free_some(64):
        pass
    assert used_bytes() == before


@forms
def test_the_footprint_is_what_the_allocator_counts(make):
    before = settled_bytes()
    value = make(500)
    for i in range(500):
        value.set(b"field%d" % i, b"v" * (i * 7 % 1000))
        value.set_expiry(b"field%d" % i, i % 3 * 100)
    for i in range(0, 500, 5):
        value.delete(b"field%d" % i)
    # malloc rounds up each block; it rounds a listpack as large as this one to pages if it grew beyond the heap's end.
    rounding = 16 * len(value) if value.encoding == "hashtable" else mmap.PAGESIZE
    assert abs(used_bytes() - before - value.memory) <= rounding + 32


def test_small_hashes_and_large_ones_stay_within_their_bytes():
    small = HashValue()
    for i in range(5):
        small.set(b"field%d" % i, b"value%d" % i)
    assert small.memory <= 80
    large = HashValue()
    for i in range(100000):
        large.set(b"f%09d" % i, b"v%09d" % i)
    assert large.memory / len(large) <= 65


# Inserted in this order, each field stays at its place in the heap. Everything below 100 is later than everything below
# 20, so the field that replaces one below 100 may have to move up, and elsewhere down.
HEAP_ORDER = [10, 100, 20, 110, 120, 30, 40, 111, 112, 121, 122, 50, 51, 60, 61]
MOVES = {
    "deleted": lambda value, field: value.delete(field),
    "made permanent": lambda value, field: value.set_expiry(field, 0),
    "due first": lambda value, field: value.set_expiry(field, 1),
    "due earlier": lambda value, field: value.set_expiry(field, 25),
    "due last": lambda value, field: value.set_expiry(field, 1000),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("place", range(len(HEAP_ORDER)))
def test_a_field_anywhere_among_the_expiring_ones_may_leave_or_move(move, place):
    value = HashValue(entries=0)
    for expiry in HEAP_ORDER:
        value.set(b"at %d" % expiry, b"")
        value.set_expiry(b"at %d" % expiry, expiry)
    MOVES[move](value, b"at %d" % HEAP_ORDER[place])
    assert value.is_sound()
    left = sorted(expiry for _, _, expiry in value.items() if expiry)
    assert value.next_expiry == left[0]
    assert [expiry for _, _, expiry in value.expire_due(2000, 100)] == left


class HashAgainstDict(RuleBasedStateMachine):
    """Makes every change to the hash and to a dict of (value, expiry); small limits force changes of encoding."""

    @initialize(entries=st.sampled_from([0, 3, 8, 100]), value=st.sampled_from([10, 64, 400]))
    def begin(self, entries, value):
        self.limits = {"entries": entries, "value": value}
        self.value = HashValue(**self.limits)
        self.model = {}
        self.now = 1

    @rule(field=names, text=texts, keep=st.booleans())
    def set(self, field, text, keep):
        assert self.value.set(field, text, keep) == (field not in self.model)
        self.model[field] = (text, self.model.get(field, (b"", 0))[1] if keep else 0)

    @rule(pairs=st.lists(st.tuples(names, texts), min_size=1, max_size=40), empty=st.booleans())
    def set_pairs(self, pairs, empty):
        if empty:
            for field in list(self.model):
                self.delete(field)
        assert self.value.set_pairs(*[text for pair in pairs for text in pair]) == len(dict(pairs).keys() - self.model)
        self.model |= {field: (text, 0) for field, text in pairs}

    @rule(field=names)
    def delete(self, field):
        assert self.value.delete(field) == (field in self.model)
        self.model.pop(field, None)

    @rule(field=names, delta=st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5)))
    def increment(self, field, delta):
        before, expiry = self.model.get(field, (b"0", 0))
        if expiry and expiry < self.now:
            before, expiry = b"0", 0
        status, total = self.value.increment(field, delta, self.now)
        try:
            number = int(before)
            valid = str(number).encode() == before
        except ValueError:
            valid = False
        if not valid:
            assert status == INVALID
        elif not -(2**63) <= number + delta < 2**63:
            assert status == OVERFLOW
        else:
            assert (status, total) == (OK, number + delta)
            self.model[field] = (str(total).encode(), expiry)

    @rule(field=names, expiry=st.one_of(st.just(0), times))
    def set_expiry(self, field, expiry):
        assert self.value.set_expiry(field, expiry) == (field in self.model)
        if field in self.model:
            self.model[field] = (self.model[field][0], expiry)

    @rule(by=st.integers(0, 5))
    def wait(self, by):
        self.now += by

    @rule(budget=st.integers(1, 4))
    def expire_due(self, budget):
        due = sorted(expiry for _, expiry in self.model.values() if 0 < expiry < self.now)
        removed = self.value.expire_due(self.now, budget)
        assert [expiry for _, _, expiry in removed] == due[:budget]
        for field, text, expiry in removed:
            assert self.model.pop(field) == (text, expiry)

    @rule()
    def copy(self):
        self.value = self.value.copy()

    @precondition(lambda self: self.value.encoding != "hashtable")
    @rule()
    def reload(self):
        """The bytes of a listpack are read correctly and accepted as a hash again."""
        image = bytes(self.value)
        assert hashes.read(image) == self.value.items()
        self.value = hash_from(image, **self.limits)

    @precondition(lambda self: self.model)
    @rule(count=st.integers(0, 12))
    def sample(self, count):
        fields = {field: (text, expiry) for field, text, expiry in self.value.sample(count, self.now)}
        living = self.living()
        assert len(fields) == min(count, len(living))
        assert fields.items() <= living.items()

    def living(self):
        return {f: entry for f, entry in self.model.items() if entry[1] == 0 or entry[1] >= self.now}

    @invariant()
    def hash_is_sound(self):
        assert self.value.is_sound()
        assert len(self.value) == len(self.model)
        living = self.living()
        assert self.value.living(self.now) == len(living)
        items = self.value.items(self.now)
        assert {field: (text, expiry) for field, text, expiry in items} == living
        assert len(items) == len(living)
        for field in NAMES:
            assert self.value.get(field, self.now) == living.get(field)
        assert self.value.next_expiry == min((e for _, e in self.model.values() if e), default=0)


TestHashAgainstDict = HashAgainstDict.TestCase
TestHashAgainstDict.settings = settings(max_examples=80, stateful_step_count=40)
