"""The methods with the types of a database on an event loop: each returns an awaitable."""

from pyredis.embedded.api.methods import Methods as AsyncMethods

__all__ = ["AsyncMethods"]
