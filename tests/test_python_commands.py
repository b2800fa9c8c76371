"""Commands in Python: their description, arguments and replies, what they call, and what the file gets of them."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading

import pytest
import redis
import redis.asyncio

import pyredis
from support.client import wait_until
from support.paths import server_environment

PROTOCOLS = pytest.mark.parametrize("protocol", [2, 3])


@pytest.fixture
def server():
    with pyredis.Server(appendonly=False) as running:
        yield running


@pytest.fixture
def client(server):
    with redis.Redis.from_url(server.url) as connected:
        yield connected


def addup(ctx, key: bytes, *values: int):
    return ctx.call("INCRBY", key, sum(values))


def one_reply(server, value, protocol):
    """What a client gets for a value that a handler returns."""
    server.command("REPLY")(lambda ctx: value)
    try:
        with redis.Redis.from_url(server.url, protocol=protocol) as client:
            return client.execute_command("REPLY")
    finally:
        server.remove_command("REPLY")


def raw(client, *words):
    """The reply as it was sent: redis-py converts those of COMMAND."""
    connection = client.connection_pool.get_connection()
    try:
        connection.send_command(*words)
        return connection.read_response()
    finally:
        client.connection_pool.release(connection)


# ---- the command ----


def test_a_command_is_added_before_and_after_the_start_and_again_after_a_stop():
    server = pyredis.Server()
    server.command("ADDUP key [value ...]", flags="write")(addup)
    with server, redis.Redis.from_url(server.url) as client:
        assert client.execute_command("ADDUP", "sum", 1, 2, 3) == 6

        @server.command("TWICE key", flags="write")
        def twice(ctx, key: bytes):
            return ctx.call("ADDUP", key, ctx.call("GET", key))

        assert client.execute_command("twice", "sum") == 12
    with server, redis.Redis.from_url(server.url) as client:
        assert client.execute_command("ADDUP", "sum", 1, 2, 3) == 6
        assert client.execute_command("TWICE", "sum") == 12


def test_a_command_runs_on_the_programs_loop():
    async def main():
        async with pyredis.serve() as server, redis.asyncio.Redis.from_url(server.url) as client:
            server.command("ADDUP key [value ...]", flags="write")(addup)
            assert await client.execute_command("ADDUP", "sum", 1, 2) == 3
            server.remove_command("ADDUP")
            with pytest.raises(redis.ResponseError, match="unknown command"):
                await client.execute_command("ADDUP", "sum", 1, 2)

    asyncio.run(main())


def test_the_number_of_arguments_follows_from_the_syntax(server, client):
    server.command("ADDUP key [value ...]", flags="write")(addup)
    server.command("PAIRS key value [key value ...]", flags="write")(lambda ctx, *words: list(words))
    for command in ("ADDUP", "PAIRS", "PAIRS a", "PAIRS a 1 b"):
        with pytest.raises(redis.ResponseError, match=r"wrong number of arguments for '(addup|pairs)' command"):
            client.execute_command(*command.split())
    assert client.execute_command("PAIRS", "a", "1", "b", "2") == [b"a", b"1", b"b", b"2"]


def test_command_describes_it(server, client):
    before = raw(client, "COMMAND", "COUNT")
    server.command(
        "ADDUP key [value:integer ...]",
        flags="write denyoom fast",
        categories="string",
        summary="Adds numbers to a key.",
        since="1.2.0",
        complexity="O(N)",
    )(addup)
    assert raw(client, "COMMAND", "COUNT") == before + 1
    (facts,) = raw(client, "COMMAND", "INFO", "AddUp")
    assert facts[:6] == [b"addup", -2, [b"write", b"denyoom", b"module", b"fast"], 1, 1, 1]
    assert facts[6] == [b"@write", b"@string", b"@fast"]
    documented = raw(client, "COMMAND", "DOCS", "addup")[b"addup"]
    assert documented[b"summary"] == b"Adds numbers to a key."
    assert (documented[b"since"], documented[b"group"], documented[b"complexity"]) == (b"1.2.0", b"module", b"O(N)")
    assert [argument[b"type"] for argument in documented[b"arguments"]] == [b"key", b"integer"]
    assert raw(client, "COMMAND", "GETKEYS", "ADDUP", "k", "1") == [b"k"]
    assert raw(client, "COMMAND", "GETKEYSANDFLAGS", "ADDUP", "k") == [[b"k", [b"RW", b"access", b"update"]]]
    for kind, value in (("PATTERN", "add*"), ("ACLCAT", "string")):
        assert b"addup" in raw(client, "COMMAND", "LIST", "FILTERBY", kind, value)
    assert b"addup" in raw(client, "COMMAND", "LIST")
    assert b"addup" in [facts[0] for facts in raw(client, "COMMAND")]
    server.remove_command("ADDUP")
    assert raw(client, "COMMAND", "COUNT") == before
    assert raw(client, "COMMAND", "INFO", "addup") == [None]
    assert raw(client, "COMMAND", "DOCS", "addup") == {}


def test_two_servers_have_their_own_commands(server, client):
    server.command("MINE")(lambda ctx: 1)
    with pyredis.Server() as other, redis.Redis.from_url(other.url) as stranger:
        other.command("MINE")(lambda ctx: 2)
        other.command("THEIRS")(lambda ctx: 3)
        assert (client.execute_command("MINE"), stranger.execute_command("MINE")) == (1, 2)
        with pytest.raises(redis.ResponseError, match="unknown command 'THEIRS'"):
            client.execute_command("THEIRS")
        assert raw(client, "COMMAND", "INFO", "theirs") == [None]


def test_many_commands_are_found(server, client):
    for number in range(1000):
        server.command(f"NUMBER{number}")(lambda ctx, number=number: number)
    assert [client.execute_command(f"NUMBER{number}") for number in range(0, 1000, 37)] == list(range(0, 1000, 37))
    assert client.get("nothing") is None


# ---- arguments and replies ----


def test_arguments_are_converted_as_the_annotations_say(server, client):
    seen = []

    @server.command("TYPES a b c d [e ...]")
    def types(ctx, a, b: str, c: float, d: "int | None", *e: int):
        seen.append((a, b, c, d, *e))

    client.execute_command("TYPES", b"\xff", "ä", "1e3", -5, 1, 2)
    assert seen == [(b"\xff", "ä", 1000.0, -5, 1, 2)]
    refused = [
        (("x", "y", "1", "01"), "ERR value is not an integer or out of range"),
        (("x", "y", "1", "9223372036854775808"), "ERR value is not an integer or out of range"),
        (("x", "y", "1", "9" * 5000), "ERR value is not an integer or out of range"),
        (("x", "y", "1", "1_0"), "ERR value is not an integer or out of range"),
        (("x", "y", "1", "+1"), "ERR value is not an integer or out of range"),
        (("x", "y", "1", "-0"), "ERR value is not an integer or out of range"),
        (("x", "y", "1", "\u0661"), "ERR value is not an integer or out of range"),
        (("x", "y", "1", ""), "ERR value is not an integer or out of range"),
        (("x", "y", "1", "1", "1", " 1"), "ERR value is not an integer or out of range"),
        (("x", "y", "1_0", "1"), "ERR value is not a valid float"),
        (("x", "y", "nan", "1"), "ERR value is not a valid float"),
        (("x", b"\xff", "1", "1"), "ERR value is not valid UTF-8"),
    ]
    with redis.Redis.from_url(server.url, retry=None) as plain:
        for arguments, text in refused:
            with pytest.raises(redis.ResponseError) as caught:
                plain.execute_command("TYPES", *arguments)
            assert f"ERR {caught.value}" == text
    assert len(seen) == 1


def test_the_context_may_be_annotated_with_a_name_that_only_a_type_checker_knows(server, client):
    @server.command("KNOWN key")
    def known(ctx: "Unknown", key: "bytes"):  # noqa: F821
        return key

    assert client.execute_command("KNOWN", "a") == b"a"
    with pytest.raises(TypeError, match="the annotation of key cannot be evaluated: Unknown"):

        @server.command("UNKNOWN key")
        def unknown(ctx, key: "Unknown"):  # noqa: F821
            return key


REPLIES = [
    (None, None, None),
    (True, 1, True),
    (5, 5, 5),
    (-(1 << 63), -(1 << 63), -(1 << 63)),
    (1.5, b"1.5", 1.5),
    ("text ä", "text ä".encode(), "text ä".encode()),
    (b"\x00\r\n", b"\x00\r\n", b"\x00\r\n"),
    (bytearray(b"x"), b"x", b"x"),
    (pyredis.Status("FINE"), b"FINE", b"FINE"),
    ([1, (b"a", None), []], [1, [b"a", None], []], [1, [b"a", None], []]),
    ({"a": 1, b"b": [2]}, [b"a", 1, b"b", [2]], {b"a": 1, b"b": [2]}),
    ({}, [], {}),
    (frozenset([7]), [7], {7}),
    ("", b"", b""),
]


@PROTOCOLS
@pytest.mark.parametrize("case", REPLIES, ids=lambda case: repr(case[0]))
def test_values_are_replies_in_both_protocols(server, case, protocol):
    value, in_two, in_three = case
    reply = one_reply(server, value, protocol)
    expected = in_two if protocol == 2 else in_three
    assert (list(reply) if isinstance(expected, set) else reply) == (
        list(expected) if isinstance(expected, set) else expected
    )


@PROTOCOLS
def test_a_number_of_any_size_is_a_reply(server, protocol):
    number = 1 << 70
    reply = one_reply(server, number, protocol)
    assert int(reply) == number


def test_huge_replies_arrive(server, client):
    server.command("HUGE")(lambda ctx: [b"x" * 10_000_000, list(range(100_000))])
    large, numbers = client.execute_command("HUGE")
    assert (len(large), numbers) == (10_000_000, list(range(100_000)))


@PROTOCOLS
def test_values_that_are_no_reply_are_errors(server, protocol, caplog):
    endless: list = []
    endless.append(endless)
    for value, text in [
        (object(), "TypeError: a reply cannot have a object"),
        ([1, {2: object()}], "TypeError: a reply cannot have a object"),
        (endless, "ValueError: a reply is nested more than 128 deep"),
        ({"a": 1, b"a": 2}, "ValueError: two keys of a dict are the same in a reply"),
        ({(1, 2): 3}, "TypeError: a key of a dict in a reply cannot be a tuple"),
    ]:
        with pytest.raises(redis.ResponseError) as caught:
            one_reply(server, value, protocol)
        assert str(caught.value) == text


# ---- what a handler raises ----


def test_an_exception_is_an_error_reply_and_a_line_in_the_log(server, client, caplog):
    @server.command("BROKEN")
    def broken(ctx):
        return {}["missing\r\n+injected"]

    with pytest.raises(redis.ResponseError) as caught:
        client.execute_command("BROKEN")
    assert str(caught.value) == r"KeyError: 'missing\r\n+injected'"
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.getMessage() == "command broken"
    assert 'return {}["missing' in caplog.text
    assert client.ping()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (pyredis.ReplyError("NOGOOD it is not"), "NOGOOD it is not"),
        (pyredis.ReplyError("two\r\n+lines"), "two  +lines"),
        (ValueError("a\r\n+OK"), "ValueError: a  +OK"),
        (ValueError("\udcff"), "ValueError: ?"),
        (ValueError(), "ValueError"),
        (ValueError("x" * 100_000), "ValueError: " + "x" * 1000),
        (SystemExit(3), "SystemExit: 3"),
        (RecursionError("deep"), "RecursionError: deep"),
        (MemoryError(), "MemoryError"),
        (StopIteration(1), "StopIteration: 1"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_raised_is_an_error_reply(server, client, error, text):
    @server.command("BROKEN key", flags="write")
    def broken(ctx, key):
        ctx.call("RPUSH", key, 1)
        raise error

    with pytest.raises(redis.ResponseError) as caught:
        client.execute_command("BROKEN", "list")
    assert str(caught.value) == text
    # As in a script, what has been done is not undone.
    assert client.lrange("list", 0, -1) == [b"1"]
    assert server.info("commandstats")["cmdstat_broken"]["failed_calls"] == 1


def test_an_exception_whose_text_cannot_be_had_is_reported_by_its_class(server, client):
    class Unspeakable(Exception):
        def __str__(self):
            raise ZeroDivisionError

    @server.command("BROKEN")
    def broken(ctx):
        raise Unspeakable

    with pytest.raises(redis.ResponseError, match=r"^Unspeakable$"):
        client.execute_command("BROKEN")


def test_a_log_that_fails_does_not_hide_the_error(server, client):
    class Failing(logging.Filter):
        def filter(self, record):
            raise OSError("no log")

    server.command("BROKEN")(lambda ctx: 1 // 0)
    refusing = Failing()
    logging.getLogger("pyredis").addFilter(refusing)
    try:
        with pytest.raises(redis.ResponseError, match=r"^ZeroDivisionError: "):
            client.execute_command("BROKEN")
    finally:
        logging.getLogger("pyredis").removeFilter(refusing)


def test_deep_recursion_in_a_handler_is_an_error(server, client):
    @server.command("DEEP")
    def deep(ctx):
        def down(level):
            return down(level + 1)

        return down(0)

    with pytest.raises(redis.ResponseError, match="RecursionError"):
        client.execute_command("DEEP")
    assert client.ping()


INTERRUPTED = """
import asyncio, signal, threading, pyredis, redis
# A shell that starts a program in the background makes it ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
loop = asyncio.new_event_loop()
replies = []

