"""EVAL, EVALSHA, their read-only forms, SCRIPT, and the commands for functions: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
