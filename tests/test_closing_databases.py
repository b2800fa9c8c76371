"""Databases in the process that are closed while others wait in them."""

import asyncio

import pytest

import pyredis
from support.loop_turns import turn


def test_a_task_that_is_cancelled_before_its_database_closes_ends():
    async def waits(database):
        while True:
            try:
                await database.blpop(["list"], timeout=60)
            except (pyredis.RedisError, RuntimeError):
                await turn()

    async def main():
        database = pyredis.aopen()
        task = asyncio.create_task(waits(database))
        await turn()
        task.cancel()
        await database.aclose()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, timeout=20)

    asyncio.run(main())
