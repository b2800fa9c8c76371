"""COMMAND's replies, generated from the table: compared with a live oracle's, and for what the oracle lacks.

The oracle is Redis 7.0; where 7.4 replies differently is listed here, and checked to still be a difference.
"""

import json
from pathlib import Path

import pytest
from test_command_table import FACTS

from pyredis import replies
from pyredis.commands.table import describe
from pyredis.commands.table.arguments import parse_arguments
from pyredis.commands.table.command_table import SPECS, every_spec, find

# Commands that the oracle does not have: those of Redis 7.2 and 7.4, and even newer ones.
LATER = {name for name, facts in FACTS.items() if tuple(map(int, facts["since"].split("."))) > (7, 0, 15)}
LATER |= {spec.name for spec in every_spec() if spec.newer}

CHANGED_ARITY = {"zrank", "zrevrank"}
# Commands whose flags or tips differ in 7.4: for example, blocking commands are allowed in scripts since 7.2.
CHANGED_INFO = {
    *("blmove", "blpop", "brpop", "brpoplpush", "bzpopmax", "bzpopmin"),
    *("acl|deluser", "acl|save", "acl|setuser"),
    *("client|setname", "config|resetstat", "config|rewrite", "latency|reset", "msetnx", "randomkey", "scan"),
    *("command|getkeys", "command|getkeysandflags", *CHANGED_ARITY),
}
# Commands whose key specifications have different flags.
CHANGED_KEY_FLAGS = {"sinterstore"}
# Commands that 7.2 and 7.4 deprecated.
CHANGED_DOC_FLAGS = {"psetex", "quit", "setex", "setnx"}
# Commands whose first version 7.4 gives differently.
CHANGED_SINCE = {"client|pause"}
# Commands whose arguments 7.2 and 7.4 arranged differently.
CHANGED_ARGUMENTS = {
    *("bitop", "client|kill", "client|list", "command|getkeys", "command|getkeysandflags", "config|get", "hscan"),
    *("geohash", "geopos", "georadius", "georadiusbymember", "module|loadex", "pfmerge", "psubscribe"),
    *("xinfo|stream", "zrank", "zrevrank"),
}


def typed(value):
    """The RESP3 type and the content of a value of the reply vocabulary, with sets and maps sorted."""
    if isinstance(value, dict):
        return "%", sorted([typed(key), typed(item)] for key, item in value.items())
    if isinstance(value, list):
        kind = "~" if isinstance(value, replies.Set) else "*"
        return kind, sorted(map(typed, value)) if kind == "~" else list(map(typed, value))
    if isinstance(value, int):
        return ":", value
    if isinstance(value, replies.Error):
        return "-", bytes(value)
    return "+" if isinstance(value, replies.Status) else "$", bytes(value)


def heard(answer):
    """The same for a reply that was read."""
    if answer.kind == "%":
        items = list(map(heard, answer.value))
        return "%", sorted([key, item] for key, item in zip(items[::2], items[1::2], strict=True))
    if answer.is_aggregate:
        items = list(map(heard, answer.value))
        return answer.kind, sorted(items) if answer.kind == "~" else items
    return answer.kind, int(answer.value) if answer.kind == ":" else answer.value


def fields_of(described):
    """A map from `typed` or `heard` as a dict by its bulk string keys."""
    return {key[1]: value for key, value in described[1]}


def without(described, *names):
    """The fields of a map, except those named."""
    return {name: value for name, value in fields_of(described).items() if name not in names}


@pytest.fixture
def oracle(shared_oracle):
    with shared_oracle.client(protocol=3) as client:
        yield client


KNOWN = [spec for spec in every_spec() if spec.name not in LATER]


# COMMAND INFO.


def test_info_is_what_the_oracle_tells(oracle):
    for spec in KNOWN:
        ours, theirs = typed(describe.command_info(spec))[1], heard(oracle.call("COMMAND", "INFO", spec.name))[1][0][1]
        assert len(ours) == len(theirs) == 10
        assert (ours[:8] == theirs[:8]) == (spec.name not in CHANGED_INFO), spec.name
        assert [kind for kind, _ in ours] == [kind for kind, _ in theirs], spec.name
        ours_keys, theirs_keys = ([without(item, b"notes") for item in info[8][1]] for info in (ours, theirs))
        assert (ours_keys == theirs_keys) == (spec.name not in CHANGED_KEY_FLAGS), spec.name


def test_info_of_a_container_holds_that_of_its_subcommands():
    subcommands = describe.command_info(SPECS["object"])[9]
    assert [info[0] for info in subcommands] == [name.encode() for name in SPECS["object"].subcommands]
    assert all(len(info) == 10 for info in subcommands)


def test_a_key_specification_is_told_in_full():
    (specification,) = describe.command_info(SPECS["mset"])[8]
    assert specification == {
        b"flags": [b"OW", b"update"],
        b"begin_search": {b"type": b"index", b"spec": {b"index": 1}},
        b"find_keys": {b"type": b"range", b"spec": {b"lastkey": -1, b"keystep": 2, b"limit": 0}},
    }


# COMMAND DOCS.


def argument_facts(described):
    """An argument without the words that 7.2 renamed and those that 7.0 did not report."""
    facts = without(described, b"name", b"display_text", b"arguments")
    inner = fields_of(described).get(b"arguments", ("*", []))[1]
    return facts, [argument_facts(argument) for argument in inner]


