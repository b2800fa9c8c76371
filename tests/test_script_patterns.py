"""Lua's patterns in scripts: compared with the oracle's, and bounded where the oracle's are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.client import wait_until

CALL = """local f, r = string[ARGV[1]], {}
local given = {ARGV[2], ARGV[3]}
for i = 4, #ARGV do given[i - 1] = tonumber(ARGV[i]) or ARGV[i] end
local found = {pcall(f, unpack(given))}
for i = 1, 40 do r[i] = tostring(found[i]) end
return r"""
WALK = """local r = {}
for a, b, c in string.gmatch(ARGV[1], ARGV[2]) do r[#r+1] = {a, tostring(b), tostring(c)} end
return r"""

CASES = [
    ("find", "hello world", "o w"),
    ("find", "hello", "l+"),
    ("find", "hello", "l", "4"),
    ("find", "hello", "", "10"),
    ("find", "hello", "l", "-2"),
    ("find", "a.b", ".", "1", "true"),
    ("find", "aXb", "%u"),
    ("find", "", "^$"),
    ("match", "key = value", "(%w+)%s*=%s*(%w+)"),
    ("match", "2024-01-02", "(%d+)-(%d+)-(%d+)"),
    ("match", "abc", "()b()"),
    ("match", "f(a(b)c)d", "%b()"),
    ("match", "THE (quick) fox", "%f[%a]%a+"),
    ("match", "abab", "(ab)%1"),
    ("match", "aaa", "a-b"),
    ("match", "x", "[^%a]"),
    ("match", "]", "[]]"),
    ("match", "a-b", "[a-]+"),
    ("match", "^", "%^"),
    ("match", "abc", "(a(b(c)))"),
    ("match", "a", "(((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))"),
    ("match", "a", "%"),
    ("match", "a", "[a"),
    ("match", "a", "[a%"),
    ("match", "a", "("),
    ("match", "a", ")"),
    ("match", "a", "%1"),
    ("match", "a", "%b"),
    ("match", "a", "%f"),
    ("match", "a", "(a)%2"),
    ("match", "a\0b", "%z"),
    ("match", "a\0b", "[%z]b"),
    ("match", "aaa", "^a*$"),
    ("match", "aaab", ".-b"),
    ("match", "x y", "%S+"),
    ("gsub", "hello", "l", "L"),
    ("gsub", "hello", "(l)(l)", "%2%1%0"),
    ("gsub", "abc", "%w", "%%%0"),
    ("gsub", "abc", "", "-"),
    ("gsub", "hello", "l", "L", "1"),
    ("gsub", "abc", "b*", "x"),
    ("gsub", "abc", "a", "%2"),
    ("gsub", "abc", "()", "%1"),
    ("gsub", "abc", "^a", "x"),
    ("gsub", "abc", "a", "%"),
    ("gsub", "abc", "x*", "-", "0"),
    ("rep", "ab", "3"),
]


@pytest.mark.parametrize("case", CASES)
def test_patterns_are_those_of_lua(pair2, case):
    pair2.check("EVAL", CALL, 0, *case)


@pytest.mark.parametrize(
    "script",
    [
        "return string.gsub('hello', 'l', function(c) return c .. '!' end)",
        "return (string.gsub('hello', '(h)(e)', function(a, b) return b .. a end))",
        "return string.gsub('hello', 'l', {l = 'x'})",
        "return string.gsub('hello', '.', {h = 1, e = false})",
        "return string.gsub('hello', 'l', function() end)",
        "return string.gsub('hello', 'l', function() return {} end)",
        "return string.gsub('hello', 'l', true)",
        "return string.gsub('hello', 'l')",
        "return string.find('hello')",
        "return string.find({}, 'x')",
        "return string.gsub('abc', '%w', function() error('inner') end)",
        "return string.gfind == string.gmatch",
        "return ('x,y'):match('(.-),')",
        "return string.gmatch('a')",
        "local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t+1] = k .. v end return t",
    ],
)
def test_the_functions_around_patterns_are_those_of_lua(pair2, script):
    pair2.check("EVAL", script, 0)


TEXTS = st.text("ab(1.%[]- \n", max_size=12)
ITEMS = st.sampled_from(
    [
        "a",
        "b",
        ".",
        "%a",
        "%d",
        "%s",
        "%w",
        "%p",
        "%A",
        "[ab]",
        "[^a]",
        "[%d.]",
        "%.",
        "%(",
        "%b()",
        "%f[%w]",
        "1",
        "-",
        " ",
    ]
)
PIECES = st.tuples(ITEMS, st.sampled_from(["", "", "*", "+", "-", "?"])).map("".join)
PATTERNS = st.recursive(
    st.lists(PIECES, max_size=4).map("".join), lambda inner: st.tuples(inner, inner).map(lambda p: f"({p[0]}){p[1]}")
).flatmap(lambda body: st.sampled_from([body, f"^{body}", f"{body}$", f"^{body}$", f"{body}()"]))


@settings(max_examples=400)
@given(text=TEXTS, pattern=PATTERNS, template=st.text("xy%01", max_size=4))
def test_random_patterns_match_as_in_the_oracle(pair2, text, pattern, template):
    pair2.check("EVAL", CALL, 0, "find", text, pattern)
    pair2.check("EVAL", CALL, 0, "match", text, pattern, "2")
    pair2.check("EVAL", CALL, 0, "gsub", text, pattern, template)
    pair2.check("EVAL", WALK, 0, text, pattern)


@settings(max_examples=200)
@given(text=st.binary(max_size=10), pattern=st.binary(max_size=8))
def test_random_bytes_as_patterns_match_as_in_the_oracle(pair2, text, pattern):
    pair2.check("EVAL", CALL, 0, "find", text, pattern)
    pair2.check("EVAL", CALL, 0, "gsub", text, pattern, "x")


def test_a_pattern_that_nests_too_deeply_is_an_error(client):
    for pattern in ("a?", "(a", "a*", "a-"):
        script = "return string.match(string.rep('a', 300000), string.rep(ARGV[1], 300000))"
        reply = str(client.do("EVAL", script, 0, pattern))
        assert "pattern too complex" in reply or "too many captures" in reply


@pytest.mark.parametrize(
    "script",
    [
        "return string.find(string.rep('a', 60), string.rep('.-', 30) .. 'b')",
        "return string.match(string.rep('a', 100), string.rep('a*', 50) .. 'b')",
        "return string.gsub(string.rep('a', 100), string.rep('a?', 60) .. string.rep('a', 60) .. 'b', '')",
        "for x in string.gmatch(string.rep('a', 100), string.rep('.*', 50) .. 'b') do end",
        "return string.find(string.rep('a', 5000000), string.rep('a', 2500000) .. 'b', 1, true)",
    ],
)
def test_a_pattern_that_takes_for_ever_can_be_killed(start_ours, script):
    server = start_ours("--busy-reply-threshold", "30")
    with server.client() as runner, server.client() as other:
        runner.send("EVAL", script, 0)
        wait_until(lambda: str(other.do("PING")).startswith("BUSY"), "the server is busy")
        assert other.do("SCRIPT", "KILL") == "OK"
        assert b"Script killed by user" in runner.read().raw
