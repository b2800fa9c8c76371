"""Random sequences in which several clients subscribe, publish, are killed and do not read, compared with a model.

The model predicts which frames every client receives, and in which order. The oracle plays the same sequence and must
agree with the model too, which shows that the model is also right for Redis. A second test plays sequences on a server
in this process, checks its registry after each step, and finds no memory in use when all clients are gone.
"""

import fnmatch
import itertools
import os
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.server import feed
from pyredis.commands.server import invariants
from support.client import ConnectionClosed, encode_command
from support.in_process import Local
from support.resp import ErrorText

LONG = bool(os.environ.get("PYREDIS_LONG"))
MEMBERS = 3
NAMES = ["a", "b", "ab", "abc"]
PATTERNS = ["a*", "*", "?", "ab*", "a"]
CHANNELS, PATTERN, SHARDS = "", "p", "s"
KINDS = {CHANNELS: NAMES, PATTERN: PATTERNS, SHARDS: NAMES}
_marks = itertools.count()


@dataclass
class Group:
    """Frames that arrive together. ``order``: ``any``, or ``names`` if only the second elements are in any order."""

    frames: list[Any]
    order: str = "as it is"

    def matches(self, frames: list[Any]) -> bool:
        if self.order == "any":
            return sorted(frames) == sorted(self.frames)
        if self.order == "names":
            return sorted(frame[1] for frame in frames) == sorted(frame[1] for frame in self.frames) and [
                [frame[0], frame[2]] for frame in frames
            ] == [[frame[0], frame[2]] for frame in self.frames]
        return frames == self.frames


@dataclass
class Member:
    """The model's state of one client."""

    protocol: int = 2
    off: bool = False
    names: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    expected: list[Group] = field(default_factory=list)

    @property
    def restricted(self) -> bool:
        return self.protocol == 2 and any(self.names.values())

    def count(self, kind: str) -> int:
        return len(self.names[SHARDS]) if kind == SHARDS else len(self.names[CHANNELS]) + len(self.names[PATTERN])

    def replies(self, *frames: Any) -> None:
        if not self.off:
            self.expected.append(Group(list(frames)))

    def subscribe(self, kind: str, names: tuple[str, ...]) -> list[Any]:
        confirmed = []
        for name in names:
            if name not in self.names[kind]:
                self.names[kind].append(name)
            confirmed.append([f"{kind}subscribe".encode(), name.encode(), self.count(kind)])
        return confirmed

    def unsubscribe(self, kind: str, names: tuple[str, ...]) -> list[Any]:
        word, confirmed = f"{kind}unsubscribe".encode(), []
        if not names and not self.names[kind]:
            return [[word, None, self.count(kind)]]
        for name in names or list(self.names[kind]):
            if name in self.names[kind]:
                self.names[kind].remove(name)
            confirmed.append([word, name.encode(), self.count(kind)])
        return confirmed

    def receive(self, kind: str, name: str, message: str) -> int:
        if kind == SHARDS:
            frames = [[b"smessage", name.encode(), message.encode()]] if name in self.names[SHARDS] else []
            self.expected.append(Group(frames))
            return len(frames)
        direct = [[b"message", name.encode(), message.encode()]] if name in self.names[CHANNELS] else []
        matched = [pattern for pattern in self.names[PATTERN] if fnmatch.fnmatchcase(name, pattern)]
        self.expected.append(Group(direct))
        self.expected.append(
            Group([[b"pmessage", pattern.encode(), name.encode(), message.encode()] for pattern in matched], "any")
        )
        return len(direct) + len(matched)


MEMBER = st.integers(0, MEMBERS - 1)
SUBSCRIBING = st.sampled_from(list(KINDS)).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.sampled_from(["subscribe", "unsubscribe"]), st.lists(st.sampled_from(KINDS[kind]), max_size=3)
    ).filter(lambda drawn: drawn[2] or drawn[1] == "unsubscribe")
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("subscribing"), MEMBER, SUBSCRIBING),
        st.tuples(st.just("subscribing"), MEMBER, SUBSCRIBING),
        st.tuples(st.just("publish"), st.sampled_from([CHANNELS, SHARDS]), st.sampled_from(NAMES)),
        st.tuples(st.just("publish"), st.sampled_from([CHANNELS, SHARDS]), st.sampled_from(NAMES)),
        st.tuples(st.just("transaction"), MEMBER, st.lists(SUBSCRIBING, min_size=1, max_size=3)),
        st.tuples(st.just("publish together"), st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)),
        st.tuples(st.just("publish by script"), st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)),
        st.tuples(st.just("get"), MEMBER),
        st.tuples(st.just("hello"), MEMBER, st.sampled_from([2, 3])),
        st.tuples(st.just("reply"), MEMBER, st.sampled_from(["on", "off"])),
        st.tuples(st.just("reset"), MEMBER),
        st.tuples(st.just("kill"), MEMBER),
        st.tuples(st.just("read"), MEMBER),
    ),
    max_size=40,
)


