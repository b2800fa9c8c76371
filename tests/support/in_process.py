"""A server in this process (``fuzz.server``), driven by requests as from a client; its contents can be compared."""

from pathlib import Path

import hiredis

from fuzz.server import FuzzedServer, empty, feed, load
from pyredis.commands.server import invariants
from support.client import encode_command

# Small, so that a value with few elements already has the large encoding.
SMALL = {
    "zset-max-listpack-entries": "4",
    "list-max-listpack-size": "4",
    "list-compress-depth": "1",
    "set-max-intset-entries": "4",
    "set-max-listpack-entries": "4",
    "stream-node-max-entries": "4",
}


class Local:
    """One server and one connection to it."""

    def __init__(self, folder: Path) -> None:
        self.server = FuzzedServer(folder)
        self.core = self.server.core
        self._transport = self.server.connect()
        self._reader = hiredis.Reader()
        for name, value in SMALL.items():
            self.must("CONFIG", "SET", name, value)

    def call(self, *arguments):
        """The reply; an error is returned, not raised."""
        sum(feed(self._transport.connection, encode_command(*arguments)))
        self.server.hub.loop.run()
        self._reader.feed(bytes(self._transport.written))
        self._transport.written.clear()
        reply = self._reader.gets()
        assert reply is not False
        assert not self._reader.has_data()
        return reply

    def must(self, *arguments):
        reply = self.call(*arguments)
        assert not isinstance(reply, Exception), (arguments[:3], reply)
        return reply

    def load(self, path: Path) -> None:
        """Replace all data with the contents of the file."""
        self.empty()
        self.core.loading = True
        load(self.server, path)
        self.core.loading = False
        self.core.tick()

    def empty(self) -> None:
        self.call("DISCARD")
        self.call("UNWATCH")
        self.call("SELECT", 0)
        empty(self.core)
        invariants.release_scratch(self.core)

    def sound(self) -> None:
        invariants.check(self.core)
        assert not self.server.exceptions

    def contents(self) -> dict:
        """The type, value and expiry of every (database, key); a hash's value includes the expiries of its fields."""
        self.call("DISCARD")
        found = {}
        for database in range(self.server.config["databases"]):
            self.must("SELECT", database)
            for key in self.must("KEYS", "*"):
                kind = self.must("TYPE", key)
                found[database, key] = kind, READERS[kind](self, key), self.must("PEXPIRETIME", key)
        self.must("SELECT", 0)
        return found


def read_hash(local: Local, key: bytes) -> dict:
    flat = local.must("HGETALL", key)
    fields = flat[::2]
    expiries = local.must("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)
    return dict(zip(fields, zip(flat[1::2], expiries, strict=True), strict=True))


def read_stream(local: Local, key: bytes) -> list:
    """The entries, the stream's metadata, and its groups with only the pending entries that exist in the stream.

    A base file cannot represent other pending entries.
    """
    entries = local.must("XRANGE", key, "-", "+")
    living = {entry_id for entry_id, _ in entries}
    facts = as_dict(local.must("XINFO", "STREAM", key, "FULL", "COUNT", 0))
    told = [facts[name] for name in (b"length", b"last-generated-id", b"max-deleted-entry-id", b"entries-added")]
    return [entries, told, [read_group(as_dict(group), living) for group in facts[b"groups"]]]


def as_dict(flat: list) -> dict:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def read_group(group: dict, living: set[bytes]) -> list:
    facts = [group[name] for name in (b"name", b"last-delivered-id", b"entries-read")]
    consumers = [as_dict(consumer) for consumer in group[b"consumers"]]
    names = [consumer[b"name"] for consumer in consumers]
    return [facts, names, [pending for pending in group[b"pending"] if pending[0] in living]]


READERS = {
    b"string": lambda local, key: local.must("GET", key),
    b"hash": read_hash,
    b"list": lambda local, key: local.must("LRANGE", key, 0, -1),
    b"set": lambda local, key: frozenset(local.must("SMEMBERS", key)),
    b"zset": lambda local, key: local.must("ZRANGE", key, 0, -1, "WITHSCORES"),
    b"stream": read_stream,
}
