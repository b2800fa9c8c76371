"""MONITOR: the lines it shows, what it does not show, their order, and the clients that monitor."""

import contextlib
import hashlib
import re
import subprocess

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from support.client import RawClient, encode_command, wait_until
from support.servers import require_tool
from support.waiting import await_blocked

LINE = re.compile(rb"\+(\d{10})\.(\d{6}) \[(\d+) ([^\]]*)\] (.*)\r\n", re.DOTALL)
END = b'"ECHO" "the end"'


class Monitored:
    """A client that acts and one that monitors, on both servers of a pair."""

    def __init__(self, pair) -> None:
        self.pair = pair
        self.monitor = pair.another()
        self.monitor.check("MONITOR")

    def runs(self, command: str) -> None:
        """Runs a command on both; their replies may differ."""
        for client in (self.pair.ours, self.pair.oracle):
            client.call(*command.split())

    def seen(self) -> list[tuple[bytes, bytes]]:
        """The lines shown until now, as (database, words); they must be the same from both servers."""
        self.pair.check("ECHO", "the end")
        ours, oracle = (lines_of(client) for client in (self.monitor.ours, self.monitor.oracle))
        assert ours == oracle
        return ours


def lines_of(client, with_address: bool = False) -> list[tuple[bytes, bytes]]:
    """The lines until ``END``, as (database or address, words)."""
    lines: list[tuple[bytes, bytes]] = []
    while not lines or lines[-1][1] != END:
        seconds, micros, database, address, words = LINE.fullmatch(client.read().raw).groups()
        assert int(seconds) > 1_700_000_000
        assert int(micros) < 1_000_000
        lines.append((address if with_address else database, words))
    return lines[:-1]


@pytest.fixture
def scene(pair):
    monitored = Monitored(pair)
    yield monitored
    monitored.monitor.close()


def words_of(*arguments: str) -> bytes:
    return b" ".join(b'"%b"' % argument.encode() for argument in arguments)


COMMANDS = [
    *("PING", "SET k v", "GET k", "get K", "LPUSH k x", "INCR k2", "TIME", "ROLE", "DBSIZE", "KEYS *", "EXPIRE k 10"),
    *("OBJECT FREQ x", "MEMORY USAGE k", "XADD s * f v", "XREAD BLOCK 10 STREAMS s $", "BLPOP l 0.05"),
    *("CLIENT ID", "CLIENT SETNAME x", "CLIENT GETNAME", "COMMAND COUNT", "INFO server", "WATCH k", "UNWATCH"),
    *("SELECT 3", "SET k w", "SELECT 99", "SELECT 0", "SORT l BY nosort", "SWAPDB 0 1", "RESET", "DISCARD"),
    # Of administrators, and refused.
    *("CONFIG GET maxmemory", "CLIENT LIST", "CLIENT KILL ID 999999999", "DEBUG SLEEP 0", "SLOWLOG LEN", "MONITOR x"),
    *("LATENCY LATEST", "SET k", "NOSUCH x", "CLIENT NOSUCH", "EXEC", "CLIENT PAUSE 0", "BGREWRITEAOF x"),
]


def test_each_command_is_shown_as_redis_does(scene):
    shown = []
    for command in COMMANDS:
        scene.runs(command)
        shown += scene.seen()
    assert (b"3", words_of("SELECT", "3")) in shown
    assert (b"3", words_of("SET", "k", "w")) in shown
    assert (b"0", words_of("get", "K")) in shown
    assert len(shown) < len(COMMANDS)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4))
@settings(max_examples=50)
def test_words_are_quoted_as_in_redis(scene, words):
    scene.pair.check("DEL", *words)
    assert len(scene.seen()) == 1


def test_every_byte_is_quoted_as_in_redis(scene):
    scene.pair.check("ECHO", bytes(range(256)))
    scene.pair.check("ECHO", "x" * 100_000)
    scene.pair.check("ECHO", b"\n" * 50_000)
    assert len(scene.seen()) == 3


def test_the_commands_of_a_transaction_precede_its_exec(scene):
    for command in (["MULTI"], ["SET", "a", 1], ["LPUSH", "a", 1], ["SELECT", 2], ["EXEC"], ["SELECT", 0]):
        scene.pair.check(*command)
    seen = scene.seen()
    assert [words for _, words in seen[:2]] == [words_of("MULTI"), words_of("SET", "a", "1")]
    assert seen[-2] == (b"2", words_of("EXEC"))
    for command in (["MULTI"], ["SET", "a"], ["EXEC"]):
        scene.pair.check(*command)
    assert [words for _, words in scene.seen()] == [words_of("MULTI"), words_of("EXEC")]


