"""Reading the file of ``aclfile``: one user in each line, no comments; empty lines are ignored.

    user default on nopass sanitize-payload ~* &* +@all
    user worker on sanitize-payload #30c9… ~jobs:* resetchannels -@all +@list

All errors of the file are reported together, in the words of Redis, and then no user of it is used.
"""

from pyredis.config.syntax import to_text
from pyredis.config.user_rules import Catalogue, RuleError, Unmatched, User, has_spaces, merge_selectors

UNCHANGED = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"


class UsersError(Exception):
    """The users of a configuration or a file are not valid; ``str`` says why."""


def read_users(path: str, name: str, commands: Catalogue, all_channels: bool) -> dict[bytes, User]:
    """Returns the users of the file by name. ``name`` is the file's as errors show it. Raises UsersError."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise UsersError(f"Error loading ACLs, opening file '{name}': {error.strerror}") from None
    reader = _Reader(name, commands, all_channels)
    for number, line in enumerate(text.split(b"\n"), 1):
        reader.read_line(number, line.strip(b" \t\r\n"))
    if reader.errors:
        raise UsersError("".join(reader.errors) + UNCHANGED)
    return reader.users


class _Reader:
    """The users read so far, and the errors."""

    def __init__(self, name: str, commands: Catalogue, all_channels: bool) -> None:
        self.name = name
        self.commands = commands
        self.all_channels = all_channels
        self.users: dict[bytes, User] = {}
        self.errors: list[str] = []

    def read_line(self, number: int, line: bytes) -> None:
        if not line:
            return
        where = f"{self.name}:{number}"
        words = line.split(b" ")
        if words[0] != b"user" or len(words) < 2:
            self.errors.append(f"{where} should start with user keyword followed by the username. ")
        elif has_spaces(words[1]):
            self.errors.append(f"'{where}: username '{to_text(words[1])}' contains invalid characters. ")
        elif words[1] in self.users:
            self.errors.append(f"WARNING: Duplicate user '{to_text(words[1])}' found on line {number}. ")
        else:
            self.read_user(where, words[1], words[2:])

    def read_user(self, where: str, name: bytes, rules: list[bytes]) -> None:
        user = self.users[name] = User(name, self.all_channels)
        try:
            merged = merge_selectors(rules)
        except Unmatched:
            self.errors.append(f"{where}: Unmatched parenthesis in selector definition.")
            return
        reported = False
        for rule in merged:
            rule = rule.strip(b"\t\r\n")
            try:
                user.apply(rule, self.commands, self.all_channels)
            except RuleError as error:
                # The rule itself is shown only if it names a command, because others may hold a password.
                if error.unknown:
                    self.errors.append(f"{where}: Error in applying operation '{to_text(rule)}': {error}. ")
                elif not reported:
                    self.errors.append(f"{where}: {error}. ")
                    reported = True
