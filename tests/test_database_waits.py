"""Commands and subscribers of coroutines that wait, and are cancelled: nothing is lost, whenever that happens."""

import asyncio
import threading

import pytest
import redis

import pyredis
from support.in_threads import blocked, in_thread
from support.loop_turns import for_ever, turn, until


def run(main):
    """Runs a coroutine function with a database."""

    async def body():
        async with pyredis.aopen(name="waits") as db:
            return await main(db)

    return asyncio.run(asyncio.wait_for(body(), 60))


async def until_blocked(db, count=1):
    await until(lambda: blocked(db) == count)


def test_a_call_that_does_not_wait_takes_no_turn_of_the_loop():
    async def main(db):
        turns = []
        asyncio.get_running_loop().call_soon(turns.append, None)
        await db.set("key", "value")
        assert await db.get("key") == b"value"
        with pytest.raises(redis.ResponseError):
            await db.lpush("key", 1)
        assert await db.pipeline().get("key").execute() == [b"value"]
        assert turns == []

    run(main)


def test_many_coroutines_wait_without_a_thread():
    async def main(db):
        threads = threading.active_count()
        waiting = [asyncio.create_task(db.blpop(f"list{number % 7}")) for number in range(500)]
        await until_blocked(db, 500)
        assert threading.active_count() == threads
        for number in range(500):
            await db.rpush(f"list{number % 7}", number)
        found = await asyncio.gather(*waiting)
        assert sorted(int(element) for _, element in found) == list(range(500))

    run(main)


def test_a_cancelled_command_takes_nothing():
    async def main(db):
        task = asyncio.create_task(db.blpop("list"))
        await until_blocked(db)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await db.rpush("list", "kept")
        assert (blocked(db), await db.lrange("list", 0, -1)) == (0, [b"kept"])

    run(main)


@pytest.mark.parametrize("turns", range(6))
@pytest.mark.parametrize("pipeline", [False, True])
def test_an_element_is_returned_or_kept_whenever_the_task_is_cancelled(turns, pipeline):
    async def main(db):
        got = []

        async def take():
            if pipeline:
                got.append((await db.pipeline(False).blpop("list").execute())[0])
            else:
                got.append(await db.blpop("list"))
            await for_ever()

        task = asyncio.create_task(take())
        await until_blocked(db)
        await db.rpush("list", "element")
        for _ in range(turns):
            await turn()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        kept = await db.lrange("list", 0, -1)
        assert [element for _, element in got] + kept == [b"element"]

    run(main)


@pytest.mark.parametrize("way", ["wait_for", "timeout"])
def test_elements_that_arrive_at_the_timeout_are_not_lost(way):
    async def main(db):
        got, stop = [], False

        async def take():
            while not stop:
                try:
                    if way == "timeout":
                        async with asyncio.timeout(0.0005):
                            got.append(await db.blpop("list"))
                    else:
                        got.append(await asyncio.wait_for(db.blpop("list"), 0.0005))
                except TimeoutError:
                    pass

        def give():
            with pyredis.open(name="waits") as other:
                for number in range(400):
                    other.rpush("list", number)
                    threading.Event().wait(0.0004)

        takers = [asyncio.create_task(take()) for _ in range(3)]
        await asyncio.to_thread(give)
        await until(lambda: len(got) >= 400)
        stop = True
        await asyncio.gather(*takers)
        assert sorted(int(element) for _, element in got) == list(range(400))

    run(main)


