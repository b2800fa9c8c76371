"""A web service on asyncio with its database in the same process: strong earthquakes, and how often they are found.

    python examples/quake_service.py --folder data --port 8080
    curl 'http://127.0.0.1:8080/strongest?least=9'

The data are kept in the folder, so the counts continue after a restart. A worker writes the statistics: it waits for
what requests put into a list, without a thread. SIGINT and SIGTERM end the service.
"""

import argparse
import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connect import rows

import pyredis

MAGNITUDES, QUAKE, FOUND, COUNTS = "magnitudes", "quake:{}", "found", "counts"

Parameters = dict[str, str]
Handler = Callable[[pyredis.AsyncDatabase, Parameters], Awaitable[Any]]


async def load(db: pyredis.AsyncDatabase) -> None:
    """Stores the earthquakes, in one transaction and only once."""
    if await db.exists(MAGNITUDES):
        return
    async with db.pipeline() as pipe:
        for quake in rows("earthquakes.csv"):
            pipe.hset(QUAKE.format(quake["place"]), mapping=quake)
            pipe.zadd(MAGNITUDES, {quake["place"]: float(quake["magnitude"])})
        await pipe.execute()


async def strongest(db: pyredis.AsyncDatabase, parameters: Parameters) -> Any:
    """Earthquakes of at least a magnitude, the strongest first."""
    least = float(parameters.get("least", 8))
    found = await db.zrange(MAGNITUDES, "+inf", least, byscore=True, desc=True)
    await db.rpush(FOUND, json.dumps(found))
    return [await db.hgetall(QUAKE.format(place)) for place in found]


async def counts(db: pyredis.AsyncDatabase, parameters: Parameters) -> Any:
    """How often the earthquakes were found, those that were found most often first."""
    return dict(await db.zrange(COUNTS, 0, int(parameters.get("most", 3)) - 1, desc=True, withscores=True))


async def count_what_is_found(db: pyredis.AsyncDatabase) -> None:
    while True:
        _, found = await db.blpop([FOUND])
        async with db.pipeline() as pipe:
            for place in json.loads(found):
                pipe.zincrby(COUNTS, 1, place)
            await pipe.execute()


# ---- HTTP, as little as the example needs ----

ROUTES: dict[str, Handler] = {"/strongest": strongest, "/counts": counts}


async def answer(db: pyredis.AsyncDatabase, target: str) -> tuple[str, Any]:
    url = urlsplit(target)
    handler = ROUTES.get(url.path)
    if handler is None:
        return "404 Not Found", {"error": f"no such page: {url.path}"}
    try:
        return "200 OK", await handler(db, dict(parse_qsl(url.query)))
    except (ValueError, pyredis.ResponseError) as error:
        return "400 Bad Request", {"error": str(error)}


async def serve_client(db: pyredis.AsyncDatabase, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, content = await answer(db, head.split(" ", 2)[1])
        body = json.dumps(content).encode()
        writer.write(b"HTTP/1.0 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body))
        await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def worker(db: pyredis.AsyncDatabase) -> AsyncIterator[None]:
    task = asyncio.create_task(count_what_is_found(db))
    try:
        yield
    finally:
        task.cancel()


async def main(folder: str | None, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with pyredis.aopen(folder, decode_responses=True) as db, worker(db):
        await load(db)
        listener = await asyncio.start_server(lambda *streams: serve_client(db, *streams), "127.0.0.1", port)
        async with listener:
            print(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", flush=True)
            await stopped.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The strongest earthquakes, over HTTP.")
    parser.add_argument("--folder", help="where the data are kept; without it they are in memory")
    parser.add_argument("--port", type=int, default=0, help="0, the default, chooses a free one")
    options = parser.parse_args()
    asyncio.run(main(options.folder, options.port))
