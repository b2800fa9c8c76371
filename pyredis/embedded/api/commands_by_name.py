"""The conversion of replies by the name of the command, for ``execute_command``.

A name is what the caller gave as the first argument: ``CONFIG GET`` as one argument is converted, ``CONFIG`` and
``GET`` as two are not, as in redis-py. Options that the methods of redis-py pass along are understood here too.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pyredis.embedded.api import conversions as to

Callback = Callable[..., Any]


def _each(names: str, converter: Any) -> dict[str, Any]:
    return dict.fromkeys(names.split(), converter)


# Converters without options.
PLAIN: dict[str, to.Converter] = {
    **_each("AUTH COPY EXPIRE EXPIREAT HEXISTS HMSET MOVE MSETNX PERSIST PSETEX", bool),
    **_each("PEXPIRE PEXPIREAT RENAMENX SETEX SETNX SMOVE", bool),
    **_each("FLUSHALL FLUSHDB LSET LTRIM MSET PFMERGE QUIT READONLY READWRITE", to.ok),
    **_each("RENAME SAVE SELECT SHUTDOWN SLAVEOF SWAPDB UNWATCH WATCH", to.ok),
    **dict.fromkeys(("HINCRBYFLOAT", "INCRBYFLOAT"), float),
    **dict.fromkeys(("XRANGE", "XREVRANGE"), to.entries),
    **dict.fromkeys(("BGREWRITEAOF", "BGSAVE"), to.always),
    **dict.fromkeys(("BLPOP", "BRPOP", "BZPOPMAX", "BZPOPMIN"), to.pair_or_none),
    **dict.fromkeys(("BZMPOP", "ZMPOP"), to.popped_from),
    **dict.fromkeys(("PUBSUB NUMSUB", "PUBSUB SHARDNUMSUB"), to.numbers_of_subscribers),
    **dict.fromkeys(("CLIENT PAUSE", "CLIENT SETINFO", "CLIENT SETNAME"), to.ok),
    **dict.fromkeys(("CONFIG RESETSTAT", "CONFIG SET", "MEMORY PURGE", "SLOWLOG RESET"), to.ok),
    **dict.fromkeys(("FUNCTION DELETE", "FUNCTION FLUSH", "FUNCTION RESTORE"), to.ok),
    **dict.fromkeys(("SCRIPT FLUSH", "SCRIPT KILL", "XGROUP CREATE", "XGROUP SETID"), to.ok),
    **dict.fromkeys(("CLIENT UNBLOCK", "MODULE LOAD", "MODULE UNLOAD", "XGROUP DESTROY"), bool),
    **dict.fromkeys(("CLIENT GETNAME", "RESET", "SCRIPT LOAD"), to.text),
    **dict.fromkeys(("COMMAND GETKEYS", "GEOHASH"), to.texts),
    **dict.fromkeys(("XINFO CONSUMERS", "XINFO GROUPS"), to.records),
    "CLIENT INFO": to.client_facts,
    "CLIENT KILL": to.killed,
    "CLIENT LIST": to.client_lines,
    "CLIENT TRACKINGINFO": to.tracking_facts,
    "COMMAND": to.commands,
    "COMMAND GETKEYSANDFLAGS": to.keys_and_flags,
    "COMMAND INFO": to.described_commands,
    "CONFIG GET": to.settings,
    "DEBUG OBJECT": to.object_facts,
    "FUNCTION LIST": to.libraries,
    "GEODIST": to.float_or_none,
    "GEOPOS": to.points,
    "INFO": to.info,
    "LASTSAVE": to.moment,
    "LCS": to.flat_dict,
    "MEMORY STATS": to.memory_stats,
    "PING": to.pong,
    "SCAN": to.scan,
    "SCRIPT EXISTS": to.truths,
    "SLOWLOG GET": to.slow_calls,
    "SSCAN": to.scan,
    "TIME": to.time_of_day,
    "ZPOPMAX": to.popped,
    "ZPOPMIN": to.popped,
}
# The replies that are sets in redis-py too.
SETS = frozenset(("SDIFF", "SINTER", "SMEMBERS", "SUNION"))


def _scores(options: dict[str, Any]) -> to.Converter:
    return to.scored(options.get("score_cast_func", float)) if options.get("withscores") else to.without_sets


def _flat_scores(options: dict[str, Any]) -> to.Converter:
    return to.flat_scores if options.get("withscores") else to.without_sets


def _rank(options: dict[str, Any]) -> to.Converter | None:
    return to.ranked(options.get("score_cast_func", float)) if options.get("withscore") else None


def _places(options: dict[str, Any]) -> to.Converter | None:
    if "store" not in options or options["store"] or options.get("store_dist"):
        return None
    columns = (("withdist", float), ("withhash", int), ("withcoord", to.point))
    return to.found_places(*(column for name, column in columns if options.get(name)))


# Converters that depend on the options.
CHOSEN: dict[str, Callable[[dict[str, Any]], to.Converter | None]] = {
    **_each("ZINTER ZRANGE ZRANGEBYSCORE ZREVRANGE ZREVRANGEBYSCORE ZUNION", _scores),
    **dict.fromkeys(("ZDIFF", "ZRANDMEMBER"), _flat_scores),
    **dict.fromkeys(("ZRANK", "ZREVRANK"), _rank),
    **dict.fromkeys(("GEORADIUS", "GEORADIUSBYMEMBER", "GEOSEARCH"), _places),
    **dict.fromkeys(
        ("XREAD", "XREADGROUP"),
        lambda options: to.claimed_streams if "claim_min_idle_time" in options else to.streams,
    ),
    "HRANDFIELD": lambda options: to.flat_pairs if options.get("withvalues") else None,
    "HSCAN": lambda options: to.scan if options.get("no_values") else to.scan_fields,
    "SET": lambda options: None if options.get("get") else to.ok_or_none,
    "SORT": lambda options: to.groups_of(options["groups"]) if options.get("groups") else None,
    "XAUTOCLAIM": lambda options: to.second if options.get("parse_justid") else to.claimed,
    "XCLAIM": lambda options: None if options.get("parse_justid") else to.entries,
    "XINFO STREAM": lambda options: to.all_stream_facts if options.get("full") else to.stream_facts,
    "XPENDING": lambda options: to.pending_entries if options.get("parse_detail") else to.pending,
    "ZSCAN": lambda options: to.scan_scores(options.get("score_cast_func", float)),
}


def callback_of(name: Any, options: dict[str, Any], own: dict[str, Callback] | None = None) -> to.Converter | None:
    """Returns the converter for a command; ``own`` are callbacks that the caller has set."""
    name = (name.decode() if isinstance(name, bytes) else name).upper()
    if own and name in own:
        callback = own[name]
        return (lambda reply: callback(reply, **options)) if options else callback
    if name in CHOSEN:
        return CHOSEN[name](options)
    return PLAIN.get(name) or (None if name in SETS else to.without_sets)


def words_of(arguments: Sequence[Any]) -> list[Any]:
    """Returns the words of a command whose first argument may hold several."""
    return [*arguments[0].split(), *arguments[1:]]
