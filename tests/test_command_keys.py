"""The keys that ``call/command_keys`` finds are those that the oracle's COMMAND GETKEYS and GETKEYSANDFLAGS find.

This is checked through our server, for every command that both have, and directly with the key specifications of all
commands of Redis 7.4, whether we have them or not.
"""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_command_description import CHANGED_ARITY, CHANGED_KEY_FLAGS, LATER
from test_command_table import FACTS, golden_key_specs

from pyredis.call.command_keys import KEY_FLAGS, keys_by
from pyredis.commands.table.command_table import every_spec
from pyredis.commands.table.keyspecs import FLAG_LETTERS, Index, Range, encode_keys, parse_keys

# Valid numbers, and numbers that only some parsers accept.
NUMBERS = ["0", "1", "2", "3", "4", "-1", "01", "+2", " 2", "\t1", "2x", "1.5", "", "abc", "9" * 30]
NUMBERS += ["-9223372036854775805", "9223372036854775807", "-" + "9" * 30]
WORDS = ["KEYS", "keys", "STREAMS", "streams", "STORE", "STOREDIST", "storedist", "GET", "get", "BY", "LIMIT", "EX"]
WORDS += ["OVERFLOW", "overflow", "SET", "INCRBY", "u8", "GROUP", "BLOCK", "COUNT", "NOACK", "COPY", "AUTH", "AUTH2"]
WORDS += [
    "REPLACE",
    "WITHSCORES",
    "WEIGHTS",
    "ENCODING",
    "usage",
    "CREATE",
    "get\0x",
    "store\0",
    "\0",
    "STORES",
    "STOR",
]
ARGUMENTS = st.one_of(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(NUMBERS), st.sampled_from(WORDS))
# Sensible calls, which random words would seldom form.
MEANT = [
    *(
        "eval script 2 a b c",
        "eval script 0",
        "eval script 0 a",
        "eval script 2 a",
        "eval script 2x a b",
        "eval s +1 a",
    ),
    *("fcall f 1 a b", "evalsha_ro x 1 a b", "zunionstore d 2 a b weights 1 2", "zunionstore d 2x a b", "zunion 2 a b"),
    *("zunionstore d 0 a", "zdiff 1 a b", "zintercard 02 a b", "lmpop 1 a LEFT", "lmpop 2 a b LEFT COUNT 1"),
    *("blmpop 0 1 a LEFT", "bzmpop 0 2x a b MIN", "zmpop 3 a b MIN", "sintercard 2 a b LIMIT 1"),
    *("sort a", "sort a store b", "sort a get store store b", "sort a by store limit store 1 get # store x store y"),
    *("sort a store", "sort_ro a get b", "set a b", "set a b get", "set a b xx GET ex 5", "set get get"),
    *("bitfield a", "bitfield a get u8 0", "bitfield a get u8 0 set u8 0 1", "bitfield a overflow wrap get u8 0"),
    *(
        "bitfield a overflow",
        "bitfield a get u8",
        "xread streams a b 0 0",
        "xread count 5 streams a 0",
        "xread a streams b",
    ),
    *("xread streams a b 0", "xread block streams streams", "xread streams streams a 0", "xread noack x streams a 0"),
    *(
        "xreadgroup group g c streams a b 0 0",
        "xreadgroup group streams c streams a >",
        "xreadgroup x g c streams a > 0",
    ),
    *("xreadgroup group g c block 0 noack streams a >", "georadius g 1 2 3 km store d", "georadius g 1 2 3 km store"),
    *("georadius g 1 2 3 km storedist d store e", "georadiusbymember g m 1 km store a store b", "migrate h 1 k 0 5"),
    *("migrate h 1 k 0 5 keys a b", "migrate h 1 KEY 0 5 copy auth keys keys a b", "migrate h 1 k 0 5 replace copy"),
    *(
        "object encoding a",
        "object freq a",
        "object help",
        "object",
        "memory usage a samples 5",
        "memory doctor",
        "nosuch a",
    ),
    *(
        "xgroup create s g 0",
        "xinfo stream s full",
        "mset a 1 b 2",
        "mset a 1 b",
        "msetnx a 1",
        "lcs a b idx",
        "copy a b",
    ),
    *("rename a b", "bitop and d a b c", "pfcount a b", "pfmerge d a", "blpop a b 0", "blpop a", "spublish c m"),
    *("ssubscribe c d", "watch a b", "get", "get a b", "ping", "config get a", "config nosuch", "client kill id a"),
    *("smove a b m", "rpoplpush a b", "lmove a b left right", "zrangestore d s 0 1", "geosearchstore d s x", "exec"),
]
EMPTY_KEY = ["migrate", "h", "1", "", "0", "5"]
MIGRATIONS = [
    [*EMPTY_KEY, *tail.split()]
    for tail in ("keys a b", "copy keys a", "keys", "auth keys keys a", "auth2 keys keys keys a", "replace", "a keys b")
]


