"""HyperLogLog values against a model: a list of registers, and the runs that Redis would write for them.

tests/test_hyperloglogs.py compares the bytes with those of the oracle.
"""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.sketches import registers_of
from pyredis.types.handles import hyperloglog_handle as hll

KEEP, CHANGE, PROMOTE, CORRUPT = 0, 1, 2, -1
UNLIMITED = 100_000
HEADER = hll.empty()[:16]


def murmur(data: bytes) -> int:
    """MurmurHash64A with Python integers."""
    m, mask = 0xC6A4A7935BD1E995, 2**64 - 1
    h = 0xADC83B19 ^ (len(data) * m & mask)
    for at in range(0, len(data) // 8 * 8, 8):
        k = int.from_bytes(data[at : at + 8], "little") * m & mask
        k = (k ^ k >> 47) * m & mask
        h = (h ^ k) * m & mask
    if tail := data[len(data) // 8 * 8 :]:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ h >> 47) * m & mask
    return h ^ h >> 47


def sound(value: bytes) -> bool:
    return hll.recognized(value) and registers_of(value) is not None


def pack(registers: list[int]) -> bytes:
    fours = zip(*(registers[lane::4] for lane in range(4)), strict=True)
    return b"".join((a | b << 6 | c << 12 | d << 18).to_bytes(3, "little") for a, b, c, d in fours)


@given(st.binary(max_size=40))
def test_the_hash_chooses_register_and_value(element):
    digest = murmur(element)
    rest = digest >> 14 | 1 << 50
    assert hll.register_of(element) == (digest % 2**14, (rest & -rest).bit_length())


RAISINGS = st.lists(
    st.tuples(st.one_of(st.integers(0, 40), st.integers(16000, 16383), st.integers(0, 16383)), st.integers(1, 32)),
    max_size=60,
)


@given(RAISINGS)
def test_raised_registers_are_kept_sparse_and_dense(raisings):
    model, sparse = [0] * hll.REGISTERS, hll.empty()
    dense = hll.to_dense(sparse)
    for index, register in raisings:
        outcome, sparse = hll.raise_sparse(sparse, [(index, register)], UNLIMITED)
        changed, dense = hll.raise_dense(dense, index, register)
        assert outcome == changed == (register > model[index])
        model[index] = max(model[index], register)
        assert registers_of(sparse) == model
    assert dense[16:] == hll.to_dense(sparse)[16:] == pack(model)
    assert hll.count(sparse) == hll.count(dense)
    assert list(hll.merge(sparse, bytes(hll.REGISTERS))) == list(hll.merge(dense, bytes(hll.REGISTERS))) == model


@given(RAISINGS, RAISINGS)
def test_a_search_that_resumes_finds_what_one_from_the_beginning_finds(first, then):
    _, value = hll.raise_sparse(hll.empty(), first, UNLIMITED)
    ascending = sorted(dict(then).items())
    assert hll.raise_sparse(value, ascending, UNLIMITED, True) == hll.raise_sparse(value, ascending, UNLIMITED, False)


def test_values_in_a_row_are_joined_up_to_four():
    _, value = hll.raise_sparse(hll.empty(), [(index, 3) for index in range(10)], UNLIMITED)
    assert value[16:19] == bytes([0x8B, 0x8B, 0x89])
    _, value = hll.raise_sparse(hll.empty(), [(index, 3) for index in (100, 102, 101)], UNLIMITED)
    assert registers_of(value)[99:104] == [0, 3, 3, 3, 0]
    assert value[16:19] == bytes([0x40, 99, 0x8A])


def test_a_value_that_would_grow_too_large_or_hold_too_much_asks_to_be_dense():
    _, value = hll.raise_sparse(hll.empty(), [(100, 3)], UNLIMITED)
    assert hll.raise_sparse(value, [(500, 1)], len(value)) == (PROMOTE, value)
    assert hll.raise_sparse(value, [(100, 33)], UNLIMITED) == (PROMOTE, value)
    assert hll.raise_sparse(value, [(100, 3)], 0) == (KEEP, value)
    assert hll.raise_sparse(value, [(100, 4)], 0)[0] == CHANGE


def mutated(value: bytes, places: list[tuple[int, int]]) -> bytes:
    changed = bytearray(value)
    for place, byte in places:
        changed[16 + place % (len(changed) - 16)] = byte
    return bytes(changed)


BYTES = st.one_of(st.sampled_from([0x00, 0x3F, 0x40, 0x7F, 0x80, 0xFF]), st.integers(0, 255))
IMAGES = st.one_of(
    st.lists(BYTES, max_size=12).map(lambda codes: HEADER + bytes(codes)),
    st.tuples(RAISINGS, st.lists(st.tuples(st.integers(0, 200), BYTES), max_size=3)).map(
        lambda drawn: mutated(hll.raise_sparse(hll.empty(), drawn[0], UNLIMITED)[1], drawn[1])
    ),
    st.tuples(RAISINGS, st.integers(0, 30)).map(
        lambda drawn: hll.raise_sparse(hll.empty(), drawn[0], UNLIMITED)[1][: -drawn[1] or None]
    ),
)


@settings(max_examples=300)
@given(IMAGES, RAISINGS)
def test_what_does_not_decode_is_told_as_corrupt_and_never_believed(image, raisings):
    if not hll.recognized(image):
        assert len(image) < 16
        return
    whole = sound(image)
    assert (hll.count(image) is not None) == whole
    assert (hll.to_dense(image) is not None) == whole
    assert (hll.merge(image, bytes(hll.REGISTERS)) is not None) == whole
    outcome, after = hll.raise_sparse(image, raisings, UNLIMITED)
    assert len(after) <= len(image) + 3 * len(raisings)
    if whole:
        assert outcome != CORRUPT
        assert sound(after)


@pytest.mark.parametrize(
    "value",
    [b"", b"HYLL", b"HYLL\0" + bytes(11), b"HYLX" + hll.empty()[4:], b"HYLL\2" + bytes(20), b"HYLL\0" + bytes(12300)],
)
def test_what_does_not_begin_as_one_or_has_not_its_size_is_not_recognized(value):
    assert not hll.recognized(value)
    assert hll.recognized(hll.empty())
    assert hll.recognized(b"HYLL" + bytes(12300))


def test_the_cached_cardinality_is_little_endian_and_invalid_by_its_highest_bit():
    assert hll.cached(hll.empty()) == 0
    value = hll.with_cache(hll.empty(), 2**40 + 7)
    assert value[8:16] == (2**40 + 7).to_bytes(8, "little")
    assert hll.cached(value) == 2**40 + 7
    assert hll.cached(hll.with_cache(value, 2**63)) is None


def test_merging_takes_the_greatest_of_each_register():
    chosen = random.Random(7)
    rows = [[chosen.randrange(64) for _ in range(hll.REGISTERS)] for _ in range(3)]
    merged = bytes(hll.REGISTERS)
    for row in rows:
        merged = hll.merge(b"HYLL" + bytes(12) + pack(row), merged)
    assert list(merged) == [max(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("elements", [0, 1, 10, 100, 1000, 20_000, 100_000])
def test_the_estimate_is_near(elements):
    dense = bytearray(hll.to_dense(hll.empty()))
    best: dict[int, int] = {}
    for number in range(elements):
        index, register = hll.register_of(b"element:%d" % number)
        best[index] = max(best.get(index, 0), register)
    dense[16:] = pack([best.get(index, 0) for index in range(hll.REGISTERS)])
    assert abs(hll.count(bytes(dense)) - elements) <= 0.03 * elements


def test_the_self_test_passes():
    assert hll.self_test() is None


def test_a_whole_value_of_ones_stays_within_its_runs():
    full = HEADER + bytes([0x83] * (hll.REGISTERS // 4))
    assert sound(full)
    _, after = hll.raise_sparse(full, [(index, 2) for index in itertools.chain(range(9), (16383, 16380))], UNLIMITED)
    assert sound(after)
    assert registers_of(after)[:10] == [2] * 9 + [1]
