"""The code on the pages for programs, run as their readers would."""

import ast
import importlib.util
import sys

import pytest

from support.pages import blocks, run_pytest, run_python
from support.paths import ROOT
from support.programs import missing

PAGES = ("embedding.md", "testing.md", "moving.md")
BLOCKS = [(page, number, code) for page in PAGES for number, code in enumerate(blocks(ROOT / "docs" / page))]
# The first block of the README is for a server that runs.
BLOCKS += [("README.md", number, code) for number, code in enumerate(blocks(ROOT / "README.md")) if number > 0]
# Plugins of pytest that a block uses, besides the package's own.
PLUGINS = {"pytest_redis": "pytest_redis.plugin"}


def imported(code: str) -> set[str]:
    """Returns the packages that a block imports."""
    nodes = list(ast.walk(ast.parse(code)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("code", [pytest.param(code, id=f"{page}-{number}") for page, number, code in BLOCKS])
def test_the_pages_code_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    packages = imported(code)
    for package in sorted(packages):
        if importlib.util.find_spec(package) is None:
            missing(package, "pip install '.[integrations,bench]'")
    # Other libraries may use what is deprecated in yet others.
    warnings = "error" if packages - sys.stdlib_module_names <= {"pyredis", "pytest", "redis"} else "ignore"
    if "def test_" in code:
        output = run_pytest(
            code, tmp_path, *(PLUGINS[name] for name in sorted(packages & set(PLUGINS))), warnings=warnings
        )
        assert f"{code.count('def test_')} passed" in output, output
    else:
        result = run_python(code, warnings=warnings)
        assert (result.returncode, result.stderr) == (0, "")
