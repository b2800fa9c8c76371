"""Clients in process."""

from typing import Any, Final

from pyredis.call.client_state import ClientState
from pyredis.call.state import State

class DirectClient(ClientState):
    """A client in process, for ``Core.call``; created by ``Core.client``."""

    core: Final[State]
    host: Final[Any]
    pushes: Final[list[Any]]
    """Messages sent to it outside of any reply, oldest first; its user removes them."""
    wait_offset: Final[int]
    """The last reply may be shown once ``Core.aof_released`` is not less than this; 0 if it depends on nothing."""

    def __init__(self, core: State, protocol: int = 3, authenticated: bool = True) -> None: ...
    @property
    def closed(self) -> bool: ...
    def close(self, after_reply: bool = False) -> None:
        """Closes the client; inside one of its own commands, after that one. It can call no command afterwards."""
    def reset(self) -> None: ...
    def push(self, data: bytes) -> None: ...
    def end_wait(self, error: bool = False) -> bool: ...
