"""The sorted set in its two encodings against a dict: changes, conversion, ranks, ranges, walks and random picks."""

import math
import random
import struct
from bisect import bisect_left, bisect_right
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pyredis.types.handles.hash_handle import used_bytes
from pyredis.types.handles.sorted_set_handle import SortedSetValue
from support.heap import settled_bytes

REFUSED, SAME, CHANGED, CREATED, NOT_A_NUMBER = range(5)
IF_NEW, IF_PRESENT, IF_GREATER, IF_LESS, INCREMENT = 1, 2, 4, 8, 16
NAMES = [b"m%d" % i for i in range(14)] + [b"7", b"-40000", b"", b"x" * 40, b"y" * 70, b"z" * 254, b"z" * 255]
SCORES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    0.1,
    math.inf,
    -math.inf,
    1e300,
    5e-324,
    2.0**62,
    -(2.0**62),
    2.0**63,
    95.0,
    4191.0,
]
# Doubles whose bytes, big-endian and without trailing zeros, are the text of a decimal number, or nearly.
DIGITS = [b"0", b"1", b"9", b"10", b"1234567", b"12345678", b"99999999", b"01", b"1a", b" 1"]
DIGITS += [b"-", b"-0", b"-1", b"-9", b"-10", b"-123456", b"-1234567", b"--1", b"+1"]
SCORES += [struct.unpack(">d", text.ljust(8, b"\0"))[0] for text in DIGITS]
SCORES += [-score for score in SCORES[-len(DIGITS) :]]

names = st.sampled_from(NAMES)
scores = st.one_of(st.sampled_from(SCORES), st.integers(-5, 5).map(float), st.floats(allow_nan=False))


def filled(count, **limits):
    value = SortedSetValue(**limits)
    for i in range(count):
        value.add(b"member%d" % i, float(i))
    return value


def in_order(model):
    return sorted(model.items(), key=lambda item: (item[1], item[0]))


FORMS = {
    "listpack": lambda count: filled(count, entries=100000, value=1000),
    "skiplist": lambda count: filled(count, entries=0),
}
forms = pytest.mark.parametrize("make", FORMS.values(), ids=FORMS.keys())


def test_a_set_turns_into_a_tree_with_one_member_more_than_the_limit():
    value = filled(128)
    assert (value.encoding, len(value)) == ("listpack", 128)
    value.add(b"member0", 5.0)
    assert value.encoding == "listpack"
    value.add(b"one more", 0.0)
    assert (value.encoding, len(value)) == ("skiplist", 129)
    value.delete(b"one more")
    assert (value.encoding, len(value)) == ("skiplist", 128)


def test_a_set_turns_into_a_tree_with_a_member_past_the_limit():
    value = filled(3)
    value.add(b"m" * 64, 1.5)
    assert value.encoding == "listpack"
    value.add(b"m" * 65, 1.5)
    assert value.encoding == "skiplist"
    assert value.items() == [
        (b"member0", 0.0),
        (b"member1", 1.0),
        (b"m" * 64, 1.5),
        (b"m" * 65, 1.5),
        (b"member2", 2.0),
    ]


def test_more_members_at_once_than_the_limit_make_a_tree():
    value = filled(2, entries=4)
    value.expect(4)
    assert value.encoding == "listpack"
    value.expect(5)
    assert value.encoding == "skiplist"
    assert value.items() == [(b"member0", 0.0), (b"member1", 1.0)]


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("entries", [0, 10])
def test_a_score_is_kept_to_the_last_bit(score, entries):
    value = SortedSetValue(entries=entries)
    value.add(b"m", score)
    found = value.score(b"m")
    assert found == score
    # A pack stores -0 as the integer 0, as in Redis.
    assert entries or math.copysign(1, found) == math.copysign(1, score)
    assert value.sound()


def test_small_sets_are_small():
    value = SortedSetValue()
    for i in range(5):
        value.add(b"member%d" % i, i * 0.5)
    assert value.memory <= 64


@forms
def test_the_conditions_decide_as_zadd_says(make):
    value = make(3)
    assert value.add(b"member1", 9.0, IF_NEW) == (REFUSED, 9.0)
    assert value.add(b"new", 9.0, IF_PRESENT)[0] == REFUSED
    assert value.add(b"member1", 1.0) == (SAME, 1.0)
    assert value.add(b"member1", 0.5, IF_GREATER)[0] == REFUSED
    assert value.add(b"member1", 1.0, IF_GREATER)[0] == REFUSED
    assert value.add(b"member1", 1.5, IF_LESS)[0] == REFUSED
    assert value.add(b"member1", 2.5, IF_GREATER)[0] == CHANGED
    assert value.add(b"member1", -1.5, INCREMENT) == (CHANGED, 1.0)
    assert value.add(b"member1", -1.5, INCREMENT | IF_GREATER)[0] == REFUSED
    assert value.add(b"fresh", 4.0, INCREMENT) == (CREATED, 4.0)
    assert value.add(b"fresh", math.inf, INCREMENT) == (CHANGED, math.inf)
    assert value.add(b"fresh", -math.inf, INCREMENT)[0] == NOT_A_NUMBER
    assert value.score(b"fresh") == math.inf
    assert value.score(b"member1") == 1.0


