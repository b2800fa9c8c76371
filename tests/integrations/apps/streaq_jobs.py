"""Tasks of streaQ's worker."""

import asyncio
import os

from ledger import async_job, record
from streaq import StreaqRetry, Worker

worker = Worker(redis_url=os.environ["REDIS_URL"], concurrency=2, idle_timeout=3, priorities=["low", "high"])


@worker.task
async def work(number: int) -> int:
    await async_job(number)
    return number * number


@worker.task
async def note(text: str) -> str:
    record(text)
    return text


@worker.task(max_tries=3)
async def stubborn() -> int:
    record("attempt")
    tries = stubborn.context.tries
    if tries < 3:
        raise StreaqRetry("again", delay=0)
    return tries


@worker.task(timeout=60)
async def endless() -> None:
    record("started")
    await asyncio.Event().wait()
