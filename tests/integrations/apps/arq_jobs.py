"""Functions of arq's worker; as a program, enqueues the jobs whose lines it reads and prints their results.

A line is a function's name, its argument, and the delay in seconds.
"""

import asyncio
import os
import sys

from arq import Retry, create_pool
from arq.connections import RedisSettings
from ledger import async_job, record
from redis.exceptions import ConnectionError as NotConnected

SETTINGS = RedisSettings.from_dsn(os.environ["REDIS_URL"])


async def work(context, number):
    await async_job(int(number))
    return int(number) ** 2


async def note(context, text):
    record(text)
    return text


async def stubborn(context, text):
    record(text)
    if context["job_try"] < 3:
        raise Retry(defer=0.01)
    return text


class WorkerSettings:
    functions = (work, note, stubborn)
    redis_settings = SETTINGS
    max_jobs = 2
    poll_delay = 0.02


async def enqueue(pool, name, argument, delay):
    """Enqueue until it is accepted, under an id that makes a job of one line."""
    while True:
        try:
            return await pool.enqueue_job(name, argument, _defer_by=float(delay), _job_id=f"{name} {argument}")
        except (NotConnected, OSError):
            await asyncio.sleep(0.01)


async def follow(job, line):
    while True:
        try:
            print("result", line, await job.result(poll_delay=0.01), flush=True)
        except (NotConnected, OSError):
            continue
        return


async def main():
    pool = await create_pool(SETTINGS)
    following = []
    print("ready", flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        name, argument, delay = line.split()
        job = await enqueue(pool, name, argument, delay)
        print("accepted", line, flush=True)
        if job is not None:
            following.append(asyncio.create_task(follow(job, line)))


if __name__ == "__main__":
    asyncio.run(main())
