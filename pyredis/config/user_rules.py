"""The rules for users: the language of ACL SETUSER, of an ACL file, and of `user` lines in a configuration.

    on >secret ~cache:* %R~log:* &news +@read -keys (~jobs:* +rpop)

A user has flags, passwords and selectors. The first selector is the root, to which rules outside of parentheses apply;
a call needs one selector that allows all of it. Passwords are kept as the SHA-256 in hexadecimal digits. Rules of
commands are kept in order, because a category and a command in it may follow each other; ``line`` returns all rules as
Redis does, and applying those of ``saved_line`` to a new user makes the same user.

As in Redis, a rule ends at a NUL wherever it is compared as a word.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from pyredis.config.syntax import Unbalanced, split_words, to_bytes, to_text

READ = 1
WRITE = 2

UNKNOWN = "Unknown command or category name in ACL"
SYNTAX = "Syntax error"
AFTER_ALL_KEYS = (
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try "
    "'resetkeys' to start with an empty list of patterns"
)
AFTER_ALL_CHANNELS = (
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try "
    "'resetchannels' to start with an empty list of channels"
)
NO_SUCH_PASSWORD = "The password you are trying to remove from the user does not exist"
BAD_HASH = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
DUPLICATE = "Duplicate user found. A user can only be defined once in config files"
OF_SUBCOMMAND = "Allowing first-arg of a subcommand is not supported"

_SPACES = re.compile(rb"[\s\0]")
_HASH = re.compile(rb"[0-9a-f]{64}")
_KEY_MARKS = {READ | WRITE: b"~", READ: b"%R~", WRITE: b"%W~"}


class RuleError(Exception):
    """A rule is not valid; ``str`` is Redis's reason."""

    @property
    def unknown(self) -> bool:
        """Whether the rule only names a command or a category that does not exist."""
        return str(self) == UNKNOWN


