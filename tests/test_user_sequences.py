"""Random users: whatever rules are given in whatever order, both servers define the same user and allow it the same."""

import contextlib
import re

import pytest
from conftest import LONG
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.server import FuzzedServer
from pyredis.commands.server.digest import digest_all
from pyredis.commands.server.users import Commands
from pyredis.commands.table.command_table import every_spec
from pyredis.config.user_rules import RuleError, User, merge_selectors
from pyredis.wire.reply_objects import ReplyError
from support.strategies import LATER, ONE
from support.users import facts, forget_users, has_new_rules

COMMANDS = [
    *("get", "set", "mget", "copy", "getdel", "lpush", "sort", "xread", "select", "ping", "auth", "eval"),
    *("publish", "subscribe", "psubscribe", "config", "config|get", "config|set", "client", "client|list"),
    *("nosuch", "client|no"),
]
CATEGORIES = [
    *("all", "read", "write", "admin", "dangerous", "connection", "pubsub", "slow", "fast", "scripting", "nosuch"),
]
PATTERNS = ["*", "a*", "b", "[ab]?", "a", "", "?"]

signs = st.sampled_from("+-")
commands = st.builds("{}{}".format, signs, st.sampled_from(COMMANDS))
categories = st.builds("{}@{}".format, signs, st.sampled_from(CATEGORIES))
first_arguments = st.builds(
    "+{}|{}".format, st.sampled_from(["select", "get", "publish", "ping"]), st.sampled_from("ab0")
)
keys = st.builds("{}{}".format, st.sampled_from(["~", "%R~", "%W~", "%RW~", "%w~"]), st.sampled_from(PATTERNS))
channels = st.builds("&{}".format, st.sampled_from(PATTERNS))
resets = st.sampled_from(["resetkeys", "resetchannels", "allkeys", "allchannels", "allcommands", "nocommands"])
rules = st.one_of(commands, commands, categories, categories, first_arguments, keys, keys, channels, resets)
selectors = st.lists(rules, max_size=4).map(lambda inner: f"({' '.join(inner)})")
flags = st.sampled_from(
    ["on", "off", "nopass", "resetpass", "reset", "clearselectors", ">a", ">b", "<a", "sanitize-payload"]
)
changes = st.lists(st.lists(st.one_of(rules, rules, rules, selectors, flags), min_size=1, max_size=5), max_size=6)

names = st.sampled_from(["a", "b", "aa", "c", "", "ab"])
calls = st.one_of(
    st.builds("{} {}".format, st.sampled_from(["get", "getdel", "lpush", "sort", "subscribe", "psubscribe"]), names),
    st.builds("{} {} {}".format, st.sampled_from(["set", "mget", "copy", "publish", "eval x 1", "sort"]), names, names),
    st.builds("{} {} {} {}".format, st.sampled_from(["set", "copy", "mget", "sort"]), names, names, names),
    st.builds("sort {} store {}".format, names, names),
    st.builds("set {} x {}".format, names, st.sampled_from(["get", "nx"])),
    st.builds("xread streams {} {} 0 0".format, names, names),
    st.builds("select {}".format, st.sampled_from("012ab")),
    st.sampled_from(
        ["ping", "ping a", "auth x", "config get x", "config set x y", "client list", "client no", "config"]
    ),
)


def outcome(reply: bytes) -> bytes:
    """What DRYRUN says, in words that both versions have in common."""
    if b"no permissions" in reply.lower():
        return re.sub(rb".*(command|key|channel)\r\n", rb"denied: \1", reply, flags=re.DOTALL)
    return reply


@pytest.fixture
def both(pair2):
    with pair2.servers[0].client() as ours, pair2.servers[1].client() as theirs:
        yield pair2
        forget_users(ours)
        forget_users(theirs)


