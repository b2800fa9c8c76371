"""The HyperLogLog commands compared with the oracle: replies, and the stored values byte for byte."""

import itertools
import random

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from pyredis.types.handles.hyperloglog_handle import register_of
from support.pair import Pair
from support.resp import ErrorText

EMPTY = b"HYLL\x01" + bytes(11) + b"\x7f\xff"
# Values with a valid header and an invalid body.
CORRUPT = {
    "too-few": EMPTY[:16] + b"\x7f\xfe",
    "too-many": EMPTY[:16] + b"\x7f\xff\x00",
    "no-runs": EMPTY[:16],
    "values-past-the-end": EMPTY[:16] + b"\x7f\xfe\x83",
    "uncounted-too-few": EMPTY[:15] + b"\x80\x7f\xfe",
    "uncounted-no-runs": EMPTY[:15] + b"\x80",
}
STRANGE = {
    "text": b"text",
    "int": b"1234567890",
    "header-cut": EMPTY[:15],
    "encoding": b"HYLL\x02" + EMPTY[5:],
    "dense-too-short": b"HYLL\x00" + bytes(100),
    "dense-too-long": b"HYLL\x00" + bytes(12300),
    "magic": b"HYLl" + EMPTY[4:],
}
COMMANDS = [
    ["PFADD", "k", "a"],
    ["PFADD", "k"],
    ["PFCOUNT", "k"],
    ["PFCOUNT", "k", "other"],
    ["PFMERGE", "k"],
    ["PFMERGE", "target", "k"],
    ["PFDEBUG", "GETREG", "k"],
    ["PFDEBUG", "DECODE", "k"],
    ["PFDEBUG", "ENCODING", "k"],
    ["PFDEBUG", "TODENSE", "k"],
    ["PFDEBUG", "NONE", "k"],
]
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(map(str, command)))


def check_value(pair, key):
    pair.check("GET", key)
    pair.check("OBJECT", "ENCODING", key)


@by_name
def test_a_key_of_another_type_is_refused(pair, command):
    pair.setup("HSET", "k", "f", "v")
    pair.check(*command)
    pair.check("EXISTS", "target")


@by_name
@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE.keys())
def test_a_string_that_is_no_hyperloglog_is_refused(pair, command, value):
    pair.setup("SET", "k", value)
    pair.check(*command)
    pair.check("GET", "k")
    pair.check("EXISTS", "target")


@by_name
def test_an_absent_key_is_an_empty_hyperloglog(pair, command):
    pair.check(*command)
    for key in ("k", "target"):
        check_value(pair, key)


@by_name
def test_too_few_and_too_many_arguments_are_refused(pair, command):
    for count in range(1, len(command) - 1):
        pair.check(*command[:count])
    pair.check("PFDEBUG", "DECODE", "k", "more")
    pair.check("PFSELFTEST", "more")


@pytest.mark.parametrize("value", CORRUPT.values(), ids=CORRUPT.keys())
@pytest.mark.parametrize(
    "command",
    [
        ["PFCOUNT", "k"],
        ["PFCOUNT", "k", "other"],
        ["PFMERGE", "k"],
        ["PFMERGE", "target", "k"],
        ["PFDEBUG", "GETREG", "k"],
        ["PFDEBUG", "TODENSE", "k"],
    ],
    ids="-".join,
)
def test_a_corrupt_value_is_told_as_such(pair, command, value):
    pair.setup("SET", "k", value)
    pair.check(*command)
    pair.check("GET", "k")
    pair.check("EXISTS", "target")


CORRUPTED = ErrorText("INVALIDOBJ Corrupted HLL object detected")


def test_adding_to_a_corrupt_value_ends_where_the_run_is_missing(pair):
    elements = [f"e{number}" for number in range(100)]
    missing = next(text for text in map(str, itertools.count()) if register_of(text.encode())[0] == 16383)
    pair.setup("SET", "k", EMPTY[:16] + b"\x7f\xfe")  # a run of all registers except the last
    assert pair.check("PFADD", "k", *elements) == 1
    for arguments in ([missing], ["one more", missing], [missing, "another"]):
        assert pair.check("PFADD", "k", *arguments) == CORRUPTED
        check_value(pair, "k")
    pair.setup("SET", "k", EMPTY[:16])
    assert pair.check("PFADD", "k", "a") == CORRUPTED


def test_values_are_the_same_bytes_from_the_first_element_to_the_dense_form(pair2):
    for number in range(1500):
        pair2.check("PFADD", "one", f"element:{number}")
        if number < 150 or number % 50 == 0:
            check_value(pair2, "one")
    for begin in range(0, 9000, 100):
        pair2.check("PFADD", "many", *range(begin, begin + 100))
        check_value(pair2, "many")
        pair2.check("PFCOUNT", "many")
        check_value(pair2, "many")
        pair2.check("PFDEBUG", "ENCODING", "many")
    pair2.digest()


