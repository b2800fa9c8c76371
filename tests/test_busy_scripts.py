"""Scripts that run for longer than ``busy-reply-threshold``: what other clients get meanwhile, and how to end them."""

import pytest

from fuzz.server import feed
from pyredis.lua.lua_libraries_handle import hook_count
from support.client import encode_command, wait_until
from support.in_process import Local

ENDLESS = "while true do end"
BUSY = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
UNKILLABLE = (
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script "
    "termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)
LOOPS = {
    "plain": ENDLESS,
    "pcall": "while true do pcall(function() while true do end end) end",
    "xpcall": "while true do xpcall(function() while true do end end, function() while true do end end) end",
    "coroutine": "while true do coroutine.wrap(function() pcall(function() while true do end end) end)() end",
    "metatable": "local t = setmetatable({}, {__index = function(t, k) return t[k + 1 - 1] end}) "
    "while true do pcall(function() return t[1] end) end",
    "redis.pcall": "while true do redis.pcall('get', 'a') end",
    "load": "while true do load(function() return ' ' end) end",
    "sort": "while true do pcall(table.sort, {3, 2, 1, 4}, function(a, b) while true do end end) end",
    "gsub": "while true do pcall(string.gsub, 'aaaa', 'a', function() while true do end end) end",
    "long strings": "local s = ('x'):rep(2e7) while true do local t = s .. 'y' end",
    "long strings caught": "local s = ('x'):rep(2e7) while true do pcall(function() local t = s .. 'y' end) end",
    "large replies": "local s = ('x'):rep(2e7) while true do redis.call('echo', s) end",
    "slow order": "local t = {} for i = 1, 1e6 do t[i] = i % 2 end while true do table.sort(t) end",
    "an order that never ends": "local t = {} for i = 1, 1000 do t[i] = i end "
    "while true do pcall(table.sort, t, function(a, b) return true end) end",
    "concat": "local t = {} for i = 1, 1e6 do t[i] = 'x' end while true do local s = table.concat(t) end",
    "remove": "local t = {} for i = 1, 1e6 do t[i] = i end while true do table.remove(t, 1) table.insert(t, 1, 1) end",
    "case": "local s = ('x'):rep(1e7) while true do s:upper():lower():reverse() end",
    "parse": "local s = ('x=1 '):rep(1e6) while true do loadstring(s) end",
    "digest": "local s = ('x'):rep(1e8) while true do redis.sha1hex(s) end",
    "collector": "local t = {} for i = 1, 1e6 do t[i] = {} end while true do collectgarbage() end",
    "json": "local t = {} for i = 1, 1e6 do t[i] = i end while true do cjson.decode(cjson.encode(t)) end",
    "messages": "local t = {} for i = 1, 1e6 do t[i] = i end while true do cmsgpack.unpack(cmsgpack.pack(t)) end",
    "format": "local s = ('<'):rep(1e7) while true do struct.size(s) end",
}


@pytest.fixture
def server(start_ours):
    return start_ours("--busy-reply-threshold", "50", "--enable-debug-command", "yes")


def begin(server, script, *arguments):
    """Returns a client whose script makes the server busy, and another one that has got BUSY."""
    runner, other = server.client(), server.client()
    runner.send("EVAL", script, 0, *arguments)
    wait_until(lambda: is_busy(other), "the server is busy")
    return runner, other


def is_busy(client):
    return str(client.do("PING")).startswith("BUSY")


def until_free(client):
    wait_until(lambda: client.do("PING") == "PONG", "the server serves again")


@pytest.mark.parametrize("name", LOOPS)
def test_an_endless_script_can_be_killed(server, name):
    runner, other = begin(server, LOOPS[name])
    assert str(other.do("GET", "a")) == BUSY
    assert other.do("SCRIPT", "KILL") == "OK"
    until_free(other)
    reply = runner.read()
    assert reply.is_error
    assert b"Script killed by user with SCRIPT KILL..." in reply.raw
    assert runner.do("EVAL", "return 1", 0) == 1
    assert str(other.do("SCRIPT", "KILL")) == "NOTBUSY No scripts in execution right now."


def test_others_are_refused_and_may_connect(server):
    runner, other = begin(server, ENDLESS)
    with server.client() as newcomer:
        for command in ("GET a", "SET a 1", "INFO", "EVAL return 0", "SCRIPT FLUSH", "CLIENT LIST", "SHUTDOWN"):
            assert str(newcomer.do(*command.split())) == BUSY
        assert newcomer.do("MULTI") == "OK"
        assert str(newcomer.do("SET", "a", "1")) == BUSY
        assert str(newcomer.do("EXEC")).startswith("EXECABORT")
        newcomer.hello(3)
        assert newcomer.do("RESET") == "RESET"
        assert newcomer.do("SCRIPT", "KILL") == "OK"
    until_free(other)
    assert runner.read().is_error
    assert server.log().count("Slow script detected") == 1


def test_a_script_that_has_written_cannot_be_killed(server):
    _, other = begin(server, "redis.call('set','a',1) while true do end")
    assert str(other.do("SCRIPT", "KILL")) == UNKILLABLE
    assert str(other.do("GET", "a")) == BUSY
    other.send("SHUTDOWN", "NOSAVE")
    wait_until(lambda: not server.running(), "the server has ended")
    server.start()
    with server.client() as client:
        # What a script writes reaches the file only when the script has ended.
        assert client.must("GET", "a") is None


def test_a_long_script_ends_and_replies(server):
    script = """local n = 0
                for i = 1, 30000000 do n = n + 1 end
                redis.call('set', 'a', n) redis.call('rpush', 'l', 1, 2)
                return {n, redis.call('get', 'a')}"""
    runner, other = begin(server, script)
    runner.send("GET", "a")
    assert runner.read().decoded == [30000000, b"30000000"]
    assert runner.read().decoded == b"30000000"
    assert other.do("LRANGE", "l", 0, -1) == [b"1", b"2"]
    assert other.must("DEBUG", "LOADAOF") == "OK"
    assert other.do("LRANGE", "l", 0, -1) == [b"1", b"2"]


def test_a_transaction_with_a_long_script(server):
    with server.client() as runner, server.client() as other:
        for command in (("MULTI",), ("SET", "a", "1"), ("EVAL", "for i=1,30000000 do end return 7", 0), ("INCR", "a")):
            runner.must(*command)
        runner.send("EXEC")
        wait_until(lambda: is_busy(other), "the server is busy")
        assert runner.read().decoded == ["OK", 7, 2]
        assert other.must("GET", "a") == b"2"


def test_replies_before_and_after_a_long_script_keep_their_order(server):
    with server.client() as runner:
        runner.must("SET", "large", b"x" * 200000)
        commands = [
            ("SET", "a", 1),
            ("GET", "large"),
            ("EVAL", "for i=1,20000000 do end return {1,{2}}", 0),
            ("GET", "a"),
        ]
        for command in commands:
            runner.send(*command)
        replies = [runner.read().decoded for _ in commands]
        assert replies == ["OK", b"x" * 200000, [1, [2]], b"1"]


def test_a_client_that_has_gone_meanwhile_harms_nobody(server):
    runner, other = begin(server, ENDLESS)
    runner.close()
    assert str(other.do("GET", "a")) == BUSY
    assert other.do("SCRIPT", "KILL") == "OK"
    until_free(other)
    assert other.do("EVAL", "return 5", 0) == 5


def test_expired_keys_stay_while_a_script_sees_them(server):
    with server.client() as setup:
        setup.must("SET", "a", 1, "PX", 60)
    script = """local n = redis.call('exists', 'a')
                for i = 1, 30000000 do end
                return {n, redis.call('exists', 'a')}"""
    with server.client() as runner, server.client() as other:
        runner.send("EVAL", script, 0)
        wait_until(lambda: is_busy(other), "the server is busy")
        seen = runner.read().decoded
        assert seen[0] == seen[1]
        wait_until(lambda: other.do("EXISTS", "a") == 0, "the key has expired")


def test_clients_that_wait_for_keys_time_out_meanwhile(server):
    with server.client() as waiter, server.client() as setup:
        waiter.send("BLPOP", "queue", "0.3")
        wait_until(lambda: b"blocked_clients:1" in setup.must("INFO", "clients"), "the client waits")
        runner, other = begin(server, ENDLESS)
        assert waiter.read().decoded is None
        assert is_busy(other)
        assert other.do("SCRIPT", "KILL") == "OK"
        assert runner.read().is_error


def test_a_server_without_a_threshold_never_calls_a_script_slow(start_ours):
    server = start_ours("--busy-reply-threshold", "0")
    with server.client() as client:
        assert client.must("EVAL", "for i=1,30000000 do end return 1", 0) == 1
    assert "Slow script" not in server.log()


def test_the_threshold_can_be_set_while_serving(start_ours):
    server = start_ours("--busy-reply-threshold", "0")
    with server.client() as client:
        client.must("CONFIG", "SET", "busy-reply-threshold", "50")
    runner, other = begin(server, "while true do end")
    assert other.do("SCRIPT", "KILL") == "OK"
    assert runner.read().is_error


def test_what_a_suspended_script_publishes_is_delivered_after_its_changes_are_in_the_file(start_ours):
    server = start_ours("--busy-reply-threshold", "50", "--appendonly", "yes", "--appendfsync", "always")
    script = (
        "redis.call('set', KEYS[1], 'v') redis.call('publish', 'c', 'm') "
        "local begun = os.clock() while os.clock() - begun < 1 do end return 'over'"
    )
    with server.client(3) as subscriber, server.client() as runner, server.client() as other:
        subscriber.must("CONFIG", "SET", "notify-keyspace-events", "KA")
        subscriber.send("SUBSCRIBE", "c", "__keyspace@0__:k")
        for _ in range(2):
            subscriber.read()
        runner.send("EVAL", script, 1, "k")
        wait_until(lambda: is_busy(other), "the server is busy")
        # A command of the subscriber's does not bring them either.
        assert is_busy(subscriber)
        assert is_busy(other)
        messages = [subscriber.read().decoded for _ in range(2)]
        assert messages == [[b"message", b"__keyspace@0__:k", b"set"], [b"message", b"c", b"m"]]
        assert appended(server).endswith(b"$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n")
        assert runner.read().decoded == b"over"


def appended(server) -> bytes:
    (path,) = (server.folder / "appendonlydir").glob("*.incr.aof")
    return path.read_bytes()


def test_a_script_with_a_very_long_string_is_looked_at_more_often(tmp_path):
    """A single one of its instructions may take long."""
    local = Local(tmp_path)
    local.must("CONFIG", "SET", "busy-reply-threshold", "50")
    local.must("EVAL", "return 1", 0)
    usual = hook_count(local.core)
    runner = local.server.connect()
    script = "local text = string.rep('x', 2e7) while true do end"
    sum(feed(runner.connection, encode_command("EVAL", script, 0)))
    assert local.core.busy
    assert hook_count(local.core) <= usual // 10
    assert local.must("SCRIPT", "KILL") == b"OK"
    local.server.hub.loop.run()
    assert hook_count(local.core) == usual


def test_the_hook_that_ends_a_script_is_not_left_for_the_next(tmp_path):
    """It is called at every instruction, and makes a loop ten times slower."""
    local = Local(tmp_path)
    local.must("CONFIG", "SET", "busy-reply-threshold", "1")
    local.must("EVAL", "return 1", 0)
    usual = hook_count(local.core)
    runner = local.server.connect()
    sum(feed(runner.connection, encode_command("EVAL", ENDLESS, 0)))
    assert local.core.busy
    assert local.must("SCRIPT", "KILL") == b"OK"
    local.server.hub.loop.run()
    assert b"Script killed" in runner.written
    assert not local.core.busy
    assert hook_count(local.core) == usual > 1
    local.must("EVAL", "return 1", 0)
