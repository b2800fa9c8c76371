"""Keyspace events: every command sends the same events as in Redis, in the same order."""

import contextlib
import os
import time

import pytest
from hypothesis import given, settings

from support.client import wait_until
from support.event_scripts import LATER_EVENTS, SCRIPTS
from support.events import EmbeddedServer, Subscriber
from support.pair import Pair
from support.strategies import CONNECTIONS, SEQUENCES

LONG = bool(os.environ.get("PYREDIS_LONG"))
EVERYTHING = "KEAmn"


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    server = EmbeddedServer(
        folder, "--appendonly", "no", "--notify-keyspace-events", EVERYTHING, "--enable-debug-command", "yes"
    )
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def heard(ours, session_oracle):
    """An `Ears`, which runs commands on both servers and compares the events."""
    with session_oracle.client() as client:
        client.must("CONFIG", "SET", "notify-keyspace-events", EVERYTHING)
        with Subscriber(session_oracle) as subscriber:
            yield Ears(ours, session_oracle, subscriber)
        client.must("CONFIG", "SET", "notify-keyspace-events", "")


class Ears:
    def __init__(self, ours, oracle, subscriber):
        self.ours, self.oracle, self.subscriber = ours, oracle, subscriber

    def pairs(self):
        """Empty both servers and return as many connections as the sequences use."""
        for server in (self.ours, self.oracle):
            with server.client() as client:
                client.must("FLUSHALL")
        self.forget()
        return [Pair(self.ours, self.oracle) for _ in range(CONNECTIONS)]

    def forget(self):
        self.ours.events.clear()
        self.ours_told = []
        self.subscriber.take()

    def compare(self, what, in_order=True):
        """Compare the events since the last call; return their names."""
        told, oracle = list(self.ours.events), self.subscriber.take()
        self.ours.events.clear()
        self.ours_told += told
        ours = [event[1:] for event in told]
        if not in_order:
            ours, oracle = sorted(ours), sorted(oracle)
        assert ours == oracle, what
        return [event[1].decode() for event in told]

    def play(self, *commands):
        """Run the commands on empty servers, comparing after each."""
        with self.empty():
            self.go_on(*commands)

    def empty(self):
        pair, *others = self.pairs()
        for other in others:
            other.close()
        return pair

    def go_on(self, *commands):
        """Run the commands on the existing data, comparing after each."""
        with Pair(self.ours, self.oracle) as pair:
            for command in commands:
                pair.check(*command, unordered=True)
                self.compare((command, commands))

    def await_expiry(self):
        """Wait until both have removed all their keys."""
        for server in (self.ours, self.oracle):
            with server.client() as client:
                wait_until(lambda client=client: client.must("DBSIZE") == 0, "the keys' expiry")

    @contextlib.contextmanager
    def enabled(self, classes):
        """Enable these classes for the block, and all classes after it: CONFIG GET does not return every letter."""
        with Pair(self.ours, self.oracle) as pair:
            pair.setup("CONFIG", "SET", "notify-keyspace-events", classes)
            yield
            pair.setup("CONFIG", "SET", "notify-keyspace-events", EVERYTHING)

    @contextlib.contextmanager
    def without_active_expiry(self):
        with Pair(self.ours, self.oracle) as pair:
            pair.setup("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            yield
            pair.setup("DEBUG", "SET-ACTIVE-EXPIRE", "1")


def test_every_step_of_random_sequences_tells_the_events_of_the_oracle(heard):
    @settings(max_examples=1000 if LONG else 100)
    @given(SEQUENCES)
    def run(steps):
        pairs = heard.pairs()
        try:
            for number, step in enumerate(steps):
                pairs[step.connection].check(*step.arguments, **step.compared)
                heard.compare([other.arguments for other in steps[: number + 1]])
        finally:
            for pair in pairs:
                pair.close()

    run()


@pytest.mark.parametrize("family", SCRIPTS)
def test_every_command_of_a_family_tells_the_events_of_the_oracle(heard, family):
    heard.play(*SCRIPTS[family])


def test_commands_that_the_oracle_lacks_tell_their_events(ours):
    with ours.client() as client:
        client.must("FLUSHALL")
        for words, events in LATER_EVENTS:
            ours.events.clear()
            client.must(*words)
            assert [name.decode() for _, name, _, _ in ours.events] == events, words


@pytest.mark.parametrize("letter", "g$lshzxetdmnA")
@pytest.mark.parametrize("way", "KE")
def test_a_class_is_told_where_its_letter_is_chosen(heard, letter, way):
    with heard.enabled(way + letter):
        for family in SCRIPTS:
            heard.play(*SCRIPTS[family])
        assert {event[0] for event in heard.ours_told} <= set("g$lshzxetd" if letter == "A" else letter)


@pytest.mark.parametrize("classes", ["", "A", "g$lshzxetdmn", "KE"])
def test_nothing_is_told_without_a_class_or_a_way_to_tell_it(heard, classes):
    with heard.enabled(classes):
        for family in SCRIPTS:
            heard.play(*SCRIPTS[family])
        assert heard.ours_told == []


def test_a_key_that_expires_is_told_when_it_is_removed(heard):
    with heard.enabled("Egx"):
        with heard.without_active_expiry():
            heard.play(["SET", "a", "1", "PX", "1"], ["HSET", "h", "f", "1"], ["PEXPIRE", "h", "1"])
        heard.await_expiry()
        assert heard.compare("expiry", in_order=False) == ["expired"] * 2


def test_a_key_found_expired_is_told_before_what_the_command_does(heard):
    with heard.enabled(EVERYTHING), heard.without_active_expiry():
        for command in ("GET a", "SET a 2", "INCR a", "DEL a", "EXISTS a", "RENAME a b", "COPY b a", "PERSIST a"):
            heard.play(["SET", "b", "1"], ["SET", "a", "1", "PX", "1"])
            moment = time.time() + 0.003
            wait_until(lambda moment=moment: time.time() > moment, "milliseconds to pass")
            heard.go_on(command.split())


def test_fields_that_expire_tell_events_of_their_hash(ours):
    with ours.client() as client:
        client.must("FLUSHALL")
        ours.events.clear()
        for command in ("HSET h f 1 g 2 i 3", "HEXPIRE h 100 FIELDS 1 f", "HPERSIST h FIELDS 1 f"):
            client.must(*command.split())
        client.must("HPEXPIREAT", "h", 1, "FIELDS", 1, "f")
        client.must("HPEXPIRE", "h", 1, "FIELDS", 2, "g", "i")
        wait_until(lambda: len(ours.events) >= 8, "the fields' expiry")
        names = [name for _, name, _, _ in ours.events]
        assert names == [b"new", b"hset", b"hexpire", b"hpersist", b"hdel", b"hexpire", b"hexpired", b"del"]
