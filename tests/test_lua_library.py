"""Lua from lupa's file, which is not imported; from the system if lupa cannot be used; an error without either."""

import ctypes
import os
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

if sys.argv[3] == "hiding":
    lua_api.find_library = lambda: lua_api.__file__
else:
    lua_api.PathFinder = NoFinder
if sys.argv[3] == "alone":
    lua_api.SYSTEM = ()
sys.path.insert(0, sys.argv[1])
from support.in_process import Local
local = Local(Path(sys.argv[2]))
print(lua_api.loaded_library())
print(local.call("EVAL", "return 1", "0"))
print(local.call("SCRIPT", "LOAD", "return 1"))
print(local.call("SCRIPT", "EXISTS", "x"))
print(local.call("PING"))
print(lua_api.loaded_library())
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


def run_without_lupa(folder, case: str) -> list[str]:
    """Returns what is printed: with lupa `missing`, with a lupa `hiding` its names, or `alone`, without any Lua."""
    command = [sys.executable, "-P", "-c", WITHOUT_LUPA, str(ROOT / "tests"), str(folder), case]
    environment = {name: value for name, value in server_environment().items() if name != "PYREDIS_LUA"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    lines = run.stdout.splitlines()
    assert len(lines) == 6, run.stderr
    return lines


def test_without_any_lua_a_script_says_how_to_install_it(tmp_path):
    first, *replies, last = run_without_lupa(tmp_path, "alone")
    assert (first, last) == ("None", "None")
    for line in replies[:2]:
        assert "ERR Scripts need the library lupa: pip install 'lupa>=2.8,<2.9'" in line
    assert replies[2] == "[0]"
    assert "PONG" in replies[3]


def system_library() -> str:
    """Returns the name of the system's Lua 5.1; skips the test if there is none and the oracle is not required."""
    for name in lua_api.SYSTEM:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return name
    if os.environ.get("PYREDIS_REQUIRE_ORACLE"):
        pytest.fail("the system has no library of Lua 5.1: apt-get install liblua5.1-0")
    pytest.skip("the system has no library of Lua 5.1")


@pytest.mark.parametrize("lupa", ["missing", "hiding"])
def test_without_lupas_functions_the_systems_lua_runs_scripts(tmp_path, lupa):
    name = system_library()
    first, *replies, last = run_without_lupa(tmp_path, lupa)
    assert (first, os.path.basename(last)) == ("None", name)
    assert replies[0] == "1"
    assert re.fullmatch(r"b?'[0-9a-f]{40}'", replies[1])


@pytest.mark.parametrize("path", ["liblua-of-nobody.so", lua_api.__file__], ids=["missing", "not Lua"])
def test_a_library_named_by_the_environment_is_the_only_one_that_is_tried(tmp_path, path):
    program = "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path;"
    program += "from support.in_process import Local; print(Local(Path(sys.argv[2])).call('EVAL', 'return 1', '0'))"
    run = subprocess.run(
        [sys.executable, "-P", "-c", program, str(ROOT / "tests"), str(tmp_path)],
        env=server_environment() | {"PYREDIS_LUA": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "ERR " in run.stdout
    assert path in run.stdout


FILES = ("test_scripts.py", "test_busy_scripts.py", "test_lua_cjson.py", "test_lua_cmsgpack.py", "test_lua_struct.py")
FILES_OF_A_LONG_RUN = (
    "test_script_attacks.py",
    "test_script_sequences.py",
    "test_script_patterns.py",
    "test_lua_bit.py",
)


def test_scripts_behave_alike_with_the_systems_lua():
    """Their own tests run again; `test_without_lupas_functions_the_systems_lua_runs_scripts` checks that it is used."""
    name = system_library()
    files = FILES + (FILES_OF_A_LONG_RUN if os.environ.get("PYREDIS_LONG") else ())
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *(f"tests/{file}" for file in files),
    ]
    run = subprocess.run(
        command, env=os.environ | {"PYREDIS_LUA": name}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
