"""Hypothesis strategies for sequences of commands whose replies two correct servers must share.

A `Step` is a command, the connection it goes to and how its replies are compared. Few keys, few fields and few
databases, so that commands meet; values of every encoding; absolute expiry either long past or far in the future,
relative expiry large, so that the moment of execution never shows. Nothing random (RANDOMKEY) and no cursors, whose
values are each server's own.
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


def command(words: str, *parts: Any, **compared: Any) -> st.SearchStrategy[Step]:
    """Steps of one command: its words, then what the strategies draw (bytes, or nested lists of them)."""
    head = words.encode().split()
    return st.tuples(*parts).map(lambda drawn: Step((*head, *_flatten(drawn)), compared))


def some(element: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[list[Any]]:
    return st.lists(element, min_size=1, max_size=most)


KEY_VALUES = some(st.tuples(KEYS, VALUES))
FIELD_VALUES = some(st.tuples(FIELDS, VALUES), 6)
MANY_FIELDS = st.integers(100, 200).map(lambda n: [[b"field:%d" % i, b"%d" % i] for i in range(n)])

STRINGS = st.one_of(
    command("SET", KEYS, VALUES, SET_OPTIONS, SET_EXPIRY),
    command("SET", KEYS, VALUES),
    command("GET", KEYS),
    command("GETDEL", KEYS),
    command("GETSET", KEYS, VALUES),
    command("GETEX", KEYS, st.one_of(SET_EXPIRY, st.just([b"PERSIST"]))),
    command("SETNX", KEYS, VALUES),
    command("SETEX", KEYS, DISTANT, VALUES),
    command("PSETEX", KEYS, st.just(b"100000000"), VALUES),
    command("APPEND", KEYS, VALUES),
    command("STRLEN", KEYS),
    command("INCR", KEYS),
    command("DECR", KEYS),
    command("INCRBY", KEYS, NUMBERS),
    command("DECRBY", KEYS, NUMBERS),
    command("INCRBYFLOAT", KEYS, NUMBERS),
    command("SETRANGE", KEYS, INDEXES.filter(lambda index: len(index) < 10), VALUES),
    command("GETRANGE", KEYS, INDEXES, INDEXES),
    command("SUBSTR", KEYS, INDEXES, INDEXES),
    command("MSET", KEY_VALUES),
    command("MSETNX", KEY_VALUES),
    command("MGET", some(KEYS)),
    command("LCS", KEYS, KEYS, st.sampled_from([[], [b"LEN"], [b"IDX"], [b"IDX", b"WITHMATCHLEN"]])),
)
BITS = st.integers(0, 700).map(lambda number: b"%d" % number)
FIELDS_OF_BITS = _texts("u1", "i5", "u8", "i16", "u63", "i64")
# Redis 7.0 looks at the key before it reads these.
BIT_INDEXES = INDEXES.filter(lambda index: index != b"abc")
BIT_RANGE = st.tuples(BIT_INDEXES, BIT_INDEXES, _texts("BIT"))
BITMAPS = st.one_of(
    command("SETBIT", KEYS, BITS, _texts("0", "1")),
    command("GETBIT", KEYS, BITS),
    command("BITCOUNT", KEYS, st.one_of(st.just([]), st.tuples(BIT_INDEXES, BIT_INDEXES, _texts("BIT", "BYTE")))),
    command(
        "BITPOS", KEYS, _texts("0", "1"), st.one_of(st.just([]), st.tuples(BIT_INDEXES, BIT_INDEXES, _texts("BIT")))
    ),
    command("BITOP", _texts("AND", "OR", "XOR"), KEYS, some(KEYS)),
    command("BITOP NOT", KEYS, KEYS),
    command("BITFIELD", KEYS, st.just(b"GET"), FIELDS_OF_BITS, BITS),
    command("BITFIELD", KEYS, _texts("SET", "INCRBY"), FIELDS_OF_BITS, BITS, INTEGERS.map(lambda n: b"%d" % n)),
)
ELEMENTS = st.one_of(some(VALUES), st.integers(0, 3000).map(lambda n: [b"%d" % i for i in range(n, n + 300)]))
HYPERLOGLOGS = st.one_of(
    command("PFADD", KEYS, ELEMENTS),
    command("PFCOUNT", some(KEYS)),
    command("PFMERGE", some(KEYS)),
)
COORDINATES = st.tuples(st.integers(-180, 180), st.integers(-85, 85)).map(
    lambda place: [b"%d" % part for part in place]
)
AREAS = st.sampled_from([[b"BYRADIUS", b"3000", b"km"], [b"BYBOX", b"9000", b"4000", b"mi"], [b"BYRADIUS", b"0", b"m"]])
GEO = st.one_of(
    command("GEOADD", KEYS, COORDINATES, FIELDS),
    command("GEOADD", KEYS, _texts("NX", "XX", "CH"), COORDINATES, FIELDS),
    command("GEODIST", KEYS, FIELDS, FIELDS),
    command("GEOPOS", KEYS, some(FIELDS)),
    command("GEOHASH", KEYS, some(FIELDS)),
    command("GEOSEARCH", KEYS, st.just(b"FROMLONLAT"), COORDINATES, AREAS),
    command("GEOSEARCHSTORE", KEYS, KEYS, st.just(b"FROMLONLAT"), COORDINATES, AREAS),
)
HASHES = st.one_of(
    command("HSET", KEYS, FIELD_VALUES),
    command("HSET", KEYS, MANY_FIELDS),
    command("HMSET", KEYS, FIELD_VALUES),
    command("HSETNX", KEYS, FIELDS, VALUES),
    command("HGET", KEYS, FIELDS),
    command("HMGET", KEYS, some(FIELDS)),
    command("HDEL", KEYS, some(FIELDS)),
    command("HLEN", KEYS),
    command("HEXISTS", KEYS, FIELDS),
    command("HSTRLEN", KEYS, FIELDS),
    command("HINCRBY", KEYS, FIELDS, NUMBERS),
    command("HINCRBYFLOAT", KEYS, FIELDS, NUMBERS),
    command("HGETALL", KEYS, **PAIRS),
    command("HKEYS", KEYS, **UNORDERED),
    command("HVALS", KEYS, **UNORDERED),
)
MEMBERS = st.one_of(VALUES, _texts("a", "b", "c", "1", "22", "012", "x" * 70))
MANY_NUMBERS = st.integers(500, 530).map(lambda n: [b"%d" % i for i in range(n)])
SOURCES = some(KEYS, 3)
SETS = st.one_of(
    command("SADD", KEYS, some(MEMBERS, 6)),
    command("SADD", KEYS, some(MEMBERS, 6)),
    command("SADD", KEYS, MANY_NUMBERS),
    command("SREM", KEYS, some(MEMBERS)),
    command("SMOVE", KEYS, KEYS, MEMBERS),
    command("SCARD", KEYS),
    command("SISMEMBER", KEYS, MEMBERS),
    command("SMISMEMBER", KEYS, some(MEMBERS)),
    command("SMEMBERS", KEYS, **UNORDERED),
    command("SPOP", KEYS, _texts("1000", "-1", "0"), **UNORDERED),
    command("SPOP", st.just(b"absent"), st.sampled_from([[], [b"1"]])),
    command("SRANDMEMBER", KEYS, _texts("1000", "0"), **UNORDERED),
    command("SRANDMEMBER", KEYS, _texts("1", "3", "-2"), shape_only=True),
    command("SINTER", SOURCES, **UNORDERED),
    command("SUNION", SOURCES, **UNORDERED),
    command("SDIFF", SOURCES, **UNORDERED),
    command("SINTERSTORE", KEYS, SOURCES),
    command("SUNIONSTORE", KEYS, SOURCES),
    command("SDIFFSTORE", KEYS, SOURCES),
    command("SINTERCARD 2", KEYS, KEYS, st.sampled_from([[], [b"LIMIT", b"2"], [b"LIMIT", b"x"]])),
)
SORT_OPTIONS = st.lists(
    st.sampled_from([[b"DESC"], [b"ALPHA"], [b"LIMIT", b"1", b"3"], [b"GET", b"*"], [b"GET", b"#"], [b"BY", b"*"]]),
    max_size=3,
)


def is_total(options: list[list[bytes]]) -> bool:
    """Whether the options leave no two elements equal: texts of weights do, as all are absent."""
    return [b"ALPHA"] not in options or [b"BY", b"*"] not in options


SORTING = st.one_of(
    command("SORT", KEYS, st.sampled_from([[], [b"ALPHA"], [b"ALPHA", b"DESC", b"LIMIT", b"1", b"3"]])),
    command("SORT", KEYS, SORT_OPTIONS.filter(is_total)),
    command("SORT", KEYS, SORT_OPTIONS.filter(lambda options: not is_total(options)), shape_only=True),
    command("SORT", KEYS, st.sampled_from([[], [b"ALPHA"], [b"GET", b"*", b"ALPHA"]]), st.just(b"STORE"), KEYS),
)


def packed_or_table(encoding: Any) -> Any:
    """The oracle has no packed sets and no packed lists."""
    return b"listpack" if encoding in (b"hashtable", b"quicklist") else encoding


ITEMS = st.one_of(FIELDS, VALUES)
MANY_ITEMS = st.integers(100, 400).map(lambda n: [b"item:%d" % (i % 150) for i in range(n)])
TIMES = _texts("0", "1", "-1", "2", "-2", "100", "abc")
SIDES = _texts("LEFT", "RIGHT", "left")
RANKED = st.one_of(st.just([]), TIMES.map(lambda rank: [b"RANK", rank]))
COUNTED = st.one_of(st.just([]), TIMES.map(lambda count: [b"COUNT", count]))
LISTS = st.one_of(
    command("RPUSH", KEYS, some(ITEMS, 6)),
    command("LPUSH", KEYS, some(ITEMS, 6)),
    command("RPUSH", KEYS, MANY_ITEMS),
    command("RPUSH", KEYS, st.integers(1, 3).map(lambda n: [b"w" * 5000, b"v" * 9000] * n)),
    command("LPUSHX", KEYS, some(ITEMS)),
    command("RPUSHX", KEYS, some(ITEMS)),
    command("LPOP", KEYS, st.one_of(st.just([]), TIMES)),
    command("RPOP", KEYS, st.one_of(st.just([]), TIMES)),
    command("LLEN", KEYS),
    command("LINDEX", KEYS, INDEXES),
    command("LRANGE", KEYS, INDEXES, INDEXES),
    command("LSET", KEYS, INDEXES, ITEMS),
    command("LINSERT", KEYS, _texts("BEFORE", "AFTER", "BESIDE"), ITEMS, ITEMS),
    command("LREM", KEYS, TIMES, ITEMS),
    command("LTRIM", KEYS, INDEXES, INDEXES),
    command("LPOS", KEYS, ITEMS, RANKED, COUNTED),
    command("LMOVE", KEYS, KEYS, SIDES, SIDES),
    command("RPOPLPUSH", KEYS, KEYS),
    command("LMPOP 2", KEYS, KEYS, SIDES, COUNTED),
)

# No -0: a packed set forgets the sign, so that it depends on how a set came about.
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
    command("ZADD", KEYS, ZADD_OPTIONS, some(st.tuples(SCORES, FIELDS), 6)),
    command("ZADD", KEYS, some(st.tuples(SCORES, FIELDS), 6)),
    command("ZADD", KEYS, MANY_MEMBERS),
    command("ZINCRBY", KEYS, SCORES, FIELDS),
    command("ZREM", KEYS, some(FIELDS)),
    command("ZCARD", KEYS),
    command("ZSCORE", KEYS, FIELDS),
    command("ZMSCORE", KEYS, some(FIELDS)),
    command("ZRANK", KEYS, FIELDS),
    command("ZREVRANK", KEYS, FIELDS),
    command("ZCOUNT", KEYS, SCORES, SCORES),
    command("ZRANGE", KEYS, RANKS, RANKS, ORDERED, SCORED),
    command("ZREVRANGE", KEYS, RANKS, RANKS, SCORED),
    command("ZRANGEBYSCORE", KEYS, SCORES, SCORES, SCORED),
    command("ZRANGESTORE", KEYS, KEYS, RANKS, RANKS, ORDERED),
    command("ZREMRANGEBYRANK", KEYS, RANKS, RANKS),
    command("ZREMRANGEBYSCORE", KEYS, SCORES, SCORES),
    command("ZPOPMIN", KEYS, st.sampled_from([[], [b"2"], [b"0"], [b"-1"]])),
    command("ZPOPMAX", KEYS, st.sampled_from([[], [b"1"], [b"50"]])),
    command("ZMPOP", SEVERAL, _texts("MIN", "MAX"), st.sampled_from([[], [b"COUNT", b"3"]])),
    command("ZUNION", SEVERAL, AGGREGATES, SCORED),
    command("ZINTER", SEVERAL, AGGREGATES, SCORED),
    command("ZDIFF", SEVERAL, SCORED),
    command("ZUNIONSTORE", KEYS, SEVERAL, AGGREGATES),
    command("ZINTERSTORE", KEYS, SEVERAL, AGGREGATES),
    command("ZDIFFSTORE", KEYS, SEVERAL),
    command("ZINTERCARD", SEVERAL, st.sampled_from([[], [b"LIMIT", b"2"]])),
)
GENERIC = st.one_of(
    command("DEL", some(KEYS)),
    command("UNLINK", some(KEYS)),
    command("EXISTS", some(KEYS)),
    command("TOUCH", some(KEYS)),
    command("TYPE", KEYS),
    command("OBJECT ENCODING", KEYS, by=packed_or_table),
    command("RENAME", KEYS, KEYS),
    command("RENAMENX", KEYS, KEYS),
    command("COPY", KEYS, KEYS, st.sampled_from([[], [b"REPLACE"], [b"DB", b"1"], [b"DB", b"1", b"REPLACE"]])),
    command("MOVE", KEYS, DATABASE),
    command("DBSIZE"),
    command("KEYS", PATTERNS, **UNORDERED),
    command("SELECT", DATABASE),
    command("SWAPDB", DATABASE, DATABASE),
)
EMPTYING = st.one_of(command("FLUSHDB"), command("FLUSHALL", st.sampled_from([[], [b"SYNC"], [b"ASYNC"]])))
EXPIRY = st.one_of(
    command("EXPIREAT", KEYS, SECONDS, CONDITIONS),
    command("PEXPIREAT", KEYS, MILLISECONDS, CONDITIONS),
    command("EXPIRE", KEYS, DISTANT),
    command("PEXPIRE", KEYS, st.just(b"100000000")),
    command("EXPIRE", KEYS, _texts("0", "-1", "abc", "9223372036854775807")),
    command("PERSIST", KEYS),
    command("TTL", KEYS, drift=1),
    command("PTTL", KEYS, drift=1000),
    command("EXPIRETIME", KEYS, drift=1),
    command("PEXPIRETIME", KEYS, drift=1000),
)
# Ids are told, not taken from the clock; few of them, so that entries meet deletions and claims.
IDS = st.one_of(
    st.integers(0, 40).map(lambda number: b"%d-%d" % (number, number % 3)),
    _texts("0", "7", "20-*", "-", "+", "(5", "$", "x", "18446744073709551615"),
)
GROUPS = _texts("g", "group")
CONSUMERS = _texts("c", "d", "consumer")
TRIMMING = st.sampled_from([[b"MAXLEN", b"5"], [b"MAXLEN", b"~", b"20"], [b"MINID", b"9"], [b"MINID", b"~", b"15"]])
CLAIMING = st.sampled_from([[], [b"JUSTID"], [b"FORCE"], [b"RETRYCOUNT", b"3"], [b"LASTID", b"30"]])
STREAMS = st.one_of(
    command("XADD", KEYS, IDS, FIELD_VALUES),
    command("XADD", KEYS, st.integers(0, 60).map(lambda number: b"%d-*" % number), st.just([b"f", b"v"])),
    command("XADD", KEYS, TRIMMING, IDS, FIELD_VALUES),
    command("XTRIM", KEYS, TRIMMING),
    command("XDEL", KEYS, some(IDS)),
    command("XLEN", KEYS),
    command("XRANGE", KEYS, IDS, IDS, st.sampled_from([[], [b"COUNT", b"3"]])),
    command("XREVRANGE", KEYS, IDS, IDS, st.sampled_from([[], [b"COUNT", b"3"]])),
    command("XREAD STREAMS", KEYS, IDS.filter(lambda id: id != b"+")),
    command("XGROUP CREATE", KEYS, GROUPS, IDS, st.sampled_from([[], [b"MKSTREAM"]])),
    command("XGROUP CREATECONSUMER", KEYS, GROUPS, CONSUMERS),
    command("XGROUP DELCONSUMER", KEYS, GROUPS, CONSUMERS),
    command("XGROUP DESTROY", KEYS, GROUPS),
    command("XREADGROUP GROUP", GROUPS, CONSUMERS, st.just([b"COUNT", b"4", b"STREAMS"]), KEYS, st.just(b">")),
    command("XREADGROUP GROUP", GROUPS, CONSUMERS, st.just(b"STREAMS"), KEYS, _texts("0", "5")),
    command("XACK", KEYS, GROUPS, some(IDS)),
    command("XCLAIM", KEYS, GROUPS, CONSUMERS, st.just(b"0"), some(IDS), CLAIMING),
    command("XAUTOCLAIM", KEYS, GROUPS, CONSUMERS, st.just(b"0"), IDS, st.sampled_from([[], [b"COUNT", b"2"]])),
    command("XPENDING", KEYS, GROUPS),
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
"""Whole sequences over two connections: single commands, transactions, and watched transactions meddled with."""
