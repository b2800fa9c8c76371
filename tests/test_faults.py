"""The list of deliberate faults: each still applies to the code, and the tests it names exist."""

import difflib
import importlib.machinery
import importlib.util
import sys
from collections import Counter

import pytest

from support.paths import ROOT


def load_tool():
    """Load ``tools/faults`` as a module, although its name has no suffix."""
    loader = importlib.machinery.SourceFileLoader("faults_tool", str(ROOT / "tools" / "faults"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks up its module by name.
    sys.modules[loader.name] = module
    try:
        loader.exec_module(module)
    finally:
        del sys.modules[loader.name]
    return module


TOOL = load_tool()
FAULTS = TOOL.read_list()
ROOMS = {
    "policy": ("cli.py", "config/", "server.py", "host/", "ground/server_log.py"),
    "persistence": (
        "persistence/persistence.py",
        "persistence/recovery.py",
        "persistence/rewriting.py",
        "persistence/manifest.py",
    ),
    "shell": ("protocol.pyx", "shell/"),
    "wire": ("_resp.pyx", "ground/doubles.pyx", "ground/long_doubles.pyx", "ground/words.pyx"),
    "core": ("_core.pyx",),
    "dispatch": ("dispatch/", "call/", "commands/transactions/"),
    "commands": ("commands/",),
    "keyspace": ("keyspace/", "call/field_expiry.pyx"),
    "types": ("types/",),
    "files": ("journal/", "persistence/loader.pyx", "persistence/snapshot.pyx", "persistence/saving/"),
    "ground": ("ground/",),
    "channels": (
        "channels/",
        "call/notifications.pyx",
        "call/outbox.pyx",
        "call/publishing.pyx",
        "commands/pubsub/",
    ),
    "lua": ("lua/", "commands/scripting/"),
}
every_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


@every_fault
def test_the_text_that_a_fault_replaces_stands_once_in_its_file(fault):
    assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) == 1


@every_fault
def test_a_fault_adds_changes_or_removes_one_line_or_one_statement(fault):
    lines = list(difflib.ndiff(fault.old.splitlines(), fault.new.splitlines()))
    removed = sum(line.startswith("- ") for line in lines)
    added = sum(line.startswith("+ ") for line in lines)
    assert added <= 1
    assert removed <= 3
    assert added + removed > 0


@every_fault
def test_the_test_files_that_a_fault_names_exist(fault):
    assert fault.tests
    assert [name for name in fault.tests if not (ROOT / "tests" / name).is_file()] == []


@every_fault
def test_a_fault_lies_in_the_room_that_it_names(fault):
    assert fault.file.removeprefix("pyredis/").startswith(ROOMS[fault.room])


def test_no_two_faults_have_one_name_and_every_room_has_some():
    assert [name for name, count in Counter(fault.name for fault in FAULTS).items() if count > 1] == []
    assert {fault.room for fault in FAULTS} == set(ROOMS)
    assert len(FAULTS) >= 60


def test_what_fails_is_read_from_what_pytest_says():
    summary = (
        "FAILED tests/test_a.py::test_b[x y] - AssertionError: assert 1 - 2\nERROR tests/test_c.py - ImportError\n"
    )
    assert [match.groups() for match in TOOL.FAILURE.finditer(summary)] == [
        ("tests/test_a.py::test_b[x y]", "AssertionError: assert 1 - 2"),
        ("tests/test_c.py", "ImportError"),
    ]


def test_a_fault_is_applied_to_the_tree_named_and_to_no_other(tmp_path):
    fault = FAULTS[0]
    path = tmp_path / fault.file
    path.parent.mkdir(parents=True)
    original = (ROOT / fault.file).read_text(encoding="utf-8")
    path.write_text(original, encoding="utf-8")
    assert fault.applies(tmp_path)
    fault.apply(tmp_path)
    assert path.read_text(encoding="utf-8") == original.replace(fault.old, fault.new) != original
    assert not fault.applies(tmp_path)
    assert (ROOT / fault.file).read_text(encoding="utf-8") == original


def test_the_score_fails_below_the_share_demanded_and_a_wrong_list_always(capsys):
    def verdicts(caught, survived, wrong=0):
        outcomes = [TOOL.CAUGHT] * caught + [TOOL.SURVIVED] * survived + [TOOL.WRONG] * wrong
        return [TOOL.Verdict(FAULTS[0], outcome) for outcome in outcomes]

    assert TOOL.summarize(verdicts(19, 1)) == 0
    assert TOOL.summarize(verdicts(18, 2)) == 1
    assert TOOL.summarize(verdicts(20, 0, 1)) == 2
    assert "19 of 20 caught: 95.0%" in capsys.readouterr().out
