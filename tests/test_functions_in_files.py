"""Functions in the append-only file and its rewriting, and payloads of FUNCTION DUMP, exchanged with the oracle.

A payload is that of an RDB file: ``F5`` and a string for each library, two bytes of version, eight of CRC-64.
"""

import os
import random
import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_functions import ONE, TWO, as_pairs, check_list

from support.aof_folder import INCR, commands, requests
from support.client import wait_until
from support.function_cases import library, library_of_functions

LONG = bool(os.environ.get("PYREDIS_LONG"))
COUNTER = library("counter", "redis.register_function('up', function(k) return redis.call('incr', k[1]) end)")
TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ 0x95AC9329AC4BC9B5 if byte & 1 else byte >> 1
    TABLE.append(byte)


@pytest.fixture
def durable(start_ours):
    return start_ours("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")


@pytest.fixture
def functions(pair):
    pair.setup("FUNCTION", "FLUSH")
    yield pair
    pair.setup("FUNCTION", "FLUSH")


def listed(client):
    return as_pairs(client.must("FUNCTION", "LIST", "WITHCODE"))


def written(server):
    path = server.folder / "appendonlydir" / INCR
    return [words for words in requests(path) if words[0] != "SELECT"]


def rewrite(client):
    client.must("BGREWRITEAOF")
    wait_until(lambda: b"aof_rewrite_in_progress:0" in client.must("INFO", "persistence"), "the end of the rewriting")


# ---- the file ----


def test_the_file_gets_what_changes_libraries_and_nothing_else(durable):
    with durable.client() as client:
        for words in (("LOAD", ONE), ("LOAD", "REPLACE", ONE), ("LOAD", TWO), ("DELETE", "one"), ("DUMP",), ("LIST",)):
            client.must("FUNCTION", *words)
        for words in (("LOAD", TWO), ("LOAD", "x"), ("DELETE", "one"), ("RESTORE", "x"), ("FLUSH", "x")):
            assert str(client.do("FUNCTION", *words)).startswith("ERR")
        client.must("FCALL", "g", 0)
        client.must("FUNCTION", "FLUSH")
    assert written(durable) == [
        ["FUNCTION", "LOAD", ONE],
        ["FUNCTION", "LOAD", "REPLACE", ONE],
        ["FUNCTION", "LOAD", TWO],
        ["FUNCTION", "DELETE", "one"],
        ["FUNCTION", "FLUSH"],
    ]


def test_a_function_s_effects_are_in_the_file_instead_of_its_call(durable):
    text = "redis.register_function('w', function(k) redis.call('set', k[1], 1) return redis.call('incr', k[1]) end)"
    with durable.client() as client:
        client.must("FUNCTION", "LOAD", library("w", text))
        assert client.must("FCALL", "w", 1, "a") == 2
    assert written(durable)[1:] == [["MULTI"], ["set", "a", "1"], ["incr", "a"], ["EXEC"]]


def test_a_transaction_that_changes_libraries_is_one_unit(durable):
    with durable.client() as client:
        for words in (("MULTI",), ("SET", "a", "1"), ("FUNCTION", "LOAD", ONE), ("EXEC",)):
            client.must(*words)
    assert written(durable) == [["MULTI"], ["SET", "a", "1"], ["FUNCTION", "LOAD", ONE], ["EXEC"]]


def test_the_changes_of_libraries_are_counted(client):
    def changes():
        return int(client.must("INFO", "persistence").split(b"rdb_changes_since_last_save:")[1].split()[0])

    client.must("FUNCTION", "FLUSH")
    client.must("FUNCTION", "LOAD", ONE)
    payload = client.must("FUNCTION", "DUMP")
    before = changes()
    for number, words in enumerate(
        [
            ("LOAD", "REPLACE", ONE),
            ("DELETE", "one"),
            ("RESTORE", payload),
            ("RESTORE", payload, "REPLACE"),
            ("FLUSH",),
        ],
        1,
    ):
        client.must("FUNCTION", *words)
        assert changes() == before + number


