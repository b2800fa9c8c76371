"""A Celery application: broker and result backend are the server, tasks record what they did."""

import os

from celery import Celery, chord
from ledger import job, record

URL = os.environ["REDIS_URL"]

app = Celery("jobs", broker=f"{URL}/0", backend=f"{URL}/1")
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 5},
    result_backend_always_retry=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
)


@app.task
def work(number):
    job(number)
    return number * number


@app.task
def total(numbers):
    record(f"total {sum(numbers)}")
    return sum(numbers)


@app.task(bind=True, max_retries=2)
def stubborn(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.1)
    record("retried twice")


def sum_of_squares(count):
    return chord([work.s(number) for number in range(count)])(total.s())
