"""A FastAPI site: slowapi's and fastapi-limiter's limits, fastapi-cache2's cache."""

import asyncio

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi_cache import FastAPICache
from fastapi_cache.backends.redis import RedisBackend
from fastapi_cache.decorator import cache
from fastapi_limiter.depends import RateLimiter
from pyrate_limiter import Duration, Limiter, Rate, RedisBucket
from redis import asyncio as redis
from redis.exceptions import NoScriptError, RedisError
from serving import URL, serve_asgi
from slowapi import Limiter as SlowLimiter
from slowapi import _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded

LIMIT = 20
client = redis.Redis.from_url(URL)
slow = SlowLimiter(key_func=lambda request: request.query_params["user"], storage_uri=URL)
calls = {"computed": 0}


async def by_user(request):
    return request.query_params["user"]


async def main():
    bucket = await RedisBucket.init([Rate(LIMIT, Duration.MINUTE)], client, "fastapi-limiter")
    app = FastAPI()
    app.state.limiter = slow
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
    FastAPICache.init(RedisBackend(client), prefix="cache")

    @app.exception_handler(RedisError)
    async def unavailable(request: Request, error: RedisError):
        return JSONResponse(str(error), 503)

    @app.exception_handler(NoScriptError)
    async def reload(request: Request, error: NoScriptError):
        # The limiter loads its script once: an application has to load it again after the server was restarted.
        bucket.script_hash = (await RedisBucket.init(bucket.rates, client, bucket.bucket_key)).script_hash
        return JSONResponse(str(error), 503)

    @app.get("/slow")
    @slow.limit(f"{LIMIT}/minute")
    def slow_route(request: Request, user: str):
        return True

    limited = RateLimiter(limiter=Limiter(bucket), identifier=by_user)

    @app.get("/limited", dependencies=[Depends(limited)])
    async def limited_route(user: str):
        return True

    @app.get("/double/{value}")
    @cache(expire=60, namespace="double")
    async def double(value: int):
        calls["computed"] += 1
        return {"double": value * 2}

    await serve_asgi(app, computed=lambda: calls["computed"], clear=lambda: FastAPICache.clear(namespace="double"))


asyncio.run(main())
