"""The bitmap commands compared with the oracle, in both protocols, on strings of every encoding."""

import itertools
import re

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from support.pair import Pair

TEXTS = {
    "int": b"1234567890",
    "embstr": b"foobar",
    "raw": b"r" * 50,
    "zeros": b"\0" * 21,
    "ones": b"\xff" * 43,
    "long": bytes(range(256)) * 5,
    "far": b"\0" * 400 + b"\x01" + b"\0" * 3,
    "empty": b"",
}
RANGES = [0, 1, 2, 7, 8, 9, 30, 167, 168, -1, -2, -8, -9, -200, 3203, 3207, 3208, 2**63 - 1, -(2**63)]
COMMANDS = [
    ["BITCOUNT", "k"],
    ["BITCOUNT", "k", 0, -1, "BIT"],
    ["BITFIELD", "k", "GET", "u8", 0],
    ["BITFIELD", "k", "SET", "i5", 3, 7],
    ["BITFIELD_RO", "k", "GET", "u8", 0],
    ["BITOP", "AND", "target", "k", "other"],
    ["BITOP", "NOT", "target", "k"],
    ["BITPOS", "k", 0],
    ["BITPOS", "k", 1, 0, -1, "BYTE"],
    ["GETBIT", "k", 3],
    ["SETBIT", "k", 3, 1],
]
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(map(str, command)))
by_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


@by_name
def test_a_key_of_another_type_is_refused(pair, command):
    pair.setup("HSET", "k", "f", "v")
    pair.check(*command)
    pair.check("HGETALL", "k")
    pair.check("EXISTS", "target")


@by_name
def test_an_absent_key_is_an_empty_string(pair, command):
    pair.check(*command)
    pair.digest()


@by_name
def test_too_few_arguments_are_refused(pair, command):
    for count in range(1, len(command)):
        if command[0] != "BITCOUNT" or count != 3:
            pair.check(*command[:count])


@by_text
def test_every_bit_is_told_and_those_behind_the_end_are_zero(pair2, text):
    pair2.setup("SET", "k", text)
    places = [*range(80), *(len(text) * 8 + step for step in range(-9, 9))]
    for place in places:
        pair2.check("GETBIT", "k", place)


@by_text
def test_a_set_bit_makes_the_string_raw_and_long_enough(pair, text):
    for place in (0, 7, 8, 100, 1599, 1600, 5000, 6):
        for bit in (1, 1, 0):
            pair.setup("SET", "k", text)
            pair.check("SETBIT", "k", place, bit)
            pair.check("GET", "k")
            pair.check("OBJECT", "ENCODING", "k")


def test_a_string_grows_from_bit_to_bit(pair):
    for place in (3, 9, 100, 1535, 1536, 1544, 40_000, 0, 1537):
        pair.check("SETBIT", "grown", place, 1)
        pair.check("STRLEN", "grown")
        pair.check("OBJECT", "ENCODING", "grown")
    pair.digest()


def test_setting_a_bit_keeps_the_expiry(pair):
    pair.setup("SET", "k", "text", "PXAT", 4_102_444_800_000)
    pair.check("SETBIT", "k", 5, 1)
    pair.check("SETBIT", "k", 500, 1)
    pair.check("SETBIT", "k", 50_000, 1)
    pair.check("PEXPIRETIME", "k")


@pytest.mark.parametrize("offset", ["-1", "x", "", "01", "1.0", str(2**32), str(2**63), "#0", "4294967296"])
def test_a_wrong_offset_is_refused(pair, offset):
    pair.check("SETBIT", "k", offset, 1)
    pair.check("GETBIT", "k", offset)
    pair.check("BITFIELD", "k", "GET", "u8", offset)
    pair.check("EXISTS", "k")


@pytest.mark.parametrize("bit", ["2", "-1", "x", "", "01", "1 ", str(2**64)])
def test_a_wrong_bit_is_refused(pair, bit):
    pair.check("SETBIT", "k", 1, bit)
    pair.check("BITPOS", "k", bit)
    pair.check("EXISTS", "k")


@by_text
def test_bits_of_any_range_are_counted(pair2, text):
    pair2.setup("SET", "k", text)
    pair2.check("BITCOUNT", "k")
    for start, end in itertools.product(RANGES, RANGES):
        pair2.check("BITCOUNT", "k", start, end)
        pair2.check("BITCOUNT", "k", start, end, "BIT")
    pair2.check("BITCOUNT", "k", 0, -1, "byte")


