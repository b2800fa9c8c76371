"""Binds the command table to the families' handlers.

A family is a module of ``pyredis.commands`` with ``HANDLERS``: function name to native handler (a capsule) or Python
callable. Families that nearly every server uses are imported; a module of other handlers is imported when the first of
them is called.
A core is built from ``COMMANDS`` and ``BOUND``: the outline of every command, and its handler by its full name.
"""

from importlib import import_module

from pyredis.call.late import Late
from pyredis.commands.table.outline import bind, every_spec, outline
from pyredis.commands.table.outline_rows import LINES

# Native handlers: module to family.
NATIVE = {
    **{
        f"{family}.{family}": family
        for family in (
            *("strings", "hashes", "lists", "sets", "sorted_sets"),
            *("generic", "pubsub", "transactions"),
        )
    },
    "generic.database_commands": "databases",
    "connection.client_tracking": "connection",
    "connection.connection_native": "connection",
    "server.memory_native": "server",
}
# Families whose handlers are imported late, and their modules; the commands of OF_COMMAND have a module of their own.
LATE = {
    "bitmaps": "bitmaps.bitmaps",
    "connection": "connection.connection",
    "debug": "server.debug",
    "geo": "geo.geo",
    "hyperloglogs": "hyperloglogs.hyperloglogs",
    "scripting": "scripting.scripting",
    "server": "server.server_commands",
    "sort": "generic.sort",
    "streams": "streams.streams",
}
OF_COMMAND = {
    "acl": "server.acl_command",
    "client": "connection.client_command",
    "command": "server.command_command",
    "config": "server.config_command",
    "info": "server.info",
    "latency": "server.latency",
    "lolwut": "server.lolwut",
    "memory": "server.memory_command",
    "module": "server.module_command",
    "slowlog": "server.slowlog",
}


def late(name: str) -> Late:
    """Returns what stands for the handler ``family.function`` until it is called."""
    family, function = name.split(".")
    module = OF_COMMAND.get(function.partition("_")[0]) if family in ("connection", "server") else None
    return Late(family, function, f"pyredis.commands.{module or LATE[family]}")


def collect(names: set[str]) -> dict[str, object]:
    """Returns the handlers of the native families, named ``family.function``, and late ones for ``names`` of others."""
    handlers: dict[str, object] = {}
    for module, family in NATIVE.items():
        functions = import_module(f"pyredis.commands.{module}").HANDLERS
        handlers.update({f"{family}.{name}": handler for name, handler in functions.items()})
    missing = {name for name in names.difference(handlers) if name.partition(".")[0] in LATE}
    return {**handlers, **{name: late(name) for name in missing}}


COMMANDS = outline(LINES)
BOUND = bind(COMMANDS, collect({command.handler for command in every_spec(COMMANDS) if command.handler}))
