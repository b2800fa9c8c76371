"""Reading configuration: the file and the files it includes, standard input, and the command line, in this order.

As in Redis, they are one text: the line numbers in errors continue from one source to the next. A later line wins,
except that ``save`` lines add up.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple, Protocol

from pyredis.config.config_errors import ConfigError, ConfigRejected, ConfigUnreadable
from pyredis.config.directive import Directive, LineOnly
from pyredis.config.directives import LINES, find
from pyredis.config.syntax import Unbalanced, option_lines, split_words, to_bytes, to_text, trim

# Of files that include others.
MOST_LEVELS = 100
BAD_DIRECTIVE = "Bad directive or wrong number of arguments"


class RenameLine(NamedTuple):
    """A line ``rename-command old new``, and its place, for an error: only the command table can check it."""

    old: str
    new: str
    source: str
    number: int
    text: str


class Text:
    """Configuration text from up to three sources, and the source of each line."""

    def __init__(self) -> None:
        self.text = ""
        self.starts: list[tuple[int, str]] = []

    def append(self, source: str, text: str) -> None:
        self.starts.append((self.text.count("\n"), source))
        self.text += text

    def lines(self) -> list[tuple[str, int, str]]:
        """Returns source, number and trimmed text of each line."""
        return [(self.source(at), at + 1, trim(line)) for at, line in enumerate(self.text.split("\n"))]

    def source(self, at: int) -> str:
        return next((source for start, source in reversed(self.starts) if start <= at), "")


class Loaded(Protocol):
    """The part of the ``Config`` being filled that loading needs."""

    path: str | None
    renames: list[RenameLine]
    users: dict[bytes, list[bytes]]

    def __getitem__(self, name: str) -> Any: ...
    def give(self, directive: Directive, value: Any) -> None: ...
    def warn(self, text: str) -> None: ...


class Loader:
    """One load into one `Config`; records which files are being read and which directives have occurred."""

    def __init__(self, config: Loaded) -> None:
        self.config = config
        self.open: list[str] = []
        self.met: set[str] = set()
        self.place = ("", 0, "")

    def load(self, path: str | None, arguments: Sequence[str], stdin: BinaryIO | None) -> None:
        text = Text()
        if path is not None:
            self.config.path = os.path.abspath(path)
            text.append(path, self.read_files(path))
        if arguments and arguments[-1] == "-":
            arguments = arguments[:-1]
            self.config.warn("Reading config from stdin")
            text.append("standard input", to_text((stdin or sys.stdin.buffer).read()))
        if arguments:
            text.text += "\n"
            text.append("the command line", "\n".join(option_lines(arguments)))
        self.apply(text, self.config.path)
        self.check_log_file()

    def read_files(self, path: str, folder: str = "") -> str:
        """Returns the text of a file in ``folder``, or of all files that match a pattern; a pattern may match none."""
        if not set("*?[").intersection(path):
            return self.read_file(os.path.join(folder, path))
        import glob  # not needed to start

        pattern = os.path.join(glob.escape(folder), path)
        return "".join(self.read_file(name) for name in sorted(glob.glob(pattern, include_hidden=False)))

    def read_file(self, path: str) -> str:
        try:
            with open(path, "rb") as file:
                return to_text(file.read())
        except OSError as error:
            reason = f"Fatal error, can't open config file '{path}': {error.strerror}"
            raise ConfigUnreadable(reason, source=path) from None

    def apply(self, text: Text, path: str | None) -> None:
        if path is not None:
            self.open.append(os.path.realpath(path))
        for source, number, line in text.lines():
            self.place = (source, number, line)
            try:
                self.apply_line(line)
            except ConfigRejected as error:
                raise ConfigError(str(error), source=source, line=number, text=line) from None
        if path is not None:
            self.open.pop()

    def apply_line(self, line: str) -> None:
        if not line or line.startswith("#"):
            return
        try:
            name, *words = split_words(line) or [""]
        except Unbalanced:
            raise ConfigRejected("Unbalanced quotes in configuration line") from None
        name = name.lower()
        directive = find(name)
        if directive:
            self.give(directive, words)
        elif name in LINES:
            self.apply_line_only(LINES[name], words)
        else:
            self.refuse(name, words)

    def give(self, directive: Directive, words: list[str]) -> None:
        kind = directive.kind
        if kind.several and len(words) == 1 and words[0]:
            words = words[0].split(" ")
        first = directive.name not in self.met
        current = () if kind.accumulates and first else self.config[directive.name]
        self.config.give(directive, kind.read(words, current))
        self.met.add(directive.name)

    def apply_line_only(self, entry: LineOnly, words: list[str]) -> None:
        if not entry.least <= len(words) <= entry.most:
            raise ConfigRejected(BAD_DIRECTIVE)
        if entry.needs:
            raise ConfigRejected(f"'{entry.name}' needs {entry.needs}, which this server does not have")
        if entry.name == "include":
            self.include(words[0])
        elif entry.name == "rename-command":
            self.config.renames.append(RenameLine(words[0], words[1], *self.place))
        elif entry.name == "user":
            self.define_user(*map(to_bytes, words))

    def define_user(self, name: bytes, *rules: bytes) -> None:
        from pyredis.config.user_rules import UserLine, check_line  # few configurations have users

        try:
            self.config.users[name] = check_line(name, rules, self.config.users)
        except UserLine as error:
            raise ConfigRejected(str(error)) from None

    def include(self, word: str) -> None:
        """Applies a file, or all that match a pattern, below ``dir``, whose own name is never a pattern."""
        folder = self.config["dir"]
        path = os.path.join(folder, word)
        if os.path.realpath(path) in self.open:
            raise ConfigRejected("the file includes itself")
        if len(self.open) >= MOST_LEVELS:
            raise ConfigRejected(f"files are included more than {MOST_LEVELS} levels deep")
        text = Text()
        text.append(path, self.read_files(word, folder))
        self.apply(text, path)

    def refuse(self, name: str, words: list[str]) -> None:
        """Raises `ConfigRejected` for a line whose directive is not in the table."""
        if name == "sentinel":
            raise ConfigRejected("sentinel directive while not in sentinel mode")
        if "." not in name:
            raise ConfigRejected(BAD_DIRECTIVE)
        if len(words) != 1:
            raise ConfigRejected("Module config specified without value")
        raise ConfigRejected(
            "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting"
        )

    def check_log_file(self) -> None:
        """Fails now if the log file cannot be opened: once the server runs, there is nowhere to report it."""
        if not self.config["logfile"]:
            return
        try:
            with open(os.path.join(self.config["dir"], self.config["logfile"]), "ab"):
                pass
        except OSError as error:
            raise ConfigError(f"Can't open the log file: {error.strerror}") from None
