"""TLS as the directives want it: OpenSSL's context, the encryption of new connections, and what is logged of failures.

It exists once ``tls-port`` is set, and only then is the native code of TLS imported and OpenSSL loaded. The files are
read at the start, and again after CONFIG SET of any of the directives; if that fails, the log says why, CONFIG SET is
refused, and the former context stays in use.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyredis.host.listeners import Listeners
from pyredis.tls.openssl import OpenSSLUnavailable
from pyredis.tls.tls_context import PROTOCOLS, TlsContext, TlsError
from pyredis.tls.tls_settings import TlsSettings
from pyredis.tls.tls_stream import TlsBuffers, TlsStream

if TYPE_CHECKING:
    from pyredis.config import Config
    from pyredis.persistence.server_parts import ServerParts

DEFAULT_PROTOCOLS = frozenset({"TLSv1.2", "TLSv1.3"})
# How many failed handshakes are logged in a second, one line for each.
LOGGED = 10
# A client that has not completed its handshake after this many seconds is closed.
HANDSHAKE_SECONDS = 60
# How often such clients are looked for, in seconds: all clients are looked at.
LOOK_SECONDS = 10


def settings_of(config: "Config") -> TlsSettings:
    """Returns the settings in the directives. Raises TlsError if they cannot be complete."""
    if not config["tls-cert-file"]:
        raise TlsError("No tls-cert-file configured!")
    if not config["tls-key-file"]:
        raise TlsError("No tls-key-file configured!")
    if config["tls-auth-clients"] != "no" and not (config["tls-ca-cert-file"] or config["tls-ca-cert-dir"]):
        raise TlsError(
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or "
            "tls-auth-clients are enabled!"
        )

    def path(name: str) -> str:
        return config[name] and config.path_below(config[name])

    secret = config["tls-key-file-pass"]
    return TlsSettings(
        cert_file=path("tls-cert-file"),
        key_file=path("tls-key-file"),
        key_file_pass=secret.encode("utf-8", "surrogateescape") if secret else None,
        ca_cert_file=path("tls-ca-cert-file"),
        ca_cert_dir=path("tls-ca-cert-dir"),
        dh_params_file=path("tls-dh-params-file"),
        protocols=protocols_of(config["tls-protocols"]),
        ciphers=config["tls-ciphers"],
        ciphersuites=config["tls-ciphersuites"],
        prefer_server_ciphers=config["tls-prefer-server-ciphers"],
        session_caching=config["tls-session-caching"],
        session_cache_size=config["tls-session-cache-size"],
        session_cache_timeout=config["tls-session-cache-timeout"],
    )


def protocols_of(text: str) -> frozenset[str]:
    """Returns the versions that a value of ``tls-protocols`` names, in any case. Raises TlsError."""
    if not text:
        return DEFAULT_PROTOCOLS
    names = {name.lower(): name for name in PROTOCOLS}
    chosen = [names.get(word.lower(), "") for word in text.split(" ")]
    if not all(chosen):
        raise TlsError(
            "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'."
        )
    return frozenset(chosen)


class TlsPort:
    """The TLS of one server. Raises TlsError if the files or the other settings cannot be used."""

    def __init__(self, server: "ServerParts", connect: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._connect = connect
        self._loop = loop
        self.listeners = Listeners(loop, self._connect_encrypted, server.config["tcp-backlog"], server.log.warning)
        self._buffers = TlsBuffers()
        self._begun = 0
        self._turn_due = False
        self._queue: deque[Any] = deque()
        self._follow("tls-auth-clients", self._set_clients)
        self._follow("max-new-tls-connections-per-cycle", self._set_most)
        self._failures = 0
        self._seconds = 0
        self.configure()

    def _follow(self, name: str, hook: Callable[[Any], None]) -> None:
        """Passes a directive on, now and after CONFIG SET: new connections do not have to look for it."""
        hook(self._server.config[name])
        self._server.config.on_change(name, hook)

    def _set_clients(self, clients: str) -> None:
        self._clients = clients

    def _set_most(self, handshakes: int) -> None:
        self._most = handshakes

    def configure(self) -> None:
        """Makes a context from the directives, for connections from now on."""
        try:
            self._context = TlsContext(settings_of(self._server.config))
        except OpenSSLUnavailable as error:
            raise TlsError(str(error)) from error

    def _connect_encrypted(self) -> Any:
        connection = self._connect()
        connection.encrypt(TlsStream(self._context, self._buffers, self._clients))
        return connection

    # ---- handshakes ----

    def begin_handshake(self, connection: Any) -> bool:
        """Returns whether the connection may begin its handshake now. Otherwise it is resumed when it may.

        A handshake takes as long as hundreds of commands, so an iteration of the loop begins only
        ``max-new-tls-connections-per-cycle`` of them.
        """
        if self._begun >= self._most:
            self._queue.append(connection)
            return False
        self._begun += 1
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._next_turn)
        return True

    def _next_turn(self) -> None:
        self._turn_due = False
        self._begun = 0
        while self._queue and self._begun < self._most:
            self._queue.popleft().resume()

    def on_failure(self, connection: Any, reason: str) -> None:
        self._failures += 1
        if self._failures <= LOGGED:
            self._server.log.warning(
                f"Error accepting a client connection: {reason} "
                f"(addr={connection.address} laddr={connection.local_address})"
            )

    def every_second(self) -> None:
        """Reports how many failures were not logged, and looks for handshakes that take too long."""
        if self._failures > LOGGED:
            self._server.log.warning(f"{self._failures - LOGGED} more TLS handshakes failed within a second")
        self._failures = 0
        self._seconds += 1
        if self._seconds % LOOK_SECONDS == 0:
            self.close_slow(self._server.core.now_ms - HANDSHAKE_SECONDS * 1000)

    def close_slow(self, oldest_ms: int) -> None:
        """Closes clients that connected before this Unix time and have not completed their handshake."""
        for client in list(self._server.clients.values()):
            if client.is_shaking_hands and client.created_ms < oldest_ms:
                self.on_failure(client, "the handshake has timed out")
                client.close()
