"""Locks of Python libraries, each taken by two processes with several threads or tasks.

The processes add to a number in a file: if two held the lock at once, a value would be returned twice.
"""

import pytest

from support.answering import Load
from support.programs import needs

PROGRAMS = ["aioredlock", "pottery", "python-redis-lock", "redlock-py"]

MODULES = {
    "aioredlock": "aioredlock",
    "pottery": "pottery",
    "python-redis-lock": "redis_lock",
    "redlock-py": "redlock",
    "walrus": "walrus",
}


@pytest.mark.parametrize("library", MODULES)
def test_a_lock_is_held_by_one_at_a_time_and_is_free_again_after_a_restart(answering, server, tmp_path, library):
    needs(MODULES[library])
    where = {"LIBRARY": library, "COUNT": str(tmp_path / "count")}
    lockers = [answering("locker.py", **where), answering("locker.py", **where)]
    for locker in lockers:
        locker.reports("ready", locker.process.pid)
    with Load(lambda number: lockers[number % 2].ask("add", name="gate")) as load:
        load.outlasts(server)
    assert len(set(load.done.values())) == len(load.done)
    assert load.accounts_for(max(load.done.values()))


def test_pottery_keeps_a_queue_and_a_dictionary_that_processes_share(answering, server):
    needs("pottery")
    one, other = answering("pottery_store.py"), answering("pottery_store.py")
    assert one.ask("put", key="a", value={"n": 1})
    assert one.ask("push", values=[1, 2, 3])
    assert other.ask("pop") == 1
    server.restart(crash=True)
    assert other.ask("get", key="a") == {"n": 1}
    assert [one.ask("pop"), other.ask("pop")] == [2, 3]
    with Load(lambda number: (one, other)[number % 2].ask("next_id")) as load:
        load.outlasts(server)
    assert len(set(load.done.values())) == len(load.done)