@pytest.mark.parametrize("rewritten", [False, True])
def test_functions_survive_a_kill(durable, rewritten):
    with durable.client() as client:
        for text in (ONE, TWO, COUNTER, library_of_functions()):
            client.must("FUNCTION", "LOAD", text)
        client.must("FUNCTION", "DELETE", "two")
        if rewritten:
            rewrite(client)
        client.must(
            "FUNCTION", "LOAD", "REPLACE", library("one", "redis.register_function('f', function() return 11 end)")
        )
        assert [client.must("FCALL", "up", 1, "n") for _ in range(3)] == [1, 2, 3]
        before = listed(client)
    durable.kill()
    durable.start()
    with durable.client() as client:
        assert listed(client) == before
        assert client.must("FCALL", "f", 0) == 11
        assert client.must("FCALL", "up", 1, "n") == 4
        assert str(client.do("FCALL", "g", 0)) == "ERR Function not found"


def test_what_functions_have_written_survives_a_kill_and_no_call_does_so_in_part(durable):
    text = """redis.register_function('both', function(keys)
        redis.call('incr', keys[1])
        redis.call('rpush', keys[2], redis.call('get', keys[1]))
        return redis.call('llen', keys[2])
    end)"""
    acknowledged = 0
    with durable.client() as client:
        client.must("FUNCTION", "LOAD", library("both", text))
    for _ in range(4):
        with durable.client() as client:
            for _ in range(1000):
                client.send("FCALL", "both", 2, "n", "l")
            for _ in range(random.Random(acknowledged).randint(1, 500)):
                acknowledged = client.read().decoded
            durable.kill()
        durable.start()
        with durable.client() as client:
            length = client.must("LLEN", "l")
            assert length >= acknowledged
            assert client.must("GET", "n") == b"%d" % length
            assert client.must("LRANGE", "l", 0, -1) == [b"%d" % number for number in range(1, length + 1)]


def test_a_payload_that_was_restored_survives_a_kill(durable):
    with durable.client() as client:
        client.must("FUNCTION", "LOAD", ONE)
        payload = client.must("FUNCTION", "DUMP")
        client.must("FUNCTION", "FLUSH")
        client.must("FUNCTION", "LOAD", TWO)
        client.must("FUNCTION", "RESTORE", payload)
        before = listed(client)
    durable.kill()
    durable.start()
    with durable.client() as client:
        assert listed(client) == before


def test_changes_during_a_rewrite_are_kept(durable):
    """The base has the libraries of its beginning, and the file after it what changed."""
    with durable.client() as client:
        client.must("DEBUG", "POPULATE", 100000)
        client.must("FUNCTION", "LOAD", ONE)
        client.must("FUNCTION", "LOAD", TWO)
        client.must("BGREWRITEAOF")
        client.must(
            "FUNCTION", "LOAD", "REPLACE", library("one", "redis.register_function('f', function() return 7 end)")
        )
        client.must("FUNCTION", "DELETE", "two")
        client.must("FUNCTION", "LOAD", COUNTER)
        wait_until(
            lambda: b"aof_rewrite_in_progress:0" in client.must("INFO", "persistence"), "the end of the rewriting"
        )
        before = listed(client)
        client.must("DEBUG", "LOADAOF")
        assert listed(client) == before
        assert client.must("FCALL", "f", 0) == 7
        assert client.must("DBSIZE") == 100000


