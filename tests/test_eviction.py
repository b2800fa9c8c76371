"""Eviction: which keys each policy takes, when, and who learns of it; ``-OOM`` when there is nothing to take.

The policies are tested on a database in this process, whose clock stands still. With no more keys than
``maxmemory-samples`` every key is sampled, so the order is exact.
"""

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import pyredis
from support.client import wait_until
from support.subscribers import received
from support.waiting import await_blocked, fields

LONG = bool(os.environ.get("PYREDIS_LONG"))
VOLATILE = ("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl")
POLICIES = (*VOLATILE, "allkeys-lru", "allkeys-lfu", "allkeys-random")
OOM = "OOM command not allowed when used memory > 'maxmemory'."
FEW = 40


@pytest.fixture
def db():
    """A database in the process that samples every one of a few keys."""
    with pyredis.open(decode_responses=True) as db:
        db.config_set("maxmemory-samples", 64, "maxmemory-eviction-tenacity", 100)
        yield db


def used(db) -> int:
    return db.engine.server.core.used_memory


def evict_one(db) -> str:
    """Lowers the limit until a key is evicted; returns the key."""
    before = set(db.scan_iter())
    db.config_set("maxmemory", used(db) - 1)
    db.ping()
    (gone,) = before - set(db.scan_iter())
    return gone


def eviction_order(db, policy: str, count: int) -> list[str]:
    db.config_set("maxmemory-policy", policy)
    return [evict_one(db) for _ in range(count)]


# ---- the policies ----


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru"])
def test_lru_evicts_the_key_that_has_not_been_used_for_longest(db, policy):
    db.clock.freeze()
    for number in range(FEW):
        db.set(f"key{number}", "v" * 100, ex=100_000)
    order = [number * 7 % FEW for number in range(FEW)]
    for number in order:
        db.clock.advance(1)
        assert db.get(f"key{number}")
    assert eviction_order(db, policy, FEW - 5) == [f"key{number}" for number in order[:-5]]


@pytest.mark.parametrize("policy", ["allkeys-lfu", "volatile-lfu"])
def test_lfu_evicts_the_key_that_has_been_used_least(db, policy):
    db.config_set("maxmemory-policy", policy, "lfu-log-factor", 0, "lfu-decay-time", 0)
    order = [number * 7 % FEW for number in range(FEW)]
    for times, number in enumerate(order):
        db.set(f"key{number}", "v" * 100, ex=100_000)
        for _ in range(times):
            db.get(f"key{number}")
    assert eviction_order(db, policy, FEW - 5) == [f"key{number}" for number in order[:-5]]


def test_of_keys_used_equally_often_lfu_evicts_the_one_whose_last_use_is_longest_ago(db):
    db.config_set("maxmemory-policy", "allkeys-lfu", "lfu-log-factor", 0, "lfu-decay-time", 0)
    db.clock.freeze()
    for number in range(10):
        db.set(f"key{number}", "v" * 100)
    for number in (3, 1, 4, 5, 9, 2, 6, 8, 7, 0):
        db.clock.advance(60)
        db.get(f"key{number}")
    assert eviction_order(db, "allkeys-lfu", 3) == ["key3", "key1", "key4"]


def test_a_counter_that_decays_makes_a_key_a_victim_again(db):
    db.config_set("maxmemory-policy", "allkeys-lfu", "lfu-log-factor", 0, "lfu-decay-time", 1)
    db.clock.freeze()
    db.set("old", "v" * 100)
    for _ in range(20):
        db.get("old")
    db.clock.advance(30 * 60)
    db.set("new", "v" * 100)
    assert evict_one(db) == "old"


def test_ttl_evicts_the_key_that_expires_first(db):
    order = [number * 7 % FEW for number in range(FEW)]
    for times, number in enumerate(order):
        db.set(f"key{number}", "v" * 100, ex=100_000 + times)
    assert eviction_order(db, "volatile-ttl", FEW - 5) == [f"key{number}" for number in order[:-5]]


def test_a_key_that_is_used_after_it_was_sampled_is_no_victim(db):
    """The first eviction leaves candidates, half of which are then used later than any other key."""
    db.clock.freeze()
    for number in range(2000):
        db.set(f"key{number}", "v" * 100)
    db.clock.advance(100)
    eviction_order(db, "allkeys-lru", 1)
    db.touch(*(f"key{number}" for number in range(2000)))
    db.clock.advance(10)
    db.touch(*(f"key{number}" for number in range(0, 2000, 2)))
    assert all(int(evict_one(db)[3:]) % 2 for _ in range(10))


