"""What each writing command appends to the append-only file: the request as it arrived, or a form that has the same
effect whenever and wherever it is executed.
"""

import re

import pytest

from pyredis.commands.table.command_table import every_spec
from support.aof_folder import INCR, split_requests
from support.client import encode_command, wait_until
from support.propagation_cases import (
    AS_IT_CAME,
    CASES,
    IN_A_TEST_OF_ITS_OWN,
    NOTHING,
    READING_COMMANDS_THAT_WRITE,
)
from support.servers import make_ours


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = make_ours(tmp_path_factory.mktemp("propagation"), "--appendonly", "yes", "--appendfsync", "no")
    try:
        server.start()
        yield server
    finally:
        server.end()


class Propagation:
    """An empty server, and what it appends to its file while it executes a case."""

    def __init__(self, server, client):
        self.server, self.client = server, client
        self.path = server.folder / "appendonlydir" / INCR
        client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        client.must("FLUSHALL")

    def arrange(self, case):
        for name, value in case.config.items():
            self.client.must("CONFIG", "SET", name, value)
        self.begin(*case.before)
        self.noted = self.delivered("1-1")

    def begin(self, *lines):
        """Executes commands whose part of the file is not compared."""
        for line in lines:
            self.client.must(*line.split())
        self.start = self.path.stat().st_size

    def perform(self, case):
        """Executes the request and returns the reply."""
        words = ["" if word == "''" else word for word in case.request.split()]
        if not case.woken:
            return self.client.call(*words).decoded
        with self.server.client() as waiter:
            waiter.send(*words)
            wait_until(lambda: b"blocked_clients:1" in self.client.must("INFO", "clients"), "the request to wait")
            self.client.must(*case.woken.split())
            return waiter.read().decoded

    def does(self, *lines):
        """Executes commands and returns what the server has appended since ``begin``, as texts."""
        for line in lines:
            self.client.must(*line.split())
        return [" ".join(words) for words in split_requests(self.written())]

    def written(self):
        return self.path.read_bytes()[self.start :]

    def check_repeated(self):
        """Checks that executing the file restores the same data."""
        before = self.client.must("DEBUG", "DIGEST")
        self.client.must("DEBUG", "LOADAOF")
        assert self.client.must("DEBUG", "DIGEST") == before

    def moment(self):
        """Returns the server's Unix time in ms."""
        seconds, micros = self.client.must("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    def expected(self, case, reply):
        if case.written == AS_IT_CAME:
            return encode_command(*case.request.split())
        text = re.sub(r"\{(.*?)\}", lambda asked: self.answer(asked[1], reply), case.written)
        return b"".join(encode_command(*line.split()) for line in text.splitlines())

    def answer(self, asked, reply):
        if asked == "reply":
            return as_text(reply)
        if asked == "noted":
            return self.noted
        if asked.startswith("delivered "):
            return self.delivered(asked.split()[1])
        return as_text(self.client.must(*asked.split()))

    def delivered(self, entry):
        """Returns when an entry was last delivered, as Unix time in ms; empty if it is not pending."""
        if self.client.must("TYPE", "s") != "stream":
            return ""
        facts = pairs(self.client.must("XINFO", "STREAM", "s", "FULL"))
        pending = [row for group in facts[b"groups"] for row in pairs(group)[b"pending"] if row[0] == entry.encode()]
        return str(pending[0][2]) if pending else ""


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2], strict=True))


def as_text(reply):
    words = reply if isinstance(reply, list) else [reply]
    return " ".join(word.decode() if isinstance(word, bytes) else str(word) for word in words)


@pytest.fixture
def propagation(server):
    with server.client() as client:
        before = pairs(client.must("CONFIG", "GET", "*"))
        propagation = Propagation(server, client)
        yield propagation
        for name, value in before.items():
            if pairs(client.must("CONFIG", "GET", name)) != {name: value}:
                client.must("CONFIG", "SET", name, value)


ALL = [
    pytest.param(case, id=f"{case.request}{' (woken)' if case.woken else ''}")
    for cases in CASES.values()
    for case in cases
]


