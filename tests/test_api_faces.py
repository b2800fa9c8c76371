"""What a database in the process has beside the methods of one command: scripts, transactions, callbacks, operators."""

import asyncio
import hashlib
import math
import warnings

import pytest
import redis

import pyredis
from pyredis.embedded.api.argument_forms import Encoder
from pyredis.embedded.api.methods import Methods


@pytest.fixture
def face():
    with pyredis.open(name="faces") as face:
        yield face


@pytest.fixture
def decoding(face):
    """The same data, with str in place of bytes."""
    with pyredis.open(name="faces", decode_responses=True) as decoding:
        yield decoding


@pytest.fixture
def other():
    """An asynchronous database."""
    other = pyredis.aopen()
    yield other
    asyncio.run(other.aclose())


class Written(Methods):
    """Keeps the last call."""

    def _call(self, words, convert=None, decode=True, /):
        self.last = (list(words), convert, decode)
        return self


def test_a_registered_script_is_loaded_when_it_is_missing(face):
    script = face.register_script("return {KEYS[1], ARGV[1], #KEYS}")
    assert script.sha == hashlib.sha1(b"return {KEYS[1], ARGV[1], #KEYS}").hexdigest()
    assert script(keys=["k"], args=[5]) == [b"k", b"5", 1]
    face.script_flush()
    assert script(["k"], ["v"]) == [b"k", b"v", 1]
    assert face.register_script(b"return 1")() == 1
    with pytest.raises(redis.ResponseError, match="mine"):
        face.register_script("return redis.error_reply('mine')")()


def test_a_registered_script_runs_on_another_database(face, decoding):
    assert face.register_script("return 'x'")(client=decoding) == "x"


def test_a_pipeline_loads_the_scripts_that_it_runs(face):
    script = face.register_script("return ARGV[1]")
    pipe = face.pipeline()
    assert script(args=[5], client=pipe) is pipe
    assert pipe.scripts == {script}
    assert pipe.execute() == [b"5"]


def test_an_asynchronous_script_is_loaded_when_it_is_missing():
    async def main():
        async with pyredis.aopen(name="faces") as face:
            script = face.register_script("return ARGV[1]")
            assert await script(args=["v"]) == b"v"
            async with pyredis.aopen(name="faces", decode_responses=True) as decoding:
                assert await script(args=["w"], client=decoding) == "w"

    asyncio.run(main())


def test_a_transaction_is_repeated_while_its_keys_change(face):
    face.set("n", 1)
    rounds = []

    def double(pipe):
        value = int(pipe.get("n"))
        rounds.append(value)
        if len(rounds) < 3:
            face.incr("n")
        pipe.multi()
        pipe.set("n", value * 2)
        pipe.get("n")
        return "own"

    assert face.transaction(double, "n") == [True, b"6"]
    assert rounds == [1, 2, 3]
    assert face.transaction(double, "n", value_from_callable=True, watch_delay=0.001, shard_hint=None) == "own"
    assert face.transaction(lambda pipe: pipe.incr("n")) == [13]


def test_an_asynchronous_transaction_is_repeated_while_its_keys_change():
    async def main():
        async with pyredis.aopen(name="faces") as face:
            await face.set("n", 1)
            rounds = []

            async def double(pipe):
                value = int(await pipe.get("n"))
                rounds.append(value)
                if len(rounds) < 3:
                    await face.incr("n")
                pipe.multi()
                pipe.set("n", value * 2)
                return "own"

            assert await face.transaction(double, "n", watch_delay=0.001) == [True]
            assert rounds == [1, 2, 3]
            assert await face.transaction(double, "n", value_from_callable=True) == "own"
            assert await face.transaction(lambda pipe: pipe.incr("n")) == [13]

    asyncio.run(main())


def test_a_pipeline_keeps_calls_with_their_converters(face):
    pipe = face.pipeline()
    assert pipe.set("a", 1).zadd("z", {"m": 1}).zrange("z", 0, -1, withscores=True).mget([]) is pipe
    assert pipe.execute() == [True, 1, [(b"m", 1.0)], []]


def test_a_pipeline_has_the_callbacks_of_its_database(face):
    face.set_response_callback("GET", lambda reply, **options: (reply, options))
    pipe = face.pipeline()
    face.set_response_callback("ECHO", len)
    pipe.get("a").echo("abc").execute_command("GET", "a", own=1)
    assert pipe.execute() == [(None, {}), 3, (None, {"own": 1})]


def test_a_synchronous_database_is_used_like_a_dict(face):
    face["a"] = 1
    assert face["a"] == b"1"
    assert "a" in face
    del face["a"]
    assert "a" not in face
    with pytest.raises(KeyError, match="a"):
        face["a"]


