"""A clock that tests own: expiry, waiting, ids and times follow it, at once and in order, without sleeping."""

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import redis

import pyredis
from pyredis.embedded.clock import Timers
from support.client import wait_until

START = 1_000_000_000


@pytest.fixture
def server():
    with pyredis.Server(notify_keyspace_events="KEA") as server:
        yield server


@pytest.fixture
def client(server):
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        yield client


@pytest.fixture
def pool():
    with ThreadPoolExecutor() as pool:
        yield pool


def await_blocked(server, number: int) -> None:
    wait_until(lambda: server.info("clients")["blocked_clients"] == number, f"{number} clients that wait")


def test_a_frozen_clock_stands_still(server, client):
    server.clock.freeze(START)
    assert [client.time() for _ in range(2)] == [(START, 0)] * 2
    assert server.clock.time == START
    assert client.eval("return redis.call('TIME')[1]", 0) == str(START)
    assert [client.xadd("stream", {"field": 1}) for _ in range(2)] == [f"{START}000-0", f"{START}000-1"]
    moment = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    server.clock.freeze(moment)
    assert client.time() == (int(moment.timestamp()), 0)
    assert client.xadd("stream", {"field": 1}) == f"{int(moment.timestamp())}000-0"


def test_freezing_without_a_time_keeps_the_present(server, client):
    before = time.time()
    server.clock.freeze()
    frozen = server.clock.time
    assert before <= frozen <= time.time()
    seconds, microseconds = client.time()
    assert seconds + microseconds / 1e6 == pytest.approx(frozen)


def test_keys_and_fields_expire_when_the_clock_says_so(server, client):
    server.clock.freeze(START)
    client.set("key", "value", ex=10)
    client.hset("hash", mapping={"brief": 1, "lasting": 2})
    client.hexpire("hash", 5, "brief")
    server.clock.advance(4.999)
    assert (client.pttl("key"), client.hlen("hash")) == (5001, 2)
    server.clock.advance(timedelta(seconds=1))
    assert client.hgetall("hash") == {"lasting": "2"}
    assert client.expiretime("key") == START + 10
    server.clock.advance(5)
    assert client.get("key") is None


def test_everything_that_is_due_is_gone_when_advance_returns(server, client):
    server.clock.freeze(START)
    pipe = client.pipeline(transaction=False)
    for number in range(5000):
        pipe.set(f"key:{number}", "value", ex=1 + number % 50)
        pipe.hsetex(f"hash:{number}", mapping={"field": 1}, ex=1 + number % 50)
    pipe.execute()
    server.clock.advance(25.5)
    keys = server.info("keyspace")["db0"]["keys"]
    assert keys == 2 * 5000 * 25 // 50
    assert server.info("stats")["expired_keys"] + server.info("stats")["expired_subkeys"] >= 5000
    server.clock.advance(25)
    assert "db0" not in server.info("keyspace")


def test_keys_and_fields_expire_in_the_order_of_their_times(server, client):
    server.clock.freeze(START)
    times = random.Random(1).sample(range(1, 1000), 300)
    for number, when in enumerate(times):
        if number % 3:
            client.set(f"{when:03}", "value", ex=when, px=None)
        else:
            client.hset(f"{when:03}", "field", 1)
            client.hexpire(f"{when:03}", when, "field")
    # Both with a field that expires before the key, and after it.
    client.hset("both", mapping={"field": 1})
    client.expire("both", 1500)
    client.hexpire("both", 1200, "field")
    client.hset("key first", mapping={"field": 1})
    client.expire("key first", 1100)
    client.hexpire("key first", 1300, "field")
    with client.pubsub(ignore_subscribe_messages=True) as events:
        events.psubscribe("__keyevent@0__:*expired")
        events.get_message(timeout=5)
        server.clock.advance(2000)
        arrived = [events.get_message(timeout=5) for _ in range(302)]
        assert client.dbsize() == 0
    order = [(message["data"], message["channel"].rpartition(":")[2]) for message in arrived]
    expected = [(f"{when:03}", "expired" if number % 3 else "hexpired") for number, when in enumerate(times)]
    assert order == [*sorted(expected), ("key first", "expired"), ("both", "hexpired")]


