"""The directives of TLS: at the start, changed while clients are connected, refused; compared with the oracle."""

import re
import shutil
import socket
import ssl
import subprocess

import pytest

from support.client import RawClient, wait_until
from support.servers import free_port
from support.tls import Certificates, TlsClient, start_with_tls


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates") / "files")


@pytest.fixture(scope="session")
def others(tmp_path_factory):
    """Another authority's."""
    return Certificates(tmp_path_factory.mktemp("certificates") / "others")


def served(address, context) -> bytes:
    """The certificate that the server presents, DER."""
    with TlsClient(address, context) as client:
        assert client.must("PING") == "PONG"
        return client.socket.getpeercert(binary_form=True)


def der(files: Certificates, name: str = "server.crt") -> bytes:
    return ssl.PEM_cert_to_DER_cert((files.folder / name).read_text())


# ---- the start ----


def start_alone(start, certificates, *arguments):
    port = free_port()
    server = start("--port", "0", "--tls-port", str(port), *certificates.directives(), *arguments, wait=False)
    wait_until(lambda: "Ready to accept connections tls" in server.log(), "the server to be ready")
    return server, ("127.0.0.1", port)


def test_a_server_may_have_only_a_port_for_tls(start_ours, certificates):
    server, address = start_alone(start_ours, certificates)
    with TlsClient(address, certificates.context()) as client:
        info = client.must("INFO", "server").decode()
        assert f"tcp_port:{address[1]}\r" in info
        assert f"listener0:name=tls,bind=*,bind=-::*,port={address[1]}\r" in info
        assert "listener1" not in info
        assert f"laddr=127.0.0.1:{address[1]} " in client.must("CLIENT", "INFO").decode()
    assert "Ready to accept connections tcp" not in server.log()
    assert f"Running mode=standalone, port={address[1]}." in server.log()


def test_both_ports_are_listeners(start_ours, certificates):
    server, address = start_with_tls(start_ours, certificates)
    with server.client() as client:
        info = client.must("INFO", "server").decode()
    assert f"tcp_port:{server.port}\r" in info
    assert f"listener0:name=tcp,bind=*,bind=-::*,port={server.port}\r" in info
    assert f"listener1:name=tls,bind=*,bind=-::*,port={address[1]}\r" in info


