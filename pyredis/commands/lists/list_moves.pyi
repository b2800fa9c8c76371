"""The list commands that move elements or wait for them: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
