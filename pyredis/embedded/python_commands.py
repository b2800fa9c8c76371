"""Commands whose handlers are Python functions: typed arguments, and the values that they may return.

``PythonCommands`` is what offers ``command`` and ``remove_command``, a server for example. It keeps the commands, and
adds them to each core that it runs. ``PythonCommand`` is one of them: it converts a request's words for the function,
and what this returns for the encoder of replies. ``dispatch/added`` runs it.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pyredis import replies
from pyredis.call.handlers import CommandError
from pyredis.commands.parse import NOT_INTEGER
from pyredis.commands.table.outline_rows import LINES
from pyredis.dispatch.added import CommandContext
from pyredis.wire.reply_objects import ReplyError

if TYPE_CHECKING:
    from pyredis._core import Core

__all__ = ["CommandContext", "PythonCommands", "ReplyError", "Status"]

Handler = TypeVar("Handler", bound=Callable[..., Any])

# How deep lists, sets and dicts in a reply may be nested.
DEEPEST = 128
# The number of words is an int.
ANY_COUNT = 1 << 31
NOT_FLOAT = "ERR value is not a valid float"
NOT_TEXT = "ERR value is not valid UTF-8"

_FLOAT = re.compile(rb"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|inf(?:inity)?)", re.IGNORECASE)


class Status(str):
    """A status reply, ``Status("OK")``: a simple string, where a str or bytes is sent as a bulk string."""

    __slots__ = ()


# ---- arguments ----


def to_integer(word: bytes) -> int:
    """Returns a signed 64-bit integer in its canonical spelling; `commands/parse` does the same more slowly."""
    try:
        number = int(word)
    except ValueError:
        raise CommandError(NOT_INTEGER) from None
    if b"%d" % number != word or not -(1 << 63) <= number < 1 << 63:
        raise CommandError(NOT_INTEGER)
    return number


def to_float(word: bytes) -> float:
    if not _FLOAT.fullmatch(word):
        raise CommandError(NOT_FLOAT)
    return float(word)


def to_text(word: bytes) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError:
        raise CommandError(NOT_TEXT) from None


CONVERTERS: dict[Any, Callable[[bytes], Any] | None] = {bytes: None, int: to_integer, float: to_float, str: to_text}


def annotated_type(handler: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Returns the type that a parameter is annotated with; bytes if it has none. ``T | None`` is ``T``."""
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return bytes
    if isinstance(annotation, str):
        namespace = getattr(inspect.unwrap(handler), "__globals__", {})
        try:
            annotation = eval(annotation, namespace)
        except Exception as error:
            raise TypeError(f"the annotation of {parameter.name} cannot be evaluated: {annotation}") from error
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not types.NoneType]
        return members[0] if len(members) == 1 else annotation
    return annotation


def converter_of(handler: Callable[..., Any], parameter: inspect.Parameter) -> Callable[[bytes], Any] | None:
    kind = annotated_type(handler, parameter)
    try:
        return CONVERTERS[kind]
    except (KeyError, TypeError):
        shown = getattr(kind, "__name__", kind)
        raise TypeError(f"{parameter.name}: an argument is bytes, str, int or float, not {shown}") from None


