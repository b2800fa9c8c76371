"""Bit arrays against a model of Python integers, with every implementation of counting."""

from pathlib import Path
from platform import machine

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyredis.types.handles import bits_handle as bits

CPU_INFO = Path("/proc/cpuinfo")
CPU_FLAGS = set(CPU_INFO.read_text().split()) if CPU_INFO.exists() and machine() == "x86_64" else set()
# Long enough for whole vectors, their tails and several rounds of 31 vectors.
TEXTS = st.one_of(
    st.binary(min_size=1, max_size=80),
    st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 400)).map(lambda drawn: drawn[0] * drawn[1]),
    st.tuples(st.integers(0, 300), st.binary(min_size=1, max_size=3), st.sampled_from([b"\0", b"\xff"])).map(
        lambda drawn: drawn[2] * drawn[0] + drawn[1]
    ),
)


def digits(text: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in text)


@st.composite
def ranges(draw):
    text = draw(TEXTS)
    first = draw(st.integers(0, len(text) * 8 - 1))
    return text, first, draw(st.integers(first + 1, len(text) * 8))


@given(TEXTS, st.integers(0, 7))
def test_every_kernel_counts_the_same_at_every_alignment(text, skipped):
    part = memoryview(text)[skipped:]
    expected = int.from_bytes(part, "big").bit_count()
    assert bits.count_bytes(part) == expected
    assert bits.count_bytes(part, portable=True) == expected


@pytest.mark.parametrize("portable", [False, True])
def test_no_counter_overflows_where_all_bits_are_set(portable):
    for size in (1, 31, 32, 33, 31 * 32, 31 * 32 + 1, 32 * 32, 100_000):
        assert bits.count_bytes(b"\xff" * size, portable) == size * 8


@pytest.mark.skipif(not CPU_FLAGS, reason="/proc/cpuinfo lists no flags")
def test_the_instruction_is_used_where_the_processor_has_it():
    assert bits.has_popcnt() == ("popcnt" in CPU_FLAGS)


@given(ranges())
def test_the_bits_of_any_range_are_counted(drawn):
    text, first, end = drawn
    assert bits.count(text, first, end) == digits(text)[first:end].count("1")


@given(ranges(), st.booleans())
def test_the_first_bit_of_a_kind_is_found_in_any_range(drawn, bit):
    text, first, end = drawn
    assert bits.find(text, bit, first, end) == digits(text).find("01"[bit], first, end)


def model(name: str, texts: list[bytes], size: int) -> bytes:
    numbers = [int.from_bytes(text.ljust(size, b"\0"), "big") for text in texts]
    result = numbers[0]
    for number in numbers[1:]:
        result = {"AND": result & number, "OR": result | number, "XOR": result ^ number}[name]
    if name == "NOT":
        result ^= (1 << 8 * size) - 1
    return result.to_bytes(size, "big")


@given(st.sampled_from(["AND", "OR", "XOR"]), st.lists(st.one_of(st.just(b""), TEXTS), min_size=1, max_size=5))
def test_texts_of_any_lengths_are_combined_as_if_padded_with_zeros(name, texts):
    size = max(map(len, texts))
    assert bits.combine(name, texts, size) == model(name, texts, size)


@given(TEXTS)
def test_a_text_is_inverted(text):
    assert bits.combine("NOT", [text], len(text)) == model("NOT", [text], len(text))


def test_texts_longer_than_a_block_are_combined_whole():
    texts = [bytes(range(256)) * 200, b"\x5a" * 40_000, b"\xff" * 16_384]
    for name in ("AND", "OR", "XOR"):
        assert bits.combine(name, texts, 51_200) == model(name, texts, 51_200)


@given(st.binary(max_size=24), st.integers(0, 250), st.integers(1, 64))
def test_a_number_of_any_width_is_read_and_zeros_lie_behind_the_text(text, offset, width):
    expected = digits(text).ljust(400, "0")[offset : offset + width]
    assert bits.get(text, offset, width) == int(expected, 2)


@given(st.binary(min_size=8, max_size=24), st.data())
def test_a_stored_number_changes_its_own_bits_alone(text, data):
    width = data.draw(st.integers(1, 64))
    offset = data.draw(st.integers(0, len(text) * 8 - width))
    value = data.draw(st.integers(0, 2**64 - 1))
    changed = bytearray(text)
    bits.set_field(changed, offset, width, value)
    own = f"{value % 2**width:0{width}b}"
    before = digits(text)
    assert digits(bytes(changed)) == before[:offset] + own + before[offset + width :]
