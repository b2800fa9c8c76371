"""Replies as Python objects; ``wire/reply_objects.pxd`` has the table of what becomes what."""

from typing import Any

class MalformedReply(ValueError):
    """Bytes that are no reply; ``offset`` counts from the first byte that was ever fed."""

    text: str
    offset: int

    def __init__(self, text: str, offset: int) -> None: ...

class ReplyError(Exception):
    """An error reply: its whole text, and the ``code`` that it begins with, such as ``WRONGTYPE``."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> str:
        """What follows the code."""

class ReplyParser:
    """The reader with a buffer of its own, for clients of the wire and for tests."""

    @property
    def under_way(self) -> bool:
        """Whether a part of a reply has been fed, but not all of it."""
    def feed(self, data: bytes) -> list[Any]:
        """The replies that became whole, errors among them. Raises MalformedReply, after which the parser is of no
        more use."""
