"""Caches of Python, each behind the same actions; LIBRARY chooses one. `double` computes only what is not cached."""

import asyncio
import os
import time

from serving import HOST, PORT, report, serve, serve_async


def compute(value):
    report(computed=value)
    time.sleep(0.05)
    return value * 2


def with_dogpile():
    from dogpile.cache import make_region
    from dogpile.cache.api import NO_VALUE

    region = make_region().configure(
        "dogpile.cache.redis",
        expiration_time=60,
        arguments={
            "host": HOST,
            "port": PORT,
            "redis_expiration_time": 120,
            "distributed_lock": True,
            "thread_local_lock": False,
            "lock_timeout": 5,
            "lock_sleep": 0.01,
        },
    )

    def fetch(key):
        value = region.get(key)
        return None if value is NO_VALUE else value

    cached = region.cache_on_arguments()(compute)
    serve(
        double=lambda value: cached(value),
        forget=lambda value: cached.invalidate(value),
        set=region.set,
        get=fetch,
        delete=region.delete,
    )


async def with_aiocache():
    from aiocache import Cache, RedisCache
    from aiocache.lock import RedLock
    from aiocache.serializers import JsonSerializer

    cache = Cache(RedisCache, endpoint=HOST, port=PORT, namespace="aio:", serializer=JsonSerializer())

    async def double(value):
        key = f"double-{value}"
        if (found := await cache.get(key)) is not None:
            return found
        async with RedLock(cache, key, lease=2):
            if (found := await cache.get(key)) is None:
                found = await asyncio.to_thread(compute, value)
                await cache.set(key, found, ttl=60)
            return found

    await serve_async(
        double=double,
        forget=lambda value: cache.delete(f"double-{value}"),
        set=lambda key, value: cache.set(key, value, ttl=60),
        get=cache.get,
        delete=cache.delete,
        several=lambda pairs: cache.multi_set(list(pairs.items()), ttl=60),
        all=cache.multi_get,
        clear=lambda: cache.clear(namespace="aio:"),
    )


def with_walrus():
    import walrus

    database = walrus.Database(HOST, PORT)
    cache = database.cache("walrus", default_timeout=60)
    cached = cache.cached()(compute)
    serve(
        double=cached,
        forget=cached.bust,
        set=cache.set,
        get=cache.get,
        delete=cache.delete,
    )


if os.environ["LIBRARY"] == "aiocache":
    asyncio.run(with_aiocache())
else:
    {"dogpile": with_dogpile, "walrus": with_walrus}[os.environ["LIBRARY"]]()
