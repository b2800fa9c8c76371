"""Keyspace notifications as subscribers receive them, compared with the oracle; ``test_events`` has the events."""

import itertools
import time

import pytest

from support.client import encode_command, wait_until
from support.event_scripts import SCRIPTS
from support.fsfaults import SyncGate
from support.propagation_cases import CASES
from support.resp import PUSH
from support.subscribers import Party, received

EVERYTHING = "KEAmn"


@pytest.fixture(params=[EVERYTHING])
def notifying(request, pair2):
    """Both servers with these classes enabled, and a listener to all events."""
    for client in (pair2.ours, pair2.oracle):
        client.must("CONFIG", "SET", "notify-keyspace-events", request.param)
    with Party(pair2) as party:
        party.events = party.listener("PSUBSCRIBE", "__key*__:*")
        yield party
    for client in (pair2.ours, pair2.oracle):
        client.must("CONFIG", "SET", "notify-keyspace-events", "")


def run(client, line):
    return client.call(*("" if word == "''" else word for word in line.split()))


@pytest.mark.parametrize("name", CASES)
def test_every_writing_command_notifies_as_the_oracle_does(notifying, name):
    """Skips what the oracle refuses, because Redis 7.0 lacks it."""
    pair = notifying.pair
    for case in CASES[name]:
        pair.setup("FLUSHALL")
        replies = [pair.oracle.call("CONFIG", "SET", *item) for item in case.config.items()]
        replies += [run(pair.oracle, line) for line in case.before]
        if case.woken or any(reply.is_error for reply in replies):
            continue
        before = {item: pair.ours.must("CONFIG", "GET", item)[1] for item in case.config}
        for item, value in case.config.items():
            pair.ours.must("CONFIG", "SET", item, value)
        for line in case.before:
            run(pair.ours, line)
        for client in notifying.events.clients:
            received(client)
        oracle, ours = run(pair.oracle, case.request), run(pair.ours, case.request)
        if oracle.is_error and not ours.is_error:
            for client in notifying.events.clients:
                received(client)
        elif name == "spop":
            assert sorted(received(notifying.events.pair.ours)) == sorted(received(notifying.events.pair.oracle))
        else:
            notifying.events.hears()
        for item, value in before.items():
            pair.setup("CONFIG", "SET", item, value)


@pytest.mark.parametrize(
    "notifying", [way + letter for way in ("K", "E", "KE") for letter in "g$lshzxtmnA"], indirect=True
)
def test_the_classes_and_the_ways_that_are_enabled_are_published(notifying):
    for family in ("strings", "keys", "lists", "hashes"):
        notifying.pair.setup("FLUSHALL")
        for words in SCRIPTS[family]:
            notifying.pair.check(*words, unordered=True)
        notifying.events.hears()


@pytest.mark.parametrize("notifying", ["", "KE", "Ag$m", "mn"], indirect=True)
def test_without_a_class_and_a_way_nothing_is_published(notifying):
    for words in SCRIPTS["strings"]:
        notifying.pair.check(*words)
    assert notifying.events.hears() == []


def test_an_event_is_published_by_key_and_then_by_event(notifying):
    notifying.pair.check("SET", "k", "v")
    heard = [(channel, message) for _, _, channel, message in notifying.events.hears()]
    assert heard == [
        (b"__keyspace@0__:k", b"new"),
        (b"__keyevent@0__:new", b"k"),
        (b"__keyspace@0__:k", b"set"),
        (b"__keyevent@0__:set", b"k"),
    ]


@pytest.mark.parametrize("key", [b"", b"\r\n", b"\xff\0", b"k" * 400, b"k" * 511, b"k" * 512, b"k" * 70_000])
def test_any_key_is_named(notifying, key):
    notifying.pair.check("SELECT", 15)
    notifying.pair.check("SET", key, "v")
    heard = notifying.events.hears()
    assert [b"pmessage", b"__key*__:*", b"__keyspace@15__:" + key, b"set"] in heard
    assert [b"pmessage", b"__key*__:*", b"__keyevent@15__:set", key] in heard


NAMES = [
    *("__keyspace@0__:k", "__keyevent@0__:set", "__keyspace@1__:k", "__key", "", "k", "__keyspace@0__:k*"),
]
PATTERNS = [
    *("*", "_*", "__*", "__key*", "?_key*", "[_]*", "[^x]_*", r"\__key*", "__keyspace@0__:k", "__keyevent@*:set"),
    *("__kex*", "", "__key", "__k?yspace@0__:*", "k*", "__keyspace@0__:[a-z]", "**", "_"),
]  # fmt: skip