def signature_of(handler: Callable[..., Any]) -> inspect.Signature:
    """Returns the signature. Names that cannot be evaluated do no harm, because that of the context may be one."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(handler, annotation_format=Format.FORWARDREF)
    return inspect.signature(handler)


class Parameters:
    """The parameters of a handler after its context, and the converters of the words that they take."""

    def __init__(self, handler: Callable[..., Any]) -> None:
        parameters = list(signature_of(handler).parameters.values())
        self.least = 0
        self.most = 0
        self.converters: list[Callable[[bytes], Any] | None] = []
        self.others: Callable[[bytes], Any] | None = None
        for place, parameter in enumerate(parameters):
            self.add(handler, parameter, first=place == 0)
        if not parameters or self.most < 0:
            raise TypeError("a handler's first parameter is its context")
        self.typed = any(self.converters) or self.others is not None

    def add(self, handler: Callable[..., Any], parameter: inspect.Parameter, first: bool) -> None:
        required = parameter.default is inspect.Parameter.empty
        if parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
            if first:
                return
            self.converters.append(converter_of(handler, parameter))
            self.least += required
            self.most += 1
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            self.others = converter_of(handler, parameter)
            self.most = ANY_COUNT
        elif parameter.kind is inspect.Parameter.KEYWORD_ONLY and required:
            raise TypeError(f"{parameter.name}: a command has no keyword arguments")
        if first:
            raise TypeError("a handler's first parameter is its context")

    def convert(self, words: list[bytes]) -> list[Any]:
        """Returns the arguments for a request's words after the command's name. Raises CommandError."""
        if not self.typed:
            return words
        known = len(self.converters)
        pairs = zip(words, [*self.converters, *[self.others] * (len(words) - known)], strict=False)
        return [word if convert is None else convert(word) for word, convert in pairs]


# ---- replies ----


def encodable(value: Any, depth: int = 0) -> Any:
    """Returns a value of ``replies`` for what a handler has returned. Raises TypeError or ValueError."""
    if value is None or type(value) in (bytes, int, bool, float):
        return value
    if isinstance(value, Status):
        return replies.Status(value.encode("utf-8", "surrogateescape"))
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bool | int | float):
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, ReplyError):
        return replies.Error(str(value).encode("utf-8", "surrogateescape"))
    return encodable_collection(value, depth + 1)


def encodable_collection(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError(f"a reply is nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        pairs = {encodable_key(key): encodable(item, depth) for key, item in value.items()}
        if len(pairs) < len(value):
            raise ValueError("two keys of a dict are the same in a reply")
        return pairs
    if isinstance(value, list | tuple):
        return [encodable(item, depth) for item in value]
    if isinstance(value, set | frozenset):
        return replies.Set(encodable(item, depth) for item in value)
    if inspect.iscoroutine(value):
        value.close()
    raise TypeError(f"a reply cannot have a {type(value).__name__}")


def encodable_key(key: Any) -> Any:
    if isinstance(key, tuple | frozenset):
        raise TypeError(f"a key of a dict in a reply cannot be a {type(key).__name__}")
    return encodable(key)


# ---- commands ----


class PythonCommand:
    """A command: its description, and the function that executes it."""

    def __init__(self, spec: Any, handler: Callable[..., Any]) -> None:
        if not callable(handler):
            raise TypeError(f"not a function: {handler!r}")
        refuse_asynchronous(handler)
        self.spec = spec
        self.handler = handler
        self.parameters = Parameters(handler)
        # Imported when there is a command, because few programs have one.
        from pyredis.commands.table.notation import word_counts

        self.least, self.most, self.step = word_counts(spec.arguments)
        self.check_count()

    def check_count(self) -> None:
        """Raises TypeError unless the handler accepts as many arguments as the syntax allows."""
        least, most = self.least, self.most
        if least < self.parameters.least or (ANY_COUNT if most is None else most) > self.parameters.most:
            allowed = f"{least} or more" if most is None else f"{least} to {most}" if most > least else f"{least}"
            raise TypeError(f"the syntax allows {allowed} arguments, but not the handler of {self.spec.name!r}")

    def accepts(self, count: int) -> bool:
        """Returns whether there may be so many arguments, at least as many as the arity requires."""
        return (self.most is None or count <= self.most) and (count - self.least) % self.step == 0

    def __call__(self, context: CommandContext, words: list[bytes]) -> Any:
        """Runs the handler for a request; returns a value of ``replies``, or raises."""
        arguments = words[1:]
        if not self.accepts(len(arguments)):
            raise CommandError(f"ERR wrong number of arguments for '{self.spec.name}' command")
        return encodable(self.handler(context, *self.parameters.convert(arguments)))


def refuse_asynchronous(handler: Callable[..., Any]) -> None:
    for function in (handler, type(handler).__call__):
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"the handler of a command cannot be a coroutine, because a command ends before the next: {handler!r}"
            )
        if inspect.isgeneratorfunction(function):
            raise TypeError(f"the handler of a command cannot be a generator: {handler!r}")


class PythonCommands:
    """What programs add commands to. A subclass runs a core; it calls ``add_commands`` when it has a new one."""

    _commands: dict[str, PythonCommand]

    def command(
        self,
        syntax: str,
        /,
        *,
        flags: str = "",
        categories: str = "",
        summary: str = "",
        since: str = "",
        complexity: str = "",
    ) -> Callable[[Handler], Handler]:
        """Adds a command whose handler is the decorated function, which it returns unchanged.

        ``syntax`` is the command's name and its arguments, as in Redis's documentation: ``"ADDUP key [value ...]"``.
        ``flags`` are those of COMMAND INFO, ``categories`` are ACL categories beside those that the flags imply;
        ``summary``, ``since`` and ``complexity`` are for COMMAND DOCS.

        The handler is called with a `CommandContext` and the arguments, converted as its annotations say: bytes, str,
        int or float. It returns None, a bool, int, float, str, bytes, list, tuple, dict or set, or a `Status`. A
        `ReplyError` that it raises is the error reply; any other exception becomes one, and is logged.

        Raises ValueError for a syntax, flag or category that is not valid and for the name of a command that exists,
        and TypeError for a function that cannot be its handler.
        """
        from pyredis.commands.table.notation import describe_added

        spec = describe_added(
            syntax, flags=flags, categories=categories, summary=summary, since=since, complexity=complexity
        )
        if spec.name in self._commands or is_built_in(spec.name):
            raise ValueError(f"there is a command of this name: {spec.name!r}")

        def add(handler: Handler) -> Handler:
            command = PythonCommand(spec, handler)
            if self._commands.setdefault(spec.name, command) is not command:
                raise ValueError(f"there is a command of this name: {spec.name!r}")
            try:
                self._change_core(lambda core: add_once(core, command))
            except BaseException:
                del self._commands[spec.name]
                raise
            return handler

        return add

    def remove_command(self, name: str) -> None:
        """Removes a command that ``command`` has added. In a transaction that has queued it, it is unknown.

        Raises ValueError if there is none of that name.
        """
        key = name.lower()
        if key not in self._commands:
            raise ValueError(f"no command of this name was added: {name!r}")
        self._change_core(lambda core: remove(core, key))
        del self._commands[key]

    def _change_core(self, change: Callable[[Core], None]) -> None:
        """Calls a function with the running core, in its thread. Does nothing without one."""
        raise NotImplementedError

    def _add_commands(self, core: Core) -> None:
        """Adds all commands to a new core."""
        for command in list(self._commands.values()):
            add_once(core, command)


def add_once(core: Core, command: PythonCommand) -> None:
    """Adds a command to a core unless it has it: it may have been added while the core was being started."""
    if core.added_specs.get(command.spec.name) is not command.spec:
        core.add_command(command.spec, command)
        core.host.users.renew()


def remove(core: Core, name: str) -> None:
    core.remove_command(name)
    core.host.users.renew()


def is_built_in(name: str) -> bool:
    return any(line.partition(" ")[0] == name for line in LINES)
