"""The internal invariants hold after any commands: tables agree with each other, and no memory is leaked.

The commands run in this process, on a server without sockets (``fuzz.server``), which is checked after each one.
"""

import gc
import os

import hiredis
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fuzz.server import FuzzedServer, empty, feed
from pyredis.commands.server import invariants
from support.client import encode_command
from support.strategies import (
    EMPTYING,
    FIELDS,
    KEYS,
    LATER,
    ONE,
    TRANSACTIONS,
    WRONG,
    command,
    some,
)

LONG = bool(os.environ.get("PYREDIS_LONG"))
SOON = st.sampled_from([b"1", b"2", b"100000"])
ENDS = st.just([b"LEFT", b"RIGHT"])
FIELD_EXPIRY = st.one_of(LATER, LATER, command("HDEL", KEYS, some(FIELDS)))
SHORT_LIVES = st.one_of(command("PEXPIRE", KEYS, SOON), command("SET", KEYS, FIELDS, st.just([b"PX", b"1"])))
PUSHES = st.one_of(command("RPUSH", KEYS, some(FIELDS)), command("LPOP", KEYS), command("LMOVE", KEYS, KEYS, ENDS))
COMMANDS = st.one_of(*[ONE] * 5, *[PUSHES] * 2, SHORT_LIVES, FIELD_EXPIRY, EMPTYING, WRONG)


WAITING = st.one_of(
    command("BLPOP", some(KEYS), st.sampled_from([b"0", b"10"])),
    command("BLMOVE", KEYS, KEYS, st.just([b"LEFT", b"RIGHT", b"0"])),
    command("BZPOPMIN", some(KEYS), st.just(b"0")),
    command("GET", KEYS),
)


class Commands(RuleBasedStateMachine):
    """Two connections to one server, which runs all examples in turn and must be empty again after each."""

    folder = None
    server = None

    @initialize()
    def connect(self):
        if self.server is None:
            type(self).server = FuzzedServer(self.folder)
            self.release()
            # The process shares the allocator: garbage that earlier tests left in cycles must not be freed later.
            gc.collect()
        self.used = self.server.core.used_memory
        self.clients = [self.server.connect(), self.server.connect()]
        self.waiters = [self.server.connect(), self.server.connect()]
        self.readers = [hiredis.Reader(), hiredis.Reader()]

    def feed(self, client, arguments):
        sum(feed(client.connection, encode_command(*arguments)))

    def send(self, number, arguments):
        """Send a request; assert that it has exactly one reply, at once."""
        client = self.clients[number]
        self.feed(client, arguments)
        self.readers[number].feed(bytes(client.written))
        client.written.clear()
        assert self.readers[number].gets() is not False
        assert not self.readers[number].has_data()

    @rule(number=st.integers(0, 1), step=COMMANDS)
    def one_command(self, number, step):
        self.send(number, step.arguments)

    @rule(number=st.integers(0, 1), steps=TRANSACTIONS)
    def a_transaction(self, number, steps):
        for step in steps:
            self.send(number, step.arguments)

    @rule(number=st.integers(0, 1), key=KEYS, field=FIELDS, milliseconds=SOON)
    def a_field_that_expires(self, number, key, field, milliseconds):
        self.send(number, [b"HSET", key, field, b"value"])
        self.send(number, [b"HPEXPIRE", key, milliseconds, b"FIELDS", b"1", field])

    @rule(number=st.integers(0, 1), key=KEYS)
    def a_key_goes(self, number, key):
        self.send(number, [b"DEL", key])

    @rule(number=st.integers(0, 1), keys=some(KEYS))
    def watching(self, number, keys):
        self.send(number, [b"WATCH", *keys])

    @rule(number=st.integers(0, 1), step=WAITING)
    def a_client_that_may_wait(self, number, step):
        self.feed(self.waiters[number], step.arguments)

    @rule(number=st.integers(0, 1))
    def a_client_that_waits_goes(self, number):
        self.waiters[number].close()
        self.server.hub.loop.run()
        self.waiters[number] = self.server.connect()

    @rule()
    def background_work(self):
        self.server.work()

    @invariant()
    @precondition(lambda self: self.server is not None)
    def sound(self):
        self.server.hub.loop.run()
        invariants.check(self.server.core)

    def release(self):
        self.server.hub.loop.run()
        empty(self.server.core)
        invariants.release_scratch(self.server.core)

    def teardown(self):
        if not hasattr(self, "clients"):
            return
        for client in [*self.clients, *self.waiters]:
            client.close()
        self.release()
        invariants.check(self.server.core)
        assert not self.server.exceptions
        assert self.server.core.used_memory == self.used, "memory was leaked"


@pytest.mark.long
def test_what_always_holds_holds_after_any_commands(tmp_path):
    machine = type("Commands", (Commands,), {"folder": tmp_path})
    machine.TestCase.settings = settings(
        max_examples=1500 if LONG else 60,
        stateful_step_count=40,
    )
    machine.TestCase().runTest()


def test_an_empty_server_is_sound(tmp_path):
    server = FuzzedServer(tmp_path)
    invariants.check(server.core)
