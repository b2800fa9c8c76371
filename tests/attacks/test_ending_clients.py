"""Clients end, are killed, unblocked, paused and subscribed in any order, in the middle of whatever they do.

The server is in this process, its loop turned by the test, so a use of freed memory is found by the sanitizers
(`tools/sanitize`), a broken structure by `invariants`, and what is not released by the memory in use at the end.
"""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.server import feed
from pyredis.commands.server import invariants
from support.client import encode_command
from support.in_process import Local

LONG = bool(os.environ.get("PYREDIS_LONG"))
MEMBERS = 4
# ``@0`` to ``@3`` stand for the ids of the members.
COMMANDS = """
BLPOP a b 0 | BLMOVE a b LEFT RIGHT 0 | BLMPOP 0 2 a b LEFT | BZPOPMIN z 0 | XREAD BLOCK 0 STREAMS s $
XREADGROUP GROUP g me BLOCK 0 STREAMS s > | LPUSH a 1 2 | RPUSH b 1 | ZADD z 1 m | XADD s * f v | DEL a b s z
XGROUP CREATE s g $ MKSTREAM | XGROUP DESTROY s g | SET k v | GET k | EXPIRE k 0 | RENAME a b | FLUSHALL | SWAPDB 0 1
SELECT 1 | SELECT 0 | MULTI | EXEC | DISCARD | WATCH a k | UNWATCH | SUBSCRIBE c d | PSUBSCRIBE c* | SSUBSCRIBE c
UNSUBSCRIBE | PUNSUBSCRIBE | SUNSUBSCRIBE | PUBLISH c hello | SPUBLISH c hello | MONITOR | RESET | QUIT | HELLO 3
HELLO 2 | CLIENT REPLY OFF | CLIENT REPLY SKIP | CLIENT REPLY ON | CLIENT SETNAME x | CLIENT LIST | CLIENT UNPAUSE
CLIENT PAUSE 100000 WRITE | CLIENT KILL ID @0 | CLIENT KILL ID @1 SKIPME no | CLIENT KILL ID @2 SKIPME no
CLIENT KILL ID @3 SKIPME no | CLIENT KILL TYPE pubsub SKIPME no | CLIENT KILL LADDR 127.0.0.1:9
CLIENT UNBLOCK @0 | CLIENT UNBLOCK @1 ERROR | CLIENT UNBLOCK @2 TIMEOUT | CLIENT UNBLOCK @3 ERROR
CONFIG SET notify-keyspace-events KEA | CONFIG SET maxmemory 1 | CONFIG SET maxmemory 0 | NOSUCH | GET
EVAL return(redis.call('publish','c','x')) 0 | EVAL return(redis.call('lpush',KEYS[1],1)) 1 a | DEBUG DIGEST
"""
WORDS = [command.split() for line in COMMANDS.splitlines() for command in line.split("|") if command.strip()]
MEMBER = st.integers(0, MEMBERS - 1)
REQUEST = st.sampled_from(WORDS)
# What arrives in one read; the last may be a part of a request.
READ = st.tuples(MEMBER, st.just("send"), st.tuples(st.lists(REQUEST, min_size=1, max_size=4), st.integers(0, 12)))
END = st.tuples(
    MEMBER, st.sampled_from(["close", "end of input", "close from here", "close after the reply"]), st.none()
)
STEPS = st.lists(st.one_of(READ, READ, READ, END), min_size=1, max_size=40)


class Scene:
    """The members, each replaced by another one when it ends."""

    def __init__(self, local: Local) -> None:
        self.local = local
        self.members = [local.server.connect() for _ in range(MEMBERS)]

    def play(self, number: int, kind: str, what: Any) -> None:
        transport = self.members[number]
        if kind == "send":
            self.send(transport, *what)
        elif kind == "close":
            transport.close()
        elif kind == "end of input":
            transport.connection.eof_received()
        else:
            transport.connection.close(after_reply=kind == "close after the reply")
        self.turn()

    def send(self, transport: Any, requests: list[list[str]], cut: int) -> None:
        data = b"".join(encode_command(*self.filled(words)) for words in requests)
        for _ in feed(transport.connection, data[: len(data) - cut] or data):
            # A transport that is closed reports it in a later iteration, and reads nothing more.
            if not transport.open or transport.paused:
                break

    def filled(self, words: list[str]) -> list[str]:
        return [str(self.members[int(word[1:])].connection.id) if word.startswith("@") else word for word in words]

    def turn(self) -> None:
        self.local.server.work()
        self.members = [member if member.open else self.local.server.connect() for member in self.members]
        invariants.check(self.local.core)
        assert self.local.server.exceptions == []

    def end(self) -> None:
        for member in self.members:
            member.close()
        self.local.server.hub.loop.run()


@pytest.fixture
def local(tmp_path):
    return Local(tmp_path)


def in_use(local: Local) -> int:
    """Returns the memory in use by a server without data and clients except the test's own."""
    for words in (
        ["CLIENT", "UNPAUSE"],
        ["CONFIG", "SET", "maxmemory", "0", "notify-keyspace-events", ""],
        ["FLUSHALL"],
        ["SCRIPT", "FLUSH"],
    ):
        local.must(*words)
    while local.core.tidy(1_000_000):
        pass
    invariants.release_scratch(local.core)
    return local.core.used_memory


def warm_up(local: Local) -> None:
    """Executes every command once: some make what the server then keeps, such as an interpreter."""
    scene = Scene(local)
    for words in WORDS:
        scene.play(0, "send", ([words], 0))
        scene.play(0, "close", None)
        local.must("CLIENT", "UNPAUSE")
    scene.end()


def test_clients_may_end_in_any_state(local):
    warm_up(local)

    @settings(max_examples=3000 if LONG else 200)
    @given(STEPS)
    def run(steps):
        before = in_use(local)
        scene = Scene(local)
        for number, kind, what in steps:
            scene.play(number, kind, what)
        scene.end()
        assert in_use(local) == before
        assert len(local.server.hub.clients) == 1

    run()
