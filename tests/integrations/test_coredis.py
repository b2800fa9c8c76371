"""coredis (RESP3, anyio): its locks, scripts, functions, subscriptions and pipelines."""

import asyncio

import pytest

from support.client import TIMEOUT
from support.programs import insist_async, needs

PROGRAMS = ("coredis",)

coredis = needs("coredis")

WORKERS, ROUNDS, BATCH = 6, 20, 50
LIBRARY = """#!lua name=counters
redis.register_function('add', function(keys, arguments) return redis.call('INCRBY', keys[1], arguments[1]) end)
"""


@pytest.fixture
def run(server):
    """Runs a coroutine that is given a client."""

    async def with_client(main) -> None:
        async with coredis.Redis(port=server.port, decode_responses=True) as client, asyncio.timeout(TIMEOUT):
            await main(client)

    return lambda main: asyncio.run(with_client(main))


async def insist(action):
    """Repeat a request until the server is back."""
    return await insist_async(action, coredis.exceptions.ConnectionError)


def test_a_lock_makes_a_counter_exact(run):
    async def main(client):
        async def count() -> None:
            for _ in range(ROUNDS):
                async with client.lock("lock", timeout=30, sleep=0.001):
                    await client.set("counter", int(await client.get("counter") or 0) + 1)

        await asyncio.gather(*[count() for _ in range(WORKERS)])
        assert await client.get("counter") == str(WORKERS * ROUNDS)
        assert await client.exists(["lock"]) == 0

    run(main)


def test_pipelines_under_load_answer_in_order(run):
    async def main(client):
        async def work() -> None:
            for _ in range(ROUNDS):
                async with client.pipeline(transaction=False) as pipe:
                    replies = [(pipe.incr("total"), pipe.echo("x")) for _ in range(BATCH)]
                totals = [await total for total, _ in replies]
                assert totals == sorted(set(totals))
                assert [await echo for _, echo in replies] == ["x"] * BATCH

        await asyncio.gather(*[work() for _ in range(WORKERS)])
        assert await client.get("total") == str(WORKERS * ROUNDS * BATCH)

    run(main)


def test_a_script_is_loaded_when_the_server_does_not_know_it(run):
    async def main(client):
        add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        assert [await add(keys=["n"], args=[1]) for _ in range(3)] == [1, 2, 3]
        await client.script_flush()
        assert await add(keys=["n"], args=[10]) == 13

    run(main)


def test_a_library_of_functions_is_called_and_still_there_after_a_restart(run, server, crash):
    async def main(client):
        library = await client.register_library("counters", LIBRARY)
        assert await library["add"](args=[1], keys=["n"]) == 1
        await asyncio.to_thread(server.restart, crash=crash)
        library = await insist(lambda: client.get_library("counters"))
        assert await library["add"](args=[10], keys=["n"]) == 11
        assert await client.function_delete("counters")

    run(main)


def test_a_subscriber_and_a_writer_continue_after_a_restart(run, server, crash):
    heard: list[str] = []

    async def main(client):
        async def listen() -> None:
            async for message in subscriber:
                heard.append(message["data"])

        async def hear(text: str) -> None:
            async def said_and_heard() -> bool | None:
                await client.publish("news", text)
                return text in heard or None

            await insist(said_and_heard)

        async with client.pubsub(channels=["news"], ignore_subscribe_messages=True) as subscriber:
            listener = asyncio.create_task(listen())
            await hear("before")
            answered = [await client.incr("n") for _ in range(ROUNDS)]
            await asyncio.to_thread(server.restart, crash=crash)
            assert await insist(lambda: client.incr("n")) == answered[-1] + 1
            await hear("after")
            listener.cancel()

    run(main)
