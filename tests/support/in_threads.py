"""Calls of a database in the process that wait in threads of their own."""

import threading
from collections.abc import Callable
from typing import Any

from support.client import wait_until

# Seconds after which a thread is said to wait for ever.
PATIENCE = 30


def in_thread(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Starts a thread; returns a function that waits for it and returns the result, or raises the exception."""
    outcome: list[tuple[Any, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((function(*arguments), None))
        except BaseException as error:  # noqa: BLE001 - it is raised in the test
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> Any:
        thread.join(PATIENCE)
        assert outcome, "the thread waits"
        value, error = outcome[0]
        if error is not None:
            raise error
        return value

    return result


def blocked(db) -> int:
    """How many clients wait."""
    return db.engine.call(lambda server: sum(client.blocked for client in server.clients.values()))


def until_blocked(db, count: int = 1) -> None:
    wait_until(lambda: blocked(db) == count, f"{count} clients wait")
