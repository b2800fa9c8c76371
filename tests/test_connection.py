"""PING, ECHO, QUIT, RESET, AUTH and HELLO, compared with the oracle."""

import hashlib

import pytest

from pyredis._version import REDIS_VERSION
from support.pair import Pair

HELLO_FIELDS = {
    b"server": b"redis",
    b"version": REDIS_VERSION.encode(),
    b"mode": b"standalone",
    b"role": b"master",
    b"modules": [],
}


def as_map(decoded):
    """A reply of HELLO as a map in both protocols."""
    return decoded if isinstance(decoded, dict) else dict(zip(decoded[::2], decoded[1::2], strict=True))


@pytest.fixture
def locked(start_ours, start_oracle):
    """Both servers with a password, not yet connected to."""
    return start_ours("--requirepass", "secret"), start_oracle("--requirepass", "secret")


def both(servers, *commands):
    """Send the commands to both servers, over one new connection each; assert equal replies and return them."""
    answers = []
    for server in servers:
        with server.client() as client:
            answers.append([client.call(*command).raw for command in commands])
    assert answers[0] == answers[1]
    return answers[0]


def test_ping_and_echo_answer(pair):
    for command in (
        ["PING"],
        ["ping", "hello"],
        ["PING", ""],
        ["PING", b"\0\r\n"],
        ["PING", "a", "b"],
        ["ECHO", "x"],
        ["echo", b"\xff\0"],
        ["ECHO"],
        ["ECHO", "a", "b"],
    ):
        pair.check(*command)


def test_ping_works_inside_a_transaction(pair):
    pair.check("MULTI")
    pair.check("PING")
    pair.check("PING", "x")
    pair.check("PING", "x", "y")
    pair.check("EXEC")


def test_quit_answers_and_closes(pair):
    assert pair.check_fatal(b"QUIT\r\nPING\r\n") == b"+OK\r\n"
    assert pair.check_fatal(b"MULTI\r\nQUIT\r\nPING\r\n") == b"+OK\r\n+OK\r\n"
    assert pair.check_fatal(b"QUIT with arguments\r\n") == b"+OK\r\n"


def test_what_follows_quit_is_not_even_parsed(pair):
    quit_request = b"*1\r\n$4\r\nQUIT\r\n"
    assert pair.check_fatal(quit_request + b"*1\r\n:bad\r\n") == b"+OK\r\n"
    assert pair.check_fatal(b"*1\r\n$4\r\nPING\r\n" + quit_request + b"*bad\r\n") == b"+PONG\r\n+OK\r\n"


def test_reset_makes_a_connection_new(pair):
    pair.check("HELLO", 3, "SETNAME", "somebody", by=lambda reply: as_map(reply)[b"proto"])
    pair.check("SELECT", 5)
    pair.check("MULTI")
    pair.check("SET", "k", "v")
    assert pair.check("RESET") == "RESET"
    pair.check("EXEC")
    pair.check("CLIENT", "GETNAME")
    assert b" db=0 " in pair.ours.do("CLIENT", "INFO")
    assert b" resp=2" in pair.ours.do("CLIENT", "INFO")
    pair.check("EXISTS", "k")


def test_reset_ends_silence(pair):
    for client in (pair.ours, pair.oracle):
        client.send("CLIENT", "REPLY", "OFF")
        client.send("RESET")
    pair.check("PING")


def test_hello_tells_about_the_server(pair):
    ours, oracle = as_map(pair.ours.do("HELLO")), as_map(pair.oracle.do("HELLO"))
    assert list(ours) == list(oracle)
    assert {name: ours[name] for name in HELLO_FIELDS} == HELLO_FIELDS
    assert ours[b"proto"] == pair.protocol
    assert ours[b"id"] == pair.ours.do("CLIENT", "ID")


def test_hello_chooses_the_protocol_and_the_name(pair2):
    for arguments in (["3"], ["2", "SETNAME", "n1"], ["3", "setname", "n2", "AUTH", "default", "anything"], ["2"]):
        pair2.check("HELLO", *arguments, by=lambda reply: as_map(reply)[b"proto"])
        pair2.check("CLIENT", "GETNAME")
        pair2.check("GET", "nothing")


