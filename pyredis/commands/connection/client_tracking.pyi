"""CLIENT TRACKING and its like: function name to handler."""

from typing import Any

HANDLERS: dict[str, Any]
