"""``rename-command``: commands with another name, or none, to clients, scripts, COMMAND, the logs and the files."""

import pytest

from pyredis.commands.table.registry import COMMANDS
from pyredis.commands.table.renaming import NO_SUCH, TAKEN, new_names
from pyredis.config import Config, ConfigError
from pyredis.config.load import RenameLine
from support.aof_folder import requests
from support.client import wait_until
from support.pair import Pair
from support.servers import Server

LONG_NAME = "b840fc02d524045429941cc15f59e41cb7be6c52"
RENAMES = {"CONFIG": LONG_NAME, "FLUSHALL": "", "SET": "Store", "AUTH": "login", "SUBSCRIBE": "s", "EXEC": "run"}


def options(renames: dict[str, str]) -> list[str]:
    return [word for old, new in renames.items() for word in ("--rename-command", old, new)]


@pytest.fixture
def renamed(start_ours, start_oracle):
    """Both servers with the same renamed commands."""
    pair = Pair(start_ours(*options(RENAMES)), start_oracle(*options(RENAMES)))
    yield pair
    pair.close()


# ---- clients ----


@pytest.mark.parametrize(
    "command",
    [
        "CONFIG GET port",
        "flushall",
        "SET k v",
        "Store k v",
        "STORE k v",
        "store k",
        f"{LONG_NAME} GET hz",
        f"{LONG_NAME.upper()} GET hz",
        f"{LONG_NAME} NOSUCH",
        f"{LONG_NAME} SET",
        f"{LONG_NAME} SET a",
        "login",
        "login x",
        "AUTH x",
    ],
)
def test_a_command_has_its_new_name_only(renamed, command):
    renamed.check(*command.split())
    renamed.check("GET", "k")


def test_a_transaction_is_run_by_the_new_name_of_exec(renamed):
    renamed.check("MULTI")
    renamed.check("Store", "k", "1")
    renamed.check("SET", "k", "2")
    renamed.check("exec")
    renamed.check("RUN")
    renamed.check("MULTI")
    renamed.check("Store", "k", "1")
    renamed.check("INCR", "k")
    renamed.check("RUN")


@pytest.mark.parametrize("name", ["set", "store", "Store", "flushall", LONG_NAME, "get"])
def test_scripts_use_the_new_names(renamed, name):
    renamed.check("EVAL", f"return redis.pcall('{name}', 'k', 'v')", 0)


def test_a_name_that_has_become_free_can_be_given_to_another_command(start_ours, start_oracle):
    swapped = {"GET": "", "SET": "get", "INCR": "x", "x": "y", "DECR": "incr"}
    pair = Pair(start_ours(*options(swapped)), start_oracle(*options(swapped)))
    for command in ("GET k 5", "INCR k", "y k", "x k", "SET k 1", "DECR k", "STRLEN k"):
        pair.check(*command.split())
    pair.close()


# ---- what is shown ----


def test_help_and_errors_name_a_command_as_the_client_does(start_ours, start_oracle):
    commands = {"CONFIG": "settings", "PUBSUB": "Ps", "XGROUP": "g", "SLOWLOG": "slow"}
    pair = Pair(start_ours(*options(commands)), start_oracle(*options(commands)))
    for command in ("settings HELP", "ps HELP", "g HELP", "slow HELP"):
        pair.check(*command.split(), by=lambda lines: lines[0])
    for command in ("settings NOSUCH", "ps CHANNELS a b", "g NOSUCH", "slow GET 1 2", "slow NOSUCH"):
        pair.check(*command.split())
    pair.close()


@pytest.mark.parametrize(
    "name", ["get", "set", "store", "STORE", LONG_NAME, f"{LONG_NAME}|get", "config|get", "flushall"]
)
def test_command_info_and_docs_find_the_new_names_and_show_the_original_ones(renamed, name):
    ours, oracle = (client.must("COMMAND", "INFO", name) for client in (renamed.ours, renamed.oracle))
    assert [entry and entry[0] for entry in ours] == [entry and entry[0] for entry in oracle]
    ours, oracle = (client.must("COMMAND", "DOCS", name) for client in (renamed.ours, renamed.oracle))
    assert ours[:1] == oracle[:1]


def test_command_lists_what_can_be_called_by_its_original_name(renamed):
    for client in (renamed.ours, renamed.oracle):
        listed = client.must("COMMAND", "LIST")
        assert {b"set", b"config", b"auth"} <= set(listed)
        assert not {b"flushall", b"store", LONG_NAME.encode()} & set(listed)
        assert client.must("COMMAND", "COUNT") == len(client.must("COMMAND"))


def test_the_keys_of_a_call_are_found_by_the_new_name(renamed):
    renamed.check("COMMAND", "GETKEYS", "store", "k", "v")
    renamed.check("COMMAND", "GETKEYS", "set", "k", "v")


def test_statistics_count_a_command_by_its_original_name(renamed):
    for client in (renamed.ours, renamed.oracle):
        client.must("Store", "k", "v")
        stats = client.must("INFO", "commandstats").decode()
        assert "cmdstat_set:calls=1," in stats
        assert "cmdstat_store" not in stats


