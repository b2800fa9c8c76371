"""The methods of a database in the process are redis-py's, and are what their table says."""

import ast
import contextlib
import inspect
from pathlib import Path

import pytest
import redis
import redis.asyncio

import pyredis
from pyredis import embedded
from pyredis.commands.table.command_table import SPECS
from pyredis.embedded.api.method_pattern import parse_pattern
from pyredis.embedded.api.method_table import MODULES
from pyredis.embedded.api.method_writer import generated, spec_of
from pyredis.embedded.api.methods import Methods
from support.api_scripts import COMMON, OURS, TRACKING

redis_8 = pytest.mark.skipif(int(redis.__version__.split(".")[0]) < 8, reason="these are the methods of redis-py 8")

BOTH = pytest.mark.parametrize(
    ("theirs", "ours"), [(redis.Redis, pyredis.Database), (redis.asyncio.Redis, pyredis.AsyncDatabase)]
)

CALLS = [call for script in [*(COMMON | OURS).values(), TRACKING] for call in script]
FILES = generated()
ROWS = [method for methods in MODULES.values() for method in methods]

# Public methods of redis.Redis that are not methods of a command.
CONNECTIONS = {
    *("from_pool", "from_url", "get_cache", "get_connection_kwargs", "get_retry", "initialize"),
    *("parse_response", "set_retry"),
}
MODULE = "of a module, which the server cannot load"
MISSING = {
    **dict.fromkeys(("bf", "cf", "cms", "ft", "json", "load_external_module", "tdigest", "topk", "ts", "vset"), MODULE),
    **{name: "of arrays, a type of Redis 8.8" for name in dir(redis.Redis) if name.startswith("ar")},
    **{
        name: "of Redis 8.6, with state in the client"
        for name in dir(redis.Redis)
        if name.startswith("himport_") and name != "himport_registry"
    },
    **{name: "of Redis 8.6, for its diagnosis" for name in dir(redis.Redis) if name.startswith("hotkeys")},
    **{name: "for a sentinel" for name in dir(redis.Redis) if name.startswith("sentinel")},
    **dict.fromkeys(("digest_local",), "of the xxhash package"),
    **dict.fromkeys(("keyspace_notifications",), "of a pub/sub connection"),
    **dict.fromkeys(("psync", "sync"), "for a replica, which must be a connection"),
}


def public(of):
    return {name for name in dir(of) if not name.startswith("_") and callable(getattr(of, name))}


def parameters(function):
    """Names, kinds and defaults of a method's parameters."""
    found = inspect.signature(function).parameters.values()
    return [(each.name, each.kind.name, each.default) for each in found]


@redis_8
@pytest.mark.parametrize(
    ("theirs", "ours"), [(redis.Redis, pyredis.Database), (redis.asyncio.Redis, pyredis.AsyncDatabase)]
)
def test_every_method_of_redis_py_is_there(theirs, ours):
    assert public(theirs) - public(ours) - CONNECTIONS - set(MISSING) == set()


@redis_8
def test_the_reasons_are_about_methods_that_are_missing():
    assert CONNECTIONS | set(MISSING) <= public(redis.Redis) | set(dir(redis.asyncio.Redis))
    assert (CONNECTIONS | set(MISSING)) & public(pyredis.Database) == set()


@redis_8
@pytest.mark.parametrize(
    ("theirs", "ours"), [(redis.Redis, pyredis.Database), (redis.asyncio.Redis, pyredis.AsyncDatabase)]
)
def test_methods_have_the_parameters_of_redis_py(theirs, ours):
    # A connection pool can be kept open when a client is closed.
    both = public(theirs) & public(ours) - ({"aclose", "close"} if theirs is redis.asyncio.Redis else set())
    # Without a syntax it is COMMAND, as in redis-py; with one it adds a command in Python.
    both -= {"command"}
    different = {
        name: (parameters(getattr(theirs, name)), parameters(getattr(ours, name)))
        for name in both
        if parameters(getattr(theirs, name)) != parameters(getattr(ours, name))
    }
    assert different == {}


@redis_8
def test_native_methods_accept_their_parameters_by_name():
    """Those in Python do anyway."""
    both = public(redis.Redis) & public(pyredis.Database)
    assert {name for name in both if not inspect.isfunction(getattr(pyredis.Database, name))} == {"get", "set"}
    with pyredis.open() as db, db.pipeline() as pipe:
        for face in (db, pipe):
            face.set(name="key", value="value", ex=None)
            face.get(name="key")
        assert pipe.execute() == [True, b"value"]


