"""The log of an embedded server: the standard library's ``logging``, whose configuration is the program's."""

import logging

from pyredis.ground.server_log import Log

LOGGER = "pyredis"

_LEVELS = {
    "debug": logging.DEBUG,
    # Between the two, as verbose is.
    "verbose": (logging.DEBUG + logging.INFO) // 2,
    "notice": logging.INFO,
    "warning": logging.WARNING,
}


class StandardLog(Log):
    """Passes each message to the logger ``pyredis``. The logger decides what is shown, not ``loglevel``."""

    def __init__(self) -> None:
        super().__init__()
        self.logger = logging.getLogger(LOGGER)

    def enabled(self, level: str) -> bool:
        return self.logger.isEnabledFor(_LEVELS[level])

    def write(self, level: str, message: str) -> None:
        self.logger.log(_LEVELS[level], "%s", message)

    def exception(self, message: str, error: BaseException) -> None:
        self.logger.error("%s", message, exc_info=error)
