"""ROLE, MODULE, MEMORY PURGE and MALLOC-STATS, CLIENT TRACKINGINFO and GETREDIR: what tools ask of any server."""

import re

import pytest

from support.client import wait_until
from support.waiting import fields


@pytest.mark.parametrize(
    "command",
    [
        *("ROLE", "ROLE x", "CLIENT GETREDIR", "CLIENT GETREDIR x", "CLIENT TRACKINGINFO", "CLIENT TRACKINGINFO x"),
        *("MODULE", "MODULE LIST", "MODULE LIST x", "MODULE NOSUCH", "MODULE LOAD", "MODULE LOADEX", "MODULE UNLOAD"),
        *("MODULE LOAD /x", "MODULE LOAD /x y", "MODULE LOADEX /x ARGS y", "MODULE UNLOAD x", "MODULE UNLOAD x y"),
        *("MEMORY PURGE", "MEMORY PURGE x", "MEMORY MALLOC-STATS x", "LATENCY GRAPH", "LATENCY GRAPH nosuch"),
        *("LATENCY DOCTOR x",),
    ],
)
def test_they_answer_as_redis_does(pair, command):
    pair.check(*command.split())


def test_modules_are_refused_inside_a_transaction_too(pair):
    pair.check("MULTI")
    pair.check("MODULE", "LOAD", "/x")
    pair.check("EXEC")


def test_where_modules_are_allowed_none_can_be_loaded(start_ours):
    server = start_ours("--enable-module-command", "yes")
    with server.client() as client:
        refusal = b"-ERR Error loading the extension. Please check the server logs.\r\n"
        assert client.call("MODULE", "LOAD", "/x").raw == refusal
        assert client.call("MODULE", "LOADEX", "/y").raw == refusal
        refusal = b"-ERR Error unloading module: no such module with that name\r\n"
        assert client.call("MODULE", "UNLOAD", "x").raw == refusal
        assert "Module /x failed to load" in server.log()


def test_the_report_of_the_allocator_is_a_text_that_follows_its_state(start_ours, protocol):
    server = start_ours("--appendonly", "no")
    with server.client(protocol) as client:

        def report() -> dict[int, tuple[int, int, int]]:
            rows = re.findall(rb"^ *(\d+) +(\d+) +(\d+) +(\d+) +[\d.]+$", client.must("MEMORY", "MALLOC-STATS"), re.M)
            return {int(size): (int(slabs), int(blocks), int(used)) for size, slabs, blocks, used in rows}

        before = report()
        for number in range(5000):
            client.must("SET", f"key:{number:06}", "x" * 50)
        after = report()
        grown = {size: after[size][2] - before.get(size, (0, 0, 0))[2] for size in after}
        assert max(grown.values()) >= 5000
        assert all(used <= blocks <= slabs * 65536 // size for size, (slabs, blocks, used) in after.items())
        used = re.search(rb"all sizes: (\d+) bytes", client.must("MEMORY", "MALLOC-STATS"))
        assert abs(int(used[1]) - int(fields(client, "memory")["used_memory"])) < 100_000
        client.must("FLUSHALL", "SYNC")
        wait_until(lambda: sum(row[2] for row in report().values()) < 5000, "the blocks to be free")


def test_the_reports_are_texts_as_in_redis(pair):
    for command in (["MEMORY", "MALLOC-STATS"], ["LATENCY", "DOCTOR"]):
        ours, oracle = (client.call(*command) for client in (pair.ours, pair.oracle))
        assert ours.kind == oracle.kind


def test_purge_returns_memory_to_the_system(start_ours):
    server = start_ours("--appendonly", "no", "--hz", "1")
    with server.client() as client:

        def resident() -> int:
            return int(fields(client, "memory")["used_memory_rss"])

        client.must("DEBUG", "POPULATE", 300_000, "key", 100)
        full = resident()
        client.must("FLUSHALL", "SYNC")
        client.must("MEMORY", "PURGE")
        wait_until(
            lambda: client.must("MEMORY", "PURGE") == "OK" and resident() < full - (20 << 20), "memory to return"
        )
