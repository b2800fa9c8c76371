"""When a client is disconnected, by a clock that the test sets: output buffer limits and ``timeout``."""

from types import SimpleNamespace

import pytest

from pyredis.config.special import BufferLimit
from pyredis.host import clients
from pyredis.host.clients import ClientRules

HARD, SOFT, SECONDS = 1000, 100, 10


class Client(SimpleNamespace):
    """The part of a connection that the rules use."""

    def __init__(self, identity: int, **facts) -> None:
        super().__init__(id=identity, address="127.0.0.1:1", name=b"", output_memory=0, blocked=False, active_ms=0)
        self.output_class = "normal"
        self.must_authenticate = False
        vars(self).update(facts)
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Clock:
    """A clock in seconds, which the test advances."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(clients, "time", clock)
    return clock


@pytest.fixture
def rules():
    limits = {"normal": BufferLimit(HARD, SOFT, SECONDS), "pubsub": BufferLimit(10 * HARD, 10 * SOFT, SECONDS)}
    config = {"client-output-buffer-limit": limits, "timeout": 0}
    log = SimpleNamespace(warning=lambda text: None, verbose=lambda text: None)
    core = SimpleNamespace(now_ms=0)
    rules = ClientRules(SimpleNamespace(config=config, log=log, core=core, clients={}))
    rules.describe = lambda client: f"id={client.id}"
    return rules


def test_a_client_that_has_not_authenticated_may_owe_a_kilobyte(rules, clock):
    rules.server.config["client-output-buffer-limit"] = {"normal": BufferLimit(0, 0, 0)}
    client = Client(1, must_authenticate=True)
    assert not rules.exceeds_output_limit(client, 1024)
    assert rules.exceeds_output_limit(client, 1025)
    assert not rules.exceeds_output_limit(Client(2), 1025)


def test_a_client_may_owe_as_much_as_the_hard_limit_and_no_byte_more(rules, clock):
    rules.server.config["client-output-buffer-limit"] = {"normal": BufferLimit(HARD, 0, 0)}
    client = Client(1)
    assert not rules.exceeds_output_limit(client, HARD)
    assert rules.exceeds_output_limit(client, HARD + 1)
    assert rules.output_limited == 1


def test_each_class_has_its_own_limits(rules, clock):
    subscriber = Client(1, output_class="pubsub")
    assert not rules.exceeds_output_limit(subscriber, 10 * HARD)
    assert rules.exceeds_output_limit(subscriber, 10 * HARD + 1)


def test_at_the_soft_limit_no_time_runs(rules, clock):
    client = Client(1)
    for _ in range(3):
        assert not rules.exceeds_output_limit(client, SOFT)
        clock.now += SECONDS


def test_above_the_soft_limit_a_client_has_its_seconds_and_no_more(rules, clock):
    client = Client(1)
    assert not rules.exceeds_output_limit(client, SOFT + 1)
    clock.now += SECONDS - 1
    assert not rules.exceeds_output_limit(client, SOFT + 1)
    clock.now += 1
    assert rules.exceeds_output_limit(client, SOFT + 1)
    assert rules.output_limited == 1


def test_a_client_that_has_read_gets_its_seconds_anew(rules, clock):
    client = Client(1)
    assert not rules.exceeds_output_limit(client, SOFT + 1)
    clock.now += SECONDS - 1
    assert not rules.exceeds_output_limit(client, SOFT)
    clock.now += SECONDS
    assert not rules.exceeds_output_limit(client, SOFT + 1)
    clock.now += SECONDS
    assert rules.exceeds_output_limit(client, SOFT + 1)


def test_the_seconds_of_one_client_are_not_another_s(rules, clock):
    first, second = Client(1), Client(2)
    assert not rules.exceeds_output_limit(first, SOFT + 1)
    clock.now += SECONDS
    assert not rules.exceeds_output_limit(second, SOFT + 1)
    assert rules.exceeds_output_limit(first, SOFT + 1)


def test_once_a_second_who_owes_too_much_for_too_long_is_closed(rules, clock):
    over, read = Client(1, output_memory=SOFT + 1), Client(2, output_memory=SOFT)
    rules.server.clients |= {1: over, 2: read}
    for client in (over, read, Client(3)):
        rules.exceeds_output_limit(client, SOFT + 1)
    clock.now += SECONDS
    rules.every_second()
    assert (over.closed, read.closed) == (True, False)
    assert rules.output_limited == 1


def test_a_client_is_idle_when_it_has_been_silent_for_longer_than_the_timeout(rules, clock):
    rules.server.config["timeout"] = 2
    rules.server.core.now_ms = 10_000
    silent, recent, waiting = Client(1, active_ms=7999), Client(2, active_ms=8000), Client(3, active_ms=0, blocked=True)
    rules.server.clients |= {1: silent, 2: recent, 3: waiting}
    rules.every_second()
    assert (silent.closed, recent.closed, waiting.closed) == (True, False, False)
