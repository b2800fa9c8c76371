"""What scripts use and have done. Nothing native of this room is imported before the first script."""

from importlib import import_module
from typing import Any


def _starting() -> Any:
    return import_module("pyredis.lua.starting")


def script_memory(core: Any) -> tuple[int, int, int]:
    """Returns the bytes that Lua uses, the bytes of the scripts and their table, and how many scripts there are."""
    return _starting().script_memory(core) if core.has_interpreter else (0, 0, 0)


def time_us(core: Any) -> int:
    """Returns the time in microseconds since 1970, which stays the same during a script."""
    return _starting().time_us(core) if core.has_interpreter else core.time_us


def forgotten_scripts(core: Any) -> int:
    """Returns how many scripts of EVAL were dropped for later ones since the start or the last CONFIG RESETSTAT."""
    return _starting().forgotten_scripts(core) if core.has_interpreter else 0


def reset_forgotten(core: Any) -> None:
    """Sets the count of ``forgotten_scripts`` to 0."""
    if core.has_interpreter:
        _starting().reset_forgotten(core)
