"""Pipelines and subscriptions have the results, messages and exceptions of redis-py over the oracle."""

import pytest
import redis

import pyredis

# Mistakes that are found before a command is sent; the texts are our own.
OWN_TEXTS = (redis.DataError,)


def outcome(function, client):
    try:
        return function(client)
    except OWN_TEXTS as error:
        return type(error)
    except redis.RedisError as error:
        return type(error), str(error)


@pytest.fixture(params=[False, True], ids=["bytes", "text"])
def both(request, shared_oracle):
    """redis-py over the oracle, and a database in the process, with the same contents."""
    options = {"decode_responses": request.param}
    with redis.Redis(port=shared_oracle.port, **options) as client, pyredis.open(**options) as db:
        for each in (client, db):
            each.set("key", "value")
            each.rpush("list", 1, 2, 3, 4)
        yield client, db


def steps(*functions, **options):
    """Returns a function that makes a pipeline and returns the outcome of each step with it."""

    def run(client):
        pipe = client.pipeline(**options)
        results = [outcome(lambda _, function=function: function(client, pipe), client) for function in functions]
        return ["itself" if result is pipe else result for result in results]

    return run


PIPELINES = {
    "results": lambda r: r.pipeline().hset("h", mapping={"a": 1}).hgetall("h").zadd("z", {"a": 1.5}).execute(),
    "scores": lambda r: r.pipeline().zadd("z", {"a": 1}).zrange("z", 0, -1, withscores=True).execute(),
    "an error": lambda r: r.pipeline().lpush("key", 2).get("key").execute(),
    "an error without transaction": lambda r: r.pipeline(False).get("key").lpush("key", 2).get("key").execute(),
    "an error in the results": lambda r: list(
        map(repr, r.pipeline().lpush("key", 2).get("key").execute(raise_on_error=False))
    ),
    "the error of a long command": lambda r: r.pipeline().lpush("key", "word " * 50, "x" * 200).execute(),
    "the error of a command with bytes": lambda r: r.pipeline().lpush("key", b"\xff\x00", 1.5).execute(),
    "an unknown command": lambda r: r.pipeline().get("key").execute_command("NOPE", 1).get("key").execute(),
    "an unknown command in the results": lambda r: r.pipeline().execute_command("NOPE", 1).execute(False),
    "a missing argument": lambda r: r.pipeline(False).execute_command("GET").get("key").execute(),
    "None": steps(lambda r, p: p.set("key", None).execute(), lambda r, p: p.execute(), lambda r, p: len(p)),
    "nothing": lambda r: r.pipeline().execute(),
    "its length": lambda r: (len(r.pipeline().get("key")), bool(r.pipeline())),
    "MULTI twice": steps(lambda r, p: p.multi(), lambda r, p: p.multi()),
    "MULTI after a command": steps(lambda r, p: p.get("key"), lambda r, p: p.multi()),
    "WATCH after MULTI": steps(lambda r, p: p.multi(), lambda r, p: p.watch("key")),
    "WATCH after a command": steps(
        lambda r, p: p.get("key"), lambda r, p: p.watch("key"), lambda r, p: p.get("list"), lambda r, p: p.execute()
    ),
    "WATCH": steps(
        lambda r, p: p.watch("key"),
        lambda r, p: p.get("key"),
        lambda r, p: p.multi(),
        lambda r, p: p.set("key", 3),
        lambda r, p: p.execute(),
        lambda r, p: (p.watching, p.explicit_transaction, r.get("key")),
    ),
    "WATCH and nothing": steps(lambda r, p: p.watch("key"), lambda r, p: p.execute(), lambda r, p: p.watching),
    "WATCH of nothing": lambda r: r.pipeline().watch(),
    "a change": steps(
        lambda r, p: p.watch("key"),
        lambda r, p: r.set("key", 9),
        lambda r, p: p.multi(),
        lambda r, p: p.get("key"),
        lambda r, p: p.execute(),
        lambda r, p: p.get("key").execute(),
    ),
    "an error at once": steps(lambda r, p: p.watch("key"), lambda r, p: p.lpush("key", 1), lambda r, p: p.watching),
    "UNWATCH": steps(
        lambda r, p: p.unwatch(), lambda r, p: p.watch("key"), lambda r, p: p.unwatch(), lambda r, p: p.get("key")
    ),
    "UNWATCH after MULTI": steps(
        *(lambda r, p: p.watch("key"), lambda r, p: p.multi(), lambda r, p: p.unwatch(), lambda r, p: p.get("key")),
        lambda r, p: p.execute(),
    ),
    "WATCH without transaction": steps(
        *(lambda r, p: p.watch("key"), lambda r, p: p.multi(), lambda r, p: p.get("key"), lambda r, p: p.execute()),
        transaction=False,
    ),
    "once more": steps(*[lambda r, p: p.get("key").execute()] * 3),
    "reset": steps(lambda r, p: p.set("key", 5), lambda r, p: p.reset(), lambda r, p: p.execute()),
    "blocking commands": lambda r: r.pipeline().blpop("list", 1).brpop("list", 1).blpop("none", 0).execute(),
    "blocking without transaction": lambda r: r.pipeline(False).blpop("list", 1).brpop("list", 1).execute(),
    "a script": steps(lambda r, p: r.register_script("return ARGV[1]")(client=p, args=["x"]), lambda r, p: p.execute()),
    "a script that is not loaded": lambda r: r.pipeline().evalsha("0" * 40, 0).execute(),
    "the error of a script": lambda r: r.pipeline().eval("return redis.error_reply('MY error')", 0).execute(),
    "DISCARD": lambda r: r.pipeline().set("key", 1).execute_command("DISCARD").execute(),
    "EXEC": lambda r: r.pipeline().set("key", 1).execute_command("EXEC").execute(),
    "a function": lambda r: r.transaction(lambda p: (p.multi(), p.set("key", 4)), "key"),
    "the value of a function": lambda r: r.transaction(lambda p: 5, "key", value_from_callable=True),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_do_what_redis_py_does(both, name):
    client, db = both
    expected = outcome(PIPELINES[name], client)
    assert outcome(PIPELINES[name], db) == expected
    assert db.get("key") == client.get("key")


def messages(subscriber):
    found = []
    while (message := subscriber.get_message(timeout=0.05)) is not None:
        found.append(message)
    return found


def handled(subscribe):
    """What a handler gets."""
    found = []

    def run(client, subscriber):
        subscribe(subscriber, found.append)
        client.publish("ab", 1)
        return subscriber.get_message(timeout=1), subscriber.get_message(timeout=1), found

    return run


SUBSCRIPTIONS = {
    "one": lambda r, p: (p.subscribe("a", "b"), r.publish("a", 1), messages(p), p.channels, p.subscribed),
    "a list": lambda r, p: (p.subscribe(["a", "b"], "c"), messages(p), sorted(p.channels)),
    "a number": lambda r, p: (p.subscribe(1), r.publish(1, 2.5), messages(p), p.channels),
    "an empty message": lambda r, p: (p.subscribe("a"), r.publish("a", ""), messages(p)),
    "twice": lambda r, p: (p.subscribe("a"), p.subscribe("a"), messages(p), p.channels),
    "nothing": lambda r, p: p.subscribe(),
    "an end": lambda r, p: (p.subscribe("a"), p.unsubscribe(), messages(p), p.channels, p.subscribed),
    "another end": lambda r, p: (p.subscribe("a"), p.unsubscribe("z"), messages(p), p.channels),
    "an end first": lambda r, p: (p.unsubscribe("z"), messages(p), p.subscribed),
    "an end of nothing": lambda r, p: (p.unsubscribe(), messages(p), p.subscribed),
    "an end and a beginning": lambda r, p: (
        *(p.subscribe("a"), p.unsubscribe("a"), p.subscribe("a"), messages(p), p.channels, p.subscribed),
    ),
    "a pattern": lambda r, p: (p.psubscribe("a*"), r.publish("ab", 1), messages(p), p.patterns),
    "the end of a pattern": lambda r, p: (p.psubscribe("a*", "b*"), p.punsubscribe("a*"), messages(p), p.patterns),
    "a channel and a pattern": lambda r, p: (p.psubscribe("a*"), p.subscribe("ab"), r.publish("ab", 1), messages(p)),
    "a shard channel": lambda r, p: (
        *(p.ssubscribe("s"), r.spublish("s", 1), messages(p), p.shard_channels, p.sunsubscribe("s"), messages(p)),
    ),
    "a handler": handled(lambda p, handler: p.subscribe(ab=handler)),
    "the handler of a pattern": handled(lambda p, handler: p.psubscribe(**{"a*": handler})),
    "PING without a subscription": lambda r, p: (p.ping(), messages(p)),
    "no message": lambda r, p: p.get_message(),
    "no more message": lambda r, p: (p.subscribe("a"), p.unsubscribe("a"), messages(p), p.get_message()),
    "closed": lambda r, p: (p.subscribe("a"), p.close(), p.subscribed, p.channels, p.get_message()),
    "again": lambda r, p: (p.subscribe("a"), p.reset(), p.subscribe("b"), messages(p), p.channels),
    "ignored": lambda r, p: (p.subscribe("a"), p.get_message(True, timeout=1), r.publish("a", 1), messages(p)),
    "a thread without handler": lambda r, p: (p.subscribe("a"), p.run_in_thread()),
    "a thread without handler of a pattern": lambda r, p: (p.psubscribe("a"), p.run_in_thread()),
    "a thread without handler of a shard channel": lambda r, p: (p.ssubscribe("a"), p.run_in_thread()),
    "listening": lambda r, p: (p.subscribe("a"), r.publish("a", 1), p.unsubscribe("a"), list(p.listen())),
    "listening to nothing": lambda r, p: list(p.listen()),
    "counts": lambda r, p: (
        *(p.subscribe("a"), p.psubscribe("x"), messages(p), r.pubsub_numsub("a", "z"), r.pubsub_numpat()),
        r.pubsub_channels(),
    ),
}


@pytest.mark.parametrize("ignore", [False, True])
@pytest.mark.parametrize("name", SUBSCRIPTIONS)
def test_subscriptions_do_what_redis_py_does(both, name, ignore):
    def run(client):
        with client.pubsub(ignore_subscribe_messages=ignore) as subscriber:
            return SUBSCRIPTIONS[name](client, subscriber)

    client, db = both
    expected = outcome(run, client)
    assert outcome(run, db) == expected


def test_ping_is_answered_among_the_messages():
    with pyredis.open() as db, db.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.subscribe("a")
        subscriber.get_message()
        subscriber.ping()
        subscriber.ping("text")
        assert [message["data"] for message in messages(subscriber)] == [b"", b"text"]


def test_waiting_again_and_again_for_a_message_costs_nothing():
    with pyredis.open() as db, db.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.subscribe("a")
        subscriber.get_message()
        for _ in range(5000):
            assert subscriber.get_message(timeout=0.00001) is None
        db.publish("a", "one")
        assert subscriber.get_message()["data"] == b"one"


def test_a_wrong_option_of_a_subscriber_is_an_error_without_consequences(recwarn):
    with pyredis.open() as db, pytest.raises(TypeError):
        db.pubsub(nonsense=True)
    assert not recwarn.list
