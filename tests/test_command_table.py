"""The command table against the golden facts of Redis 7.4, and its small languages for keys and arguments."""

import json
from pathlib import Path

import pytest

from pyredis.commands.table import keyspecs
from pyredis.commands.table.arguments import parse_arguments, total_count
from pyredis.commands.table.command_table import SPECS, bind, every_spec, find
from pyredis.commands.table.keyspecs import Index, Keynum, KeySpec, Keyword, Range, TableError
from pyredis.commands.table.spec import FLAGS, MARKS, derive_arity, derive_categories, family, row
from pyredis.docs import commands as page
from pyredis.docs.__main__ import main as write_pages

CHECKOUT = Path(__file__).resolve().parents[1]
GOLDEN = json.loads((CHECKOUT / page.GOLDEN).read_text())
FACTS = {
    name: facts
    for command, top in GOLDEN.items()
    for name, facts in [(command, top), *top.get("subcommands", {}).items()]
}

BEGIN = {"index": lambda b: Index(b["index"]), "keyword": lambda b: Keyword(b["keyword"], b["startfrom"])}
FIND = {
    "range": lambda f: Range(f["lastkey"], f["keystep"], f["limit"]),
    "keynum": lambda f: Keynum(f["keynumidx"], f["firstkey"], f["keystep"]),
}


def golden_key_specs(facts):
    def half(makers, described):
        return makers[described["type"]](described) if described["type"] != "unknown" else None

    return tuple(
        KeySpec(half(BEGIN, spec["begin"]), half(FIND, spec["find"]), tuple(spec["flags"]))
        for spec in facts["key_specs"]
    )


def without_notes(specs):
    return tuple(KeySpec(spec.begin, spec.find, spec.flags) for spec in specs)


@pytest.mark.parametrize(
    ("name", "place"),
    [("hget", 2), ("hset", 2), ("zadd", 3), ("zscore", 2), ("zrem", 2), ("zincrby", 3), ("zrange", 0), ("get", 0)],
)
def test_a_row_tells_which_argument_names_a_part(name, place):
    assert SPECS[name].part_place == place


# The golden file.


@pytest.mark.parametrize("spec", [spec for spec in every_spec() if not spec.newer], ids=lambda spec: spec.name)
def test_every_row_tells_the_facts_of_redis(spec):
    assert spec.name in FACTS, 'Redis 7.4 does not have it: give the row marks="newer" and a later version as since'
    facts = FACTS[spec.name]
    assert {
        "arity": spec.arity,
        "flags": list(spec.ordered_flags),
        "acl": list(spec.acl),
        "keys": (spec.first_key, spec.last_key, spec.step),
        "key_specs": without_notes(spec.key_specs),
        "tips": list(spec.tips),
        "group": spec.group,
        "since": spec.since,
        "doc_flags": list(spec.doc_flags),
    } == {
        "arity": facts["arity"],
        "flags": facts["flags"],
        "acl": facts["acl"],
        "keys": (facts["first_key"], facts["last_key"], facts["step"]),
        "key_specs": golden_key_specs(facts),
        "tips": facts["tips"],
        "group": facts["group"],
        "since": facts["since"],
        "doc_flags": facts.get("doc_flags", []),
    }


def test_the_page_of_commands_is_current_and_names_what_is_absent():
    rendered = page.render(CHECKOUT)
    assert (CHECKOUT / "docs" / "commands.md").read_text() == rendered, "run: python -m pyredis.docs commands"
    absent = sorted(set(FACTS) - {spec.name for spec in every_spec()})
    print(f"absent, {len(absent)}: {' '.join(absent)}")
    for name in FACTS:
        assert f"`{name.upper().replace('|', ' ')}`" in rendered


def test_a_page_that_does_not_exist_is_refused(capsys):
    assert write_pages(["nosuch"]) == 2
    assert "no such page: nosuch" in capsys.readouterr().err


def test_every_row_is_documented():
    for spec in every_spec():
        assert spec.summary.endswith("."), spec.name
        assert spec.complexity, spec.name
        assert bool(spec.deprecated_since) == bool(spec.replaced_by) == ("deprecated" in spec.doc_flags), spec.name


@pytest.mark.parametrize("name", FACTS)
def test_the_language_of_keys_can_say_all_of_redis(name):
    specs = golden_key_specs(FACTS[name])
    assert keyspecs.parse_keys(keyspecs.format_keys(specs)) == specs


@pytest.mark.parametrize("name", FACTS)
def test_the_legacy_key_range_follows_from_the_specifications(name):
    facts, specs = FACTS[name], golden_key_specs(FACTS[name])
    assert keyspecs.legacy_range(specs) == (facts["first_key"], facts["last_key"], facts["step"])
    assert keyspecs.has_movable_keys(specs) == ("movablekeys" in facts["flags"])


@pytest.mark.parametrize("name", FACTS)
def test_the_implicit_categories_follow_from_the_flags(name):
    facts = FACTS[name]
    minus = "-read" if "@scripting" in facts["acl"] else ""
    assert set(derive_categories(frozenset(facts["flags"]), minus)) <= set(facts["acl"])


# The languages.


def test_key_specifications_keep_their_notes():
    (spec,) = keyspecs.parse_keys("1 RW access -- only sometimes")
    assert spec.note == "only sometimes"
    assert keyspecs.format_keys([spec]) == "1 RW access -- only sometimes"


