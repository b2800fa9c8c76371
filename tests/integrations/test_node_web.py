"""connect-redis, keyv and rate-limiter-flexible in two processes of one express site."""

import pytest

from support.answering import Load, Refused, Site, check_shared_session
from support.client import wait_until
from support.programs import insist, needs_node

PROGRAMS = ["connect-redis", "keyv", "rate-limiter-flexible"]

needs_node(
    "express", "express-session", "connect-redis", "keyv", "@keyv/redis", "rate-limiter-flexible", "ioredis", "redis"
)

LIMIT = 20


@pytest.fixture
def sites(answering):
    return [Site(program.ask("port")) for program in [answering("web.mjs"), answering("web.mjs")]]


def test_a_session_is_shared_by_the_processes_and_survives_restarts(sites, server):
    check_shared_session(*sites, server)


def test_no_more_than_the_limit_pass_when_both_processes_are_asked_at_once(sites):
    def attempt(number):
        status, body = sites[number % 2].status("/limited/crowd")
        assert status in {200, 429}, body
        return status

    with Load(attempt, threads=8) as load:
        load.more(60)
    assert list(load.done.values()).count(200) == LIMIT


def test_a_restart_does_not_lift_a_limit(sites, server):
    assert [sites[number % 2].get("/limited/user") for number in range(LIMIT)] == list(range(LIMIT))[::-1]

    def refused(site):
        status, body = site.status("/limited/user")
        assert status in {429, 503}, body
        return status == 429

    for crash in (False, True):
        server.restart(crash=crash)
        for site in sites:
            wait_until(lambda site=site: refused(site), "an answer")


def test_what_keyv_has_stored_is_shared_and_survives_restarts(sites, server):
    one, other = sites
    with Load(lambda number: sites[number % 2].get(f"/cache/set/key{number}/{number}")) as load:
        load.outlasts(server)
    assert set(load.done.values()) == {True}
    keys = set(insist(lambda: other.get("/cache/keys"), Refused))
    assert {f"key{number}" for number in load.done} <= keys
    for number in list(load.done)[:: len(load.done) // 40 + 1]:
        assert other.get(f"/cache/get/key{number}") == {"value": str(number)}
    assert one.get(f"/cache/delete/key{number}") is True
    assert other.get(f"/cache/get/key{number}") is None
    one.get("/cache/set/short/1?ttl=200")
    wait_until(lambda: other.get("/cache/get/short") is None, "the value to expire")
    one.get("/cache/clear")
    assert other.get("/cache/keys") == []
