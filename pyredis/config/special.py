"""Kinds that serve one directive each: save, client-output-buffer-limit, bind, dir and others."""

import os
import re
import stat
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from pyredis.config.config_errors import ConfigRejected
from pyredis.config.kinds import Bool, Check, Kind, String, Words, memory_text, parse_long, parse_memory

BIND_MAX = 16

_FLOAT = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_EVENT_CLASSES = "g$lshzxetd"
_EVENT_ORDER = _EVENT_CLASSES + "nKEm"


class Bind(Words):
    """Addresses to listen on; an address with a leading ``-`` may be missing."""

    title = "addresses"

    def collect(self, words: Sequence[str]) -> tuple[str, ...]:
        if len(words) > BIND_MAX:
            raise ConfigRejected("Too many bind addresses specified.")
        return tuple(words)


class SavePoint(NamedTuple):
    """A snapshot is due after ``seconds`` if there were ``changes``."""

    seconds: int
    changes: int


class Save(Words):
    """Pairs of seconds and changes. In a file each line adds to the earlier ones, and an empty value drops them all."""

    title = "pairs of seconds and changes"
    accumulates = True
    always_written = True

    def read(self, words: Sequence[str], current: Any) -> tuple[SavePoint, ...]:
        points = self.collect([] if list(words) == [""] else words)
        return (*current, *points) if points else ()

    def collect(self, words: Sequence[str]) -> tuple[SavePoint, ...]:
        parsed = [parse_long(word) for word in words]
        numbers = [number for number in parsed if number is not None]
        points = tuple(map(SavePoint, numbers[::2], numbers[1::2]))
        if len(words) % 2 or None in parsed or any(point.seconds < 1 or point.changes < 0 for point in points):
            raise ConfigRejected("Invalid save parameters")
        return points

    def text(self, value: tuple[SavePoint, ...]) -> str:
        return " ".join(f"{point.seconds} {point.changes}" for point in value)

    def lines(self, value: tuple[SavePoint, ...]) -> list[str]:
        return [f"{point.seconds} {point.changes}" for point in value] or ['""']


class BufferLimit(NamedTuple):
    """A client is closed above ``hard`` bytes, or after ``seconds`` above ``soft`` bytes. 0 is no limit."""

    hard: int
    soft: int
    seconds: int


