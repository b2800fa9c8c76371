"""Texts of libraries, and calls of functions, whose replies are the same on every server of Redis 7."""

# First lines, and what precedes the text of a library.
LINES = [
    "", "x", "#", "#!", "#!lua name=l", "#!lua\n", "#!\n", "#! lua name=l\n", "#!lua name=a name=b\n", "#!lua nme=a\n",
    "#!lua name=a-b\n", "#!lua name=\n", "#!LUA NAME=ab\n", '#!lua name="a b"\n', '#!lua "name=a\n',
    "#!foo name=x\n", "#!foo name=x-y\n", "#!lua name=x flags=no-writes\n", "#!lua name=x\0y\n", "#!lua  name=x \t\n",
    "#!lua name=x\r\nredis.register_function('f', function() end)", "\n#!lua name=x\n", "#!lua name=x\nreturn x x",
    "#!lua name=x\n\x1bLua", "#!lua name=x\n\0redis.register_function('f', function() end)", "#!lua name=\u00e9\n",
    "#!\u00e9 name=x\n", "#!lua name=" + "x" * 300 + "\nreturn x x", '#!lua name="a\\x62"\nreturn 1',
    '#!lua name="ab"\n', "#!lua name='a'\n", "#!lua name=l\nlocal a <const> = 1",
]  # fmt: skip

# What the text of a library does: the rest of its text. None of them loads.
FAILURES = [
    "", "return 1", "error('x')", "local x=nil x.y=1", "x=1", "return redis.call('ping')", "redis.nosuch()",
    "math.random()", "return pairs", "_G.x=1", "redis.x=1", "setmetatable({},{})", "KEYS[1]=1", "string.rep('x', 2)",
    "redis.register_function()", "redis.register_function(1)", "redis.register_function('f')",
    "redis.register_function({},function() end)", "redis.register_function('f',1)", "redis.register_function(nil)",
    "redis.register_function('f',function() end,1)", "redis.register_function('f',function() end,nil)",
    "redis.register_function('f-x',function() end)", "redis.register_function('',function() end)",
    "redis.register_function('f\\0x',function() end)", "redis.register_function(nil,nil)",
    "redis.register_function('\u00e9',function() end)",
    "redis.register_function('f',function() end) redis.register_function('f',function() end)",
    "redis.register_function({})", "redis.register_function{function_name='f'}",
    "redis.register_function{callback=function() end}",
    "redis.register_function{function_name={},callback=function() end}",
    "redis.register_function{function_name='f-x',callback=function() end}",
    "redis.register_function{function_name='f',callback=1}",
    "redis.register_function{function_name='f',callback=function() end,flags=1}",
    "redis.register_function{function_name='f',callback=function() end,flags={'x'}}",
    "redis.register_function{function_name='f',callback=function() end,flags={'no-writes','x'}}",
    "redis.register_function{function_name='f',callback=function() end,flags={{}}}",
    "redis.register_function{function_name='f',callback=function() end,flags={1}}",
    "redis.register_function{function_name='f',callback=function() end,description={}}",
    "redis.register_function{function_name='f',callback=function() end,x=1}",
    "redis.register_function{function_name='f',callback=function() end,[1]=1}",
    "redis.register_function{function_name='f',callback=function() end,[{}]=1}",
    "redis.register_function('f',function() end) nosuch()", "redis.log()", "redis.log('x','y')",
    "local f=function() return 1+f() end f()", "local function f() return 1+f() end f()",
    "redis.setresp(3)", "redis.sha1hex('x')", "bit.band(1)", "cjson.encode(1)", "local x = redis[1]",
    "local x = redis[{}]", "\n\n\nlocal x = nil .. 'a'", "for k in redis do end",
    "return ('x'):gsub('x', function() return nosuch end)", "redis.register_function=1",
    "local t = {} t[nil] = 1", "('x')[1]()", "('x'):nosuch()", "pcall(nosuch)", "tostring(1)", "return os.clock()",
]  # fmt: skip

