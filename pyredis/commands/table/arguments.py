"""The arguments of a command: the compact syntax of the rows, and the tree that COMMAND DOCS shows.

    key value:string                      names, with a type where the name does not imply one
    [GET@6.2.0]                           optional; a word in capitals is a token, ``@`` gives its first version
    operator=(=|~)                        so are the signs = ~ * $
    [change=CH@6.2.0]                     a token that is not named after its word
    [MATCH pattern]                       a token with its value
    condition=(NX|XX)                     one of several
    data=(field value)...                 a block, and ``...`` for one or more of them
    FIELDS fields=(numfields field...)    a block after a token
    [GET pattern]...                      the token is repeated with every value
    ADDR addr~ip:port                     ``~`` gives the text to display
    old-format@-2.8.12                    deprecated since that version

The version of a group is written before its ``=``. How many arguments a command accepts follows from the tree.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pyredis.commands.table.keyspecs import TableError

TYPES = frozenset({"string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof", "block"})

TYPE_OF_NAME = {
    "key": "key",
    "pattern": "pattern",
    "seconds": "integer",
    "milliseconds": "integer",
    "count": "integer",
    "cursor": "integer",
    "offset": "integer",
    "numfields": "integer",
    "client-id": "integer",
    "unix-time-seconds": "unix-time",
    "unix-time-milliseconds": "unix-time",
}

_LEXEME = re.compile(r"\s*(?:(?P<mark>\.\.\.|[\[\]()|])|(?P<word>(?:(?!\.\.\.)[^\s\[\]()|])+))")
_WORD = re.compile(
    r"(?P<name>[a-z][a-z0-9-]*)(?::(?P<type>[a-z-]+))?(?:~(?P<display>[^@=]+))?(?:@(?P<since>-?[0-9.]+))?(?P<group>=)?"
)
_TOKEN = re.compile(r"(?P<token>[A-Z][A-Z0-9-]*|[=~*$])(?:@(?P<since>[0-9.]+))?")
_NAMED_TOKEN = re.compile(rf"(?P<name>[a-z]+)={_TOKEN.pattern}")
_NAME_OF_SIGN = {"=": "equal", "~": "approximately", "*": "auto-id", "$": "new-id"}


@dataclass(frozen=True, slots=True)
class Argument:
    """A node of the tree; ``flags`` holds any of optional, multiple, multiple_token."""

    name: str
    type: str
    token: str = ""
    display: str = ""
    since: str = ""
    deprecated_since: str = ""
    flags: tuple[str, ...] = ()
    arguments: tuple["Argument", ...] = ()

    @property
    def count(self) -> tuple[int, int | None]:
        """The minimum and the maximum number of words of this node; None is no limit."""
        least, most = self._own_count()
        if self.token and self.type != "pure-token":
            least, most = least + 1, None if most is None else most + 1
        return 0 if "optional" in self.flags else least, None if "multiple" in self.flags else most

    def _own_count(self) -> tuple[int, int | None]:
        if self.type == "block":
            return total_count(self.arguments)
        if self.type == "oneof":
            leasts, mosts = _counts(self.arguments)
            return min(leasts), None if mosts is None else max(mosts)
        return 1, 1


def total_count(arguments: tuple[Argument, ...]) -> tuple[int, int | None]:
    """Returns the minimum and the maximum number of words of ``arguments`` together; None is no limit."""
    leasts, mosts = _counts(arguments)
    return sum(leasts), None if mosts is None else sum(mosts)


def _counts(arguments: tuple[Argument, ...]) -> tuple[list[int], list[int] | None]:
    """Returns the minimum and the maximum counts; None instead of the latter if one of them has no limit."""
    counts = [argument.count for argument in arguments]
    mosts = [most for _, most in counts if most is not None]
    return [least for least, _ in counts], mosts if len(mosts) == len(counts) else None


def required_words(arguments: tuple[Argument, ...]) -> Iterator[Argument]:
    """Yields the required arguments, one for each word; a repeatable argument is yielded once."""
    for argument in arguments:
        if "optional" in argument.flags:
            continue
        if argument.token and argument.type != "pure-token":
            yield Argument(argument.token, "pure-token", argument.token)
        if argument.type == "block":
            yield from required_words(argument.arguments)
        else:
            yield argument


def parse_arguments(text: str) -> tuple[Argument, ...]:
    """Returns the tree that ``text`` describes; raises TableError for text that the syntax does not allow."""
    parser = _Parser(text)
    arguments = parser.parse_sequence()
    if parser.peek():
        raise parser.error()
    return arguments


class _Parser:
    """A recursive descent parser over the lexemes of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lexemes = [match.group().strip() for match in _LEXEME.finditer(text)]
        self.at = 0

    def error(self) -> TableError:
        return TableError(f"arguments {self.text!r}: unexpected {self.peek() or 'end'!r}")

    def peek(self) -> str:
        return self.lexemes[self.at] if self.at < len(self.lexemes) else ""

    def accept(self, mark: str) -> bool:
        taken = self.peek() == mark
        self.at += taken
        return taken

    def expect(self, mark: str) -> None:
        if not self.accept(mark):
            raise self.error()

    def parse_sequence(self) -> tuple[Argument, ...]:
        arguments = []
        while self.peek() not in ("", ")", "]", "|"):
            arguments.append(self.parse_item())
        return tuple(arguments)

    def parse_item(self) -> Argument:
        if not self.accept("["):
            return self.parse_multiple(self.parse_element(), "multiple")
        argument = self.parse_multiple(self.parse_element(), "multiple")
        self.expect("]")
        argument = replace(argument, flags=("optional", *argument.flags))
        return self.parse_multiple(argument, "multiple", "multiple_token")

    def parse_multiple(self, argument: Argument, *flags: str) -> Argument:
        return replace(argument, flags=(*argument.flags, *flags)) if self.accept("...") else argument

    def parse_element(self) -> Argument:
        match = _NAMED_TOKEN.fullmatch(self.peek())
        if match is not None:
            self.at += 1
            return Argument(match["name"], "pure-token", match["token"], since=match["since"] or "")
        match = _TOKEN.fullmatch(self.peek())
        if match is None:
            return self.parse_operand()
        self.at += 1
        token, since = match["token"], match["since"] or ""
        if not _WORD.fullmatch(self.peek()):
            return Argument(_NAME_OF_SIGN.get(token, token.lower()), "pure-token", token, since=since)
        operand = self.parse_operand()
        return replace(operand, token=token, since=operand.since or since)

    def parse_operand(self) -> Argument:
        match = _WORD.fullmatch(self.peek())
        if match is None:
            raise self.error()
        self.at += 1
        argument = self.leaf(match)
        return self.parse_group(argument) if match["group"] else argument

    def leaf(self, match: re.Match[str]) -> Argument:
        name, since = match["name"], match["since"] or ""
        kind = match["type"] or TYPE_OF_NAME.get(name, "string")
        if kind not in TYPES:
            raise TableError(f"arguments {self.text!r}: no type {kind!r}")
        born, died = ("", since[1:]) if since.startswith("-") else (since, "")
        return Argument(name, kind, display=match["display"] or "", since=born, deprecated_since=died)

    def parse_group(self, argument: Argument) -> Argument:
        self.expect("(")
        branches = [self.parse_sequence()]
        while self.accept("|"):
            branches.append(self.parse_sequence())
        self.expect(")")
        if len(branches) == 1:
            return replace(argument, type="block", arguments=branches[0])
        if any(len(branch) != 1 for branch in branches):
            raise TableError(f"arguments {self.text!r}: every branch of {argument.name!r} is one argument")
        return replace(argument, type="oneof", arguments=tuple(branch[0] for branch in branches))
