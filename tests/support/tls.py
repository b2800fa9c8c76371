"""Certificates made by our own command, servers with a port for TLS, and a client that speaks it."""

import contextlib
import ssl
import subprocess
import sys
from pathlib import Path

from support.client import TIMEOUT, RawClient
from support.paths import server_environment
from support.servers import free_port


class Certificates:
    """The files of ``--make-test-certs``, and what others make of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.exists():
            command = [sys.executable, "-P", "-m", "pyredis", "--make-test-certs", str(folder)]
            subprocess.run(command, env=server_environment(), check=True, capture_output=True)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def directives(self, clients: str = "no") -> list[str]:
        """The server's files as arguments; ``clients`` is the value of ``tls-auth-clients``."""
        return [
            *("--tls-cert-file", self.path("server.crt"), "--tls-key-file", self.path("server.key")),
            *("--tls-ca-cert-file", self.path("ca.crt"), "--tls-auth-clients", clients),
        ]

    def context(self, client: bool = False) -> ssl.SSLContext:
        """A client's context, with a certificate of its own if ``client``."""
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        if client:
            context.load_cert_chain(self.path("client.crt"), self.path("client.key"))
        return context


class TlsClient(RawClient):
    """A raw client over TLS. Raises ssl.SSLError and ConnectionError if the handshake fails."""

    def __init__(
        self,
        address: tuple[str, int],
        context: ssl.SSLContext,
        timeout: float = TIMEOUT,
        session: ssl.SSLSession | None = None,
    ) -> None:
        super().__init__(address, timeout)
        self.plain = self.socket
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.plain.close)
            self.socket = context.wrap_socket(self.socket, server_hostname=address[0], session=session)
            on_failure.pop_all()


def start_with_tls(start, certificates: Certificates, *arguments: str, clients: str = "no", **options):
    """Start a server that listens for TLS too; returns it and the address for TLS."""
    port = free_port()
    server = start("--tls-port", str(port), *certificates.directives(clients), *arguments, **options)
    return server, ("127.0.0.1", port)
