"""The packed list against a Python list: encodings, changes, searches and the validation of untrusted bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pyredis.types.handles.hash_handle import PackedList, check_pack

HEADER = 6
EDGES = [0, 1, 95, 96, 4191, 4192, -1, -128, -129, 127, 128, 32767, 32768, -32768, -32769, 2**23 - 1, 2**23, -(2**23)]
EDGES += [s * 2**n + d for n in (31, 39, 47, 55) for s in (1, -1) for d in (-1, 0, 1)] + [2**63 - 1, -(2**63)]
LENGTHS = [0, 1, 62, 63, 64, 65, 125, 126, 127, 128, 16379, 16380, 16381, 16382, 16447, 16448, 70000]


def stored(value):
    """Returns what a pack gives back for ``value``: an integer if its text is one in canonical form."""
    if isinstance(value, int):
        return value
    try:
        number = int(value)
    except ValueError:
        return value
    return number if str(number).encode() == value and -(2**63) <= number < 2**63 else value


values = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(EDGES),
    st.sampled_from(EDGES).map(lambda n: str(n).encode()),
    st.binary(max_size=5),
    st.sampled_from([b"name1", b"name2", b"nome1", b"", b"-", b"-0", b"007", b"9223372036854775808"]),
    st.sampled_from(LENGTHS[:13]).map(lambda n: b"x" * n),
)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("number", EDGES)
def test_an_integer_comes_back_as_itself_and_from_its_text(number, backward):
    pack = PackedList(backward=backward)
    pack.append(number)
    pack.append(str(number).encode())
    assert list(pack) == [number, number]
    assert pack.text(1) == str(number).encode()
    assert pack.find(number, 1) == 1
    assert check_pack(bytes(pack))


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("length", LENGTHS)
def test_a_string_of_every_length_class_comes_back(length, backward):
    pack = PackedList(backward=backward)
    text = b"a" * length
    pack.append(b"before", text, b"after")
    assert list(pack) == [b"before", text, b"after"]
    assert pack.find(text) == 1
    assert check_pack(bytes(pack))
    if backward:
        assert list(reversed(pack)) == [b"after", text, b"before"]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        *[(0, 1), (95, 1), (96, 2), (4191, 2), (-1, 2), (-129, 3), (4192, 3), (40000, 4), (2**63 - 1, 9)],
        *[(b"", 1), (b"abc", 4), (b"a" * 63, 64), (b"a" * 64, 66), (b"a" * 16447, 16449), (b"a" * 16448, 16453)],
    ],
)
def test_an_element_takes_as_few_bytes_as_its_encoding_promises(value, size):
    pack = PackedList()
    pack.append(value)
    assert len(bytes(pack)) == HEADER + size


@pytest.mark.parametrize(
    "text", [b"-0", b"007", b"+1", b" 1", b"1 ", b"", b"-", b"9223372036854775808", b"0x1", b"1e3"]
)
def test_text_that_only_resembles_an_integer_stays_text(text):
    pack = PackedList()
    pack.append(text)
    assert list(pack) == [text]


def test_find_with_a_stride_looks_at_the_fields_only():
    pack = PackedList()
    for i in range(50):
        pack.append(f"field{i}".encode(), f"field{i + 1}".encode())
    assert pack.find(b"field7", 0, 2) == 14
    assert pack.find(b"field7", 1, 2) == 13
    assert pack.find(b"field50", 0, 2) is None
    assert pack.find(b"field50", 1, 2) == 99


def test_a_search_does_not_read_past_the_last_element():
    pack = PackedList()
    pack.append(b"x" * 40, 96)
    assert pack.find(b"y" * 40) is None
    assert pack.find(97) is None
    assert pack.find(b"x" * 41) is None


def test_the_count_is_true_beyond_what_the_header_can_tell():
    pack = PackedList()
    for i in range(8190):
        pack.append(i)
    for expected in (8191, 8192, 8193):
        pack.append(b"more")
        assert len(pack) == expected
        assert check_pack(bytes(pack))
    pack.delete(0, 4)
    assert len(pack) == 8189
    assert check_pack(bytes(pack))


def test_the_owner_bits_survive_changes_and_copies():
    pack = PackedList(backward=True, owner=2)
    pack.append(b"a", b"b")
    assert (pack.owner, len(pack), pack.is_backward()) == (2, 2, True)
    pack.owner = 1
    copy = pack.copy()
    pack.append(b"c")
    assert (copy.owner, list(copy), pack.owner, list(pack)) == (1, [b"a", b"b"], 1, [b"a", b"b", b"c"])


class PackAgainstList(RuleBasedStateMachine):
    """Makes every change to a pack and to a list; afterwards both must hold the same elements."""

    @initialize(backward=st.booleans())
    def begin(self, backward):
        self.backward = backward
        self.pack = PackedList(backward=backward)
        self.model = []

    @rule(new=st.lists(values, min_size=1, max_size=8))
    def append(self, new):
        self.pack.append(*new)
        self.model += [stored(value) for value in new]

    @precondition(lambda self: self.model)
    @rule(new=st.lists(values, min_size=1, max_size=3), data=st.data())
    def insert(self, new, data):
        index = data.draw(st.integers(-len(self.model), len(self.model) - 1))
        self.pack.insert(index, *new)
        index %= len(self.model)
        self.model[index:index] = [stored(value) for value in new]

    @precondition(lambda self: self.model)
    @rule(value=values, data=st.data())
    def replace(self, value, data):
        index = data.draw(st.integers(-len(self.model), len(self.model) - 1))
        self.pack.replace(index, value)
        self.model[index] = stored(value)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data):
        index = data.draw(st.integers(0, len(self.model) - 1))
        count = data.draw(st.integers(0, min(4, len(self.model) - index)))
        self.pack.delete(index, count)
        del self.model[index : index + count]

    @precondition(lambda self: self.model)
    @rule(value=values, stride=st.integers(1, 3), data=st.data())
    def find(self, value, stride, data):
        start = data.draw(st.integers(0, len(self.model) - 1))
        wanted = data.draw(st.sampled_from([*self.model, stored(value)]))
        hits = [i for i in range(start, len(self.model), stride) if self.model[i] == wanted]
        assert self.pack.find(wanted, start, stride) == (hits[0] if hits else None)

    @invariant()
    def pack_is_sound(self):
        image = bytes(self.pack)
        assert check_pack(image)
        assert len(self.pack) == len(self.model)
        assert list(self.pack) == self.model
        if self.backward:
            assert list(reversed(self.pack)) == self.model[::-1]
        for index in (0, 1, len(self.model) // 2 + 1, len(self.model) - 1, len(self.model)):
            assert self.pack.has(index) == (-len(self.model) <= index < len(self.model))
            if self.pack.has(index):
                assert self.pack[index] == self.model[index]
        assert not self.pack.has(-len(self.model) - 1)


TestPackAgainstList = PackAgainstList.TestCase
TestPackAgainstList.settings = settings(max_examples=60, stateful_step_count=25)


@settings(max_examples=300)
@given(st.booleans(), st.lists(values, max_size=6), st.data())
def test_a_cut_pack_is_refused_and_a_changed_byte_does_no_harm(backward, elements, data):
    pack = PackedList(backward=backward)
    pack.append(*elements)
    image = bytearray(bytes(pack))
    cut = data.draw(st.integers(0, len(image) - 1))
    assert not check_pack(bytes(image[:cut]))
    image[data.draw(st.integers(0, len(image) - 1))] = data.draw(st.integers(0, 255))
    check_pack(bytes(image))


@settings(max_examples=300)
@given(st.binary(max_size=40), st.booleans(), st.integers(0, 8))
def test_arbitrary_elements_behind_a_fitting_header_do_no_harm(body, backward, count):
    meta = count | (0x2000 if backward else 0)
    image = (HEADER + len(body)).to_bytes(4, "little") + meta.to_bytes(2, "little") + body
    check_pack(image)


@pytest.mark.parametrize(
    "element",
    [
        b"\x015",
        b"\xf0\x05",
        b"\xf1\x00\x01",
        b"\xf7" + b"\x00" * 8,
        b"\xf8\x01\x00\x00\x00a",
        b"\xf9",
        b"\xff",
        b"\x05ab",
    ],
)
def test_an_element_that_is_not_in_its_one_encoding_is_refused(element):
    image = (HEADER + len(element)).to_bytes(4, "little") + b"\x01\x00" + element
    assert not check_pack(image)


def test_a_pack_whose_count_or_stride_is_wrong_is_refused():
    pack = PackedList()
    pack.append(b"a", b"b", b"c")
    image = bytearray(bytes(pack))
    assert check_pack(bytes(image), 3)
    assert not check_pack(bytes(image), 2)
    image[4] += 1
    assert not check_pack(bytes(image))
