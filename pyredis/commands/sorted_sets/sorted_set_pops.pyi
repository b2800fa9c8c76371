"""The sorted set commands that remove members from an end: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
