"""Huey, with each of its four classes for Redis: results, pipelines, schedules, retries, locks, priorities."""

import pytest

from support.client import wait_until
from support.programs import needs, survives_restarts

PROGRAMS = ("huey",)

huey = needs("huey")
redis = needs("redis")


@pytest.fixture(params=["RedisHuey", "RedisExpireHuey", "PriorityRedisHuey", "PriorityRedisExpireHuey"])
def jobs(request, monkeypatch, load_app):
    monkeypatch.setenv("HUEY", request.param)
    jobs = load_app("huey_jobs")
    yield jobs
    jobs.queue.storage.close()


@pytest.fixture
def start_consumer(jobs, programs):
    """A function that starts a consumer with so many threads."""

    def start(workers: int):
        options = ["--workers", workers, "--scheduler-interval", 1]
        command = ["-m", "huey.bin.huey_consumer", "huey_jobs.queue", *options]
        consumer = programs.python(*command, name="consumer", HUEY=jobs.kind)
        consumer.says("Huey consumer started")
        return consumer

    return start


def test_a_consumer_runs_schedules_retries_and_locks_tasks(jobs, start_consumer, programs, ledger):
    if jobs.queue.storage.priority:
        for priority in range(3):
            jobs.note(f"priority {priority}", priority=priority)
    one = start_consumer(1)
    programs.done(["priority 2", "priority 1", "priority 0"] if jobs.queue.storage.priority else [])
    assert ledger.lines() == sorted(ledger.lines(), reverse=True)
    one.end()
    programs.started.clear()

    start_consumer(4)
    results = [jobs.work(number) for number in range(10)]
    assert [result.get(blocking=True, timeout=20) for result in results] == [number * number for number in range(10)]
    chained = jobs.queue.enqueue(jobs.work.s(2).then(jobs.work))
    assert chained.get(blocking=True, timeout=20) == [4, 16]
    later, never = jobs.note.schedule(("later",), delay=1), jobs.note.schedule(("never",), delay=1)
    never.revoke()
    jobs.stubborn()
    for number in range(100, 106):
        jobs.exclusive(number)
    assert later.get(blocking=True, timeout=20) == "later"
    programs.done(range(100, 106))
    wait_until(lambda: ledger.counts()["attempt"] == 3 and ledger.counts()["leave"] == 6, "all attempts")
    moves = [line for line in ledger.lines() if line in {"enter", "leave"}]
    assert moves == ["enter", "leave"] * 6
    assert "never" not in ledger.lines()


def test_no_task_is_lost_in_a_restart(jobs, start_consumer, server, programs):
    start_consumer(2)
    survives_restarts(server, programs, jobs.work, redis.ConnectionError, slots=2, blocked=2)
    assert jobs.work(7).get(blocking=True, timeout=20) == 49
