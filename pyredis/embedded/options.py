"""Keyword arguments as directives: ``maxmemory="100mb"``, ``appendonly=True``, ``bind=["127.0.0.1", "::1"]``.

An underscore in a name stands for the hyphen of the directive. A value is what the configuration file has, as a str or
a number; True and False are ``yes`` and ``no``; a list or tuple has the words of one line. For ``save`` and others that
may have several lines, a list of lists has the words of each.
"""

import os
from collections.abc import Mapping
from typing import Any

from pyredis.config import Config, ConfigError
from pyredis.config.directives import find

# A program that embeds a server decides about its own process, and clients from elsewhere are asked for.
DEFAULTS = {"bind": "127.0.0.1", "disable-thp": "no", "daemonize": "no", "supervised": "no"}
# Directives of the process, not of a server in it.
PROCESS = ("daemonize", "supervised", "pidfile")


def configure(directives: Mapping[str, Any], folder: str | os.PathLike[str] | None) -> Config:
    """Returns a configuration. With a ``folder``, which is made if necessary, the data are kept in it.

    Raises TypeError for a name that is no directive, and ValueError for a value that the directive does not accept.
    """
    try:
        return Config.load(None, command_line(directives, folder))
    except ConfigError as error:
        raise ValueError(f"{error.reason}: {error.text}" if error.text else error.reason) from None


def command_line(directives: Mapping[str, Any], folder: str | os.PathLike[str] | None) -> list[str]:
    """Returns the same configuration as arguments of a server, and makes the folder. Raises TypeError."""
    named = {directive_name(name): value for name, value in directives.items()}
    if folder is not None:
        os.makedirs(folder, exist_ok=True)
    chosen: dict[str, Any] = {"appendonly": folder is not None, "save": "", **DEFAULTS}
    if folder is not None:
        chosen["dir"] = os.fspath(folder)
    return [word for name, value in (chosen | named).items() for line in lines(value) for word in (f"--{name}", *line)]


def given(directives: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Returns directives in a form that can be compared. Raises TypeError for a name that is no directive."""
    return {directive_name(name): lines(value) for name, value in directives.items()}


def directive_name(name: str) -> str:
    """Returns the name of the directive that a keyword argument means; raises TypeError."""
    directive = find(name.replace("_", "-"))
    if directive is None:
        raise TypeError(f"no such directive: {name}")
    if directive.name in PROCESS:
        raise TypeError(f"{directive.name} is for a process of its own, not for a server in this one")
    return directive.name


def lines(value: Any) -> list[list[str]]:
    """Returns the words of each line that a value stands for."""
    if isinstance(value, list | tuple):
        if value and all(isinstance(each, list | tuple) for each in value):
            return [list(map(word, each)) for each in value]
        return [list(map(word, value))] if value else [[""]]
    return [[word(value)]]


def word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes | os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"not the value of a directive: {value!r}")
