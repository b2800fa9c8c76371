"""A server for the Redis protocol with a native core, for CPython.

    with pyredis.Server() as server:
        client = redis.Redis.from_url(server.url)

Nothing else is imported before one of the names is used.
"""

from typing import TYPE_CHECKING, Any

from pyredis._finder import install
from pyredis._version import VERSION as __version__

if TYPE_CHECKING:
    from pyredis.embedded.hosted import LoadError, Server, StartError, serve

__all__ = ["LoadError", "Server", "StartError", "__version__", "serve"]

install()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pyredis' has no attribute {name!r}")
    from pyredis.embedded import hosted

    return getattr(hosted, name)
