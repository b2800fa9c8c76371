"""The slow log: the last commands that took longer than ``slowlog-log-slower-than``, and SLOWLOG, which returns them.

Commands are cut to 32 arguments of 128 bytes each, so an entry is always small. Passwords are not kept.
"""

import time
from collections import deque
from itertools import islice
from typing import NamedTuple

from pyredis.call.handlers import CommandError, Excerpt
from pyredis.call.redaction import redact
from pyredis.commands.help import help_lines
from pyredis.commands.parse import integer, wrong_subcommand
from pyredis.config.syntax import to_bytes
from pyredis.replies import OK

MAX_ARGUMENTS = 32
MAX_BYTES = 128
BAD_COUNT = "ERR count should be greater than or equal to -1"


class SlowEntry(NamedTuple):
    """One command; ``time`` in Unix seconds, ``duration`` in microseconds."""

    id: int
    time: int
    duration: int
    arguments: list[bytes]
    address: bytes
    name: bytes


class Slowlog:
    """The newest entries, at most ``max_length``. A reset does not restart the numbering."""

    def __init__(self, max_length: int) -> None:
        self.entries: deque[SlowEntry] = deque(maxlen=max_length)
        self.next_id = 0

    def set_limit(self, max_length: int) -> None:
        self.entries = deque(islice(self.entries, max_length), maxlen=max_length)

    def add(self, client, arguments: list[bytes], duration: int, missing: int = 0) -> None:
        """Adds a command that took ``duration`` microseconds and has ``missing`` arguments besides these.

        ``client`` is None for a script's command.
        """
        address, name = (to_bytes(client.address), client.name) if client else (b"", b"")
        kept = shorten(redact(arguments), missing)
        self.entries.appendleft(SlowEntry(self.next_id, int(time.time()), duration, kept, address, name))
        self.next_id += 1

    def clear(self) -> None:
        self.entries.clear()

    def __len__(self) -> int:
        return len(self.entries)


def shorten(arguments: list[bytes], missing: int = 0) -> list[bytes]:
    """Shortens arguments for an entry; each cut ends with a count of what it drops. ``missing`` more follow them."""
    kept = [_shorten_one(argument) for argument in arguments[:MAX_ARGUMENTS]]
    total = len(arguments) + missing
    if total > MAX_ARGUMENTS:
        kept[-1] = b"... (%d more arguments)" % (total - MAX_ARGUMENTS + 1)
    return kept


def _shorten_one(argument: bytes) -> bytes:
    if len(argument) <= MAX_BYTES:
        return argument
    missing = argument.missing if isinstance(argument, Excerpt) else 0
    return argument[:MAX_BYTES] + b"... (%d more bytes)" % (len(argument) - MAX_BYTES + missing)


def slowlog_get(client, args):
    if len(args) > 3:
        raise wrong_subcommand(args)
    count = integer(args[2], BAD_COUNT) if len(args) > 2 else 10
    if count < -1:
        raise CommandError(BAD_COUNT)
    entries = client.host.slowlog.entries
    chosen = islice(entries, len(entries) if count == -1 else count)
    return [[entry.id, entry.time, entry.duration, entry.arguments, entry.address, entry.name] for entry in chosen]


def slowlog_len(client, args):
    return len(client.host.slowlog)


def slowlog_reset(client, args):
    client.host.slowlog.clear()
    return OK


HANDLERS = {
    "slowlog_get": slowlog_get,
    "slowlog_help": lambda client, args: help_lines("slowlog", args[0]),
    "slowlog_len": slowlog_len,
    "slowlog_reset": slowlog_reset,
}
