"""Error replies become exceptions of redis-py: its own classes where it is installed, else ours of the same names."""

import subprocess
import sys

import pytest
import redis
from redis import exceptions
from redis._parsers.base import BaseParser

from pyredis.embedded.api import client_errors
from support.paths import server_environment

redis_8 = pytest.mark.skipif(int(redis.__version__.split(".")[0]) < 8, reason="these are the classes of redis-py 8")

TEXTS = [
    *(
        "ERR unknown command 'x', with args beginning with: ",
        "WRONGTYPE Operation against a key",
        "x",
        "",
        "ERR",
        "ERR ",
    ),
    *("OOM command not allowed when used memory > 'maxmemory'.", "NOSCRIPT No matching script.", "NOAUTH required."),
    *("WRONGPASS invalid username-password pair", "NOPERM this user has no permissions", "READONLY can't write"),
    *("EXECABORT Transaction discarded", "LOADING Redis is loading", "LOADING", "MASTERDOWN Link down", "NOPROTO no"),
    *("TRYAGAIN again", "CROSSSLOT keys", "CLUSTERDOWN down", "ASK 12 127.0.0.1:7000", "MOVED 12 127.0.0.1:7000"),
    *("BUSY Redis is busy running a script.", "MISCONF errors writing", "UNKILLABLE", "err lower", "ERR  two spaces"),
    *(f"ERR {text}" for text in client_errors.CLASSES_OF_ERR),
]

# What a program sees in which redis-py is not installed.
WITHOUT_REDIS = """
import sys
sys.modules["redis"] = None
from pyredis.embedded.api import client_errors
for name in sorted(client_errors.NAMES):
    found = client_errors.find(name)
    assert found.__module__ == "pyredis.embedded.api.client_errors", found
    print(name, *sorted(each.__name__ for each in found.__mro__ if each.__name__ in client_errors.NAMES))
for text in eval(sys.stdin.read()):
    error = client_errors.reply_exception(text)
    print(repr((type(error).__name__, str(error), error.status_code)))
error = client_errors.find("LockError")("held", lock_name="l")
print((str(error), error.message, error.lock_name, isinstance(error, ValueError), error.error_type.value, repr(error)))
"""


def run_python(source, text=""):
    command = [sys.executable, "-P", "-c", source]
    return subprocess.run(
        command, env=server_environment(), input=text, capture_output=True, text=True, check=True, timeout=120
    ).stdout.splitlines()


@redis_8
@pytest.mark.parametrize("text", TEXTS)
def test_an_error_reply_is_the_exception_that_redis_py_raises(text):
    expected, error = BaseParser.parse_error(text), client_errors.reply_exception(text)
    assert (type(error), str(error)) == (type(expected), str(expected))
    assert (error.status_code, error.error_type) == (expected.status_code, expected.error_type)


@pytest.mark.parametrize("name", sorted(client_errors.NAMES))
def test_a_class_is_that_of_redis_py(name):
    assert client_errors.find(name) is getattr(exceptions, name)


def test_a_class_that_an_older_redis_py_lacks_is_a_response_error(monkeypatch):
    monkeypatch.setattr(client_errors, "_found", {})
    monkeypatch.delattr(exceptions, "NoPermissionError")
    assert type(client_errors.reply_exception("NOPERM no")) is exceptions.ResponseError


@redis_8
def test_without_redis_py_the_classes_have_its_names_and_hierarchy():
    printed = run_python(WITHOUT_REDIS, repr(TEXTS))
    classes = [line.split() for line in printed[: len(client_errors.NAMES)]]
    assert {name for name, *_ in classes} == client_errors.NAMES
    for name, *bases in classes:
        theirs = [each.__name__ for each in getattr(exceptions, name).__mro__]
        assert bases == sorted(each for each in theirs if each in client_errors.NAMES)


@redis_8
def test_without_redis_py_error_replies_have_the_same_classes_and_texts():
    printed = run_python(WITHOUT_REDIS, repr(TEXTS))[len(client_errors.NAMES) : -1]
    for text, line in zip(TEXTS, printed, strict=True):
        expected = BaseParser.parse_error(text)
        known = type(expected).__name__ in client_errors.NAMES
        assert eval(line) == (
            type(expected).__name__ if known else "ResponseError",
            str(expected),
            expected.status_code,
        )


def test_without_redis_py_a_lock_error_has_its_attributes():
    printed = eval(run_python(WITHOUT_REDIS, "[]")[-1])
    assert printed == ("held", "held", "l", True, "server", "server:LockError")


def test_redis_py_is_imported_only_when_an_exception_is_needed():
    source = """
import sys
import pyredis
from pyredis.embedded.api import sync_face, async_face
assert "redis" not in sys.modules
print(sync_face.find("DataError").__module__, "redis" in sys.modules)
"""
    assert run_python(source) == ["redis.exceptions True"]


def test_a_database_works_without_redis_py():
    source = """
import sys
sys.modules["redis"] = None
import asyncio
import pyredis
with pyredis.open() as db:
    db.set("a", 1, ex=60)
    for call in (lambda: db.lpush("a", 1), lambda: db.get(None), lambda: db.evalsha("0" * 40, 0)):
        try:
            call()
        except pyredis.RedisError as error:
            print(type(error).__module__, type(error).__name__, isinstance(error, pyredis.ResponseError))
    with db.lock("l"), db.pipeline() as pipe:
        pipe.watch("a")
        db.incr("a")
        pipe.multi()
        try:
            pipe.get("a").execute()
        except pyredis.WatchError as error:
            print(error)

async def main():
    async with pyredis.aopen() as db:
        async with db.lock("l"):
            print(await db.register_script("return 7")())

asyncio.run(main())
"""
    ours = "pyredis.embedded.api.client_errors"
    assert run_python(source) == [
        f"{ours} ResponseError True",
        f"{ours} DataError False",
        f"{ours} NoScriptError True",
        "Watched variable changed.",
        "7",
    ]
