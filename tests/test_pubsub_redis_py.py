"""Publish/subscribe with redis-py: its PubSub, sync and asyncio, in both protocols."""

import asyncio
import contextlib
import threading

import pytest
import redis
import redis.asyncio

from support.client import wait_until


@pytest.fixture
def publisher(shared_ours, protocol):
    with redis.Redis(port=shared_ours.port, protocol=protocol) as client:
        yield client


@pytest.fixture
def subscriber(publisher):
    with publisher.pubsub() as subscriber:
        yield subscriber


def message(kind, channel, data, pattern=None):
    return {"type": kind, "pattern": pattern, "channel": channel, "data": data}


def next_message(subscriber, **options):
    """Waits for the next message or confirmation, and returns it."""
    return wait_until(lambda: subscriber.get_message(timeout=1, **options), "a message")


def test_get_message_returns_confirmations_and_messages(publisher, subscriber):
    subscriber.subscribe("a", "b")
    subscriber.psubscribe("p*")
    confirmed = [next_message(subscriber) for _ in range(3)]
    assert [(received["type"], received["channel"], received["data"]) for received in confirmed] == [
        ("subscribe", b"a", 1),
        ("subscribe", b"b", 2),
        ("psubscribe", b"p*", 3),
    ]
    assert publisher.publish("a", "one") == 1
    assert publisher.publish("pa", "two") == 1
    assert next_message(subscriber) == message("message", b"a", b"one")
    assert next_message(subscriber) == message("pmessage", b"pa", b"two", b"p*")
    subscriber.unsubscribe("a")
    assert next_message(subscriber)["type"] == "unsubscribe"
    assert publisher.publish("a", "three") == 0


def test_get_message_can_pass_over_confirmations(publisher, subscriber):
    subscriber.subscribe("a")
    assert subscriber.get_message(ignore_subscribe_messages=True, timeout=1) is None
    publisher.publish("a", "m")
    assert next_message(subscriber, ignore_subscribe_messages=True) == message("message", b"a", b"m")


def test_listen_yields_messages_until_all_subscriptions_end(publisher, subscriber):
    subscriber.subscribe("a")
    heard = []
    for received in subscriber.listen():
        heard.append(received["type"])
        if received["type"] == "subscribe":
            publisher.publish("a", "m")
        elif received["type"] == "message":
            subscriber.unsubscribe()
    assert heard == ["subscribe", "message", "unsubscribe"]


def test_handlers_run_in_a_thread(publisher, subscriber):
    heard, enough = [], threading.Event()

    def handle(received):
        heard.append(received["data"])
        if len(heard) == 10:
            enough.set()

    subscriber.subscribe(a=handle)
    thread = subscriber.run_in_thread(sleep_time=0.1)
    wait_until(lambda: publisher.pubsub_numsub("a") == [(b"a", 1)], "the subscription")
    for number in range(10):
        publisher.publish("a", number)
    assert enough.wait(60)
    thread.stop()
    thread.join()
    assert heard == [b"%d" % number for number in range(10)]


def test_shard_channels(publisher, subscriber):
    subscriber.ssubscribe("shard")
    assert next_message(subscriber)["type"] == "ssubscribe"
    assert publisher.spublish("shard", "m") == 1
    assert next_message(subscriber) == message("smessage", b"shard", b"m")
    assert publisher.pubsub_shardchannels() == [b"shard"]
    assert publisher.pubsub_shardnumsub("shard") == [(b"shard", 1)]
    subscriber.sunsubscribe()
    assert next_message(subscriber)["type"] == "sunsubscribe"


def test_ping_and_the_health_check_of_a_subscriber(publisher, subscriber):
    subscriber.subscribe("a")
    next_message(subscriber)
    subscriber.ping("hello")
    received = next_message(subscriber)
    assert received["type"] == "pong"
    assert received["data"] == b"hello"


def test_the_counts_of_pubsub(publisher, subscriber):
    subscriber.subscribe("a", "b")
    subscriber.psubscribe("*")
    for _ in range(3):
        next_message(subscriber)
    assert sorted(publisher.pubsub_channels()) == [b"a", b"b"]
    assert publisher.pubsub_channels("a*") == [b"a"]
    assert publisher.pubsub_numsub("a", "none") == [(b"a", 1), (b"none", 0)]
    assert publisher.pubsub_numpat() == 1


def test_a_pipeline_publishes_in_order(publisher, subscriber):
    subscriber.subscribe("a")
    next_message(subscriber)
    with publisher.pipeline() as pipe:
        for number in range(100):
            pipe.publish("a", number)
        assert pipe.execute() == [1] * 100
    assert [next_message(subscriber)["data"] for _ in range(100)] == [b"%d" % number for number in range(100)]


def test_a_subscriber_subscribes_again_after_a_restart(start_ours, protocol):
    server = start_ours("--appendonly", "no")
    with redis.Redis(port=server.port, protocol=protocol) as publisher, publisher.pubsub() as subscriber:
        subscriber.subscribe("a")
        subscriber.psubscribe("p*")
        assert [next_message(subscriber)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
        server.restart()
        received = []
        while sorted(received) != ["psubscribe", "subscribe"]:
            # The first call finds the connection closed, reconnects, and subscribes to everything.
            with contextlib.suppress(redis.ConnectionError):
                received.append(next_message(subscriber)["type"])
        assert publisher.publish("a", "m") == 1
        assert next_message(subscriber) == message("message", b"a", b"m")


# ---- asyncio ----


def run(server, protocol, body):
    async def session():
        async with redis.asyncio.Redis(port=server.port, protocol=protocol) as client:
            return await body(client)

    return asyncio.run(session())


async def following(subscriber):
    while (received := await subscriber.get_message(timeout=60)) is None:
        pass
    return received


def test_asyncio_subscribers_receive_messages(shared_ours, protocol):
    async def body(client):
        async with client.pubsub() as subscriber:
            await subscriber.subscribe("a")
            await subscriber.psubscribe("p*")
            assert [(await following(subscriber))["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
            assert await client.publish("a", "one") == 1
            assert await client.publish("pa", "two") == 1
            assert await following(subscriber) == message("message", b"a", b"one")
            assert await following(subscriber) == message("pmessage", b"pa", b"two", b"p*")

    run(shared_ours, protocol, body)


def test_asyncio_listen_serves_many_subscribers_at_once(shared_ours, protocol):
    subscribers, messages = 20, 50

    async def listen(client, ready):
        heard = []
        async with client.pubsub() as subscriber:
            await subscriber.subscribe("a")
            async for received in subscriber.listen():
                if received["type"] == "subscribe":
                    ready.release()
                else:
                    heard.append(int(received["data"]))
                    if len(heard) == messages:
                        return heard

    async def body(client):
        ready = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(listen(client, ready)) for _ in range(subscribers)]
        for _ in tasks:
            await ready.acquire()
        for number in range(messages):
            assert await client.publish("a", number) == subscribers
        return await asyncio.gather(*tasks)

    assert run(shared_ours, protocol, body) == [list(range(messages))] * subscribers


def test_asyncio_shard_channels(shared_ours, protocol):
    async def body(client):
        async with client.pubsub() as subscriber:
            # redis-py's asyncio client has no method for shard channels: the command is sent as it is.
            await subscriber.connect()
            await subscriber.execute_command("SSUBSCRIBE", "shard")
            assert (await subscriber.parse_response())[:2] == [b"ssubscribe", b"shard"]
            assert await client.execute_command("SPUBLISH", "shard", "m") == 1
            assert await subscriber.parse_response() == [b"smessage", b"shard", b"m"]

    run(shared_ours, protocol, body)
