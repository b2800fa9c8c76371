"""COMMAND: reports the command table. The table never changes, so the replies built from it are cached."""

from functools import cache

from pyredis.call.command_keys import keys_of
from pyredis.call.handlers import CommandError
from pyredis.commands.help import help_lines
from pyredis.commands.parse import SYNTAX_ERROR, word
from pyredis.commands.table import command_table, describe

command_facts = cache(describe.command_info)
command_documentation = cache(describe.command_docs)


def command(client, args):
    return [command_facts(spec) for spec in command_table.SPECS.values()]


def command_count(client, args):
    return len(command_table.SPECS)


def command_info(client, args):
    if len(args) == 2:
        return command(client, args)
    return [command_facts(spec) if spec else None for spec in map(command_table.find, args[2:])]


def command_docs(client, args):
    specs = map(command_table.find, args[2:]) if len(args) > 2 else command_table.SPECS.values()
    return {spec.name.encode(): command_documentation(spec) for spec in specs if spec}


def command_list(client, args):
    if len(args) == 2:
        return describe.list_names()
    filters = ("module", "aclcat", "pattern")
    if len(args) != 5 or word(args[2]) != "filterby" or word(args[3]) not in filters:
        raise CommandError(SYNTAX_ERROR)
    return describe.list_filterby(word(args[3]), args[4])


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
    "command_help": lambda client, args: help_lines("command"),
    "command_info": command_info,
    "command_list": command_list,
}
