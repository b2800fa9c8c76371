"""The methods of the server, of clients and of scripts that no row of `method_table` describes."""

from __future__ import annotations

from typing import Any, NoReturn

from pyredis.embedded.api.api_types import Key, Record, Text
from pyredis.embedded.api.argument_forms import chosen
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import always, client_lines, info, killed, ok

KINDS_TO_LIST = ("normal", "master", "replica", "pubsub")
KINDS_TO_KILL = ("normal", "master", "slave", "replica", "pubsub")


class ServerByHand(Caller):
    def auth(self, password: str, username: str | None = None, **kwargs: Any) -> bool:
        """Authenticates the client."""
        return self._call((b"AUTH", password) if username is None else (b"AUTH", username, password), bool)

    def bgsave(self, schedule: bool = True, **kwargs: Any) -> bool:
        """Starts to save the data."""
        return self._call((b"BGSAVE", b"SCHEDULE") if schedule else (b"BGSAVE",), always)

    def client_kill_filter(
        self,
        _id: Any = None,
        _type: str | None = None,
        addr: str | None = None,
        skipme: bool | None = None,
        laddr: str | None = None,
        user: str | None = None,
        maxage: int | None = None,
        **kwargs: Any,
    ) -> int:
        """Closes the clients that all filters match, and returns how many."""
        words: list[Any] = [b"CLIENT", b"KILL"]
        if _type is not None:
            chosen("_type", str(_type).lower(), KINDS_TO_KILL)
            words += (b"TYPE", _type)
        if skipme is not None:
            if not isinstance(skipme, bool):
                raise data_error(f"skipme is a bool, not {skipme!r}")
            words += (b"SKIPME", b"YES" if skipme else b"NO")
        filters = ((b"ID", _id), (b"ADDR", addr), (b"LADDR", laddr), (b"USER", user), (b"MAXAGE", maxage))
        for word, given in filters:
            if given is not None:
                words += (word, given)
        if len(words) == 2:
            raise data_error("at least one filter must be given")
        return self._call(words, killed)

    def client_list(self, _type: str | None = None, client_id: list[Any] = [], **kwargs: Any) -> list[Record]:  # noqa: B006
        """Returns the fields of CLIENT LIST for each client."""
        words: list[Any] = [b"CLIENT", b"LIST"]
        if _type is not None:
            chosen("_type", str(_type).lower(), KINDS_TO_LIST)
            words += (b"TYPE", _type)
        if not isinstance(client_id, list):
            raise data_error("client_id is a list")
        if client_id:
            words += (b"ID", *client_id)
        return self._call(words, client_lines)

    def client_pause(self, timeout: int, all: bool = True, **kwargs: Any) -> bool:
        """Holds back the commands of all clients for some milliseconds, or only those that write."""
        if not isinstance(timeout, int):
            raise data_error(f"timeout is an int, not {timeout!r}")
        return self._call((b"CLIENT", b"PAUSE", str(timeout), *(() if all else (b"WRITE",))), ok)

    def client_reply(self, reply: str, **kwargs: Any) -> Any:
        """Turns the replies to this client on or off."""
        return self._call((b"CLIENT", b"REPLY", chosen("reply", reply, ("ON", "OFF", "SKIP"))))

    def client_tracking(
        self,
        on: bool = True,
        clientid: int | None = None,
        prefix: Any = [],  # noqa: B006
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
        **kwargs: Any,
    ) -> Text:
        """Turns messages about changed keys on or off."""
        if len(prefix) and bcast is False:
            raise data_error("prefix can only be given with bcast")
        words: list[Any] = [b"CLIENT", b"TRACKING", b"ON" if on else b"OFF"]
        if clientid is not None:
            words += (b"REDIRECT", clientid)
        for each in prefix:
            words += (b"PREFIX", each)
        options = ((b"BCAST", bcast), (b"OPTIN", optin), (b"OPTOUT", optout), (b"NOLOOP", noloop))
        return self._call([*words, *(word for word, given in options if given)])

    def client_tracking_on(
        self,
        clientid: int | None = None,
        prefix: Any = [],  # noqa: B006
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
    ) -> Text:
        """Turns messages about changed keys on."""
        return self.client_tracking(True, clientid, prefix, bcast, optin, optout, noloop)

    def client_tracking_off(
        self,
        clientid: int | None = None,
        prefix: Any = [],  # noqa: B006
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
    ) -> Text:
        """Turns messages about changed keys off."""
        return self.client_tracking(False, clientid, prefix, bcast, optin, optout, noloop)

    def client_unblock(self, client_id: int, error: bool = False, **kwargs: Any) -> bool:
        """Ends the waiting of a client."""
        return self._call((b"CLIENT", b"UNBLOCK", int(client_id), *((b"ERROR",) if error else ())), bool)

    def cluster(self, cluster_arg: str, *args: Any, **kwargs: Any) -> Any:
        """Sends CLUSTER, which this server does not have."""
        return self._call((b"CLUSTER", *cluster_arg.upper().split(), *args))

    def command_list(
        self, module: str | None = None, category: str | None = None, pattern: str | None = None
    ) -> list[Text]:
        """Returns the names of all commands, or of those that the filter matches."""
        words: list[Any] = []
        for word, given in ((b"MODULE", module), (b"ACLCAT", category), (b"PATTERN", pattern)):
            if given is not None:
                words += (word, given)
        return self._call((b"COMMAND", b"LIST", *((b"FILTERBY", *words) if words else ())))

    def info(self, section: str | None = None, *args: str, **kwargs: Any) -> Record:
        """Returns the fields of INFO, of some sections or of the usual ones."""
        return self._call((b"INFO",) if section is None else (b"INFO", section, *args), info)

    def lolwut(self, *version_numbers: Any, **kwargs: Any) -> Text:
        """Returns a picture and the version of the server."""
        return self._call((b"LOLWUT", *((b"VERSION", *version_numbers) if version_numbers else ())))

    def memory_usage(self, key: Key, samples: int | None = None, **kwargs: Any) -> int | None:
        """Returns the bytes that a key takes."""
        return self._call((b"MEMORY", b"USAGE", key, *((b"SAMPLES", samples) if isinstance(samples, int) else ())))

    def module_loadex(self, path: str, options: list[str] | None = None, args: list[str] | None = None) -> Any:
        """Sends MODULE LOADEX, which this server refuses."""
        words: list[Any] = [b"MODULE", b"LOADEX", path]
        if options is not None:
            words += (b"CONFIG", *options)
        if args is not None:
            words += (b"ARGS", *args)
        return self._call(words)

    def script_flush(self, sync_type: str | None = None) -> bool:
        """Removes all scripts."""
        more = () if sync_type is None else (chosen("sync_type", sync_type, ("SYNC", "ASYNC")),)
        return self._call((b"SCRIPT", b"FLUSH", *more), ok)

    def slaveof(self, host: str | None = None, port: int | None = None, **kwargs: Any) -> bool:
        """Sends SLAVEOF, which this server does not have."""
        return self._call((b"SLAVEOF", *((b"NO", b"ONE") if host is None and port is None else (host, port))), ok)

    # redis-py leaves these to `execute_command`, whose reply suits a person better than a program.

    def command_docs(self, *args: Any) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("COMMAND DOCS")

    def command_info(self, **kwargs: Any) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("COMMAND INFO")

    def debug_segfault(self, **kwargs: Any) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("DEBUG SEGFAULT")

    def failover(self) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("FAILOVER")

    def hello(self) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("HELLO")

    def latency_doctor(self) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("LATENCY DOCTOR")

    def latency_graph(self) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("LATENCY GRAPH")

    def latency_histogram(self, *args: Any) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("LATENCY HISTOGRAM")

    def memory_doctor(self, **kwargs: Any) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("MEMORY DOCTOR")

    def memory_help(self, **kwargs: Any) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("MEMORY HELP")

    def script_debug(self, *args: Any) -> NoReturn:
        """Is not implemented, as in redis-py."""
        _not_implemented("SCRIPT DEBUG")


def _not_implemented(command: str) -> NoReturn:
    raise NotImplementedError(f"{command} has no method; execute_command({command!r}) sends it")