SECRETS = [
    ("AUTH s3cret", '"AUTH" "(redacted)"'),
    ("AUTH default s3cret", '"AUTH" "(redacted)" "(redacted)"'),
    ("HELLO 2 AUTH default s3cret", '"HELLO" "2" "AUTH" "(redacted)" "(redacted)"'),
    ("HELLO 2 SETNAME me auth default s3cret", '"HELLO" "2" "SETNAME" "me" "auth" "(redacted)" "(redacted)"'),
]


@pytest.mark.parametrize(("command", "shown"), SECRETS)
def test_secrets_are_left_out(scene, command, shown):
    scene.runs(command)
    assert scene.seen()[0][1] == shown.encode()


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("AUTH a s3cret b", '"AUTH" "(redacted)" "(redacted)" "(redacted)"'),
        ("HELLO 2 AUTH s3cret", '"HELLO" "2" "AUTH" "(redacted)"'),
        ("HELLO 9 AUTH default s3cret", '"HELLO" "9" "AUTH" "(redacted)" "(redacted)"'),
        ("HELLO AUTH default s3cret", '"HELLO" "AUTH" "(redacted)" "(redacted)"'),
    ],
)
def test_secrets_are_left_out_although_the_command_fails(shared_ours, command, shown):
    """Redis shows them: it removes secrets only as far as it has read the arguments."""
    with shared_ours.client() as monitor, shared_ours.client() as client:
        monitor.must("MONITOR")
        assert client.call(*command.split()).is_error
        client.must("ECHO", "the end")
        assert [words for _, words in lines_of(monitor)] == [shown.encode()]


def test_no_secret_of_the_configuration_is_shown(scene):
    for password in ("s3cret", ""):
        scene.pair.check("CONFIG", "SET", "requirepass", password)
    assert scene.seen() == []


def test_a_script_is_shown_before_its_commands(scene):
    for script in ("return redis.call('SET', KEYS[1], 'x')", "return redis.pcall('LPUSH', KEYS[1], 'x')", "return 1"):
        scene.pair.check("EVAL", script, 1, "k")
    for client in (scene.monitor.ours, scene.monitor.oracle):
        assert b" [0 lua] " in [client.read().raw for _ in range(2)][1]
    scene.pair.check("EVAL", "return", 5)
    assert len(scene.seen()) == 4
    scene.pair.check("SCRIPT", "LOAD", "return redis.call('GET', KEYS[1])")
    scene.pair.check("EVALSHA_RO", hashlib.sha1(b"return redis.call('GET', KEYS[1])").hexdigest(), 1, "k")
    assert scene.seen()[-1] == (b"0", words_of("GET", "k"))


def test_a_function_is_shown_before_its_commands(scene):
    body = "redis.register_function('push', function(keys) return redis.call('LPUSH', keys[1], 'x') end)"
    scene.pair.setup("FUNCTION", "LOAD", "REPLACE", f"#!lua name=shown\n{body}")
    scene.seen()
    call, push = words_of("FCALL", "push", "1", "k"), words_of("LPUSH", "k", "x")
    scene.pair.check("FCALL", "push", 1, "k")
    assert [words for _, words in scene.seen()] == [call, push]
    for command in ("FCALL push x", "FCALL nosuch 0", "FCALL_RO push 1 k"):
        scene.runs(command)
        assert [words for _, words in scene.seen()] == [words_of(*command.split())]
    for command in ("MULTI", "FCALL push 1 k", "EXEC", "FUNCTION FLUSH"):
        scene.runs(command)
    assert [words for _, words in scene.seen()][:-1] == [words_of("MULTI"), call, push, words_of("EXEC")]


def test_an_exec_that_is_refused_is_shown(scene):
    for command in ("MULTI", "SET a 1", "EXEC x"):
        scene.runs(command)
    assert [words for _, words in scene.seen()] == [words_of("MULTI"), words_of("EXEC", "x")]


def test_a_command_that_waits_is_shown_once_when_it_comes(shared_ours):
    """Redis 7.0 shows it again when it is served."""
    with contextlib.ExitStack() as stack:
        monitor, waits, pushes = [stack.enter_context(shared_ours.client()) for _ in range(3)]
        monitor.must("MONITOR")
        waits.send("BLPOP", "l", 0)
        assert b'"BLPOP"' in monitor.read().raw
        pushes.must("RPUSH", "l", "x")
        pushes.must("ECHO", "the end")
        assert waits.read().decoded == [b"l", b"x"]
        assert [words for _, words in lines_of(monitor)] == [words_of("RPUSH", "l", "x")]


