"""Functions of SAQ's worker."""

import asyncio
import os

from ledger import async_job, record
from saq import Queue

queue = Queue.from_url(os.environ["REDIS_URL"])


async def work(context, *, number):
    await async_job(number)
    return number * number


async def note(context, *, text):
    record(text)


async def stubborn(context):
    record("attempt")
    raise RuntimeError("in vain")


async def endless(context):
    record("started")
    try:
        await asyncio.Event().wait()
    finally:
        record("aborted")


settings = {
    "queue": queue,
    "functions": [work, note, stubborn, endless],
    "concurrency": 2,
    "timers": {"schedule": 1, "abort": 1},
}
