"""Databases in the process, forks of it, and its end in every state."""

import os
import subprocess
import sys
import textwrap

import pytest

PREFACE = """
import sys
sys.path[:0] = {paths!r}
import asyncio, atexit, gc, multiprocessing, os, signal, threading, time
import pyredis, redis
from support.in_threads import blocked, until_blocked
from support.loop_turns import turn, until
folder = {folder!r}

def outcome(function, *arguments):
    try:
        return function(*arguments)
    except redis.ConnectionError as error:
        return str(error)

def refusal(function, *arguments):
    try:
        return function(*arguments)
    except RuntimeError as error:
        return str(error)

"""


def program(tmp_path, body, code=0):
    """Runs a program; it must end with this code, in time, and write nothing to standard error. Returns its output."""
    text = PREFACE.format(paths=[os.path.dirname(__file__), *sys.path], folder=str(tmp_path / "data"))
    done = subprocess.run(
        [sys.executable, "-P", "-X", "faulthandler", "-c", text + textwrap.dedent(body)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")
    return done.stdout


# ---- the end of the process ----


@pytest.mark.parametrize("fsync", ["everysec", "always", "no"])
def test_nothing_is_lost_when_a_program_just_ends(tmp_path, fsync):
    body = f"""
    db = pyredis.open(folder, appendfsync={fsync!r})
    for number in range(500):
        db.set(number, "x" * 100)
    pipe = db.pipeline()
    for number in range(500):
        pipe.set(f"piped{{number}}", "x" * 100)
    pipe.execute()
    """
    program(tmp_path, body)
    assert program(tmp_path, "print(pyredis.open(folder).dbsize())") == "1000\n"


def test_what_daemon_threads_are_doing_at_the_exit_leaves_no_message(tmp_path):
    body = """
    db = pyredis.open(folder)

    def setting():
        while True:
            db.incr("set")

    def piping():
        while True:
            db.pipeline().incr("piped").incr("piped").execute()

    def asking():
        while True:
            db.info(), db.client_list(), db.config_set("maxmemory-samples", 3)

    def waiting():
        db.blpop("list")

    def popping():
        while True:
            db.rpush("other", 1), db.blpop("other")

    def listening():
        for message in subscriber.listen():
            pass

    def polling():
        while True:
            other.get_message(timeout=0.001)

    def looping():
        async def main():
            async with pyredis.aopen(folder) as own:
                waiting = asyncio.create_task(own.blpop("list"))
                while True:
                    await own.incr("looped")
                    await turn()
        asyncio.run(main())

    subscriber, other = db.pubsub(), db.pubsub()
    subscriber.subscribe("channel")
    other.subscribe("channel")
    monitor = db.monitor().__enter__()
    threads = [setting, setting, piping, asking, waiting, popping, listening, polling, looping]
    for target in (*threads, monitor.next_command):
        threading.Thread(target=target, daemon=True).start()
    while any(db.get(key) is None for key in ("set", "piped", "looped")):
        pass
    """
    for _ in range(3):
        assert program(tmp_path, body) == ""
    read = "db = pyredis.open(folder)\nprint(int(db.get('set')) > 0, int(db.get('piped')) % 2)"
    assert program(tmp_path, read) == "True 0\n"


def test_pending_tasks_and_open_subscribers_leave_no_message(tmp_path):
    body = """
    async def main():
        db = pyredis.aopen(folder)
        tasks = [asyncio.create_task(db.blpop("list")) for _ in range(5)]
        subscriber = db.pubsub()
        await subscriber.subscribe("channel")
        async def listen():
            async for message in subscriber.listen():
                pass
        tasks.append(asyncio.create_task(listen()))
        await until(lambda: blocked(db) == 5)

    asyncio.run(main())
    """
    assert program(tmp_path, body) == ""


def test_functions_at_the_exit_may_use_the_database_or_get_a_clear_error(tmp_path):
    body = """
    early = lambda: print("late:", outcome(db.get, "key"))
    atexit.register(early)
    db = pyredis.open()
    db.set("key", "value")
    atexit.register(lambda: print("early:", db.get("key")))
    """
    assert program(tmp_path, body) == "early: b'value'\nlate: the database has been closed\n"


def test_a_served_database_ends_with_its_clients(tmp_path):
    body = """
    db = pyredis.open(folder)
    listening = db.serve()
    client = redis.Redis.from_url(listening.url)

    def setting():
        own = redis.Redis.from_url(listening.url, retry=None)
        while outcome(own.incr, "set") != "":
            pass

    for _ in range(3):
        threading.Thread(target=setting, daemon=True).start()
    while client.get("set") is None:
        pass
    """
    program(tmp_path, body)


@pytest.mark.parametrize("end", ["os._exit(3)", "sys.exit(3)", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_a_program_ends_as_it_wants(tmp_path, end):
    body = f"""
    db = pyredis.open(folder)
    threading.Thread(target=db.blpop, args=("list",), daemon=True).start()
    until_blocked(db)
    {end}
    """
    program(tmp_path, body, -15 if "SIGTERM" in end else 3)


# ---- fork ----


def test_a_child_gets_clear_errors_and_opens_its_own(tmp_path):
    body = """
    db, kept = pyredis.open(name="one"), pyredis.open(folder)
    kept.set("key", "value")
    subscriber = db.pubsub()
    subscriber.subscribe("channel")
    pipe = db.pipeline()
    pipe.watch("key")
    unused = db.pipeline().get("key")
    stop = threading.Event()

    def hammer():
        while not stop.is_set():
            db.incr("count")
            kept.incr("count")
            db.info()

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for thread in threads:
        thread.start()
    text = f"the database was opened in process {os.getpid()}, from which this one was forked: open it here"
    uses = [
        lambda: db.get("key"), lambda: kept.set("key", "child"), lambda: kept.pipeline().get("key").execute(),
        lambda: subscriber.subscribe("other"), lambda: subscriber.get_message(), lambda: db.blpop("list", 1),
        lambda: db.clock.time, lambda: kept.pubsub().subscribe("channel"), unused.execute, db.serve, db.metrics,
        db.full_disk, lambda: db.fail("GET", error="LOADING"), lambda: db.command("NEW key")(lambda ctx, key: 1),
    ]
    for number in range(6):
        child = os.fork()
        if not child:
            try:
                for use in uses:
                    assert refusal(use) == text, (uses.index(use), refusal(use))
                with pyredis.open(name="one") as own:
                    assert own.get("count") is None
                    own.rpush("list", 1)
                    assert own.blpop("list") == (b"list", b"1")
                if number % 2:
                    pipe.reset()
                    db.close()
                    kept.close()
                    subscriber.close()
            except BaseException as error:
                print(repr(error), flush=True)
            if number % 3 == 2:
                os._exit(0)
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert int(db.get("count")) > 0
    print(int(kept.get("count")) > 0, kept.get("key"))
    """
    assert program(tmp_path, body) == "True b'value'\n"
    assert program(tmp_path, "print(pyredis.open(folder).get('key'))") == "b'value'\n"


def test_children_leave_the_files_of_the_parent_alone(tmp_path):
    body = """
    kept = pyredis.open(folder, appendfsync="no")

    def contents():
        found = {}
        for path, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(path, name), "rb") as file:
                    found[name] = file.read()
        return found

    # Something is still to be written when the process forks.
    kept.engine.exclusion.__enter__()
    before = contents()
    for end in (os._exit, sys.exit):
        child = os.fork()
        if not child:
            gc.collect()
            end(0)
        assert os.waitpid(child, 0)[1] == 0
    assert contents() == before
    kept.engine.exclusion.__exit__(None, None, None)
    kept.set("key", "value")
    """
    program(tmp_path, body)
    assert program(tmp_path, "print(pyredis.open(folder).get('key'))") == "b'value'\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_have_databases_of_their_own(tmp_path, method):
    (tmp_path / "work.py").write_text(
        textwrap.dedent("""
        import sys
        import pyredis

        def work(number):
            with pyredis.open(name="shared") as db:
                return db.incr("count", number), db.dbsize()
        """)
    )
    body = f"""
    if __name__ == "__main__":
        sys.path.insert(0, {str(tmp_path)!r})
        import work
        db = pyredis.open(name="shared")
        db.set("key", "parent")
        with multiprocessing.get_context({method!r}).Pool(2) as pool:
            results = pool.map(work.work, range(1, 5))
        assert all(size == 1 for _, size in results), results
        print(db.get("key"), db.get("count"))
    """
    assert program(tmp_path, body) == "b'parent' None\n"


def test_a_fork_in_a_handler_of_another_engine_and_inside_a_command(tmp_path):
    body = """
    first, second = pyredis.open(), pyredis.open()
    waiting = threading.Thread(target=first.blpop, args=("list",))
    waiting.start()
    until_blocked(first)

    def fork(server):
        child = os.fork()
        if not child:
            print(refusal(first.get, "key").split()[3:5], flush=True)
            os._exit(0)
        return os.waitpid(child, 0)[1]

    assert second.engine.call(fork) == 0
    first.rpush("list", "element")
    waiting.join()
    print(second.ping())
    """
    assert program(tmp_path, body) == "['opened', 'in']\nTrue\n"
