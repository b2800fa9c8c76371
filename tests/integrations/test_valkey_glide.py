"""valkey-glide, a client whose core is a native library: batches, scripts, functions and subscriptions."""

import asyncio

import pytest

from support.client import TIMEOUT
from support.programs import insist_async, needs

PROGRAMS = ("valkey-glide",)

glide = needs("glide")

WORKERS, ROUNDS, BATCH = 6, 20, 50
LIBRARY = """#!lua name=counters
redis.register_function('add', function(keys, arguments) return redis.call('INCRBY', keys[1], arguments[1]) end)
"""


@pytest.fixture(params=[glide.ProtocolVersion.RESP2, glide.ProtocolVersion.RESP3], ids=["resp2", "resp3"])
def run(server, request):
    """Runs a coroutine that is given a client and a second one, which is subscribed to ``news`` and ``n*``.

    A client that subscribes must use RESP3; the other uses each protocol.
    """

    def configuration(**options):
        address = glide.NodeAddress("127.0.0.1", server.port)
        return glide.GlideClientConfiguration([address], request_timeout=5000, **options)

    modes = glide.GlideClientConfiguration.PubSubChannelModes
    subscriptions = glide.GlideClientConfiguration.PubSubSubscriptions(
        {modes.Exact: {"news"}, modes.Pattern: {"n*"}}, None, None
    )

    async def with_clients(main) -> None:
        client = await glide.GlideClient.create(configuration(protocol=request.param))
        subscriber = await glide.GlideClient.create(configuration(pubsub_subscriptions=subscriptions))
        async with client, subscriber, asyncio.timeout(TIMEOUT):
            await main(client, subscriber)

    return lambda main: asyncio.run(with_clients(main))


async def insist(action):
    """Repeat a request until the server is back."""
    return await insist_async(action, glide.ConnectionError, glide.TimeoutError)


def test_batches_under_load_answer_in_order(run):
    async def main(client, _):
        async def work(atomic: bool) -> None:
            for _ in range(ROUNDS):
                batch = glide.Batch(is_atomic=atomic)
                for _ in range(BATCH):
                    batch.incr("total").echo("x")
                replies = await client.exec(batch, raise_on_error=True)
                assert replies[::2] == sorted(set(replies[::2]))
                assert replies[1::2] == [b"x"] * BATCH

        await asyncio.gather(*[work(bool(number % 2)) for number in range(WORKERS)])
        assert await client.get("total") == b"%d" % (WORKERS * ROUNDS * BATCH)

    run(main)


def test_a_script_is_loaded_when_the_server_does_not_know_it(run):
    async def main(client, _):
        add = glide.Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        assert await client.invoke_script(add, keys=["n"], args=["1"]) == 1
        await client.script_flush()
        assert await client.invoke_script(add, keys=["n"], args=["10"]) == 11

    run(main)


def test_a_function_is_called_and_still_there_after_a_restart(run, server, crash):
    async def main(client, _):
        assert await client.function_load(LIBRARY) == b"counters"
        assert await client.fcall("add", keys=["n"], arguments=["1"]) == 1
        await asyncio.to_thread(server.restart, crash=crash)
        assert await insist(lambda: client.fcall("add", keys=["n"], arguments=["10"])) == 11

    run(main)


def test_a_subscriber_and_a_writer_continue_after_a_restart(run, server, crash):
    async def main(client, subscriber):
        async def hear(text: bytes) -> None:
            """Publish until the subscriber has the message by its channel and by its pattern."""
            patterns = set()

            async def said_and_heard() -> bool | None:
                await client.publish(text, "news")
                while message := subscriber.try_get_pubsub_message():
                    if message.message == text:
                        patterns.add(message.pattern)
                return patterns == {None, b"n*"} or None

            await insist(said_and_heard)

        await hear(b"before")
        answered = [await client.incr("n") for _ in range(ROUNDS)]
        await asyncio.to_thread(server.restart, crash=crash)
        assert await insist(lambda: client.incr("n")) >= answered[-1] + 1
        await hear(b"after")

    run(main)
