"""Authentication and permissions of clients: passwords, and commands that only local clients may call.

There is one user, ``default``. Without ``requirepass`` it accepts any password.
"""

from collections.abc import Callable
from typing import Any

from pyredis.call.handlers import CommandError
from pyredis.config.syntax import to_bytes
from pyredis.ground.addresses import is_local

WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled."


def authenticate(client, user: bytes, password: bytes) -> None:
    """Authenticates the client, or raises WRONGPASS."""
    if not _is_right(client.host.config["requirepass"], user, password):
        client.host.rules.denied += 1
        raise CommandError(WRONG_PASSWORD)
    client.authenticated = True


def _is_right(wanted: str, user: bytes, password: bytes) -> bool:
    """Returns whether user and password are right; the time does not depend on where the passwords differ."""
    if not wanted:
        return user == b"default"
    # Imported late because they load OpenSSL.
    import hmac
    from hashlib import sha256

    equal = hmac.compare_digest(sha256(to_bytes(wanted)).digest(), sha256(password).digest())
    return user == b"default" and equal


def guarded(directive: str, refusal: str) -> Callable[[Any], Any]:
    """Restricts a handler to the clients that ``directive`` allows: dispatch calls ``handler.admit`` first."""

    def guard(handler: Any) -> Any:
        def admit(client):
            if not allowed(client, directive):
                raise CommandError(refusal)

        handler.admit = admit
        return handler

    return guard


def allowed(client, directive: str) -> bool:
    """Returns whether a directive with the values ``no``, ``local`` and ``yes`` allows the client."""
    setting = client.host.config[directive]
    return setting == "yes" or (setting == "local" and is_local(client))
