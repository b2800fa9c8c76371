"""docs/integrations.md lists the programs that are tested, and no others.

Each test file names its programs in ``PROGRAMS``; its source is read, so that this works without the libraries.
"""

import ast
import re

import pytest

from support.paths import ROOT
from support.programs import INTEGRATIONS

PAGE = ROOT / "docs/integrations.md"
FILES = sorted(path for path in INTEGRATIONS.glob("test_*.py") if path.name != "test_table.py")
COLUMNS = ["program", "version", "what the test does", "result", "test"]


def rows() -> list[dict[str, str]]:
    """Returns the rows of the page's table; each cell is complete."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == COLUMNS
    found = [dict(zip(COLUMNS, row, strict=True)) for row in cells[2:]]
    assert [row for row in found if not all(row.values())] == []
    return found


def programs_of(path) -> list[str]:
    """Returns what a test file assigns to ``PROGRAMS``."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "PROGRAMS":
            return list(ast.literal_eval(node.value))
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_names_the_programs_that_it_tests(path):
    assert programs_of(path)


def test_the_rows_are_the_programs_that_are_tested():
    tested = sorted((program, f"`{path.name}`") for path in FILES for program in programs_of(path))
    assert sorted((row["program"], row["test"]) for row in rows()) == tested


def test_the_programs_are_in_alphabetical_order():
    programs = [row["program"].lower() for row in rows()]
    assert programs == sorted(programs)


def test_a_version_is_a_version():
    assert [row["program"] for row in rows() if not re.fullmatch(r"\d+(\.\d+)+", row["version"])] == []
