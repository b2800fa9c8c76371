"""Binds the command table to the families' handlers.

A family is a module of ``pyredis.commands`` with ``HANDLERS``: function name to native handler (a capsule) or Python
callable. Native families are imported; a module of Python handlers is imported when the first of them is called.
A core is built from ``COMMANDS`` and ``BOUND``: the outline of every command, and its handler by its full name.
"""

from importlib import import_module
from typing import Any

from pyredis.commands.table.outline import bind, every_spec, outline
from pyredis.commands.table.outline_rows import LINES

# Native handlers: module to family.
NATIVE = {
    **{
        f"{family}.{family}": family
        for family in (
            *("strings", "hashes", "lists", "sets", "bitmaps", "hyperloglogs", "sorted_sets", "geo", "streams"),
            *("generic", "pubsub", "transactions", "scripting"),
        )
    },
    "generic.sort": "sort",
    "generic.database_commands": "databases",
    "connection.connection_native": "connection",
    "server.memory_native": "server",
}
# Families with handlers in Python, and their modules; the commands of OF_COMMAND have a module of their own.
LATE = {
    "connection": "connection.connection",
    "server": "server.server_commands",
    "debug": "server.debug",
    "scripting": "scripting.script_help",
}
OF_COMMAND = {
    "client": "connection.client_command",
    "command": "server.command_command",
    "config": "server.config_command",
    "info": "server.info",
    "latency": "server.latency",
    "lolwut": "server.lolwut",
    "memory": "server.memory_command",
    "slowlog": "server.slowlog",
}


class Late:
    """A Python handler whose module is imported when it is called for the first time."""

    __slots__ = ("family", "function", "handler")

    def __init__(self, family: str, function: str) -> None:
        self.family, self.function = family, function
        self.handler: Any = None

    def found(self) -> Any:
        if self.handler is None:
            module = OF_COMMAND.get(self.function.partition("_")[0]) or LATE[self.family]
            self.handler = import_module(f"pyredis.commands.{module}").HANDLERS[self.function]
        return self.handler

    def __call__(self, client: Any, args: list[bytes]) -> Any:
        return (self.handler or self.found())(client, args)

    def admit(self, client: Any) -> None:
        """Is called before a command marked as guarded is called or queued; see ``commands/connection/access``."""
        self.found().admit(client)


def late(name: str) -> Late:
    """Returns the handler ``family.function``."""
    return Late(*name.split("."))


def collect(names: set[str]) -> dict[str, object]:
    """Returns all native handlers, named ``family.function``, and late ones for other ``names`` of late families."""
    handlers: dict[str, object] = {}
    for module, family in NATIVE.items():
        functions = import_module(f"pyredis.commands.{module}").HANDLERS
        handlers.update({f"{family}.{name}": handler for name, handler in functions.items()})
    python = {name for name in names.difference(handlers) if name.partition(".")[0] in LATE}
    return {**handlers, **{name: late(name) for name in python}}


COMMANDS = outline(LINES)
BOUND = bind(COMMANDS, collect({command.handler for command in every_spec(COMMANDS) if command.handler}))
