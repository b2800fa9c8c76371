"""ACL: users and their rights. ``commands/server/users`` does the work."""

import secrets
from typing import Any

from pyredis.call.handlers import CommandError
from pyredis.call.permissions import dry_run
from pyredis.commands.help import help_lines
from pyredis.commands.parse import integer, shown, word, wrong_subcommand
from pyredis.commands.server.acl_file import UsersError
from pyredis.commands.server.users import DEFAULT, Commands
from pyredis.config.user_rules import RuleError, Selector, Unmatched, has_spaces
from pyredis.replies import OK, Set

MOST_BITS = 4096
BAD_BITS = (
    f"ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to {MOST_BITS}"
)
NO_FILE = (
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
    "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
    "users in the Redis configuration."
)
NOT_SAVED = "ERR There was an error trying to save the ACLs. Please check the server logs for more information"


# ---- users ----


def acl_setuser(client, args):
    if has_spaces(args[2]):
        raise CommandError("ERR Usernames can't contain spaces or null characters")
    try:
        client.host.users.change(args[2], args[3:])
    except RuleError as error:
        raise CommandError(f"ERR {error}") from None
    except Unmatched as error:
        raise CommandError(
            f"ERR Unmatched parenthesis in acl selector starting at '{shown(args[3 + error.at])}'."
        ) from None
    return OK


def acl_deluser(client, args):
    names = args[2:]
    if any(name.split(b"\0", 1)[0] == DEFAULT for name in names):
        raise CommandError("ERR The 'default' user cannot be removed")
    return sum(client.host.users.delete(name) for name in names)


def acl_getuser(client, args):
    user = client.host.users.get(args[2])
    if user is None:
        return None
    return {
        b"flags": Set(user.flags),
        b"passwords": user.passwords,
        **_describe(user.root),
        b"selectors": [_describe(selector) for selector in user.selectors[1:]],
    }


def _describe(selector: Selector) -> dict[bytes, Any]:
    return {
        b"commands": selector.commands_text,
        b"keys": selector.keys_text,
        b"channels": selector.channels_text,
    }


def acl_list(client, args):
    return client.host.users.lines


def acl_users(client, args):
    return client.host.users.names


def acl_whoami(client, args):
    return client.user_name


def acl_dryrun(client, args):
    users = client.host.users
    if args[2] not in users:
        raise CommandError(f"ERR User '{shown(args[2])}' not found")
    reason = dry_run(client.core, users.permissions(args[2]), args[3:])
    return OK if reason is None else reason


# ---- the file ----


def acl_load(client, args):
    _need_file(client)
    try:
        client.host.users.load_file()
    except UsersError as error:
        raise CommandError(f"ERR {error}") from None
    return OK


def acl_save(client, args):
    _need_file(client)
    try:
        client.host.users.save_file()
    except OSError as error:
        client.host.log.warning(f"Writing ACL file for ACL SAVE: {error.strerror}")
        raise CommandError(NOT_SAVED) from None
    return OK


def _need_file(client) -> None:
    if not client.host.config["aclfile"]:
        raise CommandError(NO_FILE)


# ---- others ----


def acl_cat(client, args):
    from pyredis.commands.table.spec import CATEGORIES

    if len(args) > 3:
        raise wrong_subcommand(args)
    if len(args) == 2:
        return [category.encode() for category in CATEGORIES]
    commands = Commands(client.core.added_specs, client.host.log.warning)
    members = commands.in_category(word(args[2].split(b"\0", 1)[0]))
    if members is None:
        raise CommandError(f"ERR Unknown category '{shown(args[2])[:128]}'")
    return [spec.name.encode() for spec in members]


def acl_genpass(client, args):
    if len(args) > 3:
        raise wrong_subcommand(args)
    bits = integer(args[2]) if len(args) == 3 else 256
    if not 0 < bits <= MOST_BITS:
        raise CommandError(BAD_BITS)
    digits = (bits + 3) // 4
    return secrets.token_hex((digits + 1) // 2)[:digits].encode()


def acl_log(client, args):
    log = client.host.users.log
    if len(args) > 3:
        raise wrong_subcommand(args)
    if len(args) == 3 and word(args[2]) == "reset":
        log.clear()
        return OK
    count = max(integer(args[2]), 0) if len(args) == 3 else 10
    return [entry.describe(client.core.now_ms) for entry in list(log.entries)[:count]]


HANDLERS = {
    "acl_cat": acl_cat,
    "acl_deluser": acl_deluser,
    "acl_dryrun": acl_dryrun,
    "acl_genpass": acl_genpass,
    "acl_getuser": acl_getuser,
    "acl_help": lambda client, args: help_lines("acl", args[0]),
    "acl_list": acl_list,
    "acl_load": acl_load,
    "acl_log": acl_log,
    "acl_save": acl_save,
    "acl_setuser": acl_setuser,
    "acl_users": acl_users,
    "acl_whoami": acl_whoami,
}