FILES = ("--tls-cert-file", "server.crt", "--tls-key-file", "server.key")
OPEN = ("--tls-auth-clients", "no")
BAD = {
    "no certificate": ((), "No tls-cert-file configured!"),
    "no key": (("--tls-cert-file", "server.crt"), "No tls-key-file configured!"),
    "no authority": (FILES, "Either tls-ca-cert-file or tls-ca-cert-dir must be specified"),
    "missing certificate": ((*FILES, *OPEN, "--tls-cert-file", "nosuch"), "Failed to load certificate: "),
    "another's key": ((*FILES, *OPEN, "--tls-key-file", "client.key"), "Failed to load private key: "),
    "unknown version": ((*FILES, *OPEN, "--tls-protocols", "TLSv1.2 TLSv9"), "Invalid tls-protocols specified."),
    "unknown ciphers": ((*FILES, *OPEN, "--tls-ciphers", "nonsense"), "Failed to configure ciphers: nonsense"),
    "unknown suites": (
        (*FILES, *OPEN, "--tls-ciphersuites", "nonsense"),
        "Failed to configure ciphersuites: nonsense",
    ),
    "no parameters": (
        (*FILES, *OPEN, "--tls-dh-params-file", "server.crt"),
        "server.crt: failed to read DH params.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_server_that_cannot_speak_tls_does_not_start(start_ours, start_oracle, certificates, case):
    """The reason and the lines of the log are the oracle's, apart from the names of files."""
    arguments, reason = BAD[case]
    for start in (start_ours, start_oracle):
        server = start("--tls-port", str(free_port()), *arguments, start=False)
        for name in ("server.crt", "server.key", "client.key"):
            shutil.copy(certificates.path(name), server.folder)
        server.start(wait=False)
        assert server.wait_exit() == 1
        assert reason in server.log()
        assert "Failed to configure TLS. Check logs for more info." in server.log()


def test_a_passphrase_is_given_to_openssl(start_ours, certificates, tmp_path):
    key = tmp_path / "locked.key"
    command = ["openssl", "ec", "-in", certificates.path("server.key"), "-aes256", "-passout", "pass:secret word"]
    subprocess.run([*command, "-out", str(key)], check=True, capture_output=True)
    _, address = start_with_tls(
        start_ours, certificates, "--tls-key-file", str(key), "--tls-key-file-pass", "secret word"
    )
    assert served(address, certificates.context()) == der(certificates)
    refused = start_ours("--tls-port", str(free_port()), *certificates.directives(), start=False)
    refused.arguments += ["--tls-key-file", str(key)]
    refused.start(wait=False)
    assert refused.wait_exit() == 1
    assert "Failed to load private key: " in refused.log()


def set_all(address, certificates, *arguments: str) -> None:
    """Sets directives by CONFIG SET, given as arguments of a command line."""
    words = [word.removeprefix("--") for word in arguments]
    with TlsClient(address, certificates.context(client=True)) as client:
        client.must("CONFIG", "SET", *words)


def configured(start, certificates, how: str, *arguments: str):
    """Starts a server with these directives, or sets them while it runs; returns the address for TLS."""
    if how == "at the start":
        return start_with_tls(start, certificates, *arguments)[1]
    address = start_with_tls(start, certificates)[1]
    set_all(address, certificates, *arguments)
    return address


HOW = pytest.mark.parametrize("how", ["at the start", "by CONFIG SET"])


@HOW
@pytest.mark.parametrize(("protocols", "version"), [("TLSv1.2", "TLSv1.2"), ("tlsv1.3", "TLSv1.3"), ("", "TLSv1.3")])
def test_only_allowed_versions_are_spoken(start_ours, certificates, how, protocols, version):
    address = configured(start_ours, certificates, how, "--tls-protocols", protocols)
    with TlsClient(address, certificates.context()) as client:
        assert client.socket.version() == version


@HOW
def test_only_allowed_ciphers_are_used(start_ours, certificates, how):
    suite, cipher = "TLS_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"
    address = configured(start_ours, certificates, how, "--tls-ciphersuites", suite, "--tls-ciphers", cipher)
    with TlsClient(address, certificates.context()) as client:
        assert client.socket.cipher()[0] == suite
    context = certificates.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with TlsClient(address, context) as client:
        assert client.socket.cipher()[0] == cipher


@HOW
@pytest.mark.parametrize("prefer", ["yes", "no"])
def test_the_order_of_ciphers_is_the_servers_if_wanted(start_ours, certificates, how, prefer):
    first, second = "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"
    arguments = ("--tls-ciphers", f"{first}:{second}", "--tls-prefer-server-ciphers", prefer)
    address = configured(start_ours, certificates, how, *arguments)
    context = certificates.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{second}:{first}")
    with TlsClient(address, context) as client:
        assert client.socket.cipher()[0] == (first if prefer == "yes" else second)


@HOW
def test_without_caching_no_session_is_resumed_by_its_number(start_ours, certificates, how):
    for caching in ("yes", "no"):
        address = configured(start_ours, certificates, how, "--tls-session-caching", caching)
        context = certificates.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET
        with TlsClient(address, context) as client:
            client.must("PING")
            session = client.socket.session
            # OpenSSL forgets the session of a connection that does not end in order.
            client.socket.unwrap()
        with TlsClient(address, context, session=session) as client:
            client.must("PING")
            assert client.socket.session_reused == (caching == "yes")


@HOW
def test_parameters_for_diffie_hellman_are_used(start_ours, certificates, tmp_path, how):
    # A group of RFC 7919, because to generate one takes minutes.
    command = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "dh_param:ffdhe2048"]
    parameters = tmp_path / "group.pem"
    subprocess.run([*command, "-out", str(parameters)], check=True, capture_output=True)
    address = configured(start_ours, certificates, how, "--tls-dh-params-file", str(parameters))
    assert served(address, certificates.context()) == der(certificates)


def sessions_resumed(address, certificates, count: int) -> int:
    """How many of so many sessions, all made before, can be resumed by their number."""
    context = certificates.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    sessions = []
    for _ in range(count):
        with TlsClient(address, context) as client:
            client.must("PING")
            sessions.append(client.socket.session)
            client.socket.unwrap()
    resumed = 0
    for session in sessions:
        with TlsClient(address, context, session=session) as client:
            client.must("PING")
            resumed += client.socket.session_reused
            client.socket.unwrap()
    return resumed


@HOW
def test_as_many_sessions_are_cached_as_configured(start_ours, certificates, how):
    address = configured(start_ours, certificates, how, "--tls-session-cache-size", "100")
    assert sessions_resumed(address, certificates, 6) == 6
    set_all(address, certificates, "--tls-session-cache-size", "1")
    assert sessions_resumed(address, certificates, 6) <= 1


@HOW
def test_sessions_live_as_long_as_configured(start_ours, certificates, how):
    address = configured(start_ours, certificates, how, "--tls-session-cache-timeout", "77")
    with TlsClient(address, certificates.context()) as client:
        client.must("PING")
        assert client.socket.session.ticket_lifetime_hint == 77


def rejects(address, context) -> bool:
    try:
        with TlsClient(address, context) as client:
            client.call("PING")
    except (ssl.SSLError, ConnectionError):
        return True
    return False


def test_authorities_are_changed_while_the_server_runs(start_ours, certificates, others, tmp_path):
    _, address = start_with_tls(start_ours, certificates, clients="yes")
    known, stranger = certificates.context(client=True), certificates.context()
    stranger.load_cert_chain(others.path("client.crt"), others.path("client.key"))
    assert (rejects(address, known), rejects(address, stranger)) == (False, True)
    with TlsClient(address, known) as client:
        client.must("CONFIG", "SET", "tls-ca-cert-file", others.path("ca.crt"))
        assert (rejects(address, known), rejects(address, stranger)) == (True, False)
        hashed = ["openssl", "x509", "-noout", "-hash", "-in", certificates.path("ca.crt")]
        name = subprocess.run(hashed, capture_output=True, text=True, check=True).stdout.strip()
        shutil.copy(certificates.path("ca.crt"), tmp_path / f"{name}.0")
        client.must("CONFIG", "SET", "tls-ca-cert-dir", str(tmp_path), "tls-ca-cert-file", "")
        assert (rejects(address, known), rejects(address, stranger)) == (False, True)


def test_a_key_with_a_passphrase_is_set_while_the_server_runs(start_ours, certificates, tmp_path):
    key = tmp_path / "locked.key"
    command = ["openssl", "ec", "-in", certificates.path("server.key"), "-aes256", "-passout", "pass:word"]
    subprocess.run([*command, "-out", str(key)], check=True, capture_output=True)
    _, address = start_with_tls(start_ours, certificates)
    set_all(address, certificates, "--tls-key-file", str(key), "--tls-key-file-pass", "word")
    assert served(address, certificates.context()) == der(certificates)
    with TlsClient(address, certificates.context()) as client:
        assert client.call("CONFIG", "SET", "tls-key-file-pass", "wrong").is_error


def test_without_a_port_for_tls_openssl_is_not_loaded(start_ours):
    server = start_ours()
    with open(f"/proc/{server.pid}/maps", encoding="ascii") as file:
        assert "libssl" not in file.read()


# ---- while it serves ----


def test_a_new_certificate_is_for_new_connections(start_ours, certificates, others):
    _, address = start_with_tls(start_ours, certificates)
    with TlsClient(address, certificates.context()) as client:
        assert served(address, certificates.context()) == der(certificates)
        files = ("tls-cert-file", others.path("server.crt"), "tls-key-file", others.path("server.key"))
        client.must("CONFIG", "SET", *files)
        assert served(address, others.context()) == der(others)
        assert client.must("PING") == "PONG"


def test_the_same_name_reads_the_file_again(start_ours, certificates, others, tmp_path):
    for name in ("server.crt", "server.key"):
        shutil.copy(certificates.path(name), tmp_path / name)
    place = [str(tmp_path / name) for name in ("server.crt", "server.key")]
    _, address = start_with_tls(start_ours, certificates, "--tls-cert-file", place[0], "--tls-key-file", place[1])
    with TlsClient(address, certificates.context()) as client:
        for name in ("server.crt", "server.key"):
            shutil.copy(others.path(name), tmp_path / name)
        assert served(address, certificates.context()) == der(certificates)
        client.must("CONFIG", "SET", "tls-cert-file", place[0])
        assert served(address, others.context()) == der(others)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tls-cert-file", "/nosuch"),
        ("tls-cert-file", ""),
        ("tls-key-file", "/nosuch"),
        ("tls-ca-cert-file", "/nosuch"),
        ("tls-dh-params-file", "/nosuch"),
        ("tls-protocols", "SSLv3"),
        ("tls-ciphers", "nonsense"),
        ("tls-ciphersuites", "nonsense"),
    ],
)
def test_what_cannot_be_used_is_refused_and_changes_nothing(start_ours, start_oracle, certificates, name, value):
    replies, before = [], []
    for start in (start_ours, start_oracle):
        _, address = start_with_tls(start, certificates)
        with TlsClient(address, certificates.context()) as client:
            before.append(client.must("CONFIG", "GET", name)[1])
            replies.append(client.call("CONFIG", "SET", name, value).raw)
            assert client.must("CONFIG", "GET", name)[1] == before[-1]
            assert served(address, certificates.context()) == der(certificates)
    assert replies[0] == replies[1]
    assert b"Unable to update TLS configuration. Check server logs." in replies[0]


