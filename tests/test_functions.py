"""FUNCTION, FCALL and FCALL_RO, compared with the oracle in both protocols."""

import hashlib

import pytest

from support.function_cases import FAILURES, FUNCTIONS, LIBRARIES, LINES, library, library_of_functions

ONE = library("one", "redis.register_function('f', function() return 1 end)")
TWO = library("two", "redis.register_function('g', function() return 2 end)")


@pytest.fixture
def functions(pair):
    """A pair without libraries."""
    pair.setup("FUNCTION", "FLUSH")
    yield pair
    pair.setup("FUNCTION", "FLUSH")


def as_pairs(value):
    """Maps as lists, and lists without their order, because a server lists libraries and functions in any order."""
    if isinstance(value, dict):
        value = [item for pair in value.items() for item in pair]
    if isinstance(value, list | tuple | set | frozenset):
        return sorted((as_pairs(item) for item in value), key=repr)
    return value


def check_list(pair, *options):
    return pair.check("FUNCTION", "LIST", *options, by=as_pairs)


# ---- loading ----


@pytest.mark.parametrize("text", LINES)
def test_the_first_line_names_engine_and_library(functions, text):
    functions.check("FUNCTION", "LOAD", text)
    functions.check("FUNCTION", "LOAD", "REPLACE", text)
    check_list(functions, "WITHCODE")


@pytest.mark.parametrize("text", FAILURES)
def test_what_cannot_be_loaded_has_the_errors_of_redis(functions, text):
    functions.setup("FUNCTION", "LOAD", TWO)
    functions.check("FUNCTION", "LOAD", library("l", text))
    functions.check("FUNCTION", "LOAD", "REPLACE", library("two", text))
    check_list(functions, "WITHCODE")
    functions.check("FCALL", "g", 0)


@pytest.mark.parametrize("text", LIBRARIES)
def test_a_library_registers_its_functions(functions, text):
    functions.check("FUNCTION", "LOAD", library("l", text))
    check_list(functions, "WITHCODE")
    functions.check("FUNCTION", "STATS")
    for name in ("f", "F", "g", "1", "f20"):
        functions.check("FCALL", name, 0)


def test_a_text_that_runs_for_long_is_stopped(functions):
    for text in ("while true do end", "local function f() return f() end f()"):
        functions.check("FUNCTION", "LOAD", library("l", text))
    functions.check("FUNCTION", "LIST")
    functions.check("FUNCTION", "LOAD", ONE)


def test_two_functions_of_a_library_cannot_differ_only_in_case(client):
    """Redis loads such a library, and crashes when it is deleted."""
    text = "redis.register_function('f', function() end) redis.register_function('F', function() end)"
    reply = client.do("FUNCTION", "LOAD", library("l", text))
    assert str(reply) == "ERR Error registering functions: ERR Function already exists in the library"
    assert client.do("FUNCTION", "LIST") == []


def test_the_table_server_is_redis_by_another_name(client):
    """As in Valkey."""
    text = "server.register_function('by_server', function() return server.call('ping') end)"
    assert client.do("FUNCTION", "LOAD", "REPLACE", library("named", text)) == b"named"
    assert client.do("FCALL", "by_server", 0) == "PONG"
    client.must("FUNCTION", "FLUSH")


@pytest.mark.parametrize(
    "words",
    [("LOAD",), ("LOAD", "REPLACE"), ("LOAD", "x", "y"), ("LOAD", "REPLACE", "REPLACE", ONE), ("LOAD", "replace", ONE)],
)
def test_the_options_of_load(functions, words):
    functions.check("FUNCTION", *words)
    check_list(functions)


def test_a_library_is_replaced_only_if_that_is_asked_for(functions):
    other = library("one", "redis.register_function('h', function() return 3 end)")
    for words in ((ONE,), (ONE,), (other,), ("REPLACE", other), ("REPLACE", ONE), ("REPLACE", TWO)):
        functions.check("FUNCTION", "LOAD", *words)
        check_list(functions, "WITHCODE")
        for name in ("f", "g", "h"):
            functions.check("FCALL", name, 0)


