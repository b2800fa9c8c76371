"""Where a command's keys stand among its arguments: the language of the rows, and the walk that finds the keys.

A row names its keys by specifications separated by ``;``, each a place, the flags, and perhaps a note after ``--``:

    1 RO access                     argument 1
    1..2 RO access                  arguments 1 to 2
    1..-1 RM delete                 argument 1 to the last one
    1..-1/2 OW update               every second argument of those
    numkeys@2 RO access             argument 2 is a number, so many keys follow it
    after STORE@6 OW update         the argument after the first STORE found from argument 6 on
    after KEYS@-2..-1 RW delete     every argument after the last KEYS, looked for from the end but one backwards
    after STREAMS@1..-1%2 RO        of the arguments after STREAMS the first half (%3: the first third)
    unknown RO access               no rule tells: the command brings a finder of its own

``parse_keys`` and ``format_keys`` are inverse to each other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pyredis.commands.table.outline import TableError


@dataclass(frozen=True, slots=True)
class Index:
    """The keys begin at a fixed argument."""

    index: int

    def first(self, argv: Sequence[bytes]) -> int | None:
        return self.index


@dataclass(frozen=True, slots=True)
class Keyword:
    """The keys begin after a word looked for from ``startfrom``: forwards, or backwards when it is negative."""

    keyword: str
    startfrom: int

    def first(self, argv: Sequence[bytes]) -> int | None:
        count = len(argv)
        backwards = self.startfrom < 0
        # Neither walk looks at the argument it ends with: no key could follow the last one, argument 1 is never a word.
        places = range(count + self.startfrom, 1, -1) if backwards else range(self.startfrom, count - 1)
        word = self.keyword.encode().upper()
        return next((place + 1 for place in places if argv[place].upper() == word), None)


@dataclass(frozen=True, slots=True)
class Range:
    """From the first key to ``lastkey``, relative to the first or, when negative, to the end of the arguments."""

    lastkey: int = 0
    keystep: int = 1
    limit: int = 0

    def places(self, first: int, argv: Sequence[bytes]) -> range | None:
        if self.lastkey >= 0:
            last = first + self.lastkey
        elif self.limit:
            last = first + (len(argv) - first) // self.limit + self.lastkey
        else:
            last = len(argv) + self.lastkey
        return range(first, last + 1, self.keystep)


@dataclass(frozen=True, slots=True)
class Keynum:
    """One argument tells how many keys there are."""

    keynumidx: int = 0
    firstkey: int = 1
    keystep: int = 1

    def places(self, first: int, argv: Sequence[bytes]) -> range | None:
        number = first + self.keynumidx
        if number >= len(argv) or not re.fullmatch(rb"0|[1-9][0-9]{0,17}", argv[number]):
            return None
        start = first + self.firstkey
        return range(start, start + int(argv[number]) * self.keystep, self.keystep)


@dataclass(frozen=True, slots=True)
class KeySpec:
    """One specification; ``begin`` and ``find`` are both None where no rule can tell."""

    begin: Index | Keyword | None
    find: Range | Keynum | None
    flags: tuple[str, ...]
    note: str = ""

    @property
    def is_key(self) -> bool:
        return "not_key" not in self.flags

    @property
    def legacy_range(self) -> tuple[int, int, int] | None:
        """First key, last key and step, where the specification is no more than that."""
        if not (isinstance(self.begin, Index) and isinstance(self.find, Range)):
            return None
        last = self.find.lastkey
        return self.begin.index, last if last < 0 else self.begin.index + last, self.find.keystep

    @property
    def needs_finder(self) -> bool:
        return self.begin is None or "variable_flags" in self.flags or "incomplete" in self.flags


class FoundKey(NamedTuple):
    """The place of a key among the arguments, and what the command does with it."""

    place: int
    flags: tuple[str, ...]


_SPEC = re.compile(
    r"(?:(?P<unknown>unknown)|numkeys@(?P<numkeys>\d+)|after (?P<word>[A-Z]+)@(?P<startfrom>-?\d+)|(?P<index>\d+))"
    r"(?:\.\.(?P<last>-?\d+))?(?:/(?P<step>\d+))?(?:%(?P<limit>\d+))?"
    r"(?P<flags>(?: [A-Za-z_]+)*)(?: -- (?P<note>.+))?"
)


def parse_keys(text: str) -> tuple[KeySpec, ...]:
    """The specifications that ``text`` names; raises TableError for what ``format_keys`` would not write so."""
    specs = tuple(_parse_one(part) for part in text.split("; ")) if text else ()
    if format_keys(specs) != text:
        raise TableError(f"write {text!r} as {format_keys(specs)!r}")
    return specs


def format_keys(specs: Sequence[KeySpec]) -> str:
    return "; ".join(_format_one(spec) for spec in specs)


def _parse_one(text: str) -> KeySpec:
    match = _SPEC.fullmatch(text)
    if match is None:
        raise TableError(f"no key specification: {text!r}")
    part = match.groupdict()
    flags, note = tuple(part["flags"].split()), part["note"] or ""
    if part["unknown"]:
        return KeySpec(None, None, flags, note)
    if part["numkeys"]:
        return KeySpec(Index(int(part["numkeys"])), Keynum(), flags, note)
    begin = Index(int(part["index"])) if part["index"] else Keyword(part["word"], int(part["startfrom"]))
    return KeySpec(begin, _parse_range(begin, part), flags, note)


def _parse_range(begin: Index | Keyword, part: dict[str, str | None]) -> Range:
    origin = begin.index if isinstance(begin, Index) else 0
    last = int(part["last"] or origin)
    return Range(last - origin if last >= 0 else last, int(part["step"] or 1), int(part["limit"] or 0))


def _format_one(spec: KeySpec) -> str:
    words = [_format_place(spec.begin, spec.find), *spec.flags]
    return " ".join(words) + (f" -- {spec.note}" if spec.note else "")


def _format_place(begin: Index | Keyword | None, find: Range | Keynum | None) -> str:
    if begin is None or find is None:
        return "unknown"
    if isinstance(find, Keynum):
        return f"numkeys@{begin.index if isinstance(begin, Index) else begin.keyword}"
    origin = begin.index if isinstance(begin, Index) else 0
    text = str(origin) if isinstance(begin, Index) else f"after {begin.keyword}@{begin.startfrom}"
    if find.lastkey:
        text += f"..{find.lastkey if find.lastkey < 0 else origin + find.lastkey}"
    text += f"/{find.keystep}" if find.keystep != 1 else ""
    return text + (f"%{find.limit}" if find.limit else "")


def legacy_range(specs: Sequence[KeySpec]) -> tuple[int, int, int]:
    """First key, last key and step as COMMAND told them before there were specifications; zeros without keys.

    Ranges that follow one another without a gap merge; what does not fit makes the command's keys movable.
    """
    ranges = [spec.legacy_range for spec in specs if spec.legacy_range]
    if not ranges:
        return 0, 0, 0
    first, last, step = ranges[0]
    for begin, end, _ in ranges[1:]:
        if begin == last + 1:
            last = end
    return first, last, step


def has_movable_keys(specs: Sequence[KeySpec]) -> bool:
    """Whether first, last and step leave keys out."""
    return not all(spec.legacy_range for spec in specs)


def walk_keys(specs: Sequence[KeySpec], argv: Sequence[bytes]) -> list[FoundKey] | None:
    """The keys of ``argv`` (the command's name first); None where no rule tells or the arguments are malformed."""
    found: list[FoundKey] = []
    for spec in specs:
        if not spec.is_key:
            continue
        if spec.begin is None or spec.find is None:
            return None
        first = spec.begin.first(argv)
        if first is None:
            continue
        places = spec.find.places(first, argv)
        if not places or places[-1] >= len(argv):
            return None
        found += [FoundKey(place, spec.flags) for place in places]
    return found


def _find_set(argv: Sequence[bytes]) -> list[FoundKey]:
    """SET reads the old value only when GET is among its options."""
    reads = any(word.upper() == b"GET" for word in argv[3:])
    return [FoundKey(1, ("RW", "access", "update") if reads else ("OW", "update"))]


def _find_bitfield(argv: Sequence[bytes]) -> list[FoundKey]:
    """BITFIELD writes unless every operation is a GET."""
    place, words = 2, {b"GET": 3, b"OVERFLOW": 2}
    while place < len(argv):
        size = words.get(argv[place].upper(), 0)
        if not size or place + size > len(argv):
            return [FoundKey(1, ("RW", "access", "update"))]
        place += size
    return [FoundKey(1, ("RO", "access"))]


def _find_sort(argv: Sequence[bytes]) -> list[FoundKey]:
    """The last key that a STORE names counts; the keys of patterns cannot be told."""
    found, place, words = [FoundKey(1, ("RO", "access"))], 2, {b"LIMIT": 2, b"GET": 1, b"BY": 1}
    while place < len(argv):
        word = argv[place].upper()
        if word == b"STORE" and place + 1 < len(argv):
            found[1:] = [FoundKey(place + 1, ("OW", "update"))]
        place += 1 + words.get(word, 0)
    return found


def _find_sort_ro(argv: Sequence[bytes]) -> list[FoundKey]:
    return [FoundKey(1, ("RO", "access"))]


# Commands whose specifications alone do not tell their keys or what is done with them.
FINDERS = {"bitfield": _find_bitfield, "set": _find_set, "sort": _find_sort, "sort_ro": _find_sort_ro}