def test_every_writing_command_has_a_case_that_says_what_the_file_gets():
    writing = {spec.name for spec in every_spec() if "write" in spec.flags and not spec.subcommands}
    assert CASES.keys() == writing - set(IN_A_TEST_OF_ITS_OWN) | READING_COMMANDS_THAT_WRITE
    for name, cases in CASES.items():
        assert any(case.written != NOTHING for case in cases), name
        for case in cases:
            words = case.request.lower().split()
            assert name == "|".join(words[: 1 + name.count("|")]), case


@pytest.mark.parametrize("case", ALL)
def test_the_file_gets(propagation, case):
    propagation.arrange(case)
    reply = propagation.perform(case)
    assert split_requests(propagation.written()) == split_requests(propagation.expected(case, reply))
    assert propagation.written() == propagation.expected(case, reply)
    propagation.check_repeated()


# ---- transactions, databases, expiry ----


def test_a_transaction_begins_with_its_first_change_and_ends_with_exec(propagation):
    propagation.begin("SET n 1")
    transaction = ["MULTI", "GET n", "INCR n", "GET n", "SET k v EX 1000", "DEL absent", "INCR n", "GET n", "EXEC"]
    written = propagation.does(*transaction)
    expiry = propagation.client.must("PEXPIRETIME", "k")
    assert written == ["MULTI", "INCR n", f"SET k v PXAT {expiry}", "INCR n", "EXEC"]


def test_a_single_change_in_a_transaction_stands_alone(propagation):
    propagation.begin()
    assert propagation.does("MULTI", "GET n", "INCR n", "EXEC") == ["INCR n"]


@pytest.mark.parametrize(
    "lines", [["MULTI", "GET n", "DEL n", "EXEC"], ["MULTI", "INCR n", "DISCARD"], ["MULTI", "EXEC"]]
)
def test_a_transaction_that_changes_nothing_is_not_written(propagation, lines):
    propagation.begin()
    assert propagation.does(*lines) == []


def test_who_is_woken_by_a_transaction_is_served_behind_it(propagation):
    propagation.begin()
    with propagation.server.client() as waiter:
        waiter.send("BLPOP", "a", "0")
        wait_until(lambda: b"blocked_clients:1" in propagation.client.must("INFO", "clients"), "the client to wait")
        written = propagation.does("MULTI", "RPUSH a 1", "RPUSH a 2", "EXEC")
        assert waiter.read().decoded == [b"a", b"1"]
    assert written == ["MULTI", "RPUSH a 1", "RPUSH a 2", "EXEC", "LPOP a"]


def test_a_command_for_another_database_than_the_last_one_s_goes_behind_a_select(propagation):
    propagation.begin("SET k 1")
    written = propagation.does(
        "SELECT 3", "GET k", "SELECT 0", "INCR k", "SELECT 3", "INCR k", "INCR k", "SELECT 0", "INCR k"
    )
    assert written == ["INCR k", "SELECT 3", "INCR k", "INCR k", "SELECT 0", "INCR k"]


def test_a_select_amid_a_transaction_stands_in_it(propagation):
    propagation.begin("SET k 1")
    transaction = ["MULTI", "SELECT 3", "INCR k", "INCR k", "SELECT 0", "INCR k", "EXEC"]
    written = propagation.does(*transaction, "INCR k")
    assert written == ["MULTI", "SELECT 3", "INCR k", "INCR k", "SELECT 0", "INCR k", "EXEC", "INCR k"]


def test_an_inline_command_is_written_as_what_it_means(propagation):
    propagation.begin()
    propagation.client.send_bytes(b"  set \"a b\"   'c' \r\n")
    assert propagation.client.read().decoded == "OK"
    assert propagation.written() == encode_command("set", "a b", "c")


def test_many_random_members_are_removed_by_name(propagation):
    propagation.begin("SADD s " + " ".join(map(str, range(4000))))
    taken = propagation.client.must("SPOP", "s", "3000")
    first, *removals, last = split_requests(propagation.written())
    assert (first, last) == (["MULTI"], ["EXEC"])
    assert {tuple(words[:2]) for words in removals} == {("SREM", "s")}
    assert [member for words in removals for member in words[2:]] == [member.decode() for member in taken]


