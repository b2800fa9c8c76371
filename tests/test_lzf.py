"""The LZF codec: round trips, known streams, and streams that are none."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.lzf import read as reference
from pyredis.types._testing_list import compress, decompress

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


def test_references_reach_as_far_back_as_13_bits_tell():
    near, far = (b"pattern" + bytes(i * 31 % 251 for i in range(gap)) + b"pattern" for gap in (8000, 9000))
    for data in (near, far):
        assert decompress(compress(data, 20000), len(data)) == data


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
