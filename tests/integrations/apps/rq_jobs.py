"""Jobs of RQ's workers."""

import os
import signal

from ledger import job, record


def work(number):
    job(number)
    return number * number


def fail_once(path):
    """Fail if the file does not exist, and make it: each attempt is in a process of its own."""
    if not os.path.exists(path):
        open(path, "x").close()
        raise RuntimeError("the first attempt")


def note(text):
    record(text)


def never_ends():
    record("started")
    signal.pause()
