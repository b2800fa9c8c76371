"""Kinds of directive values: how each is read, shown by CONFIG GET, and written by CONFIG REWRITE.

A kind is immutable and holds no value. ``read`` takes the words of a line and the current value (some kinds change only
a part of it) and returns the new value or raises `ConfigRejected` with Redis's reason; ``parse`` does so for a single
word. ``text`` returns what CONFIG GET replies. ``lines`` returns the right-hand sides that CONFIG REWRITE writes, one
line each; None leaves the directive out. A kind with ``several`` accepts any number of words; CONFIG SET splits their
text at single spaces. The lines of a kind that ``accumulates`` add up in a file. CONFIG REWRITE leaves defaults out
unless the kind is ``always_written``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyredis.config.config_errors import ConfigRejected
from pyredis.config.syntax import quote

INT_MAX = 2**31 - 1
UINT_MAX = 2**32 - 1
LONG_MAX = 2**63 - 1
ULONG_MAX = 2**64 - 1
# Of a 64-bit integer, its sign included. Python does not convert texts of thousands of digits.
MOST_DIGITS = 20

# Not compiled here, because a start uses few of them.
_INTEGER = r"0|-?[1-9][0-9]*"
_LONG = r"[ \t\n\v\f\r]*[+-]?[0-9]+|"
_OCTAL = r"[ \t\n\v\f\r]*[+-]?[0-7]+|"
_MEMORY = r"([0-9]*)(b|k|kb|m|mb|g|gb)?"
_FACTORS = {"": 1, "b": 1, "k": 10**3, "kb": 2**10, "m": 10**6, "mb": 2**20, "g": 10**9, "gb": 2**30}


def parse_integer(text: str) -> int | None:
    """Reads a 64-bit integer in its canonical form; returns None for anything else."""
    if len(text) > MOST_DIGITS or not re.fullmatch(_INTEGER, text):
        return None
    number = int(text)
    return number if -LONG_MAX - 1 <= number <= LONG_MAX else None


def parse_long(text: str) -> int | None:
    """Reads a decimal number as strtoll does: blanks and a sign before it, nothing after it, the empty text as 0.

    A number outside of the 64-bit range becomes the nearest one in it.
    """
    if not re.fullmatch(_LONG, text):
        return None
    digits = text.lstrip(" \t\n\v\f\r+-").lstrip("0")
    number = int(digits or "0") if len(digits) < MOST_DIGITS else ULONG_MAX
    return max(-number, -LONG_MAX - 1) if "-" in text else min(number, LONG_MAX)


def parse_memory(text: str) -> int | None:
    """Reads bytes with an optional unit: ``1kb`` is 1024 and ``1k`` 1000. Larger values become the 64-bit maximum."""
    found = re.fullmatch(_MEMORY, text, re.IGNORECASE)
    if found is None or len(found[1]) > 127:
        return None
    return min(int(found[1] or "0") * _FACTORS[(found[2] or "").lower()], ULONG_MAX)


def memory_text(size: int) -> str:
    """Writes bytes in the largest unit that divides them."""
    for unit in ("gb", "mb", "kb"):
        if size and size % _FACTORS[unit] == 0:
            return f"{size // _FACTORS[unit]}{unit}"
    return str(size)


class Kind:
    """One word, shown and written unchanged."""

    title = "string"
    several = False
    accumulates = False
    always_written = False

    def read(self, words: Sequence[str], current: Any) -> Any:
        """Returns the value of a line's words. A kind with one word rejects any other number."""
        if len(words) != 1:
            raise ConfigRejected("wrong number of arguments")
        return self.parse(words[0], current)

    def parse(self, word: str, current: Any) -> Any:
        raise NotImplementedError

    def text(self, value: Any) -> str:
        return str(value)

    def lines(self, value: Any) -> list[str] | None:
        return [self.text(value)]


class Bool(Kind):
    title = "yes or no"

    def parse(self, word: str, current: Any) -> bool:
        try:
            return {"yes": True, "no": False}[word.lower()]
        except KeyError:
            raise ConfigRejected("argument must be 'yes' or 'no'") from None

    def text(self, value: bool) -> str:
        return "yes" if value else "no"


class Integer(Kind):
    """A number between ``low`` and ``high``; with ``clamp``, it is then moved into that range."""

    unreadable = "argument couldn't be parsed into an integer"
    form = "d"

    def __init__(self, low: int = 0, high: int = INT_MAX, unit: str = "", clamp: tuple[int, int] | None = None) -> None:
        self.low, self.high, self.unit, self.clamp = low, high, unit, clamp
        self.title = f"integer, {self.limits()}"

    def limits(self) -> str:
        low, high = self.clamp or (self.low, self.high)
        if high >= INT_MAX:
            return f"at least {low:{self.form}}" if low > -INT_MAX else "any"
        return f"{low:{self.form}} to {high:{self.form}}"

    def convert(self, word: str) -> int | None:
        return parse_integer(word)

    def parse(self, word: str, current: Any) -> int:
        number = self.convert(word)
        if number is None:
            raise ConfigRejected(self.unreadable)
        if not self.low <= number <= self.high:
            low, high = format(self.low, self.form), format(self.high, self.form)
            raise ConfigRejected(f"argument must be between {low} and {high} inclusive")
        return min(max(number, self.clamp[0]), self.clamp[1]) if self.clamp else number


