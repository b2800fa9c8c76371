"""Commands called in process have the same replies, effects and log as commands sent over a connection."""

import contextlib
import gc
import os
import re
import sys
import threading
from array import array
from collections import UserList

import pytest
from hypothesis import given, settings

from fuzz.server import FuzzedServer, empty, feed
from pyredis.commands.server.digest import digest_all
from pyredis.dispatch.direct import DirectClient
from pyredis.wire.reply_objects import ReplyError, ReplyParser
from support.client import encode_command
from support.event_scripts import SCRIPTS
from support.propagation_cases import CASES
from support.reply_objects import comparable, shape
from support.strategies import CONNECTIONS, SEQUENCES

MOMENT = re.compile(rb"\d{13}")


class Connected:
    """A client with a connection; its replies are parsed into the same objects as those in process."""

    def __init__(self, server: FuzzedServer, protocol: int) -> None:
        self.server = server
        self.transport = server.connect()
        self.parser = ReplyParser()
        if protocol == 3:
            self.call("HELLO", 3)

    def call(self, *arguments):
        """Return the reply, an error as an object; None if there is no reply."""
        sum(feed(self.transport.connection, encode_command(*arguments)))
        self.server.hub.loop.run()
        return self.take()

    def take(self):
        replies = self.parser.feed(bytes(self.transport.written))
        self.transport.written.clear()
        assert len(replies) <= 1
        return replies[0] if replies else None


class Direct:
    """A client in process."""

    def __init__(self, server: FuzzedServer, protocol: int) -> None:
        self.server = server
        self.client = server.core.client(protocol)

    def call(self, *arguments):
        try:
            return self.server.core.call(self.client, arguments)
        except ReplyError as error:
            return error
        finally:
            self.server.hub.loop.run()


class Side:
    """A server with its append-only file and `CONNECTIONS` clients of one kind."""

    def __init__(self, kind, folder, protocol: int) -> None:
        folder.mkdir(exist_ok=True)
        self.server = FuzzedServer(folder)
        self.path = folder / "log.aof"
        self.server.config.adjust("enable-debug-command", "local")
        log = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.server.core.aof_open(log, 0, "no")
        self.clients = [kind(self.server, protocol) for _ in range(CONNECTIONS)]

    def log(self) -> bytes:
        self.server.hub.drain()
        return MOMENT.sub(b"moment", self.path.read_bytes())


def calls(server: FuzzedServer) -> dict:
    """Return how often each command ran, was refused and failed; without HELLO, which only connections need."""
    rows = {name: (ran, refused, failed) for name, ran, _, refused, failed, _ in server.core.command_stats()}
    rows.pop("hello", None)
    return rows


class Twins:
    """Two servers that receive the same commands, one through connections and one in process."""

    def __init__(self, folder, protocol: int) -> None:
        self.sides = [Side(Connected, folder / "connected", protocol), Side(Direct, folder / "direct", protocol)]

    def check(self, *arguments, connection: int = 0, exact: bool = True):
        connected, direct = (side.clients[connection].call(*arguments) for side in self.sides)
        if exact:
            assert comparable(direct) == comparable(connected), arguments
        else:
            assert shape(direct) == shape(connected), arguments
        return direct

    def finish(self) -> None:
        """Assert that both have the same data, log and statistics."""
        connected, direct = (side.server for side in self.sides)
        assert digest_all(direct.core) == digest_all(connected.core)
        assert self.sides[1].log() == self.sides[0].log()
        assert direct.exceptions == connected.exceptions == []
        assert calls(direct) == calls(connected)
        assert direct.core.error_counts == connected.core.error_counts
        counters = [server.core.counters() for server in (direct, connected)]
        for name in ("keyspace_hits", "keyspace_misses", "changes", "total_error_replies"):
            assert counters[0][name] == counters[1][name], name

    def reset(self) -> None:
        for client in range(CONNECTIONS):
            self.check("DISCARD", connection=client)
            self.check("UNWATCH", connection=client)
            self.check("SELECT", 0, connection=client)
        self.check("FLUSHALL")


