"""CLIENT compared with the oracle; what Redis 7.4 added to it, on our server only."""

import re
import time

import pytest

from support.client import ConnectionClosed, RawClient, wait_until

# Fields of a client that Redis 7.4 reports and 7.0 does not.
NEWER = {"watch", "lib-name", "lib-ver"}


def fields(line: bytes) -> dict[str, str]:
    return dict(word.split("=", 1) for word in line.decode().strip("\n").split(" "))


def lines(reply: bytes) -> list[dict[str, str]]:
    return [fields(line) for line in reply.decode().encode().splitlines()]


def client_id(client) -> int:
    return client.must("CLIENT", "ID")


def is_closed(client) -> bool:
    try:
        client.read()
    except ConnectionClosed:
        return True
    return False


def test_every_connection_has_its_number(shared_ours, protocol):
    numbers = []
    for _ in range(3):
        with shared_ours.client(protocol) as client:
            numbers.append(client_id(client))
    assert numbers == sorted(set(numbers))


def test_names(pair):
    for name in ("", "plain", "!~", "two words", "tab\t", "line\n", "\x7f", "é", b"\xff"):
        pair.check("CLIENT", "SETNAME", name)
        pair.check("CLIENT", "GETNAME")
    pair.check("CLIENT", "SETNAME", "")
    pair.check("CLIENT", "GETNAME")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["NOSUCH"],
        ["MAINT_NOTIFICATIONS", "ON"],
        ["ID", "x"],
        ["GETNAME", "x"],
        ["SETNAME"],
        ["INFO", "x"],
        ["LIST", "x"],
        ["LIST", "ID"],
        ["LIST", "ID", "x"],
        ["LIST", "ID", "1", ""],
        ["LIST", "ID", "999999999"],
        ["LIST", "TYPE"],
        ["LIST", "TYPE", "x"],
        ["LIST", "TYPE", "normal", "x"],
        ["LIST", "TYPE", "pubsub"],
        ["LIST", "TYPE", "replica"],
        ["LIST", "TYPE", "SLAVE"],
        ["LIST", "TYPE", "master"],
        ["KILL"],
        ["KILL", "1.2.3.4:5"],
        ["KILL", "ID"],
        ["KILL", "ID", "x"],
        ["KILL", "ID", "0"],
        ["KILL", "ID", "-1"],
        ["KILL", "ID", "999999999"],
        ["KILL", "ID", "1", "TYPE"],
        ["KILL", "TYPE", "x"],
        ["KILL", "TYPE", "master"],
        ["KILL", "TYPE", "pubsub"],
        ["KILL", "USER", "nobody"],
        ["KILL", "SKIPME", "x"],
        ["KILL", "ADDR", "1.2.3.4:5"],
        ["KILL", "LADDR", "1.2.3.4:5", "ADDR", "x"],
        ["KILL", "NOSUCH", "x"],
        ["NO-EVICT"],
        ["NO-EVICT", "x"],
        ["NO-EVICT", "on"],
        ["NO-EVICT", "OFF"],
        ["REPLY"],
        ["REPLY", "x"],
        ["REPLY", "ON"],
        ["UNBLOCK"],
        ["UNBLOCK", "x"],
        ["UNBLOCK", "x", "y"],
        ["UNBLOCK", "1", "y"],
        ["UNBLOCK", "1", "ERROR", "y"],
        ["UNBLOCK", "999999999"],
        ["UNBLOCK", "999999999", "timeout"],
    ],
)
def test_errors_and_empty_answers(pair, arguments):
    pair.check("CLIENT", *arguments)


def test_the_line_has_the_fields_of_redis_in_their_order(pair):
    ours, oracle = (fields(client.must("CLIENT", "INFO")) for client in (pair.ours, pair.oracle))
    assert [name for name in ours if name not in NEWER] == list(oracle)
    assert list(ours)[list(ours).index("multi") + 1] == "watch"
    assert list(ours)[-2:] == ["lib-name", "lib-ver"]


@pytest.mark.parametrize("command", ["NOSUCH x", "CLIENT NOSUCH", "GET", "CLIENT KILL ADDR", "SET k"])
def test_the_line_names_the_last_command_although_it_was_refused(pair, command):
    """An unknown one, and an unknown subcommand, have no name."""
    with pair.another() as other:
        shown = []
        for client, watcher in ((other.ours, pair.ours), (other.oracle, pair.oracle)):
            number = client_id(client)
            client.call(*command.split())
            shown.append(fields(watcher.must("CLIENT", "LIST", "ID", number))["cmd"])
        assert shown[0] == shown[1]


