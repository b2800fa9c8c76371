"""streaQ, whose steps are functions of the server: results, chains, delays, retries, priorities, aborted tasks."""

import asyncio

import pytest

from support.programs import needs, survives_restarts

PROGRAMS = ("streaq",)

needs("streaq")
coredis = needs("coredis", "coredis.exceptions")


@pytest.fixture
def run(load_app):
    """Runs a coroutine function that is given the tasks' module, loaded again for each loop."""

    async def with_worker(jobs, main):
        async with jobs.worker:
            return await main(jobs)

    return lambda main: asyncio.run(with_worker(load_app("streaq_jobs"), main))


@pytest.fixture
def worker(programs):
    """A worker under supervision: it ends when it loses its connection."""
    command = ["-m", "streaq", "run", "streaq_jobs:worker", "--verbose"]
    return programs.python(*command, name="worker", supervised=True)


def test_a_worker_returns_results_delays_retries_and_aborts_tasks(run, worker, programs, ledger):
    async def main(jobs):
        tasks = [await jobs.work.enqueue(number) for number in range(10)]
        assert [(await task.result(20)).result for task in tasks] == [number * number for number in range(10)]
        chained = await (jobs.work.enqueue(3) | jobs.work)
        assert (await chained.result(20)).result == 81
        delayed = await jobs.note.enqueue("later").start(delay=1)
        assert (await (await jobs.stubborn.enqueue().start(priority="high")).result(20)).result == 3
        endless = await jobs.endless.enqueue()
        await asyncio.to_thread(programs.done, ["started"])
        assert await endless.abort(10)
        assert (await delayed.result(20)).result == "later"

    run(main)
    assert ledger.counts()["attempt"] == 3
    assert worker.stop() == 0


def test_no_task_is_lost_in_a_restart(run, worker, server, programs):
    async def enqueue(jobs, number: int) -> None:
        await jobs.work.enqueue(number)

    survives_restarts(
        server,
        programs,
        lambda number: run(lambda jobs: enqueue(jobs, number)),
        coredis.exceptions.ConnectionError,
        slots=2,
    )
    assert run(lambda jobs: result(jobs, 7)) == 49


async def result(jobs, number: int) -> int:
    task = await jobs.work.enqueue(number)
    return (await task.result(20)).result
