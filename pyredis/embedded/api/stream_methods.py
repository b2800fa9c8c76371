"""Stream methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Id, Key, Record
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import all_stream_facts, ok, pending, records, stream_facts


class StreamMethods(Caller):
    def xack(self, name: Key, groupname: Key, *ids: Id) -> int:
        """Acknowledges entries for a consumer group, and returns how many of them were pending."""
        return self._call((b"XACK", name, groupname, *ids))

    def xdel(self, name: Key, *ids: Id) -> int:
        """Removes entries from a stream and returns how many of them existed."""
        return self._call((b"XDEL", name, *ids))

    def xgroup_create(
        self, name: Key, groupname: Key, id: Id = "$", mkstream: bool = False, entries_read: int | None = None
    ) -> bool:
        """Creates a consumer group that starts reading after a given id."""
        words: list[Any] = [b"XGROUP", b"CREATE", name, groupname, id]
        if mkstream:
            words.append(b"MKSTREAM")
        if entries_read is not None:
            words += (b"ENTRIESREAD", entries_read)
        return self._call(words, ok)

    def xgroup_createconsumer(self, name: Key, groupname: Key, consumername: Key) -> int:
        """Adds a consumer to a consumer group."""
        return self._call((b"XGROUP", b"CREATECONSUMER", name, groupname, consumername))

    def xgroup_delconsumer(self, name: Key, groupname: Key, consumername: Key) -> int:
        """Removes a consumer and discards its pending entries."""
        return self._call((b"XGROUP", b"DELCONSUMER", name, groupname, consumername))

    def xgroup_destroy(self, name: Key, groupname: Key) -> bool:
        """Removes a consumer group."""
        return self._call((b"XGROUP", b"DESTROY", name, groupname), bool)

    def xgroup_setid(self, name: Key, groupname: Key, id: Id, entries_read: int | None = None) -> bool:
        """Sets the id after which a consumer group continues to read."""
        words: list[Any] = [b"XGROUP", b"SETID", name, groupname, id]
        if entries_read is not None:
            words += (b"ENTRIESREAD", entries_read)
        return self._call(words, ok)

    def xinfo_consumers(self, name: Key, groupname: Key) -> list[Record]:
        """Describes the consumers of a consumer group."""
        return self._call((b"XINFO", b"CONSUMERS", name, groupname), records)

    def xinfo_groups(self, name: Key) -> list[Record]:
        """Describes the consumer groups of a stream."""
        return self._call((b"XINFO", b"GROUPS", name), records)

    def xinfo_stream(self, name: Key, full: bool = False) -> Record:
        """Describes a stream; with FULL, also its entries and groups."""
        words: list[Any] = [b"XINFO", b"STREAM", name]
        if full:
            words.append(b"FULL")
        return self._call(words, all_stream_facts if full else stream_facts)

    def xlen(self, name: Key) -> int:
        """Returns how many entries a stream has."""
        return self._call((b"XLEN", name))

    def xpending(self, name: Key, groupname: Key) -> Record:
        """Summarizes a group's pending entries by consumer, or lists those between two ids."""
        return self._call((b"XPENDING", name, groupname), pending)
