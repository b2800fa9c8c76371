"""The commands on the expiry of keys: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
