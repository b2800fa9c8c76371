"""Replies that are converted without the reader's checks are the objects that the reader makes of the same bytes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyredis
from pyredis.embedded.api.conversions import score_pairs
from pyredis.shell.local_stream import local_stream
from pyredis.wire.reply_objects import ReplyParser
from support.reply_objects import comparable

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(),
    st.floats(),
    st.floats(width=16),
    st.binary(max_size=40),
    st.text(max_size=20),
)
KEYS = st.one_of(st.integers(-9, 9), st.binary(max_size=3))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(KEYS, inner, max_size=4), st.sets(st.integers(-9, 9), max_size=4)
    ),
    max_leaves=20,
)


class Replying:
    """A database with a command whose reply is any value."""

    def __init__(self) -> None:
        self.value = None
        self.db = pyredis.open()
        self.db.command("REPLY")(lambda ctx: self.value)
        self.streams = {protocol: local_stream(self.db.engine.hub, protocol) for protocol in (2, 3)}

    def read(self, value, *, decode=False):
        """Returns what the reader makes of the reply."""
        self.value = value
        self.streams[3].request(("REPLY",))
        (reply,) = ReplyParser(decode).feed(self.streams[3].take())
        return reply

    def converted(self, value, convert=None):
        self.value = value
        return self.db._call(("REPLY",), convert)


@pytest.fixture(scope="module")
def replying():
    replying = Replying()
    with replying.db:
        yield replying


def nested(depth):
    return [nested(depth - 1), 1] if depth else [b"innermost"]


@given(value=VALUES)
def test_any_value_is_what_the_reader_reads(replying, value):
    assert comparable(replying.converted(value)) == comparable(replying.read(value))


@pytest.mark.parametrize(
    "value",
    [
        *([], {}, set(), [[]], [{}], "", b"", [None], [None, [None]], {1: None}, [True, False]),
        *(math.inf, -math.inf, math.nan, [math.nan], 5e-324, 1e308, -0.0, 1e22, 2**63, -(2**63), [2**70]),
        *([nested(depth) for depth in (6, 7, 8, 9, 50)]),
        *(b"x" * 200_000, [b"x" * 200_000, b"y"], {b"key": b"x" * 200_000}),
        *([pyredis.Status("OK"), b"b"], {"a": pyredis.Status("OK")}, [[b"a", 1.0], [b"b", 2.5]]),
        *(list(range(5000)), {number: str(number) for number in range(3000)}),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_values_of_every_kind_are_what_the_reader_reads(replying, value):
    assert comparable(replying.converted(value)) == comparable(replying.read(value))


@pytest.mark.parametrize(
    "value",
    [
        *([], [[b"a", 1.0], [b"b", 2.5]], [[b"a", 1.5]], [[b"a", math.nan]], [[b"x" * 200_000, 1.0], [b"b", 2.0]]),
        *([[b"a", [1, 2]], [b"b", 1.0]], [[b"a", 2**70]]),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_pairs_are_tuples_however_they_are_read(replying, value):
    assert comparable(replying.converted(value, score_pairs)) == comparable(score_pairs(replying.read(value)))


def test_what_is_no_text_raises_wherever_it_is(replying):
    with pyredis.open(decode_responses=True) as db:
        value = []
        db.command("REPLY")(lambda ctx: value[0])
        for bad in (b"\xff", [b"a", b"\xff"], {"a": b"\xff"}, {b"\xff": 1}, [[b"\xff", 1.0]]):
            value[:] = [bad]
            with pytest.raises(UnicodeDecodeError):
                db._call(("REPLY",))
            assert db._call(("ECHO", "é")) == "é"
        value[:] = [[{"é": ["ü"]}]]
        assert db._call(("REPLY",)) == [{"é": ["ü"]}]