def test_elements_are_any_bytes(pair):
    for element in (b"", b"\0", b"\xff" * 7, bytes(range(256)), "12", b"x" * 8, b"y" * 9, "ü"):
        pair.check("PFADD", "k", element)
        pair.check("PFADD", "k", element)
        check_value(pair, "k")


@pytest.mark.parametrize("most", [0, 17, 18, 25, 100, 1000, 12304, 16000, 20000])
def test_the_dense_form_begins_at_the_directive(pair2, most):
    with pair2.config(hll_sparse_max_bytes=most):
        chosen = random.Random(most)
        for _ in range(60):
            pair2.check("PFADD", "k", *(chosen.randrange(10**9) for _ in range(chosen.choice([1, 3, 40]))))
            check_value(pair2, "k")
        pair2.check("PFMERGE", "merged", "k")
        check_value(pair2, "merged")


def element_with(digest: int) -> bytes:
    """The eight bytes whose MurmurHash64A is `digest`; every step of the hash can be inverted."""
    m, mask = 0xC6A4A7935BD1E995, 2**64 - 1
    undo = pow(m, -1, 2**64)
    h = (digest ^ digest >> 47) * undo & mask
    h = (h ^ h >> 47) * undo & mask
    k = (h ^ 0xADC83B19 ^ 8 * m & mask) * undo & mask
    return ((k ^ k >> 47) * undo & mask).to_bytes(8, "little")


@pytest.mark.parametrize("register", [1, 31, 32, 33, 34, 50, 51])
def test_a_register_too_high_for_the_sparse_form_makes_it_dense(pair, register):
    element = element_with(1 << 14 + register - 1 & 2**64 - 1 | 77)
    pair.check("PFADD", "k", "a", "b")
    for _ in range(2):
        pair.check("PFADD", "k", element)
        check_value(pair, "k")
    pair.check("PFCOUNT", "k")
    found = pair.check("PFDEBUG", "GETREG", "k")
    assert found[77] == register


def dense(registers):
    bits = sum(value << 6 * index for index, value in registers.items())
    return b"HYLL\0\0\0\0" + bytes(7) + b"\x80" + bits.to_bytes(12288, "little")


def test_registers_above_the_sparse_limit_are_counted_and_merged(pair):
    pair.setup("SET", "high", dense({0: 33, 1: 51, 5000: 63, 16383: 40, 16382: 1}))
    pair.setup("PFADD", "low", "a", "b", "c")
    pair.check("PFCOUNT", "high")
    pair.check("PFCOUNT", "high", "low")
    pair.check("PFMERGE", "low", "high")
    for key in ("low", "high"):
        check_value(pair, key)
        pair.check("PFDEBUG", "GETREG", key)


def test_the_count_is_kept_in_the_value_until_it_changes(pair):
    pair.setup("PFADD", "k", *range(100))
    for _ in range(2):
        pair.check("PFCOUNT", "k")
        check_value(pair, "k")
    pair.check("PFADD", "k", 5)
    check_value(pair, "k")
    pair.check("PFADD", "k", "new")
    check_value(pair, "k")


def test_a_count_that_the_value_brings_is_believed(pair):
    pair.setup("SET", "k", EMPTY[:8] + (2**50 + 3).to_bytes(8, "little") + EMPTY[16:])
    pair.check("PFCOUNT", "k")
    pair.check("PFCOUNT", "k", "absent")
    pair.check("PFADD", "k")
    pair.check("PFCOUNT", "k")
    pair.check("PFADD", "k", "one")
    pair.check("PFCOUNT", "k")


