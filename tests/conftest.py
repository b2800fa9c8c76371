"""Fixtures: the servers, the differential pair, the protocols.

Session servers (`shared_ours`, `shared_oracle`) are shared by all tests of a run and emptied before each. A test that
changes more than data (files, the process's life, configuration that `client` does not restore) starts its own server
with `start_ours` or `start_oracle`. If a shared server dies, the test in which it died fails, and the server is
restarted for the next test.

Every run draws the same random values, so a run that passes can be repeated: Hypothesis's examples and the hashes of
this process come from fixed seeds. PYREDIS_LONG=1 uses a new seed each time; a failure it finds gets its own test.
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

# A slow machine is not a failure, and the tests share one database or server between all examples on purpose.
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
    """The protocol version: the test runs once with each."""
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
    """`pair` in RESP2 only, for tests that do not depend on the protocol."""
    pair = Pair(shared_ours, shared_oracle)
    yield pair
    pair.close()


@pytest.fixture
def client(shared_ours, protocol):
    """A raw client of our session server, in both protocols, for features that the oracle lacks.

    Configuration that the test changes is restored, because later tests share the server.
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
        """Start a server with these arguments in ``folder/name``; servers with the same name share their files."""
        server = make(folder / (name or f"{make.__name__}{len(servers)}"), *arguments, **options)
        servers.append(server)
        return server.start(wait=wait) if start else server

    return start, servers


@pytest.fixture
def start_ours(tmp_path):
    """A function that starts one of our servers; all of them are stopped when the test ends."""
    start, servers = _factory(make_ours, tmp_path)
    yield start
    for server in servers:
        server.end()


@pytest.fixture
def start_oracle(tmp_path):
    """`start_ours` for the oracle."""
    start, servers = _factory(make_oracle, tmp_path)
    yield start
    for server in servers:
        server.end()
