"""HELP of the commands with subcommands."""

import pytest

from pyredis.commands.help import help_lines
from pyredis.commands.table.command_table import SPECS
from pyredis.replies import Status


@pytest.mark.parametrize("title", [name for name, spec in SPECS.items() if f"{name}|help" in spec.subcommands])
def test_every_subcommand_has_its_lines(title):
    lines = help_lines(title)
    assert all(type(line) is Status for line in lines)
    assert lines[0].startswith(title.upper().encode() + b" <subcommand> ")
    named = [line.split()[0].decode().lower() for line in lines[1::2]]
    assert sorted(f"{title}|{word}" for word in named) == sorted(SPECS[title].subcommands)
    assert named[-1] == "help"
    assert all(line.startswith(b"    ") for line in lines[2::2])


def test_arguments_are_told_as_they_are_written():
    assert b"ENCODING <key>" in help_lines("OBJECT")
    assert b"SET <parameter> <value> ..." in help_lines("config")
