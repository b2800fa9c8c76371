"""Fixtures for pytest: databases in the process, and servers with redis-py clients, without data of other tests.

pytest loads the plugin itself. Nothing is imported or started before a test asks for a fixture. With pytest-xdist, each
worker process has databases and servers of its own.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import redis
    import redis.asyncio

    from pyredis import AsyncDatabase, Database, Server

# The options of `pyredis.open` that are the handle's, not the database's.
OF_HANDLES = ("path", "name", "db", "decode_responses")
_numbers = itertools.count(1)


# ---- in the process ----


@pytest.fixture(scope="session")
def pyredis_db_options() -> dict[str, Any]:
    """Arguments of `pyredis.open` for `pyredis_db`. Override it in ``conftest.py`` or in a module, in any scope."""
    return {}


@pytest.fixture
def _pyredis_handles(pyredis_db_options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Opens the test's database, and returns the arguments with which more handles on it are opened."""
    from pyredis import open

    options = dict(pyredis_db_options)
    if options.get("path") is None:
        options.setdefault("name", f"pytest {next(_numbers)}")
    with open(**options):
        yield {name: options[name] for name in OF_HANDLES if name in options}


@pytest.fixture
def pyredis_db(_pyredis_handles: dict[str, Any]) -> Iterator[Database]:
    """A new `pyredis.Database`, in this process and without a socket."""
    from pyredis import open

    with open(**_pyredis_handles) as database:
        yield database


@pytest.fixture
def async_pyredis_db(_pyredis_handles: dict[str, Any]) -> Iterator[AsyncDatabase]:
    """A `pyredis.AsyncDatabase` on the same database as `pyredis_db`. It may be used on any event loop."""
    from pyredis import aopen

    database = aopen(**_pyredis_handles)
    yield database
    database._release()


# ---- servers ----


@pytest.fixture(scope="session")
def pyredis_options() -> dict[str, Any]:
    """Keyword arguments of the session's `pyredis.Server`. Override it in ``conftest.py`` to choose directives."""
    return {}


@pytest.fixture(scope="session")
def pyredis_server(pyredis_options: dict[str, Any]) -> Iterator[Server]:
    """A running `pyredis.Server` for all tests of the session, in this process, on a free port."""
    from pyredis import Server

    with Server(**pyredis_options) as server:
        yield server


@pytest.fixture
def pyredis_factory() -> Iterator[Callable[..., Server]]:
    """Returns a function that starts another server; it takes the arguments of `pyredis.Server`.

    The servers stop after the test.
    """
    from pyredis import Server

    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(Server(*arguments, **options))


@pytest.fixture
def redis_client(pyredis_server: Server) -> Iterator[redis.Redis]:
    """A `redis.Redis` on the session's server, which is empty at the start of the test."""
    import redis

    pyredis_server.reset()
    with redis.Redis.from_url(pyredis_server.url) as client:
        yield client
    pyredis_server.failures.clear()


async def async_redis_client(pyredis_server: Server) -> AsyncIterator[redis.asyncio.Redis]:
    """A `redis.asyncio.Redis` on the session's server, which is empty at the start of the test.

    For tests that pytest-asyncio or anyio runs.
    """
    import redis.asyncio

    pyredis_server.reset()
    async with redis.asyncio.Redis.from_url(pyredis_server.url) as client:
        yield client
    pyredis_server.failures.clear()


def pytest_configure(config: pytest.Config) -> None:
    """Registers the fixtures that are coroutines, when it is known which plugin runs them.

    In its strict mode, pytest-asyncio runs only what its own decorator made. anyio accepts that of pytest.
    """
    plugin = sys.modules.get("pytest_asyncio")
    decorator = pytest.fixture if plugin is None else plugin.fixture
    fixtures = ModuleType(f"{__name__}.coroutines")
    vars(fixtures)["async_redis_client"] = decorator(async_redis_client)
    config.pluginmanager.register(fixtures)
