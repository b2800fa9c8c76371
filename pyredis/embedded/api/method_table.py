"""Where redis-py differs from the command table: a row for each method that is generated.

A row names the command, the type of the result, and the converter that makes it, if the reply is not the result
already. A row with only the command's name takes the parameters from the command table; ``names`` renames them. The
syntax of the others is that of `method_pattern`. The method is called like the command unless ``method`` says
otherwise, and its docstring is the command's summary.

Methods that need more than this are written by hand, in the modules ``*_by_hand``.
"""

from dataclasses import dataclass

from pyredis.embedded.api.method_pattern import Pattern, parse_pattern, simple_pattern


@dataclass(frozen=True)
class Method:
    """A method to generate."""

    name: str
    pattern: Pattern
    result: str
    convert: str
    raw: bool

    @property
    def command(self) -> str:
        """The command as the command table names it, ``config|get``."""
        return "|".join(self.pattern.command).lower()


MODULES: dict[str, list[Method]] = {}
_rows: list[Method] = []


def module(name: str) -> None:
    """The following rows are for the module of this name."""
    global _rows
    _rows = MODULES.setdefault(name, [])


def row(pattern: str, result: str, convert: str = "", *, method: str = "", names: str = "", raw: bool = False) -> None:
    """A method; ``raw`` is for a reply that stays bytes under ``decode_responses``."""
    parsed = parse_pattern(pattern)
    if not parsed.items:
        parsed = parse_pattern(_from_table(parsed, names))
    name = method or "_".join(parsed.command).lower().replace("-", "_")
    _rows.append(Method(name, parsed, result, convert, raw))


def _from_table(pattern: Pattern, names: str) -> str:
    from pyredis.commands.table.command_table import SPECS

    parent = SPECS.get(pattern.command[0].lower())
    spec = parent if len(pattern.command) == 1 or parent is None else parent.subcommands.get(pattern.command[1].lower())
    return " ".join(pattern.command) if spec is None else simple_pattern(spec, names)


TEXT, TEXTS, MAYBE = "Text", "list[Text]", "Text | None"
CONDITIONS = "[NX] [XX] [GT] [LT]"
SCORES = "[LIMIT start num] [WITHSCORES] ~score_cast_func:cast=float"
IF_SCORES = "scored(score_cast_func) if withscores else None"

module("string_methods")
row("APPEND", "int", names="key value")
row("DECRBY name amount:int=1", "int")
row("DECRBY name amount:int=1", "int", method="decr")
row("DELEX name [IFEQ ifeq:key] [IFNE ifne:key] [IFDEQ ifdeq:str] [IFDNE ifdne:str]", "int")
row("DIGEST name", MAYBE)
row("GET", MAYBE)
row("GETDEL", MAYBE)
row("GETRANGE", TEXT, names="key start end")
row("GETSET", MAYBE)
row("INCRBY name amount:int=1", "int")
row("INCRBY name amount:int=1", "int", method="incr")
row("INCRBYFLOAT name amount:float=1.0", "float", "float")
row("LCS key1:key key2:key [LEN] [IDX] [MINMATCHLEN minmatchlen:int=0] [WITHMATCHLEN]", "Any", "flat_dict")
row("MSET mapping:items", "bool", "ok")
row("MSETNX mapping:items", "bool", "bool")
row("PSETEX name time_ms:milliseconds value", "bool", "bool")
row("SETEX name time:seconds value", "bool", "bool")
row("SETNX", "bool", "bool")
row("SETRANGE", "int")
row("STRLEN", "int")
row("SUBSTR name start end:int=-1", TEXT)
row("GETBIT", "int")
row("SETBIT name offset value:bit", "int")
row("BITOP operation:str dest keys...", "int")
row("PFADD name values...", "int")
row("PFCOUNT sources...", "int")
row("PFMERGE dest sources...", "bool", "ok")

