"""Every number of every command at the edges of the integer types: the oracle's reply, no crash, no large allocation.

The calls are made from the command table's description of the arguments (`support/attack_arguments`). Each runs inside
MULTI, where nothing waits.
"""

from itertools import pairwise

import pytest

from support.attack_arguments import SETUP, calls_of, numeric_commands
from support.client import RawClient, encode_command

BULK = "1mb"

SPECS = {spec.name: spec for spec in numeric_commands()}
# Commands that stop other clients or the server for as long as they are asked to.
STOPPING = {"client|pause"}
# Replies that depend on chance, on the clock or on the server: only that there is one, and whether it is an error.
UNLIKE = {
    *("hrandfield", "srandmember", "spop", "zrandmember", "lolwut", "memory|usage", "slowlog|get", "client|list"),
    *("scan", "hscan", "sscan", "zscan", "hello", "xadd", "xclaim", "xautoclaim", "xinfo|stream", "xreadgroup"),
}
# A negative count asks for as many elements as it says, however many there are.
REPEATING = {"hrandfield", "srandmember", "zrandmember"}
# 7.0 overflows for timeouts above 2**63 milliseconds; 7.4 refuses them.
TIMEOUTS = {"blmove", "blmpop", "blpop", "brpop", "brpoplpush", "bzmpop", "bzpopmax", "bzpopmin"}
# 7.4 shows integers up to 2**62 without an exponent.
SCORES = {"zadd", "zincrby"}
# Elements in any order.
UNORDERED = {"geosearch", "georadius", "georadius_ro", "georadiusbymember", "georadiusbymember_ro", "sort", "sort_ro"}
HERE = {name for name, spec in SPECS.items() if tuple(map(int, spec.since.split("."))) >= (7, 2)}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    from support.servers import make_oracle, make_ours

    folder = tmp_path_factory.mktemp("edges")
    options = ("--proto-max-bulk-len", BULK, "--appendonly", "no")
    ours, oracle = make_ours(folder / "ours", *options), make_oracle(folder / "oracle", *options)
    ours.start()
    oracle.start()
    yield ours, oracle
    ours.end()
    oracle.end()


def chosen(name: str) -> list[list[str]]:
    calls = list(calls_of(SPECS[name]))
    return [call for call in calls if name not in REPEATING or not asks_for_many(call)]


def asks_for_many(call: list[str]) -> bool:
    return any(word.startswith("-") and len(word) > 5 for word in call)


def played(client: RawClient, calls: list[list[str]]) -> list:
    """Returns the replies to the calls, each on fresh data."""
    fresh = b"".join(encode_command(*command) for command in [["SELECT", 0], ["FLUSHALL"], *SETUP])
    replies = []
    for call in calls:
        client.send_bytes(fresh + encode_command("MULTI") + encode_command(*call) + encode_command("EXEC"))
        received = [client.read() for _ in range(len(SETUP) + 5)]
        replies.append(received[-1])
    return replies


def outcome(reply) -> object:
    """Returns what two servers must share even of a random reply: whether it is an error, and which."""
    return [item.raw if item.is_error else item.kind for item in reply.value] if reply.is_aggregate else reply.raw


def timeouts(reply) -> object:
    return reply.raw.replace(b"timeout is negative", b"timeout is out of range")


def scores(reply) -> object:
    """Returns the reply, a score as a number."""
    value = reply.value[0].value if reply.is_aggregate and reply.value and not reply.value[0].is_error else None
    return float(value) if isinstance(value, bytes) else reply.raw


def way_to_compare(name: str):
    """Returns the function of a reply whose results must be equal."""
    ways = {outcome: UNLIKE, in_any_order: UNORDERED, timeouts: TIMEOUTS, scores: SCORES}
    return next((way for way, names in ways.items() if name in names), lambda reply: reply.raw)


def is_newer(name: str, call: list[str]) -> bool:
    """Whether 7.4 replies to a call otherwise than 7.0: it has a new option, and refuses cursors, counts and times with
    which 7.0 overflows or which it takes for others."""
    if name.endswith("scan") and not call[1 if name == "scan" else 2].isdigit():
        return True
    if name in ("lpos", "lrem"):
        return str(-(2**63)) in call
    return bool({"MAXAGE", "NOVALUES"} & set(call)) or ("BLOCK", str(2**63 - 1)) in pairwise(call)


def in_any_order(reply) -> object:
    if not reply.is_aggregate or not reply.value:
        return reply.raw
    items = reply.value[0]
    return sorted(item.raw for item in items.value) if items.is_aggregate and items.value else reply.raw


@pytest.mark.parametrize("name", sorted(set(SPECS) - STOPPING))
def test_numbers_at_the_edges_have_the_oracles_replies(servers, name):
    ours, oracle = servers
    calls = chosen(name)
    assert len(calls) > 3
    with ours.client() as client:
        before = peak(client)
        replies = played(client, calls)
        assert peak(client) - before < 48 << 20
        assert client.must("PING") == "PONG"
    ours.check_log()
    if name in HERE:
        assert all(reply.is_aggregate or reply.is_error for reply in replies)
        return
    with oracle.client() as client:
        expected = played(client, calls)
    shown = way_to_compare(name)
    different = [
        (" ".join(call), mine.raw[:200], its.raw[:200])
        for call, mine, its in zip(calls, replies, expected, strict=True)
        if shown(mine) != shown(its) and not is_newer(name, call)
    ]
    assert different == []


def peak(client: RawClient) -> int:
    lines = client.must("INFO", "memory").decode().splitlines()
    return int(next(line for line in lines if line.startswith("used_memory_peak:")).split(":")[1])