@pytest.mark.parametrize("sizes", [(0, 0), (5, 0), (0, 7), (50, 60), (300, 400), (900, 900), (5, 5000), (5000, 5)])
def test_merging_gives_the_same_bytes(pair2, sizes):
    for key, (begin, size) in {"a": (0, sizes[0]), "b": (sizes[0] // 2, sizes[1])}.items():
        if size:
            pair2.setup("PFADD", key, *range(begin, begin + size))
    for sources in (["a"], ["b"], ["a", "b"], ["absent"], ["a", "a"], []):
        for target in ("target", "fresh", "a"):
            pair2.setup("DEL", "fresh")
            pair2.check("PFMERGE", target, *sources)
            check_value(pair2, target)
    pair2.check("PFCOUNT", "a", "b", "absent", "target")
    pair2.digest()


@pytest.mark.parametrize("dense", [["a"], ["b"], ["a", "b"], ["target"], ["b", "target"]])
def test_merging_small_dense_values_makes_a_dense_one(pair2, dense):
    """There are few elements, so that only a dense source or target makes the result dense."""
    for number, key in enumerate(["a", "b", "target"]):
        pair2.setup("PFADD", key, *range(number, number + 3))
        if key in dense:
            pair2.check("PFDEBUG", "TODENSE", key)
    for target in ("target", "fresh"):
        pair2.check("PFMERGE", target, "a", "b")
        check_value(pair2, target)
        pair2.check("PFDEBUG", "ENCODING", target)
        pair2.check("PFCOUNT", target)
        pair2.check("PFADD", target, "more")
        check_value(pair2, target)
    pair2.digest()


def test_merging_keeps_the_expiry(pair):
    pair.setup("PFADD", "a", 1)
    pair.setup("EXPIRE", "a", 1000)
    for size in (2, 40, 3000):
        pair.setup("PFADD", "b", *range(size))
        pair.check("PFMERGE", "a", "b")
        pair.check("TTL", "a", drift=1)
        pair.check("PFADD", "a", *range(size, size + 20))
        pair.check("TTL", "a", drift=1)


def test_the_inside_is_shown(pair):
    pair.setup("PFADD", "k", *range(30))
    for what in ("ENCODING", "encoding", "DECODE", "NONE", "", "DECODEX"):
        pair.check("PFDEBUG", what, "k")
    pair.check("PFDEBUG", "GETREG", "k")
    for what in ("ENCODING", "DECODE", "TODENSE"):
        pair.check("PFDEBUG", what, "k")
    check_value(pair, "k")
    pair.setup("PFADD", "other", "x")
    pair.check("PFDEBUG", "TODENSE", "other")
    pair.check("PFDEBUG", "TODENSE", "other")
    pair.check("PFSELFTEST")


KEYS = st.sampled_from(["a", "b", "c"])
ELEMENTS = st.lists(st.integers(0, 3000), max_size=40)
STEPS = st.one_of(
    st.tuples(KEYS, ELEMENTS).map(lambda drawn: ("PFADD", drawn[0], *drawn[1])),
    st.tuples(KEYS, st.integers(0, 20000)).map(lambda drawn: ("PFADD", drawn[0], *range(drawn[1], drawn[1] + 700))),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: ("PFCOUNT", *keys)),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: ("PFMERGE", *keys)),
    st.tuples(st.just("PFDEBUG"), st.sampled_from(["TODENSE", "DECODE", "ENCODING"]), KEYS),
    st.tuples(st.just("SETRANGE"), KEYS, st.integers(8, 30), st.binary(min_size=1, max_size=2)),
    st.tuples(st.just("GET"), KEYS),
    st.tuples(st.just("DEL"), KEYS),
    st.tuples(st.just("COPY"), KEYS, KEYS),
)


def test_any_sequence_gives_the_same_replies_and_the_same_bytes(session_ours, session_oracle):
    """Without corrupt values: what a command changes before it fails on one differs between servers."""

    @settings(max_examples=60)
    @given(st.lists(STEPS.filter(lambda step: step[0] != "SETRANGE"), max_size=25))
    def run(steps):
        with Pair(session_ours, session_oracle) as pair:
            pair.setup("FLUSHALL")
            for step in steps:
                pair.check(*step)
            pair.digest()

    run()


def test_no_bytes_bring_the_server_down(client):
    @settings(max_examples=60)
    @given(st.lists(STEPS, max_size=25))
    def run(steps):
        client.must("FLUSHALL")
        for step in steps:
            client.call(*step)
        client.must("PING")

    run()


def test_a_restart_brings_all_values_back(start_ours):
    server = start_ours("--appendonly", "yes", "--enable-debug-command", "yes")
    with server.client() as client:
        for key, size in (("a", 10), ("b", 500), ("c", 5000)):
            client.must("PFADD", key, *range(size))
            client.must("PFCOUNT", key)
        client.must("PFMERGE", "d", "a", "b")
        client.must("PFCOUNT", "d")
        client.must("PFADD", "e")
        client.must("PFDEBUG", "GETREG", "a")
        digest = client.must("DEBUG", "DIGEST")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest


@pytest.mark.parametrize("resp", [2, 3])
def test_the_typed_methods_of_redis_py(shared_ours, resp):
    with redis.Redis(port=shared_ours.port, protocol=resp) as client:
        assert client.pfadd("k", "a", "b", "c") == 1
        assert client.pfadd("k", "a") == 0
        assert client.pfcount("k") == 3
        assert client.pfadd("other", "c", "d") == 1
        assert client.pfcount("k", "other") == 4
        assert client.pfmerge("both", "k", "other") is True
        assert client.pfcount("both") == 4


@pytest.mark.parametrize("most", range(24, 40))
def test_a_value_turns_dense_at_the_same_byte(pair2, most):
    """The limits are consecutive, so that some value reaches one exactly."""
    sizes = []
    with pair2.config(hll_sparse_max_bytes=most):
        for number in range(16):
            pair2.check("PFADD", "k", f"element {number}")
            pair2.check("GET", "k")
            sizes.append(pair2.check("STRLEN", "k"))
    sparse = [size for size in sizes if size < 10_000]
    assert 0 < len(sparse) < len(sizes)
    assert sparse[-1] <= most
