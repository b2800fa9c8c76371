"""The commands of publish/subscribe: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
