"""The library that holds all native modules: how they are found in it; their classes and wrong arguments."""

import importlib
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from pyredis import _native
from pyredis._finder import NativeFinder
from support.paths import ROOT, server_environment

SOURCES = ROOT / "pyredis"
LIBRARY = Path(str(_native.__file__))
# Each is evaluated with C as the class. An exception is expected of most of them, the end of the process of none.
WRONG = ("C()", "C(None)", "C(object(), object(), object())", "C(1, 2, 3, 4, 5, 6, 7, 8)", "C(no=1)", "C.__new__(C)")


def run_python(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-X", "faulthandler", *options, "-c", code]
    return subprocess.run(
        command, env=server_environment() | environment, capture_output=True, text=True, check=False, timeout=120
    )


def classes() -> list[tuple[str, str]]:
    """Returns module and name of every class that a native module defines."""
    modules = [importlib.import_module(name) for name in sorted(_native.MODULES)]
    return [
        (module.__name__, name)
        for module in modules
        for name, value in sorted(vars(module).items())
        if isinstance(value, type) and value.__module__ == module.__name__
    ]


def test_the_library_holds_a_module_for_every_source():
    sources = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in SOURCES.rglob("*.pyx")}
    assert sources == _native.MODULES


def test_every_module_is_loaded_from_the_library():
    for name in sorted(_native.MODULES):
        module = importlib.import_module(name)
        assert (module.__name__, module.__file__) == (name, str(LIBRARY))
        assert importlib.util.find_spec(name).origin == str(LIBRARY)


def test_other_modules_are_left_to_the_other_finders():
    assert NativeFinder.find_spec("pyredis.server") is None
    assert NativeFinder.find_spec("_core") is None
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'pyredis\.nothing'"):
        importlib.import_module("pyredis.nothing")


def test_a_tree_that_is_not_built_says_so(tmp_path):
    ignored = shutil.ignore_patterns(*(f"*{suffix}" for suffix in EXTENSION_SUFFIXES), "*.c", "__pycache__")
    shutil.copytree(SOURCES, tmp_path / "pyredis", ignore=ignored)
    # Without site, an installed package is not found in place of the copy.
    result = run_python("import pyredis; import pyredis.server", "-S", PYTHONPATH=str(tmp_path))
    assert result.returncode == 1
    assert "No module named 'pyredis._native': the native library is not built for this interpreter" in result.stderr


def test_classes_refuse_wrong_arguments_without_harm():
    lines = [
        "from contextlib import suppress",
        "from importlib import import_module",
        f"for module, name in {classes()!r}:",
        "    C = getattr(import_module(module), name)",
    ]
    for expression in WRONG:
        lines += [f"    print(name, {expression!r}, flush=True)", f"    with suppress(Exception): {expression}"]
    result = run_python("\n".join(lines))
    assert result.returncode == 0, result.stdout[-200:] + result.stderr[-2000:]
    assert result.stdout.count("\n") == len(classes()) * len(WRONG)
