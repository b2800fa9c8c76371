"""fastapi-cache2, fastapi-limiter and slowapi in two processes of one FastAPI site."""

import pytest

from support.answering import Load, Refused, Site
from support.programs import insist, needs

PROGRAMS = ["fastapi-cache2", "fastapi-limiter", "slowapi"]

needs("fastapi", "fastapi_cache", "fastapi_limiter", "slowapi", "uvicorn")

LIMIT = 20


@pytest.fixture
def processes(answering):
    return [answering("fastapi_site.py"), answering("fastapi_site.py")]


@pytest.fixture
def sites(processes):
    return [Site(program.ask("port")) for program in processes]


@pytest.mark.parametrize("route", ["slow", "limited"], ids=["slowapi", "fastapi-limiter"])
def test_the_processes_share_a_limit_that_a_restart_does_not_lift(sites, server, route):
    def statuses(user):
        def attempt(site):
            status, _ = site.status(f"/{route}?user={user}")
            if status not in (200, 429):
                raise Refused(status)
            return status

        return [insist(lambda site=site: attempt(site), Refused) for site in sites * (LIMIT // 2 + 2)]

    # fastapi-limiter's limit is that of its bucket, whoever the user is: one user exhausts it.
    assert statuses("before") == [200] * LIMIT + [429] * 4
    for crash in (False, True):
        server.restart(crash=crash)
        assert set(statuses("before")) == {429}


def test_a_cached_reply_is_computed_once_by_both_processes_and_survives_restarts(processes, sites, server):
    def computed():
        return sum(process.ask("computed") for process in processes)

    def ask_all():
        assert [site.get("/double/21") for site in sites * 5] == [{"double": 42}] * 10

    ask_all()
    assert computed() == 1
    for crash in (False, True):
        server.restart(crash=crash)
        with server.client() as client:
            assert len(client.must("KEYS", "cache:double:*")) == 1
    with Load(lambda number: sites[number % 2].get("/double/21"), threads=2) as load:
        load.outlasts(server)
    assert list(load.done.values()) == [{"double": 42}] * len(load.done)
    # While the server was away, the values were computed.
    before = computed()
    ask_all()
    assert computed() == before
    processes[0].ask("clear")
    ask_all()
    assert computed() == before + 1
