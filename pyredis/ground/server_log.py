"""The log, in Redis's format: ``pid:role day month year time level message``, for example

    4711:M 22 Nov 2026 14:06:28.193 * Ready to accept connections tcp

Roles: ``C`` before the server is set up, ``M`` master, ``S`` replica, ``X`` sentinel. Levels: ``.`` debug, ``-``
verbose, ``*`` notice, ``#`` warning.

As in Redis, the file is opened for each line, which is one write: after a rename the file is created again, without any
signal. A log that cannot be written must not stop the server: the line goes to standard error instead.
"""

import contextlib
import os
import syslog
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

LEVELS = ("debug", "verbose", "notice", "warning")

# A message is one line, whatever a client put into it, and no command to a terminal: control characters are escaped,
# also those that are single bytes above 127.
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_ESCAPES = {
    **{code: f"\\x{code:02x}" for code in _CONTROLS},
    **{0xDC00 + code: f"\\x{code:02x}" for code in range(0x80, 0xA0)},
    **{ord(character): f"\\{letter}" for character, letter in zip("\n\r\t", "nrt", strict=True)},
}

_MARKS = {"debug": ".", "verbose": "-", "notice": "*", "warning": "#"}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_PRIORITIES = {
    "debug": syslog.LOG_DEBUG,
    "verbose": syslog.LOG_INFO,
    "notice": syslog.LOG_NOTICE,
    "warning": syslog.LOG_WARNING,
}


class Log:
    """The log. ``level`` and ``role`` may be changed at any time; an empty ``path`` means standard output."""

    def __init__(self, level: str = "notice", path: str = "", role: str = "C") -> None:
        self.level = level
        self.path = path
        self.role = role
        self.syslog = False

    @classmethod
    def of(cls, config: Any) -> "Log":
        """Returns the log that the configuration asks for; its level follows CONFIG SET of ``loglevel``."""
        path = config["logfile"] and config.path_below(config["logfile"])
        log = cls(config["loglevel"], path)
        if config["syslog-enabled"]:
            log.open_syslog(config["syslog-ident"], config["syslog-facility"])
        config.on_change("loglevel", log.set_level)
        return log

    def open_syslog(self, ident: str, facility: str) -> None:
        """Sends every line to the system's log as well."""
        syslog.openlog(ident, syslog.LOG_PID | syslog.LOG_NDELAY, getattr(syslog, f"LOG_{facility.upper()}"))
        self.syslog = True

    def set_level(self, level: str) -> None:
        self.level = level

    def enabled(self, level: str) -> bool:
        return LEVELS.index(level) >= LEVELS.index(self.level)

    def debug(self, message: str) -> None:
        self.write("debug", message)

    def verbose(self, message: str) -> None:
        self.write("verbose", message)

    def notice(self, message: str) -> None:
        self.write("notice", message)

    def warning(self, message: str) -> None:
        self.write("warning", message)

    def write(self, level: str, message: str) -> None:
        """Writes a message as one line, control characters escaped, unless its level is below the log's own."""
        if not self.enabled(level):
            return
        message = message.translate(_ESCAPES)
        head = f"{os.getpid()}:{self.role} {timestamp(time.time())} {_MARKS[level]}"
        self.raw(f"{head} {message}\n".encode("utf-8", "surrogateescape"))
        if self.syslog:
            syslog.syslog(_PRIORITIES[level], message.encode("utf-8", "replace").decode())

    def raw(self, data: bytes) -> None:
        """Writes bytes as they are, whatever the level. Uses only open, write and close, so a crash handler can too."""
        try:
            descriptor = self._open()
        except OSError:
            _write(2, data)
            return
        try:
            if not _write(descriptor, data) and self.path:
                _write(2, data)
        finally:
            if self.path:
                os.close(descriptor)

    def _open(self) -> int:
        if not self.path:
            return 1
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    # Errors reported by asyncio and Python.

    def exception(self, message: str, error: BaseException) -> None:
        """Logs an unhandled exception with its traceback, one log line for each line of it."""
        import traceback

        self.warning(message)
        for line in "".join(traceback.format_exception(error)).splitlines():
            self.warning(line)

    def on_loop_error(self, loop: "asyncio.AbstractEventLoop", context: dict[str, Any]) -> None:
        """Logs exceptions of callbacks and tasks; for ``loop.set_exception_handler``."""
        details = [f"{key}={value!r}" for key, value in sorted(context.items()) if key not in ("message", "exception")]
        message = " ".join([str(context.get("message", "Unhandled error in the event loop")), *details])
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.exception(message, error)
        else:
            self.warning(message)


def timestamp(seconds: float) -> str:
    """Formats a time as local time the way the log does: ``22 Nov 2026 14:06:28.193``."""
    milliseconds = int(seconds * 1000)
    moment = time.localtime(milliseconds // 1000)
    clock = time.strftime("%H:%M:%S", moment)
    return f"{moment.tm_mday:02} {_MONTHS[moment.tm_mon - 1]} {moment.tm_year} {clock}.{milliseconds % 1000:03}"


def _write(descriptor: int, data: bytes) -> bool:
    """Writes all of it; False on failure, which cannot be reported anywhere from here."""
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(descriptor, data) :]
        return True
    return False
