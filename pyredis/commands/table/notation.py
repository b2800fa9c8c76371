"""Descriptions of commands that a program adds, from a line in the notation of Redis's documentation.

    ADDUP key [value ...]                       brackets: may be left out; dots: may be repeated
    PAIRS key value [key value ...]             one or more pairs
    PICK numkeys key [key ...] <MIN | MAX>      angle brackets: one of these words
    KEEP source:key [STORE target:key]          ``:`` and a type; words in capitals are written as they are
    TOP key [LIMIT offset count] timeout:double

A name implies its type where the rows' language says so (``arguments``): ``key`` is one, and ``count`` an integer. The
types are those of COMMAND DOCS. The places of the keys follow from the line; a line from which they do not follow is
refused.
"""

import re
from dataclasses import replace

from pyredis.commands.table.arguments import TYPE_OF_NAME, TYPES, Argument, total_count
from pyredis.commands.table.keyspecs import has_movable_keys, legacy_range, parse_keys
from pyredis.commands.table.spec import CATEGORIES, FLAGS, CommandSpec, derive_arity, derive_categories

# Flags that a program can give a command. The others follow from the line, or promise what a handler cannot keep.
ALLOWED = tuple(
    flag
    for flag in FLAGS
    if flag not in ("allow_busy", "asking", "blocking", "module", "movablekeys", "no_mandatory_keys")
)
LEAF_TYPES = TYPES - {"oneof", "block", "pure-token"}
LONGEST_NAME = 31
LONGEST_TOKEN = 11

_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")
_LEXEME = re.compile(r"\.\.\.|[\[\]<>|]|[^\s\[\]<>|]+")
_LEAF = re.compile(r"(?P<name>[a-z][a-z0-9_-]*)(?::(?P<type>[a-z-]+))?")
_TOKEN = re.compile(r"[A-Z][A-Z0-9_-]*")
_CLOSING = {"[": "]", "<": ">"}


def describe_added(
    line: str, *, flags: str = "", categories: str = "", summary: str = "", since: str = "", complexity: str = ""
) -> CommandSpec:
    """Returns the description of a command. Raises ValueError for a line, flag or category that is not valid."""
    title, _, rest = line.strip().partition(" ")
    if not _NAME.fullmatch(title):
        raise ValueError(f"not the name of a command: {title!r}")
    arguments = merged(_Parser(line, rest).parse())
    words = frozenset(flags.split())
    check_words(words, categories)
    places = key_places(line, arguments)
    access = "RW access update" if "write" in words else "RO access"
    key_specs = parse_keys("; ".join(f"{place} {access}" for place in places))
    first, last, step = legacy_range(key_specs)
    implied = {"module"}
    if has_movable_keys(key_specs):
        implied.add("movablekeys")
    if key_specs and not any(is_required_key(argument) for argument in arguments):
        implied.add("no_mandatory_keys")
    name = title.lower()
    return CommandSpec(
        name=name,
        parent="",
        arity=derive_arity(name, arguments),
        flags=words | implied,
        # It may publish: a pause of writes must hold it back.
        marks=frozenset() if words & {"write", "readonly"} else frozenset({"may_replicate"}),
        acl=derive_categories(words, categories),
        key_specs=key_specs,
        first_key=first,
        last_key=last,
        step=step,
        group="module",
        since=since,
        summary=summary,
        complexity=complexity,
        tips=(),
        arguments=arguments,
        doc_flags=(),
        deprecated_since="",
        replaced_by="",
        handler=None,
    )


def check_words(flags: frozenset[str], categories: str) -> None:
    for flag in sorted(flags.difference(ALLOWED)):
        raise ValueError(f"not a flag of such a command: {flag!r}; there are {', '.join(ALLOWED)}")
    if {"write", "readonly"} <= flags:
        raise ValueError("a command has one of the flags 'write' and 'readonly', or neither")
    for category in categories.split():
        if category not in CATEGORIES:
            raise ValueError(f"no such category: {category!r}")


# ---- the line ----


class _Parser:
    """A recursive descent parser over the lexemes of one line."""

    def __init__(self, line: str, text: str) -> None:
        self.line = line
        self.lexemes = _LEXEME.findall(text)
        self.at = 0

    def error(self) -> ValueError:
        return ValueError(f"the syntax {self.line!r}: unexpected {self.peek() or 'end'!r}")

    def peek(self) -> str:
        return self.lexemes[self.at] if self.at < len(self.lexemes) else ""

    def accept(self, lexeme: str) -> bool:
        found = self.peek() == lexeme
        self.at += found
        return found

    def parse(self) -> tuple[Argument, ...]:
        arguments = self.parse_sequence()
        if self.peek():
            raise self.error()
        return arguments

    def parse_sequence(self) -> tuple[Argument, ...]:
        arguments = []
        while self.peek() not in ("", "]", ">", "|", "..."):
            arguments.append(self.parse_item())
        return tuple(arguments)

    def parse_item(self) -> Argument:
        opening = self.peek()
        if opening in _CLOSING:
            self.at += 1
            argument = self.parse_group(_CLOSING[opening])
            return replace(argument, flags=("optional", *argument.flags)) if opening == "[" else argument
        if not _TOKEN.fullmatch(opening):
            return self.parse_leaf()
        self.at += 1
        if _LEAF.fullmatch(self.peek()):
            return replace(self.parse_leaf(), token=opening)
        return Argument(opening.lower(), "pure-token", opening)

    def parse_leaf(self) -> Argument:
        found = _LEAF.fullmatch(self.peek())
        if found is None:
            raise self.error()
        kind = found["type"] or TYPE_OF_NAME.get(found["name"], "string")
        if kind not in LEAF_TYPES:
            raise ValueError(f"the syntax {self.line!r}: no type {kind!r}")
        self.at += 1
        return Argument(found["name"], kind)

    def parse_group(self, closing: str) -> Argument:
        branches = [self.parse_branch()]
        while self.accept("|"):
            branches.append(self.parse_branch())
        if not self.accept(closing):
            raise self.error()
        return branches[0] if len(branches) == 1 else Argument("option", "oneof", arguments=tuple(branches))

    def parse_branch(self) -> Argument:
        """One alternative of a group, which dots may end."""
        sequence = merged(self.parse_sequence())
        if not sequence:
            raise self.error()
        argument = joined(sequence)
        return replace(argument, flags=(*argument.flags, "multiple")) if self.accept("...") else argument