def test_a_command_is_shown_as_it_came_whatever_its_handler_makes_of_it(shared_ours, protocol):
    with shared_ours.client() as monitor, shared_ours.client(protocol) as client:
        monitor.must("MONITOR")
        client.must("XADD", "s", "1-1", "f", "v")
        client.call("XREAD", "BLOCK", 1, "STREAMS", "s", "$")
        client.must("SET", "k", "x" * 100_000, "PXAT", 1)
        client.must("GETDEL", "k")
        client.must("ECHO", "the end")
        seen = [words for _, words in lines_of(monitor)]
        assert seen[1] == words_of("XREAD", "BLOCK", "1", "STREAMS", "s", "$")
        assert seen[2] == words_of("SET", "k", "x" * 100_000, "PXAT", "1")


def test_the_line_says_where_a_command_comes_from(start_ours, tmp_path):
    path = str(tmp_path / "socket")
    server = start_ours("--unixsocket", path)
    with server.client() as monitor, server.client() as client, RawClient(path) as local:
        monitor.must("MONITOR")
        client.must("PING")
        host, port = client.socket.getsockname()
        assert f"[0 {host}:{port}]".encode() in monitor.read().raw
        local.must("PING")
        assert f"[0 unix:{path}]".encode() in monitor.read().raw


def test_redis_py_reads_the_lines(shared_ours):
    """It parses them: the time, the database, where a command comes from, and its words without their quotes."""
    with redis.Redis(port=shared_ours.port, db=2) as client, client.monitor() as monitor:
        client.set("k", 'a "quoted" \n word')
        client.eval("return redis.call('get', KEYS[1])", 1, "k")
        while not (first := monitor.next_command())["command"].startswith("SET "):
            pass
        evaluated, called = monitor.next_command(), monitor.next_command()
    assert (first["db"], first["client_type"], first["client_address"]) == (2, "tcp", "127.0.0.1")
    assert first["command"] == 'SET k a "quoted" \\n word'
    assert evaluated["command"].startswith("EVAL return redis.call")
    assert (called["command"], called["client_type"]) == ("get k", "lua")


def test_redis_cli_shows_the_lines(shared_ours):
    command = [require_tool("redis-cli"), "-p", str(shared_ours.port), "MONITOR"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process, shared_ours.client() as client:
        assert process.stdout.readline() == b"OK\n"
        client.must("SET", "k", "v")
        host, port = client.socket.getsockname()
        assert process.stdout.readline().endswith(f'[0 {host}:{port}] "SET" "k" "v"\n'.encode())
        process.terminate()


# ---- the client that monitors ----


def test_a_monitor_sees_its_own_commands_after_their_replies(scene):
    monitor = scene.monitor
    for client in (monitor.ours, monitor.oracle):
        assert client.call("PING").decoded == "PONG"
        assert client.read().raw.endswith(b'"PING"\r\n')
        client.send("MONITOR")
        client.send("ECHO", "x")
        assert client.read().decoded == b"x"
        assert client.read().raw.endswith(b'"ECHO" "x"\r\n')


@pytest.mark.parametrize("command", ["GET k", "SET k v", "PFCOUNT k", "KEYS *"])
def test_a_monitor_does_not_touch_the_data(scene, command):
    scene.monitor.check(*command.split())
    scene.monitor.check("MULTI")
    for client in (scene.monitor.ours, scene.monitor.oracle):
        client.read()
    scene.monitor.check(*command.split())
    scene.monitor.check("EXEC")


def test_monitor_is_refused_inside_a_transaction(pair):
    pair.check("MULTI")
    pair.check("MONITOR")
    pair.check("EXEC")
    pair.check("PING")


def test_reset_ends_it(scene):
    scene.monitor.check("RESET")
    scene.pair.check("PING")
    scene.monitor.check("GET", "k")


def test_a_monitor_has_its_letter_and_is_a_normal_client(shared_ours):
    with shared_ours.client() as monitor, shared_ours.client() as client:
        number = monitor.must("CLIENT", "ID")
        monitor.must("MONITOR")
        assert b" flags=O " in client.must("CLIENT", "LIST", "ID", number)
        assert client.must("CLIENT", "LIST", "TYPE", "replica") == b""
        assert client.must("CLIENT", "KILL", "ID", number, "TYPE", "normal") == 1
        client.must("PING")
        assert client.must("CLIENT", "LIST", "ID", number) == b""


def test_reply_off_holds_back_the_lines(shared_ours):
    with shared_ours.client() as monitor, shared_ours.client() as client:
        monitor.must("MONITOR")
        monitor.send("CLIENT", "REPLY", "OFF")
        wait_until(lambda: b"cmd=client|reply" in client.must("CLIENT", "LIST"), "the replies to be off")
        client.must("ECHO", "hidden")
        monitor.send("CLIENT", "REPLY", "ON")
        assert monitor.read().decoded == "OK"
        assert monitor.read().raw.endswith(b'"CLIENT" "REPLY" "ON"\r\n')


def test_monitors_come_and_go(shared_ours):
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(shared_ours.client())
        monitors = [shared_ours.client() for _ in range(7)]
        for monitor in monitors:
            monitor.must("MONITOR")
        for gone in (3, 0, 5):
            monitors[gone].close()
        wait_until(lambda: client.must("CLIENT", "LIST").count(b" flags=O ") == 4, "three to go")
        client.must("ECHO", "the end")
        for place in (1, 2, 4, 6):
            lines_of(monitors[place])
            monitors[place].close()
        wait_until(lambda: client.must("CLIENT", "LIST").count(b" flags=O ") == 0, "all to go")
        client.must("PING")


def test_a_monitor_that_does_not_read_is_closed_by_its_limit(start_ours):
    server = start_ours("--client-output-buffer-limit", "normal", "4mb", "0", "0")
    with server.client() as monitor, server.client() as client:
        number = monitor.must("CLIENT", "ID")
        monitor.must("MONITOR")
        value = "x" * 100_000
        for _ in range(1000):
            client.must("ECHO", value)
            if not client.must("CLIENT", "LIST", "ID", number):
                break
        assert client.must("CLIENT", "LIST", "ID", number) == b""


@pytest.mark.parametrize("policy", ["always", "everysec"])
def test_a_monitor_sees_writes_of_a_server_with_a_file(start_ours, policy):
    server = start_ours("--appendonly", "yes", "--appendfsync", policy)
    with server.client() as monitor, server.client() as client:
        monitor.must("MONITOR")
        for number in range(50):
            client.must("SET", "k", number)
        client.must("ECHO", "the end")
        assert [words for _, words in lines_of(monitor)] == [words_of("SET", "k", str(n)) for n in range(50)]


def test_the_loading_of_a_file_is_not_shown(start_ours):
    server = start_ours("--appendonly", "yes", "--enable-debug-command", "yes")
    with server.client() as monitor, server.client() as client:
        client.must("SET", "k", "v")
        monitor.must("MONITOR")
        client.must("DEBUG", "LOADAOF")
        client.must("ECHO", "the end")
        assert lines_of(monitor) == []


PIPELINES = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.sampled_from(["PING", "SET k v", "INCR n", "MULTI", "EXEC"]), max_size=5)),
    max_size=8,
)


