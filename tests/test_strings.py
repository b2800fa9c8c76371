"""The string commands compared with the oracle: every command, option and error in both protocols, and the file."""

import itertools
import random

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.client import wait_until
from support.pair import Pair
from support.servers import make_oracle, make_ours
from support.strategies import DISTANT, FAR_FUTURE, INDEXES, NOT_NUMBERS, STRINGS, VALUES, command

FAR_MS = FAR_FUTURE * 1000
MIN, MAX = -(2**63), 2**63 - 1
TEXTS = [b"", b"a", b"abc", b"x" * 44, b"x" * 45, b"y" * 192, b"y" * 193, b"z" * 20000, b"\0\r\n\xff", b" 1", b"1 "]
NUMBERS = [b"0", b"-0", b"1", b"-1", b"00", b"+1", b"9999", b"10000", b"%d" % MAX, b"%d" % (MAX + 1), b"%d" % MIN]
FLOATS = [b"0.1", b"3.0e3", b"1e-3", b"-5.50", b".5", b"5.", b"0x1p3", b"inf", b"-inf", b"nan", b"1e400", b"1e-400"]
NO_FLOATS = [b"1e5000", b"-1e5000", b"1e-5000", b"abc", b"1.5 ", b" 1.5", b"1\x000", b"1,5", b"0x", b"--1", b"1" * 5200]

# What a key may hold before a command. The values differ, so that a reply shows which of them it came from.
STATES = {
    "absent": [],
    "text": [("SET", "k", "text")],
    "number": [("SET", "k", "10")],
    "with an expiry": [("SET", "k", "7", "PXAT", FAR_MS)],
    "a long text": [("SET", "k", "w" * 300)],
    "text of digits": [("SET", "k", "1"), ("APPEND", "k", "2")],
    "a hash": [("HSET", "k", "f", "v")],
}
SMALL_STATES = ["absent", "text", "with an expiry", "a hash"]


def prepare(pair, state):
    pair.setup("DEL", "k")
    for step in STATES[state]:
        pair.setup(*step)


def check_value(pair, key="k"):
    """Checks that bytes, encoding and expiry of a key are the same in both servers."""
    pair.check("GET", key)
    pair.check("OBJECT", "ENCODING", key)
    pair.check("PTTL", key, drift=1000)


def check_in_states(pair, *arguments, states=tuple(STATES), **compared):
    for state in states:
        prepare(pair, state)
        pair.check(*arguments, **compared)
        check_value(pair)


# ---- SET ----

