"""MEMORY USAGE: function name to handler."""

from typing import Any

HANDLERS: dict[str, Any]
