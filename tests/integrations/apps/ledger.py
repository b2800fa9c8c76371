"""The ledger of a test, from inside a job: one line for each thing done, appended to a file in one write.

A job with a number records that it began, waits while the test holds the jobs, and records that it is done.
"""

import asyncio
import os
import time

HELD = os.environ["LEDGER"] + ".held"


def record(line: object) -> None:
    file = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{line}\n".encode())
    os.close(file)


def job(number: int) -> None:
    record(f"began {number}")
    while os.path.exists(HELD):
        time.sleep(0.01)
    record(number)


async def async_job(number: int) -> None:
    record(f"began {number}")
    while os.path.exists(HELD):
        await asyncio.sleep(0.01)
    record(number)
