"""Users of the servers under test: removing them again, and what of them two versions of Redis must have in common."""

import re
from typing import Any

from support.client import RawClient


def forget_users(client: RawClient) -> None:
    """Leaves only the default user, which may do everything."""
    client.must("ACL", "SETUSER", "default", "reset", "on", "nopass", "+@all", "~*", "&*")
    others = [name for name in client.must("ACL", "USERS") if name != b"default"]
    if others:
        client.must("ACL", "DELUSER", *others)
    client.must("ACL", "LOG", "RESET")


def has_new_rules(client: RawClient) -> bool:
    """Whether the server describes commands by the rules that were given, as Redis does since 7.2."""
    version = re.search(rb"redis_version:(\d+)\.(\d+)", client.must("INFO", "server"))
    assert version is not None
    return tuple(map(int, version.groups())) >= (7, 2)


def facts(client: RawClient, name: str | bytes) -> Any:
    """The reply to ACL GETUSER as a dict, without what Redis 7.0 shows in another way: how commands are described, and
    the flag of sanitizing."""
    user = _fields(client.must("ACL", "GETUSER", name))
    flags = [flag for flag in user[b"flags"] if b"sanitize" not in flag]
    selectors = [_without_commands(_fields(selector)) for selector in user[b"selectors"]]
    return {**_without_commands(user), b"flags": sorted(flags), b"selectors": selectors}


def _fields(reply: Any) -> dict[bytes, Any]:
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))


def _without_commands(fields: dict[bytes, Any]) -> dict[bytes, Any]:
    return {name: value for name, value in fields.items() if name != b"commands"}
