"""Scripts that try to leave the sandbox, to crash the server, or to block it for other clients."""

import pytest

from support.client import wait_until

# Each must end in an error or a harmless reply; then the server must work as before.
ATTACKS = {
    "python": "return python",
    "python attribute": "return python.eval('1')",
    "import": "return require('os')",
    "file": "return io.open('/etc/passwd')",
    "shell": "return os.execute('true')",
    "environment": "return os.getenv('PATH')",
    "dofile": "return dofile('/etc/passwd')",
    "loadfile": "return loadfile('/etc/passwd')",
    "dump": "return string.dump(function() end)",
    "bytecode": "return loadstring('\\27LuaQ\\0\\1\\4\\8\\4\\8\\0')",
    "bytecode by load": "local t = {'\\27', 'LuaQ\\0'} local i = 0 return load(function() i = i + 1 return t[i] end)",
    "debug": "return debug.getregistry()",
    "environment of a function": "return getfenv(redis.call)",
    "proxy": "return newproxy(true)",
    "userdata": "return getmetatable(coroutine.create(function() end))",
    "finalizer": "setmetatable({}, {__gc = function() while true do end end}) collectgarbage()",
    "metatable of strings": "getmetatable('').__index = function() return 'mine' end",
    "metatable of the metatable": "getmetatable(getmetatable('')).__index = 1",
    "metatable of globals": "setmetatable(_G, nil)",
    "raw globals": "rawset(_G, 'redis', 1)",
    "globals behind the view": "for k, v in pairs(_G) do if k == '_G' then rawset(v, 'x', 1) end end",
    "foreach": "table.foreach(redis, function(k, v) if k == 'call' then redis.call = 1 end end)",
    "insert": "table.insert(redis, 1, 1)",
    "error table": "error(redis)",
    "error table in pcall": "pcall(error, _G) x = 1",
    "view as environment": "local f = loadstring('redis = 1') f()",
    "view as metatable": "local t = setmetatable({}, redis) getmetatable(t).call = 1",
    "handler": "__redis__err__handler(redis)",
    "unpack": "return unpack({}, -2147483648, 2147483647)",
    "unpack beyond": "return unpack({}, 0, 2147483647)",
    "unpack of floats": "return unpack({}, 1e300, -1e300)",
    "deep recursion": "local function f() return 1 + f() end return f()",
    "deep recursion in C": "local function f() return pcall(f) end return f()",
    "deep gsub": "local function f(x) return (x:gsub('.', f)) end return f('a')",
    "deep load": "local function f() return load(f) end return f()",
    "deep sort": "local function f(a, b) table.sort({1, 2, 3}, f) return a < b end table.sort({1, 2, 3}, f)",
    "deep metatables": "local t = {} for i = 1, 100000 do t = setmetatable({}, {__index = t}) end return t.x",
    "deep coroutines": "local function f() return coroutine.wrap(f)() end return f()",
    "deep parentheses": "return loadstring('return ' .. string.rep('(', 100000) .. string.rep(')', 100000))",
    "deep tables": "return loadstring('return ' .. string.rep('{', 100000) .. string.rep('}', 100000))",
    "deep concatenation": "return loadstring('return ' .. string.rep('1 .. ', 100000) .. '1')",
    "deep pattern": "return string.find(string.rep('a', 300000), string.rep('a?', 300000))",
    "many captures": "return string.find('a', string.rep('()', 1000))",
    "long brackets": "return loadstring('[' .. string.rep('=', 1000000))",
    "huge string": "return string.rep('x', 2147483647)",
    "huge strings": "local s = 'x' while true do s = s .. s end",
    "huge table": "local t = {} for i = 1, 1e9 do t[i] = {i} end",
    "huge table at once": "local t = {} t[2^30] = 1 return #t",
    "huge format": "return string.format('%99999999d', 1)",
    "huge concatenation": "local t = {} for i = 1, 1000 do t[i] = string.rep('x', 1e6) end "
    "return #table.concat(t) + #table.concat(t, string.rep('y', 1e6))",
    "huge reply": "local t = {1} for i = 1, 64 do t = {t, t, t, t} end return t",
    "memory caught": "local ok, e for i = 1, 100 do ok, e = pcall(string.rep, 'x', 2147483647) end return e",
    "collector": "collectgarbage('stop') collectgarbage('setpause', 1000000) return collectgarbage('step', 2^31)",
    "collector while loading": "local n = 0 return load(function() n = n + 1 collectgarbage() if n < 100 "
    "then return 'x = 1 ' elseif n == 100 then return nil end end, string.rep('n', 1000))",
    "collector with an empty first piece": "local n = 0 return load(function() n = n + 1 collectgarbage() "
    "local t = {} for i = 1, 1000 do t[i] = 'garbage' .. i end if n == 1 then return nil end "
    "return 'x' end, 'name' .. n)",
    "keys as nil": "local t = {} t[nil] = 1",
    "not a number as key": "local t = {} t[0/0] = 1",
    "next of a wrong key": "return next({}, {})",
    "select": "return select(-2147483648, 1)",
    "string.char": "return string.char(unpack({1, 2, 3}, 1, 7000))",
    "tostring": "return tostring(setmetatable({}, {__tostring = function() error('x') end}))",
    "concat metamethod": "return setmetatable({}, {__concat = function(a, b) return a .. b end}) .. 'x'",
    "yield across": "coroutine.yield()",
    "yield in a sort": "coroutine.wrap(function() table.sort({1, 2, 3}, coroutine.yield) end)()",
    "dead coroutine": "local c = coroutine.create(function() end) coroutine.resume(c) return coroutine.resume(c)",
    "call in a coroutine that is dropped": "for i = 1, 1000 do coroutine.wrap(function() redis.call('set', 'a', i) "
    "coroutine.yield() end)() end collectgarbage()",
    "many arguments": "return redis.call('del', unpack((function() local t = {} for i = 1, 7900 do t[i] = 'k' .. i end "
    "return t end)()))",
    "large argument": "return redis.call('set', 'a', string.rep('x', 2^27)).ok",
    "nested call": "return redis.call('eval', 'return 1', 0)",
    "python builtins": "return _G.python.builtins.open('/etc/passwd')",
    "metatable of a number": "getmetatable(1).__index = string",
    "metatable of nil": "getmetatable(nil).__call = function() return 'mine' end",
    "metatable of functions": "getmetatable(print or pcall).__index = {}",
    "metatable of null": "getmetatable(cjson.null).__index = {}",
    "metatable of numbers by strings": "('x').y = 1 string.y = 1",
    "functions of strings": "getmetatable('').__index.upper = function() return 'mine' end",
    "functions of strings by rawset": "rawset(getmetatable('').__index, 'upper', function() return 'mine' end)",
    "functions of strings by insert": "table.insert(getmetatable('').__index, 'mine')",
    "functions of strings by sort": "table.sort(string, function() string.upper = 1 end)",
    "libraries": "for _, t in ipairs({bit, cjson, cmsgpack, math, os, redis, string, struct, table, coroutine}) "
    "do pcall(rawset, t, 'x', 1) pcall(setmetatable, t, {}) pcall(function() t.x = 1 end) end",
    "loader's environment": "setmetatable(getmetatable(_G).__index and {} or _G, {__index = function() return 1 end})",
    "a view's next": "local k = next(redis) redis[k] = nil",
    "a view in foreach": "table.foreach(_G, function(k, v) if type(v) == 'table' then v.x = 1 end end)",
    "error without text": "error({})",
    "error with a table as text": "error({err = {}})",
    "error with a false text": "return {err = false}",
    "error that raises": "error(setmetatable({}, {__index = error, __tostring = error}))",
    "error in the handler": "return xpcall(error, error)",
    "tohex": "return bit.tohex(65535, -2147483648)",
    "tohex of a huge width": "return bit.tohex(-1, 2147483647)",
    "shift": "return bit.lshift(1, -2147483648)",
    "struct size": "return struct.pack('>I2147483648', 10)",
    "struct of nothing": "return struct.unpack('i4', '')",
    "struct position": "return struct.unpack('c0', '\\255', 2147483647)",
    "struct padding": "return #struct.pack('!16' .. string.rep('xd', 100), unpack({}, 1, 100))",
    "struct offset": "return struct.unpack('i8', 'x', -9223372036854775808)",
    "messages": "return cmsgpack.unpack('\\223\\255\\255\\255\\255')",
    "a long message": "return cmsgpack.unpack('\\223\\221\\255\\255\\255\\255')",
    "a map of a message": "return cmsgpack.unpack('\\223')",
    "a deep message": "return cmsgpack.unpack(string.rep('\\145', 1000000))",
    "a message of many": "return cmsgpack.pack(unpack({}, 1, 7000))",
    "message offset": "return cmsgpack.unpack_limit('x', 2147483647, 2147483647)",
    "message of itself": "local t = {} t[1] = t t.x = t return #cmsgpack.pack(t)",
    "deep json": "return cjson.decode(string.rep('[', 1000000))",
    "deep json objects": "return cjson.decode(string.rep('{\\\"a\\\":', 100000))",
    "json of itself": "local t = {} t[1] = t return cjson.encode(t)",
    "sparse json": "return cjson.encode({[1000000000] = 1})",
    "json depth": "cjson.encode_max_depth(2147483647) local t = {} for i = 1, 100000 do t = {t} end "
    "return cjson.encode(t)",
    "json depth of a text": "cjson.decode_max_depth(2147483647) return cjson.decode(string.rep('[', 1000000))",
    "json surrogate": "return cjson.decode('\"\\\\ud800\\\\u\"')",
    "json numbers": "cjson.encode_number_precision(14) return cjson.encode(1e308 * 10)",
    "insert far below": "local t = {1} table.insert(t, -2147483648, 1)",
    "concat of everything": "return table.concat({}, 'x', -2147483648, 2147483647)",
    "remove": "return table.remove({1}, -2147483648)",
    "order that lies": "local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() return true end)",
    "order that shrinks": "local t = {} for i = 1, 1000 do t[i] = -i end "
    "table.sort(t, function(a, b) t[#t] = nil return (a or 0) < (b or 0) end)",
    "formats": "return string.format(string.rep('%d', 7000), unpack({}, 1, 100))",
    "format width": "return string.format('%' .. string.rep('0', 1000) .. 'd', 1)",
    "quoting": "return #string.format('%q', string.rep('\\0\\n', 1000000))",
    "random": "return math.random(-2^53, 2^53)",
    "resume itself": "return coroutine.resume(coroutine.running() or coroutine.create(function() end))",
    "wrapped yield": "return coroutine.wrap(coroutine.yield)()",
    "yield in a load": "return coroutine.wrap(function() load(coroutine.yield) end)()",
    "yield in a gsub": "return coroutine.wrap(function() string.gsub('a', 'a', coroutine.yield) end)()",
    "yield in a call": "return coroutine.wrap(function() pcall(coroutine.yield) end)()",
    "many coroutines": "local t = {} for i = 1, 1e7 do t[i] = coroutine.create(function() end) end",
    "resp version": "redis.setresp(2147483650)",
    "repl flags": "redis.set_repl(-1)",
    "log": "redis.log(redis.LOG_WARNING, string.rep('x', 1000000) .. '\\n\\0')",
    "status with line ends": "return {ok = string.rep('\\r\\n', 100000)}",
    "verbatim": "redis.setresp(3) return {verbatim_string = {format = '', string = '\\r\\n'}}",
    "big number": "redis.setresp(3) return {big_number = '1\\r\\n:2\\r\\n'}",
    "map in a map": "redis.setresp(3) local t = {} t.map = {[t] = t} return t",
    "digest of nothing": "return redis.sha1hex({})",
    "setname": "return redis.call('client', 'setname', 'x')",
    "shutdown": "return redis.call('shutdown', 'nosave')",
    "config": "return redis.call('config', 'set', 'dir', '/')",
    "debug command": "return redis.call('debug', 'segfault')",
    "blocking": "return redis.call('blpop', 'nosuch', 0)",
    "client kill": "return redis.call('client', 'kill', 'type', 'normal')",
    "quit": "return redis.call('quit')",
    "subscribe": "return redis.call('subscribe', 'x')",
}

