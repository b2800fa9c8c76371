"""iredis: its interactive shell, on a terminal, and lines that are piped into it."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from support.programs import needs_command, needs_older

PROGRAMS = ["iredis"]


@pytest.fixture
def command(server, tmp_path):
    program = Path(needs_older("iredis")).with_name("iredis")
    return [str(program), "-p", str(server.port), "--iredisrc", str(tmp_path / "iredisrc"), "--no-greetings"]


def test_commands_that_are_typed_are_answered_before_and_after_restarts(command, programs, server):
    terminal = [needs_command("script"), "-qfec", shlex.join(command), "/dev/null"]
    shell = programs.run(*terminal, name="iredis", TERM="dumb", HOME=str(programs.folder))
    typed = 0

    def types(line, *shown):
        """Type a line, wait for the next prompt, and look for what should be between."""
        nonlocal typed
        typed += 1
        shell.says("> ", typed)
        before = len(shell.output())
        shell.write(line)
        shell.says("> ", typed + 1)
        printed = re.sub(r"\x1b\[[?;0-9]*[a-zA-Z]", "", shell.output()[before:])
        assert [text for text in shown if text not in printed] == [], printed

    for crash in (False, True, None):
        types("SET greeting 'hello world'", "OK")
        types("GET greeting", '"hello world"')
        types("HSET hash field value", "(integer) 1" if crash is False else "(integer) 0")
        types("HGETALL hash", '"field"', '"value"')
        types("EVAL 'return {1, redis.call(\"GET\", KEYS[1])}' 1 greeting", '1) "1"', '2) "hello world"')
        types("nosuch", "(error) ERROR unknown command 'nosuch'")
        if crash is not None:
            server.restart(crash=crash)
            types("GET greeting", '"hello world"')


def test_lines_that_are_piped_in_are_run_one_after_another(command):
    lines = "RPUSH list a b c\nLRANGE list 0 -1\nHSET hash f v\nHGETALL hash\nEVAL 'return 7' 0\n"
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["3", "a", "b", "c", "1", "f", "v", "7"], done.stderr
