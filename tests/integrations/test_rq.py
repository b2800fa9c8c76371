"""RQ: a worker with its scheduler, retries, dependencies, and the commands to stop a job and a worker."""

from datetime import timedelta

import pytest

from support.client import wait_until
from support.programs import needs, survives_restarts

PROGRAMS = ("rq",)

redis = needs("redis")
rq = needs("rq", "rq.command", "rq.job")


@pytest.fixture
def queue(server):
    with redis.Redis(port=server.port) as connection:
        yield rq.Queue(connection=connection)


@pytest.fixture
def worker(programs, url):
    """A worker under supervision: RQ ends when it has not reached the server for some tenths of a second."""
    options = ["--with-scheduler", "--job-monitoring-interval", 1]
    worker = programs.python("-m", "rq.cli", "worker", "--url", url, *options, name="worker", supervised=True)
    worker.says("Listening on default")
    return worker


def shut_down(queue, worker) -> None:
    """Order the worker to end, by publish/subscribe."""
    for name in rq.Worker.all(connection=queue.connection):
        rq.command.send_shutdown_command(queue.connection, name.name)
    assert worker.wait() == 0


def await_status(job, status: str) -> None:
    wait_until(lambda: job.get_status() == status, f"status {status}")


def test_a_worker_runs_jobs_schedules_them_and_obeys_commands(queue, worker, programs, tmp_path):
    jobs = queue.enqueue_many([rq.Queue.prepare_data("rq_jobs.work", [number]) for number in range(5)])
    later = queue.enqueue_in(timedelta(seconds=1), "rq_jobs.note", "later")
    after = queue.enqueue("rq_jobs.note", "after all", depends_on=jobs)
    programs.done([*range(5), "later", "after all"])
    assert [job.latest_result(timeout=20).return_value for job in jobs] == [number * number for number in range(5)]
    await_status(later, "finished")
    await_status(after, "finished")

    retried = queue.enqueue("rq_jobs.fail_once", str(tmp_path / "retried"), retry=rq.Retry(max=1))
    failed = queue.enqueue("rq_jobs.fail_once", str(tmp_path / "failed"))
    await_status(retried, "finished")
    await_status(failed, "failed")
    assert "the first attempt" in failed.latest_result().exc_string

    endless = queue.enqueue("rq_jobs.never_ends")
    programs.done(["started"])
    rq.command.send_stop_job_command(queue.connection, endless.id)
    await_status(endless, "stopped")
    queue.enqueue("rq_jobs.note", "still working")
    programs.done(["still working"])
    shut_down(queue, worker)
    assert rq.Worker.all(connection=queue.connection) == []


def test_no_job_is_lost_in_a_restart_and_the_worker_obeys_again(queue, worker, server, programs):
    survives_restarts(
        server, programs, lambda number: queue.enqueue("rq_jobs.work", number), redis.ConnectionError, blocked=1
    )
    assert queue.enqueue("rq_jobs.work", 100).latest_result(timeout=20).return_value == 10000
    wait_until(lambda: queue.connection.pubsub_channels("rq:pubsub:*"), "the worker to subscribe again")
    shut_down(queue, worker)
