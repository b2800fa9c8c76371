"""The command table: every command this server has, with all that the rows say of it.

Importing this module reads the rows of all families, which takes a while: nothing that a start needs does so
(``commands.outline``). From then on ``SPECS`` never changes. Names are lower case, those
of subcommands full (``config|get``).
"""

from collections.abc import Iterator, Mapping, Sequence

import pyredis.commands.rows.bitmaps
import pyredis.commands.rows.connection
import pyredis.commands.rows.debug
import pyredis.commands.rows.generic
import pyredis.commands.rows.geo
import pyredis.commands.rows.hashes
import pyredis.commands.rows.hyperloglogs
import pyredis.commands.rows.lists
import pyredis.commands.rows.server
import pyredis.commands.rows.sets
import pyredis.commands.rows.sort
import pyredis.commands.rows.sorted_sets
import pyredis.commands.rows.streams
import pyredis.commands.rows.strings
import pyredis.commands.rows.transactions  # noqa: F401
from pyredis.commands import outline
from pyredis.commands.outline import TableError, bind
from pyredis.commands.spec import SPECS, CommandSpec

__all__ = ["SPECS", "CommandSpec", "TableError", "bind", "every_spec", "find", "find_argv"]


def every_spec(specs: Mapping[str, CommandSpec] = SPECS) -> Iterator[CommandSpec]:
    """All commands, each followed by its subcommands."""
    return outline.every_spec(specs)


def find(name: bytes) -> CommandSpec | None:
    """The command of that name, in any case; ``config|get`` names a subcommand."""
    return _find_words(name.split(b"|"))


def find_argv(argv: Sequence[bytes]) -> CommandSpec | None:
    """The command that ``argv`` calls: the subcommand where the command has any and ``argv`` goes on."""
    spec = _find_words(argv[:1])
    if spec is None or not spec.subcommands or len(argv) == 1:
        return spec
    return _find_words(argv[:2])


def _find_words(words: Sequence[bytes]) -> CommandSpec | None:
    names = [word.decode("latin-1").lower() for word in words]
    spec = SPECS.get(names[0])
    if len(names) == 1 or spec is None:
        return spec
    return spec.subcommands.get("|".join(names))
