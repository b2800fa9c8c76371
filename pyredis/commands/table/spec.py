"""One command's description, and the words that rows are written with.

A family of commands is a module of rows:

    with family("string", module="strings", acl="string"):
        row("GETDEL key", "write fast", keys="1 RW access delete", since="6.2.0", complexity="O(1)", summary="…")

A name with ``|`` is a subcommand; ``container`` describes a command that consists of its subcommands only, and adds its
HELP. A row does not state what follows from something else: the arity follows from the arguments; first, last, step and
``movablekeys`` from the key specifications; the implied ACL categories from the flags and the family; the handler's
name from the module and the command. ``SPECS`` holds every top-level command by its lower-case name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pyredis._version import REDIS_VERSION
from pyredis.commands.table.arguments import Argument, parse_arguments, required_words, total_count
from pyredis.commands.table.keyspecs import (
    RULES,
    KeySpec,
    TableError,
    encode_keys,
    has_movable_keys,
    legacy_range,
    parse_keys,
)

# The orders in which COMMAND INFO lists flags and categories.
FLAGS = (
    *("write", "readonly", "denyoom", "module", "admin", "pubsub", "noscript", "blocking", "loading", "stale"),
    *("skip_monitor", "skip_slowlog", "asking", "fast", "no_auth", "no_mandatory_keys"),
    *("no_async_loading", "no_multi", "movablekeys", "allow_busy"),
)
# What the core needs to know about a command and COMMAND does not show.
MARKS = {
    "guarded": "its handler, in Python, decides by `admit` for which clients it runs or is queued",
    "holds_secrets": "MONITOR shows it without some of its arguments",
    "may_replicate": "a pause of writes holds it back although it is none: it may have something to propagate",
    "names_channel": "publishes to the channel that its first argument names",
    "names_channels": "subscribes to the channels that its arguments name",
    "names_patterns": "subscribes to the patterns that its arguments are",
    "names_function": "its first argument is the name of the function that it runs",
    "needs_file": "refused like a write while the append-only file cannot be written",
    "newer": "Redis 7.4 does not have it: `since` says which version does",
    "pushes": "replies with pushes, one for each channel, instead of one reply",
    "runs_queue": "runs what MULTI has queued; if it is refused, the transaction is over",
    "script": "may run for very long, and other clients are served meanwhile",
    "subscribed": "a client of RESP2 may call it while it is subscribed to anything",
    "unqueued": "runs at once inside MULTI",
}
CATEGORIES = (
    *("keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo"),
    *("stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting"),
)

# The version of Redis that has these commands, except those marked as newer.
REDIS = tuple(map(int, REDIS_VERSION.split(".")))

# Categories that a flag implies.
_IMPLIED = {
    "write": ("write",),
    "readonly": ("read",),
    "admin": ("admin", "dangerous"),
    "pubsub": ("pubsub",),
    "fast": ("fast",),
    "blocking": ("blocking",),
}


@dataclass(frozen=True, slots=True, eq=False)
class CommandSpec:
    """A command or subcommand; names are lower case, and a subcommand has its full name, ``config|get``."""

    name: str
    parent: str
    arity: int
    flags: frozenset[str]
    marks: frozenset[str]
    acl: tuple[str, ...]

    key_specs: tuple[KeySpec, ...]
    first_key: int
    last_key: int
    step: int

    group: str
    since: str
    summary: str
    complexity: str
    tips: tuple[str, ...]
    arguments: tuple[Argument, ...]
    doc_flags: tuple[str, ...]
    deprecated_since: str
    replaced_by: str

    # "family.function"; None for a container, whose call without a subcommand is always an error.
    handler: str | None
    subcommands: dict[str, "CommandSpec"] = field(default_factory=dict)

    @property
    def ordered_flags(self) -> tuple[str, ...]:
        return tuple(flag for flag in FLAGS if flag in self.flags)

    @property
    def facts(self) -> tuple[str, ...]:
        """Flags and marks, as the core expects them."""
        return (*self.ordered_flags, *sorted(self.marks))

    @property
    def key_word(self) -> str:
        """The key specifications, as the core expects them."""
        return encode_keys(self.name, self.key_specs)

    @property
    def newer(self) -> bool:
        """Whether Redis 7.4 lacks the command."""
        return "newer" in self.marks

    @property
    def part_place(self) -> int:
        """The index of the argument that names a field or member of the value at argument 1; options do not count;
        0 for none."""
        if self.first_key != 1:
            return 0
        names = [leaf.name for leaf in required_words(self.arguments)]
        return next((place for place, name in enumerate(names, 1) if name in ("field", "member")), 0)


@dataclass(frozen=True, slots=True)
class Family:
    """What the rows of one ``with family(…)`` have in common."""

    group: str
    module: str
    acl: str


SPECS: dict[str, CommandSpec] = {}
_families: list[Family] = []


@contextmanager
def family(group: str, *, module: str, acl: str = "") -> Iterator[None]:
    """Puts the rows inside it into ``group``, with handlers in ``module`` and the ACL categories ``acl`` in common."""
    _families.append(Family(group, module, acl))
    try:
        yield
    finally:
        _families.pop()


def row(
    syntax: str,
    flags: str = "",
    *,
    since: str,
    summary: str,
    complexity: str = "",
    keys: str = "",
    acl: str = "",
    marks: str = "",
    tips: str = "",
    arity: int = 0,
    deprecated: str = "",
    replaced_by: str = "",
    syscmd: bool = False,
    handler: str | None = "",
) -> None:
    """Adds one command. ``acl`` adds categories to the implied ones and removes those with a minus sign; ``marks`` are
    words of ``MARKS``."""
    home = _families[-1]
    title, _, rest = syntax.partition(" ")
    name, arguments, key_specs = title.lower(), parse_arguments(rest), parse_keys(keys)
    words = _flag_words(flags, key_specs)
    first, last, step = legacy_range(key_specs)
    _add(
        CommandSpec(
            name=name,
            parent=name.rpartition("|")[0],
            arity=arity or derive_arity(name, arguments),
            flags=words,
            marks=_mark_words(name, marks, since),
            acl=derive_categories(words, f"{home.acl} {acl}"),
            key_specs=key_specs,
            first_key=first,
            last_key=last,
            step=step,
            group=home.group,
            since=since,
            summary=summary,
            complexity=complexity,
            tips=tuple(tips.split()),
            arguments=arguments,
            doc_flags=("deprecated",) * bool(deprecated) + ("syscmd",) * syscmd,
            deprecated_since=deprecated,
            replaced_by=replaced_by,
            handler=f"{home.module}.{function_name(name)}" if handler == "" else handler,
        )
    )


def container(title: str, *, since: str, summary: str, help_since: str) -> None:
    """Adds a command that consists of its subcommands, and its HELP; it is in none of the family's ACL categories."""
    minus = " ".join(f"-{category}" for category in _families[-1].acl.split())
    depends = "Depends on the subcommand."
    row(title, since=since, summary=summary, complexity=depends, acl=minus, arity=-2, handler=None)
    helps(title, since=help_since)


