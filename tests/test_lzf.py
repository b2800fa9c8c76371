"""The LZF codec: round trips, known streams, and invalid streams."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.lzf import read as reference
from pyredis.types.handles.list_handle import compress, decompress

pieces = st.lists(
    st.one_of(
        st.binary(max_size=40), st.builds(lambda text, count: text * count, st.binary(max_size=5), st.integers(0, 300))
    )
)


@given(pieces.map(b"".join))
@settings(max_examples=300)
def test_what_is_compressed_comes_back(data):
    stream = compress(data, len(data) * 33 // 32 + 8)
    assert decompress(stream, len(data)) == data
    assert reference(stream, len(data)) == data


def test_repetition_takes_little_and_noise_takes_a_byte_in_32_more():
    assert len(compress(b"ab" * 5000, 10000)) < 200
    noise = random.Random(1).randbytes(3200)
    assert len(compress(noise, 4000)) == 3300


def test_a_stream_that_does_not_fit_is_not_made():
    data = random.Random(2).randbytes(1000)
    needed = len(compress(data, 2000))
    assert compress(data, needed) != b""
    assert compress(data, needed - 1) == b""
    assert compress(data, 0) == b""


ENDS = {
    "literals": b"abcdefgh",
    "a short reference": b"abcd" * 2,
    "a long reference": b"a" * 50,
    "both": b"a" * 50 + b"xy",
}


@pytest.mark.parametrize("data", ENDS.values(), ids=ENDS.keys())
def test_no_stream_is_longer_than_its_room(data):
    whole = compress(data, 100)
    assert decompress(whole, len(data)) == data
    for room in range(len(whole)):
        assert compress(data, room) == b""
    # A reference is written only where the longest one would fit.
    assert {compress(data, room) for room in range(len(whole) + 1, 100)} == {whole}


@pytest.mark.parametrize("distance", [8000, 8190, 8191, 8192, 8193, 8194, 8448, 8449, 9000])
def test_references_reach_as_far_back_as_13_bits_tell(distance):
    between = bytes(i * 31 % 251 for i in range(distance - 7))
    data = b"pattern" + between + b"pattern"
    stream = compress(data, 20000)
    assert decompress(stream, len(data)) == reference(stream, len(data)) == data
    # A reference to seven bytes takes two bytes; seven literals among others take seven or eight.
    added = len(stream) - len(compress(b"pattern" + between, 20000))
    assert added == 2 if distance <= 8192 else added > 6


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8, 9, 10, 263, 264, 265, 266, 267, 268, 528, 529])
def test_a_run_of_any_length_comes_back(count):
    """A reference copies 3 to 264 bytes, and takes one byte more from 9 on."""
    data = b"xyz" + b"a" * count + b"zyx"
    stream = compress(data, 1000)
    assert decompress(stream, len(data)) == reference(stream, len(data)) == data


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 63, 64, 65])
def test_literals_of_any_number_come_back(count):
    data = random.Random(3).randbytes(count)
    stream = compress(data, 100)
    assert len(stream) == count + -(-count // 32)
    assert decompress(stream, len(data)) == reference(stream, len(data)) == data


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (b"\x00a", b"a"),
        (b"\x02abc\x20\x02", b"abcabc"),
        (b"\x00a\xe0\x00\x00", b"a" * 10),
        (b"\x00a\xe0\xff\x00", b"a" * 265),
        (b"\x01ab\x40\x01", b"ababab"),
    ],
)
def test_streams_of_the_format_are_read(stream, text):
    assert decompress(stream, len(text)) == text
    assert decompress(stream, len(text) - 1) == b""


@pytest.mark.parametrize("stream", [b"\x01a", b"\x20", b"\x20\x00", b"\x00a\x20\x01", b"\x00a\xe0", b"\x00a\xe0\x05"])
def test_what_is_no_stream_is_refused(stream):
    assert decompress(stream, 1000) == b""


@given(st.one_of(st.binary(max_size=60), st.lists(st.sampled_from([0, 1, 31, 32, 33, 64, 224, 255])).map(bytes)))
@settings(max_examples=500)
def test_any_bytes_are_read_as_the_reference_reads_them(stream):
    assert decompress(stream, 600) == (reference(stream, 600) or b"")
