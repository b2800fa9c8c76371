"""Dramatiq: broker, results, groups, delays, retries, and the rate limiters."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import wait_until
from support.programs import needs, survives_restarts

PROGRAMS = ("dramatiq",)

dramatiq = needs("dramatiq", "dramatiq.rate_limits")


@pytest.fixture
def jobs(load_app):
    jobs = load_app("dramatiq_jobs")
    yield jobs
    jobs.broker.close()


@pytest.fixture
def worker(programs):
    worker = programs.python("-m", "dramatiq", "dramatiq_jobs", "-p", 1, "-t", 2, name="worker")
    worker.says("is ready for action")
    return worker


def test_a_worker_returns_results_delays_retries_and_completes_groups(jobs, worker, programs, ledger):
    group = dramatiq.group([jobs.work.message(number) for number in range(10)])
    group.add_completion_callback(jobs.note.message("group done"))
    jobs.note.send_with_options(args=("later",), delay=300)
    jobs.stubborn.send()
    assert sorted(group.run().get_results(block=True, timeout=20_000)) == [number * number for number in range(10)]
    pipeline = jobs.work.message(3) | jobs.work.message_with_options(pipe_ignore=True, args=(4,))
    assert pipeline.run().get_result(block=True, timeout=20_000) == 16
    programs.done(["group done", "later"])
    wait_until(lambda: ledger.counts()["attempt"] == 3, "all attempts")
    assert worker.stop() == 0


def test_no_message_is_lost_in_a_restart(jobs, worker, server, programs):
    survives_restarts(server, programs, jobs.work.send, dramatiq.errors.BrokerConnectionError, slots=2)
    assert jobs.work.send(7).get_result(block=True, timeout=20_000) == 49


def test_rate_limiters_admit_as_many_as_they_may(jobs):
    limiters = dramatiq.rate_limits

    def admitted(limiter) -> int:
        """Acquire in ten threads at once, and release only after all have tried."""

        def attempt(_) -> bool:
            return limiter._acquire()

        with ThreadPoolExecutor(10) as pool:
            return sum(pool.map(attempt, range(10)))

    concurrent = limiters.ConcurrentRateLimiter(jobs.limits, "concurrent", limit=3)
    assert [admitted(concurrent), admitted(concurrent)] == [3, 0]
    concurrent._release()
    assert admitted(concurrent) == 1
    assert admitted(limiters.BucketRateLimiter(jobs.limits, "bucket", limit=4, bucket=60_000)) == 4
    assert admitted(limiters.WindowRateLimiter(jobs.limits, "window", limit=5, window=60)) == 5
    barrier = limiters.Barrier(jobs.limits, "barrier")
    assert barrier.create(parties=3)
    assert [barrier.wait(block=False) for _ in range(3)] == [False, False, True]
