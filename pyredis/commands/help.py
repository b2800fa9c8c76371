"""HELP of commands with subcommands: the syntax and the summary of each, from the table.

The format is Redis's: a first line, then for each subcommand a line with its syntax and an indented one with its
summary. Every line is a status.
"""

from typing import TYPE_CHECKING

from pyredis.commands.parse import shown
from pyredis.replies import Status

if TYPE_CHECKING:
    from pyredis.commands.table.arguments import Argument


def help_lines(title: str, called: bytes = b"") -> list[Status]:
    """Returns the reply to ``title HELP``; ``title`` in any case. ``called`` is the client's name for the command."""
    # Imported late: a server starts without the table.
    from pyredis.commands.table.command_table import SPECS

    spec = SPECS[title.lower()]
    name = shown(called) or title
    lines = [f"{name.upper()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    # HELP is first in the table and last in its own text.
    for name, sub in sorted(spec.subcommands.items(), key=lambda item: item[0].endswith("|help")):
        words = [name.partition("|")[2].upper(), *map(usage, sub.arguments)]
        lines += [" ".join(words), f"    {sub.summary}"]
    return [Status(line.encode()) for line in lines]


def usage(argument: "Argument") -> str:
    """Returns the syntax of ``argument`` in a call: tokens as they are, values in angle brackets."""
    text = _required(argument)
    if "multiple" in argument.flags:
        text += " ..."
    return f"[{text}]" if "optional" in argument.flags else text


def _required(argument: "Argument") -> str:
    if argument.type == "pure-token":
        return argument.token
    if argument.type == "oneof":
        value = "|".join(map(usage, argument.arguments))
    elif argument.type == "block":
        value = " ".join(map(usage, argument.arguments))
    else:
        value = f"<{argument.display or argument.name}>"
    return f"{argument.token} {value}" if argument.token else value
