"""Handlers whose modules are imported when they are called for the first time, so that a server starts sooner."""

from importlib import import_module
from typing import Any


class Late:
    """Stands for a handler, native or in Python, until its command is called; then it takes the handler's place."""

    __slots__ = ("family", "function", "module")

    def __init__(self, family: str, function: str, module: str) -> None:
        self.family, self.function, self.module = family, function, module

    def found(self) -> Any:
        """Returns the handler: a capsule, or a Python callable."""
        return import_module(self.module).HANDLERS[self.function]

    def __call__(self, client: Any, args: list[bytes]) -> Any:
        return self.found()(client, args)

    def admit(self, client: Any) -> None:
        """Is called before a command marked as guarded is called or queued; see ``commands/connection/access``."""
        self.found().admit(client)
