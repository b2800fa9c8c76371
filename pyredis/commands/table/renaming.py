"""``rename-command``: which commands are renamed, and to what.

The lines of the configuration are applied in their order, as in Redis: a later line may rename what an earlier one has
named. Subcommands cannot be renamed.
"""

from collections.abc import Iterable

from pyredis.config.config_errors import ConfigError
from pyredis.config.load import RenameLine

NO_SUCH = "No such command in rename-command"
TAKEN = "Target command name already exists"


def new_names(lines: Iterable[RenameLine], commands: Iterable[str]) -> dict[str, str]:
    """Returns the new name of each renamed command by its original one, in lower case; an empty name is none.

    Raises `ConfigError` for a line that names no command, or whose new name is taken.
    """
    names = {name: name for name in commands}
    for line in lines:
        original = names.pop(line.old.lower(), None)
        if original is None:
            raise _error(line, NO_SUCH)
        if line.new.lower() in names:
            raise _error(line, TAKEN)
        if line.new:
            names[line.new.lower()] = original
    found = {original: name for name, original in names.items()}
    return {name: found.get(name, "") for name in commands if found.get(name, "") != name}


def _error(line: RenameLine, reason: str) -> ConfigError:
    return ConfigError(reason, source=line.source, line=line.number, text=line.text)
