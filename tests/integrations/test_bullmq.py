"""bullmq: real workers in processes of their own, jobs of every kind, rate limits, and restarts."""

import pytest

from support.answering import Load, Refused
from support.client import wait_until
from support.programs import insist, needs_node

PROGRAMS = ["bullmq"]

needs_node("bullmq", "ioredis")


@pytest.fixture
def start_worker(answering):
    def start(options="{}"):
        worker = answering("bullmq_worker.mjs", WORKER_OPTIONS=options)
        worker.reports("ready", worker.process.pid)
        return worker

    return start


@pytest.fixture
def producer(answering):
    producer = answering("bullmq_producer.mjs")
    producer.reports("ready", producer.process.pid)
    return producer


def test_jobs_delays_retries_priorities_flows_and_repetitions_are_done(start_worker, producer):
    worker = start_worker()
    doubled = {producer.ask("add", value=number): 2 * number for number in range(10)}
    doubled |= dict(zip(producer.ask("addBulk", values=[50, 60, 70]), [100, 120, 140], strict=True))
    backoff = {"attempts": 3, "backoff": {"type": "fixed", "delay": 50}}
    failing = producer.ask("addFailing", failures=2, value=4, options=backoff)
    doubled[failing] = 8
    doubled[producer.ask("add", value=7, options={"delay": 300})] = 14
    doubled[producer.ask("add", value=9, options={"priority": 2})] = 18
    parent = producer.ask("addFlow", values=[1, 2, 3])
    doubled[parent] = 12
    producer.ask("repeat", every=150, value=11, limit=3)

    worker.reports("completed", *doubled)
    found = {event["completed"]: event["value"] for event in worker.events if "completed" in event}
    assert {name: found[name] for name in doubled} == doubled
    assert worker.reported("failed") == [failing] * 2
    worker.reports("heard", *doubled)
    worker.until(lambda events: sum("repeat:" in str(event.get("completed")) for event in events) == 3, "3 repetitions")
    wait_until(lambda: producer.ask("counts")["active"] == 0, "the end of all jobs")
    assert producer.ask("counts")["completed"] == len(doubled) + 3 + 3
    assert producer.ask("returned", ids=[parent, failing]) == [12, 8]


def test_every_job_that_was_accepted_is_done_by_one_of_two_workers_through_restarts(start_worker, producer, server):
    workers = [start_worker(), start_worker()]
    with Load(lambda number: producer.ask("add", value=number)) as load:
        load.outlasts(server)

    # A worker does not report a job as completed whose reply was cut off, but the queue has the result.
    names = list(load.done.values())
    wait_until(lambda: None not in producer.ask("returned", ids=names), "every job")
    assert producer.ask("returned", ids=names) == [2 * number for number in load.done]
    assert all(worker.reported("completed") for worker in workers)


def test_delayed_and_repeated_jobs_outlive_a_crash(start_worker, producer, server):
    delayed = producer.ask("add", value=5, options={"delay": 500})
    producer.ask("repeat", every=200, value=1, limit=4)
    server.restart(crash=True)
    worker = start_worker()
    worker.reports("completed", delayed)
    worker.until(lambda events: sum("repeat:" in str(event.get("completed")) for event in events) >= 3, "repetitions")
    assert insist(lambda: producer.ask("state", id=delayed), Refused) == "completed"


def test_a_rate_limit_spreads_the_jobs_over_its_periods(start_worker, producer):
    worker = start_worker('{"limiter": {"max": 3, "duration": 400}}')
    producer.ask("pause")
    names = producer.ask("addBulk", values=list(range(9)))
    producer.ask("resume")
    worker.reports("completed", *names)
    # A job starts after the server let the worker take it, and the first period begins after a job was asked for.
    begin = min(event["taken"] for event in worker.events if "completed" in event)
    started = sorted(event["at"] for event in worker.events if "started" in event)
    assert started[3] - begin >= 400
    assert started[6] - begin >= 800