def ask(url):
    try:
        redis.Redis.from_url(url, retry=None).execute_command("PRESS")
    except redis.RedisError as error:
        replies.append(str(error))

async def main():
    # The slow log is Python code that runs after the handler, and must not be interrupted in its place.
    async with pyredis.serve(slowlog_log_slower_than=0) as server:
        @server.command("PRESS")
        def press(ctx):
            signal.raise_signal(signal.SIGINT)
        asking = threading.Thread(target=ask, args=(server.url,))
        asking.start()
        await asyncio.Event().wait()

try:
    loop.run_until_complete(main())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_reaches_the_program():
    command = [sys.executable, "-P", "-c", INTERRUPTED]
    result = subprocess.run(command, env=server_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout == "interrupted\n", result.stderr


# ---- the context ----


def test_the_context_says_for_whom_the_command_runs(server):
    @server.command("WHO")
    def who(ctx):
        return [ctx.client_id, ctx.db, ctx.protocol]

    for protocol in (2, 3):
        with redis.Redis.from_url(server.url, db=3, protocol=protocol) as client:
            assert client.execute_command("WHO") == [client.client_id(), 3, protocol]


def test_a_context_is_of_no_use_after_its_command_or_in_another_thread(server, client):
    kept, refused = [], []

    @server.command("KEEP")
    def keep(ctx):
        kept.append(ctx)

        def elsewhere():
            try:
                ctx.call("PING")
            except RuntimeError as error:
                refused.append(str(error))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    client.execute_command("KEEP")
    assert refused == ["a command's context belongs to the thread that runs the command"]
    for use in (lambda: kept[0].call("PING"), lambda: kept[0].db, lambda: kept[0].log("x")):
        with pytest.raises(RuntimeError, match="the command has ended"):
            use()
    with pytest.raises(TypeError):
        pyredis.CommandContext()
    with pytest.raises(RuntimeError, match="the command has ended"):
        pyredis.CommandContext.__new__(pyredis.CommandContext).call("PING")


def test_a_context_is_of_no_use_after_its_command_has_failed(server, client):
    kept = []

    @server.command("KEEP")
    def keep(ctx):
        kept.append(ctx)
        raise ValueError

    with pytest.raises(redis.ResponseError):
        client.execute_command("KEEP")
    with pytest.raises(RuntimeError, match="the command has ended"):
        kept[0].db  # noqa: B018


def test_the_context_logs(server, client, caplog):
    @server.command("SAY")
    def say(ctx):
        ctx.log("said quietly", "debug")
        ctx.log("said aloud", "warning")
        ctx.log("said", level="loud")

    with caplog.at_level(logging.DEBUG, logger="pyredis"), pytest.raises(redis.ResponseError, match="no such level"):
        client.execute_command("SAY")
    said = [(record.levelname, record.getMessage()) for record in caplog.records if "said" in record.getMessage()]
    assert said[:2] == [("DEBUG", "said quietly"), ("WARNING", "said aloud")]


def test_replies_of_called_commands_are_objects(server, client):
    seen = []

    @server.command("LOOK", flags="write")
    def look(ctx):
        ctx.call("SET", "s", b"\x00" * 100_000)
        ctx.call("HSET", "h", "f", 1)
        ctx.call("ZADD", "z", 1.5, "m")
        seen.extend([
            len(ctx.call("GET", "s")), ctx.call("HGETALL", "h"), ctx.call("ZSCORE", "z", "m"), ctx.call("GET", "none"),
            ctx.call("SMEMBERS", "none"), ctx.call("LRANGE", "none", 0, -1), ctx.call("SET", "x", "y"),
        ])  # fmt: skip

    client.execute_command("LOOK")
    assert seen == [100_000, {b"f": b"1"}, 1.5, None, set(), [], b"OK"]


def test_error_replies_are_raised_in_the_handler(server, client):
    caught = []

    @server.command("CATCH", flags="write")
    def catch(ctx):
        for command in (["NOSUCH", 1], ["GET"], ["CONFIG", "NOSUCH"], ["INCR", "text"], ["LPUSH", "text", 1]):
            try:
                ctx.call(*command)
            except pyredis.ReplyError as error:
                caught.append(str(error))
        return "survived"

    client.set("text", "x")
    assert client.execute_command("CATCH") == b"survived"
    assert caught == [
        "ERR unknown command 'NOSUCH', with args beginning with: '1' ",
        "ERR wrong number of arguments for 'get' command",
        "ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.",
        "ERR value is not an integer or out of range",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
    ]
    stats = server.info("everything")
    assert stats["cmdstat_catch"]["failed_calls"] == 0
    assert stats["errorstat_WRONGTYPE"]["count"] == 1


def test_an_error_that_the_handler_passes_on_is_the_reply(server, client):
    server.command("PASS key", flags="write")(lambda ctx, key: ctx.call("INCR", key))
    client.lpush("list", 1)
    with pytest.raises(redis.ResponseError, match=r"^WRONGTYPE Operation"):
        client.execute_command("PASS", "list")


def test_arguments_that_cannot_be_sent_are_errors_of_the_handler(server, client):
    server.command("SEND")(lambda ctx: ctx.call("ECHO", None))
    server.command("SENDNOTHING")(lambda ctx: ctx.call())
    with pytest.raises(redis.ResponseError, match=r"^TypeError: None is not an argument"):
        client.execute_command("SEND")
    with pytest.raises(redis.ResponseError, match=r"^ValueError: "):
        client.execute_command("SENDNOTHING")


def test_a_handler_may_call_what_a_script_may_call(server, client):
    refused = []

    @server.command("TRY")
    def attempt(ctx):
        for command in (
            "MULTI",
            "EXEC",
            "EVAL x 0",
            "SUBSCRIBE x",
            "MONITOR",
            "SHUTDOWN",
            "CLIENT ID",
            "QUIT",
            "RESET",
        ):
            try:
                ctx.call(*command.split())
            except pyredis.ReplyError as error:
                refused.append(str(error))

    client.execute_command("TRY")
    assert len(refused) == 9
    assert set(refused) == {"ERR This command may not be called by a command's handler"}
    assert client.ping()


def test_a_command_that_would_block_replies_as_in_a_transaction(server, client):
    server.command("POP", flags="write")(lambda ctx: ctx.call("BLPOP", "none", 0))
    assert client.execute_command("POP") is None


def test_select_in_a_handler_is_for_its_own_calls(server, client):
    @server.command("OTHER", flags="write")
    def other(ctx):
        ctx.call("SELECT", 5)
        ctx.call("SET", "here", ctx.db)
        return ctx.call("DBSIZE")

    assert client.execute_command("OTHER") == 1
    assert client.get("here") is None
    assert server.info("keyspace")["db5"]["keys"] == 1


# ---- checks ----


def test_a_command_without_the_flag_write_does_not_write(server, client):
    server.command("WRITES")(lambda ctx: ctx.call("SET", "a", 1))
    server.command("READS", flags="readonly")(lambda ctx: ctx.call("PUBLISH", "a", 1))
    server.command("PUBLISHES")(lambda ctx: ctx.call("PUBLISH", "a", 1))
    with pytest.raises(redis.ResponseError, match="without the flag 'write' may not write"):
        client.execute_command("WRITES")
    with pytest.raises(redis.ResponseError, match="flag 'readonly' may not call"):
        client.execute_command("READS")
    assert client.execute_command("PUBLISHES") == 0
    assert client.dbsize() == 0


def test_flags_decide_when_it_is_refused(server, client):
    server.command("WRITES key", flags="write denyoom")(lambda ctx, key: ctx.call("SET", key, 1))
    server.command("FREES key", flags="write")(lambda ctx, key: ctx.call("SET", key, 1))
    server.command("HIDDEN", flags="noscript")(lambda ctx: 1)
    with pytest.raises(redis.ResponseError, match="not allowed from script"):
        client.eval("return redis.call('HIDDEN')", 0)
    client.config_set("maxmemory", 1)
    for command in ("WRITES", "FREES"):
        with pytest.raises(redis.OutOfMemoryError):
            client.execute_command(command, "a")
    client.config_set("maxmemory", 0)
    assert client.execute_command("WRITES", "a") == b"OK"


def test_a_pause_holds_it_back_if_it_may_write(server, client):
    server.command("WRITES key", flags="write")(lambda ctx, key: ctx.call("INCR", key))
    server.command("READS key", flags="readonly")(lambda ctx, key: ctx.call("GET", key))
    client.client_pause(60_000, all=False)
    assert client.execute_command("READS", "a") is None
    with redis.Redis.from_url(server.url) as other:
        replies = []
        thread = threading.Thread(target=lambda: replies.append(other.execute_command("WRITES", "a")))
        thread.start()
        wait_until(lambda: server.info("clients")["blocked_clients"], "the held command")
        assert replies == []
        client.client_unpause()
        thread.join()
    assert replies == [1]


# ---- transactions, scripts, statistics ----


def test_a_transaction_queues_and_executes_it(server, client):
    server.command("ADDUP key [value ...]", flags="write")(addup)
    with client.pipeline(transaction=True) as pipe:
        pipe.set("sum", 1)
        pipe.execute_command("ADDUP", "sum", 1, 2)
        pipe.execute_command("ADDUP", "sum", "x")
        pipe.get("sum")
        replies = pipe.execute(raise_on_error=False)
    assert replies[:2] == [True, 4]
    assert str(replies[2]).startswith("value is not an integer")
    assert replies[3] == b"4"


def test_scripts_and_functions_call_it(server, client):
    server.command("ADDUP key [value ...]", flags="write")(addup)
    server.command("MANY")(lambda ctx: [1, "two", [3.5, None], {"a": True}])
    assert client.eval("return redis.call('ADDUP', KEYS[1], 5, ARGV[1]) + 1", 1, "sum", 6) == 12
    assert client.eval("return redis.pcall('ADDUP', KEYS[1], 'x').err", 1, "sum").startswith(b"ERR value is not an int")
    with pytest.raises(redis.ResponseError, match="value is not an integer"):
        client.eval("return redis.call('ADDUP', KEYS[1], 'x')", 1, "sum")
    assert client.eval("local r = redis.call('MANY'); return {r[1], r[2], r[3][1], #r}", 0) == [1, b"two", b"3.5", 4]
    with pytest.raises(redis.ResponseError, match="Write commands are not allowed from read-only scripts"):
        client.eval_ro("return redis.call('ADDUP', KEYS[1], 1)", 1, "sum")
    client.function_load(
        "#!lua name=lib\nredis.register_function('f', function(keys) return redis.call('ADDUP', keys[1], 9) end)"
    )
    assert client.fcall("f", 1, "sum") == 20


def test_a_slow_script_that_calls_it_lets_others_go_on(server, client):
    server.command("ADDUP key [value ...]", flags="write")(addup)
    client.config_set("busy-reply-threshold", 1)
    sums = []
    script = "for i = 1, 200000 do redis.call('ADDUP', 'sum', i) end return redis.call('GET', 'sum')"

    def run():
        with redis.Redis.from_url(server.url, retry=None) as other:
            sums.append(other.eval(script, 0))

    thread = threading.Thread(target=run)
    thread.start()
    refused = set()
    while thread.is_alive():
        try:
            client.execute_command("ADDUP", "other", 1)
        except redis.ResponseError as error:
            refused.add(str(error)[:10])
    thread.join()
    assert sums == [b"20000100000"]
    assert refused == {"BUSY Redis"}


def test_clients_that_wait_are_served_after_the_command(server, client):
    served = []

    @server.command("FEED", flags="write")
    def feed(ctx):
        ctx.call("RPUSH", "list", 1)
        ctx.call("RPUSH", "list", 2)
        return ctx.call("LLEN", "list")

    with redis.Redis.from_url(server.url) as other:
        thread = threading.Thread(target=lambda: served.append(other.blpop("list", 0)))
        thread.start()
        wait_until(lambda: server.info("clients")["blocked_clients"], "the waiting client")
        assert client.execute_command("FEED") == 2
        thread.join()
    assert served == [(b"list", b"1")]
    assert client.llen("list") == 1


def test_statistics_count_it_and_what_it_calls(server, client):
    server.command("ADDUP key [value ...]", flags="write")(addup)
    client.config_resetstat()
    client.config_set("slowlog-log-slower-than", 0)
    with client.monitor() as monitor:
        client.execute_command("ADDUP", "sum", 1)
        seen = []
        while "ADDUP sum 1" not in seen:
            seen.append(monitor.next_command()["command"])
    assert seen[-2:] == ["INCRBY sum 1", "ADDUP sum 1"]
    with contextlib.suppress(redis.ResponseError):
        client.execute_command("ADDUP")
    stats = server.info("everything")
    assert (stats["cmdstat_addup"]["calls"], stats["cmdstat_incrby"]["calls"]) == (1, 1)
    assert stats["cmdstat_addup"]["rejected_calls"] == 1
    assert b"addup" in client.execute_command("LATENCY", "HISTOGRAM", "addup")
    logged = [entry["command"] for entry in client.slowlog_get(10)]
    assert b"ADDUP sum 1" in logged
    assert b"INCRBY sum 1" in logged


# ---- the server inside its own command ----


def test_a_handler_that_uses_its_server_gets_an_error(server, client):
    caught = []

    @server.command("INWARD")
    def inward(ctx):
        for use in (
            server.info,
            server.reset,
            server.stop,
            server.start,
            lambda: server.clock.advance(1),
            lambda: server.remove_command("INWARD"),
            lambda: server.command("OTHER")(lambda ctx: 1),
        ):
            try:
                use()
            except RuntimeError as error:
                caught.append(str(error))

    client.execute_command("INWARD")
    own = "the handler of a command cannot use its own server, except by its context"
    assert caught == [own, own, own, "the server runs already", own, own, own]
    server.command("OTHER")(lambda ctx: 2)
    assert client.execute_command("OTHER") == 2
    assert server.info("clients")["connected_clients"] == 1


def test_a_handler_on_the_programs_loop_that_uses_its_server_gets_an_error():
    async def main():
        async with pyredis.serve() as server, redis.asyncio.Redis.from_url(server.url, retry=None) as client:
            server.command("INWARD")(lambda ctx: server.info())
            with pytest.raises(redis.ResponseError, match="cannot use its own server"):
                await client.execute_command("INWARD")

    asyncio.run(main())


def test_a_command_that_calls_itself_ends(server, client):
    server.command("AGAIN count")(lambda ctx, count: ctx.call("AGAIN", int(count) + 1))
    with pytest.raises(redis.ResponseError, match="Too many commands in Python call each other"):
        client.execute_command("AGAIN", 0)
    server.command("DOWN count")(lambda ctx, count: ctx.call("DOWN", int(count) - 1) if int(count) else "ground")
    assert client.execute_command("DOWN", 60) == b"ground"
    assert client.eval("return redis.call('DOWN', 60)", 0) == b"ground"


def test_a_context_that_calls_a_command_is_not_used_by_that(server, client):
    outer = []
    server.command("OUTER")(lambda ctx: (outer.append(ctx), ctx.call("INNER"))[1])
    server.command("INNER")(lambda ctx: outer[0].call("PING"))
    with pytest.raises(redis.ResponseError, match="is calling a command already"):
        client.execute_command("OUTER")
    assert client.ping()


def test_the_client_may_be_closed_in_its_command(server):
    inner = server._inner
    server.command("LEAVE")(lambda ctx: inner.clients[ctx.client_id].close())
    server.command("FAREWELL")(lambda ctx: inner.clients[ctx.client_id].close(after_reply=True))
    with redis.Redis.from_url(server.url, retry=None) as client:
        with pytest.raises(redis.ConnectionError):
            client.execute_command("LEAVE")
        assert client.execute_command("FAREWELL") is None
        assert client.ping()


# ---- removal ----


def test_a_transaction_that_has_queued_a_removed_command_gets_an_error_for_it(server, client):
    server.command("ADDUP key [value ...]", flags="write")(addup)
    with redis.Redis.from_url(server.url, retry=None) as other:
        connection = other.connection_pool.get_connection()
        for words in (["MULTI"], ["ADDUP", "sum", "1"], ["SET", "a", "1"]):
            connection.send_command(*words)
            connection.read_response()
        server.remove_command("addup")
        connection.send_command("EXEC")
        first, second = connection.read_response()
        assert str(first).startswith("unknown command 'ADDUP', with args beginning with: 'sum' '1'")
        assert second == b"OK"
        connection.disconnect()
    with pytest.raises(redis.ResponseError, match="unknown command"):
        client.execute_command("ADDUP", "sum", 1)
    assert "cmdstat_addup" not in server.info("commandstats")


def test_a_command_of_the_same_name_takes_the_place_of_a_removed_one(server):
    server.command("SAME key value")(lambda ctx, key, value: 1)
    with redis.Redis.from_url(server.url, retry=None) as client:
        connection = client.connection_pool.get_connection()
        for words in (["MULTI"], ["SAME", "k", "v"]):
            connection.send_command(*words)
            connection.read_response()
        before = server.info("memory")["used_memory"]
        for number in range(50):
            server.remove_command("SAME")
            server.command("SAME value key")(lambda ctx, value, key, number=number: number)
        assert abs(server.info("memory")["used_memory"] - before) < 20_000
        server.remove_command("SAME")
        server.command("SAME")(lambda ctx: 3)
        connection.send_command("EXEC")
        (reply,) = connection.read_response()
        assert str(reply) == "wrong number of arguments for 'same' command"
        connection.disconnect()
        assert client.execute_command("SAME") == 3


def test_a_paused_command_that_is_removed_meanwhile_is_unknown(server, client):
    server.command("WRITES key", flags="write")(lambda ctx, key: ctx.call("INCR", key))
    client.client_pause(60_000, all=False)
    errors = []

    def ask():
        with redis.Redis.from_url(server.url, retry=None) as other:
            try:
                other.execute_command("WRITES", "a")
            except redis.ResponseError as error:
                errors.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: server.info("clients")["blocked_clients"], "the held command")
    server.remove_command("WRITES")
    client.client_unpause()
    thread.join()
    assert errors[0].startswith("unknown command 'WRITES'")


