"""The methods of streams that no row of `method_table` describes."""

from __future__ import annotations

from itertools import chain
from typing import Any

from pyredis.embedded.api.api_types import Entries, Id, Key, Streams, Text, Value
from pyredis.embedded.api.argument_forms import chosen, one_of, whole
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import (
    claimed,
    claimed_streams,
    entries,
    pending,
    pending_entries,
    second,
    streams,
)

REFERENCES = ("KEEPREF", "DELREF", "ACKED")


class StreamByHand(Caller):
    def xadd(
        self,
        name: Key,
        fields: dict[Any, Value],
        id: Id = "*",
        maxlen: int | None = None,
        approximate: bool = True,
        nomkstream: bool = False,
        minid: Id | None = None,
        limit: int | None = None,
        ref_policy: str | None = None,
        idmpauto: str | None = None,
        idmp: tuple[str, bytes] | None = None,
    ) -> Text | None:
        """Appends an entry, trims the stream if a limit is given, and returns the id of the entry."""
        words: list[Any] = [b"XADD", name]
        if nomkstream:
            words.append(b"NOMKSTREAM")
        if ref_policy is not None:
            words.append(chosen("ref_policy", ref_policy, REFERENCES))
        if idmpauto is not None or idmp is not None:
            words += _idempotent(id, idmpauto, idmp)
        if maxlen is not None or minid is not None:
            one_of("maxlen and minid", maxlen, minid)
            words.append(b"MINID" if maxlen is None else b"MAXLEN")
            if approximate:
                words.append(b"~")
            words.append(minid if maxlen is None else whole("maxlen", maxlen, 0))
        if limit is not None:
            words += (b"LIMIT", limit)
        if not isinstance(fields, dict) or not fields:
            raise data_error("fields is a dict that is not empty")
        words.append(id)
        words += chain.from_iterable(fields.items())
        return self._call(words)

    def xtrim(
        self,
        name: Key,
        maxlen: int | None = None,
        approximate: bool = True,
        minid: Id | None = None,
        limit: int | None = None,
        ref_policy: str | None = None,
    ) -> int:
        """Removes the oldest entries, and returns how many."""
        one_of("maxlen and minid", maxlen, minid)
        if maxlen is None and minid is None:
            raise data_error("either maxlen or minid must be given")
        words: list[Any] = [b"XTRIM", name, b"MINID" if maxlen is None else b"MAXLEN"]
        if approximate:
            words.append(b"~")
        words.append(minid if maxlen is None else maxlen)
        if limit is not None:
            words += (b"LIMIT", limit)
        if ref_policy is not None:
            words.append(chosen("ref_policy", ref_policy, REFERENCES))
        return self._call(words)

    def xrange(self, name: Key, min: Id = "-", max: Id = "+", count: int | None = None) -> Entries:
        """Returns the entries between two ids."""
        return self._call((b"XRANGE", name, min, max, *_count(count)), entries)

    def xrevrange(self, name: Key, max: Id = "+", min: Id = "-", count: int | None = None) -> Entries:
        """Returns the entries between two ids, the newest first."""
        return self._call((b"XREVRANGE", name, max, min, *_count(count)), entries)

    def xread(
        self,
        streams: dict[Any, Id],
        count: int | None = None,
        block: int | None = None,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> Streams:
        """Returns the entries after an id of each stream; waits for them if ``block`` is given, in milliseconds."""
        words: list[Any] = [b"XREAD"]
        if block is not None:
            words += (b"BLOCK", whole("block", block, 0))
        words += (*_count(count), *_limits(count, max_count, max_size), *_streams(streams))
        return self._call(words, _as_streams)

    def xreadgroup(
        self,
        groupname: Key,
        consumername: Key,
        streams: dict[Any, Id],
        count: int | None = None,
        block: int | None = None,
        noack: bool = False,
        claim_min_idle_time: int | None = None,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> Streams:
        """Returns entries of streams to one consumer of a group."""
        words: list[Any] = [b"XREADGROUP", b"GROUP", groupname, consumername, *_count(count)]
        words += _limits(count, max_count, max_size)
        if block is not None:
            words += (b"BLOCK", whole("block", block, 0))
        if noack:
            words.append(b"NOACK")
        if claim_min_idle_time is not None:
            words += (b"CLAIM", whole("claim_min_idle_time", claim_min_idle_time, 0))
        words += _streams(streams)
        return self._call(words, _as_streams if claim_min_idle_time is None else claimed_streams)

    def xclaim(
        self,
        name: Key,
        groupname: Key,
        consumername: Key,
        min_idle_time: int,
        message_ids: list[Id] | tuple[Id, ...],
        idle: int | None = None,
        time: int | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: bool = False,
    ) -> Any:
        """Gives pending entries to another consumer, and returns them, or only their ids with ``justid``."""
        if not isinstance(message_ids, list | tuple) or not message_ids:
            raise data_error("message_ids is a list or tuple that is not empty")
        words: list[Any] = [b"XCLAIM", name, groupname, consumername, whole("min_idle_time", min_idle_time, 0)]
        words += message_ids
        for word, given in ((b"IDLE", idle), (b"TIME", time), (b"RETRYCOUNT", retrycount)):
            if given is not None:
                words += (word, _digits(word, given))
        for word, flag in ((b"FORCE", force), (b"JUSTID", justid)):
            if flag:
                if not isinstance(flag, bool):
                    raise data_error(f"{word.decode().lower()} is a bool, not {flag!r}")
                words.append(word)
        return self._call(words, None if justid else entries)

    def xautoclaim(
        self,
        name: Key,
        groupname: Key,
        consumername: Key,
        min_idle_time: int,
        start_id: Id = "0-0",
        count: int | None = None,
        justid: bool = False,
    ) -> Any:
        """Gives the pending entries that have been idle for long to another consumer."""
        _not_negative("min_idle_time", min_idle_time)
        words: list[Any] = [b"XAUTOCLAIM", name, groupname, consumername, min_idle_time, start_id]
        if count is not None:
            words += (b"COUNT", _not_negative("count", count))
        if justid:
            words.append(b"JUSTID")
        return self._call(words, second if justid else claimed)

    def xpending_range(
        self,
        name: Key,
        groupname: Key,
        min: Id,
        max: Id,
        count: int,
        consumername: Key | None = None,
        idle: int | None = None,
    ) -> Any:
        """Returns the pending entries between two ids: the consumer, the idle time and the deliveries of each."""
        if min is None and max is None and count is None:
            if idle is not None or consumername is not None:
                raise data_error("idle and consumername need min, max and count")
            return self._call((b"XPENDING", name, groupname), pending)
        if min is None or max is None or count is None:
            raise data_error("min, max and count can only be given together")
        words: list[Any] = [b"XPENDING", name, groupname]
        if idle is not None:
            words += (b"IDLE", _not_negative("idle", idle))
        words += (min, max, _not_negative("count", count))
        if consumername:
            words.append(consumername)
        return self._call(words, pending_entries)

    def xackdel(self, name: Key, groupname: Key, *ids: Id, ref_policy: str = "KEEPREF") -> list[int]:
        """Sends XACKDEL, which this server does not have."""
        return self._call((b"XACKDEL", name, groupname, *_referred("XACKDEL", ids, ref_policy)))

    def xdelex(self, name: Key, *ids: Id, ref_policy: str = "KEEPREF") -> list[int]:
        """Sends XDELEX, which this server does not have."""
        return self._call((b"XDELEX", name, *_referred("XDELEX", ids, ref_policy)))

    def xnack(
        self, name: Key, groupname: Key, mode: str, *ids: Id, retrycount: int | None = None, force: bool = False
    ) -> int:
        """Sends XNACK, which this server does not have."""
        if not ids:
            raise data_error("XNACK needs at least one id")
        chosen("mode", mode, ("SILENT", "FAIL", "FATAL"))
        words: list[Any] = [b"XNACK", name, groupname, mode, b"IDS", len(ids), *ids]
        if retrycount is not None:
            words += (b"RETRYCOUNT", _not_negative("retrycount", retrycount))
        if force:
            words.append(b"FORCE")
        return self._call(words)

    def xcfgset(self, name: Key, idmp_duration: int | None = None, idmp_maxsize: int | None = None) -> Any:
        """Sends XCFGSET, which this server does not have."""
        if idmp_duration is None and idmp_maxsize is None:
            raise data_error("idmp_duration or idmp_maxsize must be given")
        words: list[Any] = [b"XCFGSET", name]
        options = (("idmp_duration", idmp_duration, 300), ("idmp_maxsize", idmp_maxsize, 1_000_000))
        for option, given, most in options:
            if given is not None:
                if not isinstance(given, int) or not 1 <= given <= most:
                    raise data_error(f"{option} is an int from 1 to {most}, not {given!r}")
                words += (option.upper().replace("_", "-"), given)
        return self._call(words)


# The parameter of two methods has the name of this function.
_as_streams = streams


def _idempotent(id: Id, idmpauto: str | None, idmp: tuple[str, bytes] | None) -> tuple[Any, ...]:
    one_of("idmpauto and idmp", idmpauto, idmp)
    if id != "*":
        raise data_error("idmpauto and idmp can only be given with the id *")
    if idmp is None:
        return b"IDMPAUTO", idmpauto
    if not isinstance(idmp, tuple) or len(idmp) != 2:
        raise data_error("idmp is a tuple of two: the producer's id and the idempotent id")
    return b"IDMP", *idmp


def _count(count: int | None) -> tuple[Any, ...]:
    return () if count is None else (b"COUNT", whole("count", count, 1))


def _limits(count: int | None, max_count: int | None, max_size: int | None) -> list[Any]:
    words: list[Any] = []
    if max_count is not None:
        words += (b"MAXCOUNT", whole("max_count", max_count, 1))
        if count is not None and max_count < count:
            raise data_error("max_count is not less than count")
    if max_size is not None:
        words += (b"MAXSIZE", whole("max_size", max_size, 1))
    return words


def _streams(streams: dict[Any, Id]) -> list[Any]:
    if not isinstance(streams, dict) or not streams:
        raise data_error("streams is a dict that is not empty")
    return [b"STREAMS", *streams, *streams.values()]


def _digits(word: bytes, value: Any) -> str:
    if not isinstance(value, int):
        raise data_error(f"{word.decode().lower()} is an int, not {value!r}")
    return str(value)


def _not_negative(name: str, value: Any) -> Any:
    if int(value) < 0:
        raise data_error(f"{name} is not negative")
    return value


def _referred(command: str, ids: tuple[Id, ...], ref_policy: str) -> tuple[Any, ...]:
    if not ids:
        raise data_error(f"{command} needs at least one id")
    return chosen("ref_policy", ref_policy, REFERENCES), b"IDS", len(ids), *ids
