"""The syntax of the rows of `method_table`.

    EXPIRE name time:seconds [NX] [XX] [GT] [LT]

Words in capitals are sent as they are; the first two, or the first, are the command. The other words are the parameters
of the method, in their order:

| | parameter | sent |
|---|---|---|
| ``name`` | ``name`` | the value |
| ``time:seconds`` | of the type `KINDS` gives | the value, converted if the type has a function |
| ``amount:int=1`` | with a default | always |
| ``values...`` | ``*values`` | all of them |
| ``keys+args`` | ``keys, *args`` | one list of both |
| ``mapping:items`` | a mapping | keys and values in turn |
| ``#fields`` | none | the number of them |
| ``[NX]`` | ``nx=False`` | the word, if true |
| ``[justid=JUSTID]`` | of another name | the word, if true |
| ``[COUNT count:int]`` | ``count=None`` | both words, unless None |
| ``[count:int]`` | ``count=None`` | the value, unless None |
| ``[LIMIT start num]`` | ``start=None, num=None`` | all, unless both are None; one alone is an error |
| ``~cast:cast=float`` | with a default | nothing; the converter uses it |
| ``**`` | ``**kwargs`` | nothing |

A row without parameters takes them from the command table, if they are simple: ``LRANGE`` is ``LRANGE name start end``.
"""

import re
from dataclasses import dataclass, field

from pyredis.commands.table.spec import CommandSpec

# The annotation of a kind of parameter, and the function that makes its word.
KINDS = {
    "key": ("Key", ""),
    "value": ("Value", ""),
    "int": ("int", ""),
    "bool": ("bool", ""),
    "float": ("float", ""),
    "number": ("Number", ""),
    "str": ("str", ""),
    "pattern": ("Pattern", ""),
    "id": ("Id", ""),
    "bound": ("Bound", ""),
    "cast": ("Cast", ""),
    "keys": ("Keys", ""),
    "values": ("Values", ""),
    "any": ("Any", ""),
    "items": ("Mapping[Any, Value]", "*flat({})"),
    "seconds": ("Expiry", "seconds({})"),
    "milliseconds": ("Expiry", "milliseconds({})"),
    "unix": ("Moment", "unix_seconds({})"),
    "unix-ms": ("Moment", "unix_milliseconds({})"),
    "bit": ("Value", "1 if {} else 0"),
    "spread": ("Collection[Key]", "*{}"),
}
# The kinds of parameters by their names, where the row states none.
KIND_OF_NAME = {
    **dict.fromkeys(("name", "names", "key", "src", "dst", "dest", "source", "sources", "destination"), "key"),
    **dict.fromkeys(("first_list", "second_list", "groupname", "consumername", "channel", "shard_channel"), "key"),
    **dict.fromkeys(("start", "end", "num", "count", "index", "offset", "cursor", "db", "numkeys"), "int"),
    **dict.fromkeys(("keys", "args"), "key"),
    **dict.fromkeys(("match", "pattern"), "pattern"),
}
# How the types of the command table read here.
KIND_OF_TYPE = {"key": "key", "string": "value", "integer": "int", "double": "float", "pattern": "pattern"}

_ITEM = re.compile(r"\[[^\]]*\]|\S+")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_-]*")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a method: ``star`` is ``*`` or ``**`` or nothing, ``default`` is Python's text or nothing."""

    name: str
    kind: str = "value"
    default: str = ""
    star: str = ""

    @property
    def annotation(self) -> str:
        annotation = KINDS[self.kind][0]
        return f"{annotation} | None" if self.default == "None" and annotation != "Any" else annotation

    @property
    def word(self) -> str:
        """The expression for its word."""
        return (KINDS[self.kind][1] or "{}").format(self.name)


@dataclass(frozen=True)
class Item:
    """A part of a pattern: the expressions of its words, the parameters, and when the words are sent."""

    words: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    condition: str = ""
    whole: str = ""


