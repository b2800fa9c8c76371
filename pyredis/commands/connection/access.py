"""Commands that only some clients may call, as directives such as ``enable-debug-command`` say."""

from collections.abc import Callable
from typing import Any

from pyredis.call.handlers import CommandError
from pyredis.ground.addresses import is_local


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