@pytest.mark.parametrize("change", ["SET k v", "DEL k", "FLUSHALL"])
def test_the_line_says_that_a_watched_key_has_been_written(client, other, change):
    """Redis 7.4 stops watching then."""
    number = client_id(other)
    client.must("SET", "k", "v")
    other.must("WATCH", "k", "l")
    line = fields(client.must("CLIENT", "LIST", "ID", number))
    assert (line["flags"], line["watch"]) == ("N", "2")
    client.must(*change.split())
    line = fields(client.must("CLIENT", "LIST", "ID", number))
    assert (line["flags"], line["watch"]) == ("d", "0")
    other.must("MULTI")
    assert fields(client.must("CLIENT", "LIST", "ID", number))["flags"] == "xd"
    assert other.must("EXEC") is None
    assert fields(client.must("CLIENT", "LIST", "ID", number))["flags"] == "N"


def test_the_line_tells_the_state(pair):
    began = time.monotonic()
    pair.reconnect()
    pair.check("CLIENT", "SETNAME", "me")
    pair.check("SELECT", 3)
    pair.check("WATCH", "k")
    equal = (
        "name",
        "flags",
        "db",
        "sub",
        "psub",
        "ssub",
        "multi",
        "events",
        "cmd",
        "user",
        "redir",
        "resp",
    )
    ours = pair.check(
        "CLIENT", "INFO", by=lambda line: {name: fields(line)[name] for name in equal} | {"end": line[-1:]}
    )
    assert fields(ours)["watch"] == "1"
    assert fields(ours)["idle"] == "0"
    assert 0 <= int(fields(ours)["age"]) <= time.monotonic() - began
    assert fields(ours)["addr"] == "{}:{}".format(*pair.ours.socket.getsockname())
    assert fields(ours)["laddr"] == "{}:{}".format(*pair.ours.socket.getpeername())
    assert int(fields(ours)["id"]) == client_id(pair.ours)


def test_the_line_is_a_verbatim_text(pair):
    for subcommand in ("INFO", "LIST"):
        replies = [client.call("CLIENT", subcommand) for client in (pair.ours, pair.oracle)]
        assert replies[0].kind == replies[1].kind


def test_others_see_a_transaction_and_its_end(shared_ours):
    with shared_ours.client() as one, shared_ours.client() as other:
        number = client_id(one)
        one.must("MULTI")
        one.must("PING")
        one.must("PING")
        line = fields(other.must("CLIENT", "LIST", "ID", number))
        assert (line["multi"], line["flags"], line["cmd"]) == ("2", "x", "ping")
        one.must("SET", "k", "x" * 1000)
        grown = int(fields(other.must("CLIENT", "LIST", "ID", number))["multi-mem"]) - int(line["multi-mem"])
        assert 1000 < grown < 1000 + 5 * int(line["multi-mem"])
        one.must("EXEC")
        assert fields(other.must("CLIENT", "LIST", "ID", number))["multi"] == "-1"


def test_list_tells_all_in_the_order_they_came_or_those_asked_for(shared_ours):
    with shared_ours.client() as one, shared_ours.client() as two:
        numbers = [client_id(one), client_id(two)]
        told = [int(line["id"]) for line in lines(one.must("CLIENT", "LIST"))]
        assert told == sorted(told)
        assert set(numbers) <= set(told)
        assert told == [int(line["id"]) for line in lines(one.must("CLIENT", "LIST", "TYPE", "NORMAL"))]
        asked = lines(one.must("CLIENT", "LIST", "ID", *reversed(numbers), 999999999))
        assert [int(line["id"]) for line in asked] == numbers[::-1]


def test_held_input_is_told(shared_ours):
    with shared_ours.client() as one, shared_ours.client() as other:
        number = client_id(one)
        beginning = b"*2\r\n$4\r\nECHO\r\n$10\r\n12345"
        one.send_bytes(beginning)
        held = wait_until(
            lambda: int(fields(other.must("CLIENT", "LIST", "ID", number))["qbuf"]), "the input to be held"
        )
        assert held == len(beginning)
        one.send_bytes(b"67890\r\n")
        assert one.read().decoded == b"1234567890"


def test_setinfo_notes_the_library(client):
    assert client.do("CLIENT", "SETINFO", "lib-name", "redis-py") == "OK"
    assert client.do("CLIENT", "SETINFO", "LIB-VER", "8.0(x)") == "OK"
    line = fields(client.must("CLIENT", "INFO"))
    assert (line["lib-name"], line["lib-ver"]) == ("redis-py", "8.0(x)")
    client.must("CLIENT", "SETINFO", "LIB-VER", "")
    assert fields(client.must("CLIENT", "INFO"))["lib-ver"] == ""


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["lib-what", "x"], "ERR Unrecognized option 'lib-what'"),
        (["Lib-Name", "two words"], "ERR Lib-Name cannot contain spaces, newlines or special characters."),
        (["lib-ver", "1\n"], "ERR lib-ver cannot contain spaces, newlines or special characters."),
        (["lib-ver"], "ERR wrong number of arguments for 'client|setinfo' command"),
    ],
)
def test_setinfo_refuses(client, arguments, error):
    reply = client.call("CLIENT", "SETINFO", *arguments)
    assert reply.is_error
    assert str(reply.decoded) == error


