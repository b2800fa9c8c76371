"""The keyword arguments of pools: directives, and options of redis-py, whichever its version has."""

import inspect
from collections.abc import Mapping
from typing import Any

from pyredis.config.directives import find

# Parameters of redis-py's classes that a caller cannot give.
OURS = {"self", "connection_class", "kwargs", "path"}
# Of pools with a client-side cache: they take these from their keyword arguments without naming them.
CACHING = {"cache", "cache_config"}


def accepted(pool: type, connection: type) -> set[str]:
    """Returns the names of redis-py's options for a pool and its connections."""
    initializers = [vars(each)["__init__"] for each in (*pool.__mro__, *connection.__mro__) if "__init__" in vars(each)]
    signatures = [inspect.signature(each).parameters for each in initializers if each is not object.__init__]
    names = {name for parameters in signatures for name in parameters} - OURS
    return names | CACHING if "cache_factory" in names else names


def divided(options: Mapping[str, Any], of_redis_py: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divides keyword arguments into directives and redis-py's options. Raises TypeError for others."""
    directives: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in options.items():
        if find(name.replace("_", "-")) is not None:
            directives[name] = value
        elif name in of_redis_py:
            rest[name] = value
        else:
            raise TypeError(f"neither a directive nor an option of redis-py: {name}")
    return directives, rest
