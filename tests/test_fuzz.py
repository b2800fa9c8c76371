"""Fuzzing, for a moment: the corpus and mutations of it, in a process that may die. PYREDIS_LONG=1 goes on for minutes.

The guided form, with the native code's coverage, is ``tests/fuzz/guided``.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import packs
from fuzz.targets import TARGETS
from pyredis.types._testing import PackedList
from support.paths import server_environment

SECONDS = 300 if os.environ.get("PYREDIS_LONG") else 3


def run_fuzzer(target: str, keep: Path) -> subprocess.CompletedProcess[str]:
    environment = server_environment()
    tests = str(Path(__file__).parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [environment.get("PYTHONPATH"), tests]))
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", "fuzz", target, "--seconds", str(SECONDS)]
    return subprocess.run(
        [*command, "--keep", str(keep)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_that_always_holds_is_broken_by_mutated_input(target, tmp_path):
    keep = tmp_path / "input"
    result = run_fuzzer(target, keep)
    data = keep.read_bytes() if keep.exists() else b""
    assert result.returncode == 0, f"{result.stdout}\nthe input: {data!r}"


def test_the_reading_of_packs_in_python_agrees_with_what_the_core_writes():
    items = [b"", b"a" * 63, b"a" * 64, b"b" * 16447, b"c" * 16448, b"01", b"-0", b"9223372036854775808"]
    items += [b"%d" % number for edge in (0, 96, 4192, 128, 1 << 15, 1 << 62) for number in (edge - 1, edge, -edge)]
    for backward in (False, True):
        pack = PackedList(backward)
        for item in items:
            pack.append(item)
        assert packs.read(bytes(pack)) == items