def test_names_of_functions_have_one_owner_whatever_their_case(functions):
    functions.check("FUNCTION", "LOAD", ONE)
    upper = library("upper", "redis.register_function('F', function() return 'upper' end)")
    for words in ((upper,), ("REPLACE", upper)):
        functions.check("FUNCTION", "LOAD", *words)
    # The names of libraries have a case.
    functions.check("FUNCTION", "LOAD", library("ONE", "redis.register_function('other', function() end)"))
    functions.check("FUNCTION", "DELETE", "oNe")
    functions.check("FUNCTION", "DELETE", "one")
    functions.check("FUNCTION", "LOAD", upper)
    functions.check("FCALL", "f", 0)


# ---- calling ----


@pytest.fixture
def loaded(functions):
    functions.check("FUNCTION", "LOAD", library_of_functions())
    return functions


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_do_what_those_of_redis_do(loaded, name):
    for called in (name, name.upper(), f"ro_{name}"):
        loaded.check("FCALL", called, 1, "k", "a")
        loaded.check("FCALL_RO", called, 1, "k", "a")
    loaded.digest()


@pytest.mark.parametrize("words", [
    ("keys",), ("keys", "x"), ("keys", -1), ("keys", 1), ("keys", 5, "a"), ("keys", 0), ("keys", 0, "a", "b"),
    ("keys", 2, "a", "b", "c"), ("keys", 0, b"\0\xff\r\n"), ("nosuch", 0), ("nosuch", "x"), ("", 0), ("x" * 1000, 0),
    ("keys", 9223372036854775808), ("keys", "1.0"), ("keys", " 1"),
])  # fmt: skip
def test_keys_and_arguments(loaded, words):
    loaded.check("FCALL", *words)
    loaded.check("FCALL_RO", *words)
    loaded.check("COMMAND", "GETKEYS", "FCALL", *words)
    loaded.check("COMMAND", "GETKEYSANDFLAGS", "FCALL_RO", *words)


def test_a_library_keeps_its_state_until_it_is_replaced(functions):
    counting = library("c", "local n = 0 redis.register_function('count', function() n = n + 1 return n end)")
    functions.check("FUNCTION", "LOAD", counting)
    for _ in range(3):
        functions.check("FCALL", "count", 0)
    functions.check("FUNCTION", "LOAD", "REPLACE", counting)
    functions.check("FCALL", "count", 0)


def test_scripts_and_functions_share_no_globals(functions):
    functions.check("FUNCTION", "LOAD", library("g", "redis.register_function('g', function() return KEYS end)"))
    functions.check("EVAL", "return KEYS[1]", 1, "a")
    functions.check("FCALL", "g", 0)
    functions.check("EVAL", "return redis.register_function", 0)
    functions.check("EVAL", "return redis.call('fcall', 'g', 0)", 0)
    functions.check("EVAL", "return redis.call('function', 'list')", 0)
    functions.check("SCRIPT", "FLUSH")
    functions.check("FCALL", "g", 0)


def test_functions_in_a_transaction(functions):
    functions.check("MULTI")
    functions.check("FUNCTION", "LOAD", library("t", "redis.register_function('t', function() return {1} end)"))
    functions.check("FCALL", "t", 0)
    functions.check("FUNCTION", "DELETE", "t")
    functions.check("FCALL", "t", 0)
    functions.check("FUNCTION", "STATS")
    functions.check("EXEC")
    functions.check("FUNCTION", "STATS")


def test_flushing_the_data_keeps_the_functions(functions):
    functions.check("FUNCTION", "LOAD", ONE)
    functions.check("FLUSHALL")
    functions.check("FCALL", "f", 0)


def test_a_function_reads_and_writes_the_database_of_its_caller(functions):
    text = "redis.register_function('put', function(keys) return redis.call('set', keys[1], 1) end)"
    functions.check("FUNCTION", "LOAD", library("p", text))
    functions.check("SELECT", 3)
    functions.check("FCALL", "put", 1, "a")
    functions.check("DBSIZE")
    functions.digest()


