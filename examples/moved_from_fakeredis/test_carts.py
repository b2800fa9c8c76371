"""Tests that used fakeredis. Of what was there, one line has changed: that of the fixture `client`.

    pytest examples/moved_from_fakeredis

The last three tests are new: with fakeredis they were not possible.
"""

import threading

import pytest
import redis
from carts import HOUR, Carts

import pyredis


@pytest.fixture
def client():
    # Before: return fakeredis.FakeRedis()
    return redis.Redis(connection_pool=pyredis.connection_pool())


@pytest.fixture
def carts(client):
    return Carts(client)


def test_a_cart_has_what_was_put_into_it(carts):
    carts.put("ada", "tea")
    carts.put("ada", "tea", 2)
    carts.put("ada", "milk")
    assert carts.content("ada") == {"tea": 3, "milk": 1}
    assert carts.content("bob") == {}


def test_what_is_taken_out_is_gone(carts):
    carts.put("ada", "tea", 3)
    assert carts.take("ada", "tea") == 2
    assert carts.take("ada", "tea", 5) == 0
    assert carts.content("ada") == {}


def test_an_order_empties_the_cart(carts, client):
    carts.put("ada", "tea")
    assert carts.order("ada")
    assert not carts.order("ada")
    ((_, order),) = client.xrange("orders")
    assert order == {b"customer": b"ada", b"tea": b"1"}


def test_a_cart_is_forgotten_after_an_hour(pyredis_server, redis_client):
    carts = Carts(redis_client)
    pyredis_server.clock.freeze()
    carts.put("ada", "tea")
    pyredis_server.clock.advance(HOUR - 1)
    assert carts.content("ada") == {"tea": 1}
    pyredis_server.clock.advance(2)
    assert carts.content("ada") == {}


def test_of_two_orders_at_once_one_wins(carts):
    carts.put("ada", "tea")
    results = []
    threads = [threading.Thread(target=lambda: results.append(carts.order("ada"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, False, True]


def test_carts_survive_a_restart(tmp_path):
    for count in (1, 2):
        pool = pyredis.connection_pool(tmp_path)
        carts = Carts(redis.Redis(connection_pool=pool))
        carts.put("ada", "tea")
        assert carts.content("ada") == {"tea": count}
        pool.close()
