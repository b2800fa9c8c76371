"""Mutations of byte strings: at random, by pieces of others, and by tokens of the protocol and its commands."""

import random
from pathlib import Path

from pyredis.commands.table.command_table import SPECS

CORPUS = Path(__file__).parent / "corpus"
NUMBERS = (
    b"0",
    b"1",
    b"-1",
    b"2",
    b"4",
    b"13",
    b"100",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"1e3",
    b"0.1",
)
WORDS = (
    *(b"NX", b"XX", b"GT", b"LT", b"EX", b"PX", b"EXAT", b"PXAT", b"KEEPTTL", b"GET", b"FIELDS", b"COUNT", b"MATCH"),
    *(b"TYPE", b"REPLACE", b"DB", b"WITHVALUES", b"ASYNC", b"SYNC", b"PERSIST", b"LEN", b"IDX", b"hash", b"string"),
    *(b"LEFT", b"RIGHT", b"BEFORE", b"AFTER", b"RANK", b"MAXLEN", b"MINID", b"~", b"=", b"LIMIT", b"NOMKSTREAM"),
    *(b"STREAMS", b"GROUP", b"CREATE", b"MKSTREAM", b"ENTRIESREAD", b">", b"$", b"+", b"-", b"1-1", b"2-*", b"(1-2"),
    *(b"IDLE", b"RETRYCOUNT", b"FORCE", b"JUSTID", b"LASTID", b"NOACK", b"BLOCK", b"FULL", b"ENTRIESADDED"),
    *(b"WITHSCORES", b"BYSCORE", b"BYLEX", b"REV", b"WEIGHTS", b"AGGREGATE", b"MIN", b"MAX", b"INCR", b"CH", b"[a"),
    *(b"BYRADIUS", b"BYBOX", b"FROMLONLAT", b"FROMMEMBER", b"km", b"ASC", b"DESC", b"WITHDIST", b"STOREDIST", b"STORE"),
    *(
        b"OVERFLOW",
        b"SAT",
        b"FAIL",
        b"INCRBY",
        b"u8",
        b"i64",
        b"#1",
        b"BIT",
        b"AND",
        b"NOT",
        b"ALPHA",
        b"BY",
        b"nosort",
    ),
)
# Parts of scripts. Some loop for ever, so the server must suspend them, and be able to end them.
CALLS = (b"redis.call(", b"redis.pcall(", b"pcall(redis.call, ", b"last = redis.pcall(")
STATEMENTS = (
    *(b"redis.setresp(3)", b"redis.setresp(2)", b"redis.breakpoint()", b"error('x')"),
    *(b"for i = 1, 9 do", b"while true do", b"if last then", b"else", b"end", b"end", b"end", b"return last"),
    *(b"local f = function(...)", b"coroutine.wrap(function()", b"end)()", b"pcall(function()", b"end)", b"KEYS[1]"),
    *(b"return cjson.encode(last)", b"last = cmsgpack.pack(last)", b"return {err = 'E e'}", b"return {1, {2}, last}"),
    *(b"return redis.sha1hex(ARGV[1])", b"table.sort({3, 1, 2}, f)", b"return ('x'):rep(9)", b"collectgarbage()"),
    *(b"last = string.gsub(ARGV[1], '.', f)", b"return {map = {a = last}}", b"return loadstring('return 1')()"),
)
KEYS = (b"a", b"b", b"h", b"k" * 300, b"", b"f1", b"f2", b"f3", b"f4", b"f5", b"x" * 13, b"y" * 200, b"*", b"?[ab]")
BYTES = (
    b"\r\n",
    b"\n",
    b"*1\r\n",
    b"$",
    b"*",
    b"\0",
    b"'",
    b'"',
    b"\\x41",
    b" ",
    b"\xff\xfe",
    b"$-1\r\n",
    b"*-1\r\n",
    b"#",
)
COMMANDS = [name.encode() for name in SPECS if name not in ("shutdown", "debug")]
SUBCOMMANDS = [
    (spec.name.encode(), sub.encode()) for spec in SPECS.values() for sub in getattr(spec, "subcommands", None) or ()
]


def corpus(target: str) -> list[bytes]:
    """Returns the inputs that are kept for a target."""
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


def multibulk(arguments: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in arguments)