# ---- the other subcommands ----


@pytest.mark.parametrize("words", [
    ("LIST", "x"), ("LIST", "LIBRARYNAME"), ("LIST", "LIBRARYNAME", "O*"), ("LIST", "LIBRARYNAME", "*", "WITHCODE"),
    ("LIST", "LIBRARYNAME", "x", "LIBRARYNAME", "y"), ("LIST", "WITHCODE", "WITHCODE"), ("LIST", "libraryname", "t??"),
    ("LIST", "LIBRARYNAME", ""), ("LIST", "withcode"), ("LIST", "LIBRARYNAME", "[a-o]ne"),
    ("STATS",), ("STATS", "x"), ("KILL",), ("KILL", "x"), ("DELETE",), ("DELETE", "nosuch"), ("DELETE", "a", "b"),
    ("FLUSH", "x"), ("FLUSH", "SYNC", "x"), ("FLUSH", "async"), ("FLUSH", "SYNC"), ("FLUSH",), ("DUMP", "x"),
    ("RESTORE",), ("RESTORE", "x"), ("RESTORE", "x", "y"), ("RESTORE", "x", "y", "z"), ("NOSUCH",), (), ("HELP", "x"),
])  # fmt: skip
def test_the_forms_of_function(functions, words):
    for text in (ONE, TWO):
        functions.setup("FUNCTION", "LOAD", text)
    functions.check("FUNCTION", *words, by=as_pairs)
    check_list(functions)


def test_without_libraries_nothing_needs_an_interpreter(functions):
    for words in (("LIST",), ("STATS",), ("FLUSH",), ("KILL",), ("DELETE", "x"), ("LIST", "LIBRARYNAME", "*")):
        functions.check("FUNCTION", *words)
    functions.check("FCALL", "f", 0)
    functions.check("FCALL", "f", "x")


def test_help_names_every_subcommand(client):
    lines = [str(line) for line in client.must("FUNCTION", "HELP")]
    for name in ("DELETE", "DUMP", "FLUSH", "KILL", "LIST", "LOAD", "RESTORE", "STATS", "HELP"):
        assert any(line.startswith(name) for line in lines)


# ---- limits of the server ----


FLAGGED = [
    "#!lua\nreturn redis.call('set','a',1)",
    "#!lua flags=no-writes\nreturn redis.call('get','a')",
    "#!lua flags=allow-oom\nreturn redis.call('set','a',1)",
    "return redis.call('set','a',1)",
    "#!lua flags=nosuch\nreturn 1",
]
BY_FLAGS = """
    redis.register_function('w', function(k) return redis.call('set', 'a', 1) end)
    redis.register_function{function_name='r', callback=function(k) return redis.call('get', 'a') end,
                            flags={'no-writes'}}
    redis.register_function{function_name='o', callback=function(k) return redis.call('set', 'a', 1) end,
                            flags={'allow-oom'}}"""


