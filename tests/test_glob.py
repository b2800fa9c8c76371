"""Glob patterns: matched as in Redis, natively and by a second implementation; and no pattern is slow."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pyredis.ground import glob
from support import glob_reference


def matches(pattern, text, **options):
    """The result of both implementations, which must agree."""
    verdict = glob.matches(pattern, text, **options)
    assert glob_reference.matches(pattern, text, **options) == verdict
    return verdict


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (b"", b""),
        (b"*", b"abc"),
        (b"a*c", b"abbc"),
        (b"a?c", b"abc"),
        (b"[a-c]x", b"bx"),
        (b"[c-a]x", b"bx"),
        (b"[^a]x", b"bx"),
        (b"\\*", b"*"),
        (b"[\\]]", b"]"),
        (b"**a**", b"xay"),
        (b"[ab", b"a"),
    ],
)
def test_a_pattern_matches(pattern, text):
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (b"", b"a"),
        (b"a", b"A"),
        (b"a*c", b"abb"),
        (b"?", b""),
        (b"*", b""),
        (b"**", b""),
        (b"[^a]", b"a"),
        (b"[]", b"a"),
        (b"\\?", b"a"),
    ],
)
def test_a_pattern_does_not_match(pattern, text):
    assert not matches(pattern, text)


def test_case_is_ignored_when_asked():
    assert matches(b"G[E]t*", b"gEtDel", ignore_case=True)


def test_many_stars_against_a_long_text_end_soon():
    assert not matches(b"*a" * 40 + b"b", b"a" * 2000)


@settings(max_examples=500)
@given(pattern=st.text(alphabet="ab*?[]^-\\", max_size=8), text=st.text(alphabet="ab]-^\\", max_size=5))
def test_patterns_match_as_in_the_oracle(shared_oracle, pattern, text):
    assume(pattern != "*")
    with shared_oracle.client() as client:
        client.must("FLUSHALL")
        client.must("SET", text, "")
        assert matches(pattern.encode(), text.encode()) == bool(client.must("KEYS", pattern))


@settings(max_examples=2000)
@given(
    pattern=st.lists(st.sampled_from(list(b"aBc*?[]^-\\\xff")), max_size=12).map(bytes),
    text=st.lists(st.sampled_from(list(b"AbC]-^\\\xff")), max_size=8).map(bytes),
    ignore_case=st.booleans(),
)
def test_both_implementations_read_every_pattern_alike(pattern, text, ignore_case):
    matches(pattern, text, ignore_case=ignore_case)
