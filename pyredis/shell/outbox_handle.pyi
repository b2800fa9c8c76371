"""A Python handle on the outbox, for the tests and nothing else."""

from collections.abc import Iterable
from typing import Final

from pyredis._core import Core
from pyredis.call.client_state import ClientState

CLASSES: Final[dict[str, int]]

def send(
    core: Core, receivers: Iterable[ClientState], message: bytes, wait_offset: int = 0, *, line: bool = False
) -> None:
    """Sends each of the receivers a copy."""

def send_shared(
    core: Core, receivers: Iterable[ClientState], message: bytes, wait_offset: int = 0, *, line: bool = False
) -> None:
    """Sends all receivers one block."""

def pending(core: Core) -> tuple[int, int]:
    """(clients that are addressed, messages to them) that have not been delivered."""

def set_class(client: ClientState, name: str) -> None:
    """Its class from now on: ``normal``, ``pubsub`` or ``replica``."""