def test_the_stub_of_native_methods_does_not_hide_the_types_of_the_faces():
    """The native classes come first among the bases of a face, so what their stub has without types has none."""
    stub = ast.parse(Path(embedded.__file__).with_name("handle.pyi").read_text(encoding="utf-8"))
    named = {each.name for each in ast.walk(stub) if isinstance(each, ast.FunctionDef)}
    assert named & public(Methods) == set()


# Methods that a script cannot call, because they change the connection or start work; they have tests of their own.
APART = {"bitfield", "bgrewriteaof", "quit", "reset", "select"}


@pytest.mark.parametrize("name", sorted(public(Methods) - APART))
def test_every_method_is_called_in_a_script_with_each_of_its_options(name):
    signature = inspect.signature(getattr(Methods, name))
    given = set()
    calls = [call for call in CALLS if call.name == name]
    for call in calls:
        given |= set(signature.bind(None, *call.arguments, **call.options).arguments)
    options = {each.name for each in signature.parameters.values() if each.kind.name != "VAR_KEYWORD"}
    assert calls
    assert options - given == set()


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: path.name)
def test_a_generated_file_is_what_the_table_says(path):
    assert path.read_text(encoding="utf-8") == FILES[path]


@pytest.mark.parametrize("method", ROWS, ids=lambda method: method.name)
def test_a_row_uses_only_words_of_its_command(method):
    """The words in capitals are tokens of the command table, in its order or not."""
    spec = spec_of(method)
    if spec is None:
        assert method.pattern.command[0].lower() not in SPECS or method.command.count("|") == 1
        return
    words = {word[2:-1] for item in method.pattern.items for word in item.words if word.startswith('b"')}
    assert words <= tokens(spec.arguments)


def tokens(arguments):
    found = set()
    for argument in arguments:
        found |= {argument.token} | tokens(argument.arguments)
    return found


@pytest.mark.parametrize("method", ROWS, ids=lambda method: method.name)
def test_every_generated_method_has_a_docstring_and_annotations(method):
    function = getattr(Methods, method.name)
    assert function.__doc__
    assert all(each.annotation is not each.empty for each in list(inspect.signature(function).parameters.values())[1:])
    assert inspect.signature(function).return_annotation


def test_patterns_are_read_as_they_are_described():
    pattern = parse_pattern(
        "COPY source destination [DB destination_db:int] [old=REPLACE] values... ~cast:cast=float **"
    )
    assert pattern.command == ("COPY",)
    assert [(each.star, each.name, each.default) for each in pattern.parameters] == [
        ("", "source", ""),
        ("", "destination", ""),
        ("*", "values", ""),
        ("", "destination_db", "None"),
        ("", "old", "False"),
        ("", "cast", "float"),
        ("**", "kwargs", ""),
    ]
    assert [item.condition for item in pattern.items] == ["", "", "destination_db is not None", "old", "", "", ""]


class Written(Methods):
    """Keeps the names of the commands that are sent."""

    def __init__(self):
        self.sent = set()

    def _call(self, words, convert=None, decode=True, /):
        first, *rest = (str(word, "latin-1") if isinstance(word, bytes) else str(word) for word in words[:2])
        first, rest = first.lower(), [word.lower() for word in rest]
        self.sent |= {first, "|".join((first, *rest))}


# Sent as INCRBY, DECRBY and SORT.
AS_OTHERS = {"incr", "decr", "sort_ro"}
# redis-py has no method for them, or it raises an exception; execute_command sends them.
WITHOUT_METHOD = {
    *("georadius_ro", "georadiusbymember_ro", "object|freq", "pfdebug", "pfselftest", "script|debug", "xsetid"),
    *("client|caching", "command|docs", "command|info", "hello", "latency|doctor", "latency|graph"),
    *("latency|histogram", "memory|doctor"),
    *("multi", "exec", "discard", "watch", "unwatch", "monitor", "shutdown"),
    *("subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe"),
}


def test_every_command_of_the_server_has_a_method_unless_redis_py_has_none():
    written = Written()
    for call in CALLS:
        if hasattr(Methods, call.name):
            with contextlib.suppress(redis.DataError, ValueError, TypeError, NotImplementedError):
                call.on(written)
    for name in APART - {"bitfield", "select"}:
        getattr(written, name)()
    written.select(0)
    written.bitfield("b").execute()
    written.client_reply("ON")
    there = {spec.name for spec in SPECS.values() if not spec.subcommands}
    there |= {each.name for spec in SPECS.values() for each in spec.subcommands.values()}
    lacking = {name for name in there - written.sent if not name.endswith("|help")}
    assert lacking == WITHOUT_METHOD | AS_OTHERS