@pytest.mark.parametrize("policy", VOLATILE)
def test_volatile_policies_evict_only_keys_that_expire(db, policy):
    for number in range(500):
        db.set(f"volatile{number}", "v" * 100, ex=100_000)
        db.set(f"kept{number}", "v" * 100)
    db.persist("volatile7")
    kept = {f"kept{number}" for number in range(500)} | {"volatile7"}
    db.config_set("maxmemory-policy", policy, "maxmemory", used(db) - 20_000)
    db.ping()
    assert db.dbsize() < 1000
    db.config_set("maxmemory", 1)
    with pytest.raises(pyredis.OutOfMemoryError):
        db.set("more", 1)
    db.config_set("maxmemory", 0)
    assert set(db.scan_iter()) == kept


@pytest.mark.parametrize("policy", POLICIES)
def test_all_databases_are_evicted_from(policy):
    with pyredis.open(maxmemory_policy=policy, decode_responses=True) as db:
        for number in (0, 3, 15):
            with db.pipeline(transaction=False) as pipe:
                pipe.execute_command("SELECT", number)
                for key in range(300):
                    pipe.set(f"key{key}", "v" * 1000, ex=10_000 + key)
                pipe.execute()
        db.config_set("maxmemory", used(db) - 450_000)
        db.ping()
        left = {name: facts["keys"] for name, facts in db.info("keyspace").items()}
        assert left.keys() == {"db0", "db3", "db15"}
        assert all(keys < 300 for keys in left.values())


@pytest.mark.parametrize(("policy", "least"), [("allkeys-lru", 0.95), ("volatile-ttl", 0.95), ("allkeys-lfu", 0.95)])
def test_few_samples_find_good_victims(policy, least):
    """Of 10,000 keys half are better to keep; of those that are left after 4,000 evictions, most are of that half."""
    with pyredis.open(maxmemory_policy=policy, lfu_log_factor=0, lfu_decay_time=0, decode_responses=True) as db:
        db.clock.freeze()
        for number in range(10_000):
            db.set(f"key{number}", "v" * 100, ex=10_000 if number % 2 else 100_000)
        db.clock.advance(10)
        for number in range(0, 10_000, 2):
            db.get(f"key{number}")
        db.config_set("maxmemory", used(db) - 4000 * 150, "maxmemory-eviction-tenacity", 100)
        db.ping()
        left = list(db.scan_iter(count=1000))
        assert 4000 < len(left) < 7500
        assert sum(int(key[3:]) % 2 == 0 for key in left) > 5000 * least


def test_random_policies_evict_any_key(db):
    for number in range(1000):
        db.set(f"key{number}", "v" * 100)
    db.config_set("maxmemory-policy", "allkeys-random", "maxmemory", used(db) - 70_000)
    db.ping()
    left = {int(key[3:]) for key in db.scan_iter()}
    assert len(left) < 700
    assert all(left & set(range(start, start + 250)) for start in range(0, 1000, 250))


# ---- refused commands ----


def test_what_is_refused_is_what_the_oracle_refuses(pair):
    pair.setup("SET", "a", 1)
    for policy in ("noeviction", *VOLATILE):
        with pair.config(maxmemory_policy=policy, maxmemory=1):
            for line in ("SET a 2", "GET a", "DEL b", "INCR n", "EXPIRE nosuch 10", "LPUSH l 1", "PING", "DBSIZE"):
                pair.check(*line.split())
            pair.check("EVAL", "return redis.call('set', 'a', 1)", 0)
            pair.check("EVAL", "return redis.pcall('set', 'a', 1)", 0)
            pair.check("EVAL", "return redis.call('get', 'a')", 0)
            pair.check("EVAL", "redis.call('del', 'x') return redis.call('set', 'b', 1)", 0)
            pair.check("DEL", "b")


