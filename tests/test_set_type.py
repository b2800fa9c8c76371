"""The set in its three encodings against Python's: changes, conversions, walks and random picks."""

import struct
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pyredis.types.handles.hash_handle import used_bytes
from pyredis.types.handles.set_handle import IntegerSet, SetValue, check_integers, integers_from
from support.heap import settled_bytes

EDGES = [0, 1, -1, 2**15 - 1, 2**15, -(2**15), -(2**15) - 1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)]
numbers = st.one_of(st.integers(-30, 30), st.sampled_from(EDGES), st.integers(-(2**63), 2**63 - 1))
TEXTS = [b"", b"a", b"b", b"012", b"+1", b"-0", b"x" * 63, b"x" * 64, b"x" * 65, b"y" * 254, b"y" * 255, b"y" * 300]
texts = st.one_of(numbers.map(lambda n: b"%d" % n), st.sampled_from(TEXTS), st.binary(max_size=3))
members = st.one_of(texts, numbers)


def named(value):
    return b"%d" % value if isinstance(value, int) else value


def filled(count, text=b"member%d", **limits):
    value = SetValue(**limits)
    for i in range(count):
        value.add(text % i)
    return value


FORMS = {
    "intset": lambda count: filled(count, b"%d", integers=100000),
    "listpack": lambda count: filled(count, entries=100000, value=1000),
    "hashtable": lambda count: filled(count, entries=0),
}
forms = pytest.mark.parametrize(("name", "make"), FORMS.items(), ids=FORMS.keys())


@pytest.mark.parametrize("edge", EDGES)
def test_integers_are_held_in_the_width_that_the_widest_needs(edge):
    value = IntegerSet()
    value.add(7)
    value.add(-7)
    value.add(edge)
    width = next(width for width in (2, 4, 8) if -(1 << 8 * width - 1) <= edge < 1 << 8 * width - 1)
    assert (value.width, list(value)) == (width, sorted({7, -7, edge}))
    assert len(bytes(value)) == 6 + len(value) * width
    value.remove(edge)
    assert (value.width, list(value)) == (width, [-7, 7])


@given(st.lists(st.tuples(st.booleans(), numbers)))
def test_a_set_of_integers_is_what_python_makes_of_it(steps):
    value, model = IntegerSet(), set()
    for adding, number in steps:
        assert (number in value) == (number in model)
        if adding:
            assert value.add(number) == (number not in model)
            model.add(number)
        else:
            assert value.remove(number) == (number in model)
            model.discard(number)
        assert list(value) == sorted(model)
        assert len(value) == len(model)
        assert check_integers(bytes(value))


@given(st.binary(max_size=40), st.sampled_from([None, 2, 4, 8]))
def test_foreign_bytes_are_a_set_of_integers_only_in_every_detail(body, width):
    image = body if width is None else struct.pack("=IH", 6 + len(body), width) + body
    sound = check_integers(image)
    if sound:
        held = list(integers_from(image))
        assert held == sorted(set(held))
        assert 6 + len(held) * integers_from(image).width == len(image)
    elif width is not None and len(body) % width == 0:
        form = {2: "h", 4: "i", 8: "q"}[width]
        held = list(struct.unpack(f"={len(body) // width}{form}", body))
        assert held != sorted(set(held))


@pytest.mark.parametrize(("width", "form"), [(2, "h"), (4, "i"), (8, "q")])
@pytest.mark.parametrize("held", [[1, 1], [-3, 5, 5], [0, 0, 1], [7, 6], [-1, -2, 3], [1, 2, -3]])
def test_foreign_integers_that_do_not_rise_are_no_set(width, form, held):
    def image(numbers):
        return struct.pack(f"=IH{len(numbers)}{form}", 6 + len(numbers) * width, width, *numbers)

    assert not check_integers(image(held))
    assert check_integers(image(sorted(set(held))))


@pytest.mark.parametrize("damage", [b"", b"\6\0\0\0\2", b"\7\0\0\0\2\0", b"\6\0\0\0\0\0", b"\6\0\0\0\3\0"])
def test_a_damaged_header_of_a_set_of_integers_is_seen(damage):
    assert not check_integers(damage)
    assert check_integers(b"\6\0\0\0\2\0")


