"""pydocket: results, scheduled, retried, perpetual, replaced, stricken and cancelled tasks."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from support.client import wait_until
from support.programs import needs, survives_restarts

PROGRAMS = ("pydocket",)

docket = needs("docket")
redis = needs("redis")


@pytest.fixture
def jobs(load_app):
    return load_app("docket_jobs")


@pytest.fixture
def run(url, jobs):
    """Runs a coroutine function that is given a docket."""

    async def with_docket(main):
        async with docket.Docket(name="tests", url=url) as opened:
            for task in jobs.tasks:
                opened.register(task)
            return await main(opened)

    return lambda main: asyncio.run(with_docket(main))


@pytest.fixture
def worker(programs, url):
    # The delays are whole seconds.
    options = ["--reconnection-delay=1s", "--redelivery-timeout=2s", "--logging-level=INFO"]
    command = ["-m", "docket", "worker", "--docket", "tests", "--url", url, "--tasks", "docket_jobs:tasks"]
    worker = programs.python(*command, "--concurrency", 2, *options, name="worker")
    worker.says("Starting worker")
    return worker


def test_a_worker_returns_results_and_schedules_and_cancels_tasks(run, jobs, worker, programs, ledger):
    async def main(docket):
        soon = datetime.now(UTC) + timedelta(milliseconds=500)
        executions = [await docket.add(jobs.work)(number) for number in range(10)]
        assert [await execution.get_result(timeout=timedelta(seconds=20)) for execution in executions] == [
            number * number for number in range(10)
        ]
        await docket.add(jobs.note, when=soon, key="note")("replaced")
        await docket.replace(jobs.note, when=soon, key="note")("later")
        await docket.add(jobs.note, when=soon, key="never")("never")
        await docket.cancel("never")
        await docket.add(jobs.stubborn)()
        await docket.add(jobs.endless, key="endless")()
        await asyncio.to_thread(programs.done, ["started", "later"])
        await docket.cancel("endless")
        await asyncio.to_thread(programs.done, ["cancelled"])
        await docket.add(jobs.tick, key="tick")()
        await asyncio.to_thread(wait_until, lambda: ledger.counts()["tick"] >= 3, "three ticks")
        await docket.strike(jobs.tick)
        await docket.add(jobs.note)("last")
        await asyncio.to_thread(programs.done, ["last"])

    run(main)
    assert ledger.counts()["attempt"] == 3
    assert not {"replaced", "never"} & set(ledger.lines())


def test_no_task_is_lost_in_a_restart(run, jobs, worker, server, programs):
    def enqueue(number: int) -> None:
        run(lambda docket: docket.add(jobs.work, key=str(number))(number))

    survives_restarts(server, programs, enqueue, redis.ConnectionError, slots=2)
