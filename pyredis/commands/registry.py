"""The joining of the command table and the families' handlers.

A family is a module of ``pyredis.commands`` with ``HANDLERS``: function name to native handler (a capsule) or Python
callable. ``BOUND`` has the handler of every command by its full name.
"""

from importlib import import_module

from pyredis.commands.table import SPECS, bind

FAMILIES = (
    *("strings", "hashes", "lists", "sets", "bitmaps", "hyperloglogs", "sorted_sets", "geo", "streams"),
    *("generic", "sort", "databases", "connection", "transactions", "server", "debug"),
)


def collect() -> dict[str, object]:
    """All handlers, named ``family.function``."""
    handlers: dict[str, object] = {}
    for family in FAMILIES:
        module = import_module(f"pyredis.commands.{family}")
        handlers.update({f"{family}.{name}": handler for name, handler in module.HANDLERS.items()})
    return handlers


BOUND = bind(SPECS, collect())