@pytest.fixture
def twins(tmp_path, protocol):
    twins = Twins(tmp_path, protocol)
    yield twins
    for side in twins.sides:
        side.server.core.aof_close()


@pytest.fixture
def server(tmp_path):
    return FuzzedServer(tmp_path)


@pytest.fixture
def core(server):
    return server.core


@pytest.fixture
def call(core):
    """A function that calls a command with a client of its own; errors are raised."""
    client = core.client()
    return lambda *arguments: core.call(client, arguments)


# ---- compared with a connection ----


WAITING = (
    ["BLPOP", "none", 0],
    ["BRPOP", "none", "nothing", 10],
    ["BLMOVE", "none", "other", "LEFT", "RIGHT", 0],
    ["BRPOPLPUSH", "none", "other", 0],
    ["BLMPOP", 0, 1, "none", "LEFT"],
    ["BZPOPMIN", "none", 0],
    ["BZPOPMAX", "none", 0],
    ["BZMPOP", 0, 1, "none", "MIN"],
    ["XREAD", "BLOCK", 0, "STREAMS", "none", "$"],
)
BLOCKING = {arguments[0] for arguments in WAITING if arguments[0] != "XREAD"}


@pytest.mark.parametrize("family", SCRIPTS)
def test_every_family_replies_as_through_a_connection(twins, family):
    for line in SCRIPTS[family]:
        if line[0] not in BLOCKING and "BLOCK" not in line:
            twins.check(*line, exact="TTL" not in line[0] and "TIME" not in line[0])
    twins.finish()


@pytest.mark.parametrize("name", CASES)
def test_every_writing_command_is_logged_as_through_a_connection(twins, name):
    for case in CASES[name]:
        if case.woken:
            continue
        twins.reset()
        for directive, value in case.config.items():
            twins.check("CONFIG", "SET", directive, value)
        for request in (*case.before, case.request):
            twins.check(*request.split(), exact=False)
    for side in twins.sides:
        side.log()


@pytest.mark.parametrize("protocol_number", [2, 3])
def test_sequences_of_commands_are_the_same_as_through_connections(tmp_path, protocol_number):
    twins = Twins(tmp_path, protocol_number)

    @given(SEQUENCES)
    @settings(max_examples=40)
    def play(steps):
        twins.reset()
        for step in steps:
            twins.check(*step.arguments, connection=step.connection, exact=not step.compared)

    play()
    twins.finish()


FACTS = (
    ["COMMAND", "COUNT"],
    ["COMMAND", "INFO", "get", "config|set", "none"],
    ["COMMAND", "DOCS", "get"],
    ["COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2"],
    ["COMMAND", "GETKEYS", "PING"],
    ["CONFIG", "GET", "*"],
    ["CONFIG", "SET", "hz", "no"],
    ["OBJECT", "HELP"],
    ["PING", "a"],
    ["ECHO", b"\xff\r\n"],
    ["CLIENT", "GETNAME"],
    ["CLIENT", "SETNAME", "a b"],
    ["CLIENT", "SETNAME", "me"],
    ["CLIENT", "GETNAME"],
    ["CLIENT", "NO-EVICT", "on"],
    ["CLIENT", "UNBLOCK", 12345],
    ["AUTH", "x"],
    ["AUTH", "default", "x"],
    ["SLOWLOG", "HELP"],
    ["LATENCY", "HISTORY", "command"],
    ["MEMORY", "USAGE", "none"],
    ["GET"],
    ["NOSUCH", "a", "b"],
    ["CONFIG", "NOSUCH"],
    ["MULTI"],
    ["MULTI"],
    ["WATCH", "a"],
    ["SET", "a"],
    ["EXEC"],
    ["RESET"],
)


def test_what_python_handlers_reply_is_the_same_as_through_a_connection(twins):
    for arguments in FACTS:
        twins.check(*arguments)
    assert twins.sides[1].server.exceptions == []


