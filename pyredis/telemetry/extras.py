"""Libraries that only those need who turn a feature on: the extras of the distribution."""

from importlib import import_module
from types import ModuleType


class MissingExtra(Exception):
    """A directive needs a library that is not installed; the text says how to install it."""


def needed(module: str, extra: str, directive: str) -> ModuleType:
    """Imports a module of an extra. Raises MissingExtra."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtra(
            f"{directive} needs a library that is not installed: pip install 'pyredis-server[{extra}]'"
        ) from error
