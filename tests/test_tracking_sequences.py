"""Random sequences in which several clients read, cache, write and leave, compared with the oracle and with a model.

After each step, both servers have sent every client the same replies, and the same messages in any order. The model is
a cache that obeys the messages: what it still holds must be what the server holds. That is not compared with Redis, so
it shows that no message is missing on either server.

A second test plays sequences on a server in this process, checks its structures after each step, and finds no memory in
use when all clients are gone.
"""

import os
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.server import feed
from pyredis.commands.server import invariants
from support.caching import Circle
from support.client import encode_command, wait_until
from support.in_process import Local
from support.pair import Pair
from support.resp import PUSH
from support.subscribers import frames_until_pong

LONG = bool(os.environ.get("PYREDIS_LONG"))
READERS = 3
KEYS = ["a", "ab", "abc", "b", "bc", "c"]
MODES = [
    *("", "NOLOOP", "OPTIN", "OPTOUT", "OPTIN NOLOOP", "BCAST", "BCAST NOLOOP", "BCAST PREFIX a", "BCAST PREFIX c"),
    *("BCAST PREFIX b PREFIX ab NOLOOP", "BCAST PREFIX b PREFIX bc", "OPTIN OPTOUT", "BCAST OPTIN", "NOLOOP PREFIX a"),
]
COMMANDS = st.one_of(
    st.tuples(st.just("GET"), st.sampled_from(KEYS)),
    st.tuples(st.just("GET"), st.sampled_from(KEYS)),
    st.tuples(st.just("MGET"), st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.tuples(st.just("SET"), st.sampled_from(KEYS), st.sampled_from("xyz")),
    st.tuples(st.just("MSET"), st.sampled_from(KEYS), st.sampled_from("xyz"), st.sampled_from(KEYS), st.just("w")),
    st.tuples(st.just("APPEND"), st.sampled_from(KEYS), st.just("z")),
    st.tuples(st.just("DEL"), st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.tuples(st.just("RENAME"), st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.tuples(st.just("COPY"), st.sampled_from(KEYS), st.sampled_from(KEYS), st.just("REPLACE")),
    st.tuples(st.just("PEXPIREAT"), st.sampled_from(KEYS), st.just("1")),
)
READER = st.integers(0, READERS - 1)
ANYBODY = st.integers(0, READERS)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("command"), ANYBODY, COMMANDS),
        st.tuples(st.just("command"), ANYBODY, COMMANDS),
        st.tuples(st.just("command"), READER, COMMANDS),
        st.tuples(st.just("pipeline"), ANYBODY, st.lists(COMMANDS, min_size=1, max_size=4)),
        st.tuples(st.just("transaction"), ANYBODY, st.lists(COMMANDS, min_size=1, max_size=4)),
        st.tuples(st.just("script"), ANYBODY, st.sampled_from(KEYS), st.sampled_from(["get", "set"])),
        st.tuples(st.just("caching"), READER, st.sampled_from(["YES", "NO"]), COMMANDS),
        st.tuples(st.just("tracking"), READER, st.sampled_from(MODES)),
        st.tuples(st.just("tracking"), READER, st.sampled_from(MODES)),
        st.tuples(st.just("redirect"), READER, ANYBODY),
        st.tuples(st.just("off"), READER),
        st.tuples(st.just("reset"), READER),
        st.tuples(st.just("flush"), ANYBODY, st.sampled_from(["FLUSHALL", "FLUSHDB"])),
        st.tuples(st.just("expire"), ANYBODY, st.sampled_from(KEYS)),
        st.tuples(st.just("kill"), ANYBODY),
    ),
    max_size=40,
)


class Cache:
    """What one client has read, and has not been told to drop."""

    def __init__(self) -> None:
        self.values: dict[bytes, Any] = {}

    def obey(self, message: list[Any]) -> None:
        if message[0] == b"tracking-redir-broken" or message[-1] is None:
            self.values.clear()
        elif message[0] in (b"invalidate", b"message"):
            for name in message[-1]:
                self.values.pop(name, None)