@dataclass
class Pattern:
    """A pattern, read."""

    command: tuple[str, ...]
    items: list[Item] = field(default_factory=list)

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters in the order of Python: required ones, those with defaults, ``*``, options, ``**``."""
        found = [(_rank(item, each), each) for item in self.items for each in item.parameters]
        return [parameter for _, parameter in sorted(found, key=lambda pair: pair[0])]


def _rank(item: Item, parameter: Parameter) -> int:
    if parameter.star:
        return 4 if parameter.star == "**" else 2
    if not parameter.default:
        return 0
    # An option, or one that only the converter uses.
    return 3 if item.condition or not item.words else 1


def parse_pattern(text: str) -> Pattern:
    """Reads a pattern; raises ValueError."""
    parts = _ITEM.findall(text)
    count = next((place for place, part in enumerate(parts[:2]) if not _CONSTANT.fullmatch(part)), len(parts[:2]))
    return Pattern(tuple(parts[:count]), [parse_item(part) for part in parts[count:]])


def parse_item(part: str) -> Item:
    if part.startswith("["):
        return parse_option(part[1:-1].split())
    if _CONSTANT.fullmatch(part):
        return Item((constant(part),))
    if part == "**":
        return Item((), (Parameter("kwargs", "any", star="**"),))
    if part.startswith("#"):
        return Item((f"len({part[1:]})",))
    if part.startswith("~"):
        return Item((), (parameter(part[1:]),))
    if "+" in part:
        first, _, rest = part.partition("+")
        more, _, kind = rest.partition(":")
        given = Parameter(first, "values" if kind else "keys"), Parameter(more, kind or kind_of(more), star="*")
        return Item((f"*listed({first}, {more})",), given)
    if part.endswith("..."):
        name, _, kind = part[:-3].partition(":")
        return Item((f"*{name}",), (Parameter(name, kind or kind_of(name), star="*"),))
    found = parameter(part)
    return Item((found.word,), (found,))


def parse_option(parts: list[str]) -> Item:
    """Reads what is between brackets."""
    name, _, token = parts[0].rpartition("=")
    if len(parts) == 1 and _CONSTANT.fullmatch(token):
        name = name or token.lower()
        return Item((constant(token),), (Parameter(name, "bool", "False"),), condition=name)
    constants = [constant(part) for part in parts if _CONSTANT.fullmatch(part)]
    found = tuple(parameter(part, "None") for part in parts if not _CONSTANT.fullmatch(part))
    # A default that is not None is one that the server assumes.
    condition = " or ".join(each.name + (" is not None" if each.default == "None" else "") for each in found)
    if len(found) == 2:
        names = ", ".join(f'"{each.name}", {each.name}' for each in found)
        return Item((), found, condition, whole=f"limit({names})")
    return Item((*constants, found[0].word), found, condition)


def parameter(part: str, default: str = "") -> Parameter:
    head, _, given = part.partition("=")
    name, _, kind = head.partition(":")
    return Parameter(name, kind or kind_of(name), given or default)


def kind_of(name: str) -> str:
    return KIND_OF_NAME.get(name, "value")


def constant(word: str) -> str:
    return f'b"{word}"'


def simple_pattern(spec: CommandSpec, names: str = "") -> str:
    """Returns the pattern of a command whose arguments are only values, one after the other; raises ValueError.

    ``names`` are redis-py's names of the parameters. Without them, they are those of the command table, except that
    the first key is called ``name`` and ``stop`` is called ``end``.
    """
    given = names.split()
    parts = [spec.name.replace("|", " ").upper()]
    for place, argument in enumerate(spec.arguments):
        if argument.type not in KIND_OF_TYPE or argument.token or "optional" in argument.flags:
            raise ValueError(f"{spec.name}: the row must state the parameters")
        name = given[place] if given else _usual_name(argument.name)
        more = "..." if "multiple" in argument.flags else ""
        parts.append(f"{name}:{KIND_OF_TYPE[argument.type]}{more}")
    return " ".join(parts)


def _usual_name(name: str) -> str:
    return {"key": "name", "stop": "end"}.get(name, name.replace("-", "_"))
