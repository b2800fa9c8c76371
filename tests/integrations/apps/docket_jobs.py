"""Tasks of pydocket's worker."""

import asyncio
from datetime import timedelta

from docket import ExponentialRetry, Perpetual
from ledger import async_job, record

RETRY = ExponentialRetry(attempts=3, minimum_delay=timedelta(milliseconds=10))
PERPETUAL = Perpetual(every=timedelta(milliseconds=50))


async def work(number: int) -> int:
    await async_job(number)
    return number * number


async def note(text: str) -> None:
    record(text)


async def stubborn(retry: ExponentialRetry = RETRY):
    record("attempt")
    raise RuntimeError("in vain")


async def tick(perpetual: Perpetual = PERPETUAL) -> None:
    record("tick")


async def endless() -> None:
    record("started")
    try:
        await asyncio.Event().wait()
    finally:
        record("cancelled")


tasks = [work, note, stubborn, tick, endless]