EXAMPLES = (
    *("string", "integer", "double", "bignum", "null", "array", "set", "map", "attrib"),
    *("verbatim", "true", "false", "nosuch"),
)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_kind_of_reply_is_the_same_as_through_a_connection(twins, kind):
    twins.check("DEBUG", "PROTOCOL", kind)


# ---- arguments ----


@pytest.mark.parametrize(
    ("argument", "sent"),
    [
        (b"a\0\r\n", b"a\0\r\n"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcd")[::2], b"ac"),
        (array("B", [97, 98]), b"ab"),
        ("ä€", "ä€".encode()),
        ("", b""),
        (0, b"0"),
        (-(1 << 63), b"-9223372036854775808"),
        (1 << 100, str(1 << 100).encode()),
        (1.5, b"1.5"),
        (1e100, b"1e+100"),
        (float("-inf"), b"-inf"),
    ],
    ids=repr,
)
def test_arguments_are_encoded_as_redis_py_does(call, argument, sent):
    assert call("ECHO", argument) == sent


def test_more_numbers_and_arguments_than_have_a_place_of_their_own(call):
    numbers = [*range(-(1 << 63), -(1 << 63) + 100), *range(1000), *(number / 7 for number in range(100))]
    assert call("RPUSH", "list", *numbers) == len(numbers)
    assert call("LRANGE", "list", 0, -1) == [repr(number).encode() for number in numbers]


@pytest.mark.parametrize("argument", [None, True, False, [], {}, object(), ["a"], 1j], ids=repr)
def test_what_is_no_argument_is_refused(core, argument):
    with pytest.raises(TypeError):
        core.call(core.client(), ["ECHO", argument])


@pytest.mark.parametrize("arguments", ["PING", b"PING", bytearray(b"PING"), None, 5], ids=repr)
def test_what_is_no_sequence_of_arguments_is_refused(core, arguments):
    with pytest.raises(TypeError):
        core.call(core.client(), arguments)


def test_a_string_that_has_no_utf_8_is_refused(call):
    with pytest.raises(UnicodeEncodeError):
        call("ECHO", "\ud800")


def test_no_argument_and_too_long_a_one_are_refused(core, server):
    client = core.client()
    longest = server.config["proto-max-bulk-len"]
    with pytest.raises(ValueError, match="at least one"):
        core.call(client, ())
    with pytest.raises(ValueError, match="proto-max-bulk-len"):
        core.call(client, ("SET", "a", b"x" * (longest + 1)))
    assert core.call(client, ("SET", "a", b"x" * longest)) == b"OK"
    assert core.call(client, UserList(["STRLEN", "a"])) == longest
    assert core.call(client, iter(["STRLEN", "a"])) == longest


def test_only_a_client_of_the_same_core_can_call(core, tmp_path):
    other = FuzzedServer(tmp_path).core
    with pytest.raises(ValueError, match="another core"):
        core.call(other.client(), ["PING"])
    with pytest.raises(TypeError):
        core.call(None, ["PING"])


# ---- large values ----


def test_large_values_are_read_from_where_they_are_stored(server, core, protocol):
    client = core.client(protocol)
    large = bytes(range(256)) * 1024
    for number in range(3):
        core.call(client, ("SET", number, large + b"%d" % number))
    expected = [large + b"0", None, large + b"2", large + b"1"]
    assert core.call(client, ("MGET", 0, "none", 2, 1)) == expected
    assert core.call(client, ("MULTI",)) == b"OK"
    assert core.call(client, ("GET", 1)) == b"QUEUED"
    assert core.call(client, ("INCR", "n")) == b"QUEUED"
    assert core.call(client, ("GET", 2)) == b"QUEUED"
    assert core.call(client, ("EXEC",)) == [large + b"1", 1, large + b"2"]
    core.call(client, ("FLUSHALL",))
    assert core.call(client, ("DBSIZE",)) == 0


def test_a_call_leaves_the_replies_alone_that_others_are_owed(server, core, tmp_path):
    """With ``appendfsync always``, replies to connections stay in the reply buffer until the iteration ends."""
    path = tmp_path / "log"
    core.aof_open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 0, "always")
    connected = Connected(server, 2)
    sum(feed(connected.transport.connection, encode_command("SET", "a", "1") + encode_command("GET", "a")))
    assert not connected.transport.written
    client = core.client()
    assert core.call(client, ("GET", "a")) == b"1"
    assert core.call(client, ("LRANGE", "none", 0, -1)) == []
    core.aof_sync()
    server.hub.loop.run()
    server.hub.release()
    assert bytes(connected.transport.written) == b"+OK\r\n$1\r\n1\r\n"
    core.aof_close()


