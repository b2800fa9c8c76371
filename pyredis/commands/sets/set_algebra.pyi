"""The commands of ``set_algebra.pyx``: function name to handler."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]
