"""The errors of configuration, and their texts.

`ConfigError` stops a start, and `ConfigRefused` is an error reply. A value's parser or a change hook raises
`ConfigRejected` with the bare reason, which the other two wrap.
"""

from pyredis._version import REDIS_VERSION


class ConfigRejected(Exception):
    """A value is not accepted; ``str`` is the reason alone. A hook that raises it must have changed nothing."""


class ConfigRefused(Exception):
    """CONFIG SET or CONFIG REWRITE failed; ``str`` is the complete error reply, including its code."""


class ConfigError(Exception):
    """The server must not start; ``str`` is the text to print, in Redis's layout.

    ``source`` is the file's path, "standard input" or "the command line". ``line`` counts as in Redis: standard
    input and the command line continue the numbers of the file. It is 0 if no single line is to blame.
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
    """A configuration file could not be opened; Redis logs this error in a single line."""

    def __str__(self) -> str:
        return self.reason