@by_text
def test_the_first_bit_of_any_range_is_found(pair2, text):
    pair2.setup("SET", "k", text)
    for bit in (0, 1):
        pair2.check("BITPOS", "k", bit)
        for start in RANGES:
            pair2.check("BITPOS", "k", bit, start)
            for end in RANGES:
                pair2.check("BITPOS", "k", bit, start, end)
                pair2.check("BITPOS", "k", bit, start, end, "BIT")


@pytest.mark.parametrize(
    "rest", [["x", 1], [1, "x"], [0, 1, "BOTH"], [0, 1, "BIT", "BIT"], [0, 1, ""], ["x", 1, "BOTH"]]
)
def test_a_wrong_range_is_refused_whether_the_key_exists_or_not(pair, client, rest):
    """7.4 parses the arguments first; 7.0 looks up the key before."""
    pair.setup("SET", "k", "text")
    pair.check("BITCOUNT", "k", *rest)
    pair.check("BITPOS", "k", 1, *rest)
    for command in (["BITCOUNT"], ["BITPOS"]):
        bit = [1] if command == ["BITPOS"] else []
        assert client.call(*command, "absent", *bit, *rest).is_error
    assert client.call("BITCOUNT", "k", 1).decoded == client.call("BITCOUNT", "absent", 1).decoded


@pytest.mark.parametrize("operation", ["AND", "OR", "XOR", "and", "Or", "xOR"])
def test_strings_of_all_lengths_are_combined(pair2, operation):
    for name, text in TEXTS.items():
        pair2.setup("SET", name, text)
    names = [*TEXTS, "absent"]
    for sources in [[name] for name in names] + list(itertools.combinations(names, 2)) + [names]:
        pair2.check("BITOP", operation, "target", *sources)
        pair2.check("GET", "target")
        pair2.check("OBJECT", "ENCODING", "target")
    pair2.digest()


@by_text
def test_a_string_is_inverted(pair, text):
    pair.setup("SET", "k", text)
    pair.check("BITOP", "NOT", "target", "k")
    pair.check("GET", "target")
    pair.check("BITOP", "NOT", "k", "k")
    pair.check("GET", "k")


@pytest.mark.parametrize("operation", ["AND", "OR", "XOR"])
def test_the_target_may_be_a_source(pair, operation):
    for text in (b"abc", b"a" * 300, b"12"):
        pair.setup("MSET", "a", text, "b", b"\x0f" * 200)
        pair.check("BITOP", operation, "a", "a", "b", "a")
        pair.check("GET", "a")


def test_the_target_loses_its_old_value_and_its_expiry(pair):
    pair.setup("SET", "a", "text")
    pair.setup("HSET", "target", "f", "v")
    pair.setup("EXPIRE", "target", 1000)
    pair.check("BITOP", "OR", "target", "a")
    pair.check("TTL", "target")
    pair.check("TYPE", "target")
    pair.check("BITOP", "OR", "target", "absent", "nothing")
    pair.check("EXISTS", "target")
    pair.check("BITOP", "OR", "target", "absent")


@pytest.mark.parametrize(
    "command",
    [
        ["NOT", "t", "a", "b"],
        ["NAND", "t", "a"],
        ["", "t", "a"],
        ["AND", "t", "a", "hash"],
        ["NOT", "t", "hash"],
        ["NOT", "hash", "hash"],
    ],
)
def test_a_wrong_bitop_changes_nothing(pair, command):
    pair.setup("HSET", "hash", "f", "v")
    pair.setup("MSET", "a", "1", "t", "old")
    pair.check("BITOP", *command)
    pair.check("GET", "t")


# ---- BITFIELD ----


@by_text
def test_numbers_of_every_width_are_read(pair2, text):
    pair2.setup("SET", "k", text)
    for sign, width in itertools.product("iu", range(1, 65)):
        offsets = (0, 1, 5, 8, 63, "#1", "#3", len(text) * 8, max(len(text) * 8 - 3, 0))
        gets = [["GET", f"{sign}{width}", offset] for offset in offsets]
        pair2.check("BITFIELD", "k", *itertools.chain(*gets))
        pair2.check("BITFIELD_RO", "k", *itertools.chain(*gets))
    pair2.check("OBJECT", "ENCODING", "k")


