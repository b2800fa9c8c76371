"""The index of IDs against a sorted list: insertion anywhere, removal, iteration, leaves that split and merge."""

import random
from bisect import bisect_left, insort

from hypothesis import given, settings
from hypothesis import strategies as st

from pyredis.types.handles.hash_handle import used_bytes
from pyredis.types.handles.stream_handle import Ids, next_id, previous_id
from support.heap import settled_bytes

TOP = 2**64 - 1
ids = st.tuples(st.integers(0, 30), st.integers(0, 3))


def test_the_next_and_the_previous_id_carry_and_end():
    assert next_id((1, 5)) == (1, 6)
    assert next_id((1, TOP)) == (2, 0)
    assert next_id((TOP, TOP)) is None
    assert previous_id((1, 5)) == (1, 4)
    assert previous_id((2, 0)) == (1, TOP)
    assert previous_id((0, 0)) is None


@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), ids), max_size=80))
def test_an_index_holds_what_a_sorted_list_would(steps):
    index, model = Ids(), []
    for insert, element in steps:
        if insert and element not in model:
            index.insert(element)
            insort(model, element)
        elif not insert:
            assert index.remove(element) == (element in model)
            model = [other for other in model if other != element]
        assert index.is_sound()
    assert index.all() == model
    assert len(index) == len(model)
    assert index.last() == (model[-1] if model else None)


def test_an_index_of_many_finds_walks_and_forgets():
    before = settled_bytes()
    shuffled = [(number // 7, number % 7) for number in range(20000)]
    random.Random(1).shuffle(shuffled)
    index, model = Ids(), sorted(shuffled)
    empty = used_bytes()
    for element in shuffled:
        index.insert(element)
    assert index.is_sound()
    assert index.all() == model
    for element in random.Random(2).sample(model, 50):
        absent = (element[0], 9)
        assert index.has(element)
        assert not index.has(absent)
        at = bisect_left(model, absent)
        assert index.since(absent) == model[at:]
        assert index.before(absent) == model[:at][::-1]
    random.Random(3).shuffle(shuffled)
    for count, element in enumerate(shuffled):
        assert index.remove(element)
        if count % 500 == 0:
            assert index.is_sound()
    assert index.all() == []
    assert used_bytes() == empty
    del index
    assert used_bytes() <= before


def test_appending_fills_leaves_to_the_brim():
    index = Ids()
    for number in range(25600):
        index.insert((number, 0))
    assert index.memory < 25600 * 8 * 1.06
    assert index.is_sound()


def test_what_is_left_of_a_large_index_is_small():
    index = Ids()
    for number in range(50000):
        index.insert((number, 0))
    for number in range(50000):
        if number % 200:
            assert index.remove((number, 0))
    assert index.is_sound()
    assert index.all() == [(number, 0) for number in range(0, 50000, 200)]
    assert index.memory < 16 * 250 + 1000


def test_elements_are_popped_from_the_end():
    index = Ids()
    for number in range(1000):
        index.insert((number, 1))
    assert [index.pop() for _ in range(1001)] == [(number, 1) for number in range(999, -1, -1)] + [None]
