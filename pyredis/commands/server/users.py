"""The users of a server: defining and deleting them, authentication, and what follows for connected clients.

There is always a user ``default``, whose clients are those that have not authenticated as another. A change is all or
nothing, and clients have the new rights with their next command. The rights are compiled into ``call/permissions``
only for users other than the unrestricted default one, so that a server that defines no users imports no command table.

The file of ``aclfile`` has one line for each user, as ACL LIST shows it. It is read as a whole before anything changes,
and written as a whole: beside the old file, synced and renamed.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pyredis.call.handlers import CommandError
from pyredis.call.permissions import Permissions, restrict_default_user
from pyredis.commands.server.acl_file import UsersError, read_users
from pyredis.commands.server.acl_log import AclLog
from pyredis.config.syntax import to_bytes, to_text
from pyredis.config.user_rules import RuleError, Selector, User, has_spaces, merge_selectors
from pyredis.ground.glob import matches

DEFAULT = b"default"
WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled."
BOTH = (
    "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This "
    "setup is very likely to lead to configuration errors and security holes, please define either an ACL file or "
    "declare users directly in your redis.conf, but not both."
)
FIRST_ARGUMENT = (
    "Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get disabled "
    "in the future (offender: +{})"
)


class Commands:
    """The commands of one server, for the rules of users."""

    def __init__(self, added: dict[str, Any], warn: Callable[[str], None]) -> None:
        from pyredis.commands.table.command_table import SPECS  # not needed to start

        self._specs = {**SPECS, **added}
        self._warn = warn

    def find(self, name: str) -> Any:
        spec = self._specs.get(name)
        if spec is not None or "|" not in name:
            return spec
        parent = self._specs.get(name.partition("|")[0])
        return parent.subcommands.get(name) if parent is not None else None

    def in_category(self, name: str) -> list[Any] | None:
        from pyredis.commands.table.spec import CATEGORIES

        if name not in CATEGORIES:
            return None
        return [spec for spec in self._every() if f"@{name}" in spec.acl]

    def on_first_argument(self, rule: str) -> None:
        self._warn(FIRST_ARGUMENT.format(rule))

    def _every(self) -> Iterable[Any]:
        for spec in self._specs.values():
            yield spec
            yield from spec.subcommands.values()


class Users:
    """All users of one server, by name. ``log`` is what ACL LOG shows."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._users: dict[bytes, User] = {DEFAULT: User.default()}
        self._permissions: dict[bytes, Permissions] = {}
        self.log = AclLog(server.config["acllog-max-len"])

    # ---- reading ----

    def __contains__(self, name: bytes) -> bool:
        return name in self._users

    def get(self, name: bytes) -> User | None:
        return self._users.get(name)

    @property
    def names(self) -> list[bytes]:
        return sorted(self._users)

    @property
    def lines(self) -> list[bytes]:
        """All users as ACL LIST shows them, in the order of their names."""
        return [self._users[name].line for name in self.names]

    @property
    def saved_lines(self) -> list[bytes]:
        """The lines that define all users."""
        return [self._users[name].saved_line for name in self.names]

    @property
    def needs_no_password(self) -> bool:
        """Whether the default user accepts any password."""
        return self._users[DEFAULT].nopass

    @property
    def admits_everyone(self) -> bool:
        """Whether a new client is the default user without authenticating."""
        return self.needs_no_password and self._users[DEFAULT].enabled

    def permissions(self, name: bytes) -> Permissions:
        """Returns the compiled rights of a user."""
        made = self._permissions.get(name)
        if made is None:
            made = self._permissions[name] = Permissions(name)
            made.define([self._compiled(selector) for selector in self._users[name].selectors])
        return made

    def _compiled(self, selector: Selector) -> tuple[Any, ...]:
        allowed = bytearray((len(self._server.core.specs) + 7) // 8)
        first = []
        for index, spec in enumerate(self._server.core.specs):
            if selector.allows(spec.name):
                allowed[index >> 3] |= 1 << (index & 7)
            first += [(index, word) for word in selector.first_arguments.get(spec.name, ())]
        return (
            *(selector.all_commands, selector.all_keys, selector.all_channels),
            *(bytes(allowed), list(selector.keys.items()), list(selector.channels), first),
        )

    def configuration_lines(self) -> list[str]:
        """Returns the `user` lines for CONFIG REWRITE: none if a file has the users."""
        return [] if self._server.config["aclfile"] else [to_text(line) for line in self.saved_lines]

    # ---- authentication ----

    def authenticate(self, client: Any, name: bytes, password: bytes, command: bytes) -> None:
        """Makes the client the user's, or raises WRONGPASS. ``command`` is the word that ACL LOG shows."""
        user = self._users.get(name)
        # A user that does not exist takes as long as one that does.
        right = (user or User(name)).accepts(password)
        if user is None or not right:
            where = "multi" if client.queued >= 0 else "toplevel"
            self.note_denial(client, "auth", where, command, name)
            raise CommandError(WRONG_PASSWORD)
        self._log_in(client, name)

    def _log_in(self, client: Any, name: bytes) -> None:
        client.log_in(self.permissions(name) if name != DEFAULT else None)

    def welcome(self, client: Any) -> None:
        """Makes a client what a new one is: the default user's, authenticated unless that needs a password."""
        client.log_out()
        client.authenticated = self.admits_everyone

    def note_denial(self, client: Any, reason: str, context: str, about: bytes, name: bytes) -> None:
        """Counts what was refused to a client, and enters it in the log."""
        from pyredis.commands.connection.client_command import describe

        info = describe(client).rstrip(b"\n") if client is not None else b""
        self.log.add(reason, context, about, name, info, self._server.core.now_ms)

    # ---- changing ----

    @property
    def _all_channels(self) -> bool:
        return bool(self._server.config["acl-pubsub-default"] == "allchannels")

    def _commands(self) -> Commands:
        return Commands(self._server.core.added_specs, self._server.log.warning)

    def change(self, name: bytes, rules: Iterable[bytes]) -> None:
        """Applies rules to a user, which is created if there is none; all of them or, if it raises, none.

        Raises RuleError, whose text then names the rule, and Unmatched.
        """
        before = self._users.get(name)
        changed = before.copy() if before is not None else User(name, self._all_channels)
        commands = self._commands()
        for rule in merge_selectors(list(rules)):
            try:
                changed.apply(rule, commands, self._all_channels)
            except RuleError as error:
                shown = to_text(rule.split(b"\0", 1)[0])
                raise RuleError(f"Error in ACL SETUSER modifier '{shown}': {error}") from None
        if before is not None:
            self._close_subscribers(before, changed)
        self._put(changed)

    def delete(self, name: bytes) -> bool:
        """Deletes a user and closes its clients; returns whether there was one."""
        if self._users.pop(name, None) is None:
            return False
        permissions = self._permissions.pop(name, None)
        if permissions is None:
            return True
        for client in self._clients():
            if client.belongs_to(permissions):
                self._expel(client)
        permissions.retire()
        return True

    def set_password(self, password: str) -> None:
        """Applies ``requirepass``: makes it the only password of the default user; "" makes any password right."""
        self._users[DEFAULT].set_password(to_bytes(password) if password else None)
        self._on_default()

    def renew(self) -> None:
        """Applies all rules again after the program has added or removed a command."""
        if not self._permissions:
            return
        commands = self._commands()
        for user in self._users.values():
            user.renew(commands)
            self._put(user)

    def _put(self, user: User) -> None:
        """Makes this the user of its name, for connected clients too."""
        self._users[user.name] = user
        if user.name in self._permissions:
            self._permissions[user.name].define([self._compiled(selector) for selector in user.selectors])
        if user.name == DEFAULT:
            self._on_default()

    def _on_default(self) -> None:
        """Applies a change of the default user to the clients that have not authenticated as another."""
        root = self._users[DEFAULT].root
        if DEFAULT not in self._permissions and root.all_commands and root.all_keys and root.all_channels:
            restrict_default_user(self._server.core, None)
        else:
            permissions = self.permissions(DEFAULT)
            restrict_default_user(self._server.core, None if permissions.unrestricted else permissions)
        for client in self._clients():
            client.require_password(not self.admits_everyone)

    # ---- connected clients ----

    def _clients(self) -> list[Any]:
        hub = self._server.hub
        return list(hub.clients.values()) if hub is not None else []

    def _expel(self, client: Any) -> None:
        """Closes a client that may not go on; if it is the one that causes this, after the reply."""
        client.log_out()
        client.require_password(not self.admits_everyone)
        client.close(after_reply=client is self._server.core.current_client)

    def _close_subscribers(self, before: User, after: User) -> None:
        """Closes those clients of a user that are subscribed to what it may not receive any more."""
        channels = _withdrawn(before, after)
        if channels is None:
            return
        for client in self._clients():
            if client.user_name == before.name and not _may_receive(client, channels):
                self._expel(client)

    # ---- configuration and file ----

    def load_configured(self) -> None:
        """Loads the users of the configuration, or those of the file, at the start. Raises UsersError."""
        config = self._server.config
        if config["requirepass"]:
            self.set_password(config["requirepass"])
        if config["aclfile"] and config.users:
            raise UsersError(BOTH)
        for name, rules in config.users.items():
            self._load_line(name, rules)
        if config["aclfile"]:
            try:
                self.load_file()
            except UsersError as error:
                raise UsersError(f"Aborting Redis startup because of ACL errors: {error}") from None

    def _load_line(self, name: bytes, rules: list[bytes]) -> None:
        if has_spaces(name):
            raise UsersError("Spaces not allowed in ACL usernames")
        user, commands = User(name, self._all_channels), self._commands()
        for rule in rules:
            try:
                user.apply(rule, commands, self._all_channels)
            except RuleError as error:
                raise UsersError(
                    f"Error loading ACL rule '{to_text(rule)}' for the user named '{to_text(name)}': {error}"
                ) from None
        self._put(user)
        if not user.enabled:
            self._server.log.notice(
                f"The user '{to_text(name)}' is disabled (there is no 'on' modifier in the user description). Make "
                "sure this is not a configuration error."
            )

    @property
    def path(self) -> str:
        return str(self._server.config.path_below(self._server.config["aclfile"]))

    def load_file(self) -> None:
        """Replaces all users by those of the file. Raises UsersError, and then nothing has changed."""
        found = read_users(self.path, self._server.config["aclfile"], self._commands(), self._all_channels)
        found.setdefault(DEFAULT, User.default())
        for name, user in found.items():
            before = self._users.get(name)
            if before is not None:
                self._close_subscribers(before, user)
            self._put(user)
        for name in set(self._users).difference(found):
            self.delete(name)

    def save_file(self) -> None:
        """Writes all users to the file. Raises OSError, and then the file is unchanged."""
        from pyredis.config.rewrite import replace_file

        replace_file(self.path, b"".join(line + b"\n" for line in self.saved_lines))


def _withdrawn(before: User, after: User) -> list[bytes] | None:
    """Returns all channel patterns of ``after`` if it may receive less than ``before``; None if it may not."""
    if any(selector.all_channels for selector in after.selectors):
        return None
    channels = [pattern for selector in after.selectors for pattern in selector.channels]
    for selector in before.selectors:
        if selector.all_channels or any(pattern not in channels for pattern in selector.channels):
            return channels
    return None


def _may_receive(client: Any, channels: list[bytes]) -> bool:
    """Returns whether all that the client is subscribed to is among the channels."""
    for kind, name in client.subscriptions:
        if kind == "pattern" and name not in channels:
            return False
        if kind != "pattern" and not any(matches(pattern, name) for pattern in channels):
            return False
    return True
