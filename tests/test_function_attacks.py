"""Libraries that try to leave the sandbox, to crash the server or to block it: while loading, and in functions."""

import pytest
from test_script_attacks import ATTACKS

from support.client import wait_until
from support.function_cases import library
from support.in_process import Local

# Texts that are run while a library is loaded. Each must fail, or register a harmless function `f`.
LOADING = {
    "call": "redis.call('set', 'a', 1)",
    "pcall": "redis.pcall('set', 'a', 1)",
    "assign a global": "f = 1",
    "assign to redis": "redis.register_function = 1",
    "assign to server": "server.log = 1",
    "assign to a string": "('').x = 1",
    "metatable of strings": "getmetatable('').__index = 1",
    "metatable of globals": "setmetatable(_G, nil)",
    "environment": "setfenv(1, {})",
    "environment of register": "getfenv(redis.register_function)",
    "dump": "string.dump(function() end)",
    "dump by a method": "return ('x').dump(function() end)",
    "load": "loadstring('x = 1')()",
    "bytecode": "load(function() return '\\27Lua' end)",
    "debug": "debug.sethook()",
    "os": "os.execute('true')",
    "require": "require('os')",
    "endless": "while true do end",
    "endless recursion": "local function f() return f() end f()",
    "endless callback": "('x'):gsub('x', function() while true do end end)",
    "endless gmatch": "for _ in (('x'):rep(1e6)):gmatch('') do while true do end end",
    "endless pattern": "return (('a'):rep(300000)):find(('a-'):rep(50) .. 'b')",
    "endless pattern of options": "return (('a'):rep(3000)):find(('a?'):rep(3000) .. ('a'):rep(3000))",
    "deep recursion": "local function f() return 1 + f() end f()",
    "deep callbacks": "local function f(x) return (x:gsub('.', f)) end f('a')",
    "deep parentheses": "return " + "(" * 100000 + "1" + ")" * 100000,
    "deep tables": "return " + "{" * 100000 + "}" * 100000,
    "huge string": "return ('x'):rep(2147483647)",
    "huge strings": "local s = 'x' while true do s = s .. s end",
    "huge table": "local t = {} for i = 1, 1e9 do t[i] = {i} end",
    "huge format": "return ('%99999999d'):format(1)",
    "many functions": "for i = 1, 1e7 do redis.register_function('f' .. i, function() end) end",
    "many functions that fail": "for i = 1, 1e5 do redis.register_function('f' .. i, function() end) end nosuch()",
    "many named functions": "for i = 1, 1e6 do redis.register_function{function_name='f' .. i, "
    "callback=function() end, description=('x'):rep(1000)} end",
    "long name": "redis.register_function(('x'):rep(1e7), function() end)",
    "long description": "redis.register_function{function_name='f', callback=function() end, "
    "description=('x'):rep(3e7)}",
    "many flags": "local t = {} for i = 1, 1e6 do t[i] = 'no-writes' end "
    "redis.register_function{function_name='f', callback=function() end, flags=t}",
    "table in itself": "local t = {} t.flags = t t.function_name = 'f' redis.register_function(t)",
    "register in a flag": "redis.register_function{function_name='f', callback=redis.register_function, flags={}}",
    "register as callback": "redis.register_function('f', redis.register_function)",
    "log": "for i = 1, 100 do redis.log(redis.LOG_WARNING, ('x'):rep(1e5)) end",
    "collector": "collectgarbage('stop')",
    "finalizer": "newproxy(true)",
    "comparison": "return redis < redis",
    "length of a view": "return #redis + #server",
    "concatenation": "return redis .. ''",
    "call a view": "redis()",
    "unfinished": "redis.register_function('f', function(",
    "unfinished string": "return 'x",
    "unfinished long string": "return [==[",
    "nothing but a comment": "--[[",
}  # fmt: skip