def spread(name):
    return name.split("|")


def listed_flags(flags):
    return [name.encode() for bit, name in enumerate(KEY_FLAGS) if flags >> bit & 1]


@pytest.fixture(scope="module")
def oracle(session_oracle):
    with session_oracle.client(protocol=3) as client:
        yield client


@pytest.fixture(scope="module")
def ours(session_ours):
    with session_ours.client(protocol=3) as client:
        yield client


# ---- the server's own commands ----

HERE = [spec.name for spec in every_spec() if spec.name not in LATER]
CALLS = st.builds(
    lambda name, words, cased: [*spread(name.upper() if cased else name), *words],
    st.sampled_from([*HERE, "nosuch", "object|nosuch", "config|nosuch"]),
    st.lists(ARGUMENTS, max_size=9),
    st.booleans(),
)


def compare(ours, oracle, argv):
    """Assert that both reply the same, except where 7.4 differs from 7.0, or for one word, which 7.0 rejects."""
    if argv[0].lower() in CHANGED_ARITY or len(argv) < 2:
        return
    answers = [server.call("COMMAND", "GETKEYS", *argv) for server in (ours, oracle)]
    assert answers[0] == answers[1], argv
    if argv[0].lower() not in CHANGED_KEY_FLAGS:
        answers = [server.call("COMMAND", "GETKEYSANDFLAGS", *argv) for server in (ours, oracle)]
        assert answers[0] == answers[1], argv


def is_here(argv):
    return argv[0].lower() in {name.partition("|")[0] for name in HERE} or argv[0] == "nosuch"


@settings(max_examples=800)
@given(argv=CALLS)
def test_the_keys_of_any_call_are_the_oracles(ours, oracle, argv):
    compare(ours, oracle, argv)


@pytest.mark.parametrize("argv", [call.split() for call in MEANT if is_here(call.split())], ids=" ".join)
def test_the_keys_of_a_call_that_is_meant_are_the_oracles(ours, oracle, argv):
    compare(ours, oracle, argv)


def test_every_command_has_been_asked_for_its_keys(ours, oracle):
    """Each is called with about as few arguments as it needs, and with some more."""
    for name in HERE:
        least = abs(FACTS[name]["arity"]) - len(spread(name))
        for count in range(max(least - 1, 0), least + 4):
            compare(ours, oracle, [*spread(name), *"abcdefghijkl"[:count]])
            compare(ours, oracle, [*spread(name), *"111111111111"[:count]])


# ---- all commands of Redis ----

REDIS = [name for name in FACTS if name not in LATER]


def accepts(name, count):
    arity = FACTS[name]["arity"]
    return count == arity if arity > 0 else count >= -arity


def found_by_specs(name, argv):
    """The (key, flags) of each key, by the specifications in the golden file."""
    words = [word.encode() for word in argv]
    return [
        (words[place], listed_flags(flags))
        for place, flags in keys_by(encode_keys(name, golden_key_specs(FACTS[name])), words)
    ]


def compare_specs(oracle, name, words):
    argv = [*spread(name), *words]
    keys = oracle.call("COMMAND", "GETKEYSANDFLAGS", *argv)
    if keys.kind == "-" and b"number of arguments" in keys.value:
        assert len(argv) < 2 or name in CHANGED_ARITY or not accepts(name, len(argv))
        return
    if keys.kind == "-" and b"no key arguments" in keys.value:
        assert all("not_key" in spec["flags"] for spec in FACTS[name]["key_specs"])
        return
    theirs = (
        []
        if keys.kind == "-"
        else [(key.value, [flag.value for flag in flags.value]) for key, flags in (pair.value for pair in keys.value)]
    )
    ours = found_by_specs(name, argv)
    if name in CHANGED_KEY_FLAGS:
        ours, theirs = ([key for key, _ in found] for found in (ours, theirs))
    assert ours == theirs, argv
    assert (keys.kind == "-") == (not ours and "no_mandatory_keys" not in FACTS[name]["flags"])


