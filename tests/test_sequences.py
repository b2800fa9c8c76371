"""Random sequences of commands: every reply and the final data equal the oracle's, and the file restores the data.

The run is short by default, and long with PYREDIS_LONG=1. A failing sequence is shrunk to the fewest commands.
"""

import os

import pytest
from hypothesis import given, settings

from support.pair import Pair
from support.servers import make_ours
from support.strategies import CONNECTIONS, SEQUENCES

LONG = bool(os.environ.get("PYREDIS_LONG"))
EXAMPLES = 2000 if LONG else 60
RELAXED = settings(
    max_examples=EXAMPLES,
)


@pytest.fixture(scope="module")
def durable_ours(tmp_path_factory):
    server = make_ours(tmp_path_factory.mktemp("sequences"), "--appendonly", "yes")
    yield server
    server.kill()


class Players:
    """As many connections to both servers as the steps name, with an empty data set."""

    def __init__(self, ours, oracle, protocol):
        for server in (ours, oracle):
            if not server.running():
                server.start()
            with server.client() as client:
                client.must("FLUSHALL")
        self.pairs = [Pair(ours, oracle, protocol) for _ in range(CONNECTIONS)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pair in self.pairs:
            pair.close()

    def play(self, steps):
        for step in steps:
            self.pairs[step.connection].check(*step.arguments, **step.compared)

    def finish(self):
        """Compares the data sets over a new connection, as others may be in a transaction; returns their digest."""
        with self.pairs[0].another() as fresh:
            return fresh.digest()


def expiry_times(client):
    """Returns the expiry of every key of every database, as (database, key) → Unix time in ms, or -1."""
    times = {}
    for database in range(3):
        client.must("SELECT", database)
        for key in client.must("KEYS", "*"):
            times[database, key] = client.must("PEXPIRETIME", key)
    return times


@pytest.mark.long
@pytest.mark.parametrize("protocol", [2, 3], ids=["resp2", "resp3"])
def test_sequences_are_answered_as_by_the_oracle(durable_ours, session_oracle, protocol):
    @RELAXED
    @given(SEQUENCES)
    def run(steps):
        with Players(durable_ours, session_oracle, protocol) as players:
            players.play(steps)
            players.finish()

    run()


@pytest.mark.long
def test_the_file_reloads_to_the_same_data_set(durable_ours, session_oracle):
    @RELAXED
    @given(SEQUENCES)
    def run(steps):
        with Players(durable_ours, session_oracle, 2) as players:
            players.play(steps)
            digest = players.finish()
        with durable_ours.client() as client:
            times = expiry_times(client)
            client.must("DEBUG", "LOADAOF")
            assert client.must("DEBUG", "DIGEST") == digest
            assert expiry_times(client) == times

    run()


@pytest.mark.long
def test_a_killed_server_comes_back_with_the_same_data_set(durable_ours, session_oracle):
    @settings(RELAXED, max_examples=50 if LONG else 5)
    @given(SEQUENCES)
    def run(steps):
        with Players(durable_ours, session_oracle, 2) as players:
            players.play(steps)
            digest = players.finish()
        durable_ours.restart(crash=True)
        with durable_ours.client() as client:
            assert client.must("DEBUG", "DIGEST") == digest

    run()
