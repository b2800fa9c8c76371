"""Replies that the socket does not take at once: for native code alone."""

from pyredis._core import Core

class PagePipe:
    def __init__(self, core: Core) -> None: ...
    def give_up(self) -> None:
        """Sends copies from now on, as where the system does not permit references."""

class Part: ...

class Parcel:
    size: int

class Outgoing:
    size: int
