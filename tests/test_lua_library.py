"""Lua from lupa's file: found without importing lupa, complete, and reported if it is missing."""

import re
import subprocess
import sys

import pytest

from pyredis.lua import lua_api
from support.paths import ROOT, server_environment

WITHOUT_LUPA = """
import sys
from pathlib import Path
from pyredis.lua import lua_api

class NoFinder:
    find_spec = staticmethod(lambda name, path=None: None)

lua_api.PathFinder = NoFinder
sys.path.insert(0, sys.argv[1])
from support.in_process import Local
local = Local(Path(sys.argv[2]))
print(local.call("EVAL", "return 1", "0"))
print(local.call("SCRIPT", "LOAD", "return 1"))
print(local.call("SCRIPT", "EXISTS", "x"))
print(local.call("PING"))
"""


def test_lupa_has_every_function_that_is_needed():
    assert lua_api.missing_symbols(lua_api.find_library()) == []


def test_what_is_declared_is_what_is_resolved():
    header = (ROOT / "pyredis" / "lua" / "lua_api.pxd").read_text(encoding="utf-8")
    source = (ROOT / "pyredis" / "lua" / "lua_api.pyx").read_text(encoding="utf-8")
    declared = re.findall(r"^cdef .*?\(\*(\w+)\)\(", header, re.MULTILINE)
    declared += re.findall(r"^cdef lua_CFunction (\w+)$", header, re.MULTILINE)
    assert sorted(re.findall(r'Symbol\("(\w+)"', source)) == sorted(declared)


def test_lupa_is_not_imported():
    program = "import sys; from pyredis.lua import lua_api; lua_api.find_library(); print('lupa' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-P", "-c", program], env=server_environment(), capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"


def test_a_library_without_lua_lacks_all_of_it():
    assert "lua_pcall" in lua_api.missing_symbols(lua_api.__file__)
    with pytest.raises(lua_api.LuaUnavailable, match="cannot be loaded"):
        lua_api.missing_symbols("/nonexistent.so")


def test_without_lupa_a_script_says_how_to_install_it(tmp_path):
    run = subprocess.run(
        [sys.executable, "-P", "-c", WITHOUT_LUPA, str(ROOT / "tests"), str(tmp_path)],
        env=server_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = run.stdout.splitlines()
    assert len(lines) == 4, run.stderr
    for line in lines[:2]:
        assert "ERR Scripts need the library lupa: pip install 'lupa>=2.8,<2.9'" in line
    assert lines[2] == "[0]"
    assert "PONG" in lines[3]
