"""Hypothesis strategies for the text of scripts which two correct servers must run alike.

A script records what its calls return, as text that does not depend on the order of Lua's tables, and ends in one of
many ways: it returns the record, a value that must be converted, or an error, or it raises. Random commands come from
``strategies``; those whose replies depend on the clock or on chance are left out.
"""

import string
from dataclasses import dataclass

from hypothesis import strategies as st

from pyredis.commands.table.command_table import SPECS
from support.strategies import EMPTYING, ONE, UNORDERED, WRONG, Step

# `describe` has one text for every value; `record` returns its argument.
PRELUDE = """
local replies, last = {}, false
local function describe(value)
    if type(value) ~= 'table' then return type(value) .. ':' .. tostring(value) end
    local parts = {}
    for key, part in pairs(value) do parts[#parts + 1] = describe(key) .. '=' .. describe(part) end
    table.sort(parts)
    return '{' .. table.concat(parts, ',') .. '}'
end
local function sorted(value)
    if type(value) ~= 'table' then return value end
    local parts = {}
    for at, part in ipairs(value) do parts[at] = describe(part) end
    table.sort(parts)
    return #parts > 0 and parts or value
end
local function record(value)
    replies[#replies + 1] = #replies .. ' ' .. describe(value)
    return value
end
"""

PLAIN = frozenset(string.ascii_letters + string.digits + " .,:;-_+*/()[]{}<>=!?%&|~^@#$")


def quoted(word: bytes) -> str:
    """Returns a Lua string of these bytes."""
    return '"' + "".join(chr(byte) if chr(byte) in PLAIN else f"\\{byte:03d}" for byte in word) + '"'


def is_definite(step: Step) -> bool:
    name = step.arguments[0].decode("latin-1").lower()
    spec = SPECS.get(name)
    return step.compared in ({}, UNORDERED) and (spec is None or "blocking" not in spec.flags)


# Words that are keys or arguments of the script, or a number instead of its text.
REFERENCES = {b"a": "KEYS[1]", b"b": "KEYS[2]", b"c": "ARGV[1]", b"1": "1", b"2": "2", b"-1": "-1", b"100": "100"}


def words_of(step: Step, referring: bool) -> str:
    texts = [quoted(word) for word in step.arguments]
    if referring:
        texts[1:] = [REFERENCES.get(word, text) for word, text in zip(step.arguments[1:], texts[1:], strict=True)]
    return ", ".join(texts)


def call_of(drawn: tuple[str, Step, bool]) -> str:
    function, step, referring = drawn
    words = words_of(step, referring)
    if function == "pcall":
        return f"record({{pcall(redis.call, {words})}})"
    called = f"{function}({words})"
    return f"last = record({f'sorted({called})' if step.compared else called})"


FUNCTIONS = st.sampled_from([*["redis.pcall"] * 6, "redis.call", "pcall"])
# A step whose reply is not definite becomes another one: filters in a script of many steps would discard most scripts.
DEFINITE = st.one_of(*[ONE] * 12, EMPTYING, WRONG).map(lambda step: step if is_definite(step) else Step((b"GET", b"a")))
CALLS = st.tuples(FUNCTIONS, DEFINITE, st.booleans()).map(call_of)
OTHERS = st.sampled_from(
    [
        "redis.setresp(3)",
        "redis.setresp(3)",
        "redis.setresp(2)",
        "record({pcall(redis.setresp, 4)})",
        "last = record(redis.status_reply('fine'))",
        "last = record(redis.error_reply('MY reply'))",
        "last = record(redis.error_reply('-MY reply'))",
        "record({pcall(error, {err = 'MY error'})})",
        "record({pcall(error, {ok = 'MY ok', err = 'MY error', source = 'mine', line = 7})})",
        "record({pcall(error, 'text', 0)})",
        "record({pcall(error, last)})",
        "record(redis.sha1hex(describe(last)))",
        "record({pcall(function() undeclared = 1 end)})",
        "record({pcall(function() return undeclared end)})",
        "record({pcall(redis.call)})",
        "record({pcall(redis.call, {})})",
        "record(redis.pcall('get', {}))",
        "record(redis.pcall('eval', 'return 1', 0))",
        "record(redis.pcall('subscribe', 'channel'))",
        "record(redis.pcall('select', 2))",
        "record(redis.pcall('publish', 'channel', 'message'))",
        "record(redis.acl_check_cmd('set', 'a', 'b'))",
        "record(pcall(redis.acl_check_cmd, 'nosuchcommand'))",
        "record({pcall(cjson.decode, (select(2, pcall(cjson.encode, {last}))))})",
        "record({pcall(cmsgpack.unpack, (select(2, pcall(cmsgpack.pack, last))))})",
        "record({#KEYS, #ARGV, KEYS[1], ARGV[1], ARGV[2]})",
        "KEYS[1] = 'd' ARGV[3] = 4",
        # The clock stands still in a script, so the key does not expire before the end of the script.
        "redis.call('set', 'short', 1, 'px', 1) record(redis.call('incr', 'short'))",
        "redis.call('hset', 'hash:' .. #replies, 'f', 1) redis.call('rename', 'hash:' .. #replies, 'renamed')",
    ]
)
REPLICATION = st.sampled_from(
    [
        "redis.set_repl(redis.REPL_ALL)",
        "redis.set_repl(redis.REPL_NONE)",
        "redis.set_repl(redis.REPL_REPLICA)",
        "redis.set_repl(redis.REPL_AOF)",
        "record(redis.replicate_commands())",
    ]
)