# ---- clients ----


def test_clients_have_ids_from_one_counter_and_are_not_listed(server, core):
    first, connected, second = core.client(), Connected(server, 2), core.client()
    numbers = [core.call(first, ["CLIENT", "ID"]), connected.call("CLIENT", "ID"), core.call(second, ["CLIENT", "ID"])]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    listed = connected.call("CLIENT", "LIST")
    assert re.findall(rb"^id=(\d+)", listed, re.MULTILINE) == [b"%d" % numbers[1]]
    assert connected.call("CLIENT", "KILL", "ID", numbers[0]) == 0
    assert b"connected_clients:1\r\n" in core.call(first, ["INFO", "clients"])


def test_a_client_shows_itself_as_a_connection_does(core):
    client = core.client()
    core.call(client, ("SELECT", 2))
    core.call(client, ("CLIENT", "SETNAME", "inside"))
    core.call(client, ("WATCH", "a", "b"))
    core.call(client, ("MULTI",))
    core.call(client, ("GET", "a"))
    line = client_line(core.call(core.client(), ("CLIENT", "INFO")))
    assert (line[b"addr"], line[b"fd"], line[b"resp"], line[b"name"]) == (b"127.0.0.1:0", b"-1", b"3", b"")
    assert (client.db, client.name, client.watching, client.queued, client.commands) == (2, b"inside", 2, 1, 5)
    assert client.flags_text == "x"
    assert client.last_command == "get"


def client_line(text: bytes) -> dict[bytes, bytes]:
    return dict(field.split(b"=", 1) for field in text.split())


def test_hello_and_the_client_choose_the_protocol(core):
    client = core.client()
    core.call(client, ("HSET", "h", "f", "v"))
    assert core.call(client, ("HGETALL", "h")) == {b"f": b"v"}
    assert core.call(client, ("HELLO", 2))[:2] == [b"server", b"redis"]
    assert core.call(client, ("HGETALL", "h")) == [b"f", b"v"]
    assert core.call(core.client(2), ("HGETALL", "h")) == [b"f", b"v"]
    with pytest.raises(ValueError, match="protocol"):
        core.client(4)


def test_errors_are_raised_and_those_inside_a_reply_are_elements(core):
    client = core.client()
    core.call(client, ("SET", "a", "x"))
    with pytest.raises(ReplyError, match="WRONGTYPE Operation") as raised:
        core.call(client, ("LPUSH", "a", 1))
    assert raised.value.code == "WRONGTYPE"
    for request in (("MULTI",), ("LPUSH", "a", 1), ("GET", "a")):
        core.call(client, request)
    error, value = core.call(client, ("EXEC",))
    assert isinstance(error, ReplyError)
    assert (error.code, value) == ("WRONGTYPE", b"x")


def test_a_watched_key_that_a_connection_changes_ends_the_transaction(server, core):
    client, connected = core.client(), Connected(server, 2)
    core.call(client, ("WATCH", "a"))
    connected.call("SET", "a", "1")
    for request in (("MULTI",), ("SET", "a", "2")):
        core.call(client, request)
    assert core.call(client, ("EXEC",)) is None
    assert connected.call("GET", "a") == b"1"
    connected.call("WATCH", "a")
    core.call(client, ("SET", "a", "3"))
    connected.call("MULTI")
    connected.call("SET", "a", "4")
    assert connected.call("EXEC") is None