# Functions that keep something from the load, or from an earlier call, and misuse it later.
LATER = {
    "register": "local r = redis.register_function redis.register_function('f', function() r('g', function() end) end)",
    "register in a coroutine": "local r = redis.register_function redis.register_function('f', function() "
    "coroutine.wrap(function() r('g', function() end) end)() end)",
    "early redis": "local r = redis redis.register_function('f', function() r.call = redis.call end)",
    "early redis, raw": "local r = redis redis.register_function('f', function() rawset(r, 'call', redis.call) end)",
    "early redis, insert": "local r = redis redis.register_function('f', function() table.insert(r, 1) end)",
    "early redis, metatable": "local r = redis redis.register_function('f', function() setmetatable(r, {}) end)",
    "early redis, its metatable": "local r = redis redis.register_function('f', function() "
    "getmetatable(r).__index = _G end)",
    "early redis, all fields": "local r = redis redis.register_function('f', function() for k, v in pairs(r) do "
    "pcall(function() r[k] = 1 end) pcall(rawset, r, k, 1) end end)",
    "globals": "redis.register_function('f', function() for k, v in pairs(_G) do pcall(function() _G[k] = 1 end) "
    "pcall(rawset, _G, k, 1) end end)",
    "metatable of strings": "redis.register_function('f', function() getmetatable('').__index = 1 end)",
    "environment": "redis.register_function('f', function() setfenv(1, {}) end)",
    "error handler": "redis.register_function('f', function() xpcall(error, function() error(redis) end) end)",
    "keys kept": "local kept redis.register_function('f', function(keys, args) if kept then kept[1] = nil end "
    "kept = keys keys[2] = keys return #args end)",
    "coroutine kept": "local c redis.register_function('f', function() c = c or coroutine.wrap(function() "
    "while true do redis.call('set', 'a', 1) coroutine.yield(redis.call('get', 'a')) end end) return c() end)",
    "coroutine killed": "local c redis.register_function('f', function() c = c or coroutine.create(function() "
    "while true do pcall(function() while true do end end) end end) return coroutine.resume(c) end)",
    "error that is kept": "local e = {err='MY e'} redis.register_function('f', function() e.x = e error(e) end)",
    "memory kept": "local kept = {} redis.register_function('f', function() while true do "
    "kept[#kept + 1] = ('x'):rep(20) .. #kept end end)",
    "itself as argument": "redis.register_function('f', function(...) return select('#', ...) .. #{...} end)",
    "deep call": "redis.register_function('f', function() local function g() return pcall(g) end return g() end)",
    "large keys": "redis.register_function('f', function(keys) return redis.call('mset', unpack(keys)) end)",
}  # fmt: skip


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    from support.servers import make_ours

    server = make_ours(
        tmp_path_factory.mktemp("victim"), "--busy-reply-threshold", "100", "--proto-max-bulk-len", "128mb"
    )
    server.start()
    yield server
    server.end()


@pytest.fixture
def attacked(victim):
    """A server that must work as before when the test has ended, with the library it had."""
    sound = "redis.register_function('sound', function() return {type(redis.call), ('x'):upper(), 7} end)"
    with victim.client() as client:
        client.must("FUNCTION", "FLUSH")
        client.must("FUNCTION", "LOAD", library("sound", sound))
    yield victim
    victim.check_alive()
    with victim.client() as client:
        assert client.must("FCALL", "sound", 0) == [b"function", b"X", 7]
        reply = client.do(
            "FUNCTION", "LOAD", library("late", "redis.register_function('late', function() return 1 end)")
        )
        assert reply == b"late" or "not enough memory" in str(reply)
        client.must("FUNCTION", "FLUSH")
        client.must("FUNCTION", "LOAD", library("late", "redis.register_function('late', function() return 1 end)"))
        assert client.must("FCALL", "late", 0) == 1
        client.must("FLUSHALL")


def kill(attacker, other):
    other.do("FUNCTION", "KILL")
    return not attacker.is_silent(0.02)


@pytest.mark.parametrize("name", LOADING)
def test_an_attack_while_loading_harms_nobody(attacked, name):
    with attacked.client() as attacker, attacked.client() as other:
        attacker.do("FUNCTION", "LOAD", library("attack", LOADING[name]))
        attacker.send("FCALL", "f", 0)
        wait_until(lambda: kill(attacker, other), "the end of the function", timeout=30)
        attacker.read()
        assert attacker.do("EXISTS", "a") == 0
        attacker.do("FUNCTION", "DELETE", "attack")


@pytest.mark.parametrize("name", [name for name in ATTACKS if "KEYS" not in ATTACKS[name]])
def test_a_function_can_do_no_more_than_a_script(attacked, name):
    text = f"redis.register_function('f', function() {ATTACKS[name]} end)"
    with attacked.client() as attacker, attacked.client() as other:
        assert attacker.must("FUNCTION", "LOAD", library("attack", text)) == b"attack"
        attacker.send("FCALL", "f", 0)
        wait_until(lambda: kill(attacker, other), "the end of the function", timeout=30)
        attacker.read()


@pytest.mark.parametrize("name", LATER)
def test_what_a_library_keeps_harms_nobody(attacked, name):
    with attacked.client() as attacker, attacked.client() as other:
        assert attacker.must("FUNCTION", "LOAD", library("attack", LATER[name])) == b"attack"
        for _ in range(3):
            attacker.send("FCALL", "f", 3, "k", "l", "m", "n")
            wait_until(lambda: kill(attacker, other), "the end of the function", timeout=30)
            attacker.read()
        assert len(other.must("FUNCTION", "LIST")) == 2