def test_waiting_clients_are_answered_in_the_order_of_their_timeouts(server, client, pool):
    answered: list[str] = []

    def wait(key: str, timeout: float) -> None:
        with redis.Redis.from_url(server.url) as own:
            assert own.blpop(key, timeout=timeout) is None
        answered.append(key)

    server.clock.freeze()
    waits = [pool.submit(wait, key, timeout) for key, timeout in (("late", 3600), ("soon", 0.5), ("later", 7200))]
    await_blocked(server, 3)
    server.clock.advance(0.499)
    await_blocked(server, 3)
    server.clock.advance(0.002)
    waits[1].result(10)
    server.clock.advance(3600)
    waits[0].result(10)
    assert answered == ["soon", "late"]
    server.clock.advance(3600)
    waits[2].result(10)


def test_a_push_before_its_timeout_serves_a_client(server, client, pool):
    server.clock.freeze()
    with redis.Redis.from_url(server.url) as own:
        waiting = pool.submit(own.blpop, "list", 10)
        await_blocked(server, 1)
        server.clock.advance(9)
        client.rpush("list", "element")
        assert waiting.result(10) == (b"list", b"element")
        server.clock.advance(100)
        assert own.ping()


def test_expiry_and_timeouts_happen_in_the_order_of_time(server, client, pool):
    """XREADGROUP waits until 5 s, and its key expires at 3 s: the key's end answers it, not the timeout."""
    server.clock.freeze(START)
    client.xgroup_create("stream", "group", mkstream=True)
    client.expire("stream", 3)
    client.set("key", 1, ex=7)
    with client.pubsub(ignore_subscribe_messages=True) as events, redis.Redis.from_url(server.url) as own:
        events.psubscribe("__keyevent@0__:expired")
        waiting = pool.submit(own.xreadgroup, "group", "consumer", {"stream": ">"}, block=5000)
        other = pool.submit(redis.Redis.from_url(server.url).blpop, "list", 4)
        await_blocked(server, 2)
        server.clock.advance(10)
        with pytest.raises(redis.ResponseError, match=r"UNBLOCKED|NOGROUP"):
            waiting.result(10)
        assert other.result(10) is None
        # The first is the confirmation of the subscription, which is left out.
        messages = [events.get_message(timeout=5) for _ in range(3)]
        expired = [message["data"] for message in messages if message]
    assert expired == ["stream", "key"]


def test_idle_times_follow(server, client):
    server.clock.freeze(START)
    client.set("key", "value")
    client.xadd("stream", {"field": 1})
    client.xgroup_create("stream", "group", "0")
    client.xreadgroup("group", "consumer", {"stream": ">"})
    server.clock.advance(90)
    assert client.object("idletime", "key") == 90
    assert client.xpending_range("stream", "group", "-", "+", 10)[0]["time_since_delivered"] == 90_000


def test_the_systems_clock_runs_again(server, client, pool):
    server.clock.freeze(START)
    with redis.Redis.from_url(server.url) as own:
        waiting = pool.submit(own.blpop, "list", 0.05)
        await_blocked(server, 1)
        server.clock.run()
        assert waiting.result(10) is None
    assert abs(server.clock.time - time.time()) < 60
    server.clock.run()
    assert client.time()[0] > START


def test_a_client_that_waits_keeps_the_rest_of_its_time_when_the_clock_changes(server, client, pool):
    with redis.Redis.from_url(server.url) as own:
        waiting = pool.submit(own.blpop, "list", 1000)
        await_blocked(server, 1)
        server.clock.freeze(START)
        server.clock.advance(900)
        await_blocked(server, 1)
        server.clock.freeze(2 * START)
        await_blocked(server, 1)
        server.clock.advance(100)
        assert waiting.result(10) is None


