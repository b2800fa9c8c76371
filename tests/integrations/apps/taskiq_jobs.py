"""Tasks of taskiq; BROKER names the class of the broker. Results and schedules are on the server too."""

import os

import taskiq_redis
from ledger import async_job, record
from taskiq import TaskiqScheduler

URL = os.environ["REDIS_URL"]

kind = os.environ["BROKER"]
# By default, redis-py 8 waits 5 s for a reply. A worker that waits longer in BRPOP ends, and drops the tasks it runs.
options = {"socket_timeout": None}
if kind == "RedisStreamBroker":
    options |= {"unacknowledged_lock_timeout": 5, "idle_timeout": 2000}
broker = getattr(taskiq_redis, kind)(URL, **options).with_result_backend(taskiq_redis.RedisAsyncResultBackend(URL))
schedules = taskiq_redis.ListRedisScheduleSource(URL)
scheduler = TaskiqScheduler(broker, [schedules])


@broker.task
async def work(number: int) -> int:
    await async_job(number)
    return number * number


@broker.task
async def note(text: str) -> None:
    record(text)
