"""What Python handlers need of a call; the rest is for native code, see ``handlers.pxd``."""

from typing import Final

NO_REPLY: Final[object]

class CommandError(Exception):
    """Raised by a Python handler: the text, code included, is the error reply."""

class Excerpt(bytes):
    """The beginning of an argument too large to be copied for the slow log."""

    missing: int