EXPIRED = [
    ("GET k", []),
    ("EXISTS k", []),
    ("INCR k", ["INCR k"]),
    ("SET k v XX", []),
    ("SET k v", ["SET k v"]),
    ("DEL k", []),
    ("EXPIRE k 1000", []),
    ("RENAME other k", ["RENAME other k"]),
    ("MGET other k", []),
]


@pytest.mark.parametrize(("line", "then"), EXPIRED, ids=[line for line, _ in EXPIRED])
def test_a_key_found_to_have_expired_is_removed_from_the_file_first(propagation, line, then):
    """No reply waits for the removal, so it may be written only with the next change."""
    moment = propagation.moment() + 100
    propagation.begin("SET other 1", f"SET k 5 PXAT {moment}")
    wait_until(lambda: propagation.moment() > moment + 1, "the expiry")
    assert propagation.does(line, "SET end 1") == [*as_unit("DEL k", *then), "SET end 1"]


def as_unit(*lines):
    return ["MULTI", *lines, "EXEC"] if len(lines) > 1 else list(lines)


EXPIRED_KEYS = [
    (["MGET a b"], ["MULTI", "DEL a", "DEL b", "EXEC"]),
    (["MULTI", "GET a", "GET b", "EXEC"], ["MULTI", "DEL a", "DEL b", "EXEC"]),
    (["MULTI", "GET a", "EXEC"], ["DEL a"]),
    (["SCAN 0 COUNT 1000"], ["DEL a", "DEL b"]),
    (["RANDOMKEY"], ["DEL a", "DEL b"]),
]


@pytest.mark.parametrize(("lines", "then"), EXPIRED_KEYS, ids=[" ".join(lines) for lines, _ in EXPIRED_KEYS])
def test_keys_that_one_command_finds_expired_are_a_unit_unless_it_met_them_by_chance(propagation, lines, then):
    """As in Redis: SCAN and RANDOMKEY touch arbitrary keys, and their deletions have nothing to do with each other."""
    moment = propagation.moment() + 100
    propagation.begin(f"SET a 5 PXAT {moment}", f"SET b 5 PXAT {moment}")
    wait_until(lambda: propagation.moment() > moment + 1, "the expiry")
    written = propagation.does(*lines, "SET end 1")
    if "MULTI" not in then:
        written.sort()
    assert written == [*then, "SET end 1"]


def test_keys_that_expire_by_themselves_are_no_unit(propagation):
    propagation.begin("SET a 5 PX 1", "SET b 5 PX 1")
    propagation.client.must("DEBUG", "SET-ACTIVE-EXPIRE", 1)
    try:
        wait_until(lambda: propagation.client.must("DBSIZE") == 0, "the keys to be gone")
    finally:
        propagation.client.must("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    written = propagation.does("SET end 1")
    assert sorted(line for line in written if not line.startswith("SET")) == ["DEL a", "DEL b"]


DUE_FIELDS = [
    ("HSET h g 2", ["HDEL h f", "HSET h g 2"]),
    ("HINCRBY h f 1", ["HDEL h f", "HINCRBY h f 1"]),
    ("HDEL h f", ["HDEL h f"]),
    ("HGET h f", []),
]


@pytest.mark.parametrize(("line", "then"), DUE_FIELDS, ids=[line for line, _ in DUE_FIELDS])
def test_a_due_field_is_removed_from_the_file_before_it_could_be_met(propagation, line, then):
    """Commands that only read hide the field without removing it."""
    moment = propagation.moment() + 100
    propagation.begin("HSET h f 1 g 1", f"HPEXPIREAT h {moment} FIELDS 1 f")
    wait_until(lambda: propagation.moment() > moment + 1, "the expiry")
    assert propagation.does(line, "SET end 1") == [*as_unit(*then), "SET end 1"]
