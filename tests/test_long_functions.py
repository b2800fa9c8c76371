"""The functions of Lua's libraries that have checkpoints here do what Lua's own do in the oracle."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.lua import SHOW, literal

thorough = settings(max_examples=2000 if os.environ.get("PYREDIS_LONG") else 150)

ORDERS = {
    "default": "nil",
    "falling": "function(a, b) return a > b end",
    "by remainder": "function(a, b) return a % 5 < b % 5 end",
    "always": "function() return true end",
    "never": "function() return false end",
    "not strict": "function(a, b) return a <= b end",
    "counting": "(function() local n = 0 return function() n = n + 1 return n % 3 == 0 end end)()",
    "raising": "function(a, b) if a == b then error('equal') end return a < b end",
    "changing": "function(a, b) t[1] = 7 t[#t] = 3 return a < b end",
}
SMALL = st.integers(-9, 9)
ELEMENTS = st.one_of(SMALL, st.sampled_from([0.5, b"", b"a", b"ab", b"10", b"\xff\0x", True, None, []]))
INDEXES = st.one_of(st.none(), st.integers(-3, 12), st.sampled_from([2**31 - 1, -(2**31), 1.9, b"2", b"x"]))

COUNTS = st.one_of(st.none(), st.integers(-3, 60), st.sampled_from([1.9, b"2", b"x"]))


def check(pair, body: str) -> None:
    """Compares what a function with this body returns, or its error, and the table ``t`` afterwards."""
    script = SHOW.decode() + f"local t\nreturn {{all(pcall(function() {body} end)), all(t)}}"
    pair.check("EVAL", script, 0)


def numbers(values) -> str:
    return "{" + ",".join(map(str, values)) + "}"


@pytest.mark.parametrize("order", ORDERS)
def test_numbers_are_sorted_by_the_same_comparisons(pair2, order):
    @thorough
    @given(st.lists(SMALL, max_size=40))
    def run(values):
        check(pair2, f"t = {numbers(values)} return table.sort(t, {ORDERS[order]})")

    run()


def test_long_arrays_are_sorted_alike(pair2):
    for count in (1000, 5000):
        for step in (1, 7, 7919, count - 1):
            body = f"t = {{}} for i = 1, {count} do t[i] = i * {step} % 97 end local u = {{}} "
            order = "table.sort(t, function(a, b) u[#u + 1] = a * 100 + b return a < b end) "
            digest = "local s = table.concat(u, ' ') return redis.sha1hex(s), redis.sha1hex(table.concat(t, ','))"
            check(pair2, body + order + digest)


def test_any_values_are_sorted_or_refused_alike(pair2):
    @thorough
    @given(st.lists(ELEMENTS, max_size=8), st.sampled_from(["", ", nil", ", 1", ", 'x'", ", print", ", {}"]))
    def run(values, order):
        check(pair2, f"t = {literal(values)} return table.sort(t{order})")

    run()


def test_concat_joins_alike(pair2):
    @thorough
    @given(st.lists(ELEMENTS, max_size=8), st.one_of(st.none(), ELEMENTS), INDEXES, INDEXES)
    def run(values, separator, first, last):
        words = ", ".join(map(literal, (separator, first, last)))
        check(pair2, f"t = {literal(values)} return table.concat(t, {words})")

    run()


def test_remove_moves_the_rest_alike(pair2):
    @thorough
    @given(st.lists(ELEMENTS, max_size=8), st.lists(INDEXES, min_size=1, max_size=4))
    def run(values, places):
        calls = [f"table.remove(t{', ' + literal(place) if place is not None else ''})" for place in places]
        check(pair2, f"t = {literal(values)} return {', '.join(calls)}")

    run()


def test_strings_are_changed_alike(pair2):
    @thorough
    @given(st.one_of(st.binary(max_size=40), st.just(bytes(range(256))), SMALL, st.just([])), COUNTS)
    def run(value, count):
        for call in ("upper(v)", "lower(v)", "reverse(v)", f"rep(v, {literal(count)})"):
            check(pair2, f"local v = {literal(value)} return string.{call}")

    run()


@pytest.mark.parametrize("size", [1023, 1024, 1025, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20 + 7])
def test_strings_longer_than_a_chunk_are_complete(pair2, size):
    for text in ("x", "abC", "0123456789" * 30, "y" * 2000):
        body = f"local s = ('{text}'):rep({size // len(text) + 1}) .. '!' "
        calls = ("s", "s:upper()", "s:lower()", "s:reverse()", "table.concat({s, 'mid', s}, s)", "s:rep(3)")
        check(pair2, body + "return " + ", ".join(f"redis.sha1hex({call})" for call in calls))


@pytest.mark.parametrize(
    "call",
    [
        "table.sort()",
        "table.sort('x')",
        "table.concat()",
        "table.concat({1, {}, 3})",
        "table.concat({1, 2}, {})",
        "table.concat({1, nil, 3}, '', 1, 3)",
        "table.concat({}, ',', 1, 0)",
        "table.concat({1}, ',', 5)",
        "table.remove()",
        "table.remove({}, 1)",
        "table.remove({[0] = 1}, 0)",
        "table.remove({1, 2}, 3)",
        "string.rep()",
        "string.rep('x')",
        "string.rep({}, 1)",
        "string.upper()",
        "string.lower({})",
        "string.reverse(12)",
        "('x').rep",
        "table.getn({1, 2})",
        "redis.sha1hex('')",
        "redis.sha1hex(nil)",
    ],
)
def test_odd_arguments_are_treated_alike(pair2, call):
    check(pair2, f"return {call}")


@pytest.mark.parametrize("size", [0, 55, 56, 63, 64, 65, 2**18 - 1, 2**18, 2**18 + 1, 2**20 + 63])
def test_digests_of_any_length_are_the_oracles(pair2, size):
    check(pair2, f"return redis.sha1hex(('abcdefg'):rep({size // 7}) .. ('x'):rep({size % 7}))")


@pytest.mark.parametrize("size", [2**16 - 1, 2**16, 2**16 + 1, 200_000])
@pytest.mark.parametrize("loader", ["loadstring(s)", "load(function() local r = s s = nil return r end)"])
def test_sources_longer_than_a_piece_are_compiled_alike(pair2, size, loader):
    source = f"local s = 'local x = 0 ' .. ('x=x+1 '):rep({size // 6}) .. (' '):rep({size % 6}) .. "
    check(pair2, f"{source}'return x' return {loader}()")
    check(pair2, f"{source}'return x x' return {loader}")


def test_all_garbage_is_collected(shared_ours):
    with shared_ours.client() as client:
        script = "local t = {} for i = 1, 1e5 do t[i] = {i} end collectgarbage() local full = collectgarbage('count') "
        script += "t = nil collectgarbage('step', 100) collectgarbage() return full - collectgarbage('count')"
        assert client.must("EVAL", script, 0) > 5000
