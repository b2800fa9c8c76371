"""Fixtures of the integrations: a server that can be restarted, and the programs that use it.

The server is ours, with an append-only file in a folder of the test. ``PYREDIS_INTEGRATIONS_SERVER=redis-server`` runs
that instead, so that a test can be shown to be right.
"""

import importlib
import os
import shlex
import sys
from functools import partial

import pytest

from support.answering import start_answering
from support.programs import APPS, Programs
from support.servers import Server, make_ours

# What was answered survives SIGKILL. Redis needs `always` for that: with `everysec` it does not write during an fsync.
OURS = ("--appendonly", "yes", "--appendfsync", "everysec")
REDIS = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")


def make_server(folder) -> Server:
    instead = os.environ.get("PYREDIS_INTEGRATIONS_SERVER")
    if instead:
        return Server(shlex.split(instead), folder, REDIS, environment={"LD_PRELOAD": ""})
    return make_ours(folder, *OURS)


def pytest_report_header() -> str:
    return f"integrations: {os.environ.get('PYREDIS_INTEGRATIONS_SERVER', 'our server')}"


@pytest.fixture
def server(tmp_path):
    """A server of the test's own, with an append-only file; `restart(crash=True)` kills it and starts it again."""
    with make_server(tmp_path / "server") as server:
        yield server


@pytest.fixture
def url(server):
    return f"redis://127.0.0.1:{server.port}"


@pytest.fixture(params=[False, True], ids=["stopped", "killed"])
def crash(request):
    """How the server goes down: by SIGTERM, or by SIGKILL."""
    return request.param


@pytest.fixture
def programs(tmp_path, url, request):
    """Starts the programs of a test; they are ended with it, and a failure shows what they printed."""
    programs = Programs(tmp_path, url)
    request.node.programs = programs
    yield programs
    programs.end()


@pytest.fixture
def answering(programs):
    """A function that starts a file of ``apps`` or ``node`` as a program that answers requests."""
    return partial(start_answering, programs)


@pytest.fixture
def ledger(programs):
    """What the jobs have done."""
    return programs.ledger


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.failed and hasattr(item, "programs"):
        report.sections.extend(item.programs.outputs())
    return report


@pytest.fixture
def load_app(monkeypatch, programs):
    """A function that imports a module of ``apps`` as the programs do, for this test's server."""
    for name in ("REDIS_URL", "REDIS_PORT", "LEDGER"):
        monkeypatch.setenv(name, programs.environment[name])
    monkeypatch.syspath_prepend(str(APPS))
    monkeypatch.delitem(sys.modules, "ledger", raising=False)

    def load(name: str):
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    return load