module("generic_methods")
row("COPY source destination [DB destination_db:int] [REPLACE]", "bool", "bool")
row("DEL names...", "int", method="delete")
row("DUMP name", "bytes | None", raw=True)
row("EXISTS names...", "int")
row(f"EXPIRE name time:seconds {CONDITIONS}", "bool", "bool")
row(f"EXPIREAT name when:unix {CONDITIONS}", "bool", "bool")
row("EXPIRETIME", "int", names="key")
row("KEYS pattern='*' **", TEXTS)
row("MOVE", "bool", "bool")
row("OBJECT infotype:str key **", "Any")
row("PERSIST", "bool", "bool")
row(f"PEXPIRE name time:milliseconds {CONDITIONS}", "bool", "bool")
row(f"PEXPIREAT name when:unix-ms {CONDITIONS}", "bool", "bool")
row("PEXPIRETIME", "int", names="key")
row("PTTL", "int")
row("RANDOMKEY **", MAYBE)
row("RENAME", "bool", "ok", names="src dst")
row("RENAMENX", "bool", "bool", names="src dst")
row("SCAN cursor:int=0 [MATCH match] [COUNT count] [TYPE _type:str] **", "Scan", "scan")
row("TOUCH args...", "int")
row("TTL", "int")
row("TYPE", TEXT)
row("UNLINK names...", "int")

module("hash_methods")
row("HDEL name keys:value...", "int")
row("HEXISTS", "bool", "bool", names="name key")
row("HEXPIRETIME key FIELDS #fields fields:value...", "Any")
row("HGET", MAYBE, names="name key")
row("HGETALL", "dict[Text, Text]")
row("HINCRBY name key:value amount:int=1", "int")
row("HINCRBYFLOAT name key:value amount:float=1.0", "float", "float")
row("HKEYS", TEXTS)
row("HLEN", "int")
row("HMGET name keys+args:value", "list[Text | None]")
row("HPERSIST name FIELDS #fields fields:value...", "Any")
row("HPEXPIRETIME key FIELDS #fields fields:value...", "Any")
row("HPTTL key FIELDS #fields fields:value...", "Any")
row("HRANDFIELD key [count:int] [WITHVALUES]", "Any", "flat_pairs if withvalues else None")
row("HSETNX name key:value value", "int")
row("HSTRLEN", "int", names="name key")
row("HTTL key FIELDS #fields fields:value...", "Any")
row("HVALS", TEXTS)

module("list_methods")
row("LINDEX", MAYBE)
row("LINSERT name where:str refvalue value", "int")
row("LLEN", "int")
row("LMOVE first_list second_list src:str='LEFT' dest:str='RIGHT'", MAYBE)
row("LPOP name [count:int]", "Any")
row("LPOS name value [RANK rank:int] [COUNT count] [MAXLEN maxlen:int]", "Any")
row("LPUSH name values...", "int")
row("LPUSHX name values...", "int")
row("LRANGE", TEXTS)
row("LREM name count value", "int")
row("LSET name index value", "bool", "ok")
row("LTRIM", "bool", "ok")
row("RPOP name [count:int]", "Any")
row("RPOPLPUSH", MAYBE, names="src dst")
row("RPUSH name values...", "int")
row("RPUSHX name values...", "int")

module("set_methods")
row("SADD name values...", "int")
row("SCARD", "int")
row("SDIFF keys+args", "Members")
row("SDIFFCARD numkeys keys:spread LIMIT limit:int=0", "int")
row("SDIFFSTORE dest keys+args", "int")
row("SINTER keys+args", "Members")
row("SINTERCARD numkeys keys:spread LIMIT limit:int=0", "int")
row("SINTERSTORE dest keys+args", "int")
row("SISMEMBER", "int", names="name value")
row("SMEMBERS", "Members")
row("SMISMEMBER name values+args:value", "list[int]")
row("SMOVE src dst value", "bool", "bool")
row("SPOP name [count:int]", "Any", "listed_or_same")
row("SRANDMEMBER name [number:int]", "Any")
row("SREM name values...", "int")
row("SSCAN name cursor:int=0 [MATCH match] [COUNT count]", "Scan", "scan")
row("SUNION keys+args", "Members")
row("SUNIONCARD numkeys keys:spread [APPROX] LIMIT limit:int=0", "int")
row("SUNIONSTORE dest keys+args", "int")

