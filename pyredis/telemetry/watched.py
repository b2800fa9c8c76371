"""What telemetry needs from the server it belongs to."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyredis._core import Core
    from pyredis.commands.server.latency import Latency
    from pyredis.commands.server.slowlog import Slowlog
    from pyredis.config import Config
    from pyredis.ground.server_log import Log


class Watched(Protocol):
    """The parts of ``server.Server`` that telemetry uses; the sections of INFO use others."""

    config: "Config"
    core: "Core"
    latency: "Latency"
    log: "Log"
    run_id: str
    slowlog: "Slowlog"
    started: float

    @property
    def unreadiness(self) -> str: ...
    def report_exception(self, where: str, error: BaseException) -> None: ...