@settings(max_examples=1500)
@given(
    name=st.sampled_from([name for name in REDIS if FACTS[name]["key_specs"]]), words=st.lists(ARGUMENTS, max_size=10)
)
@example(name="migrate", words=["h", "1", "", "0", "5", "KEYS", "a", "b"])
def test_the_specifications_of_any_command_find_the_keys_that_the_oracle_finds(oracle, name, words):
    if accepts(name, len(words) + len(spread(name))):
        compare_specs(oracle, name, words)


@pytest.mark.parametrize("argv", [*(call.split() for call in MEANT), *MIGRATIONS], ids=" ".join)
def test_the_specifications_find_the_keys_of_a_call_that_is_meant(oracle, argv):
    name = "|".join(argv[:2]) if "|".join(argv[:2]) in FACTS else argv[0]
    if name in FACTS:
        compare_specs(oracle, name, argv[len(spread(name)) :])


@pytest.mark.parametrize("name", FACTS)
def test_the_specifications_of_every_command_are_compiled(oracle, name):
    """They also find the keys of a call with about as few arguments as the command needs."""
    words = ["1"] * (abs(FACTS[name]["arity"]) - len(spread(name)) + 2 * (FACTS[name]["arity"] < 0))
    specs = golden_key_specs(FACTS[name])
    if name not in LATER:
        compare_specs(oracle, name, words)
    elif all(isinstance(spec.begin, Index) and isinstance(spec.find, Range) for spec in specs):
        count = len(words) + len(spread(name))
        places = [
            range(s.begin.index, (s.begin.index if s.find.lastkey >= 0 else count) + s.find.lastkey + 1, s.find.keystep)
            for s in specs
        ]
        expected = [(b"1", list(spec.flags)) for spec, run in zip(specs, places, strict=True) for _ in run]
        found = found_by_specs(name, [*spread(name), *words])
        assert [(key, [flag.decode() for flag in flags]) for key, flags in found] == expected


def test_a_number_that_only_its_lower_half_makes_small_is_read_leniently():
    """As in Redis 7.4; 7.0 uses the lower half of any number."""
    argv = [b"zunionstore", b"d", b"4294967298", b"a", b"b"]
    assert keys_by("1:Ou;#2:Ra", argv) == [(3, 0), (4, 0), (1, 0)]
    assert keys_by("1:Ou;#2:Ra", [*argv[:2], b"4294967299", *argv[3:]]) == []


# ---- the compiled form ----


def test_a_channel_is_found_only_by_who_asks_for_channels():
    assert keys_by("1:n", [b"spublish", b"c", b"m"]) == []
    assert keys_by("1:n", [b"spublish", b"c", b"m"], channels=True) == [(1, 1 << KEY_FLAGS.index("not_key"))]


def test_as_many_keys_are_found_as_there_are():
    argv = [b"mset", *[b"x"] * 100_000]
    assert [place for place, _ in keys_by("1..-1/2:Ou", argv)] == list(range(1, 100_001, 2))
    assert len(keys_by("2:Ou;3..-1:Ra", argv)) == 99_999


def test_the_letters_of_flags_are_in_the_order_of_their_names():
    """The last two flags require a rule."""
    assert tuple(FLAG_LETTERS) == KEY_FLAGS
    found = [keys_by(f"1:{letter}", [b"x", b"y"], channels=True) for letter in FLAG_LETTERS.values()]
    assert found == [*([(1, 1 << bit)] for bit in range(len(KEY_FLAGS) - 2)), [], []]


def test_a_rule_is_encoded_with_the_specifications_of_its_command():
    assert encode_keys("sort", parse_keys("1 RO access; unknown RO access; unknown OW update")) == "1:Ra;?:Ra;?:Ou!sort"
    assert encode_keys("xread", parse_keys("after STREAMS@1..-1%2 RO access")) == "STREAMS@1..-1%2:Ra!streams"
    assert encode_keys("get", ()) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("x", "1", "0:Ra", "-1:Ra", "1:Z", "1..:Ra", "1.2:Ra", "2..1:Ra", "1..x:Ra", "1/0:Ra", "1/:Ra", "1%:Ra"),
        *("#:Ra", "#0:Ra", "@1:Ra", "store@1:Ra", "STORE@:Ra", "STORE@x:Ra", "AAAAAAAAAAAA@1:Ra", "1:Ra;"),
        *("1:Ra!nosuch", "99999:Ra", "1..99999:Ra", " 1:Ra", "1 :Ra", ";".join(["1:Ra"] * 17)),
    ],
)
def test_what_is_no_compiled_form_is_refused(text):
    with pytest.raises(ValueError, match="invalid key specifications"):
        keys_by(text, [b"a", b"b"])
