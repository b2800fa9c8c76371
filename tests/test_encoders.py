"""The savers enumerate the same parts for every encoder and every output."""

import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyredis._resp import RequestParser
from pyredis.persistence.saving.recorder import encode, record
from support.in_process import Local
from support.strategies import ONE

WHOLE, PIECES = 1 << 40, 64
# ValueKind: the name of its parts here.
KINDS = {1: "element", 2: "member", 3: "scored", 4: "field"}
FAR = 4102444800000


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    gc.collect()
    return Local(folder), Local(folder)


@pytest.fixture
def local(servers):
    yield servers[0]
    servers[0].empty()


@pytest.fixture
def other(servers):
    yield servers[1]
    servers[1].empty()


def fill(local: Local, count: int) -> None:
    """Stores values of every kind in two databases, with parts, expiries, groups, and an empty stream."""
    for database in range(2):
        local.must("SELECT", database)
        local.must("SET", "text", b"\r\n\0", "PXAT", FAR)
        local.must("SET", "number", 12345)
        for number in range(count):
            local.must("HSET", "hash", f"f{number}", f"value {number}" * 3)
            local.must("RPUSH", "list", f"element {number % 7}", number)
            local.must("SADD", "set", f"member {number}", number)
            local.must("ZADD", "zset", number / 3, f"member {number}")
            local.must("XADD", "stream", f"{number + 1}-1", "f", number, "g", "text")
        local.must("HPEXPIREAT", "hash", FAR, "FIELDS", 2, "f0", "f1")
        local.must("PEXPIREAT", "zset", FAR + 1)
        local.must("XGROUP", "CREATE", "stream", "g", 0)
        local.must("XGROUP", "CREATECONSUMER", "stream", "g", "idle")
        local.must("XREADGROUP", "GROUP", "g", "c", "COUNT", 3, "STREAMS", "stream", ">")
        local.must("XDEL", "stream", "2-1")
        local.must("XADD", "empty", "MAXLEN", 0, "5-5", "f", "v")
    local.must("SELECT", 0)


def parsed_id(text: bytes) -> tuple[int, int]:
    ms, seq = text.split(b"-")
    return int(ms), int(seq)


def paired(words: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(words[::2], words[1::2], strict=True))


class Parts:
    """Everything that was saved, by database and key. Only the elements of lists have an order."""

    def __init__(self) -> None:
        self.database = None
        self.found: dict = {}

    def add(self, key: bytes, *fact) -> None:
        self.found.setdefault((self.database, key), []).append(fact)

    def sorted(self) -> dict:
        return {place: sorted(facts, key=repr) for place, facts in self.found.items()}

    def elements(self) -> dict:
        """Returns the elements of lists, in order."""
        picked = {place: [fact for fact in facts if fact[0] == "element"] for place, facts in self.found.items()}
        return {place: facts for place, facts in picked.items() if facts}


def recorded(calls) -> Parts:
    parts = Parts()
    key = kind = None
    for call, *arguments in calls:
        if call == "select":
            parts.database = arguments[0]
        elif call == "begin_parts":
            kind, key, _ = arguments
        elif call == "part":
            parts.add(key, KINDS[kind], *arguments)
        else:
            parts.add(arguments[0], call, *arguments[1:])
    return parts


def read_commands(data: bytes) -> Parts:
    """Returns the same as ``recorded``, from the commands of a base."""
    parts = Parts()
    for words in RequestParser().feed(data):
        READERS[words[0]](parts, words)
    return parts


def read_select(parts: Parts, words: list[bytes]) -> None:
    parts.database = int(words[1])


def read_set(parts: Parts, words: list[bytes]) -> None:
    parts.add(words[1], "string", words[2], int(words[4]) if len(words) > 3 else -1)


def read_xadd(parts: Parts, words: list[bytes]) -> None:
    if words[2] == b"MAXLEN":
        parts.add(words[1], "emptiness")
    else:
        parts.add(words[1], "entry", parsed_id(words[2]), words[3:])