module("sorted_set_methods")
row("ZCARD", "int")
row("ZCOUNT name min:bound max:bound", "int")
row("ZDIFF #keys keys:spread [WITHSCORES]", "Any", "flat_scores if withscores else None")
row("ZDIFFSTORE dest #keys keys:spread", "int")
row("ZINCRBY name amount:float value", "float | None")
row("ZINTERCARD numkeys keys:spread LIMIT limit:int=0", "int")
row("ZLEXCOUNT name min max", "int")
row("ZPOPMAX name [count:int]", "Pairs", "popped")
row("ZPOPMIN name [count:int]", "Pairs", "popped")
row("ZRANDMEMBER key [count:int] [WITHSCORES]", "Any", "flat_scores if withscores else None")
row("ZRANGEBYLEX name min max [LIMIT start num]", TEXTS)
row(f"ZRANGEBYSCORE name min:bound max:bound {SCORES}", "Ranked", IF_SCORES)
row("ZRANK name value [WITHSCORE] ~score_cast_func:cast=float", "Any", "ranked(score_cast_func) if withscore else None")
row("ZREM name values...", "int")
row("ZREMRANGEBYLEX name min max", "int")
row("ZREMRANGEBYRANK name min:int max:int", "int")
row("ZREMRANGEBYSCORE name min:bound max:bound", "int")
row("ZREVRANGE name start end [WITHSCORES] ~score_cast_func:cast=float", "Ranked", IF_SCORES)
row("ZREVRANGEBYLEX name max min [LIMIT start num]", TEXTS)
row(f"ZREVRANGEBYSCORE name max:bound min:bound {SCORES}", "Ranked", IF_SCORES)
row(
    "ZREVRANK name value [WITHSCORE] ~score_cast_func:cast=float",
    "Any",
    "ranked(score_cast_func) if withscore else None",
)
row(
    "ZSCAN name cursor:int=0 [MATCH match] [COUNT count] ~score_cast_func:cast=float",
    "tuple[int, Pairs]",
    "scan_scores(score_cast_func)",
)
row("ZSCORE name value", "float | None")

module("stream_methods")
row("XACK name groupname ids:id...", "int")
row("XDEL name ids:id...", "int")
row("XGROUP CREATE name groupname id:id='$' [MKSTREAM] [ENTRIESREAD entries_read:int]", "bool", "ok")
row("XGROUP CREATECONSUMER name groupname consumername", "int")
row("XGROUP DELCONSUMER name groupname consumername", "int")
row("XGROUP DESTROY name groupname", "bool", "bool")
row("XGROUP SETID name groupname id:id [ENTRIESREAD entries_read:int]", "bool", "ok")
row("XINFO CONSUMERS name groupname", "list[Record]", "records")
row("XINFO GROUPS name", "list[Record]", "records")
row("XINFO STREAM name [FULL]", "Record", "all_stream_facts if full else stream_facts")
row("XLEN", "int")
row("XPENDING name groupname", "Record", "pending")

module("geo_methods")
row("GEOHASH name values...", "list[str | None]", "texts")
row("GEOPOS name values...", "list[Point | None]", "points")

module("scripting_methods")
row("EVAL script:key numkeys keys_and_args:value...", "Any", "without_sets")
row("EVAL_RO script:key numkeys keys_and_args:value...", "Any", "without_sets")
row("EVALSHA sha:key numkeys keys_and_args:value...", "Any", "without_sets")
row("EVALSHA_RO sha:key numkeys keys_and_args:value...", "Any", "without_sets")
row("FCALL function:key numkeys keys_and_args:value...", "Any", "without_sets")
row("FCALL_RO function:key numkeys keys_and_args:value...", "Any", "without_sets")
row("FUNCTION DELETE library:key", "bool", "ok")
row("FUNCTION DUMP", "bytes", raw=True)
row("FUNCTION FLUSH mode:str='SYNC'", "bool", "ok")
row("FUNCTION KILL", TEXT)
row("FUNCTION LIST LIBRARYNAME library:key='*' [withcode=WITHCODE]", "list[Any]", "libraries")
row("FUNCTION LOAD [REPLACE] code:key", TEXT)
row("FUNCTION RESTORE payload:key policy:str='APPEND'", "bool", "ok")
row("FUNCTION STATS", "Any", "without_sets")
row("PUBLISH channel message **", "int")
row("PUBSUB CHANNELS pattern='*' **", TEXTS)
row("PUBSUB NUMPAT **", "int")
row("PUBSUB NUMSUB args... **", "list[tuple[Text, int]]", "numbers_of_subscribers")
row("PUBSUB SHARDCHANNELS pattern='*' **", TEXTS)
row("PUBSUB SHARDNUMSUB args... **", "list[tuple[Text, int]]", "numbers_of_subscribers")
row("SCRIPT EXISTS args...", "list[bool]", "truths")
row("SCRIPT KILL", "bool", "ok")
row("SCRIPT LOAD script:key", "str", "text")
row("SPUBLISH shard_channel message", "int")

