"""The rules for clients: which are accepted, which are closed, and when."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyredis.ground.addresses import is_local
from pyredis.host import listeners

if TYPE_CHECKING:
    from pyredis.persistence.server_parts import ServerParts

# Unread replies at which a client that has not authenticated is closed, in bytes; the socket's buffer is not counted.
UNAUTHENTICATED_OUTPUT = 1024
# How long further attempts are not logged.
ATTACK_SECONDS = 60
# The least that maxmemory-clients means, in bytes, so that the server can still be talked to.
LEAST_FOR_CLIENTS = 128 << 10
REFUSED_FULL = b"-ERR max number of clients reached\r\n"
REFUSED_PROTECTED = (
    b"-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
    b"default user. In this mode connections are only accepted from the loopback interface. If you want to connect "
    b"from external computers to Redis you may adopt one of the following solutions: "
    b"1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface "
    b"by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly "
    b"accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. "
    b"2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting "
    b"the protected mode option to 'no', and then restarting the server. "
    b"3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. "
    b"4) Set up an authentication password for the default user. "
    b"NOTE: You only need to do one of the above things in order for the server to start accepting connections from "
    b"the outside.\r\n"
)


class ClientRules:
    """``maxclients``, protected mode, keep-alive, ``timeout`` and the limits of output buffers."""

    def __init__(self, server: "ServerParts") -> None:
        self.server = server
        self.rejected = 0
        self.output_limited = 0
        self._over_soft: dict[int, float] = {}
        self._limits_changed = False
        self._quiet_until = 0.0

    def accept(self, connection: Any) -> bytes | None:
        """Returns None to accept a connection, or the error to send before it is closed."""
        config = self.server.config
        if len(self.server.clients) >= config["maxclients"]:
            self.rejected += 1
            return REFUSED_FULL
        # Over TLS the reason can only be sent after the handshake.
        refusal = None if connection.is_encrypted else self.protect(connection)
        if refusal is not None:
            return refusal
        self.server.users.welcome(connection)
        if config["tcp-keepalive"] and not connection.is_unix:
            listeners.keep_alive(connection.transport.get_extra_info("socket"), config["tcp-keepalive"])
        return None

    def protect(self, connection: Any) -> bytes | None:
        """Returns what protected mode sends to a client before it is closed, or None to serve it."""
        protected = self.server.config["protected-mode"] and self.server.users.needs_no_password
        if protected and not is_local(connection):
            self.rejected += 1
            return REFUSED_PROTECTED
        return None

    # ---- CONFIG SET, for connected clients ----

    def follow_directives(self) -> None:
        self.server.config.on_change("tcp-keepalive", self._on_keep_alive)
        self.server.config.on_change("client-output-buffer-limit", self._on_output_limits)
        for name in ("maxmemory-clients", "maxmemory"):
            self.server.config.on_change(name, self._on_client_limit)

    def _connected(self) -> Iterable[Any]:
        return list(self.server.hub.clients.values()) if self.server.hub is not None else ()

    def _on_keep_alive(self, interval: int) -> None:
        for connection in self._connected():
            if connection.transport is not None and not connection.is_unix:
                listeners.keep_alive(connection.transport.get_extra_info("socket"), interval)

    def _on_output_limits(self, _: object) -> None:
        """Finds a client above the new limits within a second, even if it is sent nothing more."""
        self._limits_changed = True

    def describe(self, connection: Any) -> str:
        """Returns the client's line of CLIENT LIST."""
        from pyredis.commands.connection.client_command import describe

        return describe(connection).decode("utf-8", "surrogateescape").rstrip("\n")

    def on_query_limit(self, connection: Any) -> None:
        """Logs that a client is closed for too much input, and the beginning of that."""
        from pyredis.config.syntax import quote, to_text

        hidden = self.server.config["hide-user-data-from-log"]
        beginning = "*redacted*" if hidden else quote(to_text(connection.input_beginning))
        self.server.log.warning(
            f"Closing client that reached max query buffer length: {self.describe(connection)} "
            f"(qbuf initial bytes: {beginning})"
        )

    def on_foreign_protocol(self, connection: Any) -> None:
        """Logs that dispatch has closed a client that spoke HTTP; once a minute, because a page may try repeatedly."""
        if time.monotonic() < self._quiet_until:
            return
        self._quiet_until = time.monotonic() + ATTACK_SECONDS
        self.server.log.warning(
            "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. "
            "This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis "
            f"instance. Connection from {connection.address} aborted."
        )

    # ---- the memory of all clients ----

    def _on_client_limit(self, _: object) -> None:
        if self.server.hub is not None:
            self.limit_clients()

    def limit_clients(self) -> None:
        """Passes ``maxmemory-clients`` to the hub."""
        assert self.server.hub is not None
        self.server.hub.limit_clients(self._client_limit())

    def _client_limit(self) -> int:
        """Returns the limit in bytes, 0 for none. A percentage of ``maxmemory`` is no limit without that."""
        limit, memory = self.server.config["maxmemory-clients"], self.server.config["maxmemory"]
        if limit == 0 or (limit < 0 and memory == 0):
            return 0
        return max(memory * -limit // 100 if limit < 0 else limit, LEAST_FOR_CLIENTS)

    def on_client_evicted(self, connection: Any) -> None:
        self.server.log.notice(f"Evicting client: {self.describe(connection)}")

    # ---- output ----

    def exceeds_output_limit(self, connection: Any, size: int) -> bool:
        """Whether a client with ``size`` unsent bytes must be closed: by the limits of its class, or because it has not
        authenticated and does not read."""
        if size > UNAUTHENTICATED_OUTPUT and connection.must_authenticate:
            self._note_output(connection)
            return True
        limit = self.server.config["client-output-buffer-limit"][connection.output_class]
        if limit.hard and size > limit.hard:
            self._note_output(connection)
            return True
        if not limit.soft or size <= limit.soft:
            self._over_soft.pop(connection.id, None)
            return False
        since = self._over_soft.setdefault(connection.id, time.monotonic())
        if time.monotonic() - since < limit.seconds:
            return False
        self._note_output(connection)
        return True

    def _note_output(self, connection: Any) -> None:
        self.output_limited += 1
        self._over_soft.pop(connection.id, None)
        self.server.log.warning(f"Client {self.describe(connection)} closed for overcoming of output buffer limits.")

    # ---- time ----

    def every_second(self) -> None:
        """Closes clients that have been idle, or above the soft limit, for too long."""
        suspects = self.server.clients if self._limits_changed else self._over_soft
        self._limits_changed = False
        for identity in list(suspects):
            client = self.server.clients.get(identity)
            if client is None:
                self._over_soft.pop(identity, None)
            elif self.exceeds_output_limit(client, client.output_memory):
                client.close()
        idle = self.server.config["timeout"]
        if not idle:
            return
        oldest = self.server.core.now_ms - idle * 1000
        for client in list(self.server.clients.values()):
            if client.active_ms < oldest and not client.blocked and client.output_class == "normal":
                self.server.log.verbose(f"Closing idle client {self.describe(client)}")
                client.close()
