"""Replies as Python objects; ``wire/reply_objects.pxd`` has the table of types."""

from typing import Any

class MalformedReply(ValueError):
    """Bytes that are not a reply; ``offset`` counts from the first byte ever fed."""

    text: str
    offset: int

    def __init__(self, text: str, offset: int) -> None: ...

class ReplyError(Exception):
    """An error reply: its entire text, and the ``code`` that it begins with, such as ``WRONGTYPE``."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> str:
        """The text after the code."""

class ReplyParser:
    """The reader with a buffer of its own, for protocol clients and tests. With ``decode``, strings are str."""

    def __init__(self, decode: bool = False) -> None: ...
    @property
    def under_way(self) -> bool:
        """Whether a reply has been fed in part."""
    def feed(self, data: bytes) -> list[Any]:
        """Returns the replies that are now complete, errors included. Raises MalformedReply; the parser must not be
        used after that."""
