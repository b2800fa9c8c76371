"""Every promise of docs/security.md names tests that exist."""

import ast
import re

import pytest

from support.paths import ROOT

PAGE = ROOT / "docs" / "security.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="only a checkout has the pages")
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)))
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and "::" in line]


def functions_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_page_names_many_tests():
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "name"), NAMED or [("", "")], ids="::".join)
def test_a_test_that_the_page_names_is_there(file, name):
    assert name in functions_of(file)


def test_every_promise_has_its_test():
    tables = re.findall(r"^\| promise \| test \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    promises = [line for table in tables for line in table.splitlines()]
    assert len(tables) >= 5
    assert [line for line in promises if "::" not in line] == []
    assert promises == ROWS


def test_the_page_and_the_policy_refer_to_each_other():
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "docs/security.md" in policy
    assert "SECURITY.md" in TEXT
