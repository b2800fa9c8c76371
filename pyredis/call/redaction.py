"""Secrets in the arguments of commands, which neither the slow log nor MONITOR shows."""

from pyredis.config.directives import find
from pyredis.config.syntax import to_text

REDACTED = b"(redacted)"


def redact(arguments: list[bytes], name: bytes = b"") -> list[bytes]:
    """Returns the arguments of a command with secrets replaced. ``name`` is its original name if it was renamed."""
    name = name or arguments[0].lower()
    if name == b"auth":
        return [arguments[0], *[REDACTED] * (len(arguments) - 1)]
    if name == b"acl" and len(arguments) > 2 and arguments[1].lower() in (b"setuser", b"deluser", b"getuser"):
        return [*arguments[:2], *[REDACTED] * (len(arguments) - 2)]
    secret = _hello_secrets(arguments) if name == b"hello" else _config_secrets(arguments) if name == b"config" else ()
    return [REDACTED if at in secret else argument for at, argument in enumerate(arguments)]


def _hello_secrets(arguments: list[bytes]) -> set[int]:
    return {at + step for at, argument in enumerate(arguments) if argument.lower() == b"auth" for step in (1, 2)}


def _config_secrets(arguments: list[bytes]) -> set[int]:
    if len(arguments) < 4 or arguments[1].lower() != b"set":
        return set()
    directives = ((at, find(to_text(arguments[at]))) for at in range(2, len(arguments), 2))
    return {at + 1 for at, directive in directives if directive and "sensitive" in directive.flags}
