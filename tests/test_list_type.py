"""The list in its encodings against a Python list: pushes, pops, edits, conversions, compression, searches."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pyredis.types.handles.hash_handle import used_bytes
from pyredis.types.handles.list_handle import ListValue
from support.heap import settled_bytes

FRONT, BACK = True, False
PACKED, PLAIN, COMPRESSED = 0, 1, 2
EVERYTHING = 2**62

ends = pytest.mark.parametrize("front", [FRONT, BACK], ids=["head", "tail"])


def filled(count, size=-2, depth=0, front=BACK, text=b"element:%06d"):
    value = ListValue(size, depth)
    for i in range(count):
        value.push(front, text % i)
    return value


# ---- encodings ----


@ends
def test_a_list_becomes_long_with_one_element_more_than_the_limit(front):
    value = filled(8, size=8, front=front)
    assert value.encoding == "listpack"
    value.push(front, b"one more")
    assert (value.encoding, len(value)) == ("quicklist", 9)


@ends
def test_a_list_becomes_long_with_one_byte_more_than_the_limit(front):
    """As in Redis, an empty listpack counts as 7 bytes, and each element as its length and 2 bytes more."""
    value = ListValue(-1)
    for _ in range(63):
        value.push(front, b"x" * 62)
    for _ in range(1):
        value.push(front, b"y" * 55)
    assert value.encoding == "listpack"
    value.push(front, b"z")
    assert value.encoding == "quicklist"


@ends
def test_a_list_that_has_shrunk_to_half_of_the_limit_is_short_again(front):
    value = filled(9, size=8)
    for _ in range(4):
        value.pop(front)
    assert (value.encoding, len(value)) == ("quicklist", 5)
    value.pop(front)
    assert (value.encoding, len(value)) == ("listpack", 4)


def test_many_pushed_at_once_are_measured_together():
    value = ListValue(4)
    value.push(BACK, b"a", b"b", b"c", b"d", b"e")
    assert value.encoding == "quicklist"
    assert value.items() == [b"a", b"b", b"c", b"d", b"e"]


@ends
def test_an_element_larger_than_a_node_stands_alone(front):
    value = filled(10)
    value.push(front, b"x" * 9000)
    value.push(front, b"small")
    assert (value.encoding, PLAIN in value.kinds()) == ("quicklist", True)
    assert value.pop(front) == b"small"
    assert value.pop(front) == b"x" * 9000
    assert len(value) == 10


def test_inner_nodes_are_compressed_and_those_near_the_ends_are_not():
    value = filled(20000, depth=2)
    kinds = value.kinds()
    assert len(kinds) > 20
    # Head and tail are not among these nodes, and are each the first of the two that stay uncompressed.
    assert (kinds[0], kinds[-1]) == (PACKED, PACKED)
    assert set(kinds[1:-1]) == {COMPRESSED}
    assert value.items() == [b"element:%06d" % i for i in range(20000)]
    assert value.memory < filled(20000).memory / 2


def test_what_cannot_be_compressed_is_left_as_it_is():
    random = bytes((i * i * 7919 + i // 3 * 104729) >> 7 & 255 for i in range(60000))
    value = ListValue(-1, 1)
    for i in range(0, 60000, 50):
        value.push(BACK, random[i : i + 50])
    assert PACKED in value.kinds()
    assert b"".join(value.items()) == random


def test_a_node_is_read_from_any_index():
    for depth in (0, 1):
        value = filled(3000, size=-1, depth=depth)
        for index in (0, 1, 700, 1499, 1500, 1501, 2998, 2999):
            assert value.items(index)[0] == b"element:%06d" % index
            assert sum(value.stretches(index)) == 3000 - index
        assert value.items(3000) == []
        assert value.stretches(3000) == []


# ---- memory ----


def test_a_million_small_elements_stay_within_their_bytes():
    value = filled(1_000_000, text=b"list-element:%07d")
    assert value.memory / len(value) <= 22
    while not value.free_some(500):
        pass


def test_a_short_list_wastes_little():
    whole = ListValue()
    whole.push(BACK, *(b"element:%06d" % i for i in range(5)))
    assert whole.memory == 16 + 5 * 16
    assert filled(5).memory <= 16 + 5 * 16 * 5 // 4 + 8
    queue = filled(20)
    for i in range(10_000):
        queue.push(BACK, b"element:%06d" % i)
        queue.pop(FRONT)
    assert queue.memory <= 2 * filled(20).memory


@pytest.mark.parametrize("depth", [0, 1])
def test_freeing_in_slices_gives_everything_back(depth):
    before = settled_bytes()
    value = filled(20000, depth=depth)
    value.push(BACK, b"x" * 10000)
    # malloc may give each node up to 32 bytes more than requested.
    assert abs(used_bytes() - before - value.memory) <= 64 + 32 * len(value.kinds())
    assert value.effort > 20
    assert not value.free_some(5)
    while not value.free_some(5):
        pass
    assert used_bytes() == before


@pytest.mark.parametrize(("first", "second"), [(FRONT, FRONT), (FRONT, BACK), (BACK, FRONT), (BACK, BACK)])
@pytest.mark.parametrize("depth", [0, 1])
def test_what_goes_in_at_one_end_comes_out_at_either(first, second, depth):
    before = settled_bytes()
    value = filled(5000, size=-1, depth=depth, front=first)
    order = list(range(5000))
    if first == second:
        order.reverse()
    assert [value.pop(second) for _ in range(5000)] == [b"element:%06d" % i for i in order]
    assert (len(value), value.encoding) == (0, "listpack")
    del value
    assert used_bytes() == before


def test_inserting_at_one_place_again_and_again_fills_nodes():
    value = filled(1000, size=-1)
    for i in range(1000):
        assert value.insert(b"element:000500", b"inserted:%06d" % i, False)
    assert len(value.kinds()) <= 20
    assert value.items()[500:502] == [b"inserted:000000", b"inserted:000001"]
    assert value.is_sound()


# ---- searching ----


@pytest.mark.parametrize("size", [-2, 3])
def test_positions_are_told_from_either_end(size):
    value = ListValue(size, 1)
    items = [b"a", b"b", b"c", b"1", b"2", b"c", b"b" * 9000, b"3", b"c", b"c", b"b" * 9000]
    for item in items:
        value.push(BACK, item)
    assert value.positions(b"c", FRONT, 0, EVERYTHING, EVERYTHING) == [2, 5, 8, 9]
    assert value.positions(b"c", BACK, 0, EVERYTHING, EVERYTHING) == [9, 8, 5, 2]
    assert value.positions(b"c", FRONT, 1, 2, EVERYTHING) == [5, 8]
    assert value.positions(b"c", BACK, 1, 2, EVERYTHING) == [8, 5]
    assert value.positions(b"c", FRONT, 0, EVERYTHING, 6) == [2, 5]
    assert value.positions(b"c", BACK, 0, EVERYTHING, 6) == [9, 8, 5]
    assert value.positions(b"b" * 9000, BACK, 0, EVERYTHING, EVERYTHING) == [10, 6]
    assert value.positions(b"1", FRONT, 0, 1, EVERYTHING) == [3]
    assert value.positions(b"01", FRONT, 0, 1, EVERYTHING) == []


# ---- against a list ----

texts = st.one_of(
    st.sampled_from([b"a", b"b", b"", b"7", b"-40000", b"99999999999", b"x" * 63, b"y" * 64, b"z" * 200]),
    st.integers(-(2**63), 2**63 - 1).map(lambda n: b"%d" % n),
    st.sampled_from([b"m" * 900, b"n" * 1500, b"o" * 4000]),
    st.sampled_from([b"p" * 4096, b"q" * 4097, b"r" * 5000, b"s" * 9000]),
    st.binary(max_size=6),
)


class ListAgainstList(RuleBasedStateMachine):
    """Makes every change to both, with small limits, so that encodings change and there are many nodes."""

    @initialize(size=st.sampled_from([-1, -2, 0, 1, 2, 3, 8]), depth=st.sampled_from([0, 0, 1, 2]))
    def begin(self, size, depth):
        self.value = ListValue(size, depth)
        self.model = []

    @rule(front=st.booleans(), items=st.lists(texts, min_size=1, max_size=10))
    def push(self, front, items):
        self.value.push(front, *items)
        self.model = items[::-1] + self.model if front else self.model + items

    @rule(front=st.booleans(), text=texts, count=st.integers(10, 60))
    def push_many(self, front, text, count):
        self.push(front, [text] * count)

    @precondition(lambda self: self.model)
    @rule(front=st.booleans(), count=st.integers(1, 20))
    def pop(self, front, count):
        for _ in range(min(count, len(self.model))):
            expected = self.model.pop(0 if front else -1)
            assert self.value.peek(front) == expected
            assert self.value.pop(front) == expected

    @precondition(lambda self: self.model)
    @rule(front=st.booleans(), share=st.floats(0, 1))
    def drop_many(self, front, share):
        count = int(share * len(self.model))
        self.value.drop_many(count, front)
        self.model = self.model[count:] if front else self.model[: len(self.model) - count]

    @precondition(lambda self: self.model)
    @rule(share=st.floats(0, 1, exclude_max=True), text=texts)
    def set(self, share, text):
        index = int(share * len(self.model))
        self.value.set(index, text)
        self.model[index] = text

    @precondition(lambda self: self.model)
    @rule(share=st.floats(0, 1, exclude_max=True), text=texts, behind=st.booleans())
    def insert(self, share, text, behind):
        pivot = self.model[int(share * len(self.model))]
        assert self.value.insert(pivot, text, behind)
        self.model.insert(self.model.index(pivot) + behind, text)

    @rule(text=texts)
    def insert_beside_nothing(self, text):
        assert not self.value.insert(b"nowhere to be found", text, True)

    @precondition(lambda self: self.model)
    @rule(share=st.floats(0, 1, exclude_max=True), limit=st.sampled_from([1, 2, 5, EVERYTHING]), front=st.booleans())
    def remove(self, share, limit, front):
        text = self.model[int(share * len(self.model))]
        places = [i for i, item in enumerate(self.model) if item == text]
        gone = set(places[:limit] if front else places[-limit:])
        assert self.value.remove(text, limit, front) == len(gone)
        self.model = [item for i, item in enumerate(self.model) if i not in gone]

    @rule()
    def copy(self):
        self.value = self.value.copy()

    @rule(size=st.sampled_from([-1, -2, 2, 5]), depth=st.sampled_from([0, 1]))
    def set_limits(self, size, depth):
        self.value.set_limits(size, depth)

    @precondition(lambda self: self.model)
    @rule(
        share=st.floats(0, 1, exclude_max=True),
        front=st.booleans(),
        skip=st.integers(0, 2),
        limit=st.sampled_from([1, 3, EVERYTHING]),
        within=st.sampled_from([1, 5, 40, EVERYTHING]),
    )
    def positions(self, share, front, skip, limit, within):
        text = self.model[int(share * len(self.model))]
        order = range(len(self.model)) if front else range(len(self.model) - 1, -1, -1)
        expected = [i for i in order[:within] if self.model[i] == text]
        assert self.value.positions(text, front, skip, limit, within) == expected[skip : skip + limit]

    @invariant()
    def list_is_sound(self):
        assert self.value.is_sound()
        assert len(self.value) == len(self.model)
        assert self.value.items() == self.model
        if self.model:
            middle = len(self.model) // 2
            assert self.value.items(middle) == self.model[middle:]
            assert (self.value.peek(FRONT), self.value.peek(BACK)) == (self.model[0], self.model[-1])


TestListAgainstList = ListAgainstList.TestCase
TestListAgainstList.settings = settings(max_examples=100, stateful_step_count=40)
