"""Celery with two workers: broker, result backend, remote control, mingle and gossip."""

import pytest

from support.client import wait_until
from support.programs import needs, survives_restarts

PROGRAMS = ("celery",)

needs("celery")
kombu = needs("kombu")


@pytest.fixture
def jobs(load_app):
    jobs = load_app("celery_jobs")
    yield jobs
    jobs.app.close()


def start(programs, name: str, pool: str):
    command = ["-m", "celery", "-A", "celery_jobs", "worker", f"--hostname={name}@here", f"--pool={pool}"]
    return programs.python(*command, "--loglevel=debug", "--concurrency=2", name=name)


def both_answer(jobs) -> bool:
    """Whether both workers answer a ping, which is a broadcast and a reply queue."""
    answers = jobs.app.control.ping(timeout=0.5)
    return {name for answer in answers for name in answer} == {"first@here", "second@here"}


def test_two_workers_find_each_other_work_and_obey(jobs, programs, ledger):
    first = start(programs, "first", "prefork")
    first.says("ready.")
    second = start(programs, "second", "threads")
    second.says("mingle: sync with 1 nodes")
    first.says("second@here joined the party")
    results = [jobs.work.delay(number) for number in range(20)]
    assert [result.get(timeout=20) for result in results] == [number * number for number in range(20)]
    assert jobs.sum_of_squares(5).get(timeout=20) == 30
    jobs.stubborn.delay().get(timeout=20)
    assert {"retried twice", "total 30"} <= set(ledger.lines())

    control = jobs.app.control
    inspected = control.inspect(timeout=1)
    assert set(inspected.registered()) == {"first@here", "second@here"}
    assert inspected.stats()["first@here"]["pool"]["max-concurrency"] == 2
    control.add_consumer("special", reply=True, timeout=1, destination=["second@here"])
    assert jobs.work.apply_async(args=[100], queue="special").get(timeout=20) == 10000
    revoked = jobs.work.apply_async(args=[200], countdown=1)
    control.revoke(revoked.id, reply=True, timeout=1)
    last = jobs.work.apply_async(args=[300], countdown=1.5)
    last.get(timeout=20)
    assert "200" not in ledger.counts()
    control.broadcast("shutdown", destination=["second@here"])
    assert second.wait() == 0
    first.says("second@here left")


def test_no_task_is_lost_in_a_restart_and_the_workers_obey_again(jobs, server, programs):
    for name, pool in [("first", "prefork"), ("second", "threads")]:
        start(programs, name, pool)
    results = []
    numbers = survives_restarts(
        server,
        programs,
        lambda number: results.append(jobs.work.delay(number)),
        kombu.exceptions.OperationalError,
        slots=4,
    )
    wait_until(lambda: both_answer(jobs), "both workers to answer")
    assert [result.get(timeout=20) for result in results] == [number * number for number in numbers]
    jobs.work.delay(1000).get(timeout=20)