@pytest.mark.parametrize(
    "command",
    [("FCALL", name, 0) for name in ("w", "r", "o", "W", "nosuch")]
    + [("FCALL_RO", name, 0) for name in ("w", "r")]
    + [(command, script, 0) for command in ("EVAL", "EVAL_RO") for script in FLAGGED],
)
def test_a_transaction_that_lacks_memory_by_then_is_refused_by_the_flags_of_its_scripts(functions, command):
    functions.check("FUNCTION", "LOAD", library("m", BY_FLAGS))
    functions.setup("SCRIPT", "FLUSH")
    functions.check("EVAL", "return redis.call('set', 'a', 1)", 0)
    functions.check("MULTI")
    functions.check(*command)
    with functions.another() as other:
        other.setup("CONFIG", "SET", "maxmemory", 1)
    try:
        functions.check("EXEC")
    finally:
        functions.setup("CONFIG", "SET", "maxmemory", 0)


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (("FCALL", "w", 0), True),
        (("FCALL", "r", 0), False),
        (("FCALL", "o", 0), False),
        (("FCALL", "nosuch", 0), False),
        (("EVAL", FLAGGED[0], 0), True),
        (("EVAL", FLAGGED[0] + " ", 0), True),
        (("EVAL", FLAGGED[1], 0), False),
        (("EVAL", FLAGGED[3], 0), False),
        (("EVAL", FLAGGED[4], 0), False),
        (("EVALSHA", hashlib.sha1(FLAGGED[0].encode()).hexdigest(), 0), True),
        (("EVALSHA", hashlib.sha1(FLAGGED[1].encode()).hexdigest(), 0), False),
    ],
)
def test_without_memory_scripts_are_queued_by_their_flags(client, command, refused):
    """As in Redis 7.4; 7.0 refuses to queue anything."""
    client.must("FUNCTION", "LOAD", "REPLACE", library("m", BY_FLAGS))
    for script in FLAGGED[:2]:
        client.must("SCRIPT", "LOAD", script)
    client.must("CONFIG", "SET", "maxmemory", 1)
    try:
        client.must("MULTI")
        reply = client.do(*command)
        client.do("EXEC")
    finally:
        client.must("CONFIG", "SET", "maxmemory", 0)
        client.must("FUNCTION", "FLUSH")
    assert str(reply) == ("OOM command not allowed when used memory > 'maxmemory'." if refused else "QUEUED")


def test_functions_obey_maxmemory_by_their_flags(functions):
    functions.check("FUNCTION", "LOAD", library("m", BY_FLAGS))
    functions.setup("SCRIPT", "FLUSH")
    functions.setup("EVAL", "return 1", 0)
    functions.setup("CONFIG", "SET", "maxmemory", 1)
    try:
        for name in ("w", "r", "o"):
            functions.check("FCALL", name, 0)
        functions.check("FCALL_RO", "r", 0)
        functions.check("FUNCTION", "LOAD", ONE)
        functions.check("FUNCTION", "RESTORE", "x")
        for name in ("w", "r", "o"):
            functions.check("FCALL_RO", name, 0)
        for script in FLAGGED:
            functions.check("EVAL", script, 0)
            functions.check("EVAL_RO", script, 0)
            functions.check("EVALSHA", hashlib.sha1(script.encode()).hexdigest(), 0)
    finally:
        functions.setup("CONFIG", "SET", "maxmemory", 0)


def test_memory_and_numbers_are_in_info(client):
    client.must("FUNCTION", "FLUSH")

    def info():
        lines = client.must("INFO", "memory").decode().splitlines()
        return {name: int(value) for name, _, value in (line.partition(":") for line in lines) if value.isdigit()}

    empty = info()
    assert [empty[name] for name in ("number_of_functions", "number_of_libraries", "used_memory_vm_functions")] == [
        0,
        0,
        0,
    ]
    client.must("FUNCTION", "LOAD", library("big", f"--{'x' * 100000}\nredis.register_function('f', function() end)"))
    full = info()
    assert (full["number_of_functions"], full["number_of_libraries"]) == (1, 1)
    assert full["used_memory_vm_functions"] > 0
    assert full["used_memory_functions"] - empty["used_memory_functions"] > 100000
    assert full["used_memory"] - empty["used_memory"] > 100000
    assert full["used_memory_vm_total"] == full["used_memory_vm_eval"] + full["used_memory_vm_functions"]
    assert full["used_memory_scripts"] == full["used_memory_scripts_eval"] + full["used_memory_functions"]
    stats = client.must("MEMORY", "STATS")
    if isinstance(stats, list):
        stats = dict(zip(stats[::2], stats[1::2], strict=True))
    assert stats[b"functions.caches"] == full["used_memory_functions"]
    assert stats[b"overhead.total"] == full["used_memory_overhead"]
    assert full["used_memory_overhead"] - empty["used_memory_overhead"] > 100000
    client.must("FUNCTION", "DELETE", "big")
    again = info()
    assert again["number_of_libraries"] == 0
    assert again["used_memory_functions"] < 10000
    client.must("FUNCTION", "FLUSH")
    assert info()["used_memory_vm_functions"] == 0