class Unmatched(Exception):
    """A selector has no closing parenthesis; ``at`` is the index of the rule that opens it."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class Catalogue(Protocol):
    """The commands that rules name, each with the attributes ``name`` and ``subcommands``."""

    def find(self, name: str) -> Any:
        """Returns the command or subcommand of this name, in lower case; None if there is none."""

    def in_category(self, name: str) -> Iterable[Any] | None:
        """Returns the commands and subcommands of a category, in lower case; None if there is no such category."""

    def on_first_argument(self, rule: str) -> None:
        """Is called for a rule that allows a command with one first argument only, which is deprecated."""


class NoCatalogue:
    """Knows no command. Rules that are checked with it raise ``unknown`` errors, which the caller ignores."""

    def find(self, name: str) -> Any:
        return None

    def in_category(self, name: str) -> None:
        return None

    def on_first_argument(self, rule: str) -> None:
        raise AssertionError("only a known command has arguments")


def has_spaces(text: bytes) -> bool:
    """Whether a name or a pattern has blanks, by which lines are split, or a NUL."""
    return _SPACES.search(text) is not None


def hash_password(password: bytes) -> bytes:
    # Imported late because it loads OpenSSL.
    from hashlib import sha256

    return sha256(password).hexdigest().encode()


def is_hash(text: bytes) -> bool:
    return _HASH.fullmatch(text) is not None


def _word(rule: bytes) -> bytes:
    return rule.split(b"\0", 1)[0]


# ---- selectors ----


class Selector:
    """What a call may do if it is this selector that allows it."""

    def __init__(self, all_channels: bool = False) -> None:
        self.all_keys = False
        self.all_channels = all_channels
        self.all_commands = False
        self.keys: dict[bytes, int] = {}
        self.channels: dict[bytes, None] = {}
        # Whether it allows the commands that no rule has named, those of the future too.
        self.others = False
        self.named: dict[str, bool] = {}
        self.first_arguments: dict[str, list[bytes]] = {}
        self.command_rules: list[bytes] = []

    def copy(self) -> "Selector":
        made = Selector()
        made.all_keys, made.all_channels, made.all_commands = self.all_keys, self.all_channels, self.all_commands
        made.keys, made.channels, made.others = dict(self.keys), dict(self.channels), self.others
        made.named, made.command_rules = dict(self.named), list(self.command_rules)
        made.first_arguments = {name: list(words) for name, words in self.first_arguments.items()}
        return made

    def allows(self, command: str) -> bool:
        return self.named.get(command, self.others)

    # ---- rules ----

    def apply(self, rule: bytes, catalogue: Catalogue) -> None:
        """Applies one rule; raises RuleError, and then it has changed nothing."""
        word = _word(rule)
        plain = _PLAIN.get(word.lower())
        if plain is not None:
            plain(self)
        elif rule[:1] in (b"~", b"%"):
            self._add_key(rule)
        elif rule[:1] == b"&":
            self._add_channel(rule[1:])
        elif word[:1] in (b"+", b"-") and word[1:2] == b"@":
            self._change_category(word[1:], word[:1] == b"+", catalogue)
        elif word[:1] == b"+" and b"|" in word:
            self._allow_part(word[1:], catalogue)
        elif word[:1] in (b"+", b"-"):
            self._change_command(_found(word[1:], catalogue), word[:1] == b"+")
        else:
            raise RuleError(SYNTAX)

    def _set_all_keys(self, on: bool) -> None:
        self.all_keys = on
        self.keys.clear()

    def _set_all_channels(self, on: bool) -> None:
        self.all_channels = on
        self.channels.clear()

    def _set_all_commands(self, on: bool) -> None:
        self.all_commands = self.others = on
        self.named.clear()
        self.first_arguments.clear()
        self.command_rules.clear()

    def _add_key(self, rule: bytes) -> None:
        if self.all_keys:
            raise RuleError(AFTER_ALL_KEYS)
        rights, pattern = _key_rights(rule)
        if has_spaces(pattern):
            raise RuleError(SYNTAX)
        self.keys[pattern] = self.keys.get(pattern, 0) | rights

    def _add_channel(self, pattern: bytes) -> None:
        if self.all_channels:
            raise RuleError(AFTER_ALL_CHANNELS)
        if has_spaces(pattern):
            raise RuleError(SYNTAX)
        self.channels[pattern] = None

    def _change_category(self, category: bytes, on: bool, catalogue: Catalogue) -> None:
        members = catalogue.in_category(category[1:].decode("latin-1").lower())
        if members is None:
            raise RuleError(UNKNOWN)
        for command in members:
            self._mark(command, on)
        self._keep_rule(category, on)

    def _change_command(self, command: Any, on: bool) -> None:
        self._mark(command, on)
        self._keep_rule(command.name.encode(), on)

    def _allow_part(self, name: bytes, catalogue: Catalogue) -> None:
        """Allows a subcommand, or a command with this first argument."""
        title, _, argument = name.rpartition(b"|")
        command = _found(title, catalogue)
        if "|" in command.name:
            raise RuleError(OF_SUBCOMMAND)
        if not argument:
            raise RuleError(SYNTAX)
        if command.subcommands:
            self._mark(_found(name, catalogue), True)
        else:
            catalogue.on_first_argument(to_text(name))
            words = self.first_arguments.setdefault(command.name, [])
            if argument.lower() not in [word.lower() for word in words]:
                words.append(argument)
        self._keep_rule(name, True)

    def _mark(self, command: Any, on: bool) -> None:
        """Allows or forbids a command and its subcommands."""
        for name in (command.name, *command.subcommands):
            self.named[name] = on
        self.first_arguments.pop(command.name, None)
        if not on:
            self.all_commands = False

    def _keep_rule(self, name: bytes, on: bool) -> None:
        """Adds a rule at the end, in place of an earlier one of the same name and of those of its subcommands."""
        name = name.lower()
        within = name + b"|"
        kept = [rule for rule in self.command_rules if rule[1:] != name and not rule[1:].startswith(within)]
        self.command_rules = [*kept, (b"+" if on else b"-") + name]

    def renew(self, catalogue: Catalogue) -> None:
        """Applies the rules of commands again, after commands have been added or removed."""
        rules = list(self.command_rules)
        self._set_all_commands(self.others)
        for rule in rules:
            try:
                self.apply(rule, catalogue)
            except RuleError:
                # The command has been removed. If it returns, so does the rule.
                self.command_rules = [*self.command_rules, rule]

    # ---- descriptions ----

    @property
    def commands_text(self) -> bytes:
        return b" ".join([b"+@all" if self.others else b"-@all", *self.command_rules])

    @property
    def keys_text(self) -> bytes:
        if self.all_keys:
            return b"~*"
        return b" ".join(_KEY_MARKS[rights] + pattern for pattern, rights in self.keys.items())

    @property
    def channels_text(self) -> bytes:
        return b"&*" if self.all_channels else b" ".join(b"&" + pattern for pattern in self.channels)

    @property
    def description(self) -> bytes:
        return self._describe(self.keys_text)

    @property
    def saved_description(self) -> bytes:
        """The same for a file. There ``%RW~*`` must not become ``~*``, which allows no further pattern."""
        marked = [
            (b"%RW~" if pattern == b"*" and rights == READ | WRITE else _KEY_MARKS[rights]) + pattern
            for pattern, rights in self.keys.items()
        ]
        return self._describe(self.keys_text if self.all_keys else b" ".join(marked))

    def _describe(self, keys: bytes) -> bytes:
        channels = b"" if self.all_channels else b"resetchannels"
        return b" ".join(filter(None, (keys, channels, self.channels_text, self.commands_text)))


_PLAIN: dict[bytes, Callable[[Selector], None]] = {
    b"allkeys": lambda selector: selector._set_all_keys(True),
    b"~*": lambda selector: selector._set_all_keys(True),
    b"resetkeys": lambda selector: selector._set_all_keys(False),
    b"allchannels": lambda selector: selector._set_all_channels(True),
    b"&*": lambda selector: selector._set_all_channels(True),
    b"resetchannels": lambda selector: selector._set_all_channels(False),
    b"allcommands": lambda selector: selector._set_all_commands(True),
    b"+@all": lambda selector: selector._set_all_commands(True),
    b"nocommands": lambda selector: selector._set_all_commands(False),
    b"-@all": lambda selector: selector._set_all_commands(False),
}


def _found(name: bytes, catalogue: Catalogue) -> Any:
    command = catalogue.find(name.decode("latin-1").lower())
    if command is None:
        raise RuleError(UNKNOWN)
    return command


def _key_rights(rule: bytes) -> tuple[int, bytes]:
    """Returns the rights and the pattern of a rule such as ``%R~pattern``; the part after the letters may be absent."""
    if rule[:1] == b"~":
        return READ | WRITE, rule[1:]
    rights, at = 0, 1
    while at < len(rule) and rule[at : at + 1] != b"~":
        right = {b"R": READ, b"W": WRITE}.get(rule[at : at + 1].upper(), 0)
        if not right or rights & right:
            raise RuleError(SYNTAX)
        rights |= right
        at += 1
    if not rights:
        raise RuleError(SYNTAX)
    return rights, rule[at + 1 :]


# ---- users ----


class User:
    """A user; new ones are off, have no password, and may do nothing."""

    def __init__(self, name: bytes, all_channels: bool = False) -> None:
        self.name = name
        self.enabled = False
        self.nopass = False
        self.sanitizes = True
        self.passwords: list[bytes] = []
        self.selectors = [Selector(all_channels)]

    @classmethod
    def default(cls) -> "User":
        """Returns the default user of a new server, which may do everything without a password."""
        made = cls(b"default", all_channels=True)
        made.enabled = made.nopass = made.root.all_keys = True
        made.root._set_all_commands(True)
        return made

    @property
    def root(self) -> Selector:
        return self.selectors[0]

    def copy(self) -> "User":
        made = User(self.name)
        made.enabled, made.nopass, made.sanitizes = self.enabled, self.nopass, self.sanitizes
        made.passwords = list(self.passwords)
        made.selectors = [selector.copy() for selector in self.selectors]
        return made

    # ---- rules ----

    def apply(self, rule: bytes, catalogue: Catalogue, all_channels: bool = False) -> None:
        """Applies one rule; ``all_channels`` is what ``acl-pubsub-default`` says. Raises RuleError."""
        word = _word(rule).lower()
        if not rule:
            return
        if word in _FLAGS:
            _FLAGS[word](self)
        elif word == b"reset":
            self._reset(all_channels)
        elif rule[:1] in (b">", b"#"):
            self._add_password(_hash_of(rule))
        elif rule[:1] in (b"<", b"!"):
            self._remove_password(_hash_of(rule))
        elif rule[:1] == b"(" and rule[-1:] == b")":
            self.selectors.append(_selector_of(rule, catalogue, all_channels))
        else:
            self.root.apply(rule, catalogue)

    def set_password(self, password: bytes | None) -> None:
        """Makes this the only password; None: any will do."""
        self._set_nopass(password is None)
        if password is not None:
            self._add_password(hash_password(password))

    def _set_enabled(self, on: bool) -> None:
        self.enabled = on

    def _set_sanitizes(self, on: bool) -> None:
        self.sanitizes = on

    def _set_nopass(self, on: bool) -> None:
        self.nopass = on
        self.passwords.clear()

    def _clear_selectors(self) -> None:
        del self.selectors[1:]

    def _reset(self, all_channels: bool) -> None:
        fresh = User(self.name, all_channels)
        self.__dict__.update(fresh.__dict__)

    def _add_password(self, hashed: bytes) -> None:
        if hashed not in self.passwords:
            self.passwords.append(hashed)
        self.nopass = False

    def _remove_password(self, hashed: bytes) -> None:
        if hashed not in self.passwords:
            raise RuleError(NO_SUCH_PASSWORD)
        self.passwords.remove(hashed)

    def renew(self, catalogue: Catalogue) -> None:
        """Applies the rules of commands again, after commands have been added or removed."""
        for selector in self.selectors:
            selector.renew(catalogue)

    # ---- passwords ----

    def accepts(self, password: bytes) -> bool:
        """Returns whether the password is right; the time depends on none of the hashes."""
        import hmac

        hashed = hash_password(password)
        equal = [hmac.compare_digest(hashed, known) for known in self.passwords]
        return self.enabled and (self.nopass or any(equal))

    # ---- descriptions ----

    @property
    def flags(self) -> list[bytes]:
        """The flags in Redis's order."""
        return [
            b"on" if self.enabled else b"off",
            *([b"nopass"] if self.nopass else []),
            b"sanitize-payload" if self.sanitizes else b"skip-sanitize-payload",
        ]

    @property
    def line(self) -> bytes:
        """The user as ACL LIST shows it."""
        return self._line([selector.description for selector in self.selectors])

    @property
    def saved_line(self) -> bytes:
        """The line of an ACL file or of a configuration that defines the user."""
        return self._line([selector.saved_description for selector in self.selectors])

    def _line(self, selectors: list[bytes]) -> bytes:
        passwords = [b"#" + hashed for hashed in self.passwords]
        others = [b"(" + selector + b")" for selector in selectors[1:]]
        return b" ".join([b"user", self.name, *self.flags, *passwords, selectors[0], *others])