class Play:
    """One sequence. The last member speaks RESP2 and is subscribed, so that others can redirect to it."""

    def __init__(self, circle: Circle) -> None:
        self.circle = circle
        self.members = [circle.member(f"m{number}") for number in range(READERS)]
        self.caches = [Cache() for _ in range(READERS)]
        self.writer = circle.member("writer")
        self.target = self.subscribed()
        # For each reader: its options, and whose connection its messages are sent to; None if it does not track.
        self.modes: list[Any] = [None] * READERS
        self.targets: list[Any] = [None] * READERS

    def subscribed(self):
        member = self.circle.member("target", protocol=2)
        member.sends("SUBSCRIBE", "__redis__:invalidate")
        return member

    def play(self, step) -> None:
        getattr(self, step[0])(*step[1:])
        self.deliver()
        self.compare_caches()

    # What the steps share.

    def runs(self, number: int, *commands, caching: bool = False) -> None:
        """Sends commands to both servers; keeps what a cache may keep of the replies."""
        member = self.members[number] if number < READERS else self.writer
        sent = [self.circle.filled(0, command) for command in commands]
        replies = self.exchange(member, commands)
        if number == READERS:
            return
        for words in sent:
            self.forget_own(number, words)
        if len(replies) == len(commands):
            for words, reply in zip(sent, replies, strict=True):
                self.keep(number, words, reply, caching)

    def exchange(self, member, commands) -> list[Any]:
        """Returns the replies, after the messages among and after them have been obeyed."""
        for side, client in enumerate(member.clients):
            client.send_bytes(b"".join(encode_command(*self.circle.filled(side, command)) for command in commands))
        return self.gather(member)

    def gather(self, member) -> list[Any]:
        arrived = [frames_until_pong(client) for client in member.clients]
        split = []
        for side, frames in enumerate(arrived):
            raw = [(frame.kind == PUSH, self.circle.named(side, frame.raw)) for frame in frames]
            split.append(
                ([each for pushed, each in raw if not pushed], Counter(each for pushed, each in raw if pushed))
            )
        assert split[0] == split[1], member.name
        self.dispatch(member, [frame.decoded for frame in arrived[0] if frame.kind == PUSH])
        return [frame.decoded for frame in arrived[0] if frame.kind != PUSH]

    def dispatch(self, member, messages: list[Any]) -> None:
        """Each message is obeyed by the client that got it, and by those that redirect to it."""
        for number in range(READERS):
            if self.members[number] is member or self.targets[number] is member:
                for message in messages:
                    self.caches[number].obey(message)

    def deliver(self) -> None:
        for member in [*self.members, self.writer]:
            assert self.gather(member) == []
        heard = [[frame.raw for frame in frames_until_pong(client)] for client in self.target.clients]
        assert Counter(heard[0]) == Counter(heard[1])
        for number in range(READERS):
            if self.targets[number] is self.target:
                self.caches[number].values.clear() if heard[0] else None

    def keep(self, number: int, words, reply: Any, caching: bool) -> None:
        """A cache keeps what the server has remembered, and what its prefixes cover."""
        mode = self.modes[number]
        if mode is None or words[0] not in ("GET", "MGET") or ("OPTIN" in mode and not caching):
            return
        if "OPTOUT" in mode and caching:
            return
        values = [reply] if words[0] == "GET" else reply
        prefixes = [word for word in mode.split() if word.islower()] or [""]
        for name, value in zip(words[1:], values, strict=True):
            if "BCAST" not in mode or any(name.startswith(prefix) for prefix in prefixes):
                self.caches[number].values[name.encode()] = value

    def forget_own(self, number: int, words) -> None:
        """A client with NOLOOP must drop by itself what it changes."""
        if words[0] not in ("GET", "MGET"):
            for word in words[1:]:
                self.caches[number].values.pop(str(word).encode(), None)

    def compare_caches(self) -> None:
        for cache in self.caches:
            for name, value in cache.values.items():
                assert self.held_by_the_server(name) == value, name

    def held_by_the_server(self, name: bytes) -> Any:
        return self.writer.clients[0].must("GET", name)

    # The steps.

    def command(self, number: int, words) -> None:
        self.runs(number, words)

    def pipeline(self, number: int, commands) -> None:
        for words in commands[:-1]:
            self.exchange(self.members[number] if number < READERS else self.writer, [words])
            if number < READERS:
                self.forget_own(number, words)
        self.runs(number, commands[-1])

    def transaction(self, number: int, commands) -> None:
        self.runs(number, ("MULTI",), *commands, ("EXEC",))

    def script(self, number: int, name: str, action: str) -> None:
        extra = ", 1" if action == "set" else ""
        self.runs(number, ("EVAL", f"return redis.call('{action}', KEYS[1]{extra})", 1, name))

    def caching(self, number: int, word: str, command) -> None:
        mode = self.modes[number] or ""
        works = ("OPTIN" if word == "YES" else "OPTOUT") in mode.split()
        self.runs(number, ("CLIENT", "CACHING", word))
        if works:
            # The PING that ends an exchange would use it up.
            member = self.members[number]
            self.exchange(member, [("CLIENT", "CACHING", word), command])
            self.forget_own(number, command)
            self.caches[number].values.pop(command[1].encode(), None)

    def tracking(self, number: int, mode: str) -> None:
        self.turn_on(number, mode, None)

    def redirect(self, number: int, target: int) -> None:
        chosen = self.target if target == READERS else self.members[target]
        self.turn_on(number, f"REDIRECT ${chosen.name}", chosen)

    def turn_on(self, number: int, mode: str, target) -> None:
        member = self.members[number]
        (reply,) = self.exchange(member, [("CLIENT", "TRACKING", "ON", *mode.split())])
        if reply == "OK":
            before = self.modes[number] or ""
            self.modes[number] = f"{before} {mode}" if "BCAST" in mode and "BCAST" in before else mode
            self.targets[number] = target
            self.caches[number].values.clear()
        self.exchange(member, [("CLIENT", "TRACKINGINFO")])

    def off(self, number: int) -> None:
        self.exchange(self.members[number], [("CLIENT", "TRACKING", "OFF"), ("CLIENT", "TRACKINGINFO")])
        self.end(number)

    def end(self, number: int) -> None:
        self.modes[number] = self.targets[number] = None
        self.caches[number].values.clear()

    def reset(self, number: int) -> None:
        for client in self.members[number].clients:
            client.must("RESET")
            client.must("HELLO", 3)
        self.end(number)

    def flush(self, number: int, word: str) -> None:
        self.runs(number, (word,))

    def expire(self, number: int, name: str) -> None:
        self.runs(number, ("SET", name, "short", "PX", 1))
        for client in self.writer.clients:
            wait_until(lambda client=client: client.must("PTTL", name) == -2, "the expiry")

    def kill(self, number: int) -> None:
        victim = self.members[number] if number < READERS else self.target
        for side, client in enumerate(self.writer.clients):
            assert client.must("CLIENT", "KILL", "ID", victim.ids[side]) == 1
        victim.pair.close()
        if number == READERS:
            self.target = self.subscribed()
        else:
            self.members[number] = self.circle.member(f"m{number}")
            self.end(number)


