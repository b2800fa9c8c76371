"""Fixtures: the servers, the differential pair, the protocols.

Session servers (`shared_ours`, `shared_oracle`) are shared by all tests of a run and emptied before each; a test that
changes more than data (files, death, configuration that `client` does not restore) starts its own with `start_ours` or
`start_oracle`. A shared server that died is started anew for the next test; the test in which it died fails.

Every run throws the same dice, so that one that passes passes again: Hypothesis's examples and the hashes of this
process are drawn from fixed seeds. PYREDIS_LONG=1 draws others each time; what it finds gets a test of its own.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("support")

from support import paths  # noqa: E402
from support.pair import Pair  # noqa: E402
from support.servers import Server, make_oracle, make_ours  # noqa: E402

PACKAGE = paths.choose_package()
LONG = bool(os.environ.get("PYREDIS_LONG"))

# A slow machine is no failure, and one database or server for all examples is what the tests mean.
SLOWNESS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
settings.register_profile(
    "pyredis",
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=[*SLOWNESS, HealthCheck.function_scoped_fixture],
)
settings.load_profile("pyredis")

if not LONG:
    from pyredis.types.handles.table_handle import seed_hashes

    seed_hashes(7, 4)


def pytest_report_header() -> str:
    return PACKAGE


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def protocol(request):
    """Both protocol versions, one test each."""
    return request.param


def _session_server(server):
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="session")
def session_ours(tmp_path_factory):
    yield from _session_server(make_ours(tmp_path_factory.mktemp("ours")))


@pytest.fixture(scope="session")
def session_oracle(tmp_path_factory):
    yield from _session_server(make_oracle(tmp_path_factory.mktemp("oracle")))


def _emptied(server: Server):
    if not server.running():
        server.start()
    with server.client() as client:
        client.must("FLUSHALL")
    yield server
    server.check_alive()
    server.check_log()


@pytest.fixture
def shared_ours(session_ours):
    """Our session server, empty."""
    yield from _emptied(session_ours)


@pytest.fixture
def shared_oracle(session_oracle):
    """The oracle's session server, empty."""
    yield from _emptied(session_oracle)


@pytest.fixture
def pair(shared_ours, shared_oracle, protocol):
    """Both session servers, empty, with a new connection to each, in both protocols."""
    pair = Pair(shared_ours, shared_oracle, protocol)
    yield pair
    pair.close()


@pytest.fixture
def pair2(shared_ours, shared_oracle):
    """`pair` in RESP2 alone, for what does not depend on the protocol."""
    pair = Pair(shared_ours, shared_oracle)
    yield pair
    pair.close()


@pytest.fixture
def client(shared_ours, protocol):
    """A raw client of our session server, in both protocols, for what the oracle does not have.

    What the test configures is undone: the tests that follow share the server.
    """
    before = _configuration(shared_ours)
    with shared_ours.client(protocol) as client:
        yield client
    after = _configuration(shared_ours)
    changed = {name: value for name, value in before.items() if after[name] != value}
    with shared_ours.client() as client:
        for name, value in changed.items():
            client.must("CONFIG", "SET", name, value)


def _configuration(server: Server) -> dict[bytes, bytes]:
    with server.client() as client:
        told = client.must("CONFIG", "GET", "*")
    return dict(zip(told[::2], told[1::2], strict=True))


def _factory(make, folder):
    servers: list[Server] = []

    def start(*arguments: str, name: str = "", wait: bool = True, start: bool = True, **options) -> Server:
        """Start a server with these arguments, in ``folder/name`` (the same name: the same files)."""
        server = make(folder / (name or f"{make.__name__}{len(servers)}"), *arguments, **options)
        servers.append(server)
        return server.start(wait=wait) if start else server

    return start, servers


@pytest.fixture
def start_ours(tmp_path):
    """A function that starts one of our servers for this test; all end with it."""
    start, servers = _factory(make_ours, tmp_path)
    yield start
    for server in servers:
        server.end()


@pytest.fixture
def start_oracle(tmp_path):
    """The same for the oracle."""
    start, servers = _factory(make_oracle, tmp_path)
    yield start
    for server in servers:
        server.end()
