"""Connection methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Record, Text, Value
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import client_facts, killed, ok, pong, text, tracking_facts


class ConnectionMethods(Caller):
    def client_getname(self, **kwargs: Any) -> str | None:
        """Returns this connection's name."""
        return self._call((b"CLIENT", b"GETNAME"), text)

    def client_getredir(self, **kwargs: Any) -> int:
        """Returns the id of the connection that invalidation messages for this one are sent to."""
        return self._call((b"CLIENT", b"GETREDIR"))

    def client_id(self, **kwargs: Any) -> int:
        """Returns this connection's id, which is never reused."""
        return self._call((b"CLIENT", b"ID"))

    def client_info(self, **kwargs: Any) -> Record:
        """Describes the state of this connection in one line."""
        return self._call((b"CLIENT", b"INFO"), client_facts)

    def client_kill(self, address: str, **kwargs: Any) -> bool | int:
        """Closes the connections that match an address or filters."""
        return self._call((b"CLIENT", b"KILL", address), killed)

    def client_no_evict(self, mode: str) -> Text:
        """Exempts this connection from client eviction, or makes it subject to it again."""
        return self._call((b"CLIENT", b"NO-EVICT", mode))

    def client_no_touch(self, mode: str) -> Text:
        """Chooses whether this connection's commands update the access times of keys."""
        return self._call((b"CLIENT", b"NO-TOUCH", mode))

    def client_setinfo(self, attr: str, value: str, **kwargs: Any) -> bool:
        """Records the name or the version of this connection's client library."""
        return self._call((b"CLIENT", b"SETINFO", attr, value), ok)

    def client_setname(self, name: str, **kwargs: Any) -> bool:
        """Gives this connection a name."""
        return self._call((b"CLIENT", b"SETNAME", name), ok)

    def client_trackinginfo(self, **kwargs: Any) -> list[Any]:
        """Describes how the keys that this connection reads are tracked."""
        return self._call((b"CLIENT", b"TRACKINGINFO"), tracking_facts)

    def client_unpause(self, **kwargs: Any) -> Text:
        """Ends the pause of CLIENT PAUSE."""
        return self._call((b"CLIENT", b"UNPAUSE"))

    def echo(self, value: Value, **kwargs: Any) -> Text:
        """Replies with its argument."""
        return self._call((b"ECHO", value))

    def ping(self, **kwargs: Any) -> bool:
        """Replies with PONG, or with its argument if it has one."""
        return self._call((b"PING",), pong)

    def quit(self, **kwargs: Any) -> bool:
        """Makes the server close this connection."""
        return self._call((b"QUIT",), ok)

    def readonly(self, **kwargs: Any) -> bool:
        """Sends READONLY, which this server does not have."""
        return self._call((b"READONLY",), ok)

    def readwrite(self, **kwargs: Any) -> bool:
        """Sends READWRITE, which this server does not have."""
        return self._call((b"READWRITE",), ok)

    def reset(self) -> str:
        """Returns this connection to the state of a new one."""
        return self._call((b"RESET",), text)

    def select(self, index: int, **kwargs: Any) -> bool:
        """Selects the database that this connection's commands use."""
        return self._call((b"SELECT", index), ok)