def test_a_cancellation_that_came_too_late_ends_the_next_wait():
    async def main(db):
        steps = []

        async def take():
            steps.append(await db.blpop("list"))
            steps.append("after")
            await for_ever()
            steps.append("never")

        task = asyncio.create_task(take())
        await until_blocked(db)
        await db.rpush("list", "element")
        await until(lambda: blocked(db) == 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert "never" not in steps
        assert (len(steps) == 2) == (await db.llen("list") == 0)

    run(main)


def test_a_subscriber_loses_no_message_to_its_timeouts():
    async def main(db):
        subscriber = db.pubsub(ignore_subscribe_messages=True)
        await subscriber.subscribe("channel")
        await subscriber.get_message()

        def give():
            with pyredis.open(name="waits") as other:
                for number in range(400):
                    other.publish("channel", number)
                    threading.Event().wait(0.0003)

        giver = asyncio.create_task(asyncio.to_thread(give))
        got = []
        while len(got) < 400:
            message = await subscriber.get_message(timeout=0.0003)
            if message is not None:
                got.append(int(message["data"]))
        await giver
        assert got == list(range(400))
        await subscriber.aclose()

    run(main)


def test_a_cancelled_listener_can_go_on():
    async def main(db):
        async with db.pubsub(ignore_subscribe_messages=True) as subscriber:
            await subscriber.subscribe("channel")
            await subscriber.get_message()
            for _ in range(3):
                task = asyncio.create_task(subscriber.get_message(timeout=None))
                await turn()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await db.publish("channel", "message")
            async for message in subscriber.listen():
                assert message["data"] == b"message"
                break

    run(main)


def test_several_loops_use_one_database():
    db = pyredis.aopen(name="loops")

    async def take():
        return await db.blpop("list")

    async def give():
        for number in range(3):
            await db.rpush("list", number)

    results = [in_thread(asyncio.run, take()) for _ in range(3)]
    asyncio.run(give())
    assert sorted(result()[1] for result in results) == [b"0", b"1", b"2"]
    asyncio.run(db.aclose())


def test_a_loop_that_is_closed_while_its_task_waits_disturbs_nobody():
    with pyredis.open(name="closed") as db, pyredis.open(name="closed") as other:
        waiting = pyredis.aopen(name="closed")
        loop = asyncio.new_event_loop()
        task = loop.create_task(waiting.blpop("list"))
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert blocked(db) == 1
        loop.close()
        db.rpush("list", "element")
        assert other.ping()
        del task
        asyncio.run(waiting.aclose())


def test_a_result_outlives_the_clients_of_its_command():
    async def main(db):
        results = [db.get("key") for _ in range(3)]
        await db.set("key", "later")
        assert [await result for result in results] == [None] * 3
        ignored = db.blpop("list", timeout=30)
        ignored.close()
        assert await db.ping()

    run(main)


def test_the_clock_of_a_test_ends_waits():
    async def main(db):
        db.clock.freeze()
        task = asyncio.create_task(db.blpop("list", timeout=3600))
        with_pipeline = asyncio.create_task(db.pipeline(False).blpop("list", 7200).execute())
        await until_blocked(db, 2)
        await db.set("key", "value", ex=3599)
        db.clock.advance(3600)
        assert await task is None
        assert await db.get("key") is None
        assert blocked(db) == 1
        db.clock.advance(3600)
        assert await with_pipeline == [None]

    run(main)


def test_the_clock_ends_waits_of_threads():
    with pyredis.open() as db:
        db.clock.freeze()
        result = in_thread(db.blpop, "list", 3600)
        while blocked(db) != 1:
            pass
        db.clock.advance(3601)
        assert result() is None


def test_monitor_reports_what_others_run():
    async def main(db):
        async with db.monitor() as monitor:
            await db.set("key", 'a "quoted" word')
            command = await monitor.next_command()
            assert command["command"] == 'SET key a "quoted" word'
            assert command["db"] == 0

    run(main)


def test_a_slow_reader_is_closed_and_subscribes_again():
    with pyredis.open(client_output_buffer_limit="pubsub 100kb 0 0") as db:
        subscriber = db.pubsub(ignore_subscribe_messages=True)
        subscriber.subscribe("channel")
        subscriber.get_message()
        for _ in range(20):
            db.publish("channel", "x" * 10_000)
        assert db.info("stats")["client_output_buffer_limit_disconnections"] == 1
        assert db.info("clients")["pubsub_clients"] == 0
        assert subscriber.get_message() is None
        db.publish("channel", "after")
        assert subscriber.get_message()["data"] == b"after"


def test_a_reader_above_the_soft_limit_is_closed_in_time():
    with pyredis.open(client_output_buffer_limit="pubsub 0 10kb 1") as db:
        subscriber = db.pubsub()
        subscriber.subscribe("channel")
        db.publish("channel", "x" * 20_000)
        while db.info("stats")["client_output_buffer_limit_disconnections"] == 0:
            threading.Event().wait(0.05)
        assert db.info("clients")["pubsub_clients"] == 0


def test_keyspace_events_arrive():
    with pyredis.open(notify_keyspace_events="KEA") as db, db.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.psubscribe("__keyspace@0__:*")
        subscriber.get_message()
        db.clock.freeze()
        db.set("key", "value", ex=10)
        db.clock.advance(11)
        assert [subscriber.get_message(timeout=30)["data"] for _ in range(3)] == [b"set", b"expire", b"expired"]
