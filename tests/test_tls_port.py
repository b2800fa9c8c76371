"""The port for TLS by itself: handshakes that take too long, how much is logged, and which OpenSSL is used."""

import asyncio
import subprocess
import sys
from types import SimpleNamespace

import pytest

from pyredis.config import Config
from pyredis.host.tls_port import HANDSHAKE_SECONDS, LOGGED, LOOK_SECONDS, TlsPort
from pyredis.tls import openssl
from support.paths import server_environment
from support.tls import Certificates

NOW = 1_000_000_000


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates") / "files")


class Client(SimpleNamespace):
    address = "127.0.0.1:1"
    local_address = "127.0.0.1:2"
    closed = False
    resumed = 0

    def close(self):
        self.closed = True

    def resume(self):
        self.resumed += 1


class Loop:
    """Keeps what is to be called."""

    def __init__(self):
        self.calls = []

    def call_soon(self, function):
        self.calls.append(function)

    def turn(self):
        calls, self.calls = self.calls, []
        for function in calls:
            function()


class Parts(SimpleNamespace):
    """What the port needs of a server."""

    def __init__(self, certificates, *arguments):
        lines = []
        config = Config.load(None, ["--tls-port", "6380", *certificates.directives(), *arguments])
        log = SimpleNamespace(warning=lines.append)
        super().__init__(config=config, log=log, lines=lines, core=SimpleNamespace(now_ms=NOW), clients={})
        self.loop = Loop()
        self.port = TlsPort(self, asyncio.Protocol, self.loop)


@pytest.fixture
def parts(certificates):
    return Parts(certificates)


def test_a_handshake_that_takes_too_long_is_ended(parts):
    late = NOW - HANDSHAKE_SECONDS * 1000 - 1
    slow = Client(is_shaking_hands=True, created_ms=late)
    recent = Client(is_shaking_hands=True, created_ms=late + 1)
    served = Client(is_shaking_hands=False, created_ms=0)
    parts.clients.update(enumerate([slow, recent, served]))
    for _ in range(LOOK_SECONDS):
        parts.port.every_second()
    assert [client.closed for client in (slow, recent, served)] == [True, False, False]
    assert "the handshake has timed out (addr=127.0.0.1:1 laddr=127.0.0.1:2)" in parts.lines[0]


def test_a_flood_of_failures_is_counted_in_one_line(parts):
    for _ in range(LOGGED + 7):
        parts.port.on_failure(Client(), "reason")
    assert (
        parts.lines
        == [
            "Error accepting a client connection: reason (addr=127.0.0.1:1 laddr=127.0.0.1:2)",
        ]
        * LOGGED
    )
    parts.port.every_second()
    assert parts.lines[LOGGED:] == ["7 more TLS handshakes failed within a second"]
    parts.port.every_second()
    parts.port.on_failure(Client(), "reason")
    assert len(parts.lines) == LOGGED + 2


def test_an_iteration_begins_as_many_handshakes_as_are_allowed(certificates):
    parts = Parts(certificates, "--max-new-tls-connections-per-cycle", "2")
    clients = [Client() for _ in range(5)]
    assert [parts.port.begin_handshake(client) for client in clients] == [True, True, False, False, False]
    # A connection that is resumed asks again, and is then admitted.
    for client in clients:
        client.resume = lambda client=client: setattr(client, "resumed", parts.port.begin_handshake(client))
    parts.loop.turn()
    assert [client.resumed for client in clients] == [0, 0, True, True, 0]
    parts.loop.turn()
    assert [client.resumed for client in clients] == [0, 0, True, True, True]
    parts.config.set([("max-new-tls-connections-per-cycle", "1")])
    parts.loop.turn()
    assert [parts.port.begin_handshake(client) for client in clients[:2]] == [True, False]


def test_pythons_openssl_has_every_function_that_is_needed():
    assert openssl.missing_symbols(openssl.find_library()) == []


def test_a_library_without_openssl_lacks_all_of_it():
    missing = openssl.missing_symbols(openssl.__file__)
    assert {"SSL_new", "BIO_new", "ERR_get_error"} < set(missing)


@pytest.mark.parametrize(
    ("library", "reason"), [("/nosuch.so", "cannot open shared object"), (openssl.__file__, "hides TLS_server_method")]
)
def test_without_openssl_the_log_says_so_and_the_start_fails(tmp_path, certificates, library, reason):
    command = [sys.executable, "-P", "-m", "pyredis", "--port", "0", "--dir", str(tmp_path), "--tls-port", "1"]
    environment = {**server_environment(), "PYREDIS_OPENSSL": library}
    run = subprocess.run(
        [*command, *certificates.directives()], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "TLS needs the library libssl of OpenSSL 1.1.1 or later" in run.stdout
    assert reason in run.stdout
    assert "Failed to configure TLS. Check logs for more info." in run.stdout


def test_pythons_ssl_is_not_imported_for_tls(certificates, tmp_path):
    program = (
        "import sys\nfrom pyredis.host.tls_port import TlsPort, settings_of\nfrom pyredis.config import Config\n"
        "from pyredis.tls.tls_context import TlsContext\n"
        "before = 'ssl' in sys.modules\n"
        "TlsContext(settings_of(Config.load(None, sys.argv[1:])))\n"
        "print(before or '_ssl' not in sys.modules)"
    )
    command = [sys.executable, "-P", "-c", program, *certificates.directives()]
    run = subprocess.run(command, env=server_environment(), capture_output=True, text=True, check=True)
    assert run.stdout == "True\n"
