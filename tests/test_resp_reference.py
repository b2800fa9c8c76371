"""The reference parser against the oracle: both find the same requests and errors in the same bytes.

The oracle's replies show the arguments it has parsed: ``ECHO`` with one argument is answered by that argument, any
other request by an error that quotes its name and arguments. NUL bytes in lines are left out: the oracle looks for the
end of a line with C string functions and stalls on them, which is not worth imitating.
"""

from hypothesis import example, given, settings
from hypothesis import strategies as st

import resp_reference
from resp_reference import parse
from support.client import ConnectionClosed, encode_command

MARK = b"-end-of-input-"
FINISH = b"\r\n" + encode_command("ECHO", MARK)


def what_the_oracle_says(server, data, finish):
    """Returns all replies to the bytes as one byte string, and whether the server closed the connection."""
    with server.client() as client:
        client.send_bytes(data + finish)
        replies = b""
        try:
            while not replies.endswith(b"\r\n" + MARK + b"\r\n"):
                replies += client.read().raw
        except ConnectionClosed as closed:
            return replies + closed.received, True
    return replies, False


def replies_expected(server, commands):
    """Returns the oracle's replies to the same commands sent as plain multibulk."""
    with server.client() as client:
        return b"".join(client.call(*command).raw for command in commands)


def agree(server, data):
    """Compares both on the bytes, followed by an end mark so that the test need not wait for silence."""
    commands, consumed, error = parse(data + FINISH)
    if error is None and (not commands or commands[-1] != [b"ECHO", MARK]):
        return  # The mark became part of an unfinished request: both wait for more bytes, and no reply comes.
    expected = replies_expected(server, commands)
    if error is not None:
        expected += b"-" + error.encode("latin-1") + b"\r\n"
    assert what_the_oracle_says(server, data, FINISH) == (expected, error is not None)
    assert consumed <= len(data) + len(FINISH)


ARGUMENT = st.binary(max_size=20)
LINE_BYTES = st.lists(st.sampled_from([*(bytes([c]) for c in b"ab\"'\\nx4 1\t\v\f\r"), b"\\x4a", b"\xff"]), max_size=16)
ECHO_LINE = LINE_BYTES.map(lambda pieces: b"ECHO " + b"".join(pieces) + b"\r\n")
ECHO_MULTIBULK = ARGUMENT.map(lambda argument: encode_command("ECHO", argument))
NUMBERS = st.sampled_from([b"0", b"-0", b"01", b"-1", b"+1", b"1 ", b"", b"x", b"9999999999", b"2147483648", b"1e3"])
COUNT_LINE = st.builds(lambda number: b"*" + number + b"\r\n", NUMBERS)
LENGTH_LINE = st.builds(
    lambda kind, number: b"*1\r\n" + kind + number + b"\r\n",
    st.sampled_from([b"$", b":", b"P", b"\n", b"\xff"]),
    NUMBERS,
)
PIECES = st.lists(st.one_of(ECHO_LINE, ECHO_MULTIBULK, COUNT_LINE, LENGTH_LINE), min_size=1, max_size=6).map(b"".join)


@settings(max_examples=300)
@given(PIECES)
@example(b"\r\n\n  \r\n")
@example(b"*-1\r\n*0\r\n")
@example(b'ECHO "a\\x4"\r\n')
@example(b"ECHO 'a\\'b'\r\n")
@example(b'ECHO x"y z"\r\n')
@example(b"ECHO 'a'b\r\n")
@example(b'ECHO "a\r\n')
@example(b"*1\rX$4\rXPINGXX")
@example(b"*1\r\n\rx\r\n")
def test_the_reference_agrees_with_the_oracle(session_oracle, data):
    agree(session_oracle, data)


def test_a_line_without_an_end_is_refused_after_64_kb(session_oracle):
    for start, what in [(b"E", "inline request"), (b"*", "mbulk count string"), (b"*1\r\n$", "bulk count string")]:
        data = start + b"1" * (resp_reference.INLINE_MAX + 1)
        error = f"ERR Protocol error: too big {what}"
        assert parse(data) == ([], 0, error)
        with session_oracle.client() as client:
            client.send_bytes(data)
            assert client.read_to_end() == f"-{error}\r\n".encode()
        assert parse(start + b"1" * 60000) == ([], 0, None)


def test_bulks_beyond_the_limit_are_refused_when_announced(session_oracle):
    with session_oracle.client() as client:
        client.must("CONFIG", "SET", "proto-max-bulk-len", 2 << 20)
        try:
            data = b"*1\r\n$%d\r\n"
            assert parse(data % (2 << 20), max_bulk=2 << 20) == ([], 0, None)
            commands, consumed, error = parse(data % ((2 << 20) + 1), max_bulk=2 << 20)
            assert (commands, consumed, error) == ([], 0, "ERR Protocol error: invalid bulk length")
            with session_oracle.client() as other:
                other.send_bytes(data % ((2 << 20) + 1))
                assert other.read_to_end() == f"-{error}\r\n".encode()
        finally:
            client.must("CONFIG", "SET", "proto-max-bulk-len", 512 << 20)


def test_strangers_may_send_little(start_oracle):
    server = start_oracle(start=False)
    server.arguments += ["--requirepass", "secret"]
    server.start()
    for data in (b"*11\r\n", b"*1\r\n$16385\r\n"):
        commands, consumed, error = parse(data, authenticated=False)
        assert (commands, consumed) == ([], 0)
        with server.client() as client:
            client.send_bytes(data)
            assert client.read_to_end() == f"-{error}\r\n".encode()
    assert parse(b"*10\r\n$16384\r\n", authenticated=False) == ([], 0, None)


@given(PIECES, st.data())
def test_the_split_of_the_bytes_does_not_matter(data, draw):
    """Parsing in two parts, the second preceded by the unconsumed tail of the first, gives the same result."""
    whole = parse(data)
    cut = draw.draw(st.integers(0, len(data)))
    first, consumed, error = parse(data[:cut])
    if error is None:
        second, more, error = parse(data[consumed:])
        assert (first + second, consumed + more, error) == whole
    else:
        assert (first, consumed, error) == whole


@given(st.lists(st.lists(ARGUMENT, min_size=1, max_size=5), max_size=5))
def test_what_is_encoded_is_parsed_back(commands):
    data = b"".join(encode_command(*command) for command in commands)
    assert parse(data, strict=True) == (commands, len(data), None)


@given(st.lists(ARGUMENT, max_size=5))
def test_quoted_arguments_are_split_back(arguments):
    line = b" ".join(b'"' + b"".join(b"\\x%02x" % byte for byte in argument) + b'"' for argument in arguments)
    assert resp_reference.split_arguments(line) == arguments


def test_strict_means_crlf():
    for data, error in (
        (b"*1\rX$4\r\nPING\r\n", "invalid multibulk length"),
        (b"*1\r\n$4\rXPING\r\n", "invalid bulk length"),
        (b"*1\r\n$4\r\nPING\rX", "expected CRLF after a bulk"),
    ):
        assert parse(data)[2] is None
        assert parse(data, strict=True) == ([], 0, f"ERR Protocol error: {error}")