def test_a_client_that_goes_away_watches_nothing(core):
    for _ in range(3):
        client = core.client()
        core.call(client, ("WATCH", *range(100)))
        core.call(client, ("MULTI",))
        core.call(client, ("SET", "a", b"x" * 1000))
    del client
    gc.collect()
    before = core.used_memory
    client = core.client()
    core.call(client, ("WATCH", *range(100)))
    assert core.used_memory > before
    client.close()
    assert core.used_memory == before


# ---- the checks ----


def test_a_client_that_is_to_give_the_password_is_refused_until_it_has(server, core):
    server.config.set([("requirepass", "secret")])
    stranger = core.client(authenticated=False)
    with pytest.raises(ReplyError, match="NOAUTH"):
        core.call(stranger, ("GET", "a"))
    with pytest.raises(ReplyError, match="WRONGPASS"):
        core.call(stranger, ("AUTH", "wrong"))
    assert core.call(stranger, ("AUTH", "secret")) == b"OK"
    assert core.call(stranger, ("GET", "a")) is None
    trusted = core.client()
    assert core.call(trusted, ("GET", "a")) is None
    assert core.call(trusted, ("RESET",)) == b"RESET"
    with pytest.raises(ReplyError, match="NOAUTH"):
        core.call(trusted, ("GET", "a"))


def test_commands_are_refused_while_loading_without_memory_and_without_a_file(core, call):
    call("SET", "a", "1")
    core.loading = True
    with pytest.raises(ReplyError, match="LOADING"):
        call("GET", "a")
    assert call("CONFIG", "GET", "hz") == {b"hz": b"10"}
    core.loading = False
    core.configure("maxmemory", 1)
    with pytest.raises(ReplyError, match="OOM"):
        call("SET", "a", "2")
    assert call("GET", "a") == b"1"
    core.configure("maxmemory", 0)
    core.write_error = True
    with pytest.raises(ReplyError, match="MISCONF"):
        call("SET", "a", "2")
    core.write_error = False
    assert call("SET", "a", "2") == b"OK"


def test_slow_commands_are_logged_with_the_clients_name(server, core, call):
    core.configure("slowlog-log-slower-than", 0)
    call("CLIENT", "SETNAME", "slow")
    call("SET", "a", b"x" * 200)
    entry = call("SLOWLOG", "GET", 1)[0]
    assert entry[3][:2] == [b"SET", b"a"]
    assert entry[4:] == [b"127.0.0.1:0", b"slow"]


def test_the_clock_is_that_of_the_call(core, call):
    core.tick()
    call("SET", "a", "1", "PX", 1)
    while core.now_ms <= call("PEXPIRETIME", "a") >= 0:
        pass
    assert call("GET", "a") is None


# ---- CLIENT REPLY, and what ends a client ----


def test_withheld_replies_are_none(core):
    client = core.client()
    assert core.call(client, ("CLIENT", "REPLY", "OFF")) is None
    assert core.call(client, ("SET", "a", "1")) is None
    assert core.call(client, ("NOSUCH",)) is None
    assert core.call(client, ("CLIENT", "REPLY", "ON")) == b"OK"
    assert core.call(client, ("GET", "a")) == b"1"
    assert core.call(client, ("CLIENT", "REPLY", "SKIP")) is None
    assert core.call(client, ("GET", "a")) is None
    assert core.call(client, ("GET", "a")) == b"1"


@pytest.mark.parametrize("end", [["QUIT"], ["POST", "/"]], ids=str)
def test_a_client_that_has_ended_calls_nothing_more(core, end):
    client = core.client()
    core.call(client, ("WATCH", "a"))
    assert core.call(client, end) == (b"OK" if end == ["QUIT"] else None)
    assert client.closed
    assert client.watching == 0
    with pytest.raises(ConnectionError):
        core.call(client, ("PING",))


def test_a_closed_client_calls_nothing_more(core):
    client = core.client()
    assert not client.closed
    client.close()
    client.close(after_reply=True)
    assert client.closed
    with pytest.raises(ConnectionError):
        core.call(client, ("PING",))