def read_xgroup(parts: Parts, words: list[bytes]) -> None:
    if words[1] == b"CREATE":
        parts.add(words[2], "group", words[3], parsed_id(words[4]), int(words[6]))
    else:
        parts.add(words[2], "consumer", *words[3:])


def read_xclaim(parts: Parts, words: list[bytes]) -> None:
    parts.add(words[1], "nack", words[2], words[3], parsed_id(words[5]), int(words[7]), int(words[9]))


READERS = {
    b"SELECT": read_select,
    b"SET": read_set,
    b"PEXPIREAT": lambda parts, words: parts.add(words[1], "key_expiry", int(words[2])),
    b"HPEXPIREAT": lambda parts, words: parts.add(words[1], "part_expiry", words[5], int(words[2])),
    b"HMSET": lambda parts, words: [parts.add(words[1], "field", *pair) for pair in paired(words[2:])],
    b"RPUSH": lambda parts, words: [parts.add(words[1], "element", word) for word in words[2:]],
    b"SADD": lambda parts, words: [parts.add(words[1], "member", word) for word in words[2:]],
    b"ZADD": lambda parts, words: [
        parts.add(words[1], "scored", float(score), member) for score, member in paired(words[2:])
    ],
    b"XADD": read_xadd,
    b"XSETID": lambda parts, words: parts.add(
        words[1], "facts", parsed_id(words[2]), int(words[4]), parsed_id(words[6])
    ),
    b"XGROUP": read_xgroup,
    b"XCLAIM": read_xclaim,
}


def check(local: Local, piece: int) -> Parts:
    from_recorder, from_commands = recorded(record(local.core, piece)), read_commands(encode(local.core, piece))
    assert from_recorder.sorted() == from_commands.sorted()
    assert from_recorder.elements() == from_commands.elements()
    return from_recorder


@pytest.mark.parametrize("count", [3, 300], ids=["small values", "large values"])
@pytest.mark.parametrize("piece", [WHOLE, PIECES], ids=["whole", "in pieces"])
def test_two_encoders_are_given_the_same_parts(local, count, piece):
    fill(local, count)
    parts = check(local, piece)
    kinds = {fact[0] for facts in parts.found.values() for fact in facts}
    expected = {*KINDS.values(), "string", "key_expiry", "part_expiry", "entry", "emptiness"}
    assert kinds == expected | {"facts", "group", "consumer", "nack"}
    assert len(parts.elements()[0, b"list"]) == 2 * count
    assert local.contents().keys() == parts.found.keys()


@given(steps=st.lists(ONE, max_size=25))
@settings(max_examples=40)
def test_whatever_the_data_are_two_encoders_are_given_the_same_parts(servers, steps):
    local = servers[0]
    local.empty()
    for step in steps:
        local.call(*step.arguments)
    for piece in (WHOLE, PIECES):
        check(local, piece)
    local.empty()


@pytest.mark.parametrize("piece", [WHOLE, PIECES], ids=["whole", "in pieces"])
def test_commands_in_memory_make_the_data_anew(local, other, tmp_path, piece):
    fill(local, 300)
    path = tmp_path / "base"
    path.write_bytes(encode(local.core, piece))
    other.load(path)
    assert other.contents() == local.contents()


def test_a_longer_run_is_announced_as_it_is(local):
    fill(local, 300)
    runs = [count for call, *rest in record(local.core, WHOLE) if call == "begin_parts" for count in rest[2:]]
    assert max(runs) == 600
    commands = RequestParser().feed(encode(local.core, WHOLE))
    assert max(len(words) for words in commands) == 2 + 2 * 64


def test_every_announced_part_comes(local):
    fill(local, 300)
    for piece in (WHOLE, PIECES):
        left = 0
        for call, *arguments in record(local.core, piece):
            assert (call == "part") == (left > 0)
            left = arguments[2] if call == "begin_parts" else max(left - 1, 0)
        assert left == 0