class Play:
    """One sequence: the model, and the clients on each server, of which the last one publishes and kills."""

    def __init__(self, servers) -> None:
        self.servers = servers
        self.members = [Member() for _ in range(MEMBERS)]
        self.clients = [[server.client() for _ in range(MEMBERS + 1)] for server in servers]
        self.numbers = itertools.count()

    def close(self) -> None:
        for client in itertools.chain(*self.clients):
            client.close()

    def send(self, member: int, *words) -> None:
        for clients in self.clients:
            clients[member].send(*words)

    def act(self, *words) -> list[Any]:
        return [clients[-1].must(*words) for clients in self.clients]

    def play(self, step) -> None:
        getattr(self, step[0].replace(" ", "_"))(*step[1:])

    def refused(self, member: int, name: str) -> bool:
        """Returns whether the member may not call the command; if so, the error is expected as its reply."""
        if self.members[member].restricted:
            self.members[member].replies(
                ErrorText(
                    f"ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                    "allowed in this context"
                )
            )
        return self.members[member].restricted

    # The steps.

    def subscribing(self, number: int, drawn) -> None:
        kind, verb, names = drawn
        member = self.members[number]
        confirmed = getattr(member, verb)(kind, tuple(names))
        member.expected.append(Group(confirmed, "names" if not names else "as it is"))
        self.send(number, kind + verb, *names)

    def publish(self, kind: str, name: str) -> None:
        message = f"message {next(self.numbers)}"
        wanted = sum(member.receive(kind, name, message) for member in self.members)
        assert self.act(f"{kind}publish", name, message) == [wanted] * len(self.servers)

    def publish_together(self, names: list[str]) -> None:
        self.act("MULTI")
        wanted = []
        for name in names:
            message = f"message {next(self.numbers)}"
            wanted.append(sum(member.receive(CHANNELS, name, message) for member in self.members))
            self.act("PUBLISH", name, message)
        assert self.act("EXEC") == [wanted] * len(self.servers)

    def publish_by_script(self, names: list[str]) -> None:
        wanted, words = [], []
        for name in names:
            words += [name, f"message {next(self.numbers)}"]
            wanted.append(sum(member.receive(CHANNELS, name, words[-1]) for member in self.members))
        assert self.act("EVAL", PUBLISHING, 0, *words) == [wanted] * len(self.servers)

    def transaction(self, number: int, drawn) -> None:
        member = self.members[number]
        # One name each: with several confirmations of a command, EXEC's array has more elements than its header says.
        commands = [(kind, verb, names[:1] or [KINDS[kind][0]]) for kind, verb, names in drawn]
        self.send(number, "MULTI")
        if self.refused(number, "multi"):
            return
        for kind, verb, names in commands:
            self.send(number, kind + verb, *names)
        self.send(number, "EXEC")
        member.replies("OK", *["QUEUED"] * len(commands))
        confirmed = []
        for kind, verb, names in commands:
            refused = (kind, verb) == (SHARDS, "subscribe")
            confirmed += [NOT_INSIDE] if refused else getattr(member, verb)(kind, tuple(names))
        if member.off:
            member.expected.append(Group([frame for frame in confirmed if frame != NOT_INSIDE]))
        else:
            member.replies(confirmed)

    def get(self, number: int) -> None:
        self.send(number, "GET", "k")
        if not self.refused(number, "get"):
            self.members[number].replies(None)

    def hello(self, number: int, protocol: int) -> None:
        self.send(number, "HELLO", protocol)
        member = self.members[number]
        if not self.refused(number, "hello"):
            member.protocol = protocol
            member.replies(HELLO)

    def reply(self, number: int, mode: str) -> None:
        member = self.members[number]
        self.send(number, "CLIENT", "REPLY", mode)
        if not self.refused(number, "client|reply"):
            member.off = mode == "off"
            if mode == "on":
                member.replies("OK")

    def reset(self, number: int) -> None:
        self.send(number, "RESET")
        self.members[number] = Member(expected=self.members[number].expected)
        self.members[number].replies("RESET")

    def kill(self, number: int) -> None:
        self.read(number)
        for clients in self.clients:
            victim = clients[number].socket.getsockname()
            clients[-1].must("CLIENT", "KILL", "ADDR", f"{victim[0]}:{victim[1]}")
            with pytest.raises(ConnectionClosed):
                clients[number].read()
        self.replace(number)

    def flood(self, number: int, name: str) -> None:
        """Publishes large messages until a member that reads nothing is closed; the others read each one at once.

        Each server has its own number of messages, because the system's buffers hold some.
        """
        for each in range(MEMBERS):
            self.read(each)
        message = "x" * LARGE
        before = [len(member.expected) for member in self.members]
        counts = [member.receive(CHANNELS, name, message) for member in self.members]
        groups = [member.expected[begin:] for member, begin in zip(self.members, before, strict=True)]
        for member in self.members:
            member.expected = []
        if not counts[number]:
            self.act("PUBLISH", name, message)
            self.members[number].expected = groups[number]
            return self.expect_others(number, groups)
        for clients in self.clients:
            while (sent := clients[-1].must("PUBLISH", name, message)) == sum(counts):
                self.read_others(clients, number, groups)
            assert sent == sum(counts) - counts[number]
            self.read_others(clients, number, groups)
            clients[number].read_to_end()
        self.replace(number)

    @staticmethod
    def read_others(clients, number: int, groups) -> None:
        for each in range(MEMBERS):
            for group in groups[each] if each != number else ():
                assert group.matches([clients[each].read().decoded for _ in group.frames])

    def expect_others(self, number: int, groups) -> None:
        for each in range(MEMBERS):
            if each != number:
                self.members[each].expected = groups[each]

    def replace(self, number: int) -> None:
        """Connects a new client in place of one that was closed."""
        self.members[number] = Member()
        for server, clients in zip(self.servers, self.clients, strict=True):
            clients[number].close()
            clients[number] = server.client()

    def read(self, number: int) -> None:
        """Compares all frames up to the confirmation of a last UNSUBSCRIBE, which CLIENT REPLY does not withhold."""
        mark = b"mark-%d" % next(_marks)
        groups, self.members[number].expected = self.members[number].expected, []
        self.send(number, "UNSUBSCRIBE", mark)
        for clients in self.clients:
            arrived = self.until(clients[number], mark)
            for group in groups:
                taken, arrived = arrived[: len(group.frames)], arrived[len(group.frames) :]
                assert group.matches(taken), (group, taken)
            assert arrived == []

    @staticmethod
    def until(client, mark: bytes) -> list[Any]:
        """Returns the frames before the confirmation that contains the mark."""
        frames = []
        while not (isinstance(frame := client.read().decoded, list) and frame[1:2] == [mark]):
            greeting = isinstance(frame, dict) or (isinstance(frame, list) and frame[:1] == [b"server"])
            frames.append(HELLO if greeting else frame)
        return frames

    def counts(self) -> None:
        """Checks what PUBSUB returns at the end."""
        for kind, command in ((CHANNELS, "NUMSUB"), (SHARDS, "SHARDNUMSUB")):
            wanted = [
                each
                for name in NAMES
                for each in (name.encode(), sum(name in member.names[kind] for member in self.members))
            ]
            assert self.act("PUBSUB", command, *NAMES) == [wanted] * len(self.servers)
        patterns = {pattern for member in self.members for pattern in member.names[PATTERN]}
        assert self.act("PUBSUB", "NUMPAT") == [len(patterns)] * len(self.servers)