def test_integers_stay_an_intset_up_to_the_limit():
    value = filled(512, b"%d")
    assert (value.encoding, value.memory // 16) == ("intset", 65)
    assert not value.add(b"511")
    assert value.encoding == "intset"
    assert value.add(512)
    assert (value.encoding, len(value)) == ("hashtable", 513)
    value.remove(512)
    assert value.encoding == "hashtable"


@pytest.mark.parametrize(
    ("count", "text", "encoding"),
    [
        (127, b"text", "listpack"),
        (128, b"text", "hashtable"),
        (5, b"t" * 64, "listpack"),
        (5, b"t" * 65, "hashtable"),
    ],
)
def test_an_intset_becomes_what_has_room_for_the_first_text(count, text, encoding):
    value = filled(count, b"%d")
    assert value.add(text)
    assert (value.encoding, len(value)) == (encoding, count + 1)
    assert all(i in value for i in range(count))


def test_the_digits_of_integers_count_when_a_text_comes():
    value = SetValue(value=3)
    for number in (999, -99, 1000):
        value.add(number)
    value.remove(1000)
    assert value.add(b"abc")
    assert value.encoding == "listpack"
    value = SetValue(value=3)
    value.add(-100)
    assert value.add(b"abc")
    assert value.encoding == "hashtable"


def test_a_packed_set_becomes_a_table_with_one_member_more_than_the_limit():
    value = filled(128)
    assert value.encoding == "listpack"
    assert not value.add(b"member0")
    assert value.encoding == "listpack"
    assert value.add(7)
    assert (value.encoding, len(value)) == ("hashtable", 129)
    value.remove(7)
    assert value.encoding == "hashtable"


@pytest.mark.parametrize(
    ("first", "count", "encoding"),
    [
        (b"1", 512, "intset"),
        (b"1", 513, "hashtable"),
        (b"01", 128, "listpack"),
        (b"01", 129, "hashtable"),
    ],
)
def test_a_new_set_has_the_form_for_its_first_member_and_their_number(first, count, encoding):
    assert SetValue(first=first, count=count).encoding == encoding


@forms
def test_expecting_more_than_the_form_may_hold_makes_a_table(name, make):
    value = make(10)
    value.expect(100000)
    assert (value.encoding, len(value)) == (name, 10)
    value.expect(100001)
    assert (value.encoding, len(value)) == ("hashtable", 10)
    assert value.is_sound()


@forms
def test_random_picks_are_uniform(name, make):
    """Chi-square over 50 members: with random seeds and hashes, fewer than one run in 1e11 would exceed the limit."""
    value = make(50)
    draws = 20000
    picks = Counter(value.random() for _ in range(draws))
    expected = draws / 50
    assert sum((picks[member] - expected) ** 2 / expected for member in value.members()) < 150


@pytest.mark.parametrize("count", [100, 400, 1000])
def test_random_picks_from_a_large_table_are_uniform(count):
    value = FORMS["hashtable"](count)
    draws = 40 * count
    picks = Counter(value.random() for _ in range(draws))
    statistic = sum((picks[member] - 40) ** 2 / 40 for member in value.members())
    degrees = count - 1
    assert statistic < degrees + 10 * (2 * degrees) ** 0.5


@forms
@pytest.mark.parametrize("count", [1, 5, 12, 13, 25, 39, 40, 41])
def test_a_sample_has_different_members_and_every_member_its_chance(name, make, count):
    value = make(40)
    seen = Counter()
    for _ in range(2000):
        sample = value.sample(count)
        assert len(sample) == len(set(sample)) == min(count, 40)
        seen.update(sample)
    expected = 2000 * min(count, 40) / 40
    assert set(seen) == set(value.members())
    assert all(abs(times - expected) < 8 * expected**0.5 for times in seen.values())


@forms
@pytest.mark.parametrize("count", [1, 5, 20, 35, 39])
def test_popping_takes_different_random_members_out(name, make, count):
    seen = Counter()
    for seed in range(300):
        value = make(40) if seed == 0 else value_like(make(40), seed)
        before = set(value.members())
        popped = value.pop(count)
        assert len(popped) == len(set(popped)) == count
        assert set(popped) | set(value.members()) == before
        assert len(value) == 40 - count
        assert value.is_sound()
        seen.update(popped)
    expected = 300 * count / 40
    assert all(abs(seen[member] - expected) < 8 * expected**0.5 + 5 for member in before)


def value_like(value, seed):
    """Returns a set with the same members and another random seed."""
    limits = {"intset": {"integers": 100000}, "listpack": {"entries": 100000}, "hashtable": {"entries": 0}}
    other = SetValue(seed=seed, **limits[value.encoding])
    for member in value.members():
        other.add(member)
    return other


def test_what_a_large_pop_leaves_is_small_again():
    value = filled(1000, entries=128)
    value.pop(600)
    assert value.encoding == "hashtable"
    value.pop(390)
    assert (value.encoding, len(value)) == ("listpack", 10)


def test_a_scan_sees_every_member_that_stays_through_growth_and_shrinking():
    value = FORMS["hashtable"](2000)
    stay = {b"member%d" % i for i in range(0, 2000, 4)}
    seen, cursor, step = set(), 0, 0
    while True:
        cursor, found = value.scan(cursor)
        seen.update(found)
        if not cursor:
            break
        step += 1
        for i in range(10):
            if step < 150:
                value.add(b"new%d" % (10 * step + i))
            elif (step - 150) * 10 + i < 2000 and ((step - 150) * 10 + i) % 4:
                value.remove(b"member%d" % ((step - 150) * 10 + i))
    assert stay <= seen


@forms
def test_a_scan_of_what_is_no_table_ends_at_once(name, make):
    cursor, found = make(30).scan(12345)
    assert name == "hashtable" or (cursor == 0 and len(found) == 30)


@forms
def test_freeing_in_slices_gives_everything_back(name, make):
    before = settled_bytes()
    value = make(1000)
    assert abs(used_bytes() - before - value.memory) <= 32
    while not value.free_some(64):
        pass
    assert used_bytes() == before


@forms
def test_the_footprint_is_what_the_allocator_counts(name, make):
    before = settled_bytes()
    value = make(300)
    for text in TEXTS:
        if name != "intset":
            value.add(text)
    for i in range(0, 300, 3):
        value.remove((b"%d" if name == "intset" else b"member%d") % i)
    assert value.encoding == name
    assert abs(used_bytes() - before - value.memory) <= 32


def test_a_million_members_take_no_more_than_46_bytes_each():
    value = filled(1_000_000, b"member:%09d", entries=0)
    assert value.memory / 1_000_000 <= 46


@forms
def test_a_copy_is_equal_and_of_its_own(name, make):
    value = make(100)
    other = value.copy()
    assert (other.encoding, sorted(other.members())) == (value.encoding, sorted(value.members()))
    assert other.is_sound()
    other.pop(50)
    assert len(value) == 100


@given(st.lists(members, max_size=80), st.lists(members, max_size=80), st.booleans(), st.sampled_from([0, 20, 200]))
def test_a_filtered_walk_is_the_intersection_or_the_difference(left, right, present, entries):
    sets = []
    for side in (left, right):
        value = SetValue(integers=20, entries=entries)
        for member in side:
            value.add(member)
        sets.append(value)
    held, other = ({named(member) for member in side} for side in (left, right))
    found = sets[0].filtered(sets[1], present)
    assert sorted(found) == sorted(held & other if present else held - other)


class Machine(RuleBasedStateMachine):
    """Performs steps on a set with small limits and on Python's, and compares them after each."""

    @initialize(
        integers=st.sampled_from([0, 3, 8, 512]),
        entries=st.sampled_from([0, 4, 9, 128]),
        longest=st.sampled_from([2, 64]),
        first=st.one_of(st.none(), members),
        count=st.integers(1, 12),
    )
    def create(self, integers, entries, longest, first, count):
        self.value = SetValue(integers, entries, longest, first=first, count=count)
        self.model = set()

    @rule(member=members)
    def add(self, member):
        assert self.value.add(member) == (named(member) not in self.model)
        self.model.add(named(member))

    @rule(added=st.lists(members, max_size=20))
    def add_many(self, added):
        for member in added:
            self.add(member)

    @rule(member=members)
    def remove(self, member):
        assert self.value.remove(member) == (named(member) in self.model)
        self.model.discard(named(member))

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove_one_of_them(self, data):
        self.remove(data.draw(st.sampled_from(sorted(self.model))))

    @rule(count=st.integers(0, 150))
    def expect(self, count):
        self.value.expect(count)

    @precondition(lambda self: len(self.model) > 1)
    @rule(data=st.data())
    def pop(self, data):
        popped = self.value.pop(data.draw(st.integers(1, len(self.model) - 1)))
        assert len(popped) == len(set(popped))
        assert set(popped) <= self.model
        self.model.difference_update(popped)

    @rule()
    def go_on_with_a_copy(self):
        self.value = self.value.copy()

    @rule(member=members)
    def ask(self, member):
        assert (member in self.value) == (named(member) in self.model)

    @invariant()
    def agrees(self):
        if not hasattr(self, "value"):
            return
        assert self.value.is_sound()
        assert len(self.value) == len(self.model)
        assert sorted(self.value.members()) == sorted(self.model)
        if self.model:
            assert self.value.random() in self.model


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=150, stateful_step_count=40)
