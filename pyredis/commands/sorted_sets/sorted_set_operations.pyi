"""The union, intersection and difference of sorted sets: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
