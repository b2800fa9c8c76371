"""What scripts and functions use and have done. Nothing native of this room is imported before the first of them."""

from importlib import import_module
from typing import Any


def _starting() -> Any:
    return import_module("pyredis.lua.starting")


def script_memory(core: Any) -> tuple[int, int, int]:
    """Returns the bytes that Lua uses, the bytes of the scripts and their table, and how many scripts there are."""
    return _starting().script_memory(core) if core.has_interpreter else (0, 0, 0)


def function_memory(core: Any) -> tuple[int, int, int, int]:
    """Returns the bytes that Lua uses for functions, the bytes of the libraries, and the numbers of functions and
    libraries."""
    return _starting().function_memory(core) if core.has_function_interpreter else (0, 0, 0, 0)


def library_codes(core: Any) -> list[bytes]:
    """Returns the texts of all libraries of functions, in the order in which they were loaded."""
    return _starting().library_codes(core) if core.has_function_interpreter else []


def time_us(core: Any) -> int:
    """Returns the time in microseconds since 1970, which stays the same during a script or function."""
    known = core.has_interpreter or core.has_function_interpreter
    return _starting().time_us(core) if known else core.time_us


def forgotten_scripts(core: Any) -> int:
    """Returns how many scripts of EVAL were dropped for later ones since the start or the last CONFIG RESETSTAT."""
    return _starting().forgotten_scripts(core) if core.has_interpreter else 0


def reset_forgotten(core: Any) -> None:
    """Sets the count of ``forgotten_scripts`` to 0."""
    if core.has_interpreter:
        _starting().reset_forgotten(core)
