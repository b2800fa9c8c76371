"""EVAL, EVALSHA, their read-only forms, and SCRIPT: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