module("connection_methods")
row("CLIENT GETNAME **", "str | None", "text")
row("CLIENT GETREDIR **", "int")
row("CLIENT ID **", "int")
row("CLIENT INFO **", "Record", "client_facts")
row("CLIENT KILL address:str **", "bool | int", "killed")
row("CLIENT NO-EVICT mode:str", TEXT)
row("CLIENT NO-TOUCH mode:str", TEXT)
row("CLIENT SETINFO attr:str value:str **", "bool", "ok")
row("CLIENT SETNAME name:str **", "bool", "ok")
row("CLIENT TRACKINGINFO **", "list[Any]", "tracking_facts")
row("CLIENT UNPAUSE **", TEXT)
row("ECHO value **", TEXT)
row("PING **", "bool", "pong")
row("QUIT **", "bool", "ok")
row("READONLY **", "bool", "ok")
row("READWRITE **", "bool", "ok")
row("RESET", "str", "text")
row("SELECT index **", "bool", "ok")

module("user_methods")
row("ACL CAT [category:str] **", "list[str]", "texts")
row("ACL DELUSER username:str... **", "int")
row("ACL DRYRUN username:str args:value... **", TEXT)
row("ACL GETUSER username:str **", "Record | None", "user_facts")
row("ACL HELP **", "list[str]", "texts")
row("ACL LIST **", "list[str]", "texts")
row("ACL LOAD **", "bool", "ok")
row("ACL LOG RESET **", "bool", "ok", method="acl_log_reset")
row("ACL SAVE **", "bool", "ok")
row("ACL USERS **", "list[str]", "texts")
row("ACL WHOAMI **", "str", "text")

module("server_methods")
row("BGREWRITEAOF **", "bool", "always")
row("COMMAND **", "dict[str, Record]", "commands")
row("COMMAND COUNT **", "int")
row("COMMAND GETKEYS args...", "list[str]", "texts")
row("COMMAND GETKEYSANDFLAGS args...", "list[Any]", "keys_and_flags")
row("CONFIG GET pattern='*' args:pattern... **", "dict[str, str]", "settings")
row("CONFIG RESETSTAT **", "bool", "ok")
row("CONFIG REWRITE **", TEXT)
row("CONFIG SET name value args:value... **", "bool", "ok")
row("DBSIZE **", "int")
row("DEBUG OBJECT key **", "Record", "object_facts")
row("FLUSHALL [asynchronous=ASYNC] **", "bool", "ok")
row("FLUSHDB [asynchronous=ASYNC] **", "bool", "ok")
row("LASTSAVE **", "datetime | None", "moment")
row("LATENCY HISTORY event:str", "list[Any]")
row("LATENCY LATEST", "list[Any]")
row("LATENCY RESET events:str...", "int")
row("MEMORY MALLOC-STATS **", TEXT)
row("MEMORY PURGE **", "bool", "ok")
row("MEMORY STATS **", "Record", "memory_stats")
row("MODULE LIST", "list[Any]")
row("MODULE LOAD path:str args...", "bool", "bool")
row("MODULE UNLOAD name:str", "bool", "bool")
row("REPLICAOF args... **", "Any")
row("ROLE", "list[Any]")
row("SAVE **", "bool", "ok")
row("SLOWLOG GET [num:int] **", "list[Record]", "slow_calls", raw=True)
row("SLOWLOG LEN **", "int")
row("SLOWLOG RESET **", "bool", "ok")
row("SWAPDB first:int second:int **", "bool", "ok")
row("TIME **", "tuple[int, int]", "time_of_day")
row("WAIT num_replicas:int timeout:int **", "int")
row("WAITAOF num_local:int num_replicas:int timeout:int **", "list[int]")