def test_flags_that_a_client_sets(client):
    for subcommand, letter in (("NO-EVICT", "e"), ("NO-TOUCH", "T")):
        assert client.do("CLIENT", subcommand, "on") == "OK"
        assert letter in fields(client.must("CLIENT", "INFO"))["flags"]
        assert client.do("CLIENT", subcommand, "OFF") == "OK"
        assert letter not in fields(client.must("CLIENT", "INFO"))["flags"]
    assert client.call("CLIENT", "NO-TOUCH", "maybe").is_error


def test_reset_takes_back_all_that_a_client_has_set(client, shared_ours):
    """Except for the name of its library, which Redis keeps too."""
    fresh = {"name": "", "flags": "N", "db": "0", "multi": "-1", "watch": "0", "multi-mem": "0", "resp": "2"}
    for words in (
        *("CLIENT NO-EVICT ON", "CLIENT NO-TOUCH ON", "CLIENT SETNAME somebody", "CLIENT SETINFO LIB-NAME lib"),
        *("SELECT 3", "WATCH k l", "MULTI", "SET k v"),
    ):
        client.must(*words.split())
    with shared_ours.client() as other:
        before = lines(other.must("CLIENT", "LIST", "ID", identity_of(other, "somebody")))[0]
        assert set(before["flags"]) == set("xeT")
        assert [name for name in fresh if before[name] == fresh[name] and name != "resp"] == []
    assert client.must("RESET") == "RESET"
    after = fields(client.must("CLIENT", "INFO"))
    assert {name: after[name] for name in fresh} == fresh
    assert after["lib-name"] == "lib"


def identity_of(client, name: str) -> str:
    """The ID of the client with this name."""
    return next(line["id"] for line in lines(client.must("CLIENT", "LIST")) if line["name"] == name)


@pytest.mark.parametrize("end", ["EXEC", "DISCARD", "RESET", "NOSUCH, EXEC"])
def test_a_transaction_that_is_over_keeps_no_memory(client, shared_ours, end):
    client.must("CLIENT", "SETNAME", "queues")
    with shared_ours.client() as other:
        number = identity_of(other, "queues")

        def memory() -> tuple[str, ...]:
            line = lines(other.must("CLIENT", "LIST", "ID", number))[0]
            return line["multi-mem"], line["tot-mem"]

        client.must("PING")
        before = memory()
        assert before[0] == "0"
        client.must("MULTI")
        client.must("SET", "k", "x" * 1000)
        assert all(int(now) >= int(then) + 1000 for now, then in zip(memory(), before, strict=True))
        for command in end.split(", "):
            client.call(command)
        assert memory() == before


@pytest.mark.parametrize("command", [["HGET", "h", "f"], ["HSET", "h", "f", "w"], ["EXPIRE", "h", 1000]])
def test_a_client_may_leave_no_trace_of_its_accesses(start_ours, command):
    server = start_ours("--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", "0", "--lfu-decay-time", "0")
    with server.client() as client:
        client.must("HSET", "h", "f", "v")
        before = client.must("OBJECT", "FREQ", "h")
        client.must("CLIENT", "NO-TOUCH", "ON")
        client.must(*command)
        assert client.must("OBJECT", "FREQ", "h") == before
        client.must("CLIENT", "NO-TOUCH", "OFF")
        client.must(*command)
        assert client.must("OBJECT", "FREQ", "h") > before


def test_reply_off_and_skip(pair2):
    batch = b"CLIENT REPLY OFF\r\nPING a\r\nCLIENT REPLY SKIP\r\nPING b\r\nCLIENT REPLY ON\r\nPING c\r\n"
    assert pair2.check_bytes(batch, replies=2) == ["OK", b"c"]
    assert pair2.check_bytes(b"CLIENT REPLY SKIP\r\nPING d\r\nPING e\r\n", replies=1) == [b"e"]
    assert pair2.check_bytes(b"CLIENT REPLY SKIP\r\nNOSUCH\r\nPING f\r\n", replies=1) == [b"f"]


# KILL.


@pytest.fixture
def other(shared_ours):
    with shared_ours.client() as client:
        client.must("PING")
        yield client


def address(client) -> str:
    return "{}:{}".format(*client.socket.getsockname())


def test_kill_by_address(client, other):
    assert client.do("CLIENT", "KILL", address(other)) == "OK"
    assert is_closed(other)
    assert client.do("PING") == "PONG"