@forms
@pytest.mark.parametrize("order", ["ascending", "descending", "random", "equal scores"])
def test_ranks_and_ranges_are_those_of_a_sorted_list(make, order):
    value = make(0)
    numbers = list(range(1500 if value.encoding == "skiplist" else 150))
    if order == "descending":
        numbers.reverse()
    elif order != "ascending":
        random.Random(5).shuffle(numbers)
    model = {b"%06d" % n: 7.0 if order == "equal scores" else n // 3 for n in numbers}
    for member, score in model.items():
        assert value.add(member, score)[0] == CREATED
    expected = in_order(model)
    assert value.sound()
    assert value.items() == expected
    assert value.items(reverse=True) == expected[::-1]
    assert value.items(10, 90) == expected[10:90]
    assert value.items(10, 90, True) == expected[10:90][::-1]
    assert [value.rank(member) for member, _ in expected] == list(range(len(expected)))
    assert value.rank(b"absent") == -1
    every = [score for _, score in expected]
    for score in (-1, 0, 7, 20.5, 33, 10**6):
        assert value.rank_of_score(score, False) == bisect_left(every, score)
        assert value.rank_of_score(score, True) == bisect_right(every, score)
    if order in ("equal scores", "ascending"):
        texts = [member for member, _ in expected]
        for text in (b"", b"000010", b"0000100", b"00011", b"1"):
            assert value.rank_of_text(text, False) == bisect_left(texts, text)
            assert value.rank_of_text(text, True) == bisect_right(texts, text)


def test_ascending_insertions_leave_full_leaves():
    ascending, shuffled = filled(20000, entries=0), SortedSetValue(entries=0)
    numbers = list(range(20000))
    random.Random(1).shuffle(numbers)
    for number in numbers:
        shuffled.add(b"member%d" % number, float(number))
    assert ascending.memory < shuffled.memory < ascending.memory * 1.06


@pytest.mark.parametrize("pick", [0, 0.5, 1])
def test_a_tree_stays_sound_while_it_empties(pick):
    value = filled(5000, entries=0)
    dice = random.Random(2)
    left = value.items()
    while left:
        place = dice.randrange(len(left)) if pick == 0.5 else int(pick * (len(left) - 1))
        assert value.delete(left.pop(place)[0])
        if len(left) % 250 == 0:
            assert value.sound()
            assert value.items() == left
    assert not value.delete(b"member0")


@forms
@pytest.mark.parametrize(("begin", "end"), [(0, 0), (0, 5), (95, 100), (0, 100), (13, 87)])
def test_a_range_is_deleted(make, begin, end):
    value = make(100)
    expected = value.items()
    value.delete_range(begin, end)
    del expected[begin:end]
    assert value.items() == expected
    assert value.sound()


@pytest.mark.parametrize("copied", [False, True], ids=["grown", "copied"])
def test_any_leaf_of_a_high_tree_may_go_whole(copied):
    """This includes the first leaf of a node: the nodes above it then begin with another member."""
    count, leaf = 6000, 63
    whole = filled(count, entries=0)
    for begin in range(0, count, leaf):
        value = whole.copy() if copied else filled(count, entries=0)
        end = min(begin + leaf, count)
        value.delete_range(begin, end)
        assert value.sound(), begin
        assert len(value) == count - (end - begin)
        if end < count:
            value.add(b"between", end - 0.5)
            assert value.rank(b"between") == begin
            assert value.rank(b"member%d" % end) == begin + 1
        assert value.sound(), begin


def test_a_tree_gives_its_memory_back():
    before = settled_bytes()
    value = filled(3000, entries=0)
    taken = value.memory
    assert taken - 2000 <= used_bytes() - before <= taken + 2000
    value.delete_range(10, 3000)
    assert value.memory < taken / 3
    slices = 0
    again = filled(3000, entries=0)
    while not again.free_some(100):
        slices += 1
    assert slices > 20
    del value, again
    assert used_bytes() == before


@forms
def test_a_copy_is_its_own(make):
    value = make(500)
    other = value.copy()
    value.delete(b"member3")
    assert other.score(b"member3") == 3.0
    assert (other.encoding, len(other), other.sound()) == (value.encoding, 500, True)


@forms
def test_a_scan_sees_every_member(make):
    value = make(1000)
    seen, cursor = {}, 0
    while True:
        cursor, found = value.scan(cursor)
        seen.update(found)
        if cursor == 0:
            break
    assert seen == dict(value.items())


@forms
def test_random_members_are_uniform(make):
    value = make(40)
    counts = Counter(value.random()[0] for _ in range(8000))
    chi = sum((counts[b"member%d" % i] - 200) ** 2 / 200 for i in range(40))
    assert chi < 140  # 39 degrees of freedom: fewer than one run in 1e12 exceeds this


@forms
@pytest.mark.parametrize("count", [0, 1, 3, 20, 39, 40, 100])
def test_samples_are_distinct_and_uniform(make, count):
    value = make(40)
    counts = Counter()
    for _ in range(2000):
        sample = value.sample(count)
        assert len(sample) == len(set(sample)) == min(count, 40)
        counts.update(member for member, _ in sample)
    mean = 2000 * min(count, 40) / 40
    assert all(abs(counts[b"member%d" % i] - mean) <= 8 * math.sqrt(mean) + 5 for i in range(40))


@pytest.mark.parametrize("count", [0, 1, 5, 11, 12, 13, 25, 128, 129, 1000, 5000])
def test_gathered_members_are_arranged(count):
    dice = random.Random(count)
    model = {b"member%d" % i: float(dice.randrange(50)) for i in range(count)}
    value = SortedSetValue.gathered(list(model.items()))
    assert value.items() == in_order(model)
    assert value.sound()
    assert value.encoding == ("listpack" if count <= 128 else "skiplist")
    value.add(b"another", 25.5)
    assert value.sound()


def test_gathered_members_that_are_long_make_no_pack():
    assert SortedSetValue.gathered([(b"a", 1.0), (b"b" * 64, 2.0)]).encoding == "listpack"
    assert SortedSetValue.gathered([(b"a", 1.0), (b"b" * 65, 2.0)]).encoding == "skiplist"
    assert SortedSetValue.gathered([(b"a", 1.0), (b"b" * 64, 2.0), (b"a", 3.0)]).items() == [
        (b"b" * 64, 2.0),
        (b"a", 3.0),
    ]


class SortedSetMachine(RuleBasedStateMachine):
    """Any sequence of changes leaves the set equal to a dict sorted by score and member."""

    @initialize(entries=st.sampled_from([0, 5, 1000]), crowd=st.sampled_from([0, 0, 64, 200, 2500]))
    def begin(self, entries, crowd):
        self.value = SortedSetValue(entries=entries)
        self.model = {}
        for i in range(crowd if entries < 1000 else 0):
            self.value.add(b"crowd%04d" % (i * 7919 % 2503), float(i % 10))
            self.model[b"crowd%04d" % (i * 7919 % 2503)] = float(i % 10)

    @rule(member=names, score=scores)
    def add(self, member, score):
        old = self.model.get(member)
        result, _ = self.value.add(member, score)
        assert result == (CREATED if old is None else SAME if old == score else CHANGED)
        if result != SAME:
            self.model[member] = score

    @rule(member=names, score=scores)
    def increment(self, member, score):
        total = self.model.get(member, 0.0) + score
        result, told = self.value.add(member, score, INCREMENT)
        if math.isnan(total):
            assert result == NOT_A_NUMBER
            return
        assert told == (total if member in self.model else score)
        self.model[member] = told

    @rule(member=names)
    def delete(self, member):
        assert self.value.delete(member) == (self.model.pop(member, None) is not None)

    @precondition(lambda self: self.model)
    @rule(dice=st.randoms(use_true_random=False))
    def delete_range(self, dice):
        begin = dice.randrange(len(self.model))
        end = min(len(self.model), begin + dice.choice([1, 3, 100, 1000]))
        for member, _ in in_order(self.model)[begin:end]:
            del self.model[member]
        self.value.delete_range(begin, end)

    @rule(base=st.integers(0, 10**6), score=st.integers(0, 10), count=st.sampled_from([10, 70, 300]))
    def crowd(self, base, score, count):
        if self.value.encoding == "listpack" and count > 10:
            return
        for i in range(count):
            member = b"%d" % (base + i)
            self.value.add(member, float(score))
            self.model[member] = float(score)

    @rule(member=names)
    def look(self, member):
        assert self.value.score(member) == self.model.get(member)
        expected = [name for name, _ in in_order(self.model)]
        assert self.value.rank(member) == (expected.index(member) if member in self.model else -1)

    @rule(score=scores, after=st.booleans())
    def look_for_score(self, score, after):
        every = [score for _, score in in_order(self.model)]
        assert self.value.rank_of_score(score, after) == (bisect_right if after else bisect_left)(every, score)

    @invariant()
    def sound_and_equal(self):
        assert self.value.sound()
        assert len(self.value) == len(self.model)
        assert self.value.items() == in_order(self.model)


TestSortedSetMachine = SortedSetMachine.TestCase
TestSortedSetMachine.settings = settings(max_examples=60, stateful_step_count=40)
