"""The part of a call that Python handlers need; the rest is for native code, see ``handlers.pxd``."""

from typing import Final

NO_REPLY: Final[object]

class CommandError(Exception):
    """Raised by a Python handler; its text, which begins with the code, is the error reply."""

class Excerpt(bytes):
    """The beginning of an argument too large to be copied for the slow log; ``missing`` bytes are left out."""

    missing: int
