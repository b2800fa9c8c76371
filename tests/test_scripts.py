"""EVAL, EVALSHA and SCRIPT, compared with the oracle in both protocols."""

import hashlib
import re

import pytest

from pyredis.commands.table.command_table import SPECS
from support.client import wait_until
from support.script_cases import CALLS, CONVERSIONS, ERRORS, FLAGS, LANGUAGE, SANDBOX


@pytest.fixture
def data(pair):
    """Keys of five types, on both servers."""
    for command in ("HSET h a 1", "SADD s a", "ZADD z 1.5 a", "RPUSH l a b c", "SET x 5"):
        pair.setup(*command.split())
    return pair


@pytest.mark.parametrize("script", CONVERSIONS)
def test_values_become_replies(pair, script):
    pair.check("EVAL", script, 0)
    pair.check("EVAL", f"redis.setresp(3) {script}", 0)


def test_a_table_inside_itself_is_a_reply_up_to_a_limit(pair2):
    replies = []
    for client in (pair2.ours, pair2.oracle):
        client.send("EVAL", "local t={} t[1]=t return t", 0)
        client.send("ECHO", "end")
        reply = b""
        while not reply.endswith(b"$3\r\nend\r\n"):
            reply += client.readline()
        replies.append(reply)
    assert replies[0] == replies[1]


@pytest.mark.parametrize("script", CALLS)
def test_replies_become_values(data, script):
    data.check("EVAL", script, 0)
    data.check("EVAL", f"redis.setresp(3) {script}", 0)
    data.digest()


@pytest.mark.parametrize("script", ERRORS)
def test_errors_have_the_texts_of_redis(data, script):
    data.check("EVAL", script, 0)


@pytest.mark.parametrize("script", SANDBOX)
def test_scripts_cannot_change_what_they_share(pair, script):
    pair.check("EVAL", script, 0)


@pytest.mark.parametrize("script", LANGUAGE)
def test_the_functions_of_the_sandbox_are_those_of_lua(pair, script):
    pair.check("EVAL", script, 0)


# Redis 7.0 has other flags for these than 7.4.
OTHERWISE = {"waitaof", "hello", "auth"}
COMMANDS = [spec for spec in SPECS.values() if spec.since < "7.0.9" and spec.name not in OTHERWISE]


def refusal(reply):
    """Returns the error that refuses a command to scripts of a kind; None for everything else."""
    return reply if " not allowed from " in str(reply) else None


@pytest.mark.parametrize("flags", ["EVAL", "EVAL_RO", "no-writes"])
def test_every_command_is_allowed_or_refused_as_in_redis(pair2, flags):
    command, first = ("EVAL", "#!lua flags=no-writes\n") if flags == "no-writes" else (flags, "")
    for spec in COMMANDS:
        words = [spec.name, *["x"] * (abs(spec.arity) - 1)]
        script = f"{first}return redis.pcall(unpack(ARGV))"
        if not {"admin", "blocking"} & spec.flags and spec.name not in ("flushall", "flushdb", "swapdb"):
            pair2.check(command, script, 0, *words, by=refusal)


@pytest.mark.parametrize("script", FLAGS)
def test_the_first_line_may_have_flags(pair, script):
    pair.check("EVAL", script, 0)
    pair.check("EVAL_RO", script, 0)
    pair.check("SCRIPT", "LOAD", script)


@pytest.mark.parametrize(
    "arguments",
    [
        ("return {KEYS[1],KEYS[2],ARGV[1],ARGV[2],#KEYS,#ARGV}", 2, "a", "b", "c", "d"),
        ("return {#KEYS,#ARGV}", 0),
        ("return {#KEYS,#ARGV}", 0, ""),
        ("return ARGV[1]", 0, b"\0\xff\r\n"),
        ("return 1", "x"),
        ("return 1", 3, "a"),
        ("return 1", -1, "a"),
        ("return 1",),
        ("return 1", 9223372036854775808),
    ],
)
def test_keys_and_arguments(pair, arguments):
    for command in ("EVAL", "EVAL_RO"):
        pair.check(command, *arguments)
    pair.check("EVALSHA", hashlib.sha1(arguments[0].encode()).hexdigest(), *arguments[1:])