def test_messages_outside_of_a_reply_are_kept_for_the_client(server, core):
    server.config.adjust("enable-debug-command", "local")
    client = core.client()
    assert core.call(client, ("DEBUG", "PROTOCOL", "push")) == b"Some real reply following the push reply"
    assert client.pushes == []
    server.hub.loop.run()
    assert client.pushes == [[b"server-cpu-usage", 42]]


@pytest.mark.parametrize("mode", ["", "BCAST"])
def test_changes_of_keys_that_a_client_tracks_are_kept_for_it(server, core, mode):
    client, other = core.client(), core.client()
    core.call(client, ("CLIENT", "TRACKING", "ON", *mode.split()))
    core.call(client, ("GET", "a"))
    core.call(other, ("SET", "a", 1))
    core.call(client, ("SET", "a", 2))
    server.hub.loop.run()
    assert client.pushes == [[b"invalidate", [b"a"]]]
    client.close()
    core.call(other, ("SET", "a", 3))
    server.hub.loop.run()
    assert core.counters()["tracking_clients"] == 0


# ---- waiting ----


@pytest.mark.parametrize("arguments", WAITING, ids=str)
def test_a_command_that_would_wait_answers_as_inside_a_transaction(server, core, protocol, arguments):
    client, connected = core.client(protocol), Connected(server, protocol)
    assert core.call(client, arguments) is None
    assert not client.blocked
    connected.call("MULTI")
    connected.call(*arguments)
    assert connected.call("EXEC") == [None]
    core.call(client, ["RPUSH", "none", "a"])
    assert core.call(client, ["LRANGE", "none", 0, -1]) == [b"a"]


def test_commands_that_answer_later_do_not_wait(server, core, call):
    server.config.adjust("enable-debug-command", "local")
    server.rewrite_aof = lambda on_done: on_done(None)
    assert call("BGREWRITEAOF") == b"Background append only file rewriting scheduled"
    with pytest.raises(ReplyError, match="may not wait"):
        call("DEBUG", "LOADAOF")
    assert server.exceptions == []


def test_a_change_wakes_the_connections_that_wait_for_it(server, core, call):
    waiter = Connected(server, 2)
    assert waiter.call("BLPOP", "list", 0) is None
    assert call("RPUSH", "list", "a", "b") == 2
    server.hub.loop.run()
    assert waiter.take() == [b"list", b"a"]
    assert call("LRANGE", "list", 0, -1) == [b"b"]
    for request in (("MULTI",), ("RPUSH", "list2", "c"), ("RPUSH", "list2", "d")):
        call(*request)
    assert waiter.call("BLPOP", "list2", 0) is None
    assert call("EXEC") == [1, 2]
    server.hub.loop.run()
    assert waiter.take() == [b"list2", b"c"]
    assert waiter.call("PING") == b"PONG"


# ---- the file ----


def test_the_offset_that_a_reply_waits_for_is_reported(server, core, tmp_path):
    client = core.client()
    core.call(client, ("SET", "a", "1"))
    assert client.wait_offset == 0 <= core.aof_released
    path = tmp_path / "log"
    core.aof_open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 0, "always")
    core.call(client, ("SET", "a", "2"))
    written = client.wait_offset
    assert core.aof_released < written == core.log_position
    core.call(client, ("GET", "b"))
    assert client.wait_offset == 0
    core.call(client, ("GET", "a"))
    assert client.wait_offset == written
    server.hub.loop.run()
    assert core.aof_sync() == 0
    assert core.aof_released >= written
    assert path.read_bytes() == encode_command("SELECT", 0) + encode_command("SET", "a", 2)
    core.aof_close()


def test_what_changed_reaches_the_file_at_the_iterations_end(server, core, call, tmp_path):
    path = tmp_path / "log"
    core.aof_open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 0, "no")
    call("SET", "a", "1")
    assert path.read_bytes() == b""
    server.hub.loop.run()
    assert path.read_bytes() == encode_command("SELECT", 0) + encode_command("SET", "a", 1)
    core.aof_close()


