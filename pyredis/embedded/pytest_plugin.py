"""Fixtures for pytest: a server for the session, redis-py clients on it without data of other tests, and more servers.

pytest loads the plugin itself. Nothing is imported or started before a test asks for a fixture. With pytest-xdist, each
worker process has a server of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import redis
    import redis.asyncio

    from pyredis import Server


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


def fixture_for_coroutines() -> Callable[..., Any]:
    """Returns pytest-asyncio's decorator for asynchronous fixtures, the only one that works in its strict mode.

    Without pytest-asyncio, anyio's plugin accepts pytest's own decorator.
    """
    if find_spec("pytest_asyncio") is None:
        return pytest.fixture
    import pytest_asyncio

    return pytest_asyncio.fixture


@fixture_for_coroutines()
async def async_redis_client(pyredis_server: Server) -> AsyncIterator[redis.asyncio.Redis]:
    """A `redis.asyncio.Redis` on the session's server, which is empty at the start of the test.

    For tests that pytest-asyncio or anyio runs.
    """
    import redis.asyncio

    pyredis_server.reset()
    async with redis.asyncio.Redis.from_url(pyredis_server.url) as client:
        yield client
    pyredis_server.failures.clear()
