"""FUNCTION, FCALL and FCALL_RO: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