def test_the_port_can_be_opened_moved_and_closed(start_ours, certificates):
    server = start_ours(*certificates.directives())
    with server.client() as client:
        first, second = free_port(), free_port()
        client.must("CONFIG", "SET", "tls-port", first)
        with TlsClient(("127.0.0.1", first), certificates.context()) as secure:
            client.must("CONFIG", "SET", "tls-port", second)
            assert secure.must("PING") == "PONG"
            assert served(("127.0.0.1", second), certificates.context()) == der(certificates)
            with pytest.raises(ConnectionError):
                RawClient(("127.0.0.1", first))
            client.must("CONFIG", "SET", "tls-port", 0)
            with pytest.raises(ConnectionError):
                RawClient(("127.0.0.1", second))
            assert secure.must("PING") == "PONG"


def test_a_port_in_use_is_refused(start_ours, start_oracle, certificates):
    replies = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for start in (start_ours, start_oracle):
            server = start("--bind", "127.0.0.1", *certificates.directives())
            with server.client() as client:
                replies.append(client.call("CONFIG", "SET", "tls-port", taken.getsockname()[1]).raw)
                assert client.must("CONFIG", "GET", "tls-port")[1] == b"0"
    assert replies[0] == replies[1]


def test_a_port_without_certificates_is_refused(start_ours, start_oracle):
    replies = []
    for start in (start_ours, start_oracle):
        with start().client() as client:
            replies.append(client.call("CONFIG", "SET", "tls-port", free_port()).raw)
            assert client.must("CONFIG", "GET", "tls-port")[1] == b"0"
            # Nothing uses it yet, so no value is wrong.
            assert client.must("CONFIG", "SET", "tls-cert-file", "/nosuch") == "OK"
    assert replies[0] == replies[1]


