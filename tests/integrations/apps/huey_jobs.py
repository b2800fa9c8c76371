"""Tasks of Huey; HUEY names the class, each of which stores its queue and results in another way."""

import os

import huey
from ledger import job, record

kind = os.environ["HUEY"]
queue = getattr(huey, kind)("jobs", url=os.environ["REDIS_URL"], notify_result=True)


@queue.task()
def work(number):
    job(number)
    return number * number


@queue.task()
def note(text):
    record(text)
    return text


@queue.task(retries=2)
def stubborn():
    record("attempt")
    raise RuntimeError("in vain")


@queue.task(retries=100, retry_delay=0)
@queue.lock_task("exclusive")
def exclusive(number):
    record("enter")
    job(number)
    record("leave")
