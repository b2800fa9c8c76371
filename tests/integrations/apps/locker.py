"""Adds to a number in a file under a lock of LIBRARY."""

import asyncio
import os

from serving import HOST, PORT, URL, count_one, serve, serve_async

LIBRARY = os.environ["LIBRARY"]
# Seconds after which a lock ends whose holder could not release it.
HELD = 2


def with_python_redis_lock():
    import redis
    import redis_lock

    client = redis.Redis(HOST, PORT)

    def locked(name):
        with redis_lock.Lock(client, name, expire=HELD):
            return count_one()

    return locked


def with_pottery():
    import pottery
    import redis

    client = redis.Redis(HOST, PORT)

    def locked(name):
        with pottery.Redlock(key=name, masters={client}, auto_release_time=HELD):
            return count_one()

    return locked


def with_redlock_py():
    import redlock

    manager = redlock.Redlock([URL], retry_count=400, retry_delay=0.01)

    def locked(name):
        lock = manager.lock(name, HELD * 1000)
        if not lock:
            raise TimeoutError("no lock")
        try:
            return count_one()
        finally:
            manager.unlock(lock)

    return locked


def with_walrus():
    import walrus

    database = walrus.Database(HOST, PORT)

    def locked(name):
        with database.lock(name, ttl=HELD * 1000):
            return count_one()

    return locked


async def with_aioredlock():
    import aioredlock

    manager = aioredlock.Aioredlock(
        [{"host": HOST, "port": PORT}], retry_count=400, retry_delay_min=0.005, retry_delay_max=0.02
    )

    async def locked(name):
        async with await manager.lock(name, lock_timeout=HELD):
            return count_one()

    await serve_async(add=locked)


if LIBRARY == "aioredlock":
    asyncio.run(with_aioredlock())
else:
    serve(add=globals()[f"with_{LIBRARY.replace('-', '_')}"]())
