"""walrus: models with indexes, full-text search in plain sets, streams, transactions, rate limits, autocompletion."""

import pytest

from support.answering import Load
from support.programs import needs

PROGRAMS = ["walrus"]

redis, walrus = needs("redis"), needs("walrus")


@pytest.fixture
def worker(answering):
    return answering("walrus_worker.py")


def test_a_consumer_group_handles_each_message_of_a_stream_through_restarts(worker, server):
    database = walrus.Database("127.0.0.1", server.port)
    failures = (redis.RedisError,)
    with Load(lambda number: database.xadd("jobs", {"value": number}).decode(), failures=failures) as load:
        load.outlasts(server, 30)
    worker.reports("handled", *load.done.values())
    handled = {event["handled"]: event["value"] for event in worker.events if "handled" in event}
    assert {number: handled[name] for number, name in load.done.items()} == {number: number for number in load.done}


def test_models_are_found_by_their_indexes_and_their_words(worker, server):
    for name, age, words in (("Ann", 33, "red wine"), ("Bob", 20, "white wine"), ("Cid", 41, "beer")):
        assert worker.ask("add_user", name=name, city="Porto", age=age, words=words)
    server.restart(crash=True)
    assert worker.ask("people", city="Porto", older_than=25) == ["Ann", "Cid"]
    assert worker.ask("people", city="Faro", older_than=0) == []
    assert worker.ask("about", word="wine") == ["Ann", "Bob"]


def test_transactions_rate_limits_and_autocompletion_work(worker):
    with Load(lambda number: worker.ask("transfer", source="a", target="b", amount=1)) as load:
        load.more(50)
    assert worker.ask("balances") == {"a": -len(load.done), "b": len(load.done)}
    for kind in ("plain", "lua"):
        assert [worker.ask("limited", kind=kind, user="u") for _ in range(22)] == [False] * 20 + [True] * 2
    assert worker.ask("completed", text="lis") == ["Lisbon", "Lisburn"]
