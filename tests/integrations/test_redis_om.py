"""redis-om's HashModel: all of it that needs no search module, and what it reports without one."""

import pytest

from support.answering import Load, Refused
from support.programs import needs

PROGRAMS = ["redis-om"]

needs("redis_om")


@pytest.fixture
def store(answering):
    return answering("redis_om_store.py")


def test_models_are_saved_changed_found_by_key_and_deleted(store):
    key = store.ask("save", name="Ann", age=33)
    assert store.ask("get", key=key) == {"pk": key, "name": "Ann", "age": 33, "note": None}
    assert store.ask("update", key=key, age=34, note="older")
    assert store.ask("get", key=key) == {"pk": key, "name": "Ann", "age": 34, "note": "older"}
    more = store.ask("several", people=[{"name": f"p{number}", "age": number} for number in range(30)])
    assert store.ask("keys") == sorted([key, *more])
    assert 90 < store.ask("expire", key=key, seconds=100) <= 100
    assert store.ask("delete", key=key) == 1
    assert store.ask("get", key=key) is None


def test_models_that_were_saved_survive_restarts(store, server):
    with Load(lambda number: store.ask("save", name=f"p{number}", age=number)) as load:
        load.outlasts(server)
    assert set(load.done.values()) <= set(store.ask("keys"))
    for number, key in list(load.done.items())[:: len(load.done) // 40 + 1]:
        assert store.ask("get", key=key)["age"] == number


def test_a_query_needs_a_search_module_as_with_a_redis_that_has_none(store):
    store.ask("save", name="Ann", age=33)
    with pytest.raises(Refused):
        store.ask("find", name="Ann")