def docs_of(oracle, name):
    answer = heard(oracle.call("COMMAND", "DOCS", name))
    assert answer[0] == "%"
    return answer[1][0][1]


def test_docs_are_shaped_as_the_oracle_tells_them(oracle):
    prose = (b"summary", b"complexity", b"replaced_by", b"history")
    ruled_apart = (b"arguments", b"subcommands", b"doc_flags", b"deprecated_since")
    for spec in KNOWN:
        ours, theirs = typed(describe.command_docs(spec)), docs_of(oracle, spec.name)
        apart = (*prose, *ruled_apart, *[b"since"] * (spec.name in CHANGED_SINCE))
        assert without(ours, *apart) == without(theirs, *apart), spec.name
        for name in set(prose) & fields_of(ours).keys() & fields_of(theirs).keys():
            assert fields_of(ours)[name][0] == fields_of(theirs)[name][0], (spec.name, name)
        flags = [fields_of(docs).get(b"doc_flags") for docs in (ours, theirs)]
        assert (flags[0] == flags[1]) == (spec.name not in CHANGED_DOC_FLAGS), spec.name


def test_arguments_are_those_the_oracle_tells(oracle):
    for spec in KNOWN:
        ours, theirs = typed(describe.command_docs(spec)), docs_of(oracle, spec.name)
        trees = [
            [argument_facts(item) for item in fields_of(docs).get(b"arguments", ("*", []))[1]]
            for docs in (ours, theirs)
        ]
        assert (trees[0] == trees[1]) == (spec.name not in CHANGED_ARGUMENTS), spec.name


# What COMMAND DOCS of Redis 7.4.1 returns as arguments.
ARGUMENTS = json.loads((Path(__file__).parent / "data" / "arguments-7.4.json").read_text(encoding="utf-8"))
# Here an argument has the version that Redis mentions in its history only.
DATED = {"zrank", "zrevrank"}


def plain(value):
    """The value as JSON has it."""
    if isinstance(value, dict):
        return {key.decode(): plain(item) for key, item in value.items()}
    if isinstance(value, replies.Set):
        return sorted(map(plain, value))
    if isinstance(value, list):
        return list(map(plain, value))
    return value.decode() if isinstance(value, bytes) else value


def test_arguments_are_those_of_redis_7_4_with_their_names():
    for spec in every_spec():
        if spec.name in ARGUMENTS:
            ours = plain(describe.command_docs(spec).get(b"arguments", []))
            assert (ours == ARGUMENTS[spec.name]) == (spec.name not in DATED), spec.name


def test_docs_of_a_container_hold_those_of_its_subcommands():
    docs = describe.command_docs(SPECS["config"])
    assert docs[b"subcommands"][b"config|get"] == describe.command_docs(find(b"config|get"))
    assert b"arguments" not in docs


def test_an_argument_tells_its_name_text_token_and_version():
    docs = describe.command_docs(find(b"client|kill"))
    old, new = docs[b"arguments"][0][b"arguments"]
    assert old == {
        b"name": b"old-format",
        b"type": b"string",
        b"display_text": b"ip:port",
        b"deprecated_since": b"2.8.12",
    }
    assert b"display_text" not in new
    assert new[b"arguments"][-1] == {
        b"name": b"maxage",
        b"type": b"integer",
        b"display_text": b"maxage",
        b"token": b"MAXAGE",
        b"since": b"7.4.0",
        b"flags": [b"optional"],
    }


def test_the_history_tells_which_arguments_came_later():
    history = describe.command_docs(SPECS["set"])[b"history"]
    assert history == [
        [b"2.6.12", b"Added `condition`, `EX`, `PX`."],
        [b"6.0.0", b"Added `KEEPTTL`."],
        [b"6.2.0", b"Added `GET`, `EXAT`, `PXAT`."],
    ]


def test_field_expiry_commands_take_their_fields_as_a_block():
    assert SPECS["hexpire"].arguments[-1] == parse_arguments("FIELDS fields=(numfields field...)")[0]


# COMMAND LIST.


def listed(oracle, *arguments):
    return set(oracle.must("COMMAND", "LIST", *arguments))


@pytest.mark.parametrize("category", ["transaction", "KEYSPACE", "hash", "dangerous", "nosuch", "@hash", ""])
def test_list_by_category_is_the_oracles(oracle, category):
    ours = set(describe.list_filterby("aclcat", category.encode())) - {name.encode() for name in LATER}
    everything = set(describe.list_names())
    assert ours == listed(oracle, "FILTERBY", "ACLCAT", category) & everything


@pytest.mark.parametrize("pattern", ["*", "h*", "CONFIG|*", "[s-z]et*", "?et", "*|help", "get", "nosuch*", ""])
def test_list_by_pattern_is_the_oracles(oracle, pattern):
    ours = set(describe.list_filterby("pattern", pattern.encode())) - {name.encode() for name in LATER}
    everything = set(describe.list_names())
    assert ours == listed(oracle, "FILTERBY", "PATTERN", pattern) & everything


def test_no_command_comes_from_a_module():
    assert describe.list_filterby("module", b"json") == []


def test_an_unknown_filter_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="nosuch"):
        describe.list_filterby("nosuch", b"x")
