"""redis-py and its fork valkey-py, sync and asyncio, in both protocols: locks, scripts, subscriptions, pipelines."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import wait_until
from support.programs import insist, needs

PROGRAMS = ("redis-py", "valkey-py")

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
WORKERS, ROUNDS, BATCH = 6, 30, 50


@pytest.fixture(params=["redis", "valkey"])
def library(request):
    """The library; both have a class `Redis` or `Valkey` and the same exceptions."""
    return needs(request.param, f"{request.param}.asyncio")


@pytest.fixture
def options(server, protocol):
    return {"port": server.port, "protocol": protocol, "decode_responses": True}


@pytest.fixture
def client(library, options):
    make = getattr(library, library.__name__.title())
    with make(**options) as client:
        yield client


@pytest.fixture
def asynchronous(library, options):
    """Makes asyncio clients; each test closes what it makes, in its own loop."""
    make = getattr(library.asyncio, library.__name__.title())
    return lambda: make(**options)


def in_threads(work) -> None:
    """Run the work in several threads at once, and raise what any of them raised."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(work) for _ in range(WORKERS)]:
            future.result()


def test_a_lock_makes_a_counter_exact(client):
    def count() -> None:
        for _ in range(ROUNDS):
            with client.lock("lock", timeout=30, sleep=0.001):
                client.set("counter", int(client.get("counter") or 0) + 1)

    in_threads(count)
    assert int(client.get("counter")) == WORKERS * ROUNDS
    assert client.exists("lock") == 0


def test_a_lock_is_extended_reacquired_and_only_released_by_its_owner(library, client):
    lock, other = client.lock("lock", timeout=30), client.lock("lock", timeout=30, blocking_timeout=0)
    assert lock.acquire()
    assert not other.acquire()
    assert lock.extend(100)
    assert client.ttl("lock") > 100
    assert lock.reacquire()
    assert client.ttl("lock") <= 30
    client.delete("lock")
    with pytest.raises(library.exceptions.LockNotOwnedError):
        lock.release()
    assert other.acquire()


def test_a_registered_script_is_loaded_when_the_server_does_not_know_it(client):
    add = client.register_script(ADD)
    assert [add(keys=["n"], args=[1]) for _ in range(3)] == [1, 2, 3]
    client.script_flush()
    with client.pipeline() as pipe:
        add(keys=["n"], args=[10], client=pipe)
        pipe.get("n")
        assert pipe.execute() == [13, "13"]


def test_pipelines_under_load_answer_in_order(client):
    def work() -> None:
        for _ in range(ROUNDS):
            with client.pipeline(transaction=False) as pipe:
                for _ in range(BATCH):
                    pipe.incr("total").echo("x")
                replies = pipe.execute()
            assert replies[1::2] == ["x"] * BATCH
            assert sorted(replies[::2]) == replies[::2]

    in_threads(work)
    assert int(client.get("total")) == WORKERS * ROUNDS * BATCH


def test_a_watched_key_makes_a_transaction_start_again(client):
    def increment(pipe) -> None:
        value = int(pipe.get("n") or 0)
        pipe.multi()
        pipe.set("n", value + 1)

    def add() -> None:
        for _ in range(ROUNDS):
            client.transaction(increment, "n")

    in_threads(add)
    assert int(client.get("n")) == WORKERS * ROUNDS


def test_asyncio_clients_do_the_same(asynchronous):
    async def main() -> None:
        async with asynchronous() as client:
            add = client.register_script(ADD)

            async def work() -> None:
                for _ in range(ROUNDS):
                    async with client.lock("lock", timeout=30, sleep=0.001):
                        await client.set("counter", int(await client.get("counter") or 0) + 1)
                    await add(keys=["total"], args=[2])
                    async with client.pipeline() as pipe:
                        assert (await pipe.incr("piped").ping().execute())[1:] == [True]

            await asyncio.gather(*[work() for _ in range(WORKERS)])
            assert await client.mget("counter", "total", "piped") == [
                str(WORKERS * ROUNDS),
                str(2 * WORKERS * ROUNDS),
                str(WORKERS * ROUNDS),
            ]

    asyncio.run(main())


def test_a_subscriber_subscribes_again_after_a_restart(server, library, client, crash):
    heard = []
    subscriber = client.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe(**{"news": lambda message: heard.append(message["data"])})
    subscriber.psubscribe(**{"n?ws": lambda message: heard.append("pattern " + message["data"])})
    thread = subscriber.run_in_thread(sleep_time=0.01, daemon=True, exception_handler=lambda *_: None)
    wait_until(lambda: client.pubsub_numsub("news") == [("news", 1)], "the subscription")
    wait_until(lambda: client.pubsub_numpat() == 1, "the pattern")
    assert client.publish("news", "before") == 2
    wait_until(lambda: sorted(heard) == ["before", "pattern before"], "the messages")
    server.restart(crash=crash)
    wait_until(lambda: insist(lambda: client.publish("news", "after"), library.ConnectionError) == 2, "both again")
    wait_until(lambda: {"after", "pattern after"} <= set(heard), "the messages after the restart")
    thread.stop()
    thread.join()


def test_writers_continue_after_a_restart_and_lose_nothing(server, library, client, crash):
    """Each INCR that was answered is in the file. One that was not may be, and redis-py repeats it."""
    answered, failed, stop = [0] * WORKERS, [0] * WORKERS, threading.Event()

    def write(number: int) -> None:
        while not stop.is_set():
            try:
                client.incr(f"n{number}")
            except library.ConnectionError:
                failed[number] += 1
            else:
                answered[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    wait_until(lambda: min(answered) > 50, "writers to write")
    server.restart(crash=crash)
    there = list(answered)
    wait_until(lambda: all(now > before + 50 for now, before in zip(answered, there, strict=True)), "writers again")
    stop.set()
    for thread in threads:
        thread.join()
    for number in range(WORKERS):
        assert 0 <= int(client.get(f"n{number}")) - answered[number] <= failed[number] + 1


LIBRARY = """#!lua name=counters
redis.register_function('add', function(keys, arguments) return redis.call('INCRBY', keys[1], arguments[1]) end)
redis.register_function{
    function_name='read', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}
"""


def test_functions_are_loaded_called_listed_and_still_there_after_a_restart(server, client, library, crash):
    assert client.function_load(LIBRARY) == "counters"
    assert [client.fcall("add", 1, "n", by) for by in (1, 10)] == [1, 11]
    dump = client.function_dump()
    server.restart(crash=crash)
    assert insist(lambda: client.fcall_ro("read", 1, "n"), library.ConnectionError) == "11"
    assert "counters" in str(client.function_list(library="counters", withcode=True))
    client.function_flush()
    with pytest.raises(library.ResponseError, match="Function not found"):
        client.fcall("add", 1, "n", 1)
    client.function_restore(dump)
    assert client.fcall("add", 1, "n", 1) == 12