# ---- calls inside calls ----


@pytest.fixture
def attempts(core):
    """A function for use as a callback that tries to call a command and records the error."""
    client, errors = core.client(), []

    def attempt(*_):
        try:
            core.call(client, ("PING",))
        except RuntimeError as error:
            errors.append(str(error))
        else:
            errors.append("none")

    attempt.errors = errors
    return attempt


REFUSAL = "not possible while a command runs or expired keys are being removed"


def test_what_listens_to_events_calls_nothing(server, core, call, attempts):
    core.configure("notify-keyspace-events", "KEg$lx")
    core.on_event = attempts
    call("SET", "a", "1")
    Connected(server, 2).call("SET", "a", "2")
    assert attempts.errors == [REFUSAL, REFUSAL]
    call("SET", "a", "1", "PX", 1)
    while core.now_ms <= call("PEXPIRETIME", "a") >= 0:
        pass
    core.on_event = None
    call("SET", "b", "1", "PXAT", core.now_ms + 2)
    core.on_event = attempts
    attempts.errors.clear()
    while not attempts.errors:
        core.tick()
        core.expire_cycle(1000)
    assert attempts.errors == [REFUSAL]
    core.on_event = None
    assert call("PING") == b"PONG"


def test_a_handler_in_python_calls_nothing(server, core, call, attempts):
    core.on_slow = attempts
    core.configure("slowlog-log-slower-than", 0)
    call("CONFIG", "GET", "hz")
    Connected(server, 2).call("PING")
    assert attempts.errors == [REFUSAL, REFUSAL]


def test_a_finalizer_that_runs_while_arguments_are_encoded_may_call(core, call):
    """The call that encodes them has not begun to run its command."""
    client = core.client()

    class Arguments:
        def __iter__(self):
            core.call(client, ("SET", "a", "1"))
            return iter(["GET", "a"])

    assert core.call(client, Arguments()) == b"1"


def test_arguments_that_a_listener_drops_stay_alive_during_the_call(core):
    client = core.client()
    core.configure("notify-keyspace-events", "KEg$lx")
    arguments = ["RPUSH", b"list", *(b"element %d" % number * 50 for number in range(20))]
    expected = arguments[2:]

    def drop(*_):
        arguments.clear()
        gc.collect()

    core.on_event = drop
    assert core.call(client, arguments) == 20
    core.on_event = None
    assert arguments == []
    assert core.call(client, ("LRANGE", "list", 0, -1)) == expected


# ---- memory and references ----


def test_calls_leave_nothing_behind(core):
    client = core.client()
    requests = [
        ("SET", "a", b"x" * 40000),
        ["GET", "a"],
        ("MGET", *["a"] * 20),
        ("RPUSH", "l", *range(50), 1.5, 1 << 70, bytearray(b"x"), "ä"),
        ("LRANGE", "l", 0, -1),
        ("HSET", "h", "f", "v"),
        ("HGETALL", "h"),
        ("DEL", "l", "h", "a"),
        ("COMMAND", "DOCS", "get"),
        ("GET",),
        ("ECHO", None),
        ("ECHO", "\ud800"),
        (),
    ]

    def work():
        for request in requests:
            with contextlib.suppress(ReplyError, TypeError, ValueError):
                core.call(client, request)

    for _ in range(3):
        work()
    gc.collect()
    before, used = sys.getallocatedblocks(), core.used_memory
    for _ in range(50):
        work()
    gc.collect()
    assert core.used_memory == used
    assert sys.getallocatedblocks() - before < 50


def test_references_to_arguments_and_clients_are_given_back(core):
    client, argument = core.client(), b"some bytes"
    request = ("ECHO", argument)
    before = [sys.getrefcount(item) for item in (client, argument, request)]
    for _ in range(1000):
        core.call(client, request)
        core.call(client, [*request])
    assert [sys.getrefcount(item) for item in (client, argument, request)] == before


