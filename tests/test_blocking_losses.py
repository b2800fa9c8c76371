"""No element is lost or delivered twice, and no client keeps waiting, whatever ends the wait."""

import contextlib
import random
import threading

import pytest

from support.aof_folder import INCR, requests
from support.client import ConnectionClosed, RawClient, encode_command, wait_until
from support.waiting import await_blocked, blocked

PUSH = encode_command("RPUSH", "k", "x")


# ---- clients that disconnect ----


@pytest.mark.parametrize("leave", [RawClient.close, RawClient.reset_connection], ids=["closed", "reset"])
def test_who_has_gone_takes_nothing(shared_ours, leave):
    with shared_ours.client() as client:
        gone = shared_ours.client()
        gone.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        # Both reach the server at once, in this order: the push may arrive before the end of the connection is read.
        leave(gone)
        client.send_bytes(PUSH)
        assert client.read().decoded == 1
        assert client.must("LRANGE", "k", 0, -1) == [b"x"]
        await_blocked(client, 0)


def test_who_has_gone_with_bytes_unread_takes_nothing(shared_ours):
    with shared_ours.client() as client:
        gone = shared_ours.client()
        gone.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        gone.send("SET", "after", "1")
        gone.close()
        assert client.must("RPUSH", "k", "x") == 1
        assert client.must("LRANGE", "k", 0, -1) == [b"x"]
        await_blocked(client, 0)
        assert client.must("GET", "after") is None


def test_the_next_in_the_queue_gets_what_one_that_has_gone_would_have(shared_ours):
    with shared_ours.client() as client, shared_ours.client() as stays:
        gone = [shared_ours.client() for _ in range(5)]
        for count, other in enumerate([*gone, stays], 1):
            other.send("BLPOP", "k", 0)
            await_blocked(client, count)
        for other in gone:
            other.close()
        client.must("RPUSH", "k", "x")
        assert stays.read().decoded == [b"k", b"x"]


@pytest.mark.parametrize("ending", ["CLIENT KILL", "CLIENT KILL within the transaction that pushes"])
def test_who_is_killed_takes_nothing(shared_ours, ending):
    with shared_ours.client() as client, shared_ours.client() as killed:
        number = killed.must("CLIENT", "ID")
        killed.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        commands = [["CLIENT", "KILL", "ID", number], ["RPUSH", "k", "x"]]
        if "transaction" in ending:
            commands = [["MULTI"], *reversed(commands), ["EXEC"]]
        assert not any(reply.is_error for reply in client.pipeline(commands))
        assert client.must("LRANGE", "k", 0, -1) == [b"x"]
        with pytest.raises(ConnectionClosed):
            killed.read()
        await_blocked(client, 0)


def test_a_unix_socket_that_has_gone_takes_nothing(start_ours, tmp_path):
    path = str(tmp_path / "socket")
    server = start_ours("--unixsocket", path)
    with server.client() as client:
        gone = RawClient(path)
        gone.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        gone.close()
        client.must("RPUSH", "k", "x")
        assert client.must("LLEN", "k") == 1


# ---- many ----


def test_a_thousand_who_wait_for_one_key_are_served_in_turn(shared_ours):
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(shared_ours.client())
        waiters = [stack.enter_context(shared_ours.client()) for _ in range(1000)]
        for count, waiter in enumerate(waiters, 1):
            waiter.send("BLPOP", "k", 0)
            if count % 50 == 0:
                wait_until(lambda: blocked(client) == count, "the blocked clients")  # noqa: B023
        order = {}
        client.must("RPUSH", "k", *range(400))
        for start in range(400, 1000):
            client.must("RPUSH", "k", start)
        for number, waiter in enumerate(waiters):
            order[number] = int(waiter.read().decoded[1])
        # Clients that connect between two polls of the count are queued in any order.
        for start in range(0, 1000, 50):
            assert sorted(order[number] for number in range(start, start + 50)) == list(range(start, start + 50))
        assert client.must("EXISTS", "k") == 0


