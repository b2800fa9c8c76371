"""The server of a shared database: ``python -m pyredis.embedded.shared_server FOLDER --directive value …``.

It runs in the background and ends when nobody uses the database any more; `shared_folder` has the files.
"""

import fcntl
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pyredis._version import VERSION
from pyredis.config import Config
from pyredis.embedded.shared_folder import USERS
from pyredis.ground.server_log import Log
from pyredis.host.process import daemonize
from pyredis.server import Server


class SharedServer(Server):
    """A server that ends when no process holds the lock of its users."""

    def __init__(self, config: Config, log: Log, folder: Path) -> None:
        super().__init__(config, log)
        self._users = os.open(folder / USERS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def tick(self) -> None:
        super().tick()
        if not self.core.loading and not self.stopped:
            self._end_if_unused()

    def _end_if_unused(self) -> None:
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        self.log.notice("Nobody uses the database any more")
        if not self.shutdown():
            # The file cannot be written now. The server tries again, and serves whoever comes meanwhile.
            fcntl.flock(self._users, fcntl.LOCK_UN)


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0])
    config = Config.load(None, list(arguments[1:]))
    log = Log.of(config)
    config.warn = log.warning
    daemonize()
    os.chdir(folder)
    log.notice(f"pyredis {VERSION} is starting for {folder}, pid={os.getpid()}")
    return SharedServer(config, log, folder).run(loop=chosen_loop())


def chosen_loop() -> str:
    return "uvloop" if find_spec("uvloop") else "asyncio"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