def request(draw: random.Random) -> bytes:
    """Returns a command with arguments that may suit it."""
    if draw.random() < 0.08:
        return scripting_request(draw)
    name = (
        [draw.choice(COMMANDS)] if draw.random() < 0.9 else [draw.choice(SUBCOMMANDS)[0], draw.choice(SUBCOMMANDS)[1]]
    )
    words = [
        draw.choice(draw.choice((KEYS, KEYS, NUMBERS, WORDS))) for _ in range(draw.choice((0, 1, 1, 2, 2, 3, 4, 6, 9)))
    ]
    return multibulk([*name, *words])


def quoted(word: bytes) -> bytes:
    """Returns a Lua string."""
    return b'"' + b"".join(b"\\%03d" % byte for byte in word[:40]) + b'"'


def script(draw: random.Random) -> bytes:
    """Returns the text of a script, which need not be valid."""
    parts = []
    for _ in range(draw.choice((1, 2, 3, 5, 9))):
        if draw.random() < 0.6:
            words = [quoted(draw.choice(COMMANDS)), *(quoted(draw.choice(KEYS + NUMBERS)) for _ in range(3))]
            parts.append(draw.choice(CALLS) + b",".join(words[: draw.choice((1, 2, 2, 3, 4))]) + b")")
        else:
            parts.append(draw.choice(STATEMENTS))
    return b" ".join(parts)


def scripting_request(draw: random.Random) -> bytes:
    """Returns a command that runs or loads a script."""
    name = draw.choice((b"EVAL", b"EVAL", b"EVAL", b"EVAL_RO", b"SCRIPT"))
    if name == b"SCRIPT":
        return multibulk([name, *draw.choice(([b"LOAD", script(draw)], [b"KILL"], [b"FLUSH"]))])
    count = draw.choice((b"0", b"1", b"2", b"9", b"x"))
    return multibulk([name, script(draw), count, *(draw.choice(KEYS) for _ in range(draw.choice((0, 1, 2, 3))))])


def mutate(draw: random.Random, seeds: list[bytes]) -> bytes:
    """Returns one of the seeds with a few changes."""
    return changed(draw, draw.choice(seeds), seeds)


def changed(draw: random.Random, data: bytes, seeds: list[bytes]) -> bytes:
    """Returns the data with a few changes, which may insert pieces of the seeds."""
    for _ in range(draw.choice((1, 1, 2, 3, 5, 8))):
        data = draw.choice(CHANGES)(draw, data, seeds)
    return data[:20000]


def _place(draw: random.Random, data: bytes) -> int:
    """Returns an offset in the data, often one where a request begins."""
    at = draw.randint(0, len(data))
    if draw.random() < 0.6:
        found = data.find(b"\r\n*", at)
        return found + 2 if found >= 0 else at
    return at


def _flip(draw, data, seeds):
    if not data:
        return data
    at = draw.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


def _byte(draw, data, seeds):
    at = draw.randint(0, len(data))
    return data[:at] + bytes([draw.randrange(256)]) + data[at + draw.randint(0, 1) :]


def _cut(draw, data, seeds):
    at = draw.randint(0, len(data))
    return data[:at] + data[at + draw.choice((1, 2, 8, 100)) :]


def _truncate(draw, data, seeds):
    return data[: draw.randint(0, len(data))]


def _insert_request(draw, data, seeds):
    at = _place(draw, data)
    return data[:at] + b"".join(request(draw) for _ in range(draw.choice((1, 1, 2, 5)))) + data[at:]


def _insert_token(draw, data, seeds):
    at = _place(draw, data)
    return data[:at] + draw.choice(draw.choice((BYTES, NUMBERS, WORDS))) + data[at:]


def _splice(draw, data, seeds):
    other = draw.choice(seeds)
    begin = _place(draw, other)
    at = _place(draw, data)
    return data[:at] + other[begin : begin + draw.choice((10, 50, 500))] + data[at:]


def _repeat(draw, data, seeds):
    at = _place(draw, data)
    piece = data[at : at + draw.choice((5, 30, 200))]
    return data[:at] + piece * draw.randint(2, 9) + data[at:]


CHANGES = (_flip, _byte, _cut, _truncate, _insert_request, _insert_request, _insert_token, _splice, _repeat)
