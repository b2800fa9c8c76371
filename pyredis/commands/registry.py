"""The joining of the command table and the families' handlers.

A family is a module of ``pyredis.commands`` with ``HANDLERS``: function name to native handler (a capsule) or Python
callable. ``BOUND`` has the handler of every command by its full name.
"""

import os
from importlib import import_module
from importlib.util import find_spec

from pyredis.commands.table import SPECS, bind

FAMILIES = ("strings", "hashes", "generic", "databases", "connection", "transactions", "server", "debug")


def collect() -> dict[str, object]:
    """All handlers, named ``family.function``."""
    handlers: dict[str, object] = {}
    for family in FAMILIES:
        if os.environ.get("PYREDIS_PARTIAL") and find_spec(f"pyredis.commands.{family}") is None:
            continue
        module = import_module(f"pyredis.commands.{family}")
        handlers.update({f"{family}.{name}": handler for name, handler in module.HANDLERS.items()})
    return handlers


def _partial(handlers: dict[str, object]) -> dict[str, object]:
    specs = [spec for top in SPECS.values() for spec in (top, *top.subcommands.values())]
    return {spec.name: handlers[spec.handler] for spec in specs if spec.handler in handlers}


BOUND = _partial(collect()) if os.environ.get("PYREDIS_PARTIAL") else bind(SPECS, collect())