def test_an_asynchronous_database_is_not_used_like_a_dict(other):
    with pytest.raises(TypeError):
        other["a"]
    with pytest.raises(TypeError):
        other["a"] = 1


def test_watching_belongs_to_pipelines(face, other):
    with pytest.warns(DeprecationWarning, match="pipeline"):
        face.watch("a")
    with pytest.warns(DeprecationWarning, match="pipeline"):
        face.unwatch()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(other.watch("a"))
        asyncio.run(other.unwatch())
    assert [each.category for each in caught] == [DeprecationWarning, DeprecationWarning]


def test_a_callback_replaces_the_conversion_of_a_command(face):
    face.set_response_callback("get", lambda reply, **options: (reply, options))
    face.set("a", 1)
    assert face.execute_command("GET", "a") == (b"1", {})
    assert face.execute_command("get", "a", keys=["a"]) == (b"1", {"keys": ["a"]})
    face.set_response_callback("CONFIG GET", len)
    assert face.execute_command("config get", "maxmemory") == 1
    assert face.execute_command("PING") is True
    assert face.get("a") == (b"1", {})
    assert face.config_get("maxmemory") == 1
    assert face.set("a", 2) is True
    assert face.get(b"\xff") == (None, {})


def test_bit_fields_are_sent_together(face):
    fields = face.bitfield("b")
    assert fields.set("u8", 0, 255).get("u8", 0).incrby("u8", "#0", 10).execute() == [0, 255, 9]
    assert fields.command == ["BITFIELD", "b"]
    assert fields.incrby("u2", 0, 3, overflow="SAT").incrby("u2", 0, 3).overflow("fail").incrby(
        "u2", 0, 1
    ).execute() == [3, 3, None]
    assert face.bitfield("b", default_overflow="FAIL").incrby("u2", 0, 3).execute() == [None]
    theirs = (
        redis.commands.core.BitFieldOperation(None, "b", "SAT").overflow("wrap").get("u8", 0).incrby("u4", 4, 1, "SAT")
    )
    ours = face.bitfield("b", "SAT").overflow("wrap").get("u8", 0).incrby("u4", 4, 1, "SAT")
    assert ours.command == theirs.command


def test_methods_that_change_the_connection_send_their_command():
    written = Written()
    for method, words in (("quit", [b"QUIT"]), ("reset", [b"RESET"]), ("bgrewriteaof", [b"BGREWRITEAOF"])):
        getattr(written, method)()
        assert written.last[0] == words
    assert written.quit().last[1](b"OK") is True
    assert written.reset().last[1](b"RESET") == "RESET"
    assert written.bgrewriteaof().last[1](b"Background append only file rewriting started") is True


def test_replies_that_stay_bytes_are_marked():
    written = Written()
    assert [written.dump("a").last[2], written.function_dump().last[2], written.slowlog_get().last[2]] == [False] * 3
    assert written.get("a").last[2]


def test_shutting_down_fails_if_the_server_goes_on(face, other, monkeypatch):
    def called(words, convert=None, decode=True, /):
        sent.append(words)

    sent = []
    monkeypatch.setattr(face, "_call", called)
    with pytest.raises(redis.RedisError, match="SHUTDOWN seems to have failed"):
        face.shutdown(save=True, now=True, force=True)
    with pytest.raises(redis.RedisError, match="SHUTDOWN seems to have failed"):
        face.shutdown(nosave=True, abort=True)
    assert sent == [["SHUTDOWN", "SAVE", "NOW", "FORCE"], ["SHUTDOWN", "NOSAVE", "ABORT"]]

    def gone(words, convert=None, decode=True, /):
        raise redis.ConnectionError

    monkeypatch.setattr(face, "_call", gone)
    assert face.shutdown() is None

    async def main():
        monkeypatch.setattr(other, "_call", lambda words: done())
        with pytest.raises(redis.RedisError, match="SHUTDOWN seems to have failed"):
            await other.shutdown()

    async def done():
        return None

    asyncio.run(main())


@pytest.mark.parametrize("value", ["é", b"x", bytearray(b"y"), memoryview(b"z"), 1, -2.5, 1e30, math.inf])
def test_an_encoder_encodes_as_redis_py(value):
    theirs = redis.Redis().get_encoder()
    assert bytes(Encoder().encode(value)) == bytes(theirs.encode(value))


@pytest.mark.parametrize("value", [None, True, [], {}])
def test_an_encoder_refuses_what_redis_py_refuses(value):
    with pytest.raises(redis.DataError):
        Encoder().encode(value)


def test_an_encoder_decodes_when_it_is_asked_to():
    assert [Encoder().decode(b"a"), Encoder().decode(b"a", force=True)] == [b"a", "a"]
    decoding = Encoder(decode_responses=True)
    assert [decoding.decode(b"a"), decoding.decode(memoryview(b"a")), decoding.decode(1)] == ["a", "a", 1]
