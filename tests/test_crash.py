"""SIGKILL under load, in every mode, with automatic rewrites: no acknowledged write is lost or applied twice.

Each client increments its own keys, with single commands, in pipelines, in transactions and in scripts. After the crash
a counter may be ahead of the last reply, by at most the requests that were sent and not answered, but never behind it;
and a transaction or script is applied completely or not at all. ``PYREDIS_LONG=1`` uses more crashes and clients.
"""

import contextlib
import os
import random
import threading

import pytest

from support.aof_folder import info
from support.client import ConnectionClosed, wait_until

LONG = bool(os.environ.get("PYREDIS_LONG"))
CRASHES = 40 if LONG else 3
CLIENTS = 8 if LONG else 4
DELAY = 270
# Writes to keys of several types, in two databases; some of the last key's elements are removed again.
SCRIPT = """
local number = redis.call('incr', KEYS[1])
redis.call('hincrby', 'hash', KEYS[2], 1)
redis.call('rpush', KEYS[3], number, ARGV[1])
redis.call('select', ARGV[2])
redis.call('zadd', KEYS[1], number, number)
if number % 3 == 0 then redis.call('zremrangebyrank', KEYS[1], 0, 1) redis.call('incrby', KEYS[2], 2) end
redis.call('expire', KEYS[1], 100000)
return number
"""


class Writer(threading.Thread):
    """One client's load until its connection breaks: ``answered`` and ``sent`` count the increments of each kind."""

    KINDS = ("single", "pipelined", "first", "second", "script", "scripts")

    def __init__(self, server, number):
        super().__init__()
        self.client = server.client()
        self.number = number
        self.answered = dict.fromkeys(self.KINDS, 0)
        self.sent = dict.fromkeys(self.KINDS, 0)

    def key(self, kind):
        return f"{kind}:{self.number}"

    def run(self):
        self.client.must("SELECT", self.number % 3)
        with contextlib.suppress(OSError, ConnectionClosed):
            while True:
                self.increment(1, "single")
                self.increment(20, "pipelined")
                self.transaction()
                self.scripts(1, "script")
                self.scripts(5, "scripts")

    def increment(self, count, kind):
        self.sent[kind] += count
        for reply in self.client.pipeline([["HINCRBY", "hash", self.key(kind), 1]] * count):
            assert not reply.is_error, reply.decoded
            self.answered[kind] = reply.decoded

    def transaction(self):
        for kind in ("first", "second"):
            self.sent[kind] += 1
        commands = [["MULTI"], ["INCR", self.key("first")], ["INCR", self.key("second")], ["EXEC"]]
        self.answered["first"], self.answered["second"] = self.client.pipeline(commands)[-1].decoded

    def script_arguments(self, kind):
        """Returns the keys of the script, its payload, and the other database that it writes to."""
        key = self.key(kind)
        return [key, f"field:{key}", f"list:{key}", "x" * 100, 3 + self.number]

    def scripts(self, count, kind):
        self.sent[kind] += count
        for reply in self.client.pipeline([["EVAL", SCRIPT, 3, *self.script_arguments(kind)]] * count):
            assert not reply.is_error, reply.decoded
            self.answered[kind] = reply.decoded

    def check_script(self, client, kind):
        """Assert that each script is applied completely or not at all; return how many are."""
        key, field, items, _, database = self.script_arguments(kind)
        number = int(client.must("GET", key) or 0)
        assert int(client.must("HGET", "hash", field) or 0) == number
        assert client.must("LLEN", items) == 2 * number
        client.must("SELECT", database)
        assert client.must("ZCARD", key) == number - number // 3 * 2
        assert int(client.must("GET", field) or 0) == number // 3 * 2
        assert client.must("TTL", key) > 0 or client.must("EXISTS", key) == 0
        client.must("SELECT", self.number % 3)
        return number

    def check(self, client):
        """Assert that no acknowledged write is missing; continue from the values found."""
        client.must("SELECT", self.number % 3)
        found = {kind: client.must("HGET", "hash", self.key(kind)) for kind in ("single", "pipelined")}
        found |= {kind: client.must("GET", self.key(kind)) for kind in ("first", "second")}
        found |= {kind: self.check_script(client, kind) for kind in ("script", "scripts")}
        assert found["first"] == found["second"]
        for kind in self.KINDS:
            value = int(found[kind] or 0)
            assert self.answered[kind] <= value <= self.sent[kind], (kind, self.answered, self.sent, found)
            self.answered[kind] = self.sent[kind] = value


@pytest.mark.timeout(CRASHES * 2 * DELAY)
@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_nothing_that_was_answered_is_lost_by_a_crash(start_ours, fsync):
    server = start_ours(
        *("--appendonly", "yes", "--appendfsync", fsync),
        *("--auto-aof-rewrite-percentage", "20", "--auto-aof-rewrite-min-size", "64kb"),
    )
    chance = random.Random(fsync)
    counted = [(dict.fromkeys(Writer.KINDS, 0), dict.fromkeys(Writer.KINDS, 0)) for _ in range(CLIENTS)]
    rewrites = 0
    for _ in range(CRASHES):
        writers = [Writer(server, number) for number in range(CLIENTS)]
        for writer, (answered, sent) in zip(writers, counted, strict=True):
            writer.answered, writer.sent = answered, sent
        with server.client() as watcher:
            begin = sum(sum(answered.values()) for answered, _ in counted)
            for writer in writers:
                writer.start()
            # On a slow disk each of a few hundred syncs may take a tenth of a second.
            goal = begin + chance.randrange(2000, 12000)
            wait_until(lambda goal=goal: sum(sum(answered.values()) for answered, _ in counted) > goal, "load", DELAY)
            rewrites += int(info(watcher)["aof_rewrites"])
            if not rewrites:
                rewrites = wait_until(lambda: int(info(watcher)["aof_rewrites"]), "a rewrite under load", DELAY)
            if chance.random() < 0.5:
                watcher.call("BGREWRITEAOF")
            server.kill()
        for writer in writers:
            writer.join()
            writer.client.close()
        server.start()
        with server.client() as client:
            for writer in writers:
                writer.check(client)
