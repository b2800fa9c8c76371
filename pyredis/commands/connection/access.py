"""Who a client is, and what that allows it: passwords, and commands for local clients alone.

There is one user, ``default``. Without ``requirepass`` any password is right for it.
"""

from collections.abc import Callable
from typing import Any

from pyredis.call.handlers import CommandError
from pyredis.config.syntax import to_bytes
from pyredis.ground.addresses import is_local

WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled."


def authenticate(client, user: bytes, password: bytes) -> None:
    """Lets the client in, or raises WRONGPASS."""
    if not _is_right(client.host.config["requirepass"], user, password):
        raise CommandError(WRONG_PASSWORD)
    client.authenticated = True


def _is_right(wanted: str, user: bytes, password: bytes) -> bool:
    """Takes the same time wherever the passwords differ."""
    if not wanted:
        return user == b"default"
    # Imported late: OpenSSL comes with them.
    import hmac
    from hashlib import sha256

    equal = hmac.compare_digest(sha256(to_bytes(wanted)).digest(), sha256(password).digest())
    return user == b"default" and equal


def guarded(directive: str, refusal: str) -> Callable[[Any], Any]:
    """A handler for those alone whom ``directive`` lets through: dispatch asks ``handler.admit`` first."""

    def guard(handler: Any) -> Any:
        def admit(client):
            if not allowed(client, directive):
                raise CommandError(refusal)

        handler.admit = admit
        return handler

    return guard


def allowed(client, directive: str) -> bool:
    """Whether a directive of the values ``no``, ``local`` and ``yes`` lets the client through."""
    setting = client.host.config[directive]
    return setting == "yes" or (setting == "local" and is_local(client))
