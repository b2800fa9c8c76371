"""Functions that run for longer than ``busy-reply-threshold``: what others get, and which command ends what."""

import pytest
from test_busy_scripts import BUSY, ENDLESS, UNKILLABLE, is_busy, until_free

from support.client import wait_until
from support.function_cases import library

BUSY_FUNCTION = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
TEXT = library(
    "busy",
    f"""redis.register_function('spin', function() {ENDLESS} end)
    redis.register_function('catch', function() while true do pcall(function() {ENDLESS} end) end end)
    redis.register_function('calls', function() while true do redis.pcall('get', 'a') end end)
    redis.register_function('writes', function(k) redis.call('set', k[1], 1) {ENDLESS} end)
    redis.register_function('coroutine', function() coroutine.wrap(function() {ENDLESS} end)() end)
    redis.register_function('pattern', function()
        while true do string.find(string.rep('a', 100000), string.rep('a-', 50) .. 'b') end
    end)
    redis.register_function('one', function() return 1 end)""",
)


@pytest.fixture(params=["ours", "oracle"])
def server(request):
    """Our server, and the oracle with the same tests, so that the texts are its."""
    start = request.getfixturevalue(f"start_{request.param}")
    server = start("--busy-reply-threshold", "50", "--enable-debug-command", "yes")
    with server.client() as client:
        client.must("FUNCTION", "LOAD", TEXT)
    return server


@pytest.fixture
def ours(start_ours):
    server = start_ours("--busy-reply-threshold", "50", "--enable-debug-command", "yes", "--appendonly", "yes")
    with server.client() as client:
        client.must("FUNCTION", "LOAD", TEXT)
    return server


def begin(server, *command, protocol=2):
    """Returns a client whose command makes the server busy, and another one that has got BUSY."""
    runner, other = server.client(), server.client(protocol)
    runner.send(*command)
    wait_until(lambda: is_busy(other), "the server is busy")
    return runner, other


def test_a_function_is_ended_by_function_kill_alone(server):
    runner, other = begin(server, "FCALL", "spin", 0)
    for command in ("GET a", "FCALL one 0", "FUNCTION LIST", "FUNCTION FLUSH", "FUNCTION DUMP", "EVAL x 0", "INFO"):
        assert str(other.do(*command.split())) == BUSY_FUNCTION
    assert str(other.do("SCRIPT", "KILL")) == BUSY_FUNCTION
    assert other.do("FUNCTION", "KILL") == "OK"
    until_free(other)
    reply = str(runner.read().decoded)
    assert reply.startswith("ERR ")
    assert "Script killed by user with SCRIPT KILL... script: " in reply
    assert "script: spin, on @user_function:2." in reply
    assert runner.do("FCALL", "one", 0) == 1
    for word in ("SCRIPT", "FUNCTION"):
        assert str(other.do(word, "KILL")) == "NOTBUSY No scripts in execution right now."


def test_a_script_is_ended_by_script_kill_alone(server):
    runner, other = begin(server, "EVAL", ENDLESS, 0)
    assert str(other.do("FUNCTION", "KILL")) == BUSY
    assert str(other.do("FUNCTION", "STATS")) == BUSY
    assert str(other.do("FCALL", "one", 0)) == BUSY
    assert other.do("SCRIPT", "KILL") == "OK"
    until_free(other)
    assert runner.read().is_error


def test_stats_shows_the_function_that_runs(server):
    runner, other = begin(server, "FCALL", "spin", 1, "key", b"\0argument", protocol=3)

    def running():
        return other.do("FUNCTION", "STATS")[b"running_script"]

    assert running()[b"name"] == b"spin"
    assert running()[b"command"] == [b"FCALL", b"spin", b"1", b"key", b"\0argument"]
    wait_until(lambda: running()[b"duration_ms"] > 100, "the duration grows")
    assert other.do("FUNCTION", "STATS")[b"engines"] == {
        b"LUA": {b"libraries_count": 1, b"functions_count": TEXT.count("register_function")}
    }
    assert other.do("FUNCTION", "KILL") == "OK"
    until_free(other)
    assert running() is None
    assert runner.read().is_error


def test_a_function_that_has_written_cannot_be_killed(server):
    runner, other = begin(server, "FCALL", "writes", 1, "a")
    for word in ("FUNCTION", "SCRIPT"):
        assert str(other.do(word, "KILL")) == UNKILLABLE
    other.send("SHUTDOWN", "NOSAVE")
    wait_until(lambda: not server.running(), "the server has ended")
    runner.close()


@pytest.mark.parametrize("name", ["catch", "calls", "coroutine", "pattern"])
def test_no_endless_function_escapes(ours, name):
    runner, other = begin(ours, "FCALL", name, 0)
    assert other.do("FUNCTION", "KILL") == "OK"
    until_free(other)
    assert runner.read().is_error
    assert runner.do("FCALL", "one", 0) == 1
    assert "FUNCTION KILL command. Script name is: " + name in ours.log()


def test_a_function_in_a_transaction_can_be_killed(ours):
    runner, other = ours.client(), ours.client()
    for command in (("MULTI",), ("SET", "a", "1"), ("FCALL", "spin", 1, "k"), ("INCR", "a")):
        runner.must(*command)
    runner.send("EXEC")
    wait_until(lambda: is_busy(other), "the server is busy")
    stats = other.do("FUNCTION", "STATS")
    assert stats[1][3] == [b"FCALL", b"spin", b"1", b"k"]
    assert other.do("FUNCTION", "KILL") == "OK"
    replies = runner.read().decoded
    assert [replies[0], replies[2]] == ["OK", 2]
    assert "Script killed" in str(replies[1])


@pytest.mark.parametrize("command", [("FCALL", "spin", 1, "key"), ("EVAL", ENDLESS, 0)], ids=["FCALL", "EVAL"])
def test_a_transaction_is_executed_completely_although_its_client_has_gone(ours, command):
    runner, other = ours.client(), ours.client()
    runner.must("WATCH", "watched")
    runner.must("MULTI")
    for request in (("SET", "before", 1), command, ("SET", "after", 1), command, ("INCR", "after")):
        runner.must(*request)
    runner.send("EXEC")
    wait_until(lambda: is_busy(other), "the server is busy")
    runner.close()

    def ends() -> bool:
        if is_busy(other):
            other.do("FUNCTION" if command[0] == "FCALL" else "SCRIPT", "KILL")
            return False
        return True

    wait_until(ends, "the end of the transaction")
    assert other.do("MGET", "before", "after") == [b"1", b"2"]
    assert f"id={other.do('CLIENT', 'ID')} " in other.do("CLIENT", "LIST").decode()


@pytest.mark.parametrize("transaction", [False, True])
def test_the_client_of_a_function_may_disconnect(ours, transaction):
    runner, other = ours.client(), ours.client()
    command = ("FCALL", "spin", 1, "key")
    if transaction:
        runner.must("MULTI")
        runner.must(*command)
        command = ("EXEC",)
    runner.send(*command)
    wait_until(lambda: is_busy(other), "the server is busy")
    runner.close()
    assert is_busy(other)
    assert b"key" in other.do("FUNCTION", "STATS")[1][3]
    assert other.do("FUNCTION", "KILL") == "OK"
    until_free(other)
