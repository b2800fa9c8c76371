"""A Python handle on the outbox, for tests only."""

from collections.abc import Iterable
from typing import Final

from pyredis._core import Core
from pyredis.call.client_state import ClientState

CLASSES: Final[dict[str, int]]

def send(
    core: Core, receivers: Iterable[ClientState], message: bytes, wait_offset: int = 0, *, line: bool = False
) -> None:
    """Sends each receiver a copy."""

def send_shared(
    core: Core, receivers: Iterable[ClientState], message: bytes, wait_offset: int = 0, *, line: bool = False
) -> None:
    """Sends all receivers one block."""

def pending(core: Core) -> tuple[int, int]:
    """Returns how many clients have undelivered messages, and how many messages these are."""

def set_class(client: ClientState, name: str) -> None:
    """Sets the client's class: ``normal``, ``pubsub`` or ``replica``."""