@pytest.mark.parametrize(
    "arguments",
    [
        ["1"],
        ["4"],
        ["-3"],
        ["03"],
        ["x"],
        [""],
        ["99999999999999999999"],
        ["3", "what"],
        ["3", "AUTH"],
        ["3", "AUTH", "default"],
        ["3", "AUTH", "nobody", "x"],
        ["3", "SETNAME"],
        ["3", "SETNAME", "two words"],
    ],
)
def test_hello_refuses_what_it_does_not_know_and_changes_nothing(pair, arguments):
    pair.check("CLIENT", "SETNAME", "before")
    pair.check("HELLO", *arguments)
    pair.check("CLIENT", "GETNAME")
    pair.check("GET", "nothing")


def test_hello_sets_no_name_before_all_is_read(client):
    """As in Redis since 7.2; earlier versions set the name as soon as they parse it."""
    assert client.call("HELLO", "2", "SETNAME", "n", "SETNAME").is_error
    assert client.do("CLIENT", "GETNAME") is None


def test_auth_without_a_password_configured(pair):
    for arguments in (["x"], ["default", "x"], ["default", ""], ["nobody", "x"], ["a", "b", "c"], []):
        pair.check("AUTH", *arguments)


def test_nothing_is_served_before_authentication(locked):
    answers = both(
        locked,
        ["PING"],
        ["GET", "k"],
        ["NOSUCHCOMMAND"],
        ["AUTH", "wrong"],
        ["AUTH", "nobody", "secret"],
        ["AUTH", "default", "secre"],
        ["AUTH", "default", "secrets"],
        ["AUTH", ""],
        ["HELLO", "3", "AUTH", "default", "wrong"],
        ["AUTH", "secret"],
        ["PING"],
        ["AUTH", "wrong"],
        ["PING"],
    )
    assert answers[0] == b"-NOAUTH Authentication required.\r\n"
    assert answers[-1] == b"+PONG\r\n"


def test_hello_without_authentication_says_how_to_call_it(locked):
    """The text is that of Redis 7.4; that of 7.0 lacks the protocol version."""
    text = (
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> "
        "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
    )
    for arguments in ([], ["2"], ["3"], ["3", "SETNAME", "n"]):
        with locked[0].client() as client:
            assert str(client.call("HELLO", *arguments).decoded) == text


def test_hello_authenticates(locked):
    for server in locked:
        with server.client() as client:
            assert as_map(client.must("HELLO", "3", "AUTH", "default", "secret", "SETNAME", "n"))[b"proto"] == 3
            assert client.must("CLIENT", "GETNAME") == b"n"


def test_reset_takes_authentication_back(locked):
    assert both(locked, ["AUTH", "secret"], ["RESET"], ["GET", "k"])[-1].startswith(b"-NOAUTH")


def test_a_new_password_holds_for_new_connections(start_ours, start_oracle):
    with Pair(start_ours(), start_oracle()) as pair:
        pair.check("CONFIG", "SET", "requirepass", "later")
        pair.check("PING")
        with pair.another() as fresh:
            fresh.check("PING")
            fresh.check("AUTH", "later")
            fresh.check("PING")


def test_a_password_may_hold_any_bytes(start_ours):
    password = hashlib.sha256(b"").digest() + b"\xff\0\xc3"
    server = start_ours()
    with server.client() as client, server.client() as other:
        other.must("PING")
        client.must("CONFIG", "SET", "requirepass", password)
        client.must("RESET")
        assert client.call("AUTH", password[:-1]).raw.startswith(b"-WRONGPASS")
        client.must("AUTH", password)
        other.must("CONFIG", "SET", "requirepass", "")


def test_refused_passwords_are_counted(locked):
    with locked[0].client() as client:
        client.call("AUTH", "wrong")
        client.call("HELLO", "3", "AUTH", "default", "wrong")
        client.must("AUTH", "secret")
        assert b"acl_access_denied_auth:2\r\n" in client.must("INFO", "stats")
