"""The library ``struct`` of scripts, compared with the oracle's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.lua import NUMBERS, REAL_NUMBERS, TEXTS, literal, quoted, thorough, twins_with

# An option, sometimes with a size, sometimes invalid.
OPTIONS = st.one_of(
    st.sampled_from(list("bBhHlLTfdsxiI<>! c")),
    st.builds("{}{}".format, st.sampled_from("iIc!"), st.integers(0, 40)),
    st.sampled_from(["c0", "bc0", "!4", "!8", "!16", "i8", "I8", "c2147483647", "c2147483648", "i99999999999", "!3"]),
    st.sampled_from([*list("=@zZ57\t\r"), "\u00e9"]),
)
FORMATS = st.lists(OPTIONS, max_size=8).map("".join)
SOUND_OPTIONS = st.sampled_from([*list("bBhHlLTfdsx<>! "), "i8", "I3", "c4", "!2", "!4"])
SOUND = st.lists(SOUND_OPTIONS, max_size=8).map("".join)
ARGUMENTS = st.one_of(NUMBERS, TEXTS, st.sampled_from([b"17", b"-1", b"0x10", b"", None, True]))


@pytest.fixture(scope="module")
def twins(session_oracle):
    with twins_with(session_oracle) as twins:
        yield twins


@thorough
@given(FORMATS, st.lists(ARGUMENTS, max_size=6))
def test_packing_gives_the_same_bytes_or_error(twins, text, arguments):
    twins.check(f"return struct.pack({', '.join(map(literal, [text.encode(), *arguments]))})")


@thorough
@given(SOUND, st.lists(NUMBERS, min_size=8, max_size=8))
def test_packed_numbers_come_back_as_in_the_oracle(twins, text, arguments):
    packed = f"struct.pack({', '.join(map(literal, [text.encode(), *arguments]))})"
    twins.check(f"local p = {packed} return p, struct.unpack({quoted(text.encode())}, p)")


@thorough
@given(FORMATS, st.binary(max_size=60), st.one_of(st.none(), st.integers(-3, 70), REAL_NUMBERS))
def test_unpacking_gives_the_same_values_or_error(twins, text, data, position):
    twins.check(f"return struct.unpack({quoted(text.encode())}, {quoted(data)}, {literal(position)})")


@thorough
@given(FORMATS)
def test_the_size_of_a_format_is_the_same(twins, text):
    twins.check(f"return struct.size({quoted(text.encode())})")


@pytest.mark.parametrize("size", range(33))
def test_integers_of_every_size_keep_their_sign(twins, size):
    """From 9 bytes on, the oracle shifts by more bits than a register has; its replies show what x86 makes of that."""
    for order in "<>":
        for value in (0, 1, -1, 127, 128, -128, 2**31, -(2**40), 2**63):
            twins.check(
                f"return struct.unpack('{order}i{size}I{size}', struct.pack('{order}i{size}I{size}', {value}, {value}))"
            )
        twins.check(f"return struct.unpack('{order}i{size}', string.rep('\\129', 40))")


@pytest.mark.parametrize(
    "value", ["2^63", "2^64", "2^64 - 2048", "1e300", "-1e300", "1/0", "-1/0", "0/0", "-2^63", "-2^64"]
)
def test_numbers_beyond_64_bits_give_the_bits_of_the_oracle(twins, value):
    twins.check(f"return struct.pack('lLi4b', {value}, {value}, {value}, {value})")
    twins.check(f"return struct.unpack('dc0', struct.pack('d', {value}) .. 'abc')")


@pytest.mark.parametrize(
    "body",
    [
        *["struct.pack()", "struct.pack('b')", "struct.pack('bb', 1)", "struct.pack('s')", "struct.pack('c', '')"],
        *["struct.pack('c0c0', 'a', '')", "struct.pack('b\\0b', 1, 2)", "struct.pack('!2147483647', 1)"],
        *["struct.unpack()", "struct.unpack('b')", "struct.unpack('b', '1', 0)", "struct.unpack('b', '1', -1)"],
        *["struct.unpack('', 'ab', -5)", "struct.unpack(' ', 'ab', 99)", "struct.unpack('b', '1', 1e300)"],
        *["struct.unpack('c0', '3abc')", "struct.unpack('bc0c0', '\\1ab')", "struct.unpack('c1c0', '3abcde')"],
        *["struct.unpack('s', 'abc')", "struct.unpack('sc0', '3\\0abcdef')", "struct.unpack('bc0', '\\255abc')"],
        *["struct.unpack('c18446744073709551615', 'abc', 2)", "struct.unpack('c2147483647', 'abc', 2^63)"],
        *["struct.size()", "struct.size('s')", "struct.size('c0')", "struct.size('c2147483647c2147483647')"],
    ],
)
def test_edges_are_those_of_the_oracle(twins, body):
    twins.check(f"return {body}")


@pytest.mark.parametrize("count", [7990, 7996, 7997, 7998, 8000, 8200])
def test_too_many_results_are_an_error(twins, count):
    twins.check(f"return select('#', struct.unpack(string.rep('b', {count}), string.rep('a', 9000)))")


def test_the_table_has_the_functions_of_the_oracle(twins):
    twins.check("local n = {} for name in pairs(struct) do n[#n + 1] = name end table.sort(n) return n")
