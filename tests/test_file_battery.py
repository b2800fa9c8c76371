"""Random data of all types in the append-only file: rewritten during changes, loaded by us, by Redis, from Redis.

The run is short by default and long with PYREDIS_LONG=1. A failing seed fails every time.
"""

import os
import shutil
from random import Random

import pytest

from support.client import wait_until
from support.datasets import DATABASES, DataSet, layout

SEEDS = range(200 if os.environ.get("PYREDIS_LONG") else 3)
FILE = ("--appendonly", "yes", "--auto-aof-rewrite-percentage", "0")


def perform(client, requests):
    requests = list(requests)
    for start in range(0, len(requests), 500):
        for request, reply in zip(requests[start:], client.pipeline(requests[start : start + 500]), strict=False):
            assert not reply.raw.startswith(b"-"), (request[:4], reply.raw)


def rewrite(client):
    client.must("BGREWRITEAOF")


def await_rewrite(client):
    def over():
        told = client.must("INFO", "persistence")
        return b"aof_rewrite_in_progress:0" in told and b"aof_rewrite_scheduled:0" in told

    wait_until(over, "the end of the rewrite")
    assert b"aof_last_bgrewrite_status:ok" in client.must("INFO", "persistence")


# ---- the facts of a data set ----


def named(value):
    """A flat list of names and values, as of XINFO, as a dictionary."""
    return dict(zip(value[::2], value[1::2], strict=True))


def stream_facts(client, key, forgetful, lags):
    """What the digest leaves out.

    No file has the times at which consumers were seen. When Redis loads commands, it drops the pending state of deleted
    entries (`forgetful`). An older Redis computes other lags.
    """
    facts = named(client.must("XINFO", "STREAM", key, "FULL", "COUNT", 0))
    ids = {entry[0] for entry in facts.pop(b"entries")}
    del facts[b"radix-tree-keys"], facts[b"radix-tree-nodes"]
    facts[b"groups"] = [named(group) for group in facts[b"groups"]]
    for group in facts[b"groups"]:
        group[b"consumers"] = [named(consumer) for consumer in group[b"consumers"]]
        for holder in (group, *group[b"consumers"]):
            kept = [pending for pending in holder[b"pending"] if pending[0] in ids or not forgetful]
            del holder[b"pel-count"]
            if not lags:
                holder.pop(b"lag", None)
            holder[b"pending"] = kept
        for consumer in group[b"consumers"]:
            consumer.pop(b"active-time", None)
            del consumer[b"seen-time"]
    return facts


def hash_facts(client, key):
    fields = sorted(client.must("HKEYS", key))
    return list(zip(fields, client.must("HPEXPIRETIME", key, "FIELDS", len(fields), *fields), strict=True))


def facts(server, *, forgetful=False, field_expiry=False, lags=True):
    found = {}
    with server.client() as client:
        found["digest"] = client.must("DEBUG", "DIGEST")
        for database in range(DATABASES + 1):
            client.must("SELECT", database)
            found[database] = client.must("DBSIZE")
            for key in sorted(client.must("KEYS", "*")):
                kind = client.must("TYPE", key)
                value = found[database, key] = {"kind": kind, "expiry": client.must("PEXPIRETIME", key)}
                value["digest"] = client.must("DEBUG", "DIGEST-VALUE", key)
                if kind == "stream":
                    value["stream"] = stream_facts(client, key, forgetful, lags)
                if kind == "hash" and field_expiry:
                    value["fields"] = hash_facts(client, key)
    return found


def leaves(value, path=()):
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, name))
    else:
        yield path, value


def check(before, after):
    """Assert that the facts are equal; on failure, show the first few that differ."""
    one, other = dict(leaves(before)), dict(leaves(after))
    names = [name for name in {**one, **other} if one.get(name, leaves) != other.get(name, leaves)]
    assert not names, [(name, one.get(name), other.get(name)) for name in names[:5]]


# ---- the battery ----


def knows_field_expiry(server):
    with server.client() as client:
        return client.must("COMMAND", "INFO", "HPEXPIREAT") != [None]


def live(server, data, random):
    """Run changes before, during and after a rewrite."""
    with server.client() as client:
        perform(client, data.building())
        perform(client, data.changing())
        rewrite(client)
        perform(client, data.building(5))
        perform(client, data.changing())
        await_rewrite(client)
        perform(client, data.changing(10))
        if random.randrange(2):
            rewrite(client)
            await_rewrite(client)


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_we_are_what_we_were_after_a_crash(start_ours, seed):
    random = Random(seed)
    server = start_ours(*FILE, *layout(random))
    live(server, DataSet(seed, field_expiry=True), random)
    before = facts(server, field_expiry=True)
    server.restart(crash=True)
    check(before, facts(server, field_expiry=True))
    with server.client() as client:
        rewrite(client)
        await_rewrite(client)
    other = layout(random)
    server.arguments[-len(other) :] = other
    server.restart()
    check(before, facts(server, field_expiry=True))


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_redis_loads_what_we_were(start_ours, start_oracle, seed):
    random = Random(seed)
    ours, oracle = start_ours(*FILE, *layout(random)), start_oracle(*FILE, *layout(random), name="theirs")
    field_expiry = knows_field_expiry(oracle)
    live(ours, DataSet(seed, field_expiry=field_expiry), random)
    before = facts(ours, forgetful=True, field_expiry=field_expiry, lags=False)
    oracle.stop()
    assert ours.stop() == 0
    shutil.rmtree(oracle.folder / "appendonlydir")
    shutil.copytree(ours.folder / "appendonlydir", oracle.folder / "appendonlydir")
    oracle.start()
    check(before, facts(oracle, forgetful=True, field_expiry=field_expiry, lags=False))


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_we_load_what_redis_was(start_ours, start_oracle, seed):
    """Only the base of Redis has all facts of groups: its other commands leave out how far they have read."""
    random = Random(seed)
    oracle = start_oracle(*FILE, "--aof-use-rdb-preamble", "no", *layout(random), name="shared")
    field_expiry = knows_field_expiry(oracle)
    data = DataSet(seed, field_expiry=field_expiry)
    live(oracle, data, random)
    with oracle.client() as client:
        rewrite(client)
        await_rewrite(client)
        data.kinds = {place: kind for place, kind in data.kinds.items() if kind != "stream"}
        perform(client, data.changing())
    before = facts(oracle, field_expiry=field_expiry, lags=False)
    oracle.stop()
    ours = start_ours(*FILE, *layout(random), name="shared")
    check(before, facts(ours, field_expiry=field_expiry, lags=False))
    ours.restart(crash=True)
    check(before, facts(ours, field_expiry=field_expiry, lags=False))
