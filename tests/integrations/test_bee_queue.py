"""bee-queue: two workers in processes of their own, and a producer that hears of the results by publish/subscribe."""

import pytest

from support.answering import Load
from support.client import wait_until
from support.programs import needs_node

PROGRAMS = ["bee-queue"]

needs_node("bee-queue")


def start_workers(answering):
    workers = [answering("bee_worker.mjs"), answering("bee_worker.mjs")]
    for worker in workers:
        worker.reports("ready", worker.process.pid)
    return workers


@pytest.fixture
def producer(answering):
    producer = answering("bee_producer.mjs")
    producer.reports("ready", producer.process.pid)
    return producer


def test_jobs_delays_and_retries_are_done_and_reported(answering, producer):
    workers = start_workers(answering)
    doubled = {producer.ask("add", value=number): 2 * number for number in range(20)}
    doubled[producer.ask("add", value=30, delay=200)] = 60
    doubled[retried := producer.ask("add", value=40, failures=2)] = 80
    producer.reports("heard", *doubled)
    assert {event["heard"]: event["value"] for event in producer.events if "heard" in event} == doubled
    assert set(producer.reported("progress")) == set(doubled)
    assert [name for worker in workers for name in worker.reported("retrying")] == [retried] * 2
    health = producer.ask("counts")
    assert (health["waiting"], health["active"], health["succeeded"]) == (0, 0, len(doubled))


def test_every_job_that_was_accepted_is_done_through_restarts(answering, producer, server):
    workers = start_workers(answering)
    with Load(lambda number: producer.ask("add", value=number)) as load:
        load.outlasts(server)
    # A worker of bee-queue that loses its connection ends or hangs: whatever supervises it starts another.
    for worker in workers:
        worker.end()
    workers += start_workers(answering)

    # The event of a job whose worker ended with the server is lost, but the queue has its state.
    names = list(load.done.values())
    wait_until(lambda: set(producer.ask("states", ids=names)) == {"succeeded"}, "every job")
    wanted = {name: 2 * number for number, name in load.done.items()}
    completed = {e["completed"]: e["value"] for worker in workers for e in worker.events if "completed" in e}
    assert {name: value for name, value in completed.items() if wanted.get(name, value) != value} == {}
    assert len(completed.keys() & wanted.keys()) > len(wanted) // 2
