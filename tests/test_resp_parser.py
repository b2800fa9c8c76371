"""The native request parser against the reference: the same requests and errors, however the bytes are split."""

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import resp_reference
from pyredis._resp import ProtocolError, RequestParser
from support.client import encode_command


def by_reference(data, **limits):
    commands, _, error = resp_reference.parse(data, strict=True, **limits)
    return commands, error


def by_native(pieces, **limits):
    """Parses piece after piece; on an error the parser loses the requests of the last piece, so they are missing."""
    parser, commands = RequestParser(**limits), []
    try:
        for piece in pieces:
            commands += parser.feed(piece)
    except ProtocolError as error:
        return commands, resp_reference.printable(f"ERR Protocol error: {error}")
    return commands, None


def agree(data, cuts=(), **limits):
    """Compares both parsers on data split at the cuts; on an error only requests of the last piece may be missing."""
    edges = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(data)), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    commands, error = by_native(pieces, **limits)
    expected, expected_error = by_reference(data, **limits)
    assert error == expected_error
    assert commands == (expected if error is None else expected[: len(commands)])


NUMBERS = st.one_of(
    st.integers(-3, 12).map(lambda number: b"%d" % number),
    st.sampled_from([b"-0", b"00", b"01", b"+1", b" 1", b"", b"x", b"1x", b"2147483647", b"2147483648", b"9" * 25]),
)
BULK = st.binary(max_size=40).map(lambda text: b"$%d\r\n%b\r\n" % (len(text), text))
WHOLE = st.lists(st.binary(max_size=30), max_size=5).map(lambda arguments: encode_command(*arguments))
LINE = st.lists(
    st.sampled_from([*(bytes([byte]) for byte in b"ab\"'\\nrtbx4f \t\v\f\r\0*$"), b"\\x4a", b"\xff"]), max_size=20
).map(lambda pieces: b"".join(pieces) + b"\r\n")
TOKENS = st.one_of(
    WHOLE,
    WHOLE,
    LINE,
    BULK,
    NUMBERS.map(lambda number: b"*" + number + b"\r\n"),
    NUMBERS.map(lambda number: b"$" + number + b"\r\n"),
    st.sampled_from([b"\r\n", b"\n", b"\r", b"*", b"$", b"PING\r\n", b"*1\r\n", b"\0"]),
)
STREAMS = st.lists(TOKENS, max_size=8).map(b"".join)
CUTS = st.lists(st.integers(0, 120), max_size=6)


@settings(max_examples=1000)
@given(STREAMS, CUTS)
@example(b"ECHO a\x0bb\r\n", [])
@example(b"ECHO 'a'b\r\n", [])
@example(b"*1\r\n\r\n", [])
@example(b"*1\r\nP", [])
@example(b"*2\r\n$4\r\nECHO\r\n$1\r\nx\rx", [])
def test_the_native_parser_agrees_with_the_reference(data, cuts):
    agree(data, cuts)


@settings(max_examples=200)
@given(STREAMS)
def test_one_byte_at_a_time_makes_no_difference(data):
    agree(data, range(len(data)))


@settings(max_examples=200)
@given(st.binary(max_size=200), CUTS)
def test_arbitrary_bytes_are_judged_alike(data, cuts):
    agree(data, cuts)
    agree(b"*" + data, cuts)
    agree(b"*3\r\n$" + data, cuts)


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b"*11\r\n", {"authenticated": False}),
        (b"*10\r\n", {"authenticated": False}),
        (b"*1\r\n$16385\r\n", {"authenticated": False}),
        (b"*1\r\n$16384\r\n", {"authenticated": False}),
        (b"*1\r\n$1001\r\n", {"max_bulk": 1000}),
        (b"*1\r\n$1000\r\n", {"max_bulk": 1000}),
        (b"*2147483647\r\n", {}),
        (b"*2147483648\r\n", {}),
        (b"*4294967297\r\n", {}),
        (b"*-9223372036854775808\r\nPING\r\n", {}),
        (b"*-9223372036854775809\r\nPING\r\n", {}),
        (b"a" * 65536, {}),
        (b"a" * 65537, {}),
        (b"*" + b"1" * 65535, {}),
        (b"*" + b"1" * 65536, {}),
        (b"*1\r\n$" + b"1" * 65535, {}),
        (b"*1\r\n$" + b"1" * 65536, {}),
    ],
)
def test_limits_are_drawn_at_the_same_byte(data, limits):
    agree(data, **limits)


def test_a_large_bulk_arrives_in_pieces():
    value = bytes(range(256)) * 40000
    data = encode_command("SET", "key", value) + b"PING\r\n"
    pieces = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    assert by_native(pieces) == ([[b"SET", b"key", value], [b"PING"]], None)
