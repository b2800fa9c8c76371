"""Scripting methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Key, Pattern, Text, Value
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import libraries, numbers_of_subscribers, ok, text, truths, without_sets


class ScriptingMethods(Caller):
    def eval(self, script: Key, numkeys: int, *keys_and_args: Value) -> Any:
        """Runs a Lua script."""
        return self._call((b"EVAL", script, numkeys, *keys_and_args), without_sets)

    def eval_ro(self, script: Key, numkeys: int, *keys_and_args: Value) -> Any:
        """Runs a Lua script that may only read."""
        return self._call((b"EVAL_RO", script, numkeys, *keys_and_args), without_sets)

    def evalsha(self, sha: Key, numkeys: int, *keys_and_args: Value) -> Any:
        """Runs a Lua script that the server has stored, given its SHA-1 digest."""
        return self._call((b"EVALSHA", sha, numkeys, *keys_and_args), without_sets)

    def evalsha_ro(self, sha: Key, numkeys: int, *keys_and_args: Value) -> Any:
        """Runs a stored Lua script that may only read, given its SHA-1 digest."""
        return self._call((b"EVALSHA_RO", sha, numkeys, *keys_and_args), without_sets)

    def fcall(self, function: Key, numkeys: int, *keys_and_args: Value) -> Any:
        """Calls a function of a library."""
        return self._call((b"FCALL", function, numkeys, *keys_and_args), without_sets)

    def fcall_ro(self, function: Key, numkeys: int, *keys_and_args: Value) -> Any:
        """Calls a function of a library that may only read."""
        return self._call((b"FCALL_RO", function, numkeys, *keys_and_args), without_sets)

    def function_delete(self, library: Key) -> bool:
        """Sends FUNCTION DELETE, which this server does not have."""
        return self._call((b"FUNCTION", b"DELETE", library), ok)

    def function_dump(self) -> bytes:
        """Sends FUNCTION DUMP, which this server does not have."""
        return self._call((b"FUNCTION", b"DUMP"), None, False)

    def function_flush(self, mode: str = "SYNC") -> bool:
        """Sends FUNCTION FLUSH, which this server does not have."""
        return self._call((b"FUNCTION", b"FLUSH", mode), ok)

    def function_kill(self) -> Text:
        """Sends FUNCTION KILL, which this server does not have."""
        return self._call((b"FUNCTION", b"KILL"))

    def function_list(self, library: Key = "*", withcode: bool = False) -> list[Any]:
        """Sends FUNCTION LIST, which this server does not have."""
        words: list[Any] = [b"FUNCTION", b"LIST", b"LIBRARYNAME", library]
        if withcode:
            words.append(b"WITHCODE")
        return self._call(words, libraries)

    def function_load(self, code: Key, replace: bool = False) -> Text:
        """Sends FUNCTION LOAD, which this server does not have."""
        words: list[Any] = [b"FUNCTION", b"LOAD"]
        if replace:
            words.append(b"REPLACE")
        words.append(code)
        return self._call(words)

    def function_restore(self, payload: Key, policy: str = "APPEND") -> bool:
        """Sends FUNCTION RESTORE, which this server does not have."""
        return self._call((b"FUNCTION", b"RESTORE", payload, policy), ok)

    def function_stats(self) -> Any:
        """Sends FUNCTION STATS, which this server does not have."""
        return self._call((b"FUNCTION", b"STATS"), without_sets)

    def publish(self, channel: Key, message: Value, **kwargs: Any) -> int:
        """Sends a message to a channel's subscribers and returns how many times it was sent."""
        return self._call((b"PUBLISH", channel, message))

    def pubsub_channels(self, pattern: Pattern = "*", **kwargs: Any) -> list[Text]:
        """Sends PUBSUB CHANNELS, which this server does not have."""
        return self._call((b"PUBSUB", b"CHANNELS", pattern))

    def pubsub_numpat(self, **kwargs: Any) -> int:
        """Sends PUBSUB NUMPAT, which this server does not have."""
        return self._call((b"PUBSUB", b"NUMPAT"))

    def pubsub_numsub(self, *args: Key, **kwargs: Any) -> list[tuple[Text, int]]:
        """Sends PUBSUB NUMSUB, which this server does not have."""
        return self._call((b"PUBSUB", b"NUMSUB", *args), numbers_of_subscribers)

    def pubsub_shardchannels(self, pattern: Pattern = "*", **kwargs: Any) -> list[Text]:
        """Sends PUBSUB SHARDCHANNELS, which this server does not have."""
        return self._call((b"PUBSUB", b"SHARDCHANNELS", pattern))

    def pubsub_shardnumsub(self, *args: Key, **kwargs: Any) -> list[tuple[Text, int]]:
        """Sends PUBSUB SHARDNUMSUB, which this server does not have."""
        return self._call((b"PUBSUB", b"SHARDNUMSUB", *args), numbers_of_subscribers)

    def script_exists(self, *args: Key) -> list[bool]:
        """Sends SCRIPT EXISTS, which this server does not have."""
        return self._call((b"SCRIPT", b"EXISTS", *args), truths)

    def script_kill(self) -> bool:
        """Sends SCRIPT KILL, which this server does not have."""
        return self._call((b"SCRIPT", b"KILL"), ok)

    def script_load(self, script: Key) -> str:
        """Sends SCRIPT LOAD, which this server does not have."""
        return self._call((b"SCRIPT", b"LOAD", script), text)

    def spublish(self, shard_channel: Key, message: Value) -> int:
        """Sends a message to the subscribers of a shard channel and returns how many there were."""
        return self._call((b"SPUBLISH", shard_channel, message))