def test_a_script_is_known_by_its_digest(pair):
    digest = pair.check("SCRIPT", "LOAD", "return 7").decode()
    for name in (digest, digest.upper()):
        pair.check("EVALSHA", name, 0)
        pair.check("EVALSHA_RO", name, 0)
    for name in ("x", "0" * 40, digest[:-1], digest + "0"):
        pair.check("EVALSHA", name, 0)
    pair.check("SCRIPT", "EXISTS", digest, digest.upper(), "x")
    pair.check("SCRIPT", "EXISTS")
    for words in (("FLUSH", "x"), ("FLUSH", "SYNC", "x"), ("FLUSH", "ASYNC"), ("FLUSH",), ("FLUSH", "sync")):
        pair.check("SCRIPT", *words)
    pair.check("SCRIPT", "EXISTS", digest)
    pair.check("EVALSHA", digest, 0)


@pytest.mark.parametrize("command", ["EVALSHA", "EVALSHA_RO"])
@pytest.mark.parametrize("digest", ["", "x", "0" * 39, "0" * 40, "0" * 41])
@pytest.mark.parametrize("count", ["x", "-1", "5", "0"])
def test_what_is_no_digest_is_refused_before_the_number_of_keys(pair, command, digest, count):
    pair.check(command, digest, count)


def test_there_is_no_debugger(client):
    assert str(client.do("SCRIPT", "DEBUG", "YES")).startswith("ERR SCRIPT DEBUG is not supported")
    assert client.do("SCRIPT", "DEBUG", "NO") == "OK"


@pytest.mark.parametrize("words", ["KILL", "KILL x", "DEBUG x", "DEBUG no", "DEBUG", "LOAD", "NOSUCH", "LOAD a b"])
def test_other_forms_of_script(pair2, words):
    pair2.check("SCRIPT", *words.split())


def test_script_load_says_what_does_not_compile(pair2):
    pair2.check("SCRIPT", "LOAD", "return x x")
    pair2.check("SCRIPT", "LOAD", b"\x1bLua")


def test_read_only_scripts_write_nothing(data):
    for script in ("return redis.call('set','x',1)", "return redis.pcall('del','x')", "return redis.call('get','x')"):
        data.check("EVAL_RO", script, 0)
    data.digest()


def test_the_database_of_the_client_stays(pair2):
    pair2.check("SELECT", 2)
    pair2.check("EVAL", "redis.call('set','a',1) redis.call('select',5) return redis.call('set','b',1)", 0)
    pair2.check("KEYS", "*")
    pair2.check("EVAL", "return redis.call('keys','*')", 0)
    pair2.digest()


def test_the_protocol_of_a_script_is_its_own(data):
    data.check("EVAL", "redis.setresp(3) return redis.call('hgetall','h')", 0)
    data.check("EVAL", "return redis.call('hgetall','h')", 0)
    data.check("HGETALL", "h")


def test_scripts_in_a_transaction(data):
    data.check("MULTI")
    for script in ("return redis.call('incr','x')", "error('x')", "return {1,{2}}", "redis.call('incr','s')"):
        data.check("EVAL", script, 0)
    data.check("EVALSHA", "0" * 40, 0)
    data.check("GET", "x")
    data.check("EXEC")
    data.digest()


def test_a_script_that_changes_a_watched_key_fails_the_transaction(data):
    for script, key in (("return redis.call('set','x',1)", "x"), ("return redis.call('get','x')", "x")):
        data.check("WATCH", key)
        data.check("EVAL", script, 0)
        data.check("MULTI")
        data.check("PING")
        data.check("EXEC")


def test_blocking_commands_answer_at_once(client):
    for script in ("return redis.call('blpop','nosuch',0)", "return redis.call('bzpopmin','nosuch',0)"):
        assert client.do("EVAL", script, 0) is None
    assert client.do("EVAL", "return redis.call('xread','block',0,'streams','nosuch','$')", 0) is None


