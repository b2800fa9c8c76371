"""What can go wrong with configuration, and the texts that say so.

`ConfigError` stops a start, `ConfigRefused` is an error reply, and `ConfigRejected` is what a value's parser or a
change hook raises with the bare reason that the other two wrap.
"""

from pyredis._version import REDIS_VERSION


class ConfigRejected(Exception):
    """A value cannot be taken; ``str`` is the reason alone. A hook that raises it must have changed nothing."""


class ConfigRefused(Exception):
    """CONFIG SET or CONFIG REWRITE failed; ``str`` is the whole error reply, its code included."""


class ConfigError(Exception):
    """The server must not start; ``str`` is what to print, in Redis's layout.

    ``source`` is the file's path, "standard input" or "the command line". ``line`` counts as Redis counts: standard
    input and the command line continue the numbers of the file. It is 0 where no single line is to blame.
    """

    def __init__(self, reason: str, *, source: str = "", line: int = 0, text: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.source = source
        self.line = line
        self.text = text

    def __str__(self) -> str:
        lines = ["", f"*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***"]
        if self.line:
            lines += [f"Reading the configuration file, at line {self.line}", f">>> '{self.text}'"]
        lines.append(self.reason)
        if self.source:
            lines.append(f"In: {self.source}")
        return "\n".join(lines)


class ConfigUnreadable(ConfigError):
    """A configuration file could not be opened; Redis logs this one in a single line."""

    def __str__(self) -> str:
        return self.reason
