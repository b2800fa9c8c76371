"""The string commands that do arithmetic: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