# Texts that register functions.
LIBRARIES = [
    "('x'):rep(3) redis.register_function('f',function() return 1 end)",
    "redis.register_function(1,function() end)",
    "redis.register_function{function_name=1,callback=function() end}",
    "redis.register_function{function_name='f',callback=function() end,flags={'NO-writes'}}",
    "redis.register_function{function_name='f',callback=function() end,flags={a='NO-writes'}}",
    "redis.register_function{function_name='f',callback=function() end,flags={'allow-oom','allow-oom'}}",
    "redis.register_function{function_name='f',callback=function() end,"
    "flags={'allow-cross-slot-keys','no-writes','allow-oom','allow-stale','no-cluster'}}",
    "redis.register_function{function_name='f',callback=function() end,description=1}",
    "redis.register_function{FUNCTION_NAME='f',CallBack=function() end,Description='d\\0e'}",
    "redis.register_function{function_name='f',callback=function() end,description=''}",
    "redis.register_function('f',redis.log)",
    "redis.log(redis.LOG_WARNING,'x') redis.register_function('f',function() end)",
    "redis.register_function('f',function() end) return redis.REDIS_VERSION",
    "redis.register_function('f',function() end) redis.register_function('g',function() end)",
    "for i = 1, 20 do redis.register_function('f' .. i, function() return i end) end",
]

# Functions of one library, by name; each is called with one key, `k`, and one argument, `a`.
FUNCTIONS = {
    "register": "return r.register_function('x', function() end)",
    "register_nothing": "return r.register_function()",
    "no_register": "return redis.register_function",
    "keys": "return {keys, args}",
    "state": "n = n + 1 return n",
    "set_global": "x = 1",
    "global_keys": "return KEYS",
    "early": "return r.call",
    "early_names": "local t = {} for k in pairs(r) do t[#t + 1] = k end table.sort(t) return t",
    "missing": "return nosuch",
    "missing_field": "return redis.nosuch",
    "missing_early": "return r.nosuch",
    "handler": "return __redis__err__handler",
    "breakpoint": "return {redis.breakpoint, redis.debug, redis.replicate_commands}",
    "print": "return print",
    "raise": "error('boom')",
    "raise_table": "error({err='MY x'})",
    "raise_nil": "error(nil)",
    "reply_error": "return redis.error_reply('MY x')",
    "reply_status": "return redis.status_reply('fine')",
    "wrong_arguments": "return redis.call('incr','s','t')",
    "unknown": "return redis.call('nosuch')",
    "caught": "return redis.pcall('incr','s','t')",
    "eval": "return redis.call('eval','return 1',0)",
    "fcall": "return redis.call('fcall','keys',0)",
    "fcall_ro": "return redis.call('fcall_ro','keys',0)",
    "list": "return redis.call('function','list')",
    "delete": "return redis.call('function','delete','l')",
    "load": "return redis.call('function','load','x')",
    "stats": "return redis.call('function','stats')",
    "kill": "return redis.call('function','kill')",
    "write": "return redis.call('set', keys[1], args[1])",
    "read": "return redis.call('get', keys[1])",
    "large": "return redis.call('set', keys[1], string.rep('x', 100)) and redis.call('strlen', keys[1])",
    "change_redis": "redis.call = 1",
    "change_raw": "rawset(_G, 'x', 1)",
    "change_metatable": "setmetatable(_G, nil)",
    "change_keys": "keys[1] = 'x' return keys",
    "protocol": "redis.setresp(3) redis.call('hset', 'h', 'f', 'v') return redis.call('hgetall', 'h')",
    "double": "redis.setresp(3) return {double = 1.5}",
    "nil_reply": "return nil",
    "true_reply": "return true",
    "index_nil": "local x = nil return x.y",
    "deep": "local function f() return 1 + f() end return f()",
    "globals_metatable": "return getmetatable(_G)",
    "set_repl": "return redis.set_repl(redis.REPL_ALL)",
    "acl": "return redis.acl_check_cmd('get', 'x')",
    "sha1": "return redis.sha1hex('x')",
    "libraries": "return {cjson.encode({1}), bit.band(7, 2), struct.pack('b', 1), cmsgpack.pack(1)}",
    "select": "redis.call('select', 1) return redis.call('dbsize')",
    "Mixed_Case": "return 'm'",
    "load_text": "return loadstring('return 1')()",
    "load_global": "return loadstring('x = 1')()",
    "coroutine": "return coroutine.wrap(function() coroutine.yield(1) end)()",
}


def library(name: str, text: str) -> str:
    return f"#!lua name={name}\n{text}"


def library_of_functions() -> str:
    lines = ["local r, n = redis, 0"]
    lines += [f"r.register_function('{name}', function(keys, args) {body} end)" for name, body in FUNCTIONS.items()]
    flagged = [f"r.register_function{{function_name='ro_{name}', callback=function(keys, args) {body} end, "
               "flags={'no-writes'}, description='reads'}" for name, body in FUNCTIONS.items()]  # fmt: skip
    return library("l", "\n".join([*lines, *flagged]))
