"""Scripts of random commands: replies and data equal the oracle's, and the file restores the data.

Commands that the oracle's scripts may not call, or that have no definite reply, are left out.
"""

import os

import pytest
from hypothesis import given, settings

from fuzz.server import reader
from pyredis.commands.server.digest import digest_all
from pyredis.commands.table.command_table import SPECS
from pyredis.persistence.loader import AofLoader
from support.aof_folder import requests
from support.client import wait_until
from support.in_process import Local
from support.pair import Pair
from support.servers import make_ours
from support.strategies import SEQUENCES

LONG = bool(os.environ.get("PYREDIS_LONG"))
# Each command in ARGV follows the number of its words. Returns all replies, including errors.
SCRIPT = """
local at, replies = 1, {}
while at <= #ARGV do
    local count = tonumber(ARGV[at])
    local words = {}
    for i = 1, count do words[i] = ARGV[at + i] end
    replies[#replies + 1] = redis.pcall(unpack(words)) or 'null'
    at = at + count + 1
end
return replies
"""


@pytest.fixture(scope="module")
def durable_ours(tmp_path_factory):
    server = make_ours(tmp_path_factory.mktemp("scripts"), "--appendonly", "yes")
    yield server
    server.kill()


def is_definite(step) -> bool:
    name = step.arguments[0].decode("latin-1").lower()
    spec = SPECS.get(name)
    return not step.compared and spec is not None and "blocking" not in spec.flags and name not in ("select", "time")


def chunks(steps):
    steps = [step for step in steps if is_definite(step)]
    for begin in range(0, len(steps), 8):
        yield [word for step in steps[begin : begin + 8] for word in (len(step.arguments), *step.arguments)]


@pytest.mark.long
@pytest.mark.parametrize("protocol", [2, 3], ids=["resp2", "resp3"])
def test_scripts_of_random_commands_do_what_the_oracles_do(durable_ours, session_oracle, protocol):
    @settings(max_examples=1000 if LONG else 40)
    @given(SEQUENCES)
    def check(steps):
        for server in (durable_ours, session_oracle):
            if not server.running():
                server.start()
            with server.client() as client:
                client.must("FLUSHALL")
        with Pair(durable_ours, session_oracle, protocol) as pair:
            for words in chunks(steps):
                pair.check("EVAL", SCRIPT if protocol == 2 else f"redis.setresp(3) {SCRIPT}", 0, *words)
            digest = pair.digest()
            pair.ours.must("DEBUG", "LOADAOF")
            assert pair.ours.must("DEBUG", "DIGEST") == digest

    check()


# ---- what is written to the file ----


@pytest.fixture
def durable(start_ours):
    return start_ours("--appendonly", "yes", "--enable-debug-command", "yes")


def written(server):
    """Returns the commands in the incremental file, without SELECT."""
    (path,) = (server.folder / "appendonlydir").glob("*.incr.aof")
    return [words for words in requests(path) if words[0] != "SELECT"]


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("redis.call('set','a',1)", [["set", "a", "1"]]),
        ("redis.call('get','a') return 1", []),
        ("redis.call('set','a',1) redis.call('incr','a')", [["MULTI"], ["set", "a", "1"], ["incr", "a"], ["EXEC"]]),
        ("redis.call('set','a',1) error('late')", [["set", "a", "1"]]),
        ("redis.pcall('incr','a','b') redis.call('set','a',1.5)", [["set", "a", "1.5"]]),
        ("redis.call('set','a','10') redis.call('incrbyfloat','a',1)", None),
        ("redis.set_repl(redis.REPL_NONE) redis.call('set','a',1)", []),
        ("redis.set_repl(redis.REPL_REPLICA) redis.call('set','a',1)", []),
        (
            "redis.set_repl(0) redis.call('set','b',1) redis.set_repl(redis.REPL_AOF) redis.call('set','a',1)",
            [["set", "a", "1"]],
        ),
    ],
)
def test_the_file_gets_the_effects_as_one_unit(durable, script, commands):
    with durable.client() as client:
        client.do("EVAL", script, 0)
        client.must("PING")
    if commands is None:
        commands = [
            ["MULTI"],
            ["set", "a", "10"],
            ["SET", "a", "11", "KEEPTTL"],
            ["EXEC"],
        ]
    wait_until(lambda: written(durable) == commands, f"{commands}, not {written(durable)}")


