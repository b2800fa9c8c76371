"""XREAD and XREADGROUP: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