@pytest.mark.parametrize("word", ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"])
def test_whatever_can_receive_an_event_does(pair, word):
    """Tests each listener alone, because events are composed only while a channel or pattern may receive them."""
    pair.setup("CONFIG", "SET", "notify-keyspace-events", "KEA")
    for name in itertools.chain(NAMES, PATTERNS):
        with Party(pair) as party:
            listener = party.listener(word, name)
            pair.check("SET", "k", "v")
            listener.hears()
            listener.sends("UNSUBSCRIBE" if word == "SUBSCRIBE" else word[0] + "UNSUBSCRIBE", name)
        pair.check("SET", "k", "v")
    pair.setup("CONFIG", "SET", "notify-keyspace-events", "")


def test_classes_may_change_while_clients_listen(notifying):
    for classes in ("K$", "", "Eg", "KEA", "xK"):
        notifying.pair.check("CONFIG", "SET", "notify-keyspace-events", classes)
        notifying.pair.check("CONFIG", "GET", "notify-keyspace-events")
        notifying.pair.check("SET", "k", "v")
        notifying.pair.check("DEL", "k")
        notifying.events.hears()


# ---- expiry ----


def test_a_key_that_expires_is_published_once_it_is_removed(notifying):
    notifying.pair.check("SET", "k", "v", "PX", 1)
    notifying.events.hears()
    for client in (notifying.pair.ours, notifying.pair.oracle):
        wait_until(lambda client=client: client.must("DBSIZE") == 0, "the expiry")
    assert [message[2:] for message in notifying.events.hears()] == [
        [b"__keyspace@0__:k", b"expired"],
        [b"__keyevent@0__:expired", b"k"],
    ]


@pytest.mark.parametrize(
    "command", ["GET k", "SET k 2", "INCR k", "DEL k", "EXISTS k", "RENAME k b", "TTL k", "TYPE k"]
)
def test_a_key_found_expired_is_published_before_what_the_command_does(notifying, command):
    pair = notifying.pair
    pair.check("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    pair.check("SET", "k", "1", "PX", 1)
    moment = time.time() + 0.003
    wait_until(lambda: time.time() > moment, "milliseconds to pass")
    notifying.events.hears()
    pair.check(*command.split())
    assert b"expired" in notifying.events.hears()[0]
    pair.check("DEBUG", "SET-ACTIVE-EXPIRE", 1)


# ---- transactions, databases, a client's own events ----


def test_events_of_a_transaction_are_published_in_its_order(notifying):
    for command in ("MULTI", "SET a 1", "LPUSH l x", "SELECT 3", "SET a 2", "DEL a", "SELECT 0", "DEL l", "EXEC"):
        notifying.pair.check(*command.split())
    assert len(notifying.events.hears()) == 16


def test_a_subscription_inside_a_transaction_hears_what_follows_it_there(notifying):
    listener = notifying.listener()
    for command in ("MULTI", "SET a 1", "SUBSCRIBE __keyevent@0__:set", "UNSUBSCRIBE", "SET b 1", "EXEC"):
        listener.sends(*command.split())
    assert listener.hears() == []


def test_a_client_receives_its_own_events_after_the_reply(client, protocol):
    client.must("CONFIG", "SET", "notify-keyspace-events", "K$")
    requests = [["MULTI"], ["PSUBSCRIBE", "__key*:k"], ["SET", "k", "v"], ["EXEC"]]
    client.send_bytes(b"".join(encode_command(*request) for request in requests))
    for _ in requests[:-1]:
        client.read()
    assert client.read().decoded == [[b"psubscribe", b"__key*:k", 1], "OK"]
    received = client.read()
    assert received.decoded == [b"pmessage", b"__key*:k", b"__keyspace@0__:k", b"set"]
    assert (received.kind == PUSH) == (protocol == 3)


def test_fields_that_expire_are_published(client, shared_ours):
    client.must("CONFIG", "SET", "notify-keyspace-events", "Eh")
    with shared_ours.client() as listener:
        listener.must("PSUBSCRIBE", "__keyevent@*")
        client.must("HSET", "h", "f", "1", "g", "2")
        client.must("HPEXPIRE", "h", 1, "FIELDS", 1, "f")
        assert [listener.read().decoded[2] for _ in range(3)] == [
            b"__keyevent@0__:hset",
            b"__keyevent@0__:hexpire",
            b"__keyevent@0__:hexpired",
        ]


# ---- the disk, and a restart ----


@pytest.mark.parametrize("transaction", [False, True], ids=["alone", "transaction"])
def test_a_notification_that_shows_a_change_waits_for_the_disk(start_ours, tmp_path, transaction):
    gate = SyncGate(tmp_path, "fdatasync")
    fixed = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
    server = start_ours(*fixed, "--notify-keyspace-events", "KEA", environment=gate.environment)
    commands = [["SET", "k", "v"]]
    if transaction:
        commands = [["MULTI"], *commands, ["EXEC"]]
    with server.client() as writer, server.client() as client, server.client() as listener:
        listener.must("PSUBSCRIBE", "__keyevent@0__:set")
        with gate.shut():
            writer.send_bytes(b"".join(encode_command(*command) for command in commands))
            last = b"cmd=exec" if transaction else b"cmd=set"
            wait_until(lambda: last in client.must("CLIENT", "LIST"), "the command to be executed")
            # The PING makes the server deliver everything for the listener that need not wait.
            listener.send("PING")
            assert listener.is_silent(0.05)
        assert listener.read().decoded[-1] == b"k"
        assert listener.read().decoded == [b"pong", b""]
        assert not writer.read().is_error


def test_notifications_go_on_after_a_restart(start_ours):
    restarted = start_ours("--notify-keyspace-events", "K$", "--appendonly", "yes", name="kept")
    for number in range(2):
        with restarted.client() as client, restarted.client() as listener:
            listener.must("PSUBSCRIBE", "*")
            client.must("SET", "k", number)
            assert listener.read().decoded == [b"pmessage", b"*", b"__keyspace@0__:k", b"set"]
        restarted.restart()
