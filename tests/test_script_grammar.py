"""Random scripts do what the oracle's do: replies, data, and what the append-only file restores.

The scripts come from ``support.script_grammar``. Both servers have an append-only file.
"""

import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.client import wait_until
from support.pair import Pair
from support.script_grammar import REPLICATING, SCRIPTS, Script
from support.servers import make_oracle, make_ours
from support.strategies import DATABASES

LONG = bool(os.environ.get("PYREDIS_LONG"))
# KEYS and ARGV; "a" and "b" are keys of the random commands.
ARGUMENTS = (2, "a", "b", "c", "12")


@pytest.fixture(scope="module")
def durable(tmp_path_factory):
    """Ours and the oracle, with append-only files."""
    servers = [
        make(tmp_path_factory.mktemp("durable"), "--appendonly", "yes", "--appendfsync", "no")
        for make in (make_ours, make_oracle)
    ]
    yield servers
    for server in servers:
        server.kill()


def run_script(pair: Pair, script: Script) -> None:
    """Runs the script on both; the elements of a reply may come from a table of Lua, which has no order."""
    if script.how == "EVALSHA":
        pair.check("SCRIPT", "LOAD", script.text)
        pair.check("EVALSHA", hashlib.sha1(script.text.encode()).hexdigest(), *ARGUMENTS, unordered=True)
    elif script.how == "MULTI":
        pair.check("MULTI")
        pair.check("SET", "before", 1)
        pair.check("EVAL", script.text, *ARGUMENTS)
        pair.check("INCR", "before")
        pair.check("EXEC", unordered=True)
    else:
        pair.check(script.how, script.text, *ARGUMENTS, unordered=True)
    if "'short'" in script.text:
        for client in (pair.ours, pair.oracle):
            wait_until(lambda client=client: not has_short(client), "the expiry of a key")


def has_short(client) -> bool:
    """Whether the key that expires soon is in any database; an expired one is removed."""
    held = [client.must("SELECT", number) == "OK" and client.must("EXISTS", "short") for number in range(DATABASES)]
    client.must("SELECT", 0)
    return any(held)


def compare(durable, protocol: int, scripts: list[Script], is_whole: bool) -> None:
    for server in durable:
        if not server.running():
            server.start()
        with server.client() as client:
            client.must("FLUSHALL")
    with Pair(*durable, protocol) as pair:
        for script in scripts:
            run_script(pair, script)
        digest = pair.digest()
        for client in (pair.ours, pair.oracle):
            client.must("DEBUG", "LOADAOF")
        assert pair.digest() == digest or not is_whole


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("protocol", [2, 3], ids=["resp2", "resp3"])
def test_random_scripts_reply_store_and_log_what_the_oracles_do(durable, protocol):
    @settings(max_examples=300 if LONG else 40)
    @given(st.lists(SCRIPTS, min_size=1, max_size=6))
    def check(scripts):
        compare(durable, protocol, scripts, True)

    check()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_scripts_that_choose_what_is_logged_leave_the_oracles_file(durable):
    @settings(max_examples=300 if LONG else 40)
    @given(st.lists(REPLICATING, min_size=1, max_size=6))
    def check(scripts):
        compare(durable, 2, scripts, False)

    check()
