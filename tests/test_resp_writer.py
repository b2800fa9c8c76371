"""The reply writer, tested through the values that Python handlers return: what it writes is read back by the strict
reader and by hiredis. The text of doubles is tested in ``test_doubles.py``."""

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyredis._resp import encode_reply
from pyredis.replies import NULL_ARRAY, Attributed, BigNumber, Error, Push, Set, Status, Verbatim
from support.grisu import printed
from support.resp import ErrorText, read_reply


class Bytes:
    """A source over a byte string."""

    def __init__(self, data):
        self.data = data

    def readexactly(self, count):
        assert count <= len(self.data), "the reply is truncated"
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def readline(self):
        return self.readexactly(self.data.index(b"\n") + 1)


def strictly(data):
    source = Bytes(data)
    reply = read_reply(source)
    assert source.data == b""
    return reply.decoded


def by_hiredis(data):
    reader = hiredis.Reader()
    reader.feed(data)
    value = reader.gets()
    assert not reader.has_data()
    return value


def in_one_line(text):
    return text.replace(b"\r", b" ").replace(b"\n", b" ")


def expected(value, protocol):
    """Returns what a client reads for a value, by the table in pyredis/replies.py."""
    if value is None or value is NULL_ARRAY:
        return None
    if isinstance(value, Status):
        return in_one_line(value).decode("utf-8", "surrogateescape")
    if isinstance(value, Error):
        return ErrorText(in_one_line(value).decode("utf-8", "surrogateescape"))
    if isinstance(value, BigNumber):
        return int(value) if protocol == 3 else bytes(value)
    if isinstance(value, Verbatim):
        return value.text
    if isinstance(value, Attributed):
        return expected(value.value, protocol)
    if isinstance(value, bool):
        return value if protocol == 3 else int(value)
    if isinstance(value, float):
        return value if protocol == 3 else printed(value).encode()
    if isinstance(value, dict):
        return expected_map(value, protocol)
    if isinstance(value, (list, tuple)):
        return [expected(item, protocol) for item in value]
    return value


def expected_map(value, protocol):
    pairs = [(expected(key, protocol), expected(item, protocol)) for key, item in value.items()]
    return dict(pairs) if protocol == 3 else [part for pair in pairs for part in pair]


TEXTS = st.binary(max_size=20)
DIGITS = st.integers().map(lambda number: BigNumber(b"%d" % number))
SCALARS = st.one_of(
    st.none(),
    st.just(NULL_ARRAY),
    TEXTS,
    st.binary(max_size=70000),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(allow_nan=False),
    TEXTS.map(Status),
    TEXTS.map(lambda text: Error(b"ERR " + text)),
    DIGITS,
    st.builds(Verbatim, TEXTS, st.sampled_from([b"txt", b"mkd"])),
)
KEYS = st.one_of(TEXTS, st.integers(0, 9))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(Set),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("protocol", [2, 3])
@given(value=VALUES)
def test_what_is_written_is_read_back(protocol, value):
    assert strictly(encode_reply(value, protocol)) == expected(value, protocol)


@pytest.mark.parametrize("protocol", [2, 3])
@given(value=VALUES)
def test_hiredis_reads_every_reply(protocol, value):
    """Its objects for errors and verbatim strings compare by identity, so this checks only that they can be parsed."""
    by_hiredis(encode_reply(value, protocol))


@pytest.mark.parametrize(
    ("value", "resp2", "resp3"),
    [
        (None, b"$-1\r\n", b"_\r\n"),
        (NULL_ARRAY, b"*-1\r\n", b"_\r\n"),
        (True, b":1\r\n", b"#t\r\n"),
        (1.5, b"$3\r\n1.5\r\n", b",1.5\r\n"),
        ({b"a": 1}, b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        (Set([1]), b"*1\r\n:1\r\n", b"~1\r\n:1\r\n"),
        (Push([b"a"]), b"*1\r\n$1\r\na\r\n", b">1\r\n$1\r\na\r\n"),
        (Verbatim(b"ab"), b"$2\r\nab\r\n", b"=6\r\ntxt:ab\r\n"),
        (BigNumber(b"12"), b"$2\r\n12\r\n", b"(12\r\n"),
        (Attributed({b"k": 1}, 2), b":2\r\n", b"|1\r\n$1\r\nk\r\n:1\r\n:2\r\n"),
        (Error(b"ERR a\r\nb"), b"-ERR a  b\r\n", b"-ERR a  b\r\n"),
        ("text", b"$4\r\ntext\r\n", b"$4\r\ntext\r\n"),
    ],
)
def test_each_kind_has_its_form_in_both_protocols(value, resp2, resp3):
    assert (encode_reply(value, 2), encode_reply(value, 3)) == (resp2, resp3)


@pytest.mark.parametrize("exponent", [-1074, -1022, -24, -1, 52, 62, 89, 1023])
def test_powers_of_two_read_back(exponent):
    assert strictly(encode_reply(2.0**exponent, 3)) == 2.0**exponent


def test_what_is_no_reply_is_refused():
    with pytest.raises(TypeError, match="object"):
        encode_reply(object())