# ---- the file ----

KILLED = """
import sys, pyredis, redis, os, signal
server = pyredis.Server(dir=sys.argv[1], appendfsync="always").start()

@server.command("ADDUP key [value ...]", flags="write")
def addup(ctx, key: bytes, *values: int):
    ctx.call("SET", "last", key)
    ctx.call("EXPIRE", key, 1000)
    return ctx.call("INCRBY", key, sum(values))

@server.command("LOOK key", flags="write")
def look(ctx, key):
    return ctx.call("GET", key)

client = redis.Redis.from_url(server.url)
client.execute_command("ADDUP", "a", 1, 2)
client.execute_command("LOOK", "a")
with client.pipeline() as pipe:
    pipe.execute_command("ADDUP", "a", 10)
    pipe.set("b", 1)
    pipe.execute()
client.eval("redis.call('ADDUP', 'a', 100); redis.call('INCR', 'b')", 0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_file_has_its_effects_and_is_loaded_by_a_server_without_it(tmp_path):
    command = [sys.executable, "-P", "-c", KILLED, str(tmp_path)]
    result = subprocess.run(command, env=server_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == -signal.SIGKILL, result.stderr
    (file,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    text = file.read_bytes().upper()
    assert b"ADDUP" not in text
    assert b"LOOK" not in text
    words = [line for line in text.split(b"\r\n") if line.isalpha() and len(line) > 2]
    assert words[:7] == [b"MULTI", b"SELECT", b"SET", b"LAST", b"INCRBY", b"EXEC", b"MULTI"]
    assert text.count(b"MULTI") == text.count(b"EXEC") == 3
    with pyredis.Server(dir=tmp_path) as server, redis.Redis.from_url(server.url) as client:
        assert (client.get("a"), client.get("b"), client.get("last")) == (b"113", b"2", b"a")
        assert client.ttl("a") > 900


def test_a_file_that_has_the_command_itself_is_refused(tmp_path):
    with pyredis.Server(dir=tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.set("a", 1)
    (file,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    file.write_bytes(file.read_bytes() + b"*2\r\n$5\r\nADDUP\r\n$1\r\na\r\n")
    server = pyredis.Server(dir=tmp_path)
    server.command("ADDUP key [value ...]", flags="write")(addup)
    with pytest.raises(pyredis.LoadError):
        server.start()
    assert os.path.getsize(file) > 0


# ---- databases in the process ----


def test_a_database_in_the_process_has_commands_in_python(tmp_path):
    with pyredis.open(tmp_path) as db:
        db.command("ADDUP key [value ...]", flags="write")(addup)
        assert db.execute_command("ADDUP", "sum", 1, 2, 3) == 6
        assert db.eval("return redis.call('ADDUP', 'sum', 4)", 0) == 10
        with db.pipeline() as pipe:
            pipe.execute_command("ADDUP", "sum", 10)
            pipe.get("sum")
            assert pipe.execute() == [20, b"20"]
        assert "addup" in db.command()
        with pyredis.open(tmp_path) as other:
            assert other.execute_command("ADDUP", "sum") == 20
            with pytest.raises(ValueError, match="there is a command of this name: 'addup'"):
                other.command("ADDUP key")
        with pytest.raises(redis.ResponseError, match="value is not an integer"):
            db.execute_command("ADDUP", "sum", "x")
        db.remove_command("ADDUP")
        with pytest.raises(redis.ResponseError, match="unknown command"):
            db.execute_command("ADDUP", "sum")
    with pyredis.open(tmp_path) as db:
        assert db.get("sum") == b"20"
        assert db.metrics()['redis_db_keys{db="db0"}'] == 1


def test_a_database_for_coroutines_has_them_too():
    async def main():
        async with pyredis.aopen() as db:
            db.command("ADDUP key [value ...]", flags="write")(addup)
            assert await db.execute_command("ADDUP", "sum", 1, 2) == 3
            assert "addup" in await db.command()

    asyncio.run(main())


def test_a_handler_that_uses_its_own_database_gets_an_error():
    with pyredis.open() as db:
        db.command("INWARD key")(lambda ctx, key: db.get(key))
        with pytest.raises(redis.ResponseError, match="RuntimeError: called while a command of the same database runs"):
            db.execute_command("INWARD", "key")
        assert db.get("key") is None


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (lambda db: db.close(), "close a database"),
        (lambda db: pyredis.open(), "open a database"),
        (lambda db: pyredis.open(name="handlers").close(), "open a database"),
        (lambda db: pyredis.connection_pool(), "open a database"),
        (lambda db: db.serve(), "make a database listen"),
    ],
)
def test_a_handler_can_neither_open_nor_close_a_database(use, text):
    """The thread that would do it may be waiting for the handler's database."""
    with pyredis.open(name="handlers") as db, pyredis.open() as other:
        other.command("USE")(lambda ctx: use(db))
        with pytest.raises(redis.ResponseError, match=f"RuntimeError: the handler of a command cannot {text}"):
            other.execute_command("USE")
        assert (db.ping(), other.ping()) == (True, True)


def test_a_handler_cannot_wait_for_another_database():
    with pyredis.open() as db, pyredis.open() as other:
        db.command("WAIT-FOR key")(lambda ctx, key: other.blpop(key, timeout=1))
        with pytest.raises(redis.ResponseError, match="RuntimeError: the handler of a command cannot wait for another"):
            db.execute_command("WAIT-FOR", "list")
        assert other.info("clients")["blocked_clients"] == 0
        other.rpush("list", "element")
        assert db.execute_command("WAIT-FOR", "list") == [b"list", b"element"]


def test_threads_call_commands_of_a_database_one_at_a_time():
    inside, most = [], []

    def slow(ctx, key):
        inside.append(key)
        most.append(len(inside))
        # Gives others the interpreter while the command runs.
        threading.Event().wait(0.001)
        inside.remove(key)
        return ctx.call("INCR", key)

    with pyredis.open() as db:
        db.command("SLOW key", flags="write")(slow)
        threads = [
            threading.Thread(target=lambda: [db.execute_command("SLOW", "count") for _ in range(20)]) for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert db.get("count") == b"100"
    assert max(most) == 1
