"""taskiq with each broker of taskiq-redis, its result backend and its schedule sources."""

import asyncio
import datetime

import pytest

from support.client import wait_until
from support.programs import needs, survives_restarts

PROGRAMS = ("taskiq-redis",)

needs("taskiq_redis")
redis = needs("redis")


def brokers(*names: str):
    return pytest.mark.parametrize("jobs", names, indirect=True)


@pytest.fixture
def jobs(request, monkeypatch, load_app):
    monkeypatch.setenv("BROKER", request.param)
    return load_app("taskiq_jobs")


@pytest.fixture
def start_worker(jobs, programs, server):
    """A function that starts a worker, and waits until it listens, which it does not say."""

    def start():
        options = ["--workers", 1, "--max-async-tasks", 2, "--max-prefetch", 1]
        command = ["-m", "taskiq", "worker", *options, "taskiq_jobs:broker"]
        worker = programs.python(*command, name="worker", supervised=True, BROKER=jobs.kind)
        listens(server)
        return worker

    return start


def listens(server) -> None:
    """Wait until a worker listens: it is subscribed, or blocked."""

    def listening() -> bool:
        clients = client.client_list()
        return any(int(one["sub"]) or one["cmd"] in {"brpop", "xreadgroup"} for one in clients)

    with redis.Redis(port=server.port) as client:
        wait_until(listening, "the worker to listen")


async def with_broker(jobs, main):
    await jobs.broker.startup()
    try:
        return await main()
    finally:
        await jobs.broker.shutdown()


def run(jobs, main):
    """Run a coroutine function while the broker is started, in a loop of its own."""
    return asyncio.run(with_broker(jobs, main))


@brokers("PubSubBroker", "ListQueueBroker", "RedisStreamBroker")
def test_a_worker_returns_results_and_a_scheduler_starts_what_is_due(jobs, start_worker, programs):
    programs.python("-m", "taskiq", "scheduler", "taskiq_jobs:scheduler", "--update-interval", 1, BROKER=jobs.kind)
    start_worker()

    async def schedule() -> None:
        await jobs.schedules.startup()
        soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
        await jobs.note.schedule_by_time(jobs.schedules, soon, "scheduled")
        yearly = await jobs.note.schedule_by_cron(jobs.schedules, "0 0 1 1 *", "yearly")
        assert yearly.schedule_id in {one.schedule_id for one in await jobs.schedules.get_schedules()}
        await jobs.schedules.delete_schedule(yearly.schedule_id)

    async def main():
        await schedule()
        tasks = [await jobs.work.kiq(number) for number in range(20)]
        return [(await task.wait_result(timeout=20, check_interval=0.01)).return_value for task in tasks]

    assert run(jobs, main) == [number * number for number in range(20)]
    programs.done(["scheduled"])


@brokers("ListQueueBroker", "RedisStreamBroker")
def test_no_task_is_lost_in_a_restart(jobs, start_worker, server, programs):
    start_worker()

    def enqueue(number: int) -> None:
        run(jobs, lambda: jobs.work.kiq(number))

    survives_restarts(server, programs, enqueue, redis.ConnectionError, slots=2)


@brokers("PubSubBroker")
def test_a_worker_subscribes_again_after_a_restart(jobs, start_worker, server, programs, crash):
    """The worker ends when its subscription fails, and its supervisor starts it again."""
    start_worker()
    server.restart(crash=crash)
    listens(server)
    run(jobs, lambda: jobs.note.kiq("again"))
    programs.done(["again"])
