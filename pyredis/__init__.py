"""A server for the Redis protocol with a native core, for CPython."""

from pyredis._finder import install
from pyredis._version import VERSION as __version__

__all__ = ["__version__"]

install()
