"""COMMAND: reports the command table, and the commands that the program has added to this server.

The table never changes, so the replies built from it are cached.
"""

from functools import cache

from pyredis.call.command_keys import keys_of
from pyredis.call.handlers import CommandError
from pyredis.commands.help import help_lines
from pyredis.commands.parse import SYNTAX_ERROR, word
from pyredis.commands.table import command_table, describe
from pyredis.config.syntax import to_bytes, to_text

table_facts = cache(describe.command_info)
table_documentation = cache(describe.command_docs)


def every_spec(client):
    """Returns the commands of the table and those that were added, by their original names, without those that
    ``rename-command`` has removed."""
    added, renames = client.core.added_specs, client.core.renames
    specs = {**command_table.SPECS, **added} if added else command_table.SPECS
    return {name: spec for name, spec in specs.items() if renames.get(name) != ""} if renames else specs


def find(client, name):
    """Returns the command that clients call by this name, or None; ``config|get`` names a subcommand."""
    top, bar, rest = to_text(name).lower().partition("|")
    original = original_name(client.core.renames, top)
    if original is None:
        return None
    return command_table.find(to_bytes(original + bar + rest)) or client.core.added_specs.get(top)


def original_name(renames, name):
    """Returns the original name of the command that is now called so; None if it was renamed."""
    found = next((original for original, new in renames.items() if name and new == name), None)
    return found or (None if name in renames else name)


def command_facts(client, spec):
    added = spec.name in client.core.added_specs
    return describe.command_info(spec) if added else table_facts(spec)


def command_documentation(client, spec):
    added = spec.name in client.core.added_specs
    return describe.command_docs(spec) if added else table_documentation(spec)


def command(client, args):
    return [command_facts(client, spec) for spec in every_spec(client).values()]


def command_count(client, args):
    return len(every_spec(client))


def command_info(client, args):
    if len(args) == 2:
        return command(client, args)
    specs = [find(client, name) for name in args[2:]]
    return [command_facts(client, spec) if spec else None for spec in specs]


def command_docs(client, args):
    specs = [find(client, name) for name in args[2:]] if len(args) > 2 else every_spec(client).values()
    return {spec.name.encode(): command_documentation(client, spec) for spec in specs if spec}


def command_list(client, args):
    if len(args) == 2:
        return describe.list_names(every_spec(client))
    filters = ("module", "aclcat", "pattern")
    if len(args) != 5 or word(args[2]) != "filterby" or word(args[3]) not in filters:
        raise CommandError(SYNTAX_ERROR)
    return describe.list_filterby(word(args[3]), args[4], every_spec(client))


def command_getkeys(client, args):
    return [args[2 + place] for place, _ in keys_of(client.core, args[2:])]


def command_getkeysandflags(client, args):
    return [[args[2 + place], describe.key_flags(flags)] for place, flags in keys_of(client.core, args[2:])]


HANDLERS = {
    "command": command,
    "command_count": command_count,
    "command_docs": command_docs,
    "command_getkeys": command_getkeys,
    "command_getkeysandflags": command_getkeysandflags,
    "command_help": lambda client, args: help_lines("command", args[0]),
    "command_info": command_info,
    "command_list": command_list,
}
