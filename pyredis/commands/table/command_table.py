"""The command table: every command of this server, with everything that the rows say about it.

Importing this module reads the rows of all families, which takes a while: nothing needed at startup imports it
(see ``commands/table/outline``). After the import ``SPECS`` never changes. Names are lower case; subcommands have
their full names (``config|get``).
"""

from collections.abc import Iterator, Mapping

import pyredis.commands.bitmaps.bitmap_rows
import pyredis.commands.connection.connection_rows
import pyredis.commands.generic.generic_rows
import pyredis.commands.generic.sort_rows
import pyredis.commands.geo.geo_rows
import pyredis.commands.hashes.hash_rows
import pyredis.commands.hyperloglogs.hyperloglog_rows
import pyredis.commands.lists.list_rows
import pyredis.commands.pubsub.pubsub_rows
import pyredis.commands.scripting.scripting_rows
import pyredis.commands.server.acl_rows
import pyredis.commands.server.debug_rows
import pyredis.commands.server.server_rows
import pyredis.commands.sets.set_rows
import pyredis.commands.sorted_sets.sorted_set_rows
import pyredis.commands.streams.stream_rows
import pyredis.commands.strings.string_rows
import pyredis.commands.transactions.transaction_rows  # noqa: F401
from pyredis.commands.table import outline
from pyredis.commands.table.outline import TableError, bind
from pyredis.commands.table.spec import SPECS, CommandSpec

__all__ = ["SPECS", "CommandSpec", "TableError", "bind", "every_spec", "find"]


def every_spec(specs: Mapping[str, CommandSpec] = SPECS) -> Iterator[CommandSpec]:
    """Yields all commands, each followed by its subcommands."""
    return outline.every_spec(specs)


def find(name: bytes) -> CommandSpec | None:
    """Returns the command of that name, in any case, or None; ``config|get`` names a subcommand."""
    names = [word.decode("latin-1").lower() for word in name.split(b"|")]
    spec = SPECS.get(names[0])
    if len(names) == 1 or spec is None:
        return spec
    return spec.subcommands.get("|".join(names))