@settings(max_examples=40)
@given(PIPELINES)
def test_all_monitors_see_the_same_order_and_each_client_its_own(shared_ours, pipelines):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(shared_ours.client()) for _ in range(3)]
        monitors = [stack.enter_context(shared_ours.client()) for _ in range(2)]
        for monitor in monitors:
            monitor.must("MONITOR")
        expected: list[list[str]] = [[], [], []]
        queued: list[list[str] | None] = [None, None, None]
        for which, commands in pipelines:
            clients[which].send_bytes(b"".join(encode_command(*command.split()) for command in commands))
            for command in commands:
                clients[which].read()
                queued[which] = run(command, queued[which], expected[which])
        for client in clients:
            client.call("DISCARD")
        clients[0].must("ECHO", "the end")
        seen = [lines_of(monitor, with_address=True) for monitor in monitors]
        assert seen[0] == seen[1]
        for client, shown in zip(clients, expected, strict=True):
            address = "{}:{}".format(*client.socket.getsockname()).encode()
            own = [words for source, words in seen[0] if source == address and words != words_of("DISCARD")]
            assert own == [words_of(*command.split()) for command in shown]


def run(command: str, queue: list[str] | None, shown: list[str]) -> list[str] | None:
    """Adds what MONITOR shows of a command; returns the queue of the transaction, None outside of one."""
    if command == "EXEC":
        shown += [*(queue or []), "EXEC"]
        return None
    if queue is None or command == "MULTI":
        shown.append(command)
        return [] if command == "MULTI" and queue is None else queue
    return [*queue, command]


def test_what_a_pause_holds_back_is_shown_when_it_runs(shared_ours):
    """Redis 7.4 never shows it."""
    with contextlib.ExitStack() as stack:
        monitor, client, writes = [stack.enter_context(shared_ours.client()) for _ in range(3)]
        monitor.must("MONITOR")
        client.must("CLIENT", "PAUSE", 3_600_000, "WRITE")
        writes.send("SET", "k", "v")
        await_blocked(client, 1)
        client.must("ECHO", "first")
        client.must("CLIENT", "UNPAUSE")
        assert writes.read().decoded == "OK"
        client.must("ECHO", "the end")
        seen = [words for _, words in lines_of(monitor) if b"INFO" not in words]
        assert seen == [words_of("ECHO", "first"), words_of("SET", "k", "v")]