NUMBERS = [0, 1, -1, 7, -8, 100, 127, 128, -128, -129, 255, 256, 2**31, -(2**31), 2**62, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("overflow", ["WRAP", "SAT", "FAIL"])
@pytest.mark.parametrize("encoding", ["i1", "u1", "i5", "u8", "i8", "i32", "u32", "i63", "u63", "i64"])
def test_numbers_overflow_as_told(pair2, encoding, overflow):
    for first, second in itertools.product(NUMBERS, NUMBERS):
        pair2.check(
            *("BITFIELD", "k", "OVERFLOW", overflow, "SET", encoding, 3, first),
            *("INCRBY", encoding, 3, second, "GET", encoding, 3, "OVERFLOW", "wrap", "INCRBY", encoding, 3, 5),
        )
    pair2.digest()


@pytest.mark.parametrize(
    "rest",
    [
        [],
        ["GET", "u8"],
        ["GET", "u64", 0],
        ["GET", "i65", 0],
        ["GET", "i0", 0],
        ["GET", "U8", 0],
        ["GET", "8", 0],
        ["GET", "u", 0],
        ["GET", "", 0],
        ["GET", "u08", 0],
        ["GET", "u8", "#x"],
        ["GET", "u8", "#"],
        ["GET", "u8", "#-1"],
        ["GET", "u8", "#536870912"],
        ["SET", "u8", 0],
        ["SET", "u8", 0, "x"],
        ["SET", "u8", "x", "x"],
        ["INCRBY", "u8", 0, "1.5"],
        ["OVERFLOW"],
        ["OVERFLOW", "WRAP"],
        ["OVERFLOW", "BAD", "GET", "u8", 0],
        ["GET", "u8", 0, "OVERFLOW"],
        ["PUT", "u8", 0, 1],
        ["SET", "u8", 0, 1, "GET", "u99", 0],
        ["SET", "u8", 0, 1, "OVERFLOW", "never"],
    ],
)
def test_a_wrong_bitfield_changes_nothing(pair, rest):
    for name in ("BITFIELD", "BITFIELD_RO"):
        pair.check(name, "k", *rest)
    pair.check("EXISTS", "k")


def test_an_offset_whose_product_is_too_large_is_refused(client):
    told = client.call("BITFIELD", "k", "GET", "u4", f"#{2**62}").decoded
    assert told == client.call("GETBIT", "k", "x").decoded


def test_the_reading_form_only_reads(pair):
    pair.setup("SET", "k", "12")
    pair.check("BITFIELD_RO", "k", "SET", "u8", 0, 1)
    pair.check("BITFIELD_RO", "k", "GET", "u8", 0, "INCRBY", "u8", 0, 1)
    pair.check("BITFIELD_RO", "k", "OVERFLOW", "SAT", "GET", "u8", 0)
    pair.check("BITFIELD_RO", "absent")
    pair.check("GET", "k")
    pair.check("OBJECT", "ENCODING", "k")


def test_a_writing_bitfield_lengthens_the_string_even_where_it_fails(pair):
    pair.check("BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u4", 100, 16)
    pair.check("STRLEN", "k")
    pair.check("BITFIELD", "k", "SET", "u4", 300, 0, "GET", "u8", 1000)
    pair.check("STRLEN", "k")
    pair.check("OBJECT", "ENCODING", "k")


# ---- sequences, persistence, statistics ----

KEYS = st.sampled_from([b"a", b"b", b"c"])
PLACES = st.one_of(st.integers(0, 40), st.integers(0, 2000))
NAMES = st.tuples(st.sampled_from("iu"), st.integers(1, 64)).map(lambda drawn: f"{drawn[0]}{drawn[1]}")
FIELD_STEPS = st.one_of(
    st.tuples(st.just("GET"), NAMES, PLACES),
    st.tuples(st.just("SET"), NAMES, PLACES, st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just("INCRBY"), NAMES, PLACES, st.integers(-300, 300)),
    st.tuples(st.just("OVERFLOW"), st.sampled_from(["WRAP", "SAT", "FAIL"])),
)
STEPS = st.one_of(
    st.tuples(st.just("SETBIT"), KEYS, PLACES, st.integers(0, 1)),
    st.tuples(st.just("GETBIT"), KEYS, PLACES),
    st.tuples(st.just("BITCOUNT"), KEYS, st.integers(-50, 50), st.integers(-50, 50), st.sampled_from(["BIT", "BYTE"])),
    st.tuples(st.just("BITPOS"), KEYS, st.integers(0, 1), st.integers(-50, 50)),
    st.tuples(st.just("BITOP"), st.sampled_from(["AND", "OR", "XOR"]), KEYS, KEYS, KEYS),
    st.tuples(st.just("BITOP"), st.just("NOT"), KEYS, KEYS),
    st.tuples(st.just("SET"), KEYS, st.sampled_from([b"12", b"text", b"x" * 200])),
    st.lists(FIELD_STEPS, max_size=4).map(lambda steps: ("BITFIELD", "a", *itertools.chain(*steps))),
)


def test_any_sequence_gives_the_same_replies_and_the_same_data(session_ours, session_oracle):
    @settings(max_examples=60)
    @given(st.lists(STEPS, max_size=30))
    def run(steps):
        with Pair(session_ours, session_oracle) as pair:
            pair.setup("FLUSHALL")
            for step in steps:
                pair.check(*step)
            pair.digest()

    run()


def test_a_restart_brings_all_bits_back(start_ours):
    server = start_ours("--appendonly", "yes", "--enable-debug-command", "yes")
    with server.client() as client:
        client.must("SETBIT", "bits", 1000, 1)
        client.must("SETBIT", "bits", 3, 1)
        client.must("BITFIELD", "fields", "OVERFLOW", "SAT", "INCRBY", "i7", 9, 1000, "SET", "u5", "#9", 21)
        client.must("BITOP", "XOR", "both", "bits", "fields")
        client.must("BITOP", "NOT", "bits", "bits")
        client.must("BITOP", "OR", "both", "absent", "bits")
        digest = client.must("DEBUG", "DIGEST")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest


def test_what_changes_nothing_does_not_count_as_a_change(pair):
    pair.setup("SETBIT", "k", 9, 1)
    before = [_changes(client) for client in (pair.ours, pair.oracle)]
    for command in (
        ["SETBIT", "k", 9, 1],
        ["SETBIT", "k", 8, 0],
        ["BITFIELD", "k", "SET", "u2", 8, 1, "GET", "u4", 8],
        ["BITFIELD", "k", "SET", "u2", 8, 3, "SET", "u2", 8, 1, "SET", "u2", 8, 1],
        ["BITFIELD", "k", "SET", "u2", 900, 0, "OVERFLOW", "FAIL", "SET", "u2", 8, 9],
        ["BITOP", "AND", "none", "absent"],
        ["BITOP", "AND", "k", "k"],
    ):
        pair.check(*command)
        pair.check("GET", "k")
        ours, oracle = (_changes(client) for client in (pair.ours, pair.oracle))
        assert ours - before[0] == oracle - before[1], command


def _changes(client):
    info = client.must("INFO", "persistence")
    return int(re.search(r"rdb_changes_since_last_save:(\d+)", str(info))[1])


@pytest.mark.parametrize(
    "words",
    ["GET u8 0", "get u8 0 OVERFLOW sat GET i4 4", "SET u8 0 1", "GET u8 0 INCRBY u8 0 1", "GET u8", "NONE", ""],
)
def test_whether_a_bitfield_writes_is_told(pair, words):
    pair.check("COMMAND", "GETKEYSANDFLAGS", "BITFIELD", "k", *words.split())


@pytest.mark.parametrize("resp", [2, 3])
def test_the_typed_methods_of_redis_py(shared_ours, resp):
    with redis.Redis(port=shared_ours.port, protocol=resp) as client:
        assert client.setbit("k", 7, 1) == 0
        assert client.getbit("k", 7) == 1
        assert client.bitcount("k") == client.bitcount("k", 0, -1, "BIT") == 1
        assert client.bitpos("k", 1) == 7
        assert client.bitpos("k", 0, 0, -1) == 0
        assert client.bitop("NOT", "inverted", "k") == 1
        assert client.get("inverted") == b"\xfe"
        assert client.bitfield("k").set("u8", "#1", 200).incrby("u8", "#1", 100, "SAT").get("i4", 0).execute() == [
            *(0, 255, 0),
        ]
        assert client.bitfield_ro("k", "u8", 0, [("u4", 8)]) == [1, 15]
