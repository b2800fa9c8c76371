"""The library ``cmsgpack`` of scripts, compared with the oracle's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.lua import REAL_NUMBERS, VALUES, literal, quoted, thorough, twins_with

# First bytes of every kind, so that random texts get further than their beginning.
KINDS = st.one_of(st.sampled_from([*range(0x80, 0xA8), *range(0xC0, 0xE0)]), st.integers(0, 255)).map(
    lambda b: bytes([b])
)
LENGTHS = st.sampled_from([b"\0\0", b"\0\1", b"\0\2", b"\0\0\0\1", b"\0\0\0\3", b"\xff\xff\xff\xff", b"\0", b"\3"])
MESSAGES = st.lists(st.one_of(KINDS, LENGTHS, st.binary(max_size=9)), max_size=16).map(b"".join)
OFFSETS = st.one_of(st.none(), st.integers(-2, 20), REAL_NUMBERS)


@pytest.fixture(scope="module")
def twins(session_oracle):
    with twins_with(session_oracle) as twins:
        yield twins


@thorough
@given(st.lists(VALUES, max_size=4))
def test_packing_gives_the_same_bytes(twins, values):
    twins.check(f"return cmsgpack.pack({', '.join(map(literal, values))})")


@thorough
@given(VALUES)
def test_what_is_packed_comes_back_as_in_the_oracle(twins, value):
    twins.check(f"return cmsgpack.unpack(cmsgpack.pack({literal(value)}))")


@thorough
@given(MESSAGES)
def test_unpacking_anything_gives_the_same_values_or_error(twins, message):
    twins.check(f"return cmsgpack.unpack({quoted(message)})")


@thorough
@given(MESSAGES, OFFSETS, OFFSETS)
def test_unpacking_some_gives_the_same_values_offset_or_error(twins, message, limit, offset):
    twins.check(f"return cmsgpack.unpack_one({quoted(message)}, {literal(offset)})")
    twins.check(f"return cmsgpack.unpack_limit({quoted(message)}, {literal(limit)}, {literal(offset)})")


@pytest.mark.parametrize("size", [0, 1, 3, 4, 7, 8, 15, 16, 31, 32, 33, 255, 256, 65535, 65536, 70000])
def test_lengths_are_written_in_the_least_form(twins, size):
    twins.check(f"local p = cmsgpack.pack(string.rep('x', {size})) return p:sub(1, 6), #p, cmsgpack.unpack(p)")
    twins.check(
        f"local t = {{}} for i = 1, {size} do t[i] = i % 3 end local p = cmsgpack.pack(t) "
        "return p:sub(1, 6), #p, #cmsgpack.unpack(p)"
    )
    twins.check(
        f"local t = {{}} for i = 1, {size} do t['k' .. i] = i end local p = cmsgpack.pack(t) return p:sub(1, 6), #p"
    )


@pytest.mark.parametrize("exponent", range(0, 66))
def test_integers_are_written_in_the_least_form(twins, exponent):
    powers = [f"{sign}2^{exponent}{change}" for sign in ("", "-") for change in ("", "+1", "-1", "+0.5")]
    twins.check(f"return cmsgpack.pack({', '.join(powers)})")


@pytest.mark.parametrize("wrap", ["{t}", "{a=t}", "{1,2,t}", "{[t]=1}", "{1,t,x=2}", "{[2]=t}"])
def test_tables_deeper_than_sixteen_are_nil(twins, wrap):
    twins.check(f"local t = {{7}} for i = 1, 20 do t = {wrap} end return cmsgpack.pack(t)")


@pytest.mark.parametrize("wrap", ["t[1] = t", "t.a = t", "t[2] = t", "t[t] = t"])
def test_a_table_in_itself_ends(twins, wrap):
    twins.check(f"local t = {{}} {wrap} return cmsgpack.pack(t)")


@pytest.mark.parametrize("level", ["\\145", "\\129\\1", "\\129", "\\145\\129\\1", "\\220\\0\\1"])
@pytest.mark.parametrize("count", [10, 1999, 2000, 2666, 2667, 3998, 3999, 4000, 4001, 7997, 7998, 7999, 8000, 100000])
def test_nesting_ends_at_the_same_depth(twins, level, count):
    """Each level needs places on Lua's stack: without a check, values are written beyond its end (CVE-2018-11218)."""
    twins.check(f"return cmsgpack.unpack(string.rep('{level}', {count}))")


@pytest.mark.parametrize("count", [7990, 7996, 7997, 7998, 7999, 8000, 80000])
def test_too_many_results_are_an_error(twins, count):
    twins.check(f"return select('#', cmsgpack.unpack(string.rep('\\1', {count})))")
    twins.check(f"return select('#', cmsgpack.unpack_limit(string.rep('\\1', {count + 9}), {count}))")
    twins.check(f"return cmsgpack.unpack(string.rep('\\1', {count}) .. '\\145')")


@pytest.mark.parametrize("count", [1, 250, 3990, 4000, 4001, 7000])
def test_many_arguments_are_packed_or_refused(twins, count):
    twins.check(f"local t = {{}} for i = 1, {count} do t[i] = i end return #cmsgpack.pack(unpack(t))")


@pytest.mark.parametrize(
    "body",
    [
        *["cmsgpack.pack()", "cmsgpack.pack(nil)", "cmsgpack.pack(next, cjson.null)", "cmsgpack.pack({next})"],
        *["cmsgpack.pack({['1'] = 1})", "cmsgpack.pack({1, ['2'] = 2})", "cmsgpack.pack({1, 2, ['3'] = {}})"],
        *["cmsgpack.unpack()", "cmsgpack.unpack({})", "cmsgpack.unpack(1)", "cmsgpack.unpack('')"],
        *["cmsgpack.unpack_one()", "cmsgpack.unpack_one(nil, 'x')", "cmsgpack.unpack_one('', 0)"],
        *["cmsgpack.unpack_one('\\1\\2', 1, 5, 6)", "cmsgpack.unpack_one('\\1\\2', 2^32)"],
        *["cmsgpack.unpack_limit()", "cmsgpack.unpack_limit(nil, 1, 'x')", "cmsgpack.unpack_limit('', 5)"],
        *["cmsgpack.unpack('\\129\\192\\1')", "cmsgpack.unpack('\\129\\203\\127\\248\\0\\0\\0\\0\\0\\0\\1')"],
        *["cmsgpack.unpack('\\147\\1\\192\\3')", "cmsgpack.unpack('\\148\\1\\192\\3\\192')"],
        *["cmsgpack.pack(setmetatable({1, 2}, {__index = function() return 1 end, __len = function() return 9 end}))"],
    ],
)
def test_edges_are_those_of_the_oracle(twins, body):
    twins.check(f"return {body}")


def test_the_table_has_the_fields_of_the_oracle(twins):
    twins.check(
        "local n = {} for name, v in pairs(cmsgpack) do n[#n + 1] = name .. (type(v) == 'string' and v or '') end "
        "table.sort(n) return n"
    )
