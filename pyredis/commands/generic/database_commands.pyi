"""The commands on entire databases: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