def test_other_addresses_are_for_both_ports(start_ours, certificates):
    server, address = start_with_tls(start_ours, certificates, "--bind", "127.0.0.1")
    with server.client() as client:
        client.must("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2")
        with RawClient(("127.0.0.2", address[1])):
            pass
        assert served(address, certificates.context()) == der(certificates)
        refused = client.call("CONFIG", "SET", "bind", "192.0.2.77")
        assert refused.is_error
    assert served(address, certificates.context()) == der(certificates)


def test_the_configuration_is_rewritten(start_ours, certificates):
    server = start_ours(start=False)
    path = server.folder / "redis.conf"
    path.write_text("tls-auth-clients no\n")
    server.command += [str(path)]
    server.start()
    port = free_port()
    with server.client() as client:
        files = ("tls-cert-file", certificates.path("server.crt"), "tls-key-file", certificates.path("server.key"))
        client.must("CONFIG", "SET", *files, "tls-port", port, "tls-protocols", "TLSv1.2 TLSv1.3")
        client.must("CONFIG", "REWRITE")
    text = path.read_text()
    for line in (f"tls-port {port}", f'tls-cert-file "{files[1]}"', 'tls-protocols "TLSv1.2 TLSv1.3"'):
        assert re.search(rf"^{re.escape(line)}$|^{re.escape(line.replace(chr(34), ''))}$", text, re.MULTILINE), text
    server.restart()
    assert served(("127.0.0.1", port), certificates.context()) == der(certificates)


def own_address() -> str:
    """An address of this host that is not a loopback address; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return sock.getsockname()[0]


@pytest.mark.skipif(not own_address(), reason="this host has only loopback addresses")
def test_protected_mode_refuses_after_the_handshake(start_ours, start_oracle, certificates):
    replies = []
    for start in (start_ours, start_oracle):
        _, address = start_with_tls(start, certificates)
        context = certificates.context()
        context.check_hostname = False
        with TlsClient((own_address(), address[1]), context) as client:
            replies.append(client.read_to_end())
        with TlsClient(address, certificates.context()) as client:
            assert b"rejected_connections:1\r" in client.must("INFO", "stats")
    # The rest of the text is worded otherwise since 7.2.
    assert [reply[:200] for reply in replies] == [replies[0][:200]] * 2
    assert replies[0].startswith(b"-DENIED Redis is running in protected mode")