class OutputBufferLimits(Kind):
    """A limit for each class of clients; a line changes only the classes that it names."""

    title = "class, hard limit, soft limit, seconds; any number of times"
    several = True
    names: ClassVar = {"normal": "normal", "replica": "replica", "slave": "replica", "pubsub": "pubsub"}

    def read(self, words: Sequence[str], current: Any) -> dict[str, BufferLimit]:
        if len(words) % 4:
            raise ConfigRejected("Wrong number of arguments in buffer limit configuration.")
        limits = dict(current)
        for at in range(0, len(words), 4):
            name = self.names.get(words[at].lower())
            if name is None:
                raise ConfigRejected("Invalid client class specified in buffer limit configuration.")
            limits[name] = self.limit(words[at + 1 : at + 4])
        return limits

    def limit(self, words: Sequence[str]) -> BufferLimit:
        hard, soft, seconds = parse_memory(words[0]), parse_memory(words[1]), parse_long(words[2])
        if hard is None or soft is None or seconds is None or seconds < 0:
            raise ConfigRejected("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
        return BufferLimit(hard, soft, seconds)

    def text(self, value: dict[str, BufferLimit]) -> str:
        """CONFIG GET still returns ``slave``, as in Redis."""
        names = {"replica": "slave"}
        return " ".join(f"{names.get(name, name)} {' '.join(map(str, limit))}" for name, limit in value.items())

    def lines(self, value: dict[str, BufferLimit]) -> list[str]:
        return [
            f"{name} {memory_text(limit.hard)} {memory_text(limit.soft)} {limit.seconds}"
            for name, limit in value.items()
        ]


class OomScoreValues(Words):
    """Three adjustments: for the server, for a replica, for a child."""

    title = "three integers, -2000 to 2000"

    def read(self, words: Sequence[str], current: Any) -> tuple[int, ...]:
        if len(words) != 3:
            raise ConfigRejected("wrong number of arguments")
        numbers = [parse_long(word) for word in words]
        if any(number is None or not -2000 <= number <= 2000 for number in numbers):
            raise ConfigRejected("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
        return tuple(number for number in numbers if number is not None)


class Percentiles(Words):
    title = "percentages, 0 to 100"
    always_written = True

    def collect(self, words: Sequence[str]) -> tuple[float, ...]:
        return tuple(map(self.percentile, words))

    def percentile(self, word: str) -> float:
        if not re.fullmatch(_FLOAT, word):
            raise ConfigRejected("Invalid latency-tracking-info-percentiles parameters")
        number = float(word)
        if not 0 <= number <= 100:
            raise ConfigRejected("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
        return number

    def text(self, value: tuple[float, ...]) -> str:
        return " ".join(f"{number:f}".rstrip("0").rstrip(".") for number in value)


class EventClasses(Kind):
    """Letters of keyspace event classes, ``A`` for the usual ones. The value has all chosen letters and no ``A``."""

    title = "letters of event classes"

    def parse(self, word: str, current: Any) -> str:
        chosen = set(word.replace("A", _EVENT_CLASSES))
        if not chosen.issubset(_EVENT_ORDER):
            raise ConfigRejected("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
        return "".join(letter for letter in _EVENT_ORDER if letter in chosen)

    def text(self, value: str) -> str:
        """With ``A``, Redis prints neither the classes that it covers nor the class of new keys."""
        if not set(value).issuperset(_EVENT_CLASSES):
            return value
        return "A" + "".join(letter for letter in "KEm" if letter in value)

    def lines(self, value: str) -> list[str]:
        return [f'"{self.text(value)}"']


class ReplicaOf(Words):
    """The master's host and port, or None."""

    title = "host and port"

    def read(self, words: Sequence[str], current: Any) -> tuple[str, int] | None:
        if len(words) != 2:
            raise ConfigRejected("wrong number of arguments")
        if [word.lower() for word in words] == ["no", "one"]:
            return None
        port = parse_long(words[1])
        if port is None or not 0 <= port <= 65535:
            raise ConfigRejected("Invalid master port")
        return (words[0], port)

    def text(self, value: Any) -> str:
        return f"{value[0]} {value[1]}" if value else ""

    def lines(self, value: tuple[str, int] | None) -> list[str] | None:
        return [self.text(value)] if value else None


class ActiveDefrag(Bool):
    """Can only be turned off. The reason is Redis's without its modified allocator, because tools know it."""

    def parse(self, word: str, current: Any) -> bool:
        if super().parse(word, current):
            raise ConfigRejected(
                "Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified "
                "Jemalloc like the one shipped by default with the Redis source distribution"
            )
        return False


class Directory(String):
    """An existing folder, stored as an absolute path; a relative path is below the current value."""

    title = "folder"

    def __init__(self) -> None:
        super().__init__(title=self.title)

    def parse(self, word: str, current: Any) -> str:
        path = os.path.join(current or os.getcwd(), word)
        try:
            mode = os.stat(path if word else "").st_mode
        except OSError as error:
            raise ConfigRejected(os.strerror(error.errno or 0)) from None
        if not stat.S_ISDIR(mode):
            raise ConfigRejected("Not a directory")
        if not os.access(path, os.X_OK):
            raise ConfigRejected("Permission denied")
        return os.path.realpath(path)


def hostname_check(word: str) -> str | None:
    if len(word) >= 256:
        return "Hostnames must be less than 256 characters"
    if re.search(r"[^A-Za-z0-9.-]", word):
        return "Hostnames may only contain alphanumeric characters, hyphens or dots"
    return None


def node_name_check(word: str) -> str | None:
    if len(word) >= 256:
        return "Hostnames must be less than 256 characters"
    if re.search(r"[^!-~]|[!#$%&()*+:;<>?@\[\]^{|}~]", word):
        return "Announced human node name contained invalid character"
    return None


def file_name_check(name: str, what: str, empty: bool) -> Check:
    """Returns a checker for names without a path; ``what`` is the kind of name for the error text."""

    def check(word: str) -> str | None:
        if not word and not empty:
            return f"{name} can't be empty"
        return f"{name} can't be a path, just a {what}" if "/" in word or "\\" in word else None

    return check


_TITLE_FIELDS = {"title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"}


def title_check(word: str) -> str | None:
    rest = re.sub(r"\{([^{}]*)\}", lambda found: "" if found[1] in _TITLE_FIELDS else "{", word)
    invalid = not word.strip() or re.search(r"[{}]", rest)
    return "template format is invalid or contains unknown variables" if invalid else None
