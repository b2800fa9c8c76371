"""aiocache, dogpile.cache and walrus's cache, each in two processes that share what they cache."""

import pytest

from support.answering import Load, Refused
from support.programs import insist, needs

PROGRAMS = ["aiocache", "dogpile.cache"]

MODULES = {"aiocache": "aiocache", "dogpile": "dogpile.cache", "walrus": "walrus"}
# Which processes a cache's lock keeps from computing a value twice. walrus's cache has no lock.
LOCKED = {"aiocache": [0] * 12, "dogpile": [0, 1] * 6}


@pytest.fixture
def pair(answering, library):
    needs(MODULES[library])
    return [answering("caches.py", LIBRARY=library) for _ in range(2)]


def computed(pair, value):
    return sum(process.reported("computed").count(value) for process in pair)


@pytest.mark.parametrize("library", LOCKED)
def test_a_value_that_many_ask_for_at_once_is_computed_once(pair, library):
    asked = [pair[0].begin("double", value=4)]
    pair[0].reports("computed", 4)
    asked += [pair[number].begin("double", value=4) for number in LOCKED[library]]
    assert [answer.result() for answer in asked] == [8] * len(asked)
    assert computed(pair, 4) == 1
    pair[0].ask("forget", value=4)
    assert pair[1].ask("double", value=4) == 8
    assert computed(pair, 4) == 2


@pytest.mark.parametrize("library", MODULES)
def test_what_is_cached_is_shared_and_survives_restarts(pair, server, library):
    one, other = pair
    one.ask("set", key="kept", value=[1, {"a": "b"}])
    assert one.ask("double", value=1) == 2

    def job(number):
        pair[number % 2].ask("set", key=f"key {number}", value=number)

    with Load(job) as load:
        load.outlasts(server)
    for number in [*load.done][:: len(load.done) // 40 + 1]:
        assert insist(lambda key=f"key {number}": other.ask("get", key=key), Refused) == number
    assert other.ask("get", key="kept") == [1, {"a": "b"}]
    assert other.ask("double", value=1) == 2
    assert computed(pair, 1) == 1
    one.ask("delete", key="kept")
    assert other.ask("get", key="kept") is None


@pytest.mark.parametrize("library", ["aiocache"])
def test_aiocache_sets_gets_and_clears_several_keys(pair):
    one, other = pair
    assert one.ask("several", pairs={"x": 1, "y": 2})
    assert other.ask("all", keys=["x", "y", "z"]) == [1, 2, None]
    assert other.ask("clear")
    assert one.ask("all", keys=["x", "y", "z"]) == [None, None, None]