NOT_INSIDE = ErrorText("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
PUBLISHING = """
local sent = {}
for i = 1, #ARGV, 2 do sent[#sent + 1] = redis.call('publish', ARGV[i], ARGV[i + 1]) end
return sent
"""
# In bytes; the limit of the tests is reached by a few of these beyond what the system's buffers hold.
LARGE = 1 << 20
# Replaces HELLO's reply, which contains the client's ID and the server's version.
HELLO = "the reply of HELLO"


def test_random_sequences_agree_with_the_model_and_the_oracle(shared_ours, shared_oracle):
    @settings(max_examples=2000 if LONG else 150)
    @given(STEPS)
    def run(steps):
        play = Play([shared_ours, shared_oracle])
        try:
            for step in steps:
                play.play(step)
            for number in range(MEMBERS):
                play.read(number)
            play.counts()
        finally:
            play.close()

    run()


def test_a_member_that_does_not_read_is_closed_and_the_others_receive_everything(start_ours, start_oracle):
    limits = ("--client-output-buffer-limit", "pubsub 4mb 0 0")
    servers = [start(*limits) for start in (start_ours, start_oracle)]

    @settings(max_examples=200 if LONG else 12)
    @given(STEPS, MEMBER, st.sampled_from(NAMES), STEPS)
    def run(before, number, name, after):
        play = Play(servers)
        try:
            play.subscribing(number, (CHANNELS, "subscribe", [name]))
            for step in [*before, ("flood", number, name), *after]:
                play.play(step)
            for each in range(MEMBERS):
                play.read(each)
            play.counts()
        finally:
            play.close()

    run()


# ---- the registry itself ----

WORDS = [f"{kind}{verb}" for kind in KINDS for verb in ("subscribe", "unsubscribe")]
CALLS = st.lists(
    st.one_of(
        st.tuples(MEMBER, st.sampled_from(WORDS), st.lists(st.sampled_from([*NAMES, *PATTERNS, ""]), max_size=4)),
        st.tuples(MEMBER, st.just("publish"), st.sampled_from(NAMES).map(lambda name: [name, "m"])),
        st.tuples(MEMBER, st.sampled_from(["close", "reset", "leave"]), st.just([])),
    ),
    max_size=60,
)


def test_the_registry_holds_what_it_should_and_no_memory_after_the_last_client(tmp_path):
    local = Local(tmp_path)
    local.must("PUBSUB", "NUMPAT")
    invariants.release_scratch(local.core)
    before = local.core.used_memory

    @settings(max_examples=1000 if LONG else 100)
    @given(CALLS)
    def run(calls):
        members = [local.server.connect() for _ in range(MEMBERS)]
        for number, word, names in calls:
            if word in ("close", "leave"):
                members[number].close() if word == "close" else members[number].connection.eof_received()
                local.server.hub.loop.run()
                members[number] = local.server.connect()
                continue
            if word.endswith("subscribe") and not names and not word.endswith("unsubscribe"):
                continue
            sum(feed(members[number].connection, encode_command(word, *names)))
            local.server.hub.loop.run()
            local.sound()
        for member in members:
            member.close()
        local.server.hub.loop.run()
        local.sound()
        assert local.must("PUBSUB", "CHANNELS") == []
        assert local.must("PUBSUB", "NUMPAT") == 0
        invariants.release_scratch(local.core)
        assert local.core.used_memory == before

    run()


@pytest.mark.parametrize("count", [1, 2, 9])
def test_members_of_a_crowd_leave_in_any_order_and_the_rest_still_receive(tmp_path, count):
    """The places of those that leave are taken by others: among the subscribers of a name if these are many, and among
    the patterns if each has few."""
    local, draw = Local(tmp_path), random.Random(7)
    members = [local.server.connect() for _ in range(count)]
    held = {(kind, name): set() for kind in (CHANNELS, PATTERN) for name in ("a", "a*", "?", "b", "*a")}
    for _ in range(600):
        number, (kind, name) = draw.randrange(len(members)), draw.choice(list(held))
        verb = "unsubscribe" if number in held[kind, name] else "subscribe"
        held[kind, name] ^= {number}
        sum(feed(members[number].connection, encode_command(kind + verb, name)))
        local.server.hub.loop.run()
        published = draw.choice(["a", "b"])
        for member in members:
            member.written.clear()
        wanted = [each for (kind, name), those in held.items() for each in those if hears(kind, name, published)]
        assert local.must("PUBLISH", published, "text") == len(wanted)
        local.server.hub.loop.run()
        assert [member.written.count(b"text") for member in members] == [wanted.count(at) for at in range(len(members))]
        local.sound()


def hears(kind: str, name: str, published: str) -> bool:
    return fnmatch.fnmatchcase(published, name) if kind == PATTERN else name == published