def joined(sequence: tuple[Argument, ...]) -> Argument:
    """Returns a sequence as one argument. A token before several arguments is that of the block."""
    first = sequence[0]
    if len(sequence) == 1:
        return first
    if first.token and not first.flags and first.type != "pure-token":
        return Argument(first.token.lower(), "block", first.token, arguments=(replace(first, token=""), *sequence[1:]))
    return Argument("data", "block", arguments=sequence)


def merged(sequence: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """Writes ``value [value ...]`` as one argument that may be repeated."""
    found: list[Argument] = []
    for argument in sequence:
        if argument.flags == ("optional", "multiple"):
            once = replace(argument, flags=())
            block = once.arguments if once.type == "block" and not once.token else (once,)
            if tuple(found[-len(block) :]) == block:
                del found[-len(block) :]
                found.append(replace(once, flags=("multiple",)))
                continue
        found.append(argument)
    return tuple(found)


# ---- the keys ----


def key_places(line: str, arguments: tuple[Argument, ...]) -> list[str]:
    """Returns the places of the keys, in the language of the rows (``keyspecs``)."""
    places: list[str] = []
    place, fixed = 1, True
    for index, argument in enumerate(arguments):
        rest = arguments[index + 1 :]
        if is_repeated_key(argument) and index and arguments[index - 1].name == "numkeys":
            if not fixed:
                raise unknown_places(line)
            places.append(f"numkeys@{place - 1}")
        elif has_key(argument):
            places += places_of(line, argument, rest, place, fixed, arguments[:index])
        least, most = argument.count
        place, fixed = place + least, fixed and least == most
    return places


def places_of(
    line: str, argument: Argument, rest: tuple[Argument, ...], place: int, fixed: bool, before: tuple[Argument, ...]
) -> list[str]:
    """Returns the places of the keys of one argument, the first of whose words is at ``place`` if that is fixed."""
    if argument.token and argument.type == "key" and "multiple" not in argument.flags:
        if len(argument.token) <= LONGEST_TOKEN:
            return [f"after {argument.token}@{place}"]
    elif fixed and not argument.token:
        least, most = total_count(rest)
        # Optional keys after others would need more than one range.
        ranged = "optional" not in argument.flags or not any(map(has_key, before))
        if argument.type == "key" and not argument.flags:
            return [f"{place}"]
        if least == most and argument.type == "key" and ranged and ("multiple" in argument.flags or not rest):
            return [f"{place}..{-1 - least}"]
        if least == most and argument.type == "block" and argument.flags == ("multiple",):
            return places_in_block(line, argument, place, least)
    raise unknown_places(line)


def places_in_block(line: str, argument: Argument, place: int, after: int) -> list[str]:
    """Returns the places of the keys of a block that is repeated up to ``after`` words before the end."""
    parts = argument.arguments
    if any(part.count != (1, 1) or part.arguments for part in parts):
        raise unknown_places(line)
    return [f"{place + at}..{-1 - after}/{len(parts)}" for at, part in enumerate(parts) if part.type == "key"]


def unknown_places(line: str) -> ValueError:
    return ValueError(f"the syntax {line!r}: the places of the keys do not follow from it")


def has_key(argument: Argument) -> bool:
    return argument.type == "key" or any(map(has_key, argument.arguments))


def is_repeated_key(argument: Argument) -> bool:
    return argument.type == "key" and "multiple" in argument.flags and not argument.token


def is_required_key(argument: Argument) -> bool:
    return has_key(argument) and "optional" not in argument.flags


# ---- how many words ----


def word_counts(arguments: tuple[Argument, ...]) -> tuple[int, int | None, int]:
    """Returns how many words there are at least and at most, None for no limit, and by how many at a time they grow."""
    least, most = total_count(arguments)
    loose = [argument for argument in arguments if argument.count[0] != argument.count[1]]
    if len(loose) != 1 or loose[0].type != "block" or "multiple" not in loose[0].flags or loose[0].token:
        return least, most, 1
    size, largest = total_count(loose[0].arguments)
    return least, most, size if size == largest else 1