def test_a_transaction_with_scripts_is_one_unit(durable):
    with durable.client() as client:
        client.must("MULTI")
        client.must("EVAL", "redis.call('set','a',1) redis.call('set','b',2)", 0)
        client.must("SET", "c", 3)
        client.must("EXEC")
    expected = [["MULTI"], ["set", "a", "1"], ["set", "b", "2"], ["SET", "c", "3"], ["EXEC"]]
    wait_until(lambda: written(durable) == expected, f"{expected}")


def test_a_key_that_expired_unseen_does_not_give_its_expiry_to_the_next(durable):
    """An expired key is deleted in the file too, although the script has turned off propagation."""
    with durable.client() as client:
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        client.must("SET", "a", 5, "PX", 10)
        wait_until(lambda: client.must("EVAL", "redis.set_repl(0) return redis.call('exists','a')", 0) == 0, "expiry")
        assert client.must("INCR", "a") == 1
        client.must("DEBUG", "LOADAOF")
        assert client.must("GET", "a") == b"1"
        assert client.must("TTL", "a") == -1


UNITS = [
    [("SET", "before", 1)],
    [("EVAL", "redis.call('set','a',1) redis.call('rpush','l',1,2) redis.call('expire','l',100000)", 0)],
    [("EVAL", "redis.call('select',2) redis.call('set','b',1) redis.call('select',1) redis.call('del','l')", 0)],
    [("EVAL", "redis.call('select',0) redis.call('hset','h','f',1)", 0)],
    [("EVAL", "redis.call('incr','a') error('late')", 0)],
    [("EVAL", "redis.call('incr','a') redis.call('sadd','s',1) redis.pcall('incr','s') return {err='E'}", 0)],
    [("MULTI",), ("EVAL", "redis.call('set','c',1) redis.call('set','d',1)", 0), ("SET", "e", 1), ("EXEC",)],
]


def test_a_file_cut_at_any_byte_keeps_every_script_entirely_or_not_at_all(tmp_path):
    """After each unit its end in the file and the digest are noted; a cut file restores the last one that is whole."""
    local, path, cut = Local(tmp_path), tmp_path / "appended.aof", tmp_path / "cut.aof"
    local.core.aof_open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 0, "no")
    units = [(0, digest_all(local.core))]
    for unit in UNITS:
        for request in unit:
            local.call(*request)
        units.append((path.stat().st_size, digest_all(local.core)))
    local.core.aof_close()
    whole = path.read_bytes()
    assert units[-1][0] == len(whole)
    for size in range(len(whole) + 1):
        cut.write_bytes(whole[:size])
        end, digest = max(unit for unit in units if unit[0] <= size)
        copy = reader()
        # SELECT is a unit of its own.
        assert end <= load_torn(copy.core, cut) <= size
        assert digest_all(copy.core) == digest, size


def load_torn(core, path) -> int:
    """Loads a file that may be torn; returns the size of its valid part."""
    loader = AofLoader(core, path)
    try:
        while loader.step(1_000_000):
            pass
        return loader.valid_size
    finally:
        loader.close()


def test_what_a_script_wrote_survives_a_kill(start_ours):
    server = start_ours("--appendonly", "yes", "--appendfsync", "always")
    with server.client() as client:
        for number in range(20):
            client.must("EVAL", "redis.call('incr','a') return redis.call('rpush','l',ARGV[1])", 0, number)
    server.kill()
    server.start()
    with server.client() as client:
        assert client.must("GET", "a") == b"20"
        assert client.must("LLEN", "l") == 20
