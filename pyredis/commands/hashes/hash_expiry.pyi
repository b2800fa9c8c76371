"""The commands on the expiry of hash fields: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
