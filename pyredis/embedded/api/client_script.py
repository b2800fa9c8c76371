"""Scripts that are run by their hash, and loaded when the server does not know them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyredis.embedded.api.client_errors import find


class _Script:
    """A script and its hash."""

    def __init__(self, registered_client: Any, script: bytes | str) -> None:
        self.registered_client = registered_client
        self.script = script
        import hashlib

        encoded = registered_client.get_encoder().encode(script)
        self.sha = hashlib.sha1(encoded, usedforsecurity=False).hexdigest()

    def _note(self, client: Any) -> None:
        """Adds the script to those that a pipeline loads before it runs."""
        scripts = getattr(client, "scripts", None)
        if isinstance(scripts, set):
            scripts.add(self)


class Script(_Script):
    """A script of a synchronous database or a pipeline."""

    def __call__(self, keys: Sequence[Any] | None = None, args: Sequence[Any] | None = None, client: Any = None) -> Any:
        """Runs the script, by default on the database that it was registered with."""
        keys = keys or ()
        client = self.registered_client if client is None else client
        words = (*keys, *(args or ()))
        self._note(client)
        try:
            return client.evalsha(self.sha, len(keys), *words)
        except find("NoScriptError"):
            self.sha = client.script_load(self.script)
            return client.evalsha(self.sha, len(keys), *words)


class AsyncScript(_Script):
    """A script of an asynchronous database or its pipeline."""

    async def __call__(
        self, keys: Sequence[Any] | None = None, args: Sequence[Any] | None = None, client: Any = None
    ) -> Any:
        """Runs the script, by default on the database that it was registered with."""
        keys = keys or ()
        client = self.registered_client if client is None else client
        words = (*keys, *(args or ()))
        self._note(client)
        try:
            return await client.evalsha(self.sha, len(keys), *words)
        except find("NoScriptError"):
            self.sha = await client.script_load(self.script)
            return await client.evalsha(self.sha, len(keys), *words)