def test_no_log_shows_the_secrets_of_a_renamed_command(start_ours, start_oracle):
    names = options({"AUTH": "login", "CONFIG": "settings", "HELLO": "greet"})
    pair = Pair(start_ours(*names), start_oracle(*names))
    commands = [
        ("login", "s3cret"),
        ("settings", "SET", "requirepass", "s3cret"),
        ("greet", "2", "AUTH", "default", "s3cret"),
        ("settings", "SET", "requirepass", ""),
    ]
    pair.check("settings", "SET", "slowlog-log-slower-than", "0")
    with pair._ours.server.client() as monitor, pair._oracle.server.client() as other:
        for watcher in (monitor, other):
            watcher.must("MONITOR")
        for client in (pair.ours, pair.oracle):
            for command in commands:
                client.call(*command)
            client.must("PING", "end")
        for watcher in (monitor, other):
            shown = b""
            while b'"end"' not in shown:
                shown += watcher.read().raw
            assert b"s3cret" not in shown
    for client in (pair.ours, pair.oracle):
        assert b"s3cret" not in client.call("SLOWLOG", "GET", "-1").raw
    assert b"(redacted)" in pair.ours.call("SLOWLOG", "GET", "-1").raw
    pair.close()


# ---- files ----


def with_file(server: Server, text: str) -> Server:
    """Lets the server read a configuration file with this text."""
    path = server.folder / "redis.conf"
    path.write_text(text)
    server.command.append(str(path))
    return server.start()


def test_a_rewrite_of_the_configuration_keeps_the_lines(start_ours, start_oracle):
    text = "# names\nrename-command CONFIG settings\nrename-command FLUSHALL ''\nhz 20\n"
    found = []
    for start in (start_ours, start_oracle):
        server = with_file(start(start=False), text)
        with server.client() as client:
            client.must("settings", "SET", "hz", "30")
            client.must("settings", "REWRITE")
        kept = [line for line in (server.folder / "redis.conf").read_text().splitlines() if "names" in line]
        kept += [line for line in (server.folder / "redis.conf").read_text().splitlines() if "rename-command" in line]
        found.append(kept)
        server.restart()
        with server.client() as client:
            assert b"30" in client.must("settings", "GET", "hz")
            assert client.call("FLUSHALL").is_error
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_the_append_only_file_has_the_names_that_clients_sent_and_is_loaded_with_them(start_ours):
    server = start_ours(*options({"SET": "store", "INCR": ""}))
    with server.client() as client:
        client.must("store", "k", "v")
        client.must("store", "expires", "v", "EX", "1000")
    server.stop()
    written = requests(server.folder / "appendonlydir" / "appendonly.aof.1.incr.aof")
    assert [words[0] for words in written][:2] == ["SELECT", "store"]
    server.start()
    with server.client() as client:
        assert client.must("MGET", "k", "expires") == [b"v", b"v"]


def test_a_file_with_the_original_names_is_loaded(start_ours):
    """What the server writes itself has the original names, and so has a file from before the renaming."""
    server = start_ours()
    with server.client() as client:
        client.must("SET", "k", "v")
        client.must("RPUSH", "list", "a")
    server.arguments += options({"SET": "store", "RPUSH": "", "SELECT": ""})
    server.restart()
    with server.client() as client:
        assert client.must("GET", "k") == b"v"
        client.must("store", "later", "v")
        client.must("BGREWRITEAOF")
        wait_until(lambda: b"aof_rewrites:1" in client.must("INFO", "persistence"), "the rewrite")
    server.restart()
    with server.client() as client:
        assert client.must("MGET", "k", "later") == [b"v", b"v"]
        assert client.must("LRANGE", "list", 0, -1) == [b"a"]
        assert client.call("SET", "k", "v").is_error


# ---- errors ----


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("rename-command NOSUCH x", NO_SUCH),
        ("rename-command GET x\nrename-command GET y", NO_SUCH),
        ("rename-command GET set", TAKEN),
        ("rename-command GET x\nrename-command SET X", TAKEN),
        ("rename-command GET get", ""),
        ("rename-command GET", "Bad directive or wrong number of arguments"),
    ],
)
def test_a_line_that_cannot_be_followed_stops_the_start_in_the_words_of_the_oracle(
    start_ours, start_oracle, lines, reason
):
    if not reason:
        with_file(start_ours(start=False), lines)
        return
    shown = []
    for start in (start_ours, start_oracle):
        server = start(start=False)
        path = server.folder / "redis.conf"
        path.write_text(lines)
        server.command.append(str(path))
        server.start(wait=False)
        assert server.wait_exit() == 1
        shown.append(server.log().splitlines())
    ours, oracle = ([line for line in lines if line.startswith((">>>", "Reading", reason))] for lines in shown)
    assert ours == oracle
    assert len(ours) == 3


def test_a_subcommand_cannot_be_renamed():
    with pytest.raises(ConfigError, match=NO_SUCH):
        new_names([RenameLine("config|get", "x", "", 1, "")], COMMANDS)


def test_check_config_finds_a_line_that_cannot_be_followed(tmp_path, capsys):
    from pyredis import cli

    path = tmp_path / "redis.conf"
    path.write_text("port 0\nrename-command NOSUCH x\n")
    assert cli.main([str(path), "--check-config"]) == 1
    error = capsys.readouterr().err
    assert NO_SUCH in error
    assert "at line 2" in error


def test_nothing_is_renamed_by_default():
    assert Config().renames == []
    assert new_names([], COMMANDS) == {}
