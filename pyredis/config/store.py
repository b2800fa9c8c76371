"""The configuration in force: typed values, CONFIG GET, CONFIG SET with its hooks, and which directives were given.

A change is all or nothing: either every pair of a CONFIG SET is in force and every hook has applied it, or none is.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, BinaryIO

from pyredis.config import load, rewrite
from pyredis.config.config_errors import ConfigRefused, ConfigRejected
from pyredis.config.directive import Directive
from pyredis.config.directives import DIRECTIVES, find
from pyredis.config.syntax import to_bytes
from pyredis.ground.glob import matches

Hook = Callable[[Any], None]


def print_warning(text: str) -> None:
    print(text, file=sys.stderr)


class Config:
    """The values of all directives: ``config["maxmemory"]`` reads one. Its type is that of its kind in the table.

    ``path`` is the absolute path of the configuration file, if any. ``warn`` is called with texts for the log; set it
    to the log's method once there is a log.
    """

    def __init__(self) -> None:
        self.path: str | None = None
        self.warn: Callable[[str], None] = print_warning
        self._values: dict[str, Any] = {name: directive.default for name, directive in DIRECTIVES.items()}
        self._values["dir"] = os.getcwd()
        self.renames: list[load.RenameLine] = []
        self._given: set[str] = set()
        self._hooks: dict[str, list[Hook]] = {}
        # The rules of the users that the configuration defines, by name; and what CONFIG REWRITE writes for them.
        self.users: dict[bytes, list[bytes]] = {}
        self.user_lines: Callable[[], list[str]] = list

    @classmethod
    def load(cls, path: str | None = None, arguments: Sequence[str] = (), stdin: BinaryIO | None = None) -> "Config":
        """Loads a file and the command line after its name; a last ``-`` reads ``stdin`` too.

        Raises `ConfigError`.
        """
        config = cls()
        load.Loader(config).load(path, arguments, stdin)
        return config

    def __getitem__(self, name: str) -> Any:
        return self._values[_directive(name).name]

    def path_below(self, path: str) -> str:
        """Returns the absolute path of a file that a directive names; a relative path is below the folder ``dir``."""
        return os.path.join(self["dir"], path)

    def text(self, name: str) -> str:
        """Returns the value as CONFIG GET does."""
        directive = _directive(name)
        return directive.kind.text(self._values[directive.name])

    def is_default(self, name: str) -> bool:
        directive = _directive(name)
        return self._values[directive.name] == directive.default

    def adjust(self, name: str, value: Any) -> None:
        """Sets a typed value that the server itself has chosen, such as a lower ``maxclients``; calls no hook."""
        self._values[_directive(name).name] = value

    def give(self, directive: Directive, value: Any) -> None:
        """Sets a value that was given at the start."""
        self._values[directive.name] = admit(directive, value)
        self._given.add(directive.name)

    def ignored(self) -> list[Directive]:
        """Returns the directives without effect that were given at the start, with another value than the default.

        An empty value asks for nothing, so ``save ""`` is not among them.
        """
        return [
            directive
            for name, directive in DIRECTIVES.items()
            if name in self._given and directive.effect and not self.is_default(name) and self.text(name)
        ]

    # CONFIG GET

    def matching(self, patterns: Iterable[str]) -> dict[str, str]:
        """Returns the names that match any pattern, with their values. A name without a pattern keeps its spelling."""
        found: dict[str, str] = {}
        for pattern in patterns:
            names = [pattern] if not set("[*?").intersection(pattern) else _names_like(pattern)
            seen = {name.lower() for name in found}
            found |= {name: self.text(name) for name in names if name.lower() not in seen and find(name)}
        return found

    # CONFIG SET

    def on_change(self, name: str, hook: Hook) -> None:
        """Calls ``hook`` with the new value after each change of a directive by CONFIG SET.

        A hook that cannot apply it changes nothing and raises `ConfigRejected`; then the old value is restored.
        """
        self._hooks.setdefault(_directive(name).name, []).append(hook)

    def set(self, pairs: Iterable[tuple[str, str]], *, local: bool = False, loading: bool = False) -> None:
        """Sets names to texts, as CONFIG SET. ``local``: the client is on this host. Raises `ConfigRefused`."""
        chosen = self._choose(pairs, local, loading)
        before = {directive.name: self._values[directive.name] for _, directive, _ in chosen}
        for name, directive, text in chosen:
            try:
                self._values[directive.name] = admit(directive, _parse(directive, text, before[directive.name]))
            except ConfigRejected as error:
                self._values |= before
                raise _failed(name, str(error)) from None
        self._apply(chosen, before)

    def _choose(self, pairs: Iterable[tuple[str, str]], local: bool, loading: bool) -> list[tuple[str, Directive, str]]:
        chosen: dict[str, tuple[str, Directive, str]] = {}
        for name, text in pairs:
            directive = find(name)
            if directive is None:
                shown = name.partition("\0")[0]
                raise ConfigRefused(f"ERR Unknown option or number of arguments for CONFIG SET - '{shown}'")
            reason = self._forbidden(directive, local)
            if reason:
                raise _failed(name, reason)
            if loading and "deny-loading" in directive.flags:
                raise ConfigRefused("LOADING Redis is loading the dataset in memory")
            # To Redis a name and its alias are two parameters, and the later one wins.
            if name.lower() in chosen:
                raise _failed(name, "duplicate parameter")
            chosen[name.lower()] = (name.lower(), directive, text)
        return list(chosen.values())

    def _forbidden(self, directive: Directive, local: bool) -> str | None:
        if not directive.mutable:
            return "can't set immutable config"
        allowed = self._values["enable-protected-configs"]
        if "protected" in directive.flags and not (allowed == "yes" or (allowed == "local" and local)):
            return "can't set protected config"
        return None

    def _apply(self, chosen: list[tuple[str, Directive, str]], before: dict[str, Any]) -> None:
        applied: list[tuple[str, Hook]] = []
        for name, directive, _ in chosen:
            if self._values[directive.name] == before[directive.name] and "volatile" not in directive.flags:
                continue
            for hook in self._hooks.get(directive.name, []):
                try:
                    hook(self._values[directive.name])
                except BaseException as error:
                    self._restore(name, before, applied)
                    if isinstance(error, ConfigRejected):
                        raise _failed(name, str(error)) from None
                    raise
                applied.append((directive.name, hook))

    def _restore(self, name: str, before: dict[str, Any], applied: list[tuple[str, Hook]]) -> None:
        self.warn(
            f"Failed applying new configuration. Possibly related to new {name} setting. Restoring previous settings."
        )
        self._values |= before
        for changed, hook in reversed(applied):
            try:
                hook(before[changed])
            except ConfigRejected as error:
                self.warn(f"Failed applying restored failed CONFIG SET command: {error}")

    # CONFIG REWRITE

    def rewrite(self) -> None:
        """Brings the file up to date, as CONFIG REWRITE. Raises `ConfigRefused`."""
        if self.path is None:
            raise ConfigRefused("ERR The server is running without a config file")
        try:
            rewrite.rewrite(self.path, self._values, self.user_lines())
        except OSError as error:
            raise ConfigRefused(f"ERR Rewriting config file: {error.strerror}") from None


def _directive(name: str) -> Directive:
    directive = find(name)
    if directive is None:
        raise KeyError(name)
    return directive


def admit(directive: Directive, value: Any) -> Any:
    """Returns the value; raises `ConfigRejected` if accepting it without effect would be dangerous."""
    if directive.needs and value != directive.default:
        raise ConfigRejected(f"'{directive.name}' needs {directive.needs}, which this server does not have")
    return value


def _parse(directive: Directive, text: str, current: Any) -> Any:
    if not directive.kind.several:
        return directive.kind.read([text], current)
    words = text.split(" ") if text else []
    return directive.kind.read(words, () if directive.kind.accumulates else current)


def _names_like(pattern: str) -> list[str]:
    shown = [entry for entry in DIRECTIVES.values() if "hidden" not in entry.flags]
    names = [name for entry in shown for name in (entry.name, entry.alias) if name]
    return [name for name in names if matches(to_bytes(pattern), to_bytes(name), ignore_case=True)]


def _failed(name: str, reason: str) -> ConfigRefused:
    return ConfigRefused(f"ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}")
