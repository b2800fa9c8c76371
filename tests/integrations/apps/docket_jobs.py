"""Tasks of pydocket's worker."""

import asyncio
from datetime import timedelta

from docket import ExponentialRetry, Perpetual
from ledger import async_job, record


async def work(number: int) -> int:
    await async_job(number)
    return number * number


async def note(text: str) -> None:
    record(text)


async def stubborn(retry: ExponentialRetry = ExponentialRetry(attempts=3, minimum_delay=timedelta(milliseconds=10))):
    record("attempt")
    raise RuntimeError("in vain")


async def tick(perpetual: Perpetual = Perpetual(every=timedelta(milliseconds=50))) -> None:
    record("tick")


async def endless() -> None:
    record("started")
    try:
        await asyncio.Event().wait()
    finally:
        record("cancelled")


tasks = [work, note, stubborn, tick, endless]
