"""Databases in the process that are closed while others wait in them."""

import asyncio

import pytest

import pyredis


def test_a_task_that_is_cancelled_before_its_database_closes_ends():
    async def waits(database):
        while True:
            try:
                await database.blpop(["list"], timeout=60)
            except (pyredis.RedisError, RuntimeError):
                await asyncio.sleep(0)

    async def main():
        database = pyredis.aopen()
        task = asyncio.create_task(waits(database))
        await asyncio.sleep(0)
        task.cancel()
        await database.aclose()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, timeout=20)

    asyncio.run(main())
