"""Replies that a client has not read count as used memory, so that ``maxmemory`` bounds them too."""

import pytest

from support.client import encode_command, wait_until
from support.waiting import fields

MEGABYTES = 24
# Small replies are copied, large ones refer to the stored value.
MANY = encode_command("LRANGE", "list", "0", "-1")
REPLY = b"*1000\r\n" + (b"$1000\r\n" + b"x" * 1000 + b"\r\n") * 1000


@pytest.fixture
def server(start_ours):
    return start_ours("--appendonly", "no")


def used(client) -> int:
    return int(fields(client, "memory")["used_memory"])


def fill(client, megabytes: int) -> None:
    """Makes a list whose items are of 1,000 bytes, a megabyte of them in all; and as many keys of a megabyte."""
    for _ in range(1000):
        client.must("RPUSH", "list", "x" * 1000)
    for number in range(megabytes):
        client.must("SET", f"large:{number}", "x" * (1 << 20))


def unread(client) -> int:
    """Bytes of replies that the client named ``lazy`` has not read, as CLIENT LIST shows them."""
    for line in client.must("CLIENT", "LIST").decode().splitlines():
        shown = dict(field.split("=", 1) for field in line.split())
        if shown["name"] == "lazy":
            return int(shown["omem"])
    return 0


def lazy_client(server):
    client = server.client()
    client.must("CLIENT", "SETNAME", "lazy")
    return client


def test_unread_replies_count_until_they_are_read(server):
    with server.client() as client, lazy_client(server) as lazy:
        fill(client, 0)
        before = used(client)
        lazy.send_bytes(MANY * MEGABYTES)
        wait_until(lambda: used(client) > before + (4 << 20), "replies to be counted")
        assert used(client) - before <= unread(client) + (4 << 20)
        lazy.readexactly(MEGABYTES * len(REPLY))
        wait_until(lambda: used(client) < before + (1 << 20), "replies to be forgotten")


def test_unread_replies_are_forgotten_when_the_client_is_closed(server):
    with server.client() as client:
        fill(client, 0)
        before = used(client)
        with lazy_client(server) as lazy:
            lazy.send_bytes(MANY * MEGABYTES)
            wait_until(lambda: used(client) > before + (4 << 20), "replies to be counted")
        wait_until(lambda: used(client) < before + (1 << 20), "replies to be forgotten")


def test_values_that_are_stored_count_once(server):
    with server.client() as client, lazy_client(server) as lazy:
        fill(client, 1)
        before = used(client)
        lazy.send_bytes(encode_command("GET", "large:0") * 40)
        wait_until(lambda: unread(client) > 4 << 20, "replies to wait")
        assert used(client) < before + (3 << 20)


def test_unread_replies_evict_keys(start_ours):
    server = start_ours("--appendonly", "no", "--maxmemory-policy", "allkeys-random")
    with server.client() as client, lazy_client(server) as lazy:
        fill(client, 40)
        client.must("CONFIG", "SET", "maxmemory", str(used(client) + (1 << 20)))
        lazy.send_bytes(MANY * MEGABYTES)
        wait_until(lambda: int(fields(client, "stats")["evicted_keys"]) > 0, "keys to be evicted")
