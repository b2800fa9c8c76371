"""Tests of the harness itself, with the oracle on both sides, because all other tests depend on it."""

import pytest

from support.pair import Pair
from support.resp import ErrorText, MalformedReply, read_reply
from support.servers import ServerDied, make_oracle


class Bytes:
    """A source that reads from a byte string."""

    def __init__(self, data):
        self.data = data

    def readexactly(self, count):
        if len(self.data) < count:
            raise EOFError
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def readline(self):
        return self.readexactly(self.data.index(b"\n") + 1)


WELL_FORMED = [
    (b"+OK\r\n", "OK"),
    (b"-ERR no\r\n", ErrorText("ERR no")),
    (b":-12\r\n", -12),
    (b"$-1\r\n", None),
    (b"$0\r\n\r\n", b""),
    (b"$2\r\n\r\n\r\n", b"\r\n"),
    (b"*-1\r\n", None),
    (b"*2\r\n:1\r\n*0\r\n", [1, []]),
    (b"_\r\n", None),
    (b",1.5e+20\r\n", 1.5e20),
    (b",-inf\r\n", float("-inf")),
    (b"#t\r\n", True),
    (b"(123456789012345678901234567890\r\n", 123456789012345678901234567890),
    (b"=7\r\ntxt:abc\r\n", b"abc"),
    (b"%1\r\n$1\r\na\r\n:1\r\n", {b"a": 1}),
    (b"~1\r\n:1\r\n", [1]),
    (b">1\r\n:1\r\n", [1]),
    (b"|1\r\n+a\r\n:1\r\n+OK\r\n", "OK"),
]
MALFORMED = [
    b"+OK\n",
    b"+a\rb\r\n",
    b":+1\r\n",
    b":01\r\n",
    b":-0\r\n",
    b":\r\n",
    b"$-2\r\n",
    b"%-1\r\n",
    b"$1\r\nabc",
    b"_x\r\n",
    b"#x\r\n",
    b",1.\r\n",
    b"=4\r\nabcd\r\n",
    b"?\r\n",
]


@pytest.mark.parametrize(("data", "value"), WELL_FORMED)
def test_the_reader_decodes_a_frame_and_keeps_its_bytes(data, value):
    source = Bytes(data + b"rest\n")
    reply = read_reply(source)
    assert (reply.raw, reply.decoded, source.data) == (data, value, b"rest\n")


@pytest.mark.parametrize("data", MALFORMED)
def test_the_reader_refuses_what_is_not_resp(data):
    with pytest.raises(MalformedReply):
        read_reply(Bytes(data))


@pytest.fixture
def twins(shared_oracle, protocol):
    pair = Pair(shared_oracle, shared_oracle, protocol)
    yield pair
    pair.close()


def test_equal_replies_pass_and_different_ones_fail(twins):
    twins.check("SET", "a", "1")
    assert twins.check("GET", "a") == b"1"
    with pytest.raises(AssertionError):
        twins.check("INCR", "a")


def test_the_ways_in_which_replies_may_differ(twins):
    twins.setup("RPUSH", "l", "1", "2")
    twins.check("LRANGE", "l", "0", "-1", unordered=True)
    twins.check("INCR", "n", drift=0)
    twins.check("INCR", "n", shape_only=True)
    twins.check("RANDOMKEY", any_of=[b"l", b"n"])
    twins.check("INCR", "n", by=lambda value: value > 2)
    with pytest.raises(AssertionError):
        twins.check("INCRBY", "n", "100000000", drift=1000)
    with pytest.raises(AssertionError):
        twins.check("LPOP", "l", unordered=True)
    with pytest.raises(AssertionError):
        twins.check("RANDOMKEY", any_of=[b"other"])


def test_a_map_may_come_in_any_order(twins):
    twins.setup("HSET", "h", "a", "1", "b", "2")
    twins.check("HGETALL", "h", unordered="pairs")
    twins.check("CONFIG", "GET", "*max-list*", unordered="pairs")


def test_configuration_is_put_back(twins):
    before = twins.check("CONFIG", "GET", "hash-max-listpack-entries")
    with twins.config(hash_max_listpack_entries=7):
        assert twins.check("CONFIG", "GET", "hash-max-listpack-entries") != before
    assert twins.check("CONFIG", "GET", "hash-max-listpack-entries") == before


def test_bytes_that_end_the_connection_are_compared_to_its_end(twins):
    assert twins.check_fatal(b"*1\r\nx\r\n").startswith(b"-ERR Protocol error")
    twins.check("PING")
    assert twins.digest()


def test_a_server_that_dies_tells_its_log(start_oracle):
    server = start_oracle()
    server.kill()
    with pytest.raises(ServerDied, match="Ready to accept connections"):
        server.check_alive()


def test_a_server_that_cannot_start_tells_why(tmp_path):
    with pytest.raises(ServerDied, match="no-such-directive"):
        make_oracle(tmp_path, "--no-such-directive", "1").start()


def test_a_killed_server_comes_back_with_its_files(start_oracle):
    server = start_oracle("--appendonly", "yes", "--appendfsync", "always")
    with server.client() as client:
        client.must("SET", "a", "1")
    server.restart(crash=True)
    with server.client() as client:
        assert client.do("GET", "a") == b"1"
    assert server.stop() == 0
