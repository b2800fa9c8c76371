"""The notation in which programs describe their commands: arguments, keys, flags, and what is refused."""

import re

import pytest
import redis

import pyredis
from pyredis.commands.table.notation import describe_added, word_counts


@pytest.fixture
def server():
    with pyredis.Server() as running:
        yield running


@pytest.fixture
def client(server):
    with redis.Redis.from_url(server.url) as connected:
        yield connected


def keys_of(client, *words):
    """The reply of COMMAND GETKEYS as it was sent."""
    connection = client.connection_pool.get_connection()
    try:
        connection.send_command("COMMAND", "GETKEYS", *words)
        return connection.read_response()
    finally:
        client.connection_pool.release(connection)


@pytest.mark.parametrize(
    ("syntax", "argv", "keys"),
    [
        ("X key", "a", ["a"]),
        ("X value key", "1 a", ["a"]),
        ("X key [key ...]", "a b c", ["a", "b", "c"]),
        ("X key [key ...] timeout", "a b 9", ["a", "b"]),
        ("X key value [key value ...]", "a 1 b 2", ["a", "b"]),
        ("X value key [value key ...]", "1 a 2 b", ["a", "b"]),
        ("X source:key target:key", "a b", ["a", "b"]),
        ("X numkeys key [key ...] [value ...]", "2 a b c", ["a", "b"]),
        ("X value [STORE key]", "1 STORE a", ["a"]),
        ("X key value [STORE target:key]", "a 1 store b", ["a", "b"]),
        ("X [key ...]", "a b", ["a", "b"]),
        ("X [key]", "a", ["a"]),
        ("X <A | B> key", "A a", ["a"]),
    ],
)
def test_the_keys_follow_from_the_syntax(server, client, syntax, argv, keys):
    server.command(syntax, flags="readonly")(lambda ctx, *words: None)
    words = ["X", *argv.split()]
    assert keys_of(client, *words) == [key.encode() for key in keys]
    client.execute_command(*words)


@pytest.mark.parametrize(
    ("syntax", "least", "most"),
    [
        ("X", 0, 0),
        ("X a b", 2, 2),
        ("X a [b]", 1, 2),
        ("X a [b ...]", 1, None),
        ("X a [a ...]", 1, None),
        ("X a b [a b ...]", 2, None),
        ("X a [COUNT count] [NX | XX]", 1, 4),
        ("X a [LIMIT offset count]", 1, 4),
        ("X <MIN | MAX> a", 2, 2),
        ("X a [EX seconds | PX milliseconds | KEEPTTL]", 1, 3),
    ],
)
def test_the_syntax_decides_how_many_arguments_there_are(syntax, least, most):
    spec = describe_added(syntax)
    assert spec.arity == (least + 1 if most == least else -(least + 1))
    assert word_counts(spec.arguments) == (least, most, 2 if syntax == "X a b [a b ...]" else 1)


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        ("", "not the name of a command: ''"),
        ("GET key", "there is a command of this name: 'get'"),
        ("config|get key", "not the name of a command: 'config|get'"),
        ("A" * 32, "not the name of a command: 'AAAA"),
        ("X [key", "unexpected 'end'"),
        ("X key]", "unexpected ']'"),
        ("X []", "unexpected ']'"),
        ("X ...", "unexpected '...'"),
        ("X Key", "unexpected 'Key'"),
        ("X key:number", "no type 'number'"),
        ("X [a] key", "the places of the keys do not follow from it"),
        ("X key [key ...] [a]", "the places of the keys do not follow from it"),
        ("X [a] numkeys key [key ...]", "the places of the keys do not follow from it"),
        ("X <key | a>", "the places of the keys do not follow from it"),
    ],
)
def test_a_wrong_syntax_is_refused_with_its_text(server, syntax, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        server.command(syntax)


def test_wrong_flags_and_categories_are_refused(server):
    for flags in ("writes", "blocking", "allow_busy", "module"):
        with pytest.raises(ValueError, match=f"not a flag of such a command: '{flags}'"):
            server.command("X", flags=flags)
    with pytest.raises(ValueError, match="one of the flags"):
        server.command("X", flags="write readonly")
    with pytest.raises(ValueError, match="no such category: 'strings'"):
        server.command("X", categories="strings")


def test_a_function_that_cannot_be_the_handler_is_refused(server):
    async def coroutine(ctx): ...

    def generator(ctx):
        yield 1

    def few(ctx, key): ...

    def keyword(ctx, *, option): ...

    def listed(ctx, values: list): ...

    def nothing(): ...

    cases = [
        ("X", coroutine, "cannot be a coroutine"),
        ("X", generator, "cannot be a generator"),
        ("X key [value ...]", few, "the syntax allows 1 or more arguments, but not the handler of 'x'"),
        ("X [key]", few, "the syntax allows 0 to 1 arguments"),
        ("X", keyword, "option: a command has no keyword arguments"),
        ("X a", listed, "values: an argument is bytes, str, int or float, not list"),
        ("X", nothing, "first parameter is its context"),
        ("X", 5, "not a function: 5"),
    ]
    for syntax, handler, text in cases:
        with pytest.raises(TypeError, match=text):
            server.command(syntax)(handler)
    server.command("X")(lambda ctx: 1)
    with pytest.raises(ValueError, match="there is a command of this name: 'x'"):
        server.command("x")
    with pytest.raises(ValueError, match="no command of this name was added: 'GET'"):
        server.remove_command("GET")