def test_the_clock_follows_another_source(server, client, pool, monkeypatch):
    moment = [float(START)]
    monkeypatch.setattr(time, "time", lambda: moment[0])
    server.clock.follow()
    client.set("key", "value", ex=10)
    assert client.time() == (START, 0)
    with redis.Redis.from_url(server.url) as own:
        waiting = pool.submit(own.blpop, "list", 10)
        await_blocked(server, 1)
        moment[0] += 10.001
        assert client.get("key") is None
        assert waiting.result(10) is None
    server.clock.follow(lambda: 2.0 * START)
    assert client.time() == (2 * START, 0)


def test_a_replaced_time_that_leaves_threads_alone_is_followed(server, client, monkeypatch):
    """freezegun returns the real time to functions that modules such as threading call, within five frames."""
    real, moment = time.time, [float(START)]

    def frozen_time():
        frame = sys._getframe(1)
        for _ in range(5):
            if frame is None or frame.f_globals["__name__"] == "threading":
                return real() if frame else moment[0]
            frame = frame.f_back
        return moment[0]

    monkeypatch.setattr(time, "time", frozen_time)
    server.clock.follow()
    client.set("key", "value", ex=10)
    assert client.pttl("key") == 10000
    moment[0] += 10.001
    assert client.get("key") is None


@pytest.mark.parametrize("moment", [-1, 1e12, float("inf"), float("nan")])
def test_a_time_that_no_clock_shows_is_refused(server, client, moment):
    server.clock.freeze(START)
    for change in (server.clock.freeze, server.clock.advance, lambda at: server.clock.follow(lambda: at)):
        with pytest.raises(ValueError, match="time"):
            change(moment)
    assert client.time() == (START, 0)


def test_a_source_that_fails_is_reported_and_replaced_by_the_systems_clock(server, client, caplog):
    server.clock.follow(lambda: 1 / 0 if threading.current_thread().name == "pyredis" and failing else START)
    failing.append(1)
    assert client.time()[0] > START
    failing.clear()
    assert "Reading the clock failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


failing: list[int] = []


def test_time_does_not_go_backwards_by_advancing(server):
    with pytest.raises(ValueError, match=r"time does not go backwards: -1; freeze sets any time"):
        server.clock.advance(-1)


def test_each_server_has_a_clock_of_its_own(server, client):
    with pyredis.Server() as other, redis.Redis.from_url(other.url) as own:
        other.clock.freeze(START)
        assert own.time() == (START, 0)
        assert client.time()[0] > START


def test_timers_run_in_order_and_not_when_cancelled():
    now, ran = [0], []
    timers = Timers(lambda: now[0])
    for when in (3, 1, 2, 1):
        timers.call_at(when, lambda when=when: ran.append(when))
    timers.call_at(1.5, lambda: ran.append("cancelled")).cancel()
    timers.run_due()
    assert (ran, timers.next()) == ([], 1_000_000)
    now[0] = 2_000_000
    timers.run_due()
    assert (ran, timers.next()) == ([1, 1, 2], 3_000_000)


def test_a_timer_is_due_at_the_time_that_next_returns():
    now, ran = [0], []
    timers = Timers(lambda: now[0])
    for _ in range(1000):
        timers.call_at(2 * START + random.random() * START, lambda: ran.append(now[0]))
    while (due := timers.next()) is not None:
        before = len(ran)
        now[0] = due
        timers.run_due()
        assert len(ran) > before


def test_a_pause_ends_when_the_clock_says_so_and_until_then_nothing_expires(server, client, pool):
    server.clock.freeze(START)
    client.set("brief", 1, ex=10)
    client.client_pause(60_000, all=False)
    held = pool.submit(client.set, "key", "value")
    await_blocked(server, 1)
    server.clock.advance(59)
    await_blocked(server, 1)
    assert (client.exists("brief"), client.dbsize()) == (0, 1)
    server.clock.advance(1)
    assert held.result()
    assert client.keys() == ["key"]


def test_monitor_shows_the_time_of_the_clock(server, client):
    server.clock.freeze(START)
    with client.monitor() as monitor:
        client.ping()
        assert monitor.next_command()["time"] == START
