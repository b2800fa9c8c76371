"""The hash table against a dict: changes, resizing, chains, iteration, random picks, and memory."""

import mmap
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pyredis.types.handles.table_handle import HashTable, hash_of, keys_read, limit_memory, used_bytes
from support.heap import settled_bytes
from support.paths import CHECKED_BUILD

SIZES = [0, 1, 6, 7, 8, 9, 13, 50, 97, 1000, 6000]


def name(number):
    return b"key:%d" % number


def filled(count, **options):
    table = HashTable(**options)
    for number in range(count):
        table.insert(name(number), number)
    return table


def settle(table):
    while table.step(1000):
        pass


def half_resized(count):
    """A table of at least ``count`` elements in the middle of growing."""
    table = filled(count)
    while not table.resizing:
        table.insert(name(len(table)))
    table.step(table.buckets // 4)
    assert table.resizing
    return table


def half_shrunk(count):
    """A table of about ``count`` elements in the middle of shrinking."""
    table = filled(8 * count)
    settle(table)
    number = 8 * count
    while not table.resizing:
        number -= 1
        table.remove(name(number))
    table.step(table.buckets)
    assert table.resizing
    return table


def colliding(count, bits=10):
    """Keys whose hashes have the same low bits, so a table of up to ``2**bits`` buckets has them all in one bucket."""
    keys, number = [], 0
    while len(keys) < count:
        key = name(number)
        if hash_of(key) & ((1 << bits) - 1) == 5:
            keys.append(key)
        number += 1
    return keys


def whole_scan(table):
    cursor, keys = table.scan(0)
    while cursor:
        cursor, more = table.scan(cursor)
        keys += more
    return keys


# ---- elements ----


@pytest.mark.parametrize("count", SIZES)
def test_what_was_inserted_is_found_and_nothing_else(count):
    table = filled(count)
    table.check()
    assert len(table) == count
    assert [table.get(name(number)) for number in range(count)] == list(range(count))
    assert table.get(name(count)) is None
    assert table.get(b"") is None
    for number in range(count + 1):
        table.prefetch(name(number))


@pytest.mark.parametrize("count", SIZES)
def test_elements_can_be_removed_in_any_order(count):
    table = filled(count)
    order = list(range(count))
    random.Random(count).shuffle(order)
    for at, number in enumerate(order):
        assert table.remove(name(number))
        assert not table.remove(name(number))
        assert len(table) == count - at - 1
        if at % 97 == 0:
            table.check()
    table.check()
    assert sorted(table.items()) == []


def test_an_empty_key_and_long_keys_are_keys():
    table = HashTable()
    for size in (0, 1, 255, 100000):
        table.insert(b"k" * size, size)
    table.check()
    assert [table.get(b"k" * size) for size in (0, 1, 255, 100000, 2)] == [0, 1, 255, 100000, None]


def test_every_lookup_is_right_at_every_step_of_a_resize():
    for table in (half_resized(3000), half_shrunk(3000)):
        expected = dict(table.items())
        while table.resizing:
            assert all(table.get(key) == value for key, value in expected.items())
            table.step(37)
        table.check()
        assert dict(table.items()) == expected


def test_a_table_grows_and_shrinks_step_by_step():
    table = filled(100000)
    buckets = table.buckets
    assert len(table) / 7 < buckets < len(table)
    for number in range(100000 - 10):
        table.remove(name(number))
    settle(table)
    assert table.buckets <= 8
    table.check()


def test_a_shrunken_table_that_became_empty_meanwhile_goes_on_shrinking():
    table = filled(50000)
    for number in range(50000):
        table.remove(name(number))
    settle(table)
    assert table.buckets == 1


def keys_read_while_moving(table):
    before = keys_read()
    settle(table)
    return keys_read() - before


def test_only_growing_asks_elements_for_their_keys():
    assert keys_read_while_moving(half_resized(3000)) > 0
    assert keys_read_while_moving(half_shrunk(3000)) == 0


def test_colliding_elements_are_found_after_their_chain_has_moved_into_a_smaller_array():
    chain, others = colliding(30), [b"other:%d" % number for number in range(20000)]
    table = HashTable()
    for key in chain + others:
        table.insert(key, 7)
    for key in others:
        assert table.remove(key)
    settle(table)
    table.check()
    assert [table.get(key) for key in chain] == [7] * len(chain)


def test_a_table_with_room_for_all_never_resizes():
    table = HashTable()
    table.reserve(5000)
    buckets = table.buckets
    for number in range(5000):
        table.insert(name(number))
        assert not table.resizing
    assert table.buckets == buckets
    table.check()


@pytest.mark.parametrize("count", [1, 30, 500])
def test_room_can_be_reserved_in_a_table_with_elements(count):
    table = filled(count)
    settle(table)
    table.reserve(20000)
    table.check()
    settle(table)
    assert table.buckets * 7 > 20000
    assert len(whole_scan(table)) == count


# ---- chains ----


def test_keys_of_one_bucket_make_a_chain_and_leave_none_behind():
    keys = colliding(100)
    for seed in range(5):
        table = HashTable()
        for key in keys:
            table.insert(key)
        assert table.overflow >= 100 // 7 - 1
        table.check()
        random.Random(seed).shuffle(keys)
        for at, key in enumerate(keys):
            assert table.remove(key)
            table.check()
            assert len(table.items()) == 99 - at
        assert table.overflow == 0


def test_a_chain_is_walked_scanned_and_resized():
    keys = colliding(60)
    table = HashTable()
    for number, key in enumerate(keys):
        table.insert(key, number)
    assert sorted(whole_scan(table)) == sorted(keys)
    assert sorted(table.items()) == sorted((key, number) for number, key in enumerate(keys))
    assert {table.random() for _ in range(2000)} == set(keys)
    for number in range(5000):
        table.insert(b"other:%d" % number)
        if number % 100 == 0:
            assert [table.get(key) for key in keys] == list(range(60))
    table.check()
    assert [table.get(key) for key in keys] == list(range(60))


def test_chains_are_released_with_the_table():
    start = settled_bytes()
    table = HashTable()
    for key in colliding(100):
        table.insert(key)
    table.clear()
    assert (len(table), table.overflow, table.memory) == (0, 0, 0)
    del table
    assert used_bytes() == start


# ---- iteration and scans ----


@pytest.mark.parametrize("make", [filled, half_resized, half_shrunk])
def test_a_walk_meets_every_element_once(make):
    table = make(2000)
    keys = [key for key, _ in table.items()]
    assert len(keys) == len(set(keys)) == len(table)
    assert table.step(0) == table.resizing


@pytest.mark.parametrize("make", [filled, half_resized, half_shrunk])
def test_a_walk_may_remove_what_it_meets(make):
    table = make(2000)
    before = {key for key, _ in table.items()}
    visited = table.sweep(lambda key: key.endswith(b"7"))
    assert sorted(visited) == sorted(before)
    assert {key for key, _ in table.items()} == {key for key in before if key.endswith(b"7")}
    table.check()


def test_a_walk_through_chains_may_remove_what_it_meets():
    keys = colliding(80)
    table = HashTable()
    for key in keys:
        table.insert(key)
    assert sorted(table.sweep(lambda _: False)) == sorted(keys)
    assert len(table) == 0
    table.check()
    for key in keys:
        table.insert(key)
        assert table.remove(key)
    table.check()
    assert table.overflow == 0


def test_a_walk_cut_short_lets_the_table_resize_again():
    table = filled(1000)
    assert len(table.sweep(lambda _: True, 10)) == 10
    for number in range(1000, 5000):
        table.insert(name(number))
    assert table.buckets > 500
    table.check()


@pytest.mark.parametrize("count", SIZES)
def test_a_scan_of_a_table_left_alone_meets_every_element_once(count):
    table = filled(count)
    settle(table)
    keys = whole_scan(table)
    assert sorted(keys) == sorted(name(number) for number in range(count))


def test_a_scan_may_remove_what_it_visits():
    table = filled(3000)
    cursor, seen = table.scan(0, removing=True)
    while cursor:
        cursor, more = table.scan(cursor, removing=True)
        seen += more
    assert sorted(seen) == sorted(name(number) for number in range(3000))
    assert len(table) == 0
    table.check()


def test_any_cursor_is_taken():
    for table in (HashTable(), filled(100), half_resized(100), half_shrunk(300)):
        for cursor in (1, 2**63, 2**64 - 1, 0x123456789ABCDEF):
            table.scan(cursor)
        table.check()


meddling = st.one_of(
    st.tuples(st.just("insert"), st.integers(1, 3000)),
    st.tuples(st.just("remove"), st.integers(1, 3000)),
    st.tuples(st.just("step"), st.integers(1, 500)),
    st.tuples(st.just("reserve"), st.integers(1, 20000)),
)


@settings(max_examples=150)
@given(
    lasting=st.integers(0, 200),
    passing=st.integers(0, 4000),
    actions=st.lists(st.tuples(st.integers(0, 40), meddling), max_size=12),
)
def test_a_scan_meets_everything_that_was_there_all_along(lasting, passing, actions):
    table = HashTable()
    for number in range(lasting):
        table.insert(b"lasting:%d" % number)
    numbers = {"insert": 0, "remove": 0}

    def meddle(action, amount):
        if action in ("step", "reserve"):
            getattr(table, action)(amount)
            return
        for _ in range(amount):
            key = name(numbers[action])
            if action == "insert":
                table.insert(key)
            elif not table.remove(key):
                break
            numbers[action] += 1

    meddle("insert", passing)
    cursor, seen, finished = 0, set(), False
    for steps, action in [*actions, (1 << 30, ("step", 0))]:
        for _ in range(steps):
            cursor, keys = table.scan(cursor)
            seen.update(keys)
            finished = cursor == 0
            if finished:
                break
        if finished:
            break
        meddle(*action)
    assert finished
    assert seen.issuperset(b"lasting:%d" % number for number in range(lasting))
    table.check()


# ---- random picks ----


def test_an_empty_table_has_no_random_element():
    table = filled(1)
    assert table.random() == name(0)
    table.remove(name(0))
    assert table.random() is None
    assert HashTable().random() is None


@pytest.mark.parametrize(
    ("make", "count"), [(filled, 5), (filled, 40), (filled, 500), (half_resized, 500), (half_shrunk, 500)]
)
def test_random_picks_are_uniform(make, count):
    table = make(count)
    keys = [key for key, _ in table.items()]
    counts = dict.fromkeys(keys, 0)
    draws = 100
    for _ in range(draws * len(keys)):
        counts[table.random()] += 1
    chi_square = sum((drawn - draws) ** 2 / draws for drawn in counts.values())
    freedom = len(keys) - 1
    # Exceeded by chance less than once in 1e10 runs, however the keys hash.
    assert chi_square < freedom + 10 * (2 * freedom) ** 0.5 + 30


# ---- memory ----


@pytest.mark.parametrize("count", [0, 1, 8, 1000, 200000])
def test_a_table_that_goes_leaves_nothing(count):
    start = settled_bytes()
    table = filled(count)
    assert used_bytes() - start >= table.memory + 24 * count
    del table
    assert used_bytes() == start


def test_removing_everything_gives_the_memory_back():
    start = settled_bytes()
    table = filled(300000)
    for number in range(300000):
        assert table.remove(name(number))
    settle(table)
    table.check()
    assert used_bytes() - start == table.memory == 64


def test_a_settled_table_costs_from_eight_to_twenty_three_bytes_an_element():
    for count in (7, 100, 1000, 99999, 250000):
        table = filled(count)
        settle(table)
        # A few buckets may overflow by chance.
        assert table.memory <= 23 * count + 64 * 8
        assert table.memory >= 8 * count


@pytest.mark.parametrize("make", [filled, half_resized, half_shrunk])
@pytest.mark.parametrize("budget", [1, 100, 10000])
def test_clearing_in_slices_frees_about_the_budget_each_time(make, budget):
    start = settled_bytes()
    table = make(5000)
    calls, before = 0, used_bytes()
    while not table.clear_some(budget):
        freed = before - used_bytes()
        assert freed <= (budget + 100) * 64 + 2 * 64 * 8192
        before = used_bytes()
        calls += 1
    assert calls >= 5000 // (2 * budget + 100) - 1
    del table
    assert used_bytes() == start


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the resident pages from Linux's /proc")
@pytest.mark.skipif(CHECKED_BUILD, reason="a checked build returns no pages to the system")
def test_the_array_of_a_table_goes_back_piece_by_piece():
    """Unmapping a large array at once would cause a pause."""
    table = HashTable()
    table.reserve(1_500_000)
    for number in range(100_000):
        table.insert(name(number))
    assert table.memory >= 16 << 20
    before = resident_bytes()
    assert not table.clear_some(180_000)  # about half of the buckets and of their elements
    assert before - resident_bytes() >= 4 << 20
    assert table.clear_some(1 << 30)


def test_a_table_is_usable_after_it_was_cleared():
    table = half_resized(500)
    table.clear()
    assert (len(table), table.items(), table.scan(0)) == (0, [], (0, []))
    table.insert(b"k", 1)
    assert table.get(b"k") == 1
    table.check()


# ---- everything together ----

numbers = st.integers(0, 400)


class TableAgainstDict(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.table = HashTable()
        self.model = {}

    @rule(number=numbers, value=st.integers(-(2**63), 2**63 - 1))
    def put(self, number, value):
        key = name(number)
        if key in self.model:
            self.table.replace(key, value)
        else:
            self.table.insert(key, value)
        self.model[key] = value

    @rule(first=numbers, count=st.integers(1, 300))
    def put_many(self, first, count):
        for number in range(first, first + count):
            if name(number) not in self.model:
                self.put(number, number)

    @rule(number=numbers)
    def remove(self, number):
        assert self.table.remove(name(number)) == (self.model.pop(name(number), None) is not None)

    @rule(first=numbers, count=st.integers(1, 500))
    def remove_many(self, first, count):
        for number in range(first, first + count):
            self.remove(number)

    @rule(buckets=st.integers(0, 50))
    def step(self, buckets):
        self.table.step(buckets)

    @rule(count=st.integers(0, 2000))
    def reserve(self, count):
        self.table.reserve(count)

    @rule()
    def sweep(self):
        visited = self.table.sweep(lambda key: key[-1] % 2)
        assert sorted(visited) == sorted(self.model)
        self.model = {key: value for key, value in self.model.items() if key[-1] % 2}

    @rule()
    def clear(self):
        self.table.clear()
        self.model.clear()

    @precondition(lambda self: self.model)
    @rule()
    def pick(self):
        assert self.table.random() in self.model

    @invariant()
    def table_is_as_the_dict(self):
        self.table.check()
        assert len(self.table) == len(self.model)
        assert dict(self.table.items()) == self.model
        assert set(whole_scan(self.table)) == set(self.model)


TestTableAgainstDict = TableAgainstDict.TestCase
TestTableAgainstDict.settings = settings(max_examples=60, stateful_step_count=30)


# ---- samples ----


def tables_in_every_state():
    return [filled(count) for count in SIZES] + [half_resized(3000), half_shrunk(3000)]


def test_a_sample_has_as_many_elements_as_were_asked_for():
    dice = random.Random(1)
    for table in tables_in_every_state():
        keys = {key for key, _ in table.items()}
        for want in (1, 5, 40):
            sample = table.sample(dice.getrandbits(64), want, 64)
            assert len(sample) >= min(want, len(keys))
            assert set(sample) <= keys


def test_a_sample_of_a_small_table_has_all_its_elements_once():
    for count in (1, 7, 30, 40):
        table = filled(count)
        assert sorted(table.sample(12345, 40, 64)) == sorted(key for key, _ in table.items())


def test_a_sample_takes_no_more_room_than_there_is():
    table = HashTable()
    for key in colliding(40):
        table.insert(key)
    assert {len(table.sample(number, 5, 7)) for number in range(100)} == {7}


def test_every_element_is_sampled_as_often_as_any_other():
    for table in (filled(6000), half_resized(6000), half_shrunk(1000)):
        dice = random.Random(2)
        counts = dict.fromkeys((key for key, _ in table.items()), 0)
        for _ in range(len(counts) * 20):
            for key in table.sample(dice.getrandbits(64), 1, 64):
                counts[key] += 1
        assert min(counts.values()) > 0
        assert max(counts.values()) < 4 * sum(counts.values()) / len(counts)


def test_an_element_is_found_by_the_hash_of_its_key():
    for table in tables_in_every_state():
        assert all(table.with_hash_of(key) == key for key, _ in table.items())
        assert table.with_hash_of(b"absent") is None


@pytest.fixture
def memory_limit():
    yield limit_memory
    limit_memory(0)


def test_a_table_that_would_exceed_the_limit_grows_late(memory_limit):
    table = filled(6 * 1024)
    assert not table.resizing
    buckets = table.buckets
    memory_limit(used_bytes() + 64 * buckets)
    number = len(table)
    while not table.resizing:
        table.insert(name(number))
        number += 1
    assert number == 10 * buckets + 1
    settle(table)
    table.check()
    assert all(table.get(name(each)) is not None for each in range(number))


def test_a_table_grows_as_soon_as_the_limit_allows_it(memory_limit):
    table = filled(6 * 1024)
    buckets = table.buckets
    memory_limit(1)
    table.insert(b"one more")
    assert not table.resizing
    memory_limit(used_bytes() + 1000 * buckets)
    table.insert(b"another")
    assert table.resizing