def test_clients_that_wait_are_served_after_the_script(shared_ours):
    with shared_ours.client() as waiter, shared_ours.client() as other:
        waiter.send("BLPOP", "queue", 0)
        wait_until(lambda: b"blocked_clients:1" in other.must("INFO", "clients"), "the client waits")
        script = "redis.call('rpush','queue','a','b') return redis.call('llen','queue')"
        assert other.must("EVAL", script, 0) == 2
        assert waiter.read().decoded == [b"queue", b"a"]
        assert other.must("LLEN", "queue") == 1


def test_time_stands_still_in_a_script(client):
    client.must("SET", "a", "1", "PX", 20)
    script = """local n = redis.call('exists', 'a')
                local t = redis.call('pttl', 'a')
                for i = 1, 3000000 do end
                return {n == redis.call('exists', 'a'), t == redis.call('pttl', 'a'),
                        redis.call('time')[2] == redis.call('time')[2]}"""
    assert client.must("EVAL", script, 0) == [1, 1, 1]


def test_memory_is_checked_where_a_script_begins_to_write(data):
    scripts = [
        "return redis.call('set','a',1)",
        "redis.call('del','a') return redis.call('set','a',1)",
        "return redis.call('get','x')",
        "#!lua\nreturn 1",
        "#!lua flags=no-writes\nreturn 1",
        "#!lua flags=allow-oom\nreturn redis.call('set','a',1)",
        "return redis.pcall('set','a',1)",
    ]
    with data.config(maxmemory=1):
        for script in scripts:
            for command in ("EVAL", "EVAL_RO"):
                data.check(command, script, 0)
    data.digest()


def test_a_script_with_flags_is_refused_for_lack_of_memory_before_it_is_queued(client):
    """Redis 7.0 queues no command at all then."""
    client.must("CONFIG", "SET", "maxmemory", 1)
    for script, refused in (("return 1", False), ("#!lua flags=no-writes\nreturn 1", False), ("#!lua\nreturn 1", True)):
        client.must("MULTI")
        assert client.call("EVAL", script, 0).raw.startswith(b"-OOM ") == refused
        assert client.call("EXEC").raw.startswith(b"-EXECABORT ") == refused


def test_errors_and_calls_are_counted_as_in_redis(data):
    data.setup("CONFIG", "RESETSTAT")
    scripts = [
        "redis.pcall('incr','s','x') redis.pcall('lpush','x','x') redis.pcall('nosuch') return 1",
        "error('x')",
        "redis.call('lpush','x','y')",
        "return redis.error_reply('MY x')",
        "return {err='MY x'}",
        "return redis.pcall('lpush','x','y')",
        "return {1,{err='INNER x'}}",
        "return x x",
    ]
    for script in scripts:
        data.check("EVAL", script, 0)
    data.check("EVALSHA", "0" * 40, 0)
    data.check("EVAL_RO", "#!lua\nreturn 1", 0)
    data.check("INFO", "errorstats")
    data.check("INFO", "commandstats", by=without_times)
    data.check("INFO", "stats", by=lambda text: re.search(rb"total_error_replies:\d+", text)[0])


def without_times(text: bytes) -> list[bytes]:
    lines = [line for line in text.split(b"\r\n") if b"|" not in line and b"info" not in line]
    return sorted(re.sub(rb"usec[^,]*,", b"", line) for line in lines)


def test_the_slow_log_has_the_script_and_its_commands(data):
    data.setup("CONFIG", "SET", "slowlog-log-slower-than", 0)
    data.setup("SLOWLOG", "RESET")
    data.check("EVAL", "redis.call('set','a',1) return redis.call('get','a')", 0)
    data.setup("CONFIG", "SET", "slowlog-log-slower-than", 10000)
    data.check("SLOWLOG", "GET", by=lambda rows: [row[3] for row in rows])


def test_sequences_of_random_numbers_are_those_of_redis(pair2):
    pair2.check("EVAL", "math.randomseed(42) local r={} for i=1,50 do r[i]=math.random(1000) end return r", 0)
    pair2.check("EVAL", "local r={} for i=1,50 do r[i]=tostring(math.random()) end return r", 0)


