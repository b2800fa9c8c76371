"""Clients in process."""

from typing import Any, Final

from pyredis.call.client_state import ClientState
from pyredis.call.state import State

class DirectClient(ClientState):
    """A client in process, for ``Core.call``; ``Core.client`` makes one."""

    core: Final[State]
    host: Final[Any]
    pushes: Final[list[Any]]
    """Messages sent to it outside of any reply, oldest first; to be taken by its user."""
    wait_offset: Final[int]
    """What the last reply depends on is durable once ``Core.aof_released`` is no less; 0 where nothing is owed."""

    def __init__(self, core: State, protocol: int = 3, authenticated: bool = True) -> None: ...
    @property
    def closed(self) -> bool: ...
    def close(self, after_reply: bool = False) -> None:
        """Ends it; inside one of its own commands, after that one. No command can be called with it any more."""
    def reset(self) -> None: ...
    def push(self, data: bytes) -> None: ...
    def end_wait(self, error: bool = False) -> bool: ...
