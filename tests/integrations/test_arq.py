"""arq, which needs redis-py 5: results, deferred and retried jobs."""

import pytest

from support.programs import APPS, needs_older, survives_restarts

PROGRAMS = ("arq",)


@pytest.fixture
def python():
    return needs_older("arq")


@pytest.fixture
def worker(programs, python):
    """A worker under supervision: it ends when it cannot reach the server."""
    return programs.run(python, "-m", "arq", "arq_jobs.WorkerSettings", name="worker", supervised=True)


@pytest.fixture
def client(programs, python, server):
    """A program that enqueues the jobs that are written to it."""
    client = programs.run(python, APPS / "arq_jobs.py", name="client")
    client.says("ready\n")
    return client


def test_a_worker_returns_results_and_defers_and_retries_jobs(worker, client, ledger):
    for number in range(10):
        client.write(f"work {number} 0")
    client.write("note later 1")
    client.write("stubborn attempt 0")
    for number in range(10):
        client.says(f"result work {number} 0 {number * number}\n")
    client.says("result stubborn attempt 0 attempt\n")
    client.says("result note later 1 later\n")
    assert ledger.counts()["attempt"] == 3
    assert worker.stop() == 0


def test_no_job_is_lost_in_a_restart(worker, client, server, programs):
    def enqueue(number: int) -> None:
        client.write(f"work {number} 0")
        client.says(f"accepted work {number} 0\n")

    survives_restarts(server, programs, enqueue, slots=2)
    client.write("work 7000 0")
    client.says("result work 7000 0 49000000\n")
