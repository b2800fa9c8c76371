"""Where a command's keys are among its arguments: the language of the rows, and what follows from it.

A row names its keys by specifications separated by ``;``: each is a place, the flags, and perhaps a note after ``--``:

    1 RO access                     argument 1
    1..2 RO access                  arguments 1 to 2
    1..-1 RM delete                 argument 1 to the last one
    1..-1/2 OW update               every second argument of those
    numkeys@2 RO access             argument 2 is the number of keys that follow it
    after STORE@6 OW update         the argument after the first STORE found from argument 6 on
    after KEYS@-2..-1 RW delete     every argument after the last KEYS, searched backward from the last argument but one
    after STREAMS@1..-1%2 RO        the first half of the arguments after STREAMS (%3: the first third)
    unknown RO access               no specification can describe them: the command needs a rule (``RULES``)

``parse_keys`` and ``format_keys`` are inverses. ``encode_keys`` writes the specifications as one word, which the core
compiles (``call/key_specs.pxd``) to find the keys of a call (``call/command_keys.pxd``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyredis.commands.table.outline import TableError


@dataclass(frozen=True, slots=True)
class Index:
    """The keys begin at a fixed argument."""

    index: int


@dataclass(frozen=True, slots=True)
class Keyword:
    """The keys begin after a word searched for from ``startfrom``: forward, or backward if it is negative."""

    keyword: str
    startfrom: int


@dataclass(frozen=True, slots=True)
class Range:
    """From the first key to ``lastkey``, relative to the first key or, if negative, to the end of the arguments."""

    lastkey: int = 0
    keystep: int = 1
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Keynum:
    """One argument is the number of keys."""

    keynumidx: int = 0
    firstkey: int = 1
    keystep: int = 1


@dataclass(frozen=True, slots=True)
class KeySpec:
    """One specification; ``begin`` and ``find`` are both None for unknown keys."""

    begin: Index | Keyword | None
    find: Range | Keynum | None
    flags: tuple[str, ...]
    note: str = ""

    @property
    def legacy_range(self) -> tuple[int, int, int] | None:
        """First key, last key and step; None if the specification needs more than that."""
        if not (isinstance(self.begin, Index) and isinstance(self.find, Range)):
            return None
        last = self.find.lastkey
        return self.begin.index, last if last < 0 else self.begin.index + last, self.find.keystep

    @property
    def needs_rule(self) -> bool:
        return self.begin is None or "variable_flags" in self.flags or "incomplete" in self.flags


# The letters of the flags, in Redis's order.
FLAG_LETTERS = {
    **{"RO": "R", "RW": "W", "OW": "O", "RM": "M", "access": "a", "update": "u", "insert": "i", "delete": "d"},
    **{"not_key": "n", "incomplete": "p", "variable_flags": "v"},
}
# Commands whose specifications do not suffice, each with the rule of the core that finds its keys or says what is done
# with them. Commands with a key count are not listed: their rule follows from the specifications.
RULES = {
    **{"bitfield": "bitfield", "migrate": "migrate", "set": "set", "sort": "sort", "sort_ro": "sort_ro"},
    **{"xread": "streams", "xreadgroup": "streams"},
}


_SPEC = re.compile(
    r"(?:(?P<unknown>unknown)|numkeys@(?P<numkeys>\d+)|after (?P<word>[A-Z]+)@(?P<startfrom>-?\d+)|(?P<index>\d+))"
    r"(?:\.\.(?P<last>-?\d+))?(?:/(?P<step>\d+))?(?:%(?P<limit>\d+))?"
    r"(?P<flags>(?: [A-Za-z_]+)*)(?: -- (?P<note>.+))?"
)


def parse_keys(text: str) -> tuple[KeySpec, ...]:
    """Returns the specifications in ``text``; raises TableError unless ``format_keys`` gives back the same text."""
    specs = tuple(_parse_one(part) for part in text.split("; ")) if text else ()
    if format_keys(specs) != text:
        raise TableError(f"write {text!r} as {format_keys(specs)!r}")
    return specs


def format_keys(specs: Sequence[KeySpec]) -> str:
    return "; ".join(_format_one(spec) for spec in specs)


def _parse_one(text: str) -> KeySpec:
    match = _SPEC.fullmatch(text)
    if match is None:
        raise TableError(f"invalid key specification: {text!r}")
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
    """Returns first key, last key and step as in COMMAND before there were specifications; zeros without keys.

    Ranges that follow one another without a gap merge; anything else makes the command's keys movable.
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
    """Returns whether first, last and step leave out keys."""
    return not all(spec.legacy_range for spec in specs)


def encode_keys(name: str, specs: Sequence[KeySpec]) -> str:
    """Returns the specifications of the command, and its rule if there is one, in the word that the core compiles."""
    rule = RULES.get(name)
    return ";".join(map(_encode_one, specs)) + (f"!{rule}" if rule else "")


def _encode_one(spec: KeySpec) -> str:
    place = _format_place(spec.begin, spec.find).removeprefix("after ")
    place = place.replace("numkeys@", "#").replace("unknown", "?")
    return f"{place}:{''.join(FLAG_LETTERS[flag] for flag in spec.flags)}"
