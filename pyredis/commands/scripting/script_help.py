"""SCRIPT HELP."""

from pyredis.commands.help import help_lines

HANDLERS = {"script_help": lambda client, args: help_lines("SCRIPT")}