OPTIONS = [
    (),
    ("NX",),
    ("xx",),
    ("Get",),
    ("KEEPTTL",),
    ("EX", "100"),
    ("px", "100000"),
    ("EXAT", FAR_FUTURE),
    ("PXAT", FAR_MS),
    ("PERSIST",),
    ("NONSENSE",),
    ("EX",),
]
BAD_TIMES = ["0", "-1", "abc", "", "1.5", " 1", MAX, MAX // 1000, MAX // 1000 + 1, MIN, MAX + 1]
TIME_OPTIONS = ["EX", "PX", "EXAT", "PXAT"]


@pytest.mark.parametrize("state", SMALL_STATES)
def test_set_takes_and_refuses_options_in_any_order(pair, state):
    for options in itertools.product(OPTIONS, OPTIONS):
        prepare(pair, state)
        pair.check("SET", "k", "new", *itertools.chain(*options))
        check_value(pair)


def test_set_takes_and_refuses_three_options(pair2):
    for options in random.Random(7).sample(list(itertools.product(OPTIONS[1:], repeat=3)), 300):
        prepare(pair2, "with an expiry")
        pair2.check("SET", "k", "new", *itertools.chain(*options))
        check_value(pair2)


def test_set_chooses_the_encoding_by_the_bytes(pair):
    for value in TEXTS + NUMBERS:
        for state in ("absent", "text", "number", "with an expiry", "a long text"):
            prepare(pair, state)
            pair.check("SET", "k", value)
            check_value(pair)


def test_set_replaces_a_value_by_one_of_any_other_size(pair2):
    for sizes in itertools.product([0, 1, 7, 8, 191, 192, 193, 511, 512, 5000], repeat=2):
        for size in sizes:
            pair2.check("SET", "k", "x" * size)
        check_value(pair2)


def test_set_stores_under_keys_of_any_size(pair2):
    for size in (0, 1, 7, 254, 255, 256, 257, 5000):
        key = b"\0" * size
        for options in ((), ("EX", "100"), ("KEEPTTL",)):
            pair2.check("SET", key, "v" * 100, *options)
            check_value(pair2, key)
        pair2.check("GETDEL", key)
        pair2.check("EXISTS", key)


@pytest.mark.parametrize("option", TIME_OPTIONS)
def test_set_and_getex_refuse_a_time_that_cannot_be(pair, option):
    for time in BAD_TIMES:
        if option == "PXAT" and time in (MAX, MAX // 1000):
            continue  # far in the future, and valid
        check_in_states(pair, "SET", "k", "v", option, time, states=["absent", "with an expiry"])
        check_in_states(pair, "SET", "k", "v", "GET", option, time, states=["absent", "a hash"])
        check_in_states(pair, "GETEX", "k", option, time, states=SMALL_STATES)


def test_a_moment_in_the_past_leaves_no_key(pair):
    for command_words in (("SET", "k", "v", "EXAT", "1"), ("SET", "k", "v", "PXAT", "1"), ("GETEX", "k", "PXAT", "1")):
        prepare(pair, "with an expiry")
        pair.check(*command_words)
        pair.check("EXISTS", "k")


def test_setnx_stores_what_is_not_there(pair):
    check_in_states(pair, "SETNX", "k", "new")
    check_in_states(pair, "SETNX", "k", "12")


@pytest.mark.parametrize("name", ["SETEX", "PSETEX"])
def test_setex_and_psetex_store_with_an_expiry(pair, name):
    check_in_states(pair, name, "k", "100000", "new")
    for time in BAD_TIMES:
        check_in_states(pair, name, "k", time, "v", states=["absent", "a hash"])


def test_getset_keeps_no_expiry(pair):
    check_in_states(pair, "GETSET", "k", "new")
    check_in_states(pair, "GETSET", "k", "12")


# ---- reading ----


def test_get_and_strlen_tell_any_value(pair):
    for name in ("GET", "STRLEN"):
        check_in_states(pair, name, "k")
        for value in TEXTS + NUMBERS:
            pair.setup("SET", "k", value)
            pair.check(name, "k")


def test_getdel_removes_the_key(pair):
    check_in_states(pair, "GETDEL", "k")


@pytest.mark.parametrize("state", SMALL_STATES)
def test_getex_takes_and_refuses_options(pair, state):
    for options in itertools.product(OPTIONS, OPTIONS):
        prepare(pair, state)
        pair.check("GETEX", "k", *itertools.chain(*options))
        check_value(pair)


@pytest.mark.parametrize("name", ["GETRANGE", "SUBSTR"])
def test_getrange_takes_any_positions(pair, name):
    positions = ["0", "1", "2", "5", "9", "10", "-1", "-2", "-3", "-10", "-11", MAX, MIN]
    for value in ("", "a", "abcdefghij", "12345"):
        pair.setup("SET", "k", value)
        for start, end in itertools.product(positions, positions):
            pair.check(name, "k", start, end)
    for wrong in ("", "a", "1.0", MAX + 1):
        check_in_states(pair, name, "k", wrong, "1", states=["absent", "a hash"])
        check_in_states(pair, name, "k", "1", wrong, states=["absent", "a hash"])
    check_in_states(pair, name, "k", "0", "-1")


def test_mget_tells_null_for_what_is_no_string(pair):
    pair.setup("MSET", "a", "1", "b", "text", "c", "x" * 300)
    pair.setup("HSET", "h", "f", "v")
    pair.check("MGET", "a", "b", "nothing", "h", "c", "a")
    pair.check("MGET", "nothing")


@pytest.mark.parametrize("count", [1, 31, 32, 33, 64, 65, 1000])
def test_mset_and_mget_take_any_number_of_keys(pair, count):
    pairs = [word for number in range(count) for word in (f"key:{number}", f"value {number}")]
    pair.check("MSET", *pairs)
    assert pair.check("MGET", *pairs[::2]) == [value.encode() for value in pairs[1::2]]
    pair.check("MSETNX", *pairs)
    pair.check("MSETNX", *(f"new:{word}" for word in pairs))
    pair.check("MGET", *(f"new:{word}" for word in pairs[::2]))
    pair.check("DBSIZE")


@pytest.mark.parametrize("taken", [0, 31, 32, 63, 64, 69])
def test_one_key_that_is_taken_keeps_msetnx_from_all_others(pair2, taken):
    pair2.setup("SET", f"key:{taken}", "taken")
    assert pair2.check("MSETNX", *[word for number in range(70) for word in (f"key:{number}", "new")]) == 0
    assert pair2.check("DBSIZE") == 1
    assert pair2.check("GET", f"key:{taken}") == b"taken"


def test_mset_stores_the_last_of_a_repeated_key(pair):
    for name in ("MSET", "MSETNX"):
        prepare(pair, "absent")
        pair.check(name, "k", "1", "other" + name, "2", "k", "three")
        check_value(pair)


def test_mset_replaces_anything_and_msetnx_nothing(pair):
    for state in STATES:
        for name in ("MSET", "MSETNX"):
            prepare(pair, state)
            pair.setup("DEL", "a", "z")
            pair.check(name, "a", "1", "k", "2", "z", "3")
            pair.check("MGET", "a", "k", "z")
            check_value(pair)


@pytest.mark.parametrize("name", ["MSET", "MSETNX"])
def test_a_key_without_a_value_is_wrong(pair, name):
    pair.check(name, "a", "1", "b")
    pair.check("EXISTS", "a")


# ---- changing in place ----


def test_append_grows_a_string_and_makes_it_raw(pair):
    for piece in [*TEXTS, b"3"]:
        check_in_states(pair, "APPEND", "k", piece)


def test_append_keeps_the_bytes_over_many_steps(pair2):
    for number in range(1200):
        pair2.check("APPEND", "k", str(number))
    assert pair2.check("GET", "k") == "".join(map(str, range(1200))).encode()
    check_value(pair2)


def test_setrange_fills_the_gap_with_zeros(pair):
    for offset, piece in itertools.product([0, 1, 3, 4, 100, 188, 250, 100000], ["", "X", "piece", "p" * 200]):
        check_in_states(pair, "SETRANGE", "k", offset, piece)


def test_setrange_refuses_wrong_offsets(pair):
    for offset in (-1, MIN, "a", "", "1.0", MAX + 1, MAX):
        for piece in ("", "piece"):
            check_in_states(pair, "SETRANGE", "k", offset, piece)


def test_no_string_grows_past_the_longest_bulk(pair):
    with pair.config(proto_max_bulk_len=1 << 20):
        pair.setup("SET", "k", "x" * 10)
        pair.check("SETRANGE", "k", (1 << 20) - 1, "yy")
        pair.check("SETRANGE", "k", (1 << 20) - 1, "y")
        pair.check("APPEND", "k", "z")
        pair.check("APPEND", "k", "")
        pair.check("SETRANGE", "absent", 1 << 20, "y")
        pair.check("SETRANGE", "absent", 1 << 20, "")
        pair.check("STRLEN", "k")
        pair.check("EXISTS", "absent")


# ---- counting ----


@pytest.mark.parametrize("name", ["INCR", "DECR"])
def test_incr_and_decr_count(pair, name):
    check_in_states(pair, name, "k")
    for value in NUMBERS + TEXTS + FLOATS:
        pair.setup("SET", "k", value)
        pair.check(name, "k")
        check_value(pair)


@pytest.mark.parametrize("name", ["INCRBY", "DECRBY"])
def test_incrby_and_decrby_refuse_what_does_not_fit(pair, name):
    for value, delta in itertools.product([b"0", b"1", b"-1", b"-2", b"%d" % MAX, b"%d" % MIN, b"abc"], NUMBERS):
        pair.setup("SET", "k", value)
        pair.check(name, "k", delta)
        check_value(pair)
    for wrong in ("", "abc", "1.0", " 1"):
        check_in_states(pair, name, "k", wrong)


def test_counting_keeps_the_expiry(pair):
    for step in (("INCR", "k"), ("DECRBY", "k", "5"), ("INCRBYFLOAT", "k", "0.5"), ("APPEND", "k", "1")):
        prepare(pair, "with an expiry")
        pair.check(*step)
        check_value(pair)


def test_incrbyfloat_adds_and_prints_long_doubles(pair):
    values = [b"0", b"1", b"-1.5", b"10.50", b"3.0e3", b"0.1", b"1e17", b"123456789.123456789", b"1e300", b"-1e4900"]
    for value, delta in itertools.product(values + FLOATS, values + FLOATS):
        pair.setup("SET", "k", value)
        pair.check("INCRBYFLOAT", "k", delta)
        check_value(pair)


@pytest.mark.parametrize("value", ["0", "-0", "-0.0", "-1e-18", "1"])
@pytest.mark.parametrize("delta", ["-0", "-0.0", "-1e-18", "-4.9e-18", "-5.1e-18", "-1e-17", "-1", "-1e-4900"])
def test_what_is_nothing_to_seventeen_places_has_no_sign(pair, value, delta):
    pair.setup("SET", "k", value)
    pair.check("INCRBYFLOAT", "k", delta)
    check_value(pair)
    pair.setup("HSET", "h", "f", value)
    pair.check("HINCRBYFLOAT", "h", "f", delta)
    pair.check("HGET", "h", "f")


def test_incrbyfloat_refuses_what_is_no_number(pair):
    for wrong in NO_FLOATS + TEXTS:
        check_in_states(pair, "INCRBYFLOAT", "k", wrong)
        pair.setup("SET", "k", wrong)
        pair.check("INCRBYFLOAT", "k", "1")
        check_value(pair)


def test_incrbyfloat_sums_thousands_of_times_as_the_oracle(pair2):
    generator = random.Random(11)
    for _ in range(1000):
        digits = generator.randrange(1, 12)
        delta = f"{generator.uniform(-1000, 1000):.{digits}f}"
        pair2.check("INCRBYFLOAT", "k", delta)


def test_sums_are_text_even_when_they_are_integers(pair):
    pair.setup("SET", "k", "3")
    assert pair.check("INCRBYFLOAT", "k", "2") == b"5"
    assert pair.check("OBJECT", "ENCODING", "k") == b"embstr"
    pair.check("INCR", "k")
    assert pair.check("OBJECT", "ENCODING", "k") == b"int"


# ---- LCS ----

LCS_OPTIONS = [(), ("LEN",), ("idx",), ("WITHMATCHLEN",), ("MINMATCHLEN", "2"), ("NONSENSE",), ("MINMATCHLEN",)]


def lcs_everything(pair, first, second):
    pair.setup("MSET", "a", first, "b", second)
    for options in ((), ("LEN",), ("IDX",), ("IDX", "WITHMATCHLEN"), ("IDX", "MINMATCHLEN", "3")):
        pair.check("LCS", "a", "b", *options)


def test_lcs_takes_and_refuses_options(pair):
    pair.setup("MSET", "a", "ohmytext", "b", "mynewtext")
    for options in itertools.product(LCS_OPTIONS, repeat=3):
        pair.check("LCS", "a", "b", *itertools.chain(*options))
    for shortest in ("0", "-3", "1", "4", "5", MAX, MIN, "abc", MAX + 1):
        pair.check("LCS", "a", "b", "IDX", "MINMATCHLEN", shortest)


def test_lcs_compares_strings_of_every_kind(pair):
    values = ["", "a", "abc", "12345", "aaaaaa", "abcabcabc", "x" * 200, "\0\xff"]
    for first, second in itertools.product(values, values):
        lcs_everything(pair, first, second)


def test_lcs_takes_an_absent_key_as_empty_and_refuses_other_types(pair):
    pair.setup("SET", "a", "text")
    pair.setup("HSET", "h", "f", "v")
    for first, second in itertools.product(["a", "h", "nothing"], repeat=2):
        for options in ((), ("LEN",), ("IDX",), ("NONSENSE",)):
            pair.check("LCS", first, second, *options)


def test_lcs_refuses_what_would_take_too_much_memory(pair):
    with pair.config(proto_max_bulk_len=1 << 20):
        for first, second in ((511, 511), (511, 512), (1 << 18, 0), ((1 << 18) - 1, 0), (0, 1 << 18)):
            pair.setup("MSET", "a", "x" * first, "b", "x" * second)
            pair.check("LCS", "a", "b", "LEN")


@settings(max_examples=60)
@given(first=st.text("ab", max_size=40), second=st.text("abc", max_size=40))
def test_lcs_finds_what_the_oracle_finds(pair2, first, second):
    lcs_everything(pair2, first, second)


# ---- arity ----


def test_the_number_of_arguments_must_be_right(pair):
    names = "APPEND DECR DECRBY GET GETDEL GETEX GETRANGE GETSET INCR INCRBY INCRBYFLOAT LCS MGET MSET MSETNX PSETEX"
    for name in f"{names} SET SETEX SETNX SETRANGE STRLEN SUBSTR".split():
        for count in range(2 if name in ("MGET", "GETEX") else 6):
            if (name, count) not in {("MSET", 2), ("MSET", 4), ("MSETNX", 2), ("MSETNX", 4)}:
                pair.check(name, *["1"] * count)


# ---- sequences ----

TIMES = st.one_of(DISTANT, NOT_NUMBERS)
KEYS = st.sampled_from([b"k", b"l"])
FOCUSED = st.one_of(
    STRINGS,
    command("SET", KEYS, VALUES, st.sampled_from(TIME_OPTIONS).map(str.encode), TIMES),
    command("GETEX", KEYS, st.sampled_from(TIME_OPTIONS).map(str.encode), TIMES),
    command("SETRANGE", KEYS, INDEXES.filter(lambda index: len(index) < 10), VALUES),
    command("APPEND", KEYS, VALUES),
    command("INCRBYFLOAT", KEYS, VALUES),
    command("INCRBY", KEYS, VALUES),
)


@settings(max_examples=60)
@given(steps=st.lists(FOCUSED, max_size=25))
def test_sequences_leave_the_same_strings(pair, steps):
    pair.setup("FLUSHALL")
    for step in steps:
        pair.check(*step.arguments, **step.compared)
        for key in ("a", "b", "k", "l"):
            pair.check("OBJECT", "ENCODING", key)
    for key in ("a", "b", "c", "d", "e", "k", "l"):
        check_value(pair, key)


# ---- the append-only file ----


class FilePair(Pair):
    """Two servers that write append-only files, and what each has written since it was last read."""

    def __init__(self, ours, oracle):
        super().__init__(ours, oracle)
        self.seen = [len(self.file(side).read_bytes()) for side in (0, 1)]

    def file(self, side):
        (file,) = self.servers[side].folder.glob("appendonlydir/*.incr.aof")
        return file

    def written(self):
        """Compares the commands that each server has written since the last call; returns ours."""
        tails = []
        for side in (0, 1):
            data = self.file(side).read_bytes()
            tails.append(commands_in(data[self.seen[side] :]))
            self.seen[side] = len(data)
        assert len(tails[0]) == len(tails[1]), tails
        assert all(same_command(*commands) for commands in zip(*tails, strict=True)), tails
        return tails[0]


def commands_in(data):
    reader = hiredis.Reader()
    reader.feed(data)
    return list(iter(reader.gets, False))


def same_command(ours, oracle):
    """Returns whether two commands are equal, except that points in time may differ a little."""
    return len(ours) == len(oracle) and all(map(same_argument, ours, oracle))


def same_argument(ours, oracle):
    if ours.isdigit() and oracle.isdigit() and len(ours) == len(oracle) == 13:
        return abs(int(ours) - int(oracle)) < 60_000
    return ours == oracle


@pytest.fixture(scope="module")
def file_servers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    options = ("--appendonly", "yes", "--appendfsync", "no")
    servers = [make_ours(folder / "ours", *options), make_oracle(folder / "oracle", *options)]
    try:
        yield [server.start() for server in servers]
    finally:
        for server in servers:
            server.kill()


@pytest.fixture
def files(file_servers):
    with FilePair(*file_servers) as pair:
        pair.setup("FLUSHALL")
        pair.written()
        yield pair


FILE_CASES = [
    "SET k v",
    "set k v",
    "SET k v nx",
    "SET k v XX",
    "SET k v KEEPTTL",
    "SET k v EX 100",
    "SET k v PX 100000 XX",
    f"SET k v EXAT {FAR_FUTURE} GET",
    f"SET k v PXAT {FAR_MS}",
    f"SET k v GET NX PXAT {FAR_MS}",
    "SET k v GET",
    "SET k get get NX Get",
    "SET k v GET XX GET KEEPTTL",
    "SET k v EX 0",
    "SETEX k 100 v",
    "PSETEX k 100000 v",
    "SETNX k v",
    "GETSET k v",
    "GET k",
    "GETDEL k",
    "GETEX k",
    "GETEX k EX 100",
    "GETEX k PX 100000",
    f"GETEX k EXAT {FAR_FUTURE}",
    f"GETEX k PXAT {FAR_MS}",
    "GETEX k PXAT 1",
    "GETEX k PERSIST",
    "APPEND k v",
    "SETRANGE k 3 v",
    "STRLEN k",
    "GETRANGE k 0 -1",
    "INCR k",
    "DECR k",
    "INCRBY k 5",
    "DECRBY k 5",
    "INCRBYFLOAT k 1.50",
    "INCRBYFLOAT k 3e3",
    "INCRBYFLOAT k x",
    "MSET k v l w",
    "MSETNX k v l w",
    "MGET k l",
    "LCS k l",
]


@pytest.mark.parametrize("case", FILE_CASES)
def test_the_file_gets_what_the_oracles_file_gets(files, case):
    for state in ("absent", "number", "with an expiry", "text", "a hash"):
        prepare(files, state)
        files.setup("DEL", "l")
        files.written()
        files.check(*case.split())
        files.written()


def test_the_file_gets_empty_pieces_as_the_oracles_does(files):
    for step in (("APPEND", "k", ""), ("SETRANGE", "k", "0", ""), ("SETRANGE", "l", "5", ""), ("APPEND", "k", "")):
        files.check(*step)
        files.written()


def test_the_file_gets_an_inline_request_as_a_multibulk(files):
    files.check_bytes(b"SET k 'a b'\r\n")
    assert files.written() == [[b"SET", b"k", b"a b"]]
    files.check_bytes(b"INCRBYFLOAT l 1.5\r\n")
    assert files.written() == [[b"SET", b"l", b"1.5", b"KEEPTTL"]]


def test_the_file_gets_the_end_of_a_key_that_expired(files):
    files.setup("SET", "k", "v", "PX", "1")
    for client in (files.ours, files.oracle):
        wait_until(lambda client=client: client.do("GET", "k") is None, "the key to expire")
    # The key has expired whether or not the DEL is in the file, so no reply waits for it.
    wait_until(lambda: files.file(0).read_bytes().endswith(b"$3\r\nDEL\r\n$1\r\nk\r\n"), "the DEL")
    assert files.written()[-1] == [b"DEL", b"k"]


WITH_A_NUMBER = """
SET k {}
GET k
OBJECT ENCODING k
INCR k
SET n 1
INCRBY n {}
EXPIRE n {}
GETRANGE k 0 {}
RPUSH l {}
LINDEX l 0
LPOS l {}
LREM l {} x
LRANGE l 0 {}
SADD s {}
SISMEMBER s {}
SISMEMBER s 1
HSET h {} {}
HGETALL h
HINCRBY h {} 1
ZADD z 1 {}
ZRANGE z 0 -1
ZSCORE z {}
SELECT {}
XADD x {}-1 f v
SETEX k {} v
SCAN 0 COUNT {}
"""


@pytest.mark.parametrize("text", [2**63, 2**64, 2**64 + 1, 2**65 + 7, 10**20 - 1, 10**20, -(2**63) - 1, -(2**64) - 5])
def test_a_number_beyond_64_bits_is_a_text_wherever_it_stands(pair2, text):
    """Even if its lowest 64 bits are a small number."""
    for line in WITH_A_NUMBER.strip().splitlines():
        pair2.check(*line.replace("{}", str(text)).split())
    assert pair2.ours.must("OBJECT", "ENCODING", "s") == b"listpack"
    pair2.digest()
