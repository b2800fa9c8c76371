"""Calls of a database in the process that wait in threads of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from support.client import wait_until

# Seconds after which a thread counts as one that waits for ever.
PATIENCE = 60


def in_thread(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Starts a thread; returns a function that waits for it and returns the result, or raises the exception."""
    executor = ThreadPoolExecutor(1)
    future = executor.submit(function, *arguments)
    executor.shutdown(wait=False)
    return partial(future.result, PATIENCE)


def blocked(db) -> int:
    """How many clients wait."""
    return db.engine.call(lambda server: sum(client.blocked for client in server.clients.values()))


def until_blocked(db, count: int = 1) -> None:
    wait_until(lambda: blocked(db) == count, f"{count} clients wait")