@settings(max_examples=2000 if LONG else 150)
@given(changes=changes, calls=st.lists(calls, max_size=25))
def test_users_of_random_rules_are_those_of_the_oracle(both, changes, calls):
    both.setup("ACL", "SETUSER", "alice", "reset")
    exact = has_new_rules(both.oracle)
    for rules in changes:
        both.check("ACL", "SETUSER", "alice", *rules)
        assert facts(both.ours, "alice") == facts(both.oracle, "alice")
        if exact:
            both.check("ACL", "LIST")
    for call in calls:
        words = [b"" if word == "" else word.encode() for word in call.split(" ")]
        ours, theirs = (client.call("ACL", "DRYRUN", "alice", *words).raw for client in (both.ours, both.oracle))
        assert outcome(ours) == outcome(theirs), call
        if exact:
            assert ours == theirs, call


@settings(max_examples=500 if LONG else 60)
@given(changes=changes, calls=st.lists(calls, max_size=15))
def test_what_dryrun_says_is_what_happens(both, changes, calls):
    client = both.ours
    client.must("ACL", "SETUSER", "alice", "reset")
    for rules in changes:
        client.call("ACL", "SETUSER", "alice", *rules)
    client.must("ACL", "SETUSER", "alice", "on", "nopass")
    for call in calls:
        words = [word.encode() for word in call.split(" ")]
        if words[0] in (b"auth", b"subscribe", b"psubscribe"):
            continue
        said = client.call("ACL", "DRYRUN", "alice", *words).raw
        with both.servers[0].client() as alice:
            alice.must("AUTH", "alice", "x")
            happened = alice.call(*words).raw
        assert happened.startswith(b"-NOPERM") == (b"no permissions" in said), call


@settings(max_examples=2000 if LONG else 200)
@given(changes=changes)
def test_the_line_of_a_user_defines_the_same_user(changes):
    user, again = User(b"alice"), User(b"alice")
    commands = Commands({}, lambda text: None)
    for rule in (word.encode() for words in changes for word in words):
        with contextlib.suppress(RuleError):
            user.apply(rule, commands)
    for rule in merge_selectors(user.saved_line.split(b" ")[2:]):
        again.apply(rule, commands)
    assert again.saved_line == user.saved_line
    assert again.line == user.line
    for ours, theirs in zip(user.selectors, again.selectors, strict=True):
        for spec in every_spec():
            assert ours.allows(spec.name) == theirs.allows(spec.name)
            assert ours.first_arguments.get(spec.name, []) == theirs.first_arguments.get(spec.name, [])


# What no argument of a random command contains.
SECRET = b"?secret?"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A core with a secret in a key of each type, and a client whose user may call everything but use no key of it."""
    core = FuzzedServer(tmp_path_factory.mktemp("guarded")).core
    admin, alice = core.client(), core.client()
    for command in (
        [b"SET", b"a", SECRET],
        [b"RPUSH", b"b", SECRET, b"1"],
        [b"SADD", b"c", SECRET],
        [b"ZADD", b"d", b"1", SECRET],
        [b"HSET", b"e", b"f", SECRET],
        [b"XADD", b"key:with:a:longer:name:0001", b"1-1", b"f", SECRET],
        [
            b"ACL",
            b"SETUSER",
            b"alice",
            b"on",
            b"nopass",
            b"+@all",
            b"~nothing",
            b"-@dangerous",
            b"-scan",
            b"-randomkey",
        ],
    ):
        core.call(admin, command)
    core.call(alice, [b"AUTH", b"alice", b"x"])
    return core, alice


@settings(max_examples=5000 if LONG else 300)
@given(steps=st.lists(st.one_of(ONE, LATER), min_size=1, max_size=30), script=st.booleans())
def test_a_user_without_rights_for_a_key_neither_changes_nor_sees_it(guarded, steps, script):
    core, alice = guarded
    before = digest_all(core)
    for step in steps:
        words = list(step.arguments)
        if script:
            words = [b"EVAL", b"return redis.pcall(unpack(ARGV))", b"0", *words]
        try:
            reply = core.call(alice, words)
        except ReplyError as error:
            reply = error
        assert SECRET.decode() not in repr(reply), step
        assert digest_all(core) == before, step
