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
        """Deletes a library and its functions."""
        return self._call((b"FUNCTION", b"DELETE", library), ok)

    def function_dump(self) -> bytes:
        """Returns all libraries as a payload for FUNCTION RESTORE."""
        return self._call((b"FUNCTION", b"DUMP"), None, False)

    def function_flush(self, mode: str = "SYNC") -> bool:
        """Deletes all libraries."""
        return self._call((b"FUNCTION", b"FLUSH", mode), ok)

    def function_kill(self) -> Text:
        """Ends the running function, unless it has already written."""
        return self._call((b"FUNCTION", b"KILL"))

    def function_list(self, library: Key = "*", withcode: bool = False) -> list[Any]:
        """Lists libraries and their functions."""
        words: list[Any] = [b"FUNCTION", b"LIST", b"LIBRARYNAME", library]
        if withcode:
            words.append(b"WITHCODE")
        return self._call(words, libraries)

    def function_load(self, code: Key, replace: bool = False) -> Text:
        """Creates a library from its code and returns its name."""
        words: list[Any] = [b"FUNCTION", b"LOAD"]
        if replace:
            words.append(b"REPLACE")
        words.append(code)
        return self._call(words)

    def function_restore(self, payload: Key, policy: str = "APPEND") -> bool:
        """Creates the libraries of a payload that FUNCTION DUMP returned."""
        return self._call((b"FUNCTION", b"RESTORE", payload, policy), ok)

    def function_stats(self) -> Any:
        """Returns the running function, and how many libraries and functions there are."""
        return self._call((b"FUNCTION", b"STATS"), without_sets)

    def publish(self, channel: Key, message: Value, **kwargs: Any) -> int:
        """Sends a message to a channel's subscribers and returns how many times it was sent."""
        return self._call((b"PUBLISH", channel, message))

    def pubsub_channels(self, pattern: Pattern = "*", **kwargs: Any) -> list[Text]:
        """Lists the channels that have subscribers; with a pattern, only those whose names match."""
        return self._call((b"PUBSUB", b"CHANNELS", pattern))

    def pubsub_numpat(self, **kwargs: Any) -> int:
        """Returns how many different patterns clients are subscribed to."""
        return self._call((b"PUBSUB", b"NUMPAT"))

    def pubsub_numsub(self, *args: Key, **kwargs: Any) -> list[tuple[Text, int]]:
        """Returns the number of subscribers of each channel; those of patterns are not counted."""
        return self._call((b"PUBSUB", b"NUMSUB", *args), numbers_of_subscribers)

    def pubsub_shardchannels(self, pattern: Pattern = "*", **kwargs: Any) -> list[Text]:
        """Lists the shard channels that have subscribers; with a pattern, only those whose names match."""
        return self._call((b"PUBSUB", b"SHARDCHANNELS", pattern))

    def pubsub_shardnumsub(self, *args: Key, **kwargs: Any) -> list[tuple[Text, int]]:
        """Returns the number of subscribers of each shard channel."""
        return self._call((b"PUBSUB", b"SHARDNUMSUB", *args), numbers_of_subscribers)

    def script_exists(self, *args: Key) -> list[bool]:
        """Returns for each SHA-1 digest whether the server has stored the script."""
        return self._call((b"SCRIPT", b"EXISTS", *args), truths)

    def script_kill(self) -> bool:
        """Ends the running script, unless it has already written."""
        return self._call((b"SCRIPT", b"KILL"), ok)

    def script_load(self, script: Key) -> str:
        """Stores a Lua script for EVALSHA and returns its SHA-1 digest."""
        return self._call((b"SCRIPT", b"LOAD", script), text)

    def spublish(self, shard_channel: Key, message: Value) -> int:
        """Sends a message to the subscribers of a shard channel and returns how many there were."""
        return self._call((b"SPUBLISH", shard_channel, message))