def test_a_large_reply_buffer_is_given_back(core, call):
    call("RPUSH", "l", *[b"x" * 1000] * 3000)
    before = core.used_memory
    assert len(call("LRANGE", "l", 0, -1)) == 3000
    assert core.used_memory - before < 1 << 20


def test_a_client_keeps_its_core_and_the_core_keeps_no_client(tmp_path):
    core = FuzzedServer(tmp_path).core
    client = core.client()
    assert isinstance(client, DirectClient)
    assert client.core is core
    assert not any(isinstance(holder, DirectClient) for holder in gc.get_referents(core))
    del core
    gc.collect()
    assert client.core.call(client, ("PING",)) == b"PONG"


# ---- several servers ----


def use(core) -> int:
    return core.used_memory


def test_a_client_that_goes_is_charged_to_its_own_server(tmp_path):
    """This does not depend on which server's code ran last."""
    one, two = FuzzedServer(tmp_path), FuzzedServer(tmp_path)
    other = two.core.client()
    two.core.call(other, ["SET", "k", "v"])
    one.core.call(one.core.client(), ["PING"])
    before = use(one.core), use(two.core)
    for end in (lambda client: None, lambda client: client.close(), lambda client: client.reset()):
        client = one.core.client()
        one.core.call(client, ["MULTI"])
        one.core.call(client, ["SET", "k", "x" * 100_000])
        two.core.call(other, ["GET", "k"])
        end(client)
        del client
        gc.collect()
        assert (use(one.core), use(two.core)) == before


def test_a_call_to_another_server_from_a_listener_leaves_the_account_as_it_was(tmp_path):
    one, two = FuzzedServer(tmp_path), FuzzedServer(tmp_path)
    client, other = one.core.client(), two.core.client()
    two.core.call(other, ["SET", "k", "v"])
    one.core.configure("notify-keyspace-events", "KEg$l")
    one.core.on_event = lambda *event: two.core.call(other, ["GET", "k"])
    before = use(one.core), use(two.core)
    one.core.call(client, ["SETRANGE", "s", 400_000, "x"])
    one.core.call(client, ["RPUSH", "l", *range(10_000)])
    assert use(one.core) - before[0] > 400_000
    assert use(two.core) == before[1]
    one.core.call(client, ["DEL", "s", "l"])
    empty(one.core)
    assert use(two.core) == before[1]


def test_servers_in_several_threads_count_their_memory_apart(tmp_path):
    """The interpreter's lock changes hands inside handlers in Python."""
    servers = [FuzzedServer(tmp_path), FuzzedServer(tmp_path)]
    for server in servers:
        server.core.call(server.core.client(), ["PING"])
    before = [use(server.core) for server in servers]

    def work(core) -> None:
        client = core.client()
        for _ in range(100):
            for command in (["MULTI"], ["SET", "k", "x" * 20_000], ["CONFIG", "GET", "*"], ["SET", "l", "x" * 20_000]):
                core.call(client, command)
            core.call(client, ["EXEC"])
            core.call(client, ["FLUSHALL"])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(server.core,)) for server in servers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    gc.collect()
    for server in servers:
        empty(server.core)
    assert [use(server.core) for server in servers] == before


@pytest.mark.parametrize("action", ["reset", "empty", "tidy", "expire"])
def test_nothing_is_pulled_away_from_under_a_command(tmp_path, action):
    server = FuzzedServer(tmp_path)
    client = server.core.client()
    refused = []

    def listen(*event) -> None:
        call = {
            "reset": client.reset,
            "empty": server.core.empty,
            "tidy": lambda: server.core.tidy(0),
            "expire": lambda: server.core.expire_cycle(0),
        }[action]
        with pytest.raises(RuntimeError, match="not possible while"):
            call()
        refused.append(event)

    server.core.configure("notify-keyspace-events", "KE$")
    server.core.on_event = listen
    server.core.call(client, ["MULTI"])
    for number in range(40):
        server.core.call(client, ["SET", f"k{number}", "v" * 100])
    assert server.core.call(client, ["EXEC"]) == [b"OK"] * 40
    assert len(refused) == 40
    server.core.on_event = None