@pytest.mark.parametrize(
    "text", ["key", "1..", "after", "after STREAMS", "numkeys", "1 RO;", "1 RO, RW", "numkeys@1..2", "1..1"]
)
def test_what_is_no_key_specification_is_refused(text):
    with pytest.raises(TableError):
        keyspecs.parse_keys(text)


@pytest.mark.parametrize(
    ("syntax", "arity"),
    [
        ("", 1),
        ("key", 2),
        ("key...", -2),
        ("[key]", -1),
        ("data=(key value)...", -3),
        ("condition=(NX|XX)", 2),
        ("[condition=(NX|XX)]", -1),
        ("filter=(old|new=(ID client-id))", -2),
        ("FIELDS fields=(numfields field...)", -4),
        ("LIMIT limit=(offset count)", 4),
        ("[GET pattern]...", -1),
    ],
)
def test_the_arity_follows_from_the_arguments(syntax, arity):
    assert derive_arity("test", parse_arguments(syntax)) == arity


def test_a_repeated_token_is_told_from_a_repeated_value():
    many_tokens, many_values = parse_arguments("[GET pattern]... [KEYS key...]")
    assert many_tokens.flags == ("optional", "multiple", "multiple_token")
    assert many_values.flags == ("optional", "multiple")
    assert total_count((many_tokens, many_values)) == (0, None)


@pytest.mark.parametrize("syntax", ["[key", "key]", "a=(b", "a=b", "a=(b c|d)", "key:nothing", "|", "Key", "..."])
def test_what_is_no_argument_syntax_is_refused(syntax):
    with pytest.raises(TableError):
        parse_arguments(syntax)


# Lookup and handlers.


def test_commands_are_found_in_any_case_and_by_full_name():
    assert find(b"GeT") is SPECS["get"]
    assert find(b"CONFIG|GET") is SPECS["config"].subcommands["config|get"]
    assert find(b"get|foo") is find(b"config|foo") is find(b"config|get|x") is find(b"\xff") is find(b"") is None


@pytest.mark.parametrize(
    ("since", "marks", "problem"),
    [
        ("8.0.0", "", "nosuch: a row is marked as newer"),
        ("7.4.0", "newer", "nosuch: a row is marked as newer"),
        ("7.0.0", "odd unqueued", r"unknown marks: \['odd'\]"),
    ],
)
def test_a_wrong_mark_is_refused(since, marks, problem):
    with family("generic", module="generic"), pytest.raises(TableError, match=problem):
        row("NOSUCH key", since=since, marks=marks, summary="Nothing.")
    assert "nosuch" not in SPECS


def test_a_key_that_no_specification_finds_needs_a_rule():
    with family("generic", module="generic"), pytest.raises(TableError, match="nosuch: its keys need a rule"):
        row("NOSUCH key", since="7.0.0", keys="1 RW access update variable_flags", summary="Nothing.")


def test_marks_are_not_shown_and_say_what_runs_inside_multi():
    marked = {mark: {spec.name for spec in every_spec() if mark in spec.marks} for mark in MARKS}
    pushing = {f"{kind}{verb}" for kind in ("", "p", "s") for verb in ("subscribe", "unsubscribe")}
    assert marked.pop("pushes") == pushing
    assert marked.pop("subscribed") == {*pushing, "ping", "quit", "reset"}
    assert marked.pop("unqueued") == {"exec", "discard", "multi", "watch", "quit", "reset"}
    assert marked.pop("script") == {"eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"}
    assert marked.pop("newer") == {spec.name for spec in every_spec()} - set(FACTS)
    assert marked.pop("guarded") == {"debug", "module|load", "module|loadex", "module|unload"}
    assert marked.pop("holds_secrets") == {"auth", "hello"}
    assert marked.pop("may_replicate") == {"pfcount", "publish", "spublish", "eval", "evalsha", "fcall"}
    assert marked.pop("names_channel") == {"publish", "spublish"}
    assert marked.pop("names_channels") == {"subscribe", "ssubscribe"}
    assert marked.pop("names_patterns") == {"psubscribe"}
    assert marked.pop("names_function") == {"fcall", "fcall_ro"}
    assert marked == {"runs_queue": {"exec"}, "needs_file": {"ping"}}
    assert set(MARKS).isdisjoint(FLAGS)


def handler_names():
    return {spec.handler for spec in every_spec() if spec.handler}


def test_every_row_is_bound_to_its_handler():
    bound = bind(SPECS, {name: name for name in handler_names()})
    assert bound["getdel"] == "strings.getdel"
    assert bound["config|get"] == "server.config_get"
    assert bound["client|no-evict"] == "connection.client_no_evict"
    assert bound["command"] == "server.command"
    assert "config" not in bound


def test_a_row_without_a_handler_is_refused():
    with pytest.raises(TableError, match=r"rows without a handler: \['strings.get'\]"):
        bind(SPECS, {name: name for name in handler_names() - {"strings.get"}})


def test_a_handler_without_a_row_is_refused():
    with pytest.raises(TableError, match=r"handlers without a row: \['strings.nosuch'\]"):
        bind(SPECS, {name: name for name in handler_names() | {"strings.nosuch"}})
