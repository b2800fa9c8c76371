"""A server for the Redis protocol with a native core, for CPython, and the same engine as a library.

    db = pyredis.open()
    db.set("greeting", "hello")

    with pyredis.Server() as server:
        client = redis.Redis.from_url(server.url)

Nothing else is imported before one of the names is used. The exceptions are redis-py's classes where it is installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pyredis._finder import install
from pyredis._version import VERSION as __version__

if TYPE_CHECKING:
    from pyredis.embedded.database import AsyncDatabase, Database, aopen, open
    from pyredis.embedded.hosted import (
        CommandContext,
        Failure,
        LoadError,
        ReplyError,
        Server,
        StartError,
        Status,
        serve,
    )
    from pyredis.embedded.redis_py import async_connection_pool, connection_pool
    from pyredis.embedded.shared import ashared, shared
    from pyredis.embedded.urls import afrom_url, from_url

_MODULES = {
    "AsyncDatabase": "database",
    "CommandContext": "hosted",
    "Database": "database",
    "Failure": "hosted",
    "LoadError": "hosted",
    "ReplyError": "hosted",
    "Server": "hosted",
    "StartError": "hosted",
    "Status": "hosted",
    "afrom_url": "urls",
    "aopen": "database",
    "ashared": "shared",
    "async_connection_pool": "redis_py",
    "connection_pool": "redis_py",
    "from_url": "urls",
    "open": "database",
    "serve": "hosted",
    "shared": "shared",
}

__all__ = [
    "AsyncDatabase",
    "CommandContext",
    "Database",
    "Failure",
    "LoadError",
    "ReplyError",
    "Server",
    "StartError",
    "Status",
    "__version__",
    "afrom_url",
    "aopen",
    "ashared",
    "async_connection_pool",
    "connection_pool",
    "from_url",
    "open",
    "serve",
    "shared",
]

install()


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is not None:
        return getattr(import_module(f"pyredis.embedded.{module}"), name)
    # Most names that are asked for here are not exceptions: those of submodules, and of the protocols of Python.
    if name[:1].isupper() and name.endswith(("Error", "InvalidResponse")):
        from pyredis.embedded.api.client_errors import NAMES, find

        if name in NAMES:
            return find(name)
    raise AttributeError(f"module 'pyredis' has no attribute {name!r}")
