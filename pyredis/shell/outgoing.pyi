"""Replies that the socket does not accept at once: for native code only."""

from pyredis._core import Core

class PagePipe:
    def __init__(self, core: Core) -> None: ...
    def give_up(self) -> None:
        """Sends copies from now on, as if the system did not permit references."""

class Part: ...

class Parcel:
    size: int

class Outgoing:
    size: int