def test_loading_the_file_again_forgets_what_it_does_not_hold(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client:
        client.must("FUNCTION", "LOAD", ONE)
        client.must("DEBUG", "LOADAOF")
        assert client.must("FCALL", "f", 0) == 1


def test_files_with_functions_are_exchanged_with_redis(start_ours, start_oracle):
    """A base with libraries, and a file with changes after it."""
    options = ("--appendonly", "yes", "--aof-use-rdb-preamble", "no")
    for first, second, name in ((start_ours, start_oracle, "to"), (start_oracle, start_ours, "from")):
        server = first(*options, name=name)
        with server.client() as client:
            client.must("SET", "a", 1)
            for text in (ONE, TWO, library_of_functions()):
                client.must("FUNCTION", "LOAD", text)
            rewrite(client)
            client.must("FUNCTION", "DELETE", "two")
            client.must("FUNCTION", "LOAD", COUNTER)
            before = listed(client)
        server.stop()
        with second(*options, name=name).client() as client:
            assert listed(client) == before
            assert client.must("FCALL", "up", 1, "a") == 2


def test_a_file_that_is_cut_inside_a_library_is_repaired(durable):
    with durable.client() as client:
        client.must("FUNCTION", "LOAD", ONE)
        client.must("FUNCTION", "LOAD", library_of_functions())
    durable.kill()
    path = durable.folder / "appendonlydir" / INCR
    whole = path.read_bytes()
    for cut in (len(whole) - 1, len(whole) - 100, whole.rindex(b"*3")):
        path.write_bytes(whole[:cut])
        durable.start()
        with durable.client() as client:
            assert as_pairs(client.must("FUNCTION", "LIST", "WITHCODE")) == as_pairs([[
                b"library_name", b"one", b"engine", b"LUA", b"functions",
                [[b"name", b"f", b"description", None, b"flags", []]], b"library_code", ONE.encode(),
            ]])  # fmt: skip
        durable.kill()


def test_a_file_with_a_library_that_cannot_be_loaded_stops_the_start(start_ours):
    """If the server went on, the next rewrite would lose the library."""
    server = start_ours("--appendonly", "yes")
    with server.client() as client:
        client.must("SET", "a", 1)
        client.must("FUNCTION", "LOAD", ONE)
    server.stop()
    path = server.folder / "appendonlydir" / INCR
    data = path.read_bytes()
    path.write_bytes(data.replace(b"function() return 1 end", b"function() return ( end"))
    server.start(wait=False)
    wait_until(lambda: not server.running(), "the start fails")
    assert re.search(r"appendonly\.aof\.1\.incr\.aof at offset \d+: .*: ERR Error compiling function: ", server.log())
    path.write_bytes(data)
    server.start()
    with server.client() as client:
        assert client.must("FCALL", "f", 0) == 1


def test_a_start_has_no_limit_for_the_time_that_a_library_takes(start_ours):
    """The text took less than the limit when it was loaded, on a machine that was less busy perhaps."""
    text = "local n = 0 for i = 1, 60000000 do n = n + 1 end redis.register_function('n', function() return n end)"
    server = start_ours(start=False)
    folder = server.folder / "appendonlydir"
    folder.mkdir(parents=True)
    (folder / INCR).write_bytes(commands(["FUNCTION", "LOAD", library("slow", text)]))
    (folder / "appendonly.aof.manifest").write_text(f"file {INCR} seq 1 type i\n")
    server.arguments += ["--appendonly", "yes"]
    server.start()
    with server.client() as client:
        assert client.must("FCALL", "n", 0) == 60000000


# ---- payloads ----


def crc64(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def sealed(body: bytes, version: int = 10) -> bytes:
    body += struct.pack("<H", version)
    return body + struct.pack("<Q", crc64(body))


def string(text: str, form: str = "short") -> bytes:
    data = text.encode()
    sizes = {
        "short": b"%c" % (len(data) & 63),
        "14": struct.pack(">H", len(data) | 1 << 14),
        "32": b"\x80" + struct.pack(">I", len(data)),
        "64": b"\x81" + struct.pack(">Q", len(data)),
    }
    return sizes[form] + data


def test_the_checksum_is_that_of_redis():
    assert crc64(b"123456789") == 0xE9C6D914C4B8D9CA


@pytest.mark.parametrize("size", [0, 10, 100, 17000, 100000])
@pytest.mark.parametrize("compressible", [False, True])
def test_payloads_are_exchanged_with_redis(functions, size, compressible):
    filler = "x" * size if compressible else "".join(random.Random(size).choices("abcdefghijklmnop0123456789", k=size))
    texts = [ONE, TWO, library("filled", f"--{filler}\nredis.register_function('filled', function() return 3 end)")]
    for side, other in ((functions.ours, functions.oracle), (functions.oracle, functions.ours)):
        functions.setup("FUNCTION", "FLUSH")
        for text in texts:
            side.must("FUNCTION", "LOAD", text)
        payload = side.must("FUNCTION", "DUMP")
        assert other.must("FUNCTION", "RESTORE", payload) == "OK"
        check_list(functions, "WITHCODE")
        functions.check("FCALL", "filled", 0)


def test_a_payload_of_no_libraries(functions):
    functions.check("FUNCTION", "DUMP")
    empty = functions.ours.must("FUNCTION", "DUMP")
    assert empty == sealed(b"")
    functions.check("FUNCTION", "LOAD", ONE)
    for policy in ((), ("APPEND",), ("REPLACE",), ("FLUSH",)):
        functions.check("FUNCTION", "RESTORE", empty, *policy)
        check_list(functions)


def kind(reply):
    words = str(reply).split()
    return words[:2] if words[-2:] == ["already", "exists"] else reply


@pytest.mark.parametrize("policy", ["append", "REPLACE", "Flush", ""])
def test_the_policies_of_restoring(functions, policy):
    options = [policy] if policy else []
    other = library("one", "redis.register_function('h', function() return 3 end)")
    taken = library("three", "redis.register_function('F', function() return 4 end)")
    for present in ([], [ONE], [TWO], [ONE, TWO], [other], [taken], [taken, TWO], [other, taken]):
        for restored in ([ONE], [ONE, TWO], [other], [taken]):
            functions.setup("FUNCTION", "FLUSH")
            for text in restored:
                functions.setup("FUNCTION", "LOAD", text)
            payload = functions.oracle.must("FUNCTION", "DUMP")
            functions.setup("FUNCTION", "FLUSH")
            for text in present:
                functions.setup("FUNCTION", "LOAD", text)
            # Of several collisions, a server reports any.
            functions.check("FUNCTION", "RESTORE", payload, *options, by=kind)
            check_list(functions, "WITHCODE")
            functions.check("FUNCTION", "STATS")
            for name in ("f", "g", "h"):
                functions.check("FCALL", name, 0)


LOOP = library("loop", "while true do end")
BAD_PAYLOADS = {
    "nothing": b"",
    "nine bytes": b"123456789",
    "a wrong checksum": sealed(b"\xf5" + string(ONE, "14"))[:-1] + b"\0",
    "a later version": sealed(b"\xf5" + string(ONE, "14"), 100),
    "an older version": sealed(b"\xf5" + string(ONE, "14"), 9),
    "14 bits": sealed(b"\xf5" + string(ONE, "14")),
    "32 bits": sealed(b"\xf5" + string(ONE, "32")),
    "64 bits": sealed(b"\xf5" + string(ONE, "64")),
    "another opcode": sealed(b"\xf4" + string(ONE, "14")),
    "a string": sealed(b"\0" + string("a") + string("b")),
    "no text": sealed(b"\xf5"),
    "an empty text": sealed(b"\xf5" + string("")),
    "an integer": sealed(b"\xf5\xc0\x05"),
    "a long integer": sealed(b"\xf5\xc2\1\2\3\4"),
    "twice the same": sealed((b"\xf5" + string(ONE, "14")) * 2),
    "a text that fails": sealed(b"\xf5" + string(ONE, "14") + b"\xf5" + string(library("x", "nosuch()"), "14")),
    "functions of one name": sealed(
        b"\xf5" + string(ONE, "14") + b"\xf5" + string(ONE.replace("name=one", "name=x"), "14")
    ),
    "no first line": sealed(b"\xf5" + string("redis.call()")),
}


@pytest.mark.parametrize("name", BAD_PAYLOADS)
def test_payloads_of_every_kind(functions, name):
    functions.setup("FUNCTION", "LOAD", TWO)
    for policy in ((), ("REPLACE",), ("FLUSH",)):
        functions.check("FUNCTION", "RESTORE", BAD_PAYLOADS[name], *policy)
        check_list(functions, "WITHCODE")
        functions.check("FCALL", "g", 0)


@pytest.mark.parametrize(
    "body",
    [
        b"\xf5\x10#!lua", b"\xf5\x80\xff\xff\xff\xff", b"\xf5\x81" + b"\xff" * 8, b"\xf5\x81\0\0\0", b"\xf5\x82abcd",
        b"\xf5\xc4abc", b"\xf5\xff", b"\xf5\xc3", b"\xf5\xc3\x02", b"\xf5\xc3\x02\x81" + b"\x7f" * 8 + b"\0a",
        b"\xf5\xc3\x02\x00\0a", b"\xf5\xc3\x00\x05", b"\xf5\xc3\xc0\x05\xc0\x05", b"\xf5\xc3\x03\x20\xe0\xff\xff",
        b"\xf5\xc0", b"\xf5\xc1\1", b"\xf5\xc3\x02\x09\0a",
    ],
)  # fmt: skip
def test_a_payload_whose_checksum_is_right_may_be_nonsense(client, body):
    client.must("FUNCTION", "FLUSH")
    assert str(client.do("FUNCTION", "RESTORE", sealed(body))) == "ERR Failed loading library payload"
    assert client.must("FUNCTION", "LIST") == []


def with_mistakes(draw, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(changed) - 1))
        if draw(st.booleans()):
            changed[place] = draw(st.integers(0, 255))
        else:
            changed[place : place + draw(st.integers(0, 20))] = draw(st.binary(min_size=1, max_size=9))
    return bytes(changed)


def test_a_payload_with_mistakes_changes_nothing_or_is_restored(shared_ours):
    """The checksum is right, so that everything after it is read."""
    with shared_ours.client() as client:
        client.must("FUNCTION", "FLUSH")
        client.must("FUNCTION", "LOAD", library_of_functions())
        compressed = client.must("FUNCTION", "DUMP")[:-10]
        assert compressed[1] == 0xC3
        bodies = [
            b"\xf5" + string(ONE, "14"),
            b"\xf5" + string(ONE, "32") + b"\xf5" + string(COUNTER, "64"),
            compressed,
        ]

        @settings(max_examples=3000 if LONG else 300)
        @given(st.data())
        def check(data):
            body = with_mistakes(data.draw, data.draw(st.sampled_from(bodies)))
            client.must("FUNCTION", "FLUSH")
            client.must("FUNCTION", "LOAD", TWO)
            reply = client.do("FUNCTION", "RESTORE", sealed(body))
            assert reply == "OK" or str(reply).startswith("ERR ")
            assert client.must("FCALL", "g", 0) == 2
            assert reply == "OK" or len(client.must("FUNCTION", "LIST")) == 1

        check()
        client.must("FUNCTION", "FLUSH")


def test_the_texts_of_a_payload_share_one_time_limit(client):
    """Redis has none here: one endless text would stop the server for ever."""
    loops = b"".join(b"\xf5" + string(LOOP.replace("loop", f"loop{number}"), "14") for number in range(1000))
    client.must("FUNCTION", "FLUSH")
    reply = client.do("FUNCTION", "RESTORE", sealed(loops))
    assert str(reply) == "ERR Error registering functions: ERR FUNCTION LOAD timeout"
    many = [library(f"l{number}", f"redis.register_function('f{number}', function() end)") for number in range(1000)]
    assert client.do("FUNCTION", "RESTORE", sealed(b"".join(b"\xf5" + string(text, "14") for text in many))) == "OK"
    assert len(client.must("FUNCTION", "LIST")) == 1000
    client.must("FUNCTION", "FLUSH")


def test_payloads_of_redis_7_4_are_accepted(client):
    client.must("FUNCTION", "FLUSH")
    reply = client.do("FUNCTION", "RESTORE", sealed(b"\xf6" + string(ONE, "14")))
    assert str(reply) == "ERR Pre-GA function format not supported"
    for version in (11, 12):
        assert client.do("FUNCTION", "RESTORE", sealed(b"\xf5" + string(ONE, "14"), version), "FLUSH") == "OK"
        assert client.do("FCALL", "f", 0) == 1
    client.must("FUNCTION", "FLUSH")