class Memory(Integer):
    unreadable = "argument must be a memory value"

    def __init__(self, low: int = 0, high: int = LONG_MAX) -> None:
        super().__init__(low, high, "bytes")
        self.title = f"memory, at least {memory_text(low)}" if low > 1 else "memory"

    def convert(self, word: str) -> int | None:
        return parse_memory(word)

    def lines(self, value: int) -> list[str]:
        return [memory_text(value)]


class MemoryOrPercent(Memory):
    """Bytes, or a percentage of ``maxmemory``, stored as a negative number: -5 is 5%."""

    unreadable = "argument must be a memory or percent value"

    def __init__(self) -> None:
        super().__init__(-100, LONG_MAX)
        self.title = "memory, or a percentage of maxmemory"

    def parse(self, word: str, current: Any) -> int:
        percent = parse_integer(word[:-1]) if word.endswith("%") else None
        if percent is None or percent < 0:
            return super().parse(word, current)
        if percent > 100:
            raise ConfigRejected("percentage argument must be less or equal to 100")
        return -percent

    def text(self, value: int) -> str:
        return f"{-value}%" if value < 0 else str(value)

    def lines(self, value: int) -> list[str]:
        return [self.text(value)] if value < 0 else super().lines(value)


class MemoryOfMachine(Memory):
    """Bytes, or a percentage of the memory that the process can have, which becomes bytes when it is set."""

    def __init__(self) -> None:
        super().__init__(0, ULONG_MAX)
        self.title = "memory, or a percentage of the machine's or container's"

    def convert(self, word: str) -> int | None:
        if not word.endswith("%"):
            return super().convert(word)
        percent = parse_integer(word[:-1])
        if percent is None or percent < 0:
            return None
        if percent > 100:
            raise ConfigRejected("percentage argument must be less or equal to 100")
        from pyredis.ground.memory_limit import memory_limit  # few configurations have percentages

        return memory_limit() * percent // 100


class Octal(Integer):
    unreadable = "argument couldn't be parsed as an octal number"
    form = "o"

    def __init__(self, low: int, high: int) -> None:
        super().__init__(low, high)
        self.title = f"octal, {self.limits()}"

    def convert(self, word: str) -> int | None:
        return int(word or "0", 8) if re.fullmatch(_OCTAL, word) else None

    def text(self, value: int) -> str:
        return f"{value:o}"


class Enum(Kind):
    """One of the names; ``synonyms`` maps other spellings to names."""

    def __init__(self, names: str, synonyms: Mapping[str, str] | None = None) -> None:
        self.names = names.split()
        self.synonyms = {**{name: name for name in self.names}, **(synonyms or {})}
        self.title = ", ".join(self.names)

    def parse(self, word: str, current: Any) -> str:
        try:
            return self.synonyms[word.lower()]
        except KeyError:
            names = ", ".join(self.names)
            raise ConfigRejected(f"argument(s) must be one of the following: {names}") from None


class EnumSet(Enum):
    """Any of the names, or only the first, which means none. The value is a tuple in the table's order."""

    several = True

    def __init__(self, names: str, exclusive: tuple[str, str], reason: str) -> None:
        super().__init__(names)
        self.exclusive, self.reason = exclusive, reason
        self.title = f"{self.names[0]}, or some of {', '.join(self.names[1:])}"

    def read(self, words: Sequence[str], current: Any) -> tuple[str, ...]:
        chosen = {self.parse(word, current) for word in words or [""]}
        if chosen.issuperset(self.exclusive):
            raise ConfigRejected(self.reason)
        return tuple(name for name in self.names[1:] if name in chosen)

    def text(self, value: tuple[str, ...]) -> str:
        return " ".join(value or self.names[:1])


Check = Callable[[str], str | None]


class String(Kind):
    """A string. If ``nullable``, the empty string means "not set". ``check`` returns the reason to reject a string."""

    def __init__(self, nullable: bool = False, check: Check | None = None, title: str = "string") -> None:
        self.nullable, self.check, self.title = nullable, check, title

    def parse(self, word: str, current: Any) -> str:
        reason = self.check(word) if self.check else None
        if reason:
            raise ConfigRejected(reason)
        return word

    def lines(self, value: str) -> list[str] | None:
        return [quote(value)] if value or not self.nullable else None


class Words(Kind):
    """A tuple of words; one empty word means none."""

    several = True
    title = "list"

    def read(self, words: Sequence[str], current: Any) -> Any:
        return self.collect([] if list(words) == [""] else words)

    def collect(self, words: Sequence[str]) -> Any:
        return tuple(words)

    def text(self, value: Any) -> str:
        return " ".join(map(str, value))

    def lines(self, value: Any) -> list[str] | None:
        return [self.text(value) or '""']
