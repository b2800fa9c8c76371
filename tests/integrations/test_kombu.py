"""Kombu: fanout by publish/subscribe, topics, and a queue that two consumers share."""

import pytest

from support.client import wait_until
from support.programs import APPS, PATIENCE, needs

PROGRAMS = ("kombu",)

kombu = needs("kombu")

NAMES = ("one", "two")


@pytest.fixture
def listeners(programs):
    return [programs.python(APPS / "kombu_listen.py", name, name=name) for name in NAMES]


@pytest.fixture
def publish(url):
    """A function that publishes with Kombu's own retries; an exchange must be declared by its publishers too."""
    patience = {"interval_start": 0.01, "interval_step": 0.01, "max_retries": 500}

    def publish(body: str, exchange: str, routing_key: str = "", kind: str = "direct") -> None:
        target = kombu.Exchange(exchange, type=kind)
        producer.publish(body, routing_key, exchange=target, declare=[target], retry=True, retry_policy=patience)

    with kombu.Connection(url) as connection:
        producer = connection.Producer()
        yield publish


def await_subscribers(publish, programs, body: str) -> None:
    """Publish until both listeners have heard it: whoever is not subscribed misses a message."""

    def heard() -> bool:
        publish(body, "news", kind="fanout")
        return not programs.ledger.lacks([f"{name} {body}" for name in NAMES])

    wait_until(heard, "both listeners", PATIENCE, interval=0.05)


def test_a_fanout_reaches_all_a_topic_its_subscribers_and_a_queue_one(publish, listeners, programs, ledger):
    await_subscribers(publish, programs, "start")
    publish("news", "news", kind="fanout")
    publish("to one", "topics", "one.x.y", kind="topic")
    for number in range(20):
        publish(str(number), "shared", "shared")
    programs.done(["one news", "two news", "one to one", *range(20)])
    assert ledger.counts()["one news"] == ledger.counts()["two news"] == 1
    assert "two to one" not in ledger.counts()
    assert [ledger.counts()[str(number)] for number in range(20)] == [1] * 20


def test_listeners_subscribe_again_after_a_restart(publish, listeners, server, programs, crash):
    await_subscribers(publish, programs, "before")
    server.restart(crash=crash)
    for number in range(20):
        publish(str(number), "shared", "shared")
    await_subscribers(publish, programs, "after")
    programs.done(range(20))