@pytest.mark.parametrize("policy", POLICIES)
def test_with_nothing_to_evict_commands_are_refused(pair2, policy):
    with pair2.config(maxmemory_policy=policy, maxmemory=1):
        pair2.check("SET", "a", 1)
        pair2.check("GET", "a")
        pair2.check("DBSIZE")
        pair2.check("EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', 'a', 1)", 0)
        pair2.check("EVAL", "#!lua\nreturn redis.call('set', 'a', 1)", 0)
        pair2.check("DBSIZE")


def test_eviction_is_between_commands_of_no_script_and_no_transaction(pair2):
    """What a script or transaction has written stays until its end, and memory is not looked at again."""
    with pair2.config(maxmemory_policy="allkeys-random"):
        pair2.check("MULTI")
        for number in range(5):
            pair2.check("SET", f"key{number}", "v" * 100)
        pair2.check("DBSIZE")
        pair2.setup("CONFIG", "SET", "maxmemory", 0)
        pair2.check("EXEC")
        pair2.check("DBSIZE")
    with pyredis.open(maxmemory_policy="allkeys-random", decode_responses=True) as db:
        db.config_set("maxmemory", used(db) + 50_000)
        script = "for i = 1, 1000 do redis.call('set', 'k' .. i, string.rep('v', 1000)) end return redis.call('dbsize')"
        assert db.eval(script, 0) == 1000
        with db.pipeline() as pipe:
            for number in range(100):
                pipe.setrange(f"q{number}", 9999, "v")
            pipe.dbsize()
            assert pipe.execute()[-1] >= 100
        db.ping()
        assert db.dbsize() < 60


def test_memory_is_not_exceeded_for_longer_than_a_command(db):
    db.config_set("maxmemory-policy", "allkeys-lru", "maxmemory", used(db) + 100_000)
    for number in range(2000):
        db.set(f"key{number}", "v" * (number % 997))
        db.ping()
        assert used(db) <= int(db.config_get("maxmemory")["maxmemory"])
    assert db.info("stats")["evicted_keys"] > 1000


def test_a_table_of_keys_does_not_grow_if_that_exceeded_the_limit(db):
    """Otherwise the larger array would take the place of a third of the keys."""
    count = 6 * 4096
    for number in range(count):
        db.set(f"{number}", number)
    db.config_set("maxmemory-policy", "allkeys-random", "maxmemory", used(db) + 100_000)
    for number in range(count, count + 1000):
        db.set(f"{number}", number)
    assert db.dbsize() == count + 1000
    for number in range(count + 1000, count + 20_000):
        db.set(f"{number}", number)
    assert db.dbsize() > count


# ---- time ----


def fill(client, keys: int, size: int, prefix: str = "key") -> None:
    for start in range(0, keys, 1000):
        client.pipeline([("SET", f"{prefix}{n}", "v" * size) for n in range(start, min(start + 1000, keys))])


def memory(client) -> int:
    return int(fields(client, "memory")["used_memory"])


def test_eviction_continues_without_commands(caplog):
    """With the least tenacity each run ends after 16 keys, and the loop begins the next."""
    with pyredis.open(maxmemory_policy="allkeys-random", maxmemory_eviction_tenacity=0) as db:
        for number in range(5000):
            db.set(f"key{number}", "v" * 100)
        limit = used(db) - 300_000
        db.config_set("maxmemory", limit)
        wait_until(lambda: used(db) <= limit, "eviction")
        assert db.info("stats")["evicted_keys"] > 1000
    assert "is smaller than the current memory usage" in caplog.text


def evicted(client) -> int:
    return int(fields(client, "stats")["evicted_keys"])


def test_with_full_tenacity_a_run_goes_on_to_the_end():
    with pyredis.open(maxmemory_policy="allkeys-random", maxmemory_eviction_tenacity=0) as db:
        for number in range(20_000):
            db.set(f"key{number}", "v" * 100)
        limit = used(db) // 2
        db.config_set("maxmemory-eviction-tenacity", 100)
        with db.pipeline(transaction=False) as pipe:
            pipe.config_set("maxmemory", limit)
            pipe.ping()
            pipe.info("memory")
            assert pipe.execute()[-1]["used_memory"] <= limit + 50_000


