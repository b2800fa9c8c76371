"""A database by its URL: in the process for ``memory:`` and ``file:``, on a server for ``redis:`` and others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pyredis.config.directives import find
from pyredis.embedded.database import AsyncDatabase, Database, aopen, open

if TYPE_CHECKING:
    import redis
    import redis.asyncio

ELSEWHERE = ("redis", "rediss", "unix")
FALSE = ("0", "f", "false", "n", "no", "")
# Options of redis-py that concern connections. Without a connection they have no effect, so that a program can give
# them whatever its URL is.
OF_CONNECTIONS = (
    *("auto_close_connection_pool", "client_name", "credential_provider", "driver_info", "health_check_interval"),
    *("legacy_responses", "lib_name", "lib_version", "maint_notifications_config", "max_connections", "password"),
    *("protocol", "redis_connect_func", "retry", "retry_on_error", "retry_on_timeout", "single_connection_client"),
    *("socket_connect_timeout", "socket_keepalive", "socket_keepalive_options", "socket_read_size", "socket_timeout"),
    *("socket_type", "username"),
)


class Place(NamedTuple):
    """Where a database in the process is, and how it is opened."""

    path: str | None
    name: str | None
    options: dict[str, Any]


def from_url(url: str, **options: Any) -> Database | redis.Redis:
    """Opens the database that a URL names; the methods of what it returns are those of `redis.Redis`.

    | URL | |
    |---|---|
    | ``memory://name`` | in memory; all with one name are the same. Without a name it is the caller's own |
    | ``file:///folder`` | kept in a folder; ``file:folder`` is below the current one |
    | ``redis://…``, ``rediss://…``, ``unix://…`` | on a server, by redis-py, whose URLs these are |

    The number of the database is ``db``, or ``/number`` after the name. In the process, directives of the configuration
    can be keyword arguments or parameters of the URL: ``memory://name?maxmemory=100mb``. ``decode_responses`` can be
    either as well. Options of redis-py's connections have no effect there.

    Raises ValueError for a URL that is not valid, and otherwise what `pyredis.open` or redis-py raise.
    """
    if scheme_of(url) in ELSEWHERE:
        return import_redis(url).Redis.from_url(url, **options)
    place = place_of(url, options)
    return open(place.path, name=place.name, **place.options)


def afrom_url(url: str, **options: Any) -> AsyncDatabase | redis.asyncio.Redis:
    """As `from_url`, with the methods of `redis.asyncio.Redis`. Loading a folder blocks the loop."""
    if scheme_of(url) in ELSEWHERE:
        return import_redis(url).asyncio.Redis.from_url(url, **options)
    place = place_of(url, options)
    return aopen(place.path, name=place.name, **place.options)


def scheme_of(url: str) -> str:
    if not isinstance(url, str):
        raise TypeError(f"a URL is a str: {url!r}")
    scheme, colon, _ = url.partition(":")
    if not colon or scheme.lower() not in ("memory", "file", *ELSEWHERE):
        raise ValueError(f"not the scheme of a database: {scheme!r}: memory, file, redis, rediss and unix are")
    return scheme.lower()


def import_redis(url: str) -> Any:
    try:
        import redis.asyncio
    except ImportError as error:
        raise ImportError(f"a URL of {scheme_of(url)}: needs redis-py: pip install redis") from error
    return redis


def place_of(url: str, options: Mapping[str, Any]) -> Place:
    """Returns what a URL and keyword arguments say; an argument is stronger than the URL. Raises ValueError."""
    parts = urlsplit(url)
    if parts.fragment:
        raise ValueError(f"a URL of a database has no fragment: {'#' + parts.fragment!r}")
    named = parameters(parts)
    if parts.scheme == "file":
        path, name = folder(parts), None
    else:
        path, name, number = None, *memory(parts)
        named = number | named
    usual = {key: value for key, value in options.items() if key not in OF_CONNECTIONS}
    check_encoding(usual)
    return Place(path, name, named | usual)


def parameters(parts: SplitResult) -> dict[str, Any]:
    """Returns the parameters of a URL: directives, ``db`` and ``decode_responses``."""
    found: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name in found:
            raise ValueError(f"a parameter of the URL is repeated: {name!r}")
        if name == "db":
            found[name] = database_number(text)
        elif name == "decode_responses":
            found[name] = text.lower() not in FALSE
        elif find(name.replace("_", "-")) is not None:
            found[name] = text
        elif name not in OF_CONNECTIONS:
            raise ValueError(f"a parameter of the URL is no directive: {name!r}")
    return found


def folder(parts: SplitResult) -> str:
    if parts.netloc not in ("", "localhost"):
        raise ValueError(f"a folder is on no other host: {parts.netloc!r}: a URL of one begins with file:///")
    if not parts.path:
        raise ValueError("the URL names no folder after 'file:'")
    return unquote(parts.path)


def memory(parts: SplitResult) -> tuple[str | None, dict[str, Any]]:
    """Returns the name, if there is one, and the number of the database, if there is one."""
    if "@" in parts.netloc or ":" in parts.netloc:
        raise ValueError(
            f"the name of a database in memory has neither user nor port: {parts.netloc.rpartition('@')[2]!r}"
        )
    if parts.path and not parts.path.startswith("/"):
        raise ValueError(f"a URL in memory begins with memory://, not with 'memory:{parts.path}'")
    number = parts.path.strip("/")
    return unquote(parts.netloc) or None, {"db": database_number(number)} if number else {}


def database_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"not the number of a database: {text!r}")
    return int(text)


def check_encoding(options: dict[str, Any]) -> None:
    """Removes redis-py's options for the encoding. Raises ValueError for another than that of the database."""
    if options.pop("encoding", "utf-8").lower() not in ("utf-8", "utf8"):
        raise ValueError("a database in the process has the encoding utf-8")
    if options.pop("encoding_errors", "strict") != "strict":
        raise ValueError("a database in the process has no encoding_errors")
