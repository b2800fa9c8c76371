"""Server methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyredis.embedded.api.api_types import Key, Pattern, Record, Text, Value
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import (
    always,
    commands,
    keys_and_flags,
    memory_stats,
    moment,
    object_facts,
    ok,
    settings,
    slow_calls,
    texts,
    time_of_day,
)


class ServerMethods(Caller):
    def bgrewriteaof(self, **kwargs: Any) -> bool:
        """Starts rewriting the append-only file from the data in memory."""
        return self._call((b"BGREWRITEAOF",), always)

    def command(self, **kwargs: Any) -> dict[str, Record]:
        """Describes all commands: arity, flags, keys and subcommands."""
        return self._call((b"COMMAND",), commands)

    def command_count(self, **kwargs: Any) -> int:
        """Returns how many commands the server has."""
        return self._call((b"COMMAND", b"COUNT"))

    def command_getkeys(self, *args: Key) -> list[str]:
        """Extracts the keys from a complete command."""
        return self._call((b"COMMAND", b"GETKEYS", *args), texts)

    def command_getkeysandflags(self, *args: Key) -> list[Any]:
        """Extracts the keys from a complete command, with flags for how each is used."""
        return self._call((b"COMMAND", b"GETKEYSANDFLAGS", *args), keys_and_flags)

    def config_get(self, pattern: Pattern = "*", *args: Pattern, **kwargs: Any) -> dict[str, str]:
        """Returns the values of the parameters whose names match patterns."""
        return self._call((b"CONFIG", b"GET", pattern, *args), settings)

    def config_resetstat(self, **kwargs: Any) -> bool:
        """Resets the statistics that INFO reports."""
        return self._call((b"CONFIG", b"RESETSTAT"), ok)

    def config_rewrite(self, **kwargs: Any) -> Text:
        """Writes the current configuration to the configuration file, keeping its comments."""
        return self._call((b"CONFIG", b"REWRITE"))

    def config_set(self, name: Key, value: Value, *args: Value, **kwargs: Any) -> bool:
        """Changes parameters at run time: all that are given, or none."""
        return self._call((b"CONFIG", b"SET", name, value, *args), ok)

    def dbsize(self, **kwargs: Any) -> int:
        """Returns how many keys the database has."""
        return self._call((b"DBSIZE",))

    def debug_object(self, key: Key, **kwargs: Any) -> Record:
        """Sends DEBUG OBJECT, which this server does not have."""
        return self._call((b"DEBUG", b"OBJECT", key), object_facts)

    def flushall(self, asynchronous: bool = False, **kwargs: Any) -> bool:
        """Removes all keys of every database."""
        words: list[Any] = [b"FLUSHALL"]
        if asynchronous:
            words.append(b"ASYNC")
        return self._call(words, ok)

    def flushdb(self, asynchronous: bool = False, **kwargs: Any) -> bool:
        """Removes all keys of the selected database."""
        words: list[Any] = [b"FLUSHDB"]
        if asynchronous:
            words.append(b"ASYNC")
        return self._call(words, ok)

    def lastsave(self, **kwargs: Any) -> datetime | None:
        """Returns the Unix time, in seconds, of the last successful save."""
        return self._call((b"LASTSAVE",), moment)

    def latency_history(self, event: str) -> list[Any]:
        """Returns the recorded latency spikes of an event, each with its time."""
        return self._call((b"LATENCY", b"HISTORY", event))

    def latency_latest(self) -> list[Any]:
        """Returns the latest and the longest latency of every event."""
        return self._call((b"LATENCY", b"LATEST"))

    def latency_reset(self, *events: str) -> int:
        """Discards the recorded latencies of all events, or of those given."""
        return self._call((b"LATENCY", b"RESET", *events))

    def memory_malloc_stats(self, **kwargs: Any) -> Text:
        """Reports the state of the memory allocator."""
        return self._call((b"MEMORY", b"MALLOC-STATS"))

    def memory_purge(self, **kwargs: Any) -> bool:
        """Returns free memory to the system."""
        return self._call((b"MEMORY", b"PURGE"), ok)

    def memory_stats(self, **kwargs: Any) -> Record:
        """Reports what the server's memory is used for."""
        return self._call((b"MEMORY", b"STATS"), memory_stats)

    def module_list(self) -> list[Any]:
        """Returns the modules that are loaded: none, because this server has none."""
        return self._call((b"MODULE", b"LIST"))

    def module_load(self, path: str, *args: Key) -> bool:
        """Loads a module, which this server cannot."""
        return self._call((b"MODULE", b"LOAD", path, *args), bool)

    def module_unload(self, name: str) -> bool:
        """Unloads a module."""
        return self._call((b"MODULE", b"UNLOAD", name), bool)

    def replicaof(self, *args: Key, **kwargs: Any) -> Any:
        """Sends REPLICAOF, which this server does not have."""
        return self._call((b"REPLICAOF", *args))

    def role(self) -> list[Any]:
        """Returns the server's role in replication, and its replicas or its master."""
        return self._call((b"ROLE",))

    def save(self, **kwargs: Any) -> bool:
        """Sends SAVE, which this server does not have."""
        return self._call((b"SAVE",), ok)

    def slowlog_get(self, num: int | None = None, **kwargs: Any) -> list[Record]:
        """Returns the newest entries of the slow log."""
        words: list[Any] = [b"SLOWLOG", b"GET"]
        if num is not None:
            words.append(num)
        return self._call(words, slow_calls, False)

    def slowlog_len(self, **kwargs: Any) -> int:
        """Returns how many entries the slow log has."""
        return self._call((b"SLOWLOG", b"LEN"))

    def slowlog_reset(self, **kwargs: Any) -> bool:
        """Clears the slow log."""
        return self._call((b"SLOWLOG", b"RESET"), ok)

    def swapdb(self, first: int, second: int, **kwargs: Any) -> bool:
        """Exchanges the contents of two databases."""
        return self._call((b"SWAPDB", first, second), ok)

    def time(self, **kwargs: Any) -> tuple[int, int]:
        """Returns the server's clock as Unix seconds and the microseconds of the current second."""
        return self._call((b"TIME",), time_of_day)

    def wait(self, num_replicas: int, timeout: int, **kwargs: Any) -> int:
        """Sends WAIT, which this server does not have."""
        return self._call((b"WAIT", num_replicas, timeout))

    def waitaof(self, num_local: int, num_replicas: int, timeout: int, **kwargs: Any) -> list[int]:
        """Sends WAITAOF, which this server does not have."""
        return self._call((b"WAITAOF", num_local, num_replicas, timeout))