def test_commands_are_served_while_eviction_goes_on(start_ours):
    server = start_ours("--maxmemory-policy", "allkeys-random", "--maxmemory-eviction-tenacity", "0")
    with server.client() as client:
        fill(client, 50_000, 100)
        replies = client.pipeline(
            [
                ("CONFIG", "SET", "maxmemory", memory(client) // 2),
                ("SET", "a", 1),
                ("EVAL", "return redis.call('set', 'b', 1)", 0),
            ]
        )
        assert [reply.decoded for reply in replies] == ["OK", "OK", "OK"]
        assert evicted(client) < 30_000


def test_a_large_value_is_released_in_slices(start_ours):
    options = ["--maxmemory-policy", "allkeys-lru", "--maxmemory-eviction-tenacity", "0", "--appendonly", "no"]
    server = start_ours(*options)
    with server.client() as client:
        for start in range(0, 200_000, 1000):
            client.must(
                "HSET", "large", *[word for n in range(start, start + 1000) for word in (f"field{n}", "v" * 20)]
            )
        client.must("CONFIG", "SET", "maxmemory", 4 << 20)
        assert client.must("SET", "a", 1) == "OK"
        wait_until(lambda: memory(client) < 4 << 20, "the rest to be released")
        assert evicted(client) == 1
        assert client.must("GET", "a") == b"1"


def test_garbage_is_released_before_a_key_is_evicted(start_ours):
    server = start_ours("--maxmemory-policy", "allkeys-random", "--maxmemory-eviction-tenacity", "100")
    with server.client() as client:
        client.must("SET", "kept", "v")
        for start in range(0, 50_000, 1000):
            client.must("SADD", "large", *[f"member{n}" for n in range(start, start + 1000)])
        limit = memory(client) - 1_000_000
        replies = client.pipeline([("UNLINK", "large"), ("CONFIG", "SET", "maxmemory", limit), ("SET", "a", 1)])
        assert [reply.decoded for reply in replies] == [1, "OK", "OK"]
        assert evicted(client) == 0
        client.must("CONFIG", "SET", "maxmemory-policy", "noeviction")
        for start in range(0, 50_000, 1000):
            client.must("SADD", "large", *[f"member{n}" for n in range(start, start + 1000)])
        replies = client.pipeline([("UNLINK", "large"), ("SET", "a", 1)])
        assert [reply.decoded for reply in replies] == [1, "OK"]


def test_values_that_a_rewrite_still_saves_are_not_evicted_for_nothing(start_ours):
    """A large value that is evicted is released only when it has been saved; evicting more would free no memory."""
    server = start_ours(
        "--appendonly", "yes", "--maxmemory-policy", "allkeys-lru", "--maxmemory-eviction-tenacity", "100"
    )
    with server.client() as client:
        for number in range(20):
            for start in range(0, 50_000, 1000):
                client.must("RPUSH", f"list{number}", *["v" * 50 + str(n) for n in range(start, start + 1000)])
        limit = memory(client) - 1_000_000
        replies = client.pipeline(
            [
                ("BGREWRITEAOF",),
                ("CONFIG", "SET", "maxmemory", limit),
                *[("SET", f"a{n}", 1) for n in range(50)],
                ("DBSIZE",),
            ]
        )
        assert replies[-1].decoded >= 60
        wait_until(lambda: fields(client, "persistence")["aof_rewrite_in_progress"] == "0", "the rewrite")
        wait_until(lambda: memory(client) <= limit, "the memory to be released")
        assert fields(client, "memory")["mem_not_counted_for_evict"] == "0"


def test_nothing_is_evicted_during_a_pause(start_ours):
    server = start_ours("--maxmemory-policy", "allkeys-random")
    with server.client() as client, server.client() as other:
        fill(client, 100, 1000)
        client.pipeline([("CLIENT", "PAUSE", 1_000_000, "WRITE"), ("CONFIG", "SET", "maxmemory", 1)])
        other.send("SET", "a", "1")
        await_blocked(client, 1)
        assert client.must("DBSIZE") == 100
        client.must("CLIENT", "UNPAUSE")
        assert str(other.read().decoded) == OOM
        assert client.must("DBSIZE") == 0


# ---- who learns of it ----


def test_evicted_keys_are_notified_like_the_oracle_does(pair2):
    keys = {f"key{number}".encode() for number in range(20)}
    settings = {"notify_keyspace_events": "KEe", "maxmemory_policy": "allkeys-random", "maxmemory": 0}
    with pair2.config(**settings), pair2.another() as listener:
        for client in (listener.ours, listener.oracle):
            client.must("PSUBSCRIBE", "__key*__:*")
        for key in keys:
            pair2.setup("SET", key, "v")
        for client, listening in ((pair2.ours, listener.ours), (pair2.oracle, listener.oracle)):
            client.must("CONFIG", "SET", "maxmemory", 1)
            wait_until(lambda client=client: client.must("DBSIZE") == 0, "eviction")
            messages = [tuple(message[2:]) for message in received(listening) if message[0] == b"pmessage"]
            assert len(messages) == 40
            assert {key for channel, key in messages if channel == b"__keyevent@0__:evicted"} == keys
            assert {channel for channel, name in messages if name == b"evicted"} == {
                b"__keyspace@0__:" + k for k in keys
            }


def test_eviction_breaks_a_transaction_that_watches_the_key(pair2):
    for key in ("a", "absent"):
        with pair2.config(maxmemory_policy="allkeys-random", maxmemory=0), pair2.another() as other:
            other.setup("SET", "a", "v")
            pair2.check("WATCH", key)
            for client in (other.ours, other.oracle):
                client.must("CONFIG", "SET", "maxmemory", 1)
                wait_until(lambda client=client: client.must("DBSIZE") == 0, "eviction")
                client.must("CONFIG", "SET", "maxmemory", 0)
            pair2.check("MULTI")
            pair2.check("PING")
            pair2.check("EXEC")


def test_eviction_wakes_the_reader_of_a_group(client, shared_ours):
    """With the error of Redis 7.4; that of 7.0 has another text."""
    client.must("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    with shared_ours.client() as waiter:
        waiter.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">")
        await_blocked(client, 1)
        client.must("CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", 1)
        assert str(waiter.read().decoded).startswith("NOGROUP ")


def commands_of(folder) -> bytes:
    (file,) = folder.glob("appendonlydir/*.incr.aof")
    return file.read_bytes()


@pytest.mark.parametrize(("lazy", "word"), [("no", b"$3\r\nDEL\r\n"), ("yes", b"$6\r\nUNLINK\r\n")])
@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_evictions_are_in_the_file_and_what_is_loaded_is_what_was_there(start_ours, lazy, word, policy):
    options = ["--appendonly", "yes", "--maxmemory-policy", policy]
    server = start_ours(*options, "--enable-debug-command", "yes", name="one")
    with server.client() as client:
        client.must("CONFIG", "SET", "lazyfree-lazy-eviction", lazy)
        client.must("CONFIG", "SET", "maxmemory", memory(client) + 300_000)
        for start in range(0, 3000, 100):
            client.pipeline([("SET", f"key{n}", "v" * (n % 500), "EX", 100_000) for n in range(start, start + 100)])
            client.pipeline([("RPUSH", f"list{n}", *range(50)) for n in range(start, start + 10)])
            client.pipeline([("EXPIRE", f"list{n}", 100_000 + n) for n in range(start, start + 10)])
        client.must("CONFIG", "SET", "maxmemory", 0)
        digest, count = client.must("DEBUG", "DIGEST"), evicted(client)
        assert count > 1000
    server.stop()
    data = commands_of(server.folder)
    assert data.count(word) == count
    assert b"MULTI" not in data
    again = start_ours("--appendonly", "yes", "--enable-debug-command", "yes", name="one")
    with again.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest


def test_info_counts_evictions_and_shows_the_policy(client):
    client.must("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    client.must("CONFIG", "RESETSTAT")
    client.must("SET", "a", "v")
    client.must("CONFIG", "SET", "maxmemory", 1)
    wait_until(lambda: client.must("DBSIZE") == 0, "eviction")
    assert evicted(client) == 1
    shown = fields(client, "memory")
    assert (shown["maxmemory"], shown["maxmemory_policy"]) == ("1", "allkeys-random")
    wait_until(lambda: int(fields(client, "stats")["current_eviction_exceeded_time"]) > 0, "time to be counted")
    client.must("CONFIG", "SET", "maxmemory", 0)
    shown = fields(client, "stats")
    assert int(shown["total_eviction_exceeded_time"]) > 0
    assert shown["current_eviction_exceeded_time"] == "0"
    client.must("CONFIG", "RESETSTAT")
    assert evicted(client) == 0


def test_long_evictions_are_recorded_by_the_latency_monitor(start_ours):
    options = ["--appendonly", "no", "--latency-monitor-threshold", "1", "--maxmemory-policy", "allkeys-lru"]
    server = start_ours(*options)
    with server.client() as client:

        def recorded() -> list[list[int]]:
            client.must("CONFIG", "SET", "maxmemory", 0)
            client.must("SETRANGE", "large", 128 << 20, "x")
            client.must("CONFIG", "SET", "maxmemory", 16 << 20)
            client.must("PING")
            assert client.must("DBSIZE") == 0
            return client.must("LATENCY", "HISTORY", "eviction-del")

        wait_until(recorded, "the event")
        assert client.must("LATENCY", "HISTORY", "eviction-cycle")
        assert "Evicting a value" in client.must("LATENCY", "DOCTOR").decode()


# ---- any commands ----

KEYS = st.sampled_from([f"key{number}" for number in range(60)])
SIZES = st.sampled_from([1, 20, 100, 300, 2000, 20_000])


class Limited(RuleBasedStateMachine):
    """One database with a low limit. ``kept`` are the keys that no command has removed and that never expire."""

    @initialize()
    def open(self):
        self.db = pyredis.open(maxmemory_eviction_tenacity=100, decode_responses=True)
        self.floor = used(self.db)
        self.limit = 0
        self.policy = "noeviction"
        self.kept: set[str] = set()

    def teardown(self):
        if hasattr(self, "db"):
            self.db.close()

    def write(self, key, expires, *command):
        try:
            self.db.execute_command(*command)
            if expires:
                self.db.expire(key, 100_000)
            else:
                self.db.persist(key)
        except pyredis.OutOfMemoryError:
            assert self.limit
            return
        except pyredis.ResponseError:
            assert self.db.type(key) != {"RPUSH": "list", "HSET": "hash"}[command[0]]
            return
        (self.kept.discard if expires else self.kept.add)(key)

    @rule(key=KEYS, size=SIZES, expires=st.booleans())
    def set(self, key, size, expires):
        self.write(key, expires, "SET", key, "v" * size)

    @rule(key=KEYS, size=SIZES, count=st.integers(1, 200), expires=st.booleans())
    def push(self, key, size, count, expires):
        self.write(key, expires, "RPUSH", key, *["v" * min(size, 100)] * count)

    @rule(key=KEYS, count=st.integers(1, 300), expires=st.booleans())
    def hash(self, key, count, expires):
        self.write(key, expires, "HSET", key, *[word for n in range(count) for word in (f"f{n}", n)])

    @rule(key=KEYS)
    def read(self, key):
        self.db.type(key)
        self.db.touch(key)

    @rule(key=KEYS)
    def remove(self, key):
        self.db.unlink(key)
        self.kept.discard(key)

    @rule(limit=st.sampled_from([0, 1, 30_000, 100_000, 300_000]), samples=st.sampled_from([1, 5, 64]))
    def restrict(self, limit, samples):
        self.limit = self.floor + limit if limit else 0
        self.db.config_set("maxmemory", self.limit, "maxmemory-samples", samples)

    @rule(policy=st.sampled_from(["noeviction", *POLICIES]))
    def choose(self, policy):
        self.policy = policy
        self.db.config_set("maxmemory-policy", policy)

    @invariant()
    def memory_is_not_exceeded_unless_nothing_can_be_evicted(self):
        if not hasattr(self, "db"):
            return
        self.db.ping()
        if not self.limit or used(self.db) <= self.limit:
            return
        assert self.policy == "noeviction" or (self.policy in VOLATILE and self.expiring() == 0) or not self.db.dbsize()

    def expiring(self) -> int:
        return self.db.info("keyspace").get("db0", {"expires": 0})["expires"]

    @invariant()
    def no_policy_has_taken_what_it_may_not(self):
        if hasattr(self, "db") and (self.policy in VOLATILE or self.policy == "noeviction"):
            assert self.kept <= set(self.db.scan_iter(count=1000))
        elif hasattr(self, "db"):
            self.kept &= set(self.db.scan_iter(count=1000))


TestLimited = Limited.TestCase
TestLimited.settings = settings(max_examples=300 if LONG else 40, stateful_step_count=40)
