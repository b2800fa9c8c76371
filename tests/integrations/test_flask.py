"""Flask-Caching, Flask-Session and limits in two processes of one Flask site."""

import pytest

from support.answering import Load, Refused, Site, check_shared_session
from support.programs import insist, needs

PROGRAMS = ["Flask-Caching", "Flask-Session", "limits"]

needs("flask", "flask_caching", "flask_session", "limits")

LIMIT = 20


@pytest.fixture
def processes(answering):
    return [answering("flask_site.py"), answering("flask_site.py")]


@pytest.fixture
def sites(processes):
    return [Site(program.ask("port")) for program in processes]


@pytest.mark.parametrize("strategy", ["fixed", "moving", "sliding"])
def test_the_processes_share_a_limit_that_a_restart_does_not_lift(sites, server, strategy):
    path = f"/limited/{strategy}/user"
    assert [sites[number % 2].status(path)[0] for number in range(LIMIT + 4)] == [200] * LIMIT + [429] * 4
    for crash in (False, True):
        server.restart(crash=crash)
        for site in sites:
            with pytest.raises(Refused, match="429"):
                insist(lambda site=site: unless_unavailable(site, path))


def unless_unavailable(site, path):
    status, body = site.status(path)
    if status == 503:
        raise OSError(body)
    return site.get(path) if status == 200 else refuse(status)


def refuse(status):
    raise Refused(str(status))


def test_no_more_than_the_limit_pass_when_both_processes_are_asked_at_once(sites):
    with Load(lambda number: sites[number % 2].status("/limited/moving/crowd")[0], threads=8) as load:
        load.more(100)
    assert list(load.done.values()).count(200) == LIMIT
    assert set(load.done.values()) == {200, 429}


def test_a_session_is_shared_by_the_processes_and_survives_restarts(sites, server):
    check_shared_session(*sites, server)


def test_a_memoized_result_is_computed_once_by_both_processes_until_it_is_deleted(processes, sites, server):
    assert [site.get("/double/21") for site in sites * 5] == [42] * 10
    assert sum(process.ask("computed") for process in processes) == 1
    server.restart(crash=True)
    assert [insist(lambda site=site: site.get("/double/21"), Refused) for site in sites * 5] == [42] * 10
    assert sum(process.ask("computed") for process in processes) == 1
    processes[0].ask("forget", value=21)
    assert sites[1].get("/double/21") == 42
    assert sum(process.ask("computed") for process in processes) == 2


def test_no_increment_of_a_cached_value_is_lost(sites, server):
    sites[0].get("/set/kept/1")
    with Load(lambda number: sites[number % 2].get("/incr/hits")) as load:
        load.outlasts(server)
    assert len(set(load.done.values())) == len(load.done)
    assert load.accounts_for(max(load.done.values()))
    assert sites[1].get("/get/kept") == {"value": "1"}