_FLAGS: dict[bytes, Callable[[User], None]] = {
    b"on": lambda user: user._set_enabled(True),
    b"off": lambda user: user._set_enabled(False),
    b"sanitize-payload": lambda user: user._set_sanitizes(True),
    b"skip-sanitize-payload": lambda user: user._set_sanitizes(False),
    b"nopass": lambda user: user._set_nopass(True),
    b"resetpass": lambda user: user._set_nopass(False),
    b"clearselectors": lambda user: user._clear_selectors(),
}


def _hash_of(rule: bytes) -> bytes:
    if rule[:1] in (b">", b"<"):
        return hash_password(rule[1:])
    if not is_hash(rule[1:]):
        raise RuleError(BAD_HASH)
    return rule[1:]


def _selector_of(rule: bytes, catalogue: Catalogue, all_channels: bool) -> Selector:
    made = Selector(all_channels)
    try:
        rules = split_words(to_text(_word(rule[1:-1])))
    except Unbalanced:
        # For Redis these are no rules at all.
        rules = []
    for inner in rules:
        made.apply(to_bytes(inner), catalogue)
    return made


def merge_selectors(rules: Sequence[bytes]) -> list[bytes]:
    """Returns the rules with each selector, which may be spread over several words, as one; raises Unmatched."""
    merged: list[bytes] = []
    open_at = -1
    for at, rule in enumerate(rules):
        if open_at >= 0:
            merged[-1] += b" " + _word(rule)
        else:
            merged.append(rule)
        if open_at < 0 and rule[:1] == b"(" and rule[-1:] != b")":
            open_at = at
        elif open_at >= 0 and rule[-1:] == b")":
            open_at = -1
    if open_at >= 0:
        raise Unmatched(open_at)
    return merged


# ---- lines of a configuration ----


class UserLine(Exception):
    """A `user` line of a configuration is not valid; ``str`` is the reason to print."""


def check_line(name: bytes, rules: Sequence[bytes], known: Iterable[bytes]) -> list[bytes]:
    """Returns the merged rules of a `user` line, as far as they can be checked without the commands.

    Raises UserLine. As in Redis, the text names the word of the line at the index of the rule.
    """
    words = [b"user", name, *rules]
    if name in known:
        raise UserLine(_complaint(name, DUPLICATE))
    try:
        merged = merge_selectors(rules)
    except Unmatched as error:
        raise UserLine(_complaint(words[error.at], UNKNOWN)) from None
    fake = User(name)
    for at, rule in enumerate(merged):
        try:
            fake.apply(rule, NoCatalogue())
        except RuleError as error:
            if not error.unknown:
                raise UserLine(_complaint(words[at], str(error))) from None
    return merged


def _complaint(word: bytes, reason: str) -> str:
    return f"Error in user declaration '{to_text(_word(word))}': {reason}"
