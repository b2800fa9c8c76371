"""What every command needs besides its row and its handler; the failure names each missing item and its command.

``CONTRIBUTING.md`` lists the same as steps, under "Adding a command". ``test_command_table`` checks that a row without
a handler, or a handler without a row, prevents the start.
"""

import re
from itertools import chain

import pytest
from test_changes_counted import CASES as COUNTED
from test_changes_counted import GROWN
from test_changes_counted import NEWER as COUNTED_LATER
from test_command_description import LATER

from pyredis.commands.table import outline, outline_rows
from pyredis.commands.table.command_table import SPECS, every_spec
from pyredis.commands.table.spec import CommandSpec
from pyredis.docs import commands as page
from support.event_scripts import LATER_EVENTS, SCRIPTS
from support.paths import ROOT
from support.propagation_cases import CASES as PROPAGATED
from support.propagation_cases import IN_A_TEST_OF_ITS_OWN
from support.strategies import DRAWN, DRAWN_LATER

# Writing commands that may be missing from one of the places, and why.
NOT_COUNTED = {**IN_A_TEST_OF_ITS_OWN, "pfdebug": "tests use it"}
WITHOUT_EVENTS = {
    "pfdebug": "tests use it",
    "flushall": "sends no event",
    "flushdb": "sends no event",
    "function|delete": "sends no event",
    "function|flush": "sends no event",
    "function|load": "sends no event",
    "function|restore": "sends no event",
    "swapdb": "sends no event",
}
NOT_DRAWN = {
    **dict.fromkeys(
        ["blmove", "blmpop", "blpop", "brpop", "brpoplpush", "bzmpop", "bzpopmax", "bzpopmin"],
        "blocks; state machines such as that of test_blocking_losses draw it",
    ),
    **IN_A_TEST_OF_ITS_OWN,
    "function|flush": "test_function_sequences draws it",
    "pfdebug": "tests use it",
}
# test_help runs HELP for every command that has it.
TITLES = {spec.name: spec.name.upper().replace("|", " ") for spec in every_spec()}


def command_of(words: list[str]) -> str:
    """The name of the command that these words invoke."""
    whole = "|".join(words[:2]).lower()
    return whole if whole in TITLES else words[0].lower()


def commands_behind(lines) -> set[str]:
    """The commands after the slashes of ``test_changes_counted``."""
    return {command_of(line.partition("/")[2].split()) for line in lines}


COUNTED_NAMES = commands_behind([*COUNTED.strip().splitlines(), *COUNTED_LATER, *GROWN])
TOLD_NAMES = {command_of(words) for words in [*chain(*SCRIPTS.values()), *(words for words, _ in LATER_EVENTS)]}
DRAWN_NAMES = {command_of(words.split()) for words in DRAWN}
DRAWN_LATER_NAMES = {command_of(words.split()) for words in DRAWN_LATER}
PAGE = (ROOT / page.PAGE).read_text(encoding="utf-8")
TESTS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (ROOT / "tests").glob("test_*.py")
    if path.name not in ("test_added_commands.py", "test_changes_counted.py")
)


def is_tested(name: str) -> bool:
    """Whether a test file contains the command's words, next to each other or as separate strings."""
    words = name.split("|")
    together = r"[\s\"',|]+".join(map(re.escape, words))
    return name.endswith("|help") or re.search(rf"(?i)(?<![\w|-]){together}(?![\w|-])", TESTS) is not None


def missing_of(spec: CommandSpec) -> list[str]:
    """What the command lacks, each item with its place."""
    writes = "write" in spec.flags and spec.handler is not None
    if spec.name in LATER:
        drawn, where = DRAWN_LATER_NAMES, "later(…)"
    else:
        drawn, where = DRAWN_NAMES, "drawn(…), in its family's strategy"
    wanted = {
        "pyredis/commands/table/outline_rows.py: its line; run python -m pyredis.docs outline": (
            outline.line_of(spec) in outline_rows.LINES
        ),
        "docs/commands.md: its line; run python -m pyredis.docs commands": page.is_described(spec, PAGE),
        "tests/test_*.py: a test that calls it": spec.handler is None or is_tested(spec.name),
        "tests/support/propagation_cases.py: CASES, what the file receives": (
            not writes or spec.name in PROPAGATED or spec.name in IN_A_TEST_OF_ITS_OWN
        ),
        "tests/test_changes_counted.py: CASES (NEWER where the oracle lacks it), how many changes it counts": (
            not writes or spec.name in COUNTED_NAMES or spec.name in NOT_COUNTED
        ),
        "tests/support/event_scripts.py: SCRIPTS (LATER_EVENTS where the oracle lacks it), its events": (
            not writes or spec.name in TOLD_NAMES or spec.name in WITHOUT_EVENTS
        ),
        f"tests/support/strategies.py: random calls of it with {where}": (
            not writes or spec.name in drawn or spec.name in NOT_DRAWN
        ),
    }
    return [place for place, there in wanted.items() if not there]


def test_every_command_has_all_that_a_command_needs():
    missing = [f"{spec.name} lacks {place}" for spec in every_spec() for place in missing_of(spec)]
    assert missing == [], "\n".join(missing)


@pytest.mark.parametrize("flags", ["write fast", "readonly"])
def test_all_that_a_new_command_lacks_is_named(flags):
    hget = SPECS["hget"]
    facts = {name: getattr(hget, name) for name in CommandSpec.__dataclass_fields__}
    new = CommandSpec(**{**facts, "name": "hnosuch" + "command", "flags": frozenset(flags.split())})
    places = [place.partition(":")[0] for place in missing_of(new)]
    expected = ["pyredis/commands/table/outline_rows.py", "docs/commands.md", "tests/test_*.py"]
    if "write" in flags:
        expected += ["tests/support/propagation_cases.py", "tests/test_changes_counted.py"]
        expected += ["tests/support/event_scripts.py", "tests/support/strategies.py"]
    assert places == expected


def test_what_is_excused_would_be_missed():
    assert set(IN_A_TEST_OF_ITS_OWN).isdisjoint(PROPAGATED)
    assert set(NOT_COUNTED).isdisjoint(COUNTED_NAMES)
    assert set(WITHOUT_EVENTS) - {"flushdb", "swapdb", "flushall"} <= set(TITLES) - TOLD_NAMES
    assert set(NOT_DRAWN).isdisjoint(DRAWN_NAMES)
    assert {*IN_A_TEST_OF_ITS_OWN, *NOT_COUNTED, *WITHOUT_EVENTS, *NOT_DRAWN} <= set(TITLES)
