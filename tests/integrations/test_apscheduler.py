"""APScheduler with its store of jobs on the server."""

import pytest

from support.client import wait_until
from support.programs import APPS, needs, survives_restarts

PROGRAMS = ("apscheduler",)

needs("apscheduler")


@pytest.fixture
def start(programs, server):
    def start(name: str):
        scheduler = programs.python(APPS / "apscheduler_run.py", name=name)
        scheduler.says("ready\n")
        return scheduler

    return start


def test_a_job_runs_at_its_time_at_its_interval_and_after_the_scheduler_ended(start, programs, ledger):
    first = start("first")
    first.write("ticks")
    wait_until(lambda: ledger.counts()["tick"] >= 3, "three ticks")
    first.write("1")
    first.says("accepted 1\n")
    first.end()
    programs.started.remove(first)
    ticks = ledger.counts()["tick"]
    start("second")
    programs.done([1])
    wait_until(lambda: ledger.counts()["tick"] > ticks, "another tick")


def test_no_job_is_lost_in_a_restart(start, server, programs):
    scheduler = start("scheduler")

    def enqueue(number: int) -> None:
        failures = scheduler.output().count(f"failed {number}\n")
        scheduler.write(str(number))
        wait_until(
            lambda: (
                f"accepted {number}\n" in scheduler.output()
                or scheduler.output().count(f"failed {number}\n") > failures
            ),
            "an answer",
        )
        if f"accepted {number}\n" not in scheduler.output():
            raise ConnectionError

    survives_restarts(server, programs, enqueue, slots=0)
