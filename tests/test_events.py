"""Keyspace events: those of every command are Redis's, by name and in order."""

import contextlib
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings

from support.client import wait_until
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
    """A function that plays commands to both servers, and compares the events."""
    with session_oracle.client() as client:
        client.must("CONFIG", "SET", "notify-keyspace-events", EVERYTHING)
        with Subscriber(session_oracle) as subscriber:
            yield Ears(ours, session_oracle, subscriber)
        client.must("CONFIG", "SET", "notify-keyspace-events", "")


class Ears:
    def __init__(self, ours, oracle, subscriber):
        self.ours, self.oracle, self.subscriber = ours, oracle, subscriber

    def pairs(self):
        """As many connections as the sequences name, to empty servers."""
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
        """The names of the events since the last time, the same in both."""
        told, oracle = list(self.ours.events), self.subscriber.take()
        self.ours.events.clear()
        self.ours_told += told
        ours = [event[1:] for event in told]
        assert ours == oracle if in_order else sorted(ours) == sorted(oracle), what
        return [name.decode() for name, _, _ in ours]

    def play(self, *commands):
        """Runs the commands over empty data, comparing after each."""
        with self.empty():
            self.go_on(*commands)

    def empty(self):
        pair, *others = self.pairs()
        for other in others:
            other.close()
        return pair

    def go_on(self, *commands):
        """Runs the commands over what there is."""
        with Pair(self.ours, self.oracle) as pair:
            for command in commands:
                pair.check(*command)
                self.compare((command, commands))

    def await_expiry(self):
        """Until both have removed all their keys."""
        for server in (self.ours, self.oracle):
            with server.client() as client:
                wait_until(lambda client=client: client.must("DBSIZE") == 0, "the keys' expiry")

    @contextlib.contextmanager
    def enabled(self, classes):
        """Restores all classes afterwards, by name: CONFIG GET does not tell every letter."""
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
    @settings(max_examples=1000 if LONG else 100, deadline=None, suppress_health_check=list(HealthCheck))
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


def script(text):
    return [line.split() for line in text.strip().splitlines()]


# Every event of a family, changes that are none, and the removal of what became empty.
SCRIPTS = {
    "strings": script("""
        SET a 1
        SET a 2 EX 100
        SET a 3 KEEPTTL
        SET a 3 XX GET
        SET a 4 NX
        SET gone 4 XX
        SETEX b 100 x
        PSETEX b 100000 x
        SETNX c x
        SETNX c y
        GETSET c z
        GETDEL c
        GETDEL c
        GETEX b EX 100
        GETEX b PERSIST
        GETEX b PERSIST
        GETEX b EXAT 1
        APPEND d x
        APPEND d y
        SETRANGE d 5 z
        SETRANGE e 0
        INCR f
        DECRBY f 5
        INCRBYFLOAT f 0.5
        INCR d
        MSET a 1 g 2
        MSETNX a 1 h 2
        MSETNX h 1 i 2
        GET nothing
        MGET a nothing d
        STRLEN nothing
        GETRANGE nothing 0 -1
        LCS a nothing
    """),
    "hashes": script("""
        HSET h f 1 g 2
        HSETNX h f 2
        HSETNX h i 2
        HMSET h f 1
        HINCRBY h f 5
        HINCRBY h new 5
        HINCRBYFLOAT h f 0.5
        HINCRBY h g x
        HDEL h nothing
        HDEL h f g
        HDEL h i new
        HDEL h i
        HGET h f
        HGETALL h
        HLEN h
    """),
    "sorted sets": script("""
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        ZADD z 1 a
        ZADD z XX 1 nobody
        ZADD z GT 0 a
        ZADD z INCR 1 a
        ZADD z INCR 0 a
        ZINCRBY z 1 a
        ZINCRBY z 0 a
        ZADD w XX 1 a
        ZREM z a nobody
        ZREM z nobody
        ZPOPMIN z
        ZPOPMAX z 0
        ZMPOP 2 nothing z MAX COUNT 2
        BZPOPMIN z 0
        BZMPOP 0 1 z MAX
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        ZRANGESTORE y z 0 1
        ZRANGESTORE y nothing 0 1
        ZRANGESTORE y nothing 0 1
        ZUNIONSTORE y 1 z
        ZINTERSTORE y 2 y z
        ZDIFFSTORE y 2 z nothing
        ZDIFFSTORE y 2 z z
        ZDIFFSTORE y 2 z z
        ZREMRANGEBYRANK z 0 0
        ZREMRANGEBYRANK z 50 60
        ZREMRANGEBYSCORE z 2 2
        ZREMRANGEBYLEX z - [c
        ZREMRANGEBYRANK z 0 -1
        ZADD z 1 a
        ZPOPMAX z 5
        ZSCORE z a
        ZRANGE z 0 -1
        ZCARD z
        ZUNION 2 z nothing
        ZRANDMEMBER z
    """),
    "keys": script("""
        SET a 1
        SET b 2
        HSET h f 1
        EXPIRE a 100
        EXPIRE a 50 GT
        PEXPIRE a 100000
        EXPIREAT a 99999999999
        PERSIST a
        PERSIST a
        EXPIRE nothing 100
        RENAME a c
        RENAME c b
        RENAME b b
        RENAMENX b h
        RENAMENX b a
        COPY a b
        COPY a h
        COPY a h REPLACE
        COPY a b DB 1
        MOVE a 1
        MOVE b 1
        EXISTS a nothing
        TYPE nothing
        TTL nothing
        TOUCH nothing h
        OBJECT ENCODING nothing
        EXPIRE h -1
        SET a 1
        SET b 1
        DEL a nothing b
        SET a 1
        UNLINK a
        SELECT 1
        SWAPDB 0 1
        SET a 1
        FLUSHDB
    """),
    "transactions": script("""
        MULTI
        SET a 1
        INCR a
        DEL a
        EXEC
        WATCH a
        MULTI
        SET a 2
        DISCARD
    """),
}


@pytest.mark.parametrize("family", SCRIPTS)
def test_every_command_of_a_family_tells_the_events_of_the_oracle(heard, family):
    heard.play(*SCRIPTS[family])


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
        heard.play(["SET", "a", "1", "PX", "1"], ["HSET", "h", "f", "1"], ["PEXPIRE", "h", "1"])
        heard.await_expiry()
        assert heard.compare("expiry", in_order=False) in (["expired"] * 2, ["expired"], [])
        assert [event[1] for event in heard.ours_told].count(b"expired") == 2


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
