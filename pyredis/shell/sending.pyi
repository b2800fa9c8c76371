"""The sending half of a connection."""

from typing import Final

from pyredis.shell.hub import Hub, Receiver

class Sender(Receiver):
    """The sending half of a connection: small replies at once, large ones a slice at a time, all of them in order."""

    hub: Final[Hub]
    @property
    def fd(self) -> int: ...
    def __init__(self, hub: Hub) -> None: ...
    def go_on_sending(self) -> None: ...
