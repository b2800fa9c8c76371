"""SAQ: results by publish/subscribe, scheduled, retried and aborted jobs."""

import asyncio
import time

import pytest

from support.client import wait_until
from support.programs import needs, survives_restarts
from support.waiting import await_blocked

PROGRAMS = ("saq",)

saq = needs("saq")
redis = needs("redis")


@pytest.fixture
def run(url):
    """Runs a coroutine function that is given a queue."""

    async def with_queue(main):
        queue = saq.Queue.from_url(url)
        await queue.connect()
        try:
            return await main(queue)
        finally:
            await queue.disconnect()

    return lambda main: asyncio.run(with_queue(main))


@pytest.fixture
def worker(programs, server):
    """A worker that waits for jobs."""
    worker = programs.python("-m", "saq", "saq_jobs.settings", "-v", name="worker")
    with server.client() as client:
        await_blocked(client, 2)
    return worker


def test_a_worker_returns_results_schedules_retries_and_aborts(run, worker, programs, ledger):
    async def main(queue):
        assert await queue.map("work", [{"number": number} for number in range(10)], timeout=20) == [
            number * number for number in range(10)
        ]
        await queue.enqueue("note", text="later", scheduled=time.time() + 1)
        await queue.enqueue("stubborn", retries=3, retry_delay=0.01)
        endless = await queue.enqueue("endless", timeout=60)
        await asyncio.to_thread(programs.done, ["started"])
        await endless.abort("not wanted")
        await asyncio.to_thread(programs.done, ["later", "aborted"])
        await asyncio.to_thread(wait_until, lambda: ledger.counts()["attempt"] == 3, "all attempts")
        await endless.refresh(until_complete=20)
        assert endless.status == saq.Status.ABORTED

    run(main)
    assert worker.stop() == 0


def test_no_job_is_lost_in_a_restart(run, worker, server, programs):
    def enqueue(number: int) -> None:
        run(lambda queue: queue.enqueue("work", number=number, retries=3))

    survives_restarts(server, programs, enqueue, redis.ConnectionError, slots=2, blocked=2)
    assert run(lambda queue: queue.apply("work", number=7, timeout=20)) == 49
