"""Many threads use one engine at once, with everything: nothing is lost, counted twice, or answered to another."""

import gc
import random
import subprocess
import sys
import threading

import pytest
import redis

import pyredis
from pyredis.commands.server import invariants
from support.in_threads import blocked, in_thread

COUNTERS = [f"counter{number}" for number in range(8)]


class Hammer:
    """What the threads do with one database, and what must be true afterwards."""

    def __init__(self, db: pyredis.Database, rounds: int, **place) -> None:
        self.db = db
        self.rounds = rounds
        self.place = place
        self.pushed = self.popped = self.added = self.transactions = 0
        self.lock = threading.Lock()

    def count(self, **amounts: int) -> None:
        with self.lock:
            for name, amount in amounts.items():
                setattr(self, name, getattr(self, name) + amount)

    def counting(self, seed: int) -> None:
        draw = random.Random(seed)
        for number in range(self.rounds):
            own = b"own%d:%d" % (seed, number)
            self.db.set(f"key{seed}", own)
            assert self.db.get(f"key{seed}") == own
            amount = draw.randrange(1, 5)
            self.db.incrby(draw.choice(COUNTERS), amount)
            self.count(added=amount)

    def pushing(self, seed: int) -> None:
        for number in range(self.rounds):
            assert self.db.rpush("queue", f"{seed}:{number}") >= 1
            self.count(pushed=1)

    def popping(self, seed: int) -> None:
        while (found := self.db.blpop("queue", 0)) != (b"queue", b"end"):
            assert found[0] == b"queue"
            self.count(popped=1)

    def watching(self, seed: int) -> None:
        for _ in range(self.rounds // 4):
            with self.db.pipeline() as pipe:
                try:
                    pipe.watch("watched")
                    value = int(pipe.get("watched") or 0)
                    pipe.multi()
                    pipe.set("watched", value + 1).incr("shadow")
                    pipe.execute()
                except redis.WatchError:
                    continue
            self.count(transactions=1)

    def piping(self, seed: int) -> None:
        for number in range(self.rounds // 4):
            pipe = self.db.pipeline(transaction=bool(number % 2))
            results = pipe.incr("piped").lpush("key0", 1).echo(f"{seed}").incr("piped").execute(raise_on_error=False)
            assert results[2] == b"%d" % seed
            assert isinstance(results[1], redis.ResponseError)
            if number % 2:
                assert results[3] == results[0] + 1

    def asking(self, seed: int) -> None:
        for number in range(self.rounds // 8):
            assert self.db.info()["connected_clients"] >= 1
            assert any(client["cmd"] == "client|list" for client in self.db.client_list())
            self.db.config_set("maxmemory-samples", 1 + number % 10)
            self.db.eval("return redis.call('incr', KEYS[1])", 1, "scripted")
            gc.collect(0)

    def listening(self, seed: int) -> None:
        for _ in range(self.rounds // 16):
            with self.db.pubsub(ignore_subscribe_messages=True) as subscriber:
                subscriber.subscribe(f"own{seed}")
                self.db.publish(f"own{seed}", seed)
                while (message := subscriber.get_message(timeout=30)) is None:
                    pass
                assert message["data"] == b"%d" % seed

    def opening(self, seed: int) -> None:
        for _ in range(self.rounds // 16):
            with pyredis.open(db=seed % 3, **self.place) as other:
                other.client_setname(f"opened{seed}")
                other.incr("opened")
                assert other.client_getname() == f"opened{seed}"
            with pyredis.open() as alone:
                assert alone.incr("opened") == 1

    def run(self) -> None:
        works = [self.counting, self.pushing, self.watching, self.piping, self.asking, self.listening, self.opening]
        poppers = [in_thread(self.popping, seed) for seed in range(3)]
        others = [in_thread(work, seed) for seed, work in enumerate([*works, self.counting, self.pushing])]
        for other in others:
            other()
        self.db.rpush("queue", *["end"] * len(poppers))
        for popper in poppers:
            popper()

    def check(self) -> None:
        assert sum(int(value or 0) for value in self.db.mget(COUNTERS)) == self.added
        assert self.popped == self.pushed
        assert self.db.llen("queue") == 0
        assert int(self.db.get("watched")) == int(self.db.get("shadow")) == self.transactions
        assert blocked(self.db) == 0
        self.db.engine.call(lambda server: invariants.check(server.core))


@pytest.fixture
def eager():
    """Threads are switched as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("kept", [None, "everysec", "always"])
def test_threads_do_everything_at_once(eager, tmp_path, kept):
    place = {"path": tmp_path} if kept else {"name": "hammer"}
    options = {"appendfsync": kept} if kept else {}
    with pyredis.open(**place, **options) as db:
        hammer = Hammer(db, 120, **place)
        hammer.run()
        hammer.check()
        contents = {key: db.get(key) for key in (*COUNTERS, "watched", "shadow", "piped", "scripted")}
    if kept:
        with pyredis.open(tmp_path) as db:
            assert {key: db.get(key) for key in contents} == contents


@pytest.mark.parametrize(
    "words",
    [
        ("BITCOUNT", "zeros"),
        ("BITPOS", "zeros", 1),
        ("BITOP", "NOT", "result", "zeros"),
        ("LCS", "short", "long", "LEN"),
        ("SORT", "list", "STORE", "result"),
    ],
    ids=lambda words: words[0],
)
def test_other_threads_have_turns_during_a_long_command(eager, words):
    during, stop = threading.Event(), threading.Event()

    def look(core):
        while not stop.is_set():
            if not core.idle:
                during.set()

    def call(server):
        """Calls the command while the server does nothing else."""
        client = server.core.client()
        for _ in range(20):
            if not during.is_set():
                server.core.call(client, words)

    # An entry of the slow log is made by Python code, which gives others their turn.
    with pyredis.open(slowlog_log_slower_than=-1) as db:
        db.setrange("zeros", 32 << 20, "\0")
        db.mset({"short": "abc", "long": "x" * 2_000_000})
        db.rpush("list", *range(50_000))
        looking = threading.Thread(target=look, args=(db.engine.server.core,))
        looking.start()
        db.engine.call(call)
        stop.set()
        looking.join()
    assert during.is_set()


def test_several_engines_do_not_wait_for_each_other(eager):
    with pyredis.open(name="first") as first, pyredis.open(name="second") as second:
        hammers = [Hammer(first, 40, name="first"), Hammer(second, 40, name="second")]
        results = [in_thread(hammer.run) for hammer in hammers]
        for result in results:
            result()
        for hammer in hammers:
            hammer.check()


def test_memory_is_accounted_to_the_engine_that_uses_it(eager):
    with pyredis.open() as first, pyredis.open() as second:

        def fill(db):
            for number in range(300):
                db.set(f"key{number}", "x" * 1000)
                db.info("memory")
                db.rpush("list", *["y" * 50] * 10)
            db.flushall()

        results = [in_thread(fill, db) for db in (first, second) for _ in range(2)]
        for result in results:
            result()
        for db in (first, second):
            db.flushall()
            db.engine.call(lambda server: invariants.check(server.core))
            assert 0 < db.info("memory")["used_memory"] < 8 << 20


def test_a_collector_that_closes_databases_and_clients_meets_a_running_command(eager):
    with pyredis.open() as db:

        class Closing:
            def __init__(self):
                self.pipe = db.pipeline()
                self.pipe.watch("key")
                self.subscriber = db.pubsub()
                self.subscriber.subscribe("channel")
                self.itself = self

            def __del__(self):
                self.pipe.reset()
                self.subscriber.close()

        def making(_):
            for _ in range(100):
                Closing()
                db.client_list()
                db.info()
            gc.collect()

        results = [in_thread(making, number) for number in range(4)]
        for result in results:
            result()
        gc.collect()
        assert db.info("clients")["pubsub_clients"] == 0
        db.engine.call(lambda server: invariants.check(server.core))


PROGRAM = """
import sys, threading
sys.path[:0] = {paths!r}
import pyredis
from test_engine_threads import Hammer
sys.setswitchinterval(1e-6)
with pyredis.open(name="program") as db:
    hammer = Hammer(db, 60, name="program")
    hammer.run()
    hammer.check()
print("sound")
"""


def test_a_program_can_do_so_and_end():
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM.format(paths=sys.path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "sound\n", "")
