"""django-redis, and Django's own cache backend and sessions, in two processes of one site."""

import pytest

from support.answering import Load, Refused, Site, check_shared_session
from support.client import wait_until
from support.programs import insist, needs

PROGRAMS = ["Django", "django-redis"]

needs("django", "django_redis", "werkzeug")


@pytest.fixture
def sites(answering, tmp_path):
    started = [answering("django_site.py", COUNT=str(tmp_path / "count")) for _ in range(2)]
    return [Site(program.ask("port")) for program in started]


@pytest.mark.parametrize("cache", ["default", "own"], ids=["django-redis", "Django"])
def test_no_increment_of_a_cache_is_lost_by_two_processes_or_a_restart(sites, server, cache):
    with Load(lambda number: sites[number % 2].get(f"/incr/{cache}/hits")) as load:
        load.outlasts(server, 100)
    assert len(set(load.done.values())) == len(load.done)
    assert load.accounts_for(sites[0].get(f"/get/{cache}/hits"))


@pytest.mark.parametrize("cache", ["default", "own"], ids=["django-redis", "Django"])
def test_what_one_process_caches_is_found_by_the_other_until_it_expires(sites, server, cache):
    one, other = sites
    for path in ("kept/1", "short/2?timeout=0.2"):
        assert one.get(f"/set/{cache}/{path}")
    assert other.get(f"/get/{cache}/kept") == {"value": "1", "list": [1, 2]}
    wait_until(lambda: other.get(f"/get/{cache}/short") is None, "the value to expire")
    server.restart(crash=True)
    assert insist(lambda: other.get(f"/get/{cache}/kept"), Refused) == {"value": "1", "list": [1, 2]}


def test_the_keys_of_django_redis_are_found_by_pattern_and_have_a_time_to_live(sites):
    one, other = sites
    one.get("/set/default/page/1")
    one.get("/set/default/other/1")
    found = other.get("/found/page*")
    assert found["keys"] == ["page"]
    assert 290 < found["ttl"] <= 300


def test_a_lock_of_django_redis_keeps_the_other_process_out(sites, server):
    with Load(lambda number: sites[number % 2].get("/locked/gate")) as load:
        load.outlasts(server)
    assert len(set(load.done.values())) == len(load.done)
    assert load.accounts_for(max(load.done.values()))


def test_a_session_of_django_is_shared_by_the_processes_and_survives_restarts(sites, server):
    check_shared_session(*sites, server)