def helps(title: str, *, since: str, acl: str = "") -> None:
    """Adds the HELP of a command with subcommands."""
    summary = f"Lists the subcommands of {title} and what each does."
    row(f"{title}|HELP", "loading stale", since=since, summary=summary, complexity="O(1)", acl=acl)


def derive_arity(name: str, arguments: tuple[Argument, ...]) -> int:
    """Returns the number of words if it is fixed, else the minimum, negated."""
    own = 1 + name.count("|")
    least, most = total_count(arguments)
    return own + least if least == most else -(own + least)


def derive_categories(flags: frozenset[str], named: str) -> tuple[str, ...]:
    """Returns the categories that ``flags`` imply, plus and minus those in ``named``, in the order of COMMAND INFO."""
    found = {category for flag in flags for category in _IMPLIED.get(flag, ())}
    if "fast" not in flags:
        found.add("slow")
    words = named.split()
    found.update(word for word in words if not word.startswith("-"))
    found.difference_update(word[1:] for word in words if word.startswith("-"))
    unknown = found.difference(CATEGORIES)
    if unknown:
        raise TableError(f"unknown ACL categories: {sorted(unknown)}")
    return tuple(f"@{category}" for category in CATEGORIES if category in found)


def function_name(name: str) -> str:
    return name.replace("|", "_").replace("-", "_")


def _flag_words(text: str, key_specs: tuple[KeySpec, ...]) -> frozenset[str]:
    words = set(text.split())
    if has_movable_keys(key_specs):
        words.add("movablekeys")
    if not words <= set(FLAGS):
        raise TableError(f"unknown command flags: {sorted(words.difference(FLAGS))}")
    return frozenset(words)


def _mark_words(name: str, text: str, since: str) -> frozenset[str]:
    words = frozenset(text.split())
    if not words <= MARKS.keys():
        raise TableError(f"unknown marks: {sorted(words.difference(MARKS))}")
    if ("newer" in words) != (tuple(map(int, since.split("."))) > REDIS):
        raise TableError(f"{name}: a row is marked as newer if and only if Redis {REDIS_VERSION} lacks the command")
    return words


def _add(spec: CommandSpec) -> None:
    if spec.name not in RULES and any(key.needs_rule for key in spec.key_specs):
        raise TableError(f"{spec.name}: its keys need a rule")
    if spec.parent and spec.parent not in SPECS:
        raise TableError(f"{spec.name}: {spec.parent} is not a command")
    siblings = SPECS[spec.parent].subcommands if spec.parent else SPECS
    if spec.name in siblings:
        raise TableError(f"{spec.name}: described twice")
    siblings[spec.name] = spec
