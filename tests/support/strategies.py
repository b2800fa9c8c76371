"""Hypothesis strategies for sequences of commands to which two correct servers must reply the same.

A `Step` is a command, the connection it is sent on and how its replies are compared. There are few keys, fields and
databases, so that commands affect each other, and values of every encoding. Absolute expiry times are long past or far
in the future, and relative ones are large, so that the time of execution never matters. Random replies (RANDOMKEY) and
cursors, which differ between servers, are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

FAR_FUTURE = 4_102_444_800  # the first second of the year 2100
CONNECTIONS = 2
DATABASES = 3

UNORDERED = {"unordered": True}
PAIRS = {"unordered": "pairs"}


@dataclass(frozen=True)
class Step:
    arguments: tuple[bytes, ...]
    compared: dict[str, Any] = field(default_factory=dict)
    connection: int = 0

    def __repr__(self) -> str:
        return f"{self.connection}> {b' '.join(self.arguments)!r}"


def _texts(*words: str) -> st.SearchStrategy[bytes]:
    return st.sampled_from([word.encode() for word in words])


KEYS = _texts("a", "b", "c", "d", "e", "key:with:a:longer:name:0001")
FIELDS = _texts("f", "g", "h", "1", "22", "a field with blanks", "x" * 70)
INTEGERS = st.one_of(st.integers(-200, 200), st.sampled_from([2**63 - 1, -(2**63), 2**63, 10**18, 9999, 10000]))
NUMBERS = st.one_of(INTEGERS.map(lambda number: b"%d" % number), _texts("0.1", "-2.5", "3.0e3", "1e-3", "10.00"))
NOT_NUMBERS = _texts("", " 1", "1 ", "+1", "01", "0x10", "1.", "abc", "nan", "inf", "1" * 25)
BLOBS = st.one_of(st.binary(max_size=12), st.sampled_from([b"y" * 44, b"y" * 45, b"z" * 64, b"z" * 65, b"w" * 5000]))
VALUES = st.one_of(NUMBERS, NOT_NUMBERS, BLOBS)
INDEXES = _texts("0", "1", "-1", "5", "-100", "100", "3", "abc", "9223372036854775807")
SECONDS = st.sampled_from([FAR_FUTURE, FAR_FUTURE + 1, FAR_FUTURE + 1000, 1, 0, -1]).map(lambda n: b"%d" % n)
MILLISECONDS = st.sampled_from([FAR_FUTURE * 1000, FAR_FUTURE * 1000 + 1, 1, 0, -1]).map(lambda n: b"%d" % n)
DISTANT = _texts("100000", "200000", "1000000")
CONDITIONS = st.one_of(st.just([]), _texts("NX", "XX", "GT", "LT").map(lambda word: [word]))
DATABASE = st.integers(0, DATABASES - 1).map(lambda number: b"%d" % number)
PATTERNS = _texts("*", "?", "[ab]", "[^a]", "key*", "k?y:*[0-9]", "\\a")
SET_OPTIONS = st.lists(st.sampled_from([[b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"]]), max_size=2)
SET_EXPIRY = st.one_of(
    st.just([]),
    SECONDS.map(lambda moment: [b"EXAT", moment]),
    MILLISECONDS.map(lambda moment: [b"PXAT", moment]),
    DISTANT.map(lambda seconds: [b"EX", seconds]),
)


def _flatten(parts: Iterable[Any]) -> Iterable[bytes]:
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            yield from _flatten(part)


# The leading words of the commands: those of the sequences, and those that the oracle does not have.
DRAWN: set[str] = set()
DRAWN_LATER: dict[str, st.SearchStrategy[Step]] = {}


def command(words: str, *parts: Any, **compared: Any) -> st.SearchStrategy[Step]:
    """Steps of one command: its words, followed by what the strategies draw (bytes or nested lists of bytes)."""
    head = words.encode().split()
    return st.tuples(*parts).map(lambda drawn: Step((*head, *_flatten(drawn)), compared))


def drawn(words: str, *parts: Any, **compared: Any) -> st.SearchStrategy[Step]:
    """A ``command`` of the sequences."""
    DRAWN.add(words)
    return command(words, *parts, **compared)


def later(words: str, *parts: Any) -> None:
    """Adds a ``command`` that the oracle does not have to ``LATER``."""
    DRAWN_LATER[words] = command(words, *parts)


def some(element: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[list[Any]]:
    return st.lists(element, min_size=1, max_size=most)


KEY_VALUES = some(st.tuples(KEYS, VALUES))
FIELD_VALUES = some(st.tuples(FIELDS, VALUES), 6)
MANY_FIELDS = st.integers(100, 200).map(lambda n: [[b"field:%d" % i, b"%d" % i] for i in range(n)])

STRINGS = st.one_of(
    drawn("SET", KEYS, VALUES, SET_OPTIONS, SET_EXPIRY),
    drawn("SET", KEYS, VALUES),
    drawn("GET", KEYS),
    drawn("GETDEL", KEYS),
    drawn("GETSET", KEYS, VALUES),
    drawn("GETEX", KEYS, st.one_of(SET_EXPIRY, st.just([b"PERSIST"]))),
    drawn("SETNX", KEYS, VALUES),
    drawn("SETEX", KEYS, DISTANT, VALUES),
    drawn("PSETEX", KEYS, st.just(b"100000000"), VALUES),
    drawn("APPEND", KEYS, VALUES),
    drawn("STRLEN", KEYS),
    drawn("INCR", KEYS),
    drawn("DECR", KEYS),
    drawn("INCRBY", KEYS, NUMBERS),
    drawn("DECRBY", KEYS, NUMBERS),
    drawn("INCRBYFLOAT", KEYS, NUMBERS),
    drawn("SETRANGE", KEYS, INDEXES.filter(lambda index: len(index) < 10), VALUES),
    drawn("GETRANGE", KEYS, INDEXES, INDEXES),
    drawn("SUBSTR", KEYS, INDEXES, INDEXES),
    drawn("MSET", KEY_VALUES),
    drawn("MSETNX", KEY_VALUES),
    drawn("MGET", some(KEYS)),
    drawn("LCS", KEYS, KEYS, st.sampled_from([[], [b"LEN"], [b"IDX"], [b"IDX", b"WITHMATCHLEN"]])),
)
BITS = st.integers(0, 700).map(lambda number: b"%d" % number)
FIELDS_OF_BITS = _texts("u1", "i5", "u8", "i16", "u63", "i64")
# Only valid integers: Redis 7.0 looks up the key before it parses these.
BIT_INDEXES = INDEXES.filter(lambda index: index != b"abc")
BIT_RANGE = st.tuples(BIT_INDEXES, BIT_INDEXES, _texts("BIT"))
BITMAPS = st.one_of(
    drawn("SETBIT", KEYS, BITS, _texts("0", "1")),
    drawn("GETBIT", KEYS, BITS),
    drawn("BITCOUNT", KEYS, st.one_of(st.just([]), st.tuples(BIT_INDEXES, BIT_INDEXES, _texts("BIT", "BYTE")))),
    drawn("BITPOS", KEYS, _texts("0", "1"), st.one_of(st.just([]), st.tuples(BIT_INDEXES, BIT_INDEXES, _texts("BIT")))),
    drawn("BITOP", _texts("AND", "OR", "XOR"), KEYS, some(KEYS)),
    drawn("BITOP NOT", KEYS, KEYS),
    drawn("BITFIELD", KEYS, st.just(b"GET"), FIELDS_OF_BITS, BITS),
    drawn("BITFIELD", KEYS, _texts("SET", "INCRBY"), FIELDS_OF_BITS, BITS, INTEGERS.map(lambda n: b"%d" % n)),
)
ELEMENTS = st.one_of(some(VALUES), st.integers(0, 3000).map(lambda n: [b"%d" % i for i in range(n, n + 300)]))
HYPERLOGLOGS = st.one_of(
    drawn("PFADD", KEYS, ELEMENTS),
    drawn("PFCOUNT", some(KEYS)),
    drawn("PFMERGE", some(KEYS)),
)
COORDINATES = st.tuples(st.integers(-180, 180), st.integers(-85, 85)).map(
    lambda place: [b"%d" % part for part in place]
)
AREAS = st.sampled_from([[b"BYRADIUS", b"3000", b"km"], [b"BYBOX", b"9000", b"4000", b"mi"], [b"BYRADIUS", b"0", b"m"]])
STORING = st.tuples(_texts("STORE", "STOREDIST"), KEYS)
GEO = st.one_of(
    drawn("GEOADD", KEYS, COORDINATES, FIELDS),
    drawn("GEOADD", KEYS, _texts("NX", "XX", "CH"), COORDINATES, FIELDS),
    drawn("GEODIST", KEYS, FIELDS, FIELDS),
    drawn("GEOPOS", KEYS, some(FIELDS)),
    drawn("GEOHASH", KEYS, some(FIELDS)),
    drawn("GEOSEARCH", KEYS, st.just(b"FROMLONLAT"), COORDINATES, AREAS),
    drawn("GEOSEARCHSTORE", KEYS, KEYS, st.just(b"FROMLONLAT"), COORDINATES, AREAS),
    drawn("GEORADIUS", KEYS, COORDINATES, st.just([b"3000", b"km"]), STORING),
    drawn("GEORADIUSBYMEMBER", KEYS, FIELDS, st.just([b"9000", b"mi"]), STORING),
)
HASHES = st.one_of(
    drawn("HSET", KEYS, FIELD_VALUES),
    drawn("HSET", KEYS, MANY_FIELDS),
    drawn("HMSET", KEYS, FIELD_VALUES),
    drawn("HSETNX", KEYS, FIELDS, VALUES),
    drawn("HGET", KEYS, FIELDS),
    drawn("HMGET", KEYS, some(FIELDS)),
    drawn("HDEL", KEYS, some(FIELDS)),
    drawn("HLEN", KEYS),
    drawn("HEXISTS", KEYS, FIELDS),
    drawn("HSTRLEN", KEYS, FIELDS),
    drawn("HINCRBY", KEYS, FIELDS, NUMBERS),
    drawn("HINCRBYFLOAT", KEYS, FIELDS, NUMBERS),
    drawn("HGETALL", KEYS, **PAIRS),
    drawn("HKEYS", KEYS, **UNORDERED),
    drawn("HVALS", KEYS, **UNORDERED),
)
# Commands that the oracle does not have, for our server only. Expiry may be near, so that fields do expire.
NAMED = st.tuples(st.just(b"FIELDS"), some(FIELDS, 3).map(lambda fields: [b"%d" % len(fields), fields]))
GIVEN = st.tuples(st.just(b"FIELDS"), FIELD_VALUES.map(lambda pairs: [b"%d" % len(pairs), pairs]))
NEAR = st.sampled_from([b"1", b"2", b"100000"])
MOMENTS = st.one_of(
    st.just([]),
    NEAR.map(lambda time: [b"PX", time]),
    DISTANT.map(lambda time: [b"EX", time]),
    SECONDS.map(lambda moment: [b"EXAT", moment]),
    MILLISECONDS.map(lambda moment: [b"PXAT", moment]),
)
later("HEXPIRE", KEYS, DISTANT, CONDITIONS, NAMED)
later("HPEXPIRE", KEYS, NEAR, CONDITIONS, NAMED)
later("HEXPIREAT", KEYS, SECONDS, CONDITIONS, NAMED)
later("HPEXPIREAT", KEYS, MILLISECONDS, CONDITIONS, NAMED)
later("HPERSIST", KEYS, NAMED)
later("HTTL", KEYS, NAMED)
later("HGETDEL", KEYS, NAMED)
later("HGETEX", KEYS, st.one_of(MOMENTS, st.just([b"PERSIST"])), NAMED)
later(
    "HSETEX",
    KEYS,
    st.sampled_from([[], [b"FNX"], [b"FXX"]]),
    st.one_of(MOMENTS, st.just([b"KEEPTTL"])),
    GIVEN,
)
MEMBERS = st.one_of(VALUES, _texts("a", "b", "c", "1", "22", "012", "x" * 70))
MANY_NUMBERS = st.integers(500, 530).map(lambda n: [b"%d" % i for i in range(n)])
SOURCES = some(KEYS, 3)
SETS = st.one_of(
    drawn("SADD", KEYS, some(MEMBERS, 6)),
    drawn("SADD", KEYS, some(MEMBERS, 6)),
    drawn("SADD", KEYS, MANY_NUMBERS),
    drawn("SREM", KEYS, some(MEMBERS)),
    drawn("SMOVE", KEYS, KEYS, MEMBERS),
    drawn("SCARD", KEYS),
    drawn("SISMEMBER", KEYS, MEMBERS),
    drawn("SMISMEMBER", KEYS, some(MEMBERS)),
    drawn("SMEMBERS", KEYS, **UNORDERED),
    drawn("SPOP", KEYS, _texts("1000", "-1", "0"), **UNORDERED),
    drawn("SPOP", st.just(b"absent"), st.sampled_from([[], [b"1"]])),
    drawn("SRANDMEMBER", KEYS, _texts("1000", "0"), **UNORDERED),
    drawn("SRANDMEMBER", KEYS, _texts("1", "3", "-2"), shape_only=True),
    drawn("SINTER", SOURCES, **UNORDERED),
    drawn("SUNION", SOURCES, **UNORDERED),
    drawn("SDIFF", SOURCES, **UNORDERED),
    drawn("SINTERSTORE", KEYS, SOURCES),
    drawn("SUNIONSTORE", KEYS, SOURCES),
    drawn("SDIFFSTORE", KEYS, SOURCES),
    drawn("SINTERCARD 2", KEYS, KEYS, st.sampled_from([[], [b"LIMIT", b"2"], [b"LIMIT", b"x"]])),
)
SORT_OPTIONS = st.lists(
    st.sampled_from([[b"DESC"], [b"ALPHA"], [b"LIMIT", b"1", b"3"], [b"GET", b"*"], [b"GET", b"#"], [b"BY", b"*"]]),
    max_size=3,
)


def is_total(options: list[list[bytes]]) -> bool:
    """Whether the options define a total order: ALPHA with BY does not, because all weights are absent."""
    return [b"ALPHA"] not in options or [b"BY", b"*"] not in options


SORTING = st.one_of(
    drawn("SORT", KEYS, st.sampled_from([[], [b"ALPHA"], [b"ALPHA", b"DESC", b"LIMIT", b"1", b"3"]])),
    drawn("SORT", KEYS, SORT_OPTIONS.filter(is_total)),
    drawn("SORT", KEYS, SORT_OPTIONS.filter(lambda options: not is_total(options)), shape_only=True),
    drawn("SORT", KEYS, st.sampled_from([[], [b"ALPHA"], [b"GET", b"*", b"ALPHA"]]), st.just(b"STORE"), KEYS),
)


def packed_or_table(encoding: Any) -> Any:
    """One name for encodings that differ: the oracle has no listpacks for sets and lists."""
    return b"listpack" if encoding in (b"hashtable", b"quicklist") else encoding


ITEMS = st.one_of(FIELDS, VALUES)
MANY_ITEMS = st.integers(100, 400).map(lambda n: [b"item:%d" % (i % 150) for i in range(n)])
TIMES = _texts("0", "1", "-1", "2", "-2", "100", "abc")
SIDES = _texts("LEFT", "RIGHT", "left")
RANKED = st.one_of(st.just([]), TIMES.map(lambda rank: [b"RANK", rank]))
COUNTED = st.one_of(st.just([]), TIMES.map(lambda count: [b"COUNT", count]))
LISTS = st.one_of(
    drawn("RPUSH", KEYS, some(ITEMS, 6)),
    drawn("LPUSH", KEYS, some(ITEMS, 6)),
    drawn("RPUSH", KEYS, MANY_ITEMS),
    drawn("RPUSH", KEYS, st.integers(1, 3).map(lambda n: [b"w" * 5000, b"v" * 9000] * n)),
    drawn("LPUSHX", KEYS, some(ITEMS)),
    drawn("RPUSHX", KEYS, some(ITEMS)),
    drawn("LPOP", KEYS, st.one_of(st.just([]), TIMES)),
    drawn("RPOP", KEYS, st.one_of(st.just([]), TIMES)),
    drawn("LLEN", KEYS),
    drawn("LINDEX", KEYS, INDEXES),
    drawn("LRANGE", KEYS, INDEXES, INDEXES),
    drawn("LSET", KEYS, INDEXES, ITEMS),
    drawn("LINSERT", KEYS, _texts("BEFORE", "AFTER", "BESIDE"), ITEMS, ITEMS),
    drawn("LREM", KEYS, TIMES, ITEMS),
    drawn("LTRIM", KEYS, INDEXES, INDEXES),
    drawn("LPOS", KEYS, ITEMS, RANKED, COUNTED),
    drawn("LMOVE", KEYS, KEYS, SIDES, SIDES),
    drawn("RPOPLPUSH", KEYS, KEYS),
    drawn("LMPOP 2", KEYS, KEYS, SIDES, COUNTED),
)

# No -0: a listpack does not store its sign, so the reply would depend on the history of the sorted set.
SCORES = st.one_of(
    st.integers(-3, 3).map(lambda number: b"%d" % number),
    _texts("0.5", "-2.25", "1e3", "inf", "-inf", "(1", "nan", "abc", ""),
)
RANKS = _texts("0", "1", "-1", "2", "-3", "100", "abc")
ZADD_OPTIONS = st.lists(_texts("NX", "XX", "GT", "LT", "CH", "INCR"), max_size=2)
SCORED = st.sampled_from([[], [b"WITHSCORES"]])
ORDERED = st.sampled_from([[], [b"REV"], [b"BYSCORE"], [b"BYSCORE", b"REV"], [b"BYSCORE", b"LIMIT", b"1", b"2"]])
MANY_MEMBERS = st.integers(100, 200).map(lambda n: [[b"%d" % (i % 7), b"member:%d" % i] for i in range(n)])
SEVERAL = some(KEYS, 3).map(lambda keys: [b"%d" % len(keys), keys])
AGGREGATES = st.sampled_from([[], [b"AGGREGATE", b"MIN"], [b"AGGREGATE", b"MAX"]])
SORTED_SETS = st.one_of(
    drawn("ZADD", KEYS, ZADD_OPTIONS, some(st.tuples(SCORES, FIELDS), 6)),
    drawn("ZADD", KEYS, some(st.tuples(SCORES, FIELDS), 6)),
    drawn("ZADD", KEYS, MANY_MEMBERS),
    drawn("ZINCRBY", KEYS, SCORES, FIELDS),
    drawn("ZREM", KEYS, some(FIELDS)),
    drawn("ZCARD", KEYS),
    drawn("ZSCORE", KEYS, FIELDS),
    drawn("ZMSCORE", KEYS, some(FIELDS)),
    drawn("ZRANK", KEYS, FIELDS),
    drawn("ZREVRANK", KEYS, FIELDS),
    drawn("ZCOUNT", KEYS, SCORES, SCORES),
    drawn("ZRANGE", KEYS, RANKS, RANKS, ORDERED, SCORED),
    drawn("ZREVRANGE", KEYS, RANKS, RANKS, SCORED),
    drawn("ZRANGEBYSCORE", KEYS, SCORES, SCORES, SCORED),
    drawn("ZRANGESTORE", KEYS, KEYS, RANKS, RANKS, ORDERED),
    drawn("ZREMRANGEBYRANK", KEYS, RANKS, RANKS),
    drawn("ZREMRANGEBYSCORE", KEYS, SCORES, SCORES),
    drawn("ZREMRANGEBYLEX", KEYS, _texts("-", "[g", "(h", "x"), _texts("+", "[x", "(1", "-")),
    drawn("ZPOPMIN", KEYS, st.sampled_from([[], [b"2"], [b"0"], [b"-1"]])),
    drawn("ZPOPMAX", KEYS, st.sampled_from([[], [b"1"], [b"50"]])),
    drawn("ZMPOP", SEVERAL, _texts("MIN", "MAX"), st.sampled_from([[], [b"COUNT", b"3"]])),
    drawn("ZUNION", SEVERAL, AGGREGATES, SCORED),
    drawn("ZINTER", SEVERAL, AGGREGATES, SCORED),
    drawn("ZDIFF", SEVERAL, SCORED),
    drawn("ZUNIONSTORE", KEYS, SEVERAL, AGGREGATES),
    drawn("ZINTERSTORE", KEYS, SEVERAL, AGGREGATES),
    drawn("ZDIFFSTORE", KEYS, SEVERAL),
    drawn("ZINTERCARD", SEVERAL, st.sampled_from([[], [b"LIMIT", b"2"]])),
)
GENERIC = st.one_of(
    drawn("DEL", some(KEYS)),
    drawn("UNLINK", some(KEYS)),
    drawn("EXISTS", some(KEYS)),
    drawn("TOUCH", some(KEYS)),
    drawn("TYPE", KEYS),
    drawn("OBJECT ENCODING", KEYS, by=packed_or_table),
    drawn("RENAME", KEYS, KEYS),
    drawn("RENAMENX", KEYS, KEYS),
    drawn("COPY", KEYS, KEYS, st.sampled_from([[], [b"REPLACE"], [b"DB", b"1"], [b"DB", b"1", b"REPLACE"]])),
    drawn("MOVE", KEYS, DATABASE),
    drawn("DBSIZE"),
    drawn("KEYS", PATTERNS, **UNORDERED),
    drawn("SELECT", DATABASE),
    drawn("SWAPDB", DATABASE, DATABASE),
)
EMPTYING = st.one_of(drawn("FLUSHDB"), drawn("FLUSHALL", st.sampled_from([[], [b"SYNC"], [b"ASYNC"]])))
EXPIRY = st.one_of(
    drawn("EXPIREAT", KEYS, SECONDS, CONDITIONS),
    drawn("PEXPIREAT", KEYS, MILLISECONDS, CONDITIONS),
    drawn("EXPIRE", KEYS, DISTANT),
    drawn("PEXPIRE", KEYS, st.just(b"100000000")),
    drawn("EXPIRE", KEYS, _texts("0", "-1", "abc", "9223372036854775807")),
    drawn("PERSIST", KEYS),
    drawn("TTL", KEYS, drift=1),
    drawn("PTTL", KEYS, drift=1000),
    drawn("EXPIRETIME", KEYS, drift=1),
    drawn("PEXPIRETIME", KEYS, drift=1000),
)
# IDs are explicit, not taken from the clock, and few, so that deletions and claims hit existing entries.
IDS = st.one_of(
    st.integers(0, 40).map(lambda number: b"%d-%d" % (number, number % 3)),
    _texts("0", "7", "20-*", "-", "+", "(5", "$", "x", "18446744073709551615"),
)
GROUPS = _texts("g", "group")
CONSUMERS = _texts("c", "d", "consumer")
TRIMMING = st.sampled_from([[b"MAXLEN", b"5"], [b"MAXLEN", b"~", b"20"], [b"MINID", b"9"], [b"MINID", b"~", b"15"]])
CLAIMING = st.sampled_from([[], [b"JUSTID"], [b"FORCE"], [b"RETRYCOUNT", b"3"], [b"LASTID", b"30"]])
STREAMS = st.one_of(
    drawn("XADD", KEYS, IDS, FIELD_VALUES),
    drawn("XADD", KEYS, st.integers(0, 60).map(lambda number: b"%d-*" % number), st.just([b"f", b"v"])),
    drawn("XADD", KEYS, TRIMMING, IDS, FIELD_VALUES),
    drawn("XTRIM", KEYS, TRIMMING),
    drawn("XDEL", KEYS, some(IDS)),
    drawn("XSETID", KEYS, IDS),
    drawn("XLEN", KEYS),
    drawn("XRANGE", KEYS, IDS, IDS, st.sampled_from([[], [b"COUNT", b"3"]])),
    drawn("XREVRANGE", KEYS, IDS, IDS, st.sampled_from([[], [b"COUNT", b"3"]])),
    drawn("XREAD STREAMS", KEYS, IDS.filter(lambda id: id != b"+")),
    drawn("XGROUP CREATE", KEYS, GROUPS, IDS, st.sampled_from([[], [b"MKSTREAM"]])),
    drawn("XGROUP SETID", KEYS, GROUPS, IDS),
    drawn("XGROUP CREATECONSUMER", KEYS, GROUPS, CONSUMERS),
    drawn("XGROUP DELCONSUMER", KEYS, GROUPS, CONSUMERS),
    drawn("XGROUP DESTROY", KEYS, GROUPS),
    drawn("XREADGROUP GROUP", GROUPS, CONSUMERS, st.just([b"COUNT", b"4", b"STREAMS"]), KEYS, st.just(b">")),
    drawn("XREADGROUP GROUP", GROUPS, CONSUMERS, st.just(b"STREAMS"), KEYS, _texts("0", "5")),
    drawn("XACK", KEYS, GROUPS, some(IDS)),
    drawn("XCLAIM", KEYS, GROUPS, CONSUMERS, st.just(b"0"), some(IDS), CLAIMING),
    drawn("XAUTOCLAIM", KEYS, GROUPS, CONSUMERS, st.just(b"0"), IDS, st.sampled_from([[], [b"COUNT", b"2"]])),
    drawn("XPENDING", KEYS, GROUPS),
)
WRONG = st.one_of(
    command("GET"),
    command("SET", KEYS, VALUES, _texts("EX", "BAD", "NX")),
    command("NOSUCHCOMMAND", some(VALUES)),
    command("HSET", KEYS, FIELDS),
    command("EXPIRE", KEYS),
)
ONE = st.one_of(
    *(STRINGS, STRINGS, HASHES, HASHES, LISTS, SETS, SORTED_SETS, STREAMS),
    *(BITMAPS, HYPERLOGLOGS, GEO, SORTING, GENERIC, EXPIRY),
)


def _exact(step: Step) -> bool:
    return not step.compared


LATER = st.one_of(*DRAWN_LATER.values())


def _transaction(steps: list[Step], finish: bytes) -> list[Step]:
    queued = [Step(step.arguments) for step in steps]
    return [Step((b"MULTI",)), *queued, Step((finish,))]


BODIES = st.lists(st.one_of(ONE.filter(_exact), ONE.filter(_exact), WRONG), max_size=6)
TRANSACTIONS = st.builds(_transaction, BODIES, st.sampled_from([b"EXEC", b"EXEC", b"EXEC", b"DISCARD"]))
WATCHED = st.builds(
    lambda watched, meddling, other, body: [
        Step((b"WATCH", *watched)),
        *(Step(step.arguments, step.compared, other) for step in meddling),
        *body,
    ],
    some(KEYS, 2),
    st.lists(ONE, max_size=3),
    st.integers(0, CONNECTIONS - 1),
    TRANSACTIONS,
)
SINGLES = st.builds(
    lambda step, connection: [Step(step.arguments, step.compared, connection)],
    st.one_of(*[ONE] * 12, EMPTYING, WRONG),
    st.integers(0, CONNECTIONS - 1),
)
UNWATCH = st.just([Step((b"UNWATCH",))])
BLOCKS = st.one_of(*[SINGLES] * 8, TRANSACTIONS, WATCHED, UNWATCH)
SEQUENCES = st.lists(BLOCKS, min_size=1, max_size=40).map(lambda blocks: [step for block in blocks for step in block])
"""Sequences over two connections: single commands, transactions, and transactions with watched keys that may change."""
