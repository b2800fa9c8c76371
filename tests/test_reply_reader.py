"""The reader of replies, tested through the Python objects that it makes: compared with the strict reader of the tests,
fed in pieces, and given malformed replies."""

import gc
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyredis._resp import encode_reply
from pyredis.replies import Attributed, BigNumber, Error, Push, Set, Status, Verbatim
from pyredis.wire.reply_objects import MalformedReply, ReplyError, ReplyParser
from support.reply_objects import comparable
from support.resp import MAP, SET, Reply, read_reply

NESTING = 512


class Source:
    """A source of bytes for `read_reply`."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def readexactly(self, count: int) -> bytes:
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def readline(self) -> bytes:
        return self.readexactly(self.data.index(b"\n") + 1)


def read(data: bytes):
    replies = ReplyParser().feed(data)
    assert len(replies) == 1
    return replies[0]


def frozen(value):
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return tuple((key, frozen(item)) for key, item in value.items())
    return frozenset(value) if isinstance(value, set) else value


def expected(reply: Reply):
    """Returns the object for a reply that the strict reader has read, by the table in wire/reply_objects.pxd."""
    if reply.value is None:
        return None
    if reply.is_error:
        return ReplyError(reply.value.decode("utf-8", "surrogateescape"))
    if not reply.is_aggregate:
        return reply.value if reply.kind == "+" else reply.decoded
    items = [expected(item) for item in reply.value]
    if reply.kind == MAP:
        return {frozen(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
    if reply.kind == SET:
        return {frozen(item) for item in items}
    return items


TEXTS = st.binary(max_size=20)
LINES = TEXTS.map(lambda text: text.replace(b"\r", b"").replace(b"\n", b""))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers().map(lambda number: BigNumber(b"%d" % number)),
    st.floats(),
    TEXTS,
    LINES.map(Status),
    LINES.map(lambda text: Error(b"ERR " + text)),
    st.builds(Verbatim, TEXTS, st.sampled_from([b"txt", b"mkd"])),
)
# Keys of maps in the values that Python handlers return: hashable, and no two written alike.
KEYS = st.one_of(TEXTS, st.integers(-5, 5), st.booleans())
REPLIES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(Set),
        st.lists(inner, max_size=4).map(Push),
        st.dictionaries(KEYS, inner, max_size=4),
        st.builds(Attributed, st.dictionaries(KEYS, inner, max_size=2), inner),
    ),
    max_leaves=12,
)
PROTOCOLS = st.sampled_from([2, 3])


@given(REPLIES, PROTOCOLS)
def test_a_reply_becomes_the_objects_that_the_strict_reader_sees(value, protocol):
    data = encode_reply(value, protocol)
    told = read_reply(Source(data))
    assert comparable(read(data)) == comparable(expected(told))


@given(REPLIES, PROTOCOLS)
def test_a_reply_cut_at_any_byte_is_under_way_and_then_whole(value, protocol):
    data = encode_reply(value, protocol)
    whole = comparable(read(data))
    for cut in range(len(data)):
        parser = ReplyParser()
        assert parser.feed(data[:cut]) == []
        assert parser.under_way == (cut > 0)
        assert [comparable(reply) for reply in parser.feed(data[cut:])] == [whole]
        assert not parser.under_way


@given(st.lists(REPLIES, max_size=4), PROTOCOLS)
def test_replies_fed_byte_by_byte_are_those_fed_at_once(values, protocol):
    data = b"".join(encode_reply(value, protocol) for value in values)
    parser = ReplyParser()
    bytewise = [reply for at in range(len(data)) for reply in parser.feed(data[at : at + 1])]
    assert comparable(bytewise) == comparable(ReplyParser().feed(data))
    assert len(bytewise) == len(values)


@given(REPLIES, PROTOCOLS, st.data())
def test_a_changed_byte_is_an_error_or_another_reply_and_never_more_than_that(value, protocol, data):
    reply = bytearray(encode_reply(value, protocol))
    at = data.draw(st.integers(0, len(reply) - 1))
    reply[at] = data.draw(st.integers(0, 255))
    parser = ReplyParser()
    try:
        replies = parser.feed(bytes(reply))
    except MalformedReply as malformed:
        replies = [malformed]
    assert len(replies) + parser.under_way >= 1


PLAIN = {
    b"+OK\r\n": b"OK",
    b"+\r\n": b"",
    b"+NO\r\n": b"NO",
    b":+5\r\n": 5,
    b":0\r\n": 0,
    b":-9223372036854775808\r\n": -(1 << 63),
    b"$0\r\n\r\n": b"",
    b"$-1\r\n": None,
    b"*-1\r\n": None,
    b"_\r\n": None,
    b"#t\r\n": True,
    b"#f\r\n": False,
    b",10\r\n": 10.0,
    b",+1.5E-2\r\n": 0.015,
    b",-inf\r\n": -math.inf,
    b"(+12345678901234567890\r\n": 12345678901234567890,
    b"=7\r\nmkd:a\nb\r\n": b"a\nb",
    b"$2\r\n\r\n\r\n": b"\r\n",
    b"*0\r\n": [],
    b"~0\r\n": set(),
    b"%0\r\n": {},
    b">0\r\n": [],
    b"|0\r\n:1\r\n": 1,
    b"*2\r\n|1\r\n+a\r\n*1\r\n:9\r\n:1\r\n:2\r\n": [1, 2],
    b"|1\r\n+a\r\n|1\r\n+b\r\n:1\r\n:2\r\n:3\r\n": 3,
    b"~2\r\n*1\r\n~1\r\n:1\r\n%1\r\n:1\r\n*0\r\n": {(frozenset({1}),), ((1, ()),)},
    b"%1\r\n*2\r\n:1\r\n:2\r\n*1\r\n:3\r\n": {(1, 2): [3]},
    b"%2\r\n+a\r\n:1\r\n+a\r\n:2\r\n": {b"a": 2},
}


@pytest.mark.parametrize("data", PLAIN, ids=repr)
def test_plain_replies(data):
    assert comparable(read(data)) == comparable(PLAIN[data])


BROKEN_LINE = "a line must end in CRLF and hold neither CR nor LF"
MALFORMED = {
    b"?": ("unknown type of reply", 0),
    b"GET\r\n": ("unknown type of reply", 0),
    b"\r\n": ("unknown type of reply", 0),
    b":\r\n": ("invalid integer", 0),
    b":1.5\r\n": ("invalid integer", 0),
    b":01\r\n": ("invalid integer", 0),
    b":+-1\r\n": ("invalid integer", 0),
    b":9223372036854775808\r\n": ("invalid integer", 0),
    b":" + b"1" * 31: ("invalid integer", 0),
    b":1\n": (BROKEN_LINE, 0),
    b"+a\rb\r\n": (BROKEN_LINE, 0),
    b"-ERR a\n": (BROKEN_LINE, 0),
    b"+\n": (BROKEN_LINE, 0),
    b"$\r\n": ("invalid bulk length", 0),
    b"$-2\r\n": ("invalid bulk length", 0),
    b"$+1\r\n": ("invalid bulk length", 0),
    b"$01\r\na\r\n": ("invalid bulk length", 0),
    b"$?\r\n": ("invalid bulk length", 0),
    b"$9223372036854775807\r\n": ("invalid bulk length", 0),
    b"!-1\r\n": ("invalid bulk length", 0),
    b"=-1\r\n": ("invalid bulk length", 0),
    b"$1\r\nab": ("expected CRLF after a bulk", 0),
    b"$1\r\na\rb": ("expected CRLF after a bulk", 0),
    b"$1\r\na\n": ("expected CRLF after a bulk", 0),
    b"=3\r\ntxt\r\n": ("invalid verbatim string", 0),
    b"=5\r\ntxtab\r\n": ("invalid verbatim string", 0),
    b"#\r\n": ("invalid boolean", 0),
    b"#true\r\n": ("invalid boolean", 0),
    b"#1\r\n": ("invalid boolean", 0),
    b"_0\r\n": ("invalid null", 0),
    b",\r\n": ("invalid double", 0),
    b",1.\r\n": ("invalid double", 0),
    b",.5\r\n": ("invalid double", 0),
    b",1e\r\n": ("invalid double", 0),
    b",1e5.3\r\n": ("invalid double", 0),
    b",0x10\r\n": ("invalid double", 0),
    b",1-1\r\n": ("invalid double", 0),
    b",1e999\r\n": ("invalid double", 0),
    b",infinity\r\n": ("invalid double", 0),
    b"(\r\n": ("invalid big number", 0),
    b"(+\r\n": ("invalid big number", 0),
    b"(12a\r\n": ("invalid big number", 0),
    b"*-2\r\n": ("invalid aggregate length", 0),
    b"%-1\r\n": ("invalid aggregate length", 0),
    b"~-1\r\n": ("invalid aggregate length", 0),
    b"*?\r\n": ("invalid aggregate length", 0),
    b"*9223372036854775807\r\n": ("invalid aggregate length", 0),
    b"*2\r\n:1\r\n:x\r\n": ("invalid integer", 8),
    b":1\r\n$1\r\na\r\n?": ("unknown type of reply", 11),
    b"*1\r\n" * (NESTING + 1): ("aggregates are nested too deeply", 4 * NESTING),
}


def feed_in_pieces(parser, data, size):
    for at in range(0, len(data), size):
        parser.feed(data[at : at + size])


@pytest.mark.parametrize("data", MALFORMED, ids=lambda data: repr(data[:24]))
@pytest.mark.parametrize("size", [1, 1 << 20], ids=["byte by byte", "at once"])
def test_what_is_no_reply_is_refused_with_its_offset(data, size):
    parser = ReplyParser()
    with pytest.raises(MalformedReply) as raised:
        feed_in_pieces(parser, data, size)
    assert (raised.value.text, raised.value.offset) == MALFORMED[data]
    with pytest.raises(ValueError, match="malformed"):
        parser.feed(b"+OK\r\n")


@pytest.mark.parametrize("header", [b"*1\r\n", b"%1\r\n:1\r\n", b"~1\r\n", b">1\r\n", b"%1\r\n"], ids=repr)
def test_aggregates_are_nested_as_deeply_as_is_allowed(header):
    tail = b"" if header != b"%1\r\n" else b":2\r\n" * NESTING
    value = read(header * NESTING + b":7\r\n" + tail)
    for _ in range(NESTING):
        if isinstance(value, dict):
            [(key, inner)] = value.items()
            value = inner if header == b"%1\r\n:1\r\n" else key
        elif isinstance(value, tuple) and header == b"%1\r\n":
            value = value[0][0]
        else:
            [value] = value
    assert value == 7


def test_a_declared_length_allocates_no_memory():
    parser = ReplyParser()
    before = len(gc.get_objects())
    assert parser.feed(b"*1000000000000\r\n" * 100 + b"$1000000000000\r\n") == []
    assert len(gc.get_objects()) - before < 1000
    assert max(map(sys.getsizeof, gc.get_objects())) < 1 << 30


def test_arrays_longer_than_their_first_slots_are_whole():
    for count in (1023, 1024, 1025, 5000):
        assert read(b"*%d\r\n" % count + b"".join(b":%d\r\n" % number for number in range(count))) == [*range(count)]


def test_a_push_is_distinguished_from_an_array():
    pushed, replied = ReplyParser().feed(b">1\r\n+a\r\n*1\r\n+a\r\n")
    assert pushed == replied == [b"a"]
    assert [type(pushed), type(replied)] == [Push, list]


def test_an_error_has_its_code_and_its_text():
    error = read(b"-WRONGTYPE Operation against a key\r\n")
    assert (str(error), error.code, error.text) == (
        "WRONGTYPE Operation against a key",
        "WRONGTYPE",
        "Operation against a key",
    )
    assert read(b"!3\r\nERR\r\n").code == "ERR"
    assert str(read(b"-ERR \xff\r\n")).encode("utf-8", "surrogateescape") == b"ERR \xff"


def test_what_the_sink_raises_ends_the_reading():
    parser = ReplyParser()
    with pytest.raises(ValueError, match="digits"):
        parser.feed(b"*2\r\n(" + b"1" * (sys.get_int_max_str_digits() + 1) + b"\r\n")
    with pytest.raises(ValueError, match="malformed"):
        parser.feed(b":1\r\n")


def test_every_reply_and_every_part_of_one_is_released():
    data = encode_reply({b"a" * 50: [Set([[b"b" * 50]]), Error(b"ERR c")], b"d": {b"e" * 50: BigNumber(b"1" * 50)}}, 3)

    def work():
        for cut in range(len(data)):
            parser = ReplyParser()
            parser.feed(data[:cut])
            del parser
        for broken in (data[:-10] + b"?\r\n", b"*3\r\n" * 20 + data + b"?"):
            with pytest.raises(MalformedReply):
                ReplyParser().feed(broken)
        read(data)

    work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(20):
        work()
    gc.collect()
    assert sys.getallocatedblocks() - before < 100