# ---- what only later versions have ----


def test_the_oldest_scripts_of_eval_are_forgotten(start_ours):
    server = start_ours()
    with server.client() as client:
        loaded = client.must("SCRIPT", "LOAD", "return 'kept'").decode()
        digests = []
        for number in range(600):
            script = f"return {number}"
            assert client.must("EVAL", script, 0) == number
            digests.append(hashlib.sha1(script.encode()).hexdigest())
            assert client.must("EVALSHA", digests[0], 0) == 0
        info = client.must("INFO", "everything")
        assert b"\nnumber_of_cached_scripts:501\r" in info
        assert b"\nevicted_scripts:100\r" in info
        known = client.must("SCRIPT", "EXISTS", loaded, *digests)
        assert known == [1, 1, *[0] * 100, *[1] * 499]
        client.must("SCRIPT", "LOAD", "return 102")
        for number in range(600, 1100):
            client.must("EVAL", f"return {number}", 0)
        assert client.must("SCRIPT", "EXISTS", digests[102], digests[103]) == [1, 0]
        # One that is neither the oldest nor the newest is used.
        used, other = (hashlib.sha1(f"return {number}".encode()).hexdigest() for number in (700, 701))
        assert client.must("EVALSHA", used, 0) == 700
        for number in range(1100, 1350):
            client.must("EVAL", f"return {number}", 0)
        assert client.must("SCRIPT", "EXISTS", used, other) == [1, 0]
        client.must("SCRIPT", "FLUSH")
        assert b"\nnumber_of_cached_scripts:0\r" in client.must("INFO", "memory")


def test_server_is_another_name_of_redis(client):
    assert client.must("EVAL", "return {server == redis, server.call('ping').ok}", 0) == [1, b"PONG"]


def test_the_version_is_that_of_info(client):
    version, number = client.must("EVAL", "return {redis.REDIS_VERSION, redis.REDIS_VERSION_NUM}", 0)
    assert f"redis_version:{version.decode()}\r" in client.must("INFO", "server").decode()
    major, minor, patch = map(int, version.split(b"."))
    assert number == major << 16 | minor << 8 | patch


NUMBERS = [
    *(("1e17", b"100000000000000000"), ("-0.0", b"0"), ("0.1", b"0.1"), ("-6.59", b"-6.59"), ("1e-278", b"1e-278")),
    *(("2^62", b"4611686018427387904"), ("2^63", b"9223372036854776000"), ("-2^63", b"-9223372036854776000")),
    *(("1e20", b"1e+20"), ("8.27036e-12", b"8.27036e-12"), ("356553.7038414015", b"3.565537038414015e+5")),
    *(("1e300 * 1e300", b"inf"), ("-1e300 * 1e300", b"-inf"), ("1 / 3", b"0.3333333333333333")),
]


@pytest.mark.parametrize(("number", "text"), NUMBERS)
def test_a_number_is_an_argument_with_the_fewest_digits_that_keep_it(client, number, text):
    """As of Redis 7.2; earlier versions write 17 digits."""
    assert client.must("EVAL", f"return redis.call('ECHO', {number})", 0) == text
    assert client.must("EVAL", f"redis.call('SET', 'n', {number}) return redis.call('GET', 'n')", 0) == text


@pytest.mark.parametrize("level", [-1, -1000, 4])
def test_a_level_that_the_log_does_not_have_is_refused(client, level):
    reply = client.call("EVAL", f"redis.log({level}, 'x')", 0)
    assert reply.raw.startswith(b"-ERR Invalid log level.")


def test_scripts_log(start_ours):
    server = start_ours()
    with server.client() as client:
        client.must("EVAL", "redis.log(redis.LOG_WARNING, 'one', 2, 'three')", 0)
        client.must("EVAL", "redis.log(redis.LOG_DEBUG, 'unseen')", 0)
    assert "one 2 three" in server.log()
    assert "unseen" not in server.log()
