"""What Python handlers need of dispatch; the rest is for native code, see ``_dispatch.pxd``."""

from typing import Final

NO_REPLY: Final[object]

class CommandError(Exception):
    """Raised by a Python handler: the text, code included, is the error reply."""
