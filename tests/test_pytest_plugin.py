"""The fixtures of the package's plugin for pytest, used in test files of their own."""

import os
import re
from importlib import metadata

import pytest

from support.pages import PLUGIN, run_pytest

DATABASES = """
import asyncio, itertools

import pytest

numbers = itertools.count(1)


@pytest.mark.parametrize("time", [1, 2])
def test_each_database_is_new(pyredis_db, time):
    assert pyredis_db.dbsize() == 0
    assert pyredis_db.config_get("maxmemory") == {"maxmemory": "0"}
    assert pyredis_db.time()[0] > 1_000_000_000
    pyredis_db.set("key", time)
    pyredis_db.config_set("maxmemory", "1mb")
    pyredis_db.clock.freeze(1000)


@pytest.mark.parametrize("time", [1, 2])
def test_both_faces_have_the_same_database(pyredis_db, async_pyredis_db, time):
    pyredis_db.rpush("list", time)
    assert asyncio.run(take(async_pyredis_db)) == (b"list", b"%d" % time)
    assert pyredis_db.llen("list") == 0


async def take(database):
    return await database.blpop("list", timeout=10)


def test_a_database_that_the_test_has_closed_is_no_hindrance(pyredis_db, async_pyredis_db):
    pyredis_db.close()
    asyncio.run(async_pyredis_db.aclose())


class TestOptions:
    @pytest.fixture
    def pyredis_db_options(self, tmp_path):
        return {"path": tmp_path / "data", "decode_responses": True, "appendfsync": "always"}

    @pytest.mark.parametrize("time", [1, 2])
    def test_options_are_those_of_open(self, pyredis_db, async_pyredis_db, tmp_path, time):
        assert pyredis_db.incr("visits") == 1
        assert pyredis_db.get("visits") == "1"
        assert asyncio.run(visits(async_pyredis_db)) == "1"
        assert pyredis_db.config_get("appendfsync") == {"appendfsync": "always"}
        assert (tmp_path / "data" / "appendonlydir").is_dir()


async def visits(database):
    return await database.get("visits")
"""


def test_each_test_has_a_database_of_its_own(tmp_path):
    output = run_pytest(DATABASES, tmp_path)
    assert "7 passed" in output, output


EXPECTED = ["pyredis._finder", "pyredis._native", "pyredis._version", "pyredis.embedded", PLUGIN]
LIGHT = f"""
import sys

EXPECTED = {EXPECTED}


def test_without_fixtures():
    names = set(sys.modules)
    assert sorted(name for name in names if name.startswith("pyredis.")) == EXPECTED
    assert names.isdisjoint(["asyncio", "redis", "pytest_asyncio", "uvloop"])
"""


def test_the_plugin_imports_and_starts_nothing_before_a_fixture_is_used(tmp_path):
    output = run_pytest(LIGHT, tmp_path)
    assert "1 passed" in output, output


SERVERS = """
import pytest


@pytest.mark.parametrize("time", [1, 2])
def test_each_time_the_server_is_empty_and_its_clock_runs(redis_client, pyredis_server, time):
    assert redis_client.dbsize() == 0
    assert redis_client.time()[0] > 1_000_000_000
    redis_client.set("key", time)
    pyredis_server.clock.freeze(1000)


def test_another_server_has_other_data(redis_client, pyredis_factory, pyredis_server):
    redis_client.set("key", "value")
    other = pyredis_factory(maxmemory="1mb")
    assert other.port != pyredis_server.port
    assert other.info("keyspace") == {}
"""


def test_the_sessions_server_is_emptied_for_each_test(tmp_path):
    output = run_pytest(SERVERS, tmp_path)
    assert "3 passed" in output, output


COROUTINES = """
import pytest


@pytest.mark.parametrize("time", [1, 2])
async def test_each_time_the_server_is_empty(async_redis_client, redis_client, pyredis_server, time):
    assert await async_redis_client.dbsize() == 0
    await async_redis_client.set("key", time)
    assert redis_client.get("key") == b"%d" % time
    assert pyredis_server.info("keyspace")["db0"]["keys"] == 1
    assert len(pyredis_server.failures) == 0
    pyredis_server.fail("GET", "DBSIZE", error="failed")


@pytest.mark.parametrize("time", [1, 2])
async def test_each_time_the_database_is_new(async_pyredis_db, time):
    assert await async_pyredis_db.incr("visits") == 1
"""
ANYIO = """
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


def test_coroutines_that_anyio_runs_have_clients(tmp_path):
    pytest.importorskip("anyio")
    output = run_pytest(COROUTINES + ANYIO, tmp_path, "anyio.pytest_plugin")
    assert "4 passed" in output, output


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_coroutines_that_pytest_asyncio_runs_have_clients(tmp_path, mode):
    pytest.importorskip("pytest_asyncio")
    mark = "\npytestmark = pytest.mark.asyncio\n" if mode == "strict" else ""
    settings = ("--asyncio-mode", mode, "-o", "asyncio_default_fixture_loop_scope=function")
    output = run_pytest(COROUTINES + mark, tmp_path, "pytest_asyncio.plugin", options=settings)
    assert "4 passed" in output, output


WORKERS = """
import os
import time
from pathlib import Path

import pytest

TESTS, WORKERS = 8, 2


@pytest.mark.parametrize("number", range(TESTS))
def test_what_a_worker_writes_is_its_own(redis_client, pyredis_db, pyredis_server, tmp_path_factory, number):
    for client in (redis_client, pyredis_db):
        assert client.dbsize() == 0
        client.set("worker", os.environ["PYTEST_XDIST_WORKER"])
    met = Path(tmp_path_factory.getbasetemp()).parent / "met"
    met.mkdir(exist_ok=True)
    (met / f"{os.environ['PYTEST_XDIST_WORKER']} {pyredis_server.port}").touch()
    # The tests overlap: none ends before every worker is in one.
    deadline = time.monotonic() + 60
    while len(list(met.iterdir())) < WORKERS:
        assert time.monotonic() < deadline, "the other worker has not begun"
        time.sleep(0.01)
    for client in (redis_client, pyredis_db):
        assert client.get("worker") == os.environ["PYTEST_XDIST_WORKER"].encode()
"""


def test_worker_processes_do_not_meet(tmp_path):
    pytest.importorskip("xdist")
    base = tmp_path / "base"
    output = run_pytest(WORKERS, tmp_path, "xdist", options=("-n", "2", f"--basetemp={base}"))
    assert "8 passed" in output, output
    met = [path.name.split() for path in (base / "met").iterdir()]
    assert {worker for worker, _ in met} == {"gw0", "gw1"}
    assert len({port for _, port in met}) == len(met) == 2


def test_the_fixtures_have_descriptions(tmp_path):
    output = run_pytest("", tmp_path, options=("--fixtures",))
    own = output.partition(f"fixtures defined from {PLUGIN}")[2]
    shown = re.findall(r"^(\w+)(?: \[\w+ scope\])? -- ", own, re.M)
    assert {"pyredis_db", "async_pyredis_db", "redis_client", "async_redis_client", "pyredis_server"} <= set(shown)
    assert "no docstring available" not in own


def test_pytest_finds_the_plugin_of_an_installed_package():
    plugins = {(point.name, point.value) for point in metadata.entry_points(group="pytest11")}
    if not os.environ.get("PYREDIS_INSTALLED") or os.environ.get("PYREDIS_SANITIZE"):
        pytest.skip("the package is built in place, not installed")
    assert ("pyredis", PLUGIN) in plugins