def test_a_library_that_keeps_all_memory_can_be_deleted(start_ours):
    """Nothing that a deletion needs may allocate in Lua, which has no memory left."""
    server = start_ours("--busy-reply-threshold", "0", "--proto-max-bulk-len", "1mb")
    text = "local kept = {} redis.register_function('f', function() while true do kept[#kept + 1] = {} end end)"
    with server.client() as client:
        for _ in range(3):
            client.must("FUNCTION", "LOAD", library("greedy", text))
            assert client.do("FCALL", "f", 0) is not None
            assert "not enough memory" in str(client.do("FCALL", "f", 0))
            assert "not enough memory" in str(client.do("FUNCTION", "LOAD", library("x", text.replace("'f'", "'x'"))))
            client.must("FUNCTION", "DELETE", "greedy")
        client.must("FUNCTION", "LOAD", library("one", "redis.register_function('one', function() return 1 end)"))
        assert client.must("FCALL", "one", 0) == 1


def test_a_function_that_fills_lua_s_memory_leaves_room_for_the_next(start_ours):
    server = start_ours("--busy-reply-threshold", "0", "--proto-max-bulk-len", "1mb")
    greedy = "local t = {} while true do t[#t + 1] = ('x'):rep(20) .. #t end"
    sound = "redis.register_function('g', function() return 1 end)"
    with server.client() as client:
        client.must("FUNCTION", "LOAD", library("l", f"redis.register_function('f', function() {greedy} end) {sound}"))
        for _ in range(2):
            assert "not enough memory" in str(client.do("FCALL", "f", 0))
            assert client.must("FCALL", "g", 0) == 1


def test_libraries_that_come_and_go_leave_no_memory(start_ours):
    server = start_ours()
    text = "local kept = ('x'):rep(100000) redis.register_function('f', function() return kept end)"

    def lua_memory(client):
        return int(client.must("INFO", "memory").split(b"used_memory_vm_functions:")[1].split()[0])

    with server.client() as client:
        used = []
        for _ in range(6):
            for _ in range(60):
                client.must("FUNCTION", "LOAD", "REPLACE", library("l", text))
                client.do("FUNCTION", "LOAD", library("m", f"{text} nosuch()"))
            client.must("FUNCTION", "DELETE", "l")
            used.append(lua_memory(client))
        assert max(used[3:]) <= max(used[:3]) * 1.5
        before = server_memory(client)
        for _ in range(60):
            client.must("FUNCTION", "LOAD", "REPLACE", library("l", text))
            client.do("FUNCTION", "LOAD", library("m", f"{text} nosuch()"))
        client.must("FUNCTION", "DELETE", "l")
        assert server_memory(client) == before


def server_memory(client):
    return int(client.must("INFO", "memory").split(b"used_memory_functions:")[1].split()[0])


def test_no_memory_is_left_of_libraries_however_they_go(tmp_path):
    """Deleted, replaced, flushed, refused, restored: an empty server uses what it used before."""
    local = Local(tmp_path)
    one = library("one", "redis.register_function{function_name='f', callback=function() end, description='text'}")
    two = library("two", "redis.register_function('g', function() end) redis.register_function('h', function() end)")
    taken = library("three", "redis.register_function('F', function() end)")
    used = []
    for _ in range(4):
        local.must("FUNCTION", "LOAD", one)
        payload = local.must("FUNCTION", "DUMP")
        local.must("FUNCTION", "LOAD", two)
        for text in (one, taken, library("four", "nosuch()"), library("five", "x = = 1"), library("a-b", ""), "x"):
            assert isinstance(local.call("FUNCTION", "LOAD", text), Exception)
        local.must("FUNCTION", "LOAD", "REPLACE", two)
        assert isinstance(local.call("FUNCTION", "RESTORE", payload), Exception)
        assert isinstance(local.call("FUNCTION", "RESTORE", payload[:-1] + b"x"), Exception)
        for policy in ("REPLACE", "FLUSH", "REPLACE"):
            local.must("FUNCTION", "RESTORE", payload, policy)
        local.must("FCALL", "f", 0)
        local.call("FCALL", "f" * 1000, 0)
        local.must("FUNCTION", "LIST", "WITHCODE")
        local.must("FUNCTION", "DELETE", "one")
        local.must("FUNCTION", "LOAD", two)
        local.must("FUNCTION", "FLUSH")
        local.must("FUNCTION", "LOAD", one)
        local.empty()
        used.append(local.core.used_memory)
    assert used[1:] == [used[1]] * 3
