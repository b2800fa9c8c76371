"""What persistence and the rules for clients need from the server they belong to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pyredis._core import Core
    from pyredis.config import Config
    from pyredis.ground.server_log import Log
    from pyredis.shell.hub import Hub


class ServerParts(Protocol):
    """The parts of ``server.Server`` that other modules use. ``hub`` is set when the server starts."""

    config: "Config"
    core: "Core"
    log: "Log"
    hub: "Hub | None"
    users: Any
    run_id: str

    @property
    def clients(self) -> Mapping[int, Any]: ...
    def wake_work(self) -> None: ...
    def deliver_all(self) -> None: ...
    def give_up(self) -> None: ...
