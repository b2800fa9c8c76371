"""The replies of COMMAND, built from the table: values of ``pyredis.replies``, ready for the encoder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from pyredis.call.command_keys import KEY_FLAGS
from pyredis.commands.table.arguments import Argument
from pyredis.commands.table.command_table import SPECS, every_spec
from pyredis.commands.table.keyspecs import Index, Keynum, KeySpec, Keyword, Range
from pyredis.commands.table.spec import CommandSpec
from pyredis.ground.glob import matches
from pyredis.replies import Map, Set, Status


def command_info(spec: CommandSpec) -> list:
    """Returns the ten elements of an entry of COMMAND INFO."""
    # An array of subcommands, but an empty set if there are none, as in Redis.
    subcommands = [command_info(subcommand) for subcommand in spec.subcommands.values()]
    return [
        spec.name.encode(),
        spec.arity,
        _statuses(spec.ordered_flags),
        spec.first_key,
        spec.last_key,
        spec.step,
        _statuses(spec.acl),
        Set(tip.encode() for tip in spec.tips),
        Set(_key_spec(key_spec) for key_spec in spec.key_specs),
        subcommands or Set(),
    ]


def command_docs(spec: CommandSpec) -> Map:
    """Returns the entry of COMMAND DOCS, without the name that precedes it."""
    docs: Map = {}
    # Only a command that a program adds may lack one of these.
    for name in ("summary", "since", "group", "complexity"):
        if text := getattr(spec, name):
            docs[name.encode()] = text.encode()
    if spec.doc_flags:
        docs[b"doc_flags"] = _statuses(spec.doc_flags)
    if spec.deprecated_since:
        docs[b"deprecated_since"] = spec.deprecated_since.encode()
        docs[b"replaced_by"] = spec.replaced_by.encode()
    if history := _history(spec):
        docs[b"history"] = history
    if spec.arguments:
        docs[b"arguments"] = _Arguments(spec).describe(spec.arguments)
    if spec.subcommands:
        docs[b"subcommands"] = {name.encode(): command_docs(sub) for name, sub in spec.subcommands.items()}
    return docs


def list_names(specs: Mapping[str, CommandSpec] = SPECS) -> list[bytes]:
    """Returns the names of all commands and subcommands."""
    return [spec.name.encode() for spec in every_spec(specs)]


def list_filterby(kind: str, value: bytes, specs: Mapping[str, CommandSpec] = SPECS) -> list[bytes]:
    """Returns the names that match COMMAND LIST FILTERBY; ``kind`` is ``module``, ``aclcat`` or ``pattern``.

    There are no modules and so no commands of modules; a category that does not exist has no commands either.
    """
    if kind == "module":
        return []
    if kind == "aclcat":
        category = "@" + value.decode("latin-1").lower()
        return [spec.name.encode() for spec in every_spec(specs) if category in spec.acl]
    if kind == "pattern":
        return [name for name in list_names(specs) if matches(value, name, ignore_case=True)]
    raise ValueError(f"no filter: {kind!r}")


def key_flags(flags: int) -> Set:
    """Returns the names of the bits that ``call/command_keys`` sets: what a command does with a key."""
    return _statuses([name for bit, name in enumerate(KEY_FLAGS) if flags >> bit & 1])


def _statuses(words: Sequence[str]) -> Set:
    return Set(Status(word.encode()) for word in words)


def _history(spec: CommandSpec) -> Set:
    """Returns the arguments that were added after the command itself, by version."""
    news: dict[str, list[str]] = {}
    for argument in _every_argument(spec.arguments):
        if argument.since:
            news.setdefault(argument.since, []).append(f"`{argument.token or argument.name}`")
    versions = sorted(news, key=lambda version: tuple(map(int, version.split("."))))
    return Set([version.encode(), f"Added {', '.join(news[version])}.".encode()] for version in versions)


def _every_argument(arguments: Sequence[Argument]) -> Iterator[Argument]:
    for argument in arguments:
        yield argument
        yield from _every_argument(argument.arguments)


def _key_spec(spec: KeySpec) -> Map:
    described: Map = {b"notes": spec.note.encode()} if spec.note else {}
    described[b"flags"] = _statuses(spec.flags)
    described[b"begin_search"] = _part(spec.begin, "index" if isinstance(spec.begin, Index) else "keyword")
    described[b"find_keys"] = _part(spec.find, "range" if isinstance(spec.find, Range) else "keynum")
    return described


def _part(part: Index | Keyword | Range | Keynum | None, kind: str) -> Map:
    """Returns half of a specification: its kind, and its fields under their names in the dataclass."""
    if part is None:
        return {b"type": b"unknown", b"spec": {}}
    fields = asdict(part).items()
    values = {name.encode(): value.encode() if isinstance(value, str) else value for name, value in fields}
    return {b"type": kind.encode(), b"spec": values}


class _Arguments:
    """The description of one command's arguments; counts the keys to find the specification of each."""

    def __init__(self, spec: CommandSpec) -> None:
        self.last_spec = len(spec.key_specs) - 1
        self.keys = 0
        # The specification of the keys that patterns name, if there is one.
        self.patterns = next((at for at, keys in enumerate(spec.key_specs) if keys.begin is None), None)

    def describe(self, arguments: Sequence[Argument]) -> list[Map]:
        return [self.describe_one(argument) for argument in arguments]

    def describe_one(self, argument: Argument) -> Map:
        described: Map = {b"name": argument.name.encode(), b"type": argument.type.encode()}
        if argument.type not in ("oneof", "block"):
            described[b"display_text"] = (argument.display or argument.name).encode()
        if argument.type == "key":
            self.keys += self.keys == self.patterns
            described[b"key_spec_index"] = min(self.keys, self.last_spec)
            self.keys += 1
        elif argument.type == "pattern" and self.patterns is not None:
            described[b"key_spec_index"] = self.patterns
        for name in ("token", "since", "deprecated_since"):
            if text := getattr(argument, name):
                described[name.encode()] = text.encode()
        if argument.flags:
            described[b"flags"] = _statuses(argument.flags)
        if argument.arguments:
            described[b"arguments"] = self.describe(argument.arguments)
        return described