@pytest.mark.long
@settings(max_examples=400 if LONG else 40)
@given(steps=STEPS)
def test_clients_are_sent_the_same_as_by_redis_and_no_cache_is_stale(session_ours, session_oracle, steps):
    with Pair(session_ours, session_oracle, 3) as pair, Circle(pair) as circle:
        for client in (pair.ours, pair.oracle):
            client.must("FLUSHALL")
            client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        try:
            play = Play(circle)
            for step in steps:
                play.play(step)
        finally:
            for client in (pair.ours, pair.oracle):
                client.must("DEBUG", "SET-ACTIVE-EXPIRE", 1)


# ---- the structures themselves ----

CALLS = st.lists(
    st.one_of(
        st.tuples(READER, st.sampled_from(MODES).map(lambda mode: f"CLIENT TRACKING ON {mode}")),
        st.tuples(READER, st.sampled_from(["CLIENT TRACKING OFF", "RESET", "HELLO 3", "CLIENT CACHING YES", "MULTI"])),
        st.tuples(READER, COMMANDS.map(" ".join)),
        st.tuples(READER, COMMANDS.map(" ".join)),
        st.tuples(READER, st.sampled_from(["FLUSHALL", "EXEC", "SUBSCRIBE a", "UNSUBSCRIBE", "BLPOP list 0", "close"])),
        st.tuples(READER, READER.map(lambda number: f"CLIENT TRACKING ON REDIRECT ${number}")),
        st.tuples(READER, st.just("CONFIG SET tracking-table-max-keys 2")),
    ),
    max_size=60,
)


def test_the_structures_are_sound_and_hold_no_memory_after_the_last_client(tmp_path):
    local = Local(tmp_path)
    local.must("FLUSHALL")
    local.must("CLIENT", "GETREDIR")
    invariants.release_scratch(local.core)
    before = local.core.used_memory

    @settings(max_examples=2000 if LONG else 200)
    @given(CALLS)
    def run(calls):
        members = [local.server.connect() for _ in range(READERS)]
        for number, line in calls:
            if line == "close":
                members[number].close()
                local.server.hub.loop.run()
                members[number] = local.server.connect()
                continue
            words = [str(members[int(word[1:])].connection.id) if word[0] == "$" else word for word in line.split()]
            sum(feed(members[number].connection, encode_command(*words)))
            local.server.hub.loop.run()
            invariants.check(local.core)
        for member in members:
            member.close()
        local.server.hub.loop.run()
        local.must("CONFIG", "SET", "tracking-table-max-keys", 1000)
        local.empty()
        local.core.empty()
        while local.core.tidy(1_000_000):
            pass
        invariants.check(local.core)
        assert local.core.counters()["tracking_clients"] == local.core.counters()["tracking_total_prefixes"] == 0
        invariants.release_scratch(local.core)
        assert local.core.used_memory == before

    run()


@pytest.mark.parametrize("count", [1, 3, 9, 40])
def test_clients_of_one_key_leave_in_any_order_and_the_rest_are_notified(tmp_path, count):
    local, draw = Local(tmp_path), random.Random(5)
    members = [local.server.connect() for _ in range(count)]
    for member in members:
        sum(feed(member.connection, b"HELLO 3\r\nCLIENT TRACKING ON\r\n"))
    for _ in range(300):
        reading = [member for member in members if draw.random() < 0.7]
        for member in reading:
            sum(feed(member.connection, b"GET k\r\n" * draw.randint(1, 2)))
        leaving = draw.choice(members)
        if draw.random() < 0.3:
            leaving.close()
            local.server.hub.loop.run()
            members[members.index(leaving)] = fresh = local.server.connect()
            sum(feed(fresh.connection, b"HELLO 3\r\nCLIENT TRACKING ON\r\n"))
        for member in members:
            member.written.clear()
        local.sound()
        local.must("SET", "k", "v")
        assert [member.written.count(b"invalidate") for member in members] == [member in reading for member in members]
        invariants.check(local.core)
