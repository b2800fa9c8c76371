"""The distribution: metadata, type stubs, the shape of the source tree, the commands in the README."""

import ast
import importlib
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import pyredis
from pyredis._version import REDIS_VERSION, VERSION
from support.paths import ROOT, built_in_place, server_environment

SOURCES = ROOT / "pyredis"
# Methods whose types are in the stubs of the classes that are derived.
DECLARED_ELSEWHERE = {"Calls": {"get", "set"}}
COMPILED = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in SOURCES.rglob("*.pyx"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# How many calls of sleep all tests together may contain, each in a loop that waits for a condition. The programs of
# tests/integrations/apps work a little while or look for something, as programs do.
SLEEPS = 12
LINES = 1000


def source_of(module: str, suffix: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(suffix)


def definitions(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """Returns the public names that a module or class of a stub defines, with their statements."""
    found: dict[str, ast.stmt] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found[statement.target.id] = statement
    return {name: statement for name, statement in found.items() if not name.startswith("_")}


def own_names(module) -> set[str]:
    """Returns the names of the public classes and functions that a module defines rather than imports."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "pyredis", *arguments]
    return subprocess.run(command, env=server_environment(), capture_output=True, text=True, timeout=60)


def installed_metadata() -> metadata.PackageMetadata:
    if built_in_place() and not os.environ.get("PYREDIS_INSTALLED"):
        pytest.skip("the package is built in place, not installed")
    if os.environ.get("PYREDIS_SANITIZE"):
        pytest.skip("a build of tools/sanitize is not installed")
    return metadata.metadata("pyredis-server")


def test_the_version_is_the_same_everywhere():
    assert pyredis.__version__ == VERSION
    declared = run_python("--version").stdout
    assert declared.startswith(f"Redis server v={REDIS_VERSION} ")
    assert f" pyredis-server={VERSION} " in declared
    heading = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heading is not None
    assert heading[1].replace("Unreleased", VERSION) == VERSION


def test_the_installed_metadata_are_those_of_the_project():
    declared = installed_metadata()
    assert declared["Name"] == PROJECT["name"]
    assert declared["Version"] == VERSION
    assert declared["License-Expression"] == "BSD-3-Clause"
    assert declared["Requires-Python"] == PROJECT["requires-python"]
    assert set(declared.get_all("Provides-Extra")) == {"metrics", "otel", "test", "bench", "integrations", "dev"}


def test_the_installed_package_brings_its_command_and_its_types():
    installed_metadata()
    files = {str(path) for path in metadata.files("pyredis-server") or []}
    assert "pyredis/py.typed" in files
    assert {f"{module.replace('.', '/')}.pyi" for module in COMPILED} <= files
    assert {path.relative_to(ROOT).as_posix() for path in SOURCES.rglob("*.pxd")} <= files
    assert not {path for path in files if path.endswith((".pyx", ".c"))}
    (script,) = metadata.entry_points(group="console_scripts", name="pyredis-server")
    assert script.value == "pyredis.cli:main"


def test_the_license_is_in_the_tree_and_named():
    assert PROJECT["license-files"] == ["LICENSE"]
    assert "Redistribution and use" in (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", COMPILED)
def test_every_compiled_module_has_a_stub_that_tells_the_truth(module):
    stub = ast.parse(source_of(module, ".pyi").read_text(encoding="utf-8"))
    assert ast.get_docstring(stub)
    declared = definitions(stub.body)
    loaded = importlib.import_module(module)
    compare(module, set(declared), set(vars(loaded)), own_names(loaded))
    for name, statement in declared.items():
        if isinstance(statement, ast.ClassDef):
            compare_class(statement, getattr(loaded, name))


def compare_class(stub: ast.ClassDef, native: type) -> None:
    declared = set(definitions(stub.body))
    # Instances with a dictionary, such as exceptions, may have attributes that their class does not have.
    there = declared if native.__dictoffset__ else set(dir(native))
    public = {name for name in vars(native) if not name.startswith("_")}
    compare(stub.name, declared, there, public - DECLARED_ELSEWHERE.get(native.__name__, set()))


def compare(where: str, declared: set[str], there: set[str], wanted: set[str]) -> None:
    assert not declared - there, f"{where}: the stub declares names that do not exist"
    assert not wanted - declared, f"{where}: the stub lacks names that exist"


@pytest.mark.parametrize(
    "path",
    [path for suffix in ("py", "pyx", "pxd", "pyi", "h") for path in SOURCES.rglob(f"*.{suffix}")],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_module_is_past_a_thousand_lines_and_each_says_what_it_owns(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES
    assert not text or text.startswith(('"""', "/*"))


def test_tests_hardly_sleep():
    calls = [
        f"{path.name}:{number}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.match(r"\s*(await asyncio|time)\.sleep\(", line) and path.parent.name != "apps"
    ]
    assert len(calls) <= SLEEPS, calls


def test_python_m_pyredis_tells_how_it_is_used():
    declared = run_python("--help")
    assert declared.returncode == 0
    assert declared.stdout.startswith("Usage: pyredis-server [redis.conf]")
    checked = run_python("--port", "7777", "--check-config")
    assert checked.returncode == 0
    assert "port 7777" in checked.stdout.splitlines()
    assert run_python("--no-such-directive", "1").returncode == 1


def test_the_commands_and_links_of_the_readme_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "pip install . && pyredis-server" in text
    assert "pip install '.[test]' && pytest" in text
    assert PROJECT["scripts"] == {"pyredis-server": "pyredis.cli:main"}
    assert set(re.findall(r"\[(\w+)\]'", text)) <= set(PROJECT["optional-dependencies"])
    for module in re.findall(r"python -m ([\w.]+)", text):
        assert ROOT.joinpath(*module.split("."), "__main__.py").exists(), module
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / target).exists(), target


def test_the_options_of_the_readme_are_directives():
    options = set(re.findall(r"pyredis-server (--[^\n`#]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert options
    for line in options:
        declared = run_python(*line.split(), "--check-config")
        assert declared.returncode == 0, (line, declared.stderr)
