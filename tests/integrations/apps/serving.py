"""The programs' side of `support.answering`: requests and events as lines of JSON.

Each program of this folder runs as a process of its own, with the server's port in REDIS_PORT, and ends when its
standard input is closed.
"""

import asyncio
import inspect
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
PORT = int(os.environ["REDIS_PORT"])
URL = f"redis://{HOST}:{PORT}"

_writing = threading.Lock()


def report(**event: Any) -> None:
    with _writing:
        print(json.dumps(event), flush=True)


def count_one() -> int:
    """Add 1 to the number in the file COUNT and return it.

    Reading and replacing it are two steps with an fsync between them: callers whom a lock does not keep apart return
    the same number.
    """
    counter = Path(os.environ["COUNT"])
    value = int(counter.read_text()) + 1 if counter.exists() else 1
    with open(counter.with_suffix(f".{os.getpid()}-{threading.get_ident()}"), "w") as file:
        file.write(str(value))
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, counter)
    return value


def _answer(number: int, done: Future[Any] | asyncio.Future[Any]) -> None:
    """Report the result of a request or its error: the test decides what an error means."""
    if error := done.exception():
        report(id=number, error=f"{type(error).__name__}: {error}")
    else:
        report(id=number, result=done.result())


def _call(request: dict[str, Any], actions: Mapping[str, Callable[..., Any]]) -> Any:
    return actions[request["do"]](**request["with"])


def serve(threads: int = 8, **actions: Callable[..., Any]) -> None:
    """Answer requests, several at once, until standard input is closed."""
    pool = ThreadPoolExecutor(threads)
    report(ready=os.getpid())
    for line in sys.stdin:
        request = json.loads(line)
        pool.submit(_call, request, actions).add_done_callback(partial(_answer, request["id"]))
    os._exit(0)


async def serve_async(**actions: Callable[..., Any]) -> None:
    """`serve` with actions of the running loop, which may be coroutine functions."""
    loop, tasks = asyncio.get_running_loop(), set()

    async def call(request: dict[str, Any]) -> Any:
        result = _call(request, actions)
        return await result if inspect.isawaitable(result) else result

    report(ready=os.getpid())
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        tasks.add(task := loop.create_task(call(request)))
        task.add_done_callback(partial(_answer, request["id"]))
        task.add_done_callback(tasks.discard)
    os._exit(0)


def serve_wsgi(application: Any, **actions: Callable[..., Any]) -> None:
    """Run a WSGI application in a threaded HTTP server; the action `port` returns its port."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None:
            pass

    server = make_server(HOST, 0, application, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    serve(port=lambda: server.server_port, **actions)


async def serve_asgi(application: Any, **actions: Callable[..., Any]) -> None:
    """Run an ASGI application in uvicorn; the action `port` returns its port."""
    import socket

    import uvicorn

    listener = socket.create_server((HOST, 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="on"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not running.done():
        await asyncio.sleep(0.01)
    await serve_async(port=lambda: listener.getsockname()[1], **actions)