def test_kill_by_the_address_of_the_server(start_ours, tmp_path):
    path = str(tmp_path / "socket")
    server = start_ours("--unixsocket", path)
    with server.client() as client, server.client() as other, RawClient(path) as local:
        local.must("PING")
        other.must("PING")
        assert client.do("CLIENT", "KILL", "LADDR", f"{path}:0") == 1
        assert is_closed(local)
        assert client.do("CLIENT", "KILL", "LADDR", "{}:{}".format(*client.socket.getpeername())) == 1
        assert is_closed(other)
        assert client.do("PING") == "PONG"


def test_a_later_filter_of_a_kind_replaces_an_earlier(pair):
    """So does Redis: of two ids only the last counts."""
    with pair.another() as first, pair.another() as second:
        for client, one, two in ((pair.ours, first.ours, second.ours), (pair.oracle, first.oracle, second.oracle)):
            assert client.do("CLIENT", "KILL", "ID", client_id(one), "ID", client_id(two)) == 1
            assert is_closed(two)
            assert one.do("PING") == "PONG"


def test_kill_by_number(client, other):
    assert client.do("CLIENT", "KILL", "ID", client_id(other)) == 1
    assert is_closed(other)


def test_filters_must_all_be_passed(client, other):
    number = client_id(other)
    assert client.do("CLIENT", "KILL", "ID", number, "ADDR", "1.1.1.1:1") == 0
    assert client.do("CLIENT", "KILL", "ID", number, "LADDR", "1.1.1.1:1") == 0
    assert client.do("CLIENT", "KILL", "ID", number, "TYPE", "pubsub") == 0
    assert client.do("CLIENT", "KILL", "ID", number, "MAXAGE", "100000") == 0
    assert other.do("PING") == "PONG"
    assert client.do("CLIENT", "KILL", "ID", number, "ADDR", address(other), "TYPE", "normal", "USER", "default") == 1
    assert is_closed(other)


def test_who_asks_is_spared_unless_he_says_otherwise(client):
    assert client.do("CLIENT", "KILL", "ADDR", address(client)) == 0
    assert client.do("CLIENT", "KILL", "ID", client_id(client), "SKIPME", "yes") == 0
    assert client.do("CLIENT", "KILL", "ID", client_id(client), "SKIPME", "no") == 1
    assert is_closed(client)


def test_the_old_form_may_hit_oneself(client):
    assert client.do("CLIENT", "KILL", address(client)) == "OK"
    assert is_closed(client)


def test_what_follows_killing_oneself_is_not_executed(client, other):
    client.send_bytes(b"CLIENT KILL %b\r\nSET after kill\r\n" % address(client).encode())
    assert client.read().decoded == "OK"
    assert client.read_to_end() == b""
    assert other.do("EXISTS", "after") == 0


def test_kill_all_others(shared_ours, client):
    crowd = [shared_ours.client() for _ in range(20)]
    for one in crowd:
        one.must("PING")
    others = len(lines(client.must("CLIENT", "LIST"))) - 1
    assert client.do("CLIENT", "KILL", "TYPE", "normal") == others
    assert all(is_closed(one) for one in crowd)


def test_kill_by_age(start_ours):
    server = start_ours()
    with server.client() as old:
        number = client_id(old)
        wait_until(lambda: int(fields(old.must("CLIENT", "INFO"))["age"]) >= 1, "a second of age")
        with server.client() as young:
            assert young.do("CLIENT", "KILL", "MAXAGE", "300", "ID", number) == 0
            assert young.do("CLIENT", "KILL", "MAXAGE", "300", "SKIPME", "no") == 0
            assert young.do("CLIENT", "KILL", "MAXAGE", "1", "ID", number) == 1
        assert is_closed(old)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("x", "maxage is not an integer or out of range"),
        ("0", "maxage should be greater than 0"),
        ("-1", "maxage should be greater than 0"),
        ("9" * 20, "maxage is not an integer or out of range"),
    ],
)
def test_kill_refuses_an_age(client, value, error):
    reply = client.call("CLIENT", "KILL", "MAXAGE", value)
    assert reply.raw == f"-ERR {error}\r\n".encode()


NEWER_SUBCOMMANDS = {"NO-TOUCH", "SETINFO"}
ABSENT_SUBCOMMANDS = {"COMMAND": {"(no"}}


def test_help_lists_all_subcommands(pair2):
    for name in ("ACL", "CLIENT", "CONFIG", "COMMAND", "LATENCY", "MEMORY", "MODULE", "SLOWLOG"):
        ours, oracle = pair2.ours.must(name, "HELP"), pair2.oracle.must(name, "HELP")
        assert ours[0] == oracle[0]
        titles = [line.split()[0] for line in ours[1:] if not line.startswith(" ")]
        assert titles[-1] == "HELP"
        known = {re.split(r"[ \[]", line)[0] for line in oracle[1:] if not line.startswith(" ")}
        assert set(titles) - NEWER_SUBCOMMANDS == known - ABSENT_SUBCOMMANDS.get(name, set())