def blocks(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Statements that contain others."""
    inner = st.lists(statements, min_size=1, max_size=4).map("\n".join)
    return st.one_of(
        st.tuples(st.integers(1, 5), inner).map(lambda drawn: f"for i = 1, {drawn[0]} do\n{drawn[1]}\nend"),
        st.tuples(CALLS, inner, inner).map(
            lambda drawn: f"{drawn[0]}\nif last then\n{drawn[1]}\nelse\n{drawn[2]}\nend"
        ),
        inner.map(lambda body: f"record({{pcall(function()\n{body}\nend)}})"),
        inner.map(lambda body: f"coroutine.wrap(function()\n{body}\nend)()"),
        inner.map(lambda body: f"record({{xpcall(function()\n{body}\nend, function(error) return {{error}} end)}})"),
    )


STATEMENTS = st.recursive(st.one_of(*[CALLS] * 6, OTHERS), blocks, max_leaves=8)
NESTED = st.recursive(
    st.sampled_from(
        [
            *("1", "-7", "2^53", "1.75", "true", "false", "nil", "'text'", "''", "last", "replies", "{}"),
            *("{err = 'MY e'}", "{ok = 'fine'}", "{double = 0.5}", "{double = 1/0}", "{big_number = '1234567890'}"),
            *("{map = {a = 1}}", "{set = {a = true}}", "{verbatim_string = {format = 'txt', string = 'text'}}"),
            *("redis.status_reply('s')", "redis.error_reply('e')", "redis.pcall('get', 'a')", "redis.pcall('nosuch')"),
        ]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: "{" + ", ".join(parts) + "}"),
        inner.map(lambda part: f"{{map = {{key = {part}}}}}"),
    ),
    max_leaves=6,
)
ENDS = st.one_of(
    *[st.just("return replies")] * 4,
    *[NESTED.map(lambda value: f"return {{replies, {value}}}")] * 3,
    NESTED.map(lambda value: f"return {value}"),
    st.sampled_from(["", "error('raised')", "error({err = 'MY error'})", "return nosuch.field"]),
    CALLS.map(lambda call: call.replace("redis.pcall", "redis.call") + "\nreturn replies"),
)


@dataclass(frozen=True)
class Script:
    """The text of a script, and how it is called: ``EVAL``, ``EVALSHA``, ``EVAL_RO`` or inside ``MULTI``."""

    text: str
    how: str

    def __repr__(self) -> str:
        return f"{self.how}:\n{self.text.removeprefix(PRELUDE)}\n"


@st.composite
def script(draw: st.DrawFn, statements: st.SearchStrategy[str]) -> Script:
    body = "\n".join(draw(st.lists(statements, min_size=1, max_size=8)))
    end = draw(ENDS)
    how = draw(st.sampled_from([*["EVAL"] * 4, "EVALSHA", "EVAL_RO", "MULTI"]))
    return Script(f"{PRELUDE}{body}\n{end}", how)


SCRIPTS = script(STATEMENTS)
# Some of their changes are in memory only, or in the file only as far as the script wants.
REPLICATING = script(st.one_of(STATEMENTS, STATEMENTS, REPLICATION))