# Lists everything that a script can reach from its globals, also through metatables, with the identity of functions.
SURVEY = """
local seen, lines = {}, {}
local function visit(name, value)
    lines[#lines + 1] = name .. ' ' .. (type(value) == 'table' and 'table' or tostring(value))
    if seen[value] then return end
    if type(value) == 'table' then
        seen[value] = true
        for key, part in pairs(value) do visit(name .. '.' .. tostring(key), part) end
    end
    local metatable = getmetatable(value)
    if metatable and type(value) ~= 'string' then visit(name .. '!', metatable) end
end
visit('_G', _G)
visit("''", getmetatable(''))
for _, value in ipairs({1, true, function() end, coroutine.create(function() end)}) do
    lines[#lines + 1] = type(value) .. ' ' .. tostring(getmetatable(value))
end
table.sort(lines)
return lines
"""


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    from support.servers import make_ours

    server = make_ours(
        tmp_path_factory.mktemp("victim"), "--busy-reply-threshold", "100", "--proto-max-bulk-len", "128mb"
    )
    server.start()
    with server.client() as client:
        server.survey = client.must("EVAL", SURVEY, 0)
    yield server
    server.end()


def killed_or_over(attacker, other):
    """Kills the script if it makes the server busy; returns whether its reply has begun to arrive."""
    other.do("SCRIPT", "KILL")
    return not attacker.is_silent(0.02)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_harms_nobody(victim, name):
    with victim.client() as attacker, victim.client() as other:
        attacker.send("EVAL", ATTACKS[name], 0)
        wait_until(lambda: killed_or_over(attacker, other), "the end of the script", timeout=30)
        attacker.read()
        assert attacker.do("PING") == "PONG"
    victim.check_alive()
    with victim.client() as client:
        assert client.must("EVAL", "return {type(redis.call), ('x'):upper(), #KEYS}", 0) == [b"function", b"X", 0]
        assert client.must("EVAL", SURVEY, 0) == victim.survey
        assert client.must("FLUSHALL") == "OK"


def test_a_script_reaches_no_userdata_except_null(victim):
    """Nor any thread: everything that leads to Python or to C would be one of these."""
    assert [line for line in victim.survey if b"thread" in line] == [b"thread nil"]
    assert [line for line in victim.survey if b"userdata" in line] == [b"_G.cjson.null userdata: (nil)"]
    assert len(victim.survey) > 100


# Lua hashes only some bytes of a long string; these are not among them equal in all strings.
GREEDY = "local t = {} while true do t[#t + 1] = (#t .. ' '):rep(15) end"


@pytest.mark.parametrize("script", [GREEDY, f"for i = 1, 3 do pcall(function() {GREEDY} end) end return 1"])
def test_a_script_that_fills_lua_s_memory_leaves_room_for_the_next(start_ours, script):
    """The allocation that fails is a small one, so garbage fills the memory up to the limit, 64 MB here."""
    server = start_ours("--busy-reply-threshold", "0", "--proto-max-bulk-len", "1mb")
    with server.client() as client:
        for _ in range(2):
            client.do("EVAL", script, 0)
            for number in range(10):
                assert client.must("EVAL", "return {ARGV[1], #('x'):rep(1000)}", 0, number) == [b"%d" % number, 1000]