class Storm:
    """Clients that wait for elements and often disconnect without reading, and others that push elements."""

    PUSHERS, WAITERS, ELEMENTS = 2, 12, 400

    def __init__(self, server):
        self.server = server
        self.received = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.push, args=[number]) for number in range(self.PUSHERS)]
        self.waiters = [threading.Thread(target=self.wait, args=[number]) for number in range(self.WAITERS)]

    def push(self, number):
        with self.server.client() as client:
            for element in range(self.ELEMENTS):
                client.must("RPUSH", f"k{element % 3}", f"{number}:{element}")

    def wait(self, seed):
        chance = random.Random(seed)
        while not self.over.is_set():
            with self.server.client() as client:
                client.must("CLIENT", "SETNAME", "waiter")
                for _ in range(chance.randrange(1, 10)):
                    self.received.append(client.must("BLMOVE", chance.choice(["k0", "k1", "k2"]), "taken", *MOVE))
                client.send("BLMOVE", "k0", "taken", *MOVE)

    def run(self):
        for thread in [*self.waiters, *self.threads]:
            thread.start()
        for thread in self.threads:
            thread.join()
        self.over.set()
        for thread in self.waiters:
            thread.join()


MOVE = ("LEFT", "RIGHT", "0.05")


def test_nothing_is_lost_or_doubled_in_a_storm_of_clients_that_come_and_go(shared_ours):
    storm = Storm(shared_ours)
    storm.run()
    with shared_ours.client() as client:
        await_blocked(client, 0)
        taken = client.must("LRANGE", "taken", 0, -1)
        left = [element for key in ("k0", "k1", "k2") for element in client.must("LRANGE", key, 0, -1)]
    pushed = [b"%d:%d" % (number, element) for number in range(Storm.PUSHERS) for element in range(Storm.ELEMENTS)]
    assert sorted(taken + left) == sorted(pushed)
    heard = [element for element in storm.received if element is not None]
    assert len(heard) == len(set(heard))
    assert set(heard) <= set(taken)


# ---- waits that the server ends ----


def test_who_waits_is_not_idle(start_ours):
    server = start_ours("--timeout", "2")
    with server.client() as waiting, server.client() as idle:
        waiting.send("BLPOP", "k", 0)
        assert idle.read_to_end() == b""
        with server.client() as client:
            client.must("RPUSH", "k", "x")
        assert waiting.read().decoded == [b"k", b"x"]


def test_a_server_shuts_down_while_clients_wait(start_ours):
    server = start_ours()
    with server.client() as waiting, server.client() as client:
        waiting.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        client.send("SHUTDOWN", "NOSAVE")
        assert waiting.read_to_end() == b""
        assert server.wait_exit() == 0


# ---- the append-only file ----

PROPAGATED = {
    "BLPOP k 0": [["LPOP", "k"]],
    "BRPOP k 0": [["RPOP", "k"]],
    "BLMPOP 0 1 k RIGHT COUNT 2": [["RPOP", "k", "2"]],
    "BLMOVE k l LEFT RIGHT 0": [["LMOVE", "k", "l", "LEFT", "RIGHT"]],
    "BRPOPLPUSH k l 0": [["RPOPLPUSH", "k", "l"]],
}


def commands_in_file(server):
    """The commands of the incremental file, as strings, without SELECT."""
    return [words for words in requests(server.folder / "appendonlydir" / INCR) if words[0] != "SELECT"]


@pytest.mark.parametrize("command", PROPAGATED)
@pytest.mark.parametrize("policy", ["always", "everysec"])
def test_what_is_taken_follows_what_was_pushed_in_the_file(start_ours, command, policy):
    server = start_ours("--appendonly", "yes", "--appendfsync", policy)
    with server.client() as client, server.client() as waiter:
        waiter.send(*command.split())
        await_blocked(client, 1)
        client.must("RPUSH", "k", "a", "b", "c")
        assert not waiter.read().is_error
        assert commands_in_file(server) == [["RPUSH", "k", "a", "b", "c"], *PROPAGATED[command]]
        digest = client.must("DEBUG", "DIGEST")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest


def test_what_is_taken_follows_the_whole_transaction_in_the_file(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client, server.client() as waiter:
        waiter.send("BLPOP", "k", 0)
        await_blocked(client, 1)
        client.pipeline([["MULTI"], ["RPUSH", "k", "a"], ["SET", "s", "1"], ["EXEC"]])
        waiter.read()
        words = [["MULTI"], ["RPUSH", "k", "a"], ["SET", "s", "1"], ["EXEC"], ["LPOP", "k"]]
        assert commands_in_file(server) == words


def test_who_waits_in_vain_leaves_nothing_in_the_file(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client:
        assert client.must("BLPOP", "k", "0.01") is None
        client.must("SET", "s", "1")
        assert commands_in_file(server) == [["SET", "s", "1"]]
