"""The file of a database in the process: kills under load, rewriting and CONFIG SET from the program's threads."""

import signal
import subprocess
import sys
import threading

import pytest

import pyredis
from pyredis.commands.server import invariants
from support.client import wait_until
from support.in_threads import in_thread

LOADED = """
import sys
sys.path[:0] = {paths!r}
import asyncio, os, threading
import pyredis
from support.loop_turns import turn

db = pyredis.open({folder!r}, appendfsync={fsync!r}, auto_aof_rewrite_min_size="64kb")

def report(name, number):
    os.write(1, f"{{name}} {{number}}\\n".encode())

def counting(name):
    while True:
        report(name, db.incr(name))

def queueing(name):
    while True:
        report(name, db.rpush(name, "x" * 50))

def piping(name):
    while True:
        report(name, db.pipeline().incr(name).incr("shadow").execute()[0])

def watching(name):
    with db.pipeline() as pipe:
        while True:
            pipe.watch(name)
            value = int(pipe.get(name) or 0) + 1
            pipe.multi()
            pipe.set(name, value)
            pipe.execute()
            report(name, value)

def looping(name):
    async def one(own, name):
        while True:
            report(name, await own.incr(name))
            await turn()

    async def main():
        async with pyredis.aopen({folder!r}) as own:
            await asyncio.gather(one(own, name), one(own, name + "2"))

    asyncio.run(main())

def rewriting(name):
    while True:
        try:
            db.bgrewriteaof()
        except pyredis.ResponseError as error:
            assert "in progress" in str(error)
        report(name, db.incr(name))

for work in (counting, queueing, piping, watching, looping, rewriting):
    threading.Thread(target=work, args=(work.__name__,), daemon=True).start()
threading.Event().wait()
"""
NAMES = {"counting", "queueing", "piping", "watching", "looping", "looping2", "rewriting"}


def acknowledged(tmp_path, fsync, lines):
    """Runs the program until it has reported so much and all its threads something, kills it; returns the reports."""
    text = LOADED.format(paths=sys.path, folder=str(tmp_path / "data"), fsync=fsync)
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    seen: dict[str, int] = {}
    for count, line in enumerate(process.stdout, 1):
        name, _, number = line.partition(" ")
        seen[name] = max(seen.get(name, 0), int(number))
        if count >= lines and set(seen) == NAMES:
            break
    process.send_signal(signal.SIGKILL)
    # What it has reported by then counts too; only the last line may be incomplete.
    for line in process.stdout:
        name, _, number = line.partition(" ")
        if number.endswith("\n"):
            seen[name] = max(seen[name], int(number))
    assert process.wait() == -signal.SIGKILL
    assert process.stderr is not None
    assert process.stderr.read() == ""
    return seen


@pytest.mark.parametrize("fsync", ["everysec", "always"])
@pytest.mark.parametrize("lines", [100, 2000])
def test_nothing_that_was_answered_is_lost_by_a_kill(tmp_path, fsync, lines):
    seen = acknowledged(tmp_path, fsync, lines)
    with pyredis.open(tmp_path / "data") as db:
        for name, number in seen.items():
            kept = db.llen(name) if name == "queueing" else int(db.get(name))
            assert kept >= number, name
        assert db.get("shadow") == db.get("piping")
        db.engine.call(lambda server: invariants.check(server.core))


def hammering(db, stop):
    """Threads that count; returns a function that ends them and returns what they have counted."""

    def count(name):
        done = 0
        while not stop.is_set():
            done = db.incr(name)
        return done

    results = {name: in_thread(count, name) for name in ("one", "two", "three")}

    def end():
        stop.set()
        return {name: result() for name, result in results.items()}

    return end


def test_the_file_is_rewritten_while_threads_write(tmp_path):
    with pyredis.open(tmp_path) as db:
        db.mset({f"key{number}": "x" * 100 for number in range(20_000)})
        end = hammering(db, threading.Event())
        for _ in range(5):
            assert db.bgrewriteaof()
            wait_until(lambda: not db.info("persistence")["aof_rewrite_in_progress"], "the rewrite")
        counted = end()
        assert db.info("persistence")["aof_last_bgrewrite_status"] == "ok"
    with pyredis.open(tmp_path) as db:
        assert {name: int(db.get(name)) for name in counted} == counted
        assert db.dbsize() == 20_003


def test_the_file_is_turned_on_and_off_while_threads_write(tmp_path):
    with pyredis.open(tmp_path) as db:
        end = hammering(db, threading.Event())
        for _ in range(4):
            assert db.config_set("appendonly", "no")
            assert db.config_set("appendonly", "yes")
            for fsync in ("always", "no", "everysec"):
                db.config_set("appendfsync", fsync)
        counted = end()
    with pyredis.open(tmp_path) as db:
        assert {name: int(db.get(name)) for name in counted} == counted


def test_many_threads_wait_for_the_disk_together(tmp_path):
    with pyredis.open(tmp_path, appendfsync="always") as db:

        def write(name):
            replies = [db.incr(name) for _ in range(50)]
            replies += db.pipeline().incr(name).incr(name).execute()
            replies += db.pipeline(transaction=False).incr(name).incr(name).execute()
            return replies

        results = [in_thread(write, f"key{number}") for number in range(8)]
        for result in results:
            assert result() == list(range(1, 55))


def test_what_a_command_waits_for_is_not_mixed_up_with_the_disk(tmp_path):
    with pyredis.open(tmp_path, appendfsync="always", enable_debug_command="yes") as db:
        stop = threading.Event()

        def writing():
            while not stop.is_set():
                assert db.set("key", "value") is True
                assert db.getset("key", "value") == b"value"

        results = [in_thread(writing) for _ in range(3)]
        for _ in range(20):
            assert db.bgrewriteaof() is True
            assert db.execute_command("DEBUG", "SLEEP", "0") == b"OK"
            wait_until(lambda: not db.info("persistence")["aof_rewrite_in_progress"], "the rewrite")
        stop.set()
        for result in results:
            result()


def test_a_folder_is_opened_again_and_again(tmp_path):
    for number in range(10):
        with pyredis.open(tmp_path) as db, pyredis.open(tmp_path, db=1) as other:
            assert db.incr("count") == number + 1
            assert other.incr("count") == number + 1
