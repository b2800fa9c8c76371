"""The connection commands that need no Python: function name to handler."""

from typing import Any

HANDLERS: dict[str, Any]
