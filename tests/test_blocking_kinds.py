"""Waiting for keys that may become values of several kinds, beside the oracle."""

import pytest

from support.waiting import Scene


@pytest.fixture
def scene(pair):
    with Scene(pair) as scene:
        yield scene


def test_each_is_woken_by_its_kind_of_value_alone(scene):
    for_list, for_set = scene.waiter("BLPOP", "k", 0), scene.waiter("BZPOPMIN", "k", 0)
    scene.does("ZADD k 1 a")
    for_set.hears()
    scene.does("EXISTS k", "RPUSH k x")
    for_list.hears()


def test_a_key_that_changes_its_kind_within_a_transaction_is_what_it_is_at_the_end(scene):
    for_list, for_set = scene.waiter("BLPOP", "k", 0), scene.waiter("BZPOPMIN", "k", 0)
    scene.together("RPUSH k x", "DEL k", "ZADD k 1 a 2 b")
    for_set.hears()
    scene.does("ZRANGE k 0 -1", "DEL k", "RPUSH k y")
    for_list.hears()
