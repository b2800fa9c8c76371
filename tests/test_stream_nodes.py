"""The blocks of a stream end where Redis's nodes do, so that ``~`` removes as many entries as in Redis."""

import os
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.client import wait_until

LONG = bool(os.environ.get("PYREDIS_LONG"))
# Where the encodings of integers and of lengths change.
EDGES = [0, 63, 95, 127, 128, 2**12, 4191, 2**15, 2**23, 2**31, 2**40, 2**63]
INTEGERS = st.builds(
    lambda edge, step, sign: b"%d" % (sign * (edge + step)),
    st.sampled_from(EDGES),
    st.integers(-2, 2),
    st.sampled_from([1, -1]),
)
SIZES = st.sampled_from([0, 1, 20, 62, 63, 64, 65, 120, 124, 125, 126, 127, 128, 4094, 4095, 4096, 16377, 16380, 20000])
TEXTS = st.one_of(SIZES.map(lambda size: b"v" * size), st.integers(0, 70).map(lambda size: b"w" * size), st.just(b"-0"))
VALUES = st.one_of(INTEGERS, TEXTS)
NAMES = st.lists(st.one_of(INTEGERS, st.integers(0, 70).map(lambda size: b"n" * size)), min_size=1, max_size=4)
MANY_NAMES = st.integers(120, 130).map(lambda count: [b"%d" % number for number in range(count)])
STEPS_MS = [0, 1, 130, 5000, 40000, 2**24, 2**32]
STEPS_SEQ = [0, 0, 1, 127, 128, 5000, 2**35]


@st.composite
def histories(draw):
    """Draws commands for one stream, `s`; exact trimming to a MINID is left out."""
    kinds = [*draw(st.lists(NAMES, min_size=1, max_size=3)), draw(MANY_NAMES)]
    values = draw(st.lists(VALUES, min_size=5, max_size=12))
    random = Random(draw(st.integers(0, 2**32)))
    ms, seq = draw(st.sampled_from([(1, 1), (0, 1), (2**64 - 2**40, 0)]))
    ids, commands = [], []
    for _ in range(draw(st.sampled_from([20, 150, 300]))):
        kind = random.random()
        if kind < 0.85 or not ids:
            step = random.choice(STEPS_MS) if len(ids) % 20 == 0 else random.choice([0, 0, 1])
            skipped = random.choice(STEPS_SEQ) if len(ids) % 20 == 0 else 0
            ms, seq = (ms + step, skipped) if step else (ms, seq + 1 + skipped)
            ids.append(b"%d-%d" % (ms, seq))
            names = kinds[0] if random.random() < 0.8 else random.choice(kinds[:-1])
            names = kinds[-1] if random.random() < 0.02 else names
            pairs = [text for name in names for text in (name, random.choice(values))]
            trimming = [b"MAXLEN", b"~", b"%d" % random.randrange(100)] if random.random() < 0.05 else []
            commands.append([b"XADD", b"s", *trimming, ids[-1], *pairs])
        elif kind < 0.95:
            commands.append([b"XDEL", b"s", random.choice(ids[-100:]), ids[-1]][: random.choice([3, 3, 4])])
        elif kind < 0.97:
            limit = [b"LIMIT", b"%d" % random.randrange(200)] if random.random() < 0.5 else []
            commands.append([b"XTRIM", b"s", b"MAXLEN", b"~", b"%d" % random.randrange(150), *limit])
        elif kind < 0.99:
            commands.append([b"XTRIM", b"s", b"MINID", b"~", random.choice(ids)])
        else:
            commands.append([b"XTRIM", b"s", b"MAXLEN", b"%d" % random.randrange(150)])
    return commands


def keys(reply):
    return reply[b"radix-tree-keys"] if isinstance(reply, dict) else reply[reply.index(b"radix-tree-keys") + 1]


@given(
    commands=histories(),
    entries=st.sampled_from([0, 1, 2, 5, 100, 100, 130, 3000]),
    size=st.sampled_from([0, 1, 64, 200, 1000, 4096, 4096, 16384]),
)
@settings(max_examples=1500 if LONG else 100)
def test_blocks_end_where_the_nodes_of_redis_do(pair2, commands, entries, size):
    with pair2.config(stream_node_max_entries=entries, stream_node_max_bytes=size):
        pair2.setup("DEL", "s")
        for command in commands:
            pair2.check(*command)
        pair2.check("XLEN", "s")
        if "s" in {key.decode() for key in pair2.ours.must("KEYS", "*")}:
            pair2.check("XINFO", "STREAM", "s", by=keys)
        for left in range(140, 0, -20):
            pair2.check("XTRIM", "s", "MAXLEN", "~", left, "LIMIT", 0)
        pair2.check("XTRIM", "s", "MAXLEN", "~", 1)
        pair2.check("XRANGE", "s", "-", "+", "COUNT", 3)


def fill(client, count):
    for number in range(1, count + 1):
        client.must("XADD", "s", f"{number}-0", "f", "v" * 62)


def trimmed(client):
    return client.must("XTRIM", "s", "MAXLEN", "~", 1)


def test_sixty_entries_of_sixty_two_bytes_are_two_blocks(shared_ours):
    with shared_ours.client() as client:
        fill(client, 60)
        assert trimmed(client) == 56


@pytest.mark.parametrize("entries", [10**6, 10**17, 2**62])
def test_trimming_without_a_limit_stops_after_as_many_entries_as_in_redis(pair2, entries):
    """The limit is the entries of a hundred nodes, but at most a million; or 10,000 if that product overflows."""
    adding = [["XADD", "s", f"{number}-0", "f", "v"] for number in range(1, 12001)]
    with pair2.config(stream_node_max_entries=entries, stream_node_max_bytes=500):
        for client in (pair2.ours, pair2.oracle):
            client.pipeline(adding)
        pair2.check("XTRIM", "s", "MAXLEN", "~", 1)


def test_blocks_from_a_file_end_where_they_ended(start_ours):
    """Both in the file as it was written and in a rewritten one."""
    ours = start_ours("--appendonly", "yes")
    with ours.client() as client:
        fill(client, 120)
        assert keys(client.must("XINFO", "STREAM", "s")) == 3
    ours.restart(crash=True)
    with ours.client() as client:
        assert keys(client.must("XINFO", "STREAM", "s")) == 3
        client.must("BGREWRITEAOF")
        wait_until(lambda: b"aof_rewrites:1" in client.must("INFO", "persistence"), "the rewrite")
        wait_until(lambda: b"aof_rewrite_in_progress:0" in client.must("INFO", "persistence"), "its end")
    ours.restart()
    with ours.client() as client:
        assert keys(client.must("XINFO", "STREAM", "s")) == 3
        assert trimmed(client) == 112
