"""Coroutines that wait for a turn of the event loop, for a condition, or for ever."""

import asyncio
from collections.abc import Callable


async def turn() -> None:
    """Lets the other tasks run once."""
    await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Lets the other tasks run until the condition holds; the test's timeout ends a wait in vain."""
    while not condition():
        await turn()


async def for_ever() -> None:
    """Ends only when it is cancelled."""
    await asyncio.Event().wait()
