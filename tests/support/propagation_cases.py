"""Requests of every writing command, and what the append-only file receives for each; ``test_propagation`` runs them.

A case is a request, the commands that run before it, and the commands that the file receives, as text. Braces in the
latter are filled in from the server after the request, for times and random choices: ``{PEXPIRETIME k}`` is the reply
to that command, ``{reply}`` the reply to the request, ``{delivered 1-1}`` the time of the entry's last delivery to the
group, and ``{noted}`` the delivery time of entry 1-1 as it was before the request.
"""

from dataclasses import dataclass, field

AS_IT_CAME = "as it came"
NOTHING = ""
FAR = "4102444800000"  # 2100, in ms; in seconds without the last three digits
EXPIRING = ("HSET h f 1 g 2", f"HPEXPIREAT h {FAR} FIELDS 1 f")
STREAM = ("XADD s 1-1 a 1", "XADD s 2-1 a 2", "XADD s 3-1 a 3", "XGROUP CREATE s g 0")
CONSUMED = (*STREAM, "XGROUP CREATECONSUMER s g c", "XREADGROUP GROUP g c COUNT 2 STREAMS s >")
SICILY = "GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"
TWO_SETS = ("SADD s 1 2 3", "SADD t 2 3 4")
TWO_SORTED = ("ZADD z 1 a 2 b 3 c", "ZADD y 1 a 5 d")

# Commands without cases here: a library's text has blanks.
IN_A_TEST_OF_ITS_OWN = dict.fromkeys(
    ["function|delete", "function|load", "function|restore"],
    "test_functions_in_files and test_function_sequences call it",
)


@dataclass(frozen=True)
class Case:
    """``written`` is lines, AS_IT_CAME or NOTHING. With ``woken``, the request blocks and that command wakes it."""

    request: str
    written: str
    before: tuple[str, ...] = ()
    woken: str = ""
    config: dict[str, str] = field(default_factory=dict)


def case(
    request: str, written: str = AS_IT_CAME, *, before: str | tuple[str, ...] = (), woken: str = "", **config: str
) -> Case:
    names = {name.replace("_", "-"): value for name, value in config.items()}
    return Case(request, written, (before,) if isinstance(before, str) else before, woken, names)


def delivery(entry: str, count: int = 1, *, consumer: str = "c", last: str, at: str | None = None) -> str:
    """The command written for a delivered or claimed entry."""
    time = at or f"{{delivered {entry}}}"
    return f"XCLAIM s g {consumer} 0 {entry} TIME {time} RETRYCOUNT {count} FORCE JUSTID LASTID {last}"


def unit(*lines: str) -> str:
    """Several commands that are loaded either completely or not at all."""
    return "\n".join(["MULTI", *lines, "EXEC"])


CASES: dict[str, list[Case]] = {
    # ---- strings ----
    "append": [case("APPEND k b", before="SET k a"), case("append k b")],
    "decr": [case("DECR n")],
    "decrby": [case("DECRBY n 5")],
    "getdel": [
        case("GETDEL k", "DEL k", before="SET k a"),
        case("GETDEL k", "UNLINK k", before="SET k a", lazyfree_lazy_user_del="yes"),
        case("GETDEL k", NOTHING),
    ],
    "getex": [
        case("GETEX k EX 1000", "PEXPIREAT k {PEXPIRETIME k}", before="SET k a"),
        case("GETEX k PX 1000000", "PEXPIREAT k {PEXPIRETIME k}", before="SET k a"),
        case("GETEX k EXAT 4102444800", f"PEXPIREAT k {FAR}", before="SET k a"),
        case(f"GETEX k PXAT {FAR}", f"PEXPIREAT k {FAR}", before="SET k a"),
        case("GETEX k PXAT 1", "DEL k", before="SET k a"),
        case("GETEX k PERSIST", "PERSIST k", before="SET k a EX 1000"),
        case("GETEX k PERSIST", NOTHING, before="SET k a"),
        case("GETEX k", NOTHING, before="SET k a"),
    ],
    "getset": [case("GETSET k b", "SET k b", before="SET k a"), case("GETSET k b", "SET k b")],
    "incr": [case("INCR n")],
    "incrby": [case("INCRBY n 5")],
    "incrbyfloat": [
        case("INCRBYFLOAT n 0.1", "SET n 10.6 KEEPTTL", before="SET n 10.5"),
        case("INCRBYFLOAT n 3.0e3", "SET n 3000 KEEPTTL"),
        case("INCRBYFLOAT n 1", NOTHING, before="SET n text"),
    ],
    "mset": [case("MSET a 1 b 2"), case("MSET a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8 i 9 j 10 k 11 l 12")],
    "msetnx": [case("MSETNX a 1 b 2"), case("MSETNX a 1 b 2", NOTHING, before="SET b 0")],
    "psetex": [case("PSETEX k 1000000 v", "SET k v PXAT {PEXPIRETIME k}")],
    "set": [
        case("SET k v"),
        case("set k v nx"),
        case("SET k v XX KEEPTTL", before="SET k a EX 1000"),
        case("SET k v GET", "SET k v", before="SET k a"),
        case("SET k v XX get KEEPTTL", "SET k v XX KEEPTTL", before="SET k a EX 1000"),
        case("SET k v EX 1000", "SET k v PXAT {PEXPIRETIME k}"),
        case("SET k v PX 1000000 NX", "SET k v PXAT {PEXPIRETIME k}"),
        case("SET k v GET EX 1000", "SET k v PXAT {PEXPIRETIME k}", before="SET k a"),
        case("SET k v EXAT 4102444800", f"SET k v PXAT {FAR}"),
        case(f"SET k v PXAT {FAR}", f"SET k v PXAT {FAR}"),
        case("SET k v NX", NOTHING, before="SET k a"),
        case("SET k v XX", NOTHING),
        case("SET k v NX GET EX 1000", NOTHING, before="SET k a"),
    ],
    "setex": [case("SETEX k 1000 v", "SET k v PXAT {PEXPIRETIME k}")],
    "setnx": [case("SETNX k v"), case("SETNX k v", NOTHING, before="SET k a")],
    "setrange": [case("SETRANGE k 2 v"), case("SETRANGE k 0 ''", NOTHING)],
    # ---- bits and sketches ----
    "bitfield": [
        case("BITFIELD k SET u8 0 255 INCRBY u4 8 1 GET u8 0"),
        case("BITFIELD k GET u8 0", NOTHING, before="SET k a"),
    ],
    "bitop": [
        case("BITOP OR d a b", before=("SET a 1", "SET b 2")),
        case("BITOP AND d a b", before="SET d 1"),
        case("BITOP AND d a b", NOTHING),
    ],
    "setbit": [case("SETBIT k 7 1")],
    "pfadd": [case("PFADD p a b"), case("PFADD p a", NOTHING, before="PFADD p a")],
    "pfcount": [
        case("PFCOUNT p", before="PFADD p a"),
        case("PFCOUNT p", NOTHING, before=("PFADD p a", "PFCOUNT p")),
        case("PFCOUNT p q", NOTHING, before=("PFADD p a", "PFADD q b")),
    ],
    "pfdebug": [
        case("PFDEBUG TODENSE p", before="PFADD p a"),
        case("PFDEBUG GETREG p", before="PFADD p a"),
        case("PFDEBUG TODENSE p", NOTHING, before=("PFADD p a", "PFDEBUG TODENSE p")),
        case("PFDEBUG ENCODING p", NOTHING, before="PFADD p a"),
    ],
    "pfmerge": [case("PFMERGE d p q", before=("PFADD p a", "PFADD q b"))],
    # ---- keys ----
    "copy": [
        case("COPY a b", before="SET a 1"),
        case("COPY a b DB 1 REPLACE", before="SET a 1 EX 1000"),
        case("COPY a b", NOTHING, before=("SET a 1", "SET b 1")),
    ],
    "del": [case("DEL a b", before="SET a 1"), case("DEL a", NOTHING)],
    "expire": [
        case("EXPIRE k 1000", "PEXPIREAT k {PEXPIRETIME k}", before="SET k a"),
        case("EXPIRE k 1000 NX", "PEXPIREAT k {PEXPIRETIME k}", before="SET k a"),
        case("EXPIRE k 1000 XX", NOTHING, before="SET k a"),
        case("EXPIRE k -1", "DEL k", before="SET k a"),
        case("EXPIRE k -1", "UNLINK k", before="SET k a", lazyfree_lazy_expire="yes"),
        case("EXPIRE k 1000", NOTHING),
    ],
    "expireat": [
        case("EXPIREAT k 4102444800", f"PEXPIREAT k {FAR}", before="SET k a"),
        case("EXPIREAT k 1", "DEL k", before="SET k a"),
    ],
    "move": [case("MOVE k 1", before="SET k a"), case("MOVE k 1", NOTHING)],
    "persist": [case("PERSIST k", before="SET k a EX 1000"), case("PERSIST k", NOTHING, before="SET k a")],
    "pexpire": [
        case("PEXPIRE k 1000000 GT", "PEXPIREAT k {PEXPIRETIME k}", before="SET k a EX 5"),
        case("PEXPIRE k 0", "DEL k", before="SET k a"),
    ],
    "pexpireat": [
        case(f"PEXPIREAT k {FAR} GT", f"PEXPIREAT k {FAR}", before="SET k a EX 5"),
        case("PEXPIREAT k 1", "DEL k", before="SET k a"),
    ],
    "rename": [case("RENAME a b", before=("SET a 1", "SET b 2")), case("RENAME a a", NOTHING, before="SET a 1")],
    "renamenx": [
        case("RENAMENX a b", before="SET a 1"),
        case("RENAMENX a b", NOTHING, before=("SET a 1", "SET b 2")),
    ],
    "unlink": [case("UNLINK a b", before="SET a 1"), case("UNLINK a", NOTHING)],
    "sort": [
        case("SORT l STORE d", before="RPUSH l 2 1"),
        case("SORT l STORE d", before="RPUSH d 1"),
        case("SORT l", NOTHING, before="RPUSH l 2 1"),
        case("SORT l STORE d", NOTHING),
    ],
    # ---- geo ----
    "geoadd": [case("GEOADD geo 13.361389 38.115556 Palermo"), case(SICILY, NOTHING, before=SICILY)],
    "georadius": [
        case("GEORADIUS geo 15 37 200 km STORE d", before=SICILY),
        case("GEORADIUS geo 15 37 200 km STOREDIST d COUNT 1", before=SICILY),
        case("GEORADIUS geo 15 37 200 km", NOTHING, before=SICILY),
    ],
    "georadiusbymember": [
        case("GEORADIUSBYMEMBER geo Palermo 200 km STORE d", before=SICILY),
        case("GEORADIUSBYMEMBER geo Palermo 200 km", NOTHING, before=SICILY),
    ],
    "geosearchstore": [case("GEOSEARCHSTORE d geo FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST", before=SICILY)],
    # ---- hashes ----
    "hdel": [case("HDEL h f x", before="HSET h f 1"), case("HDEL h x", NOTHING, before="HSET h f 1")],
    "hgetdel": [
        case("HGETDEL h FIELDS 3 f x g", "HDEL h f x g", before="HSET h f 1 g 2"),
        case("HGETDEL h FIELDS 1 x", NOTHING, before="HSET h f 1"),
        case("HGETDEL h FIELDS 1 f", NOTHING),
    ],
    "hgetex": [
        case(
            "HGETEX h EX 1000 FIELDS 2 f x",
            "HPEXPIREAT h {HPEXPIRETIME h FIELDS 1 f} FIELDS 2 f x",
            before="HSET h f 1 g 2",
        ),
        case("HGETEX h PX 99999 FIELDS 1 f", "HPEXPIREAT h {HPEXPIRETIME h FIELDS 1 f} FIELDS 1 f", before=EXPIRING),
        case("HGETEX h EXAT 4102444800 FIELDS 1 g", f"HPEXPIREAT h {FAR} FIELDS 1 g", before=EXPIRING),
        case(f"HGETEX h pxat {FAR} fields 1 g", f"HPEXPIREAT h {FAR} fields 1 g", before=EXPIRING),
        case("HGETEX h PX 0 FIELDS 3 f x g", "HDEL h f g", before=EXPIRING),
        case("HGETEX h PERSIST FIELDS 2 f g", "HPERSIST h FIELDS 2 f g", before=EXPIRING),
        case("HGETEX h PERSIST FIELDS 1 g", NOTHING, before=EXPIRING),
        case("HGETEX h FIELDS 2 f g", NOTHING, before=EXPIRING),
        case("HGETEX h EX 1000 FIELDS 1 x", NOTHING, before=EXPIRING),
        case("HGETEX h EX 1000 FIELDS 1 x", NOTHING),
    ],
    "hincrby": [case("HINCRBY h f 5"), case("HINCRBY h f 5", NOTHING, before="HSET h f text")],
    "hincrbyfloat": [
        case("HINCRBYFLOAT h f 0.1", "HSET h f 10.6", before="HSET h f 10.5"),
        case("HINCRBYFLOAT h f 3.0e3", "HSET h f 3000"),
        case("HINCRBYFLOAT h f 0.5", unit("HSET h f 1.5", f"HPEXPIREAT h {FAR} FIELDS 1 f"), before=EXPIRING),
        case("HINCRBYFLOAT h f 0.5", NOTHING, before="HSET h f text"),
    ],
    "hmset": [case("HMSET h f 1 g 2")],
    "hset": [case("HSET h f 1 g 2")],
    "hsetex": [
        case("HSETEX h FIELDS 2 f 1 g 2"),
        case("HSETEX h FXX FIELDS 1 f 2", before=EXPIRING),
        case("HSETEX h FXX FIELDS 2 f 2 x 3", NOTHING, before=EXPIRING),
        case("HSETEX h FNX FIELDS 1 x 2", before=EXPIRING),
        case("HSETEX h FNX FIELDS 2 x 2 f 3", NOTHING, before=EXPIRING),
        case("hsetex h KEEPTTL FIELDS 2 f 2 x 3", before=EXPIRING),
        case(f"HSETEX h PXAT {FAR} FNX FIELDS 1 x 2", before=EXPIRING),
        case("HSETEX h EX 1000 FIELDS 1 f 2", "HSETEX h PXAT {HPEXPIRETIME h FIELDS 1 f} FIELDS 1 f 2"),
        case("hsetex h FNX px 99999 FIELDS 1 f 2", "hsetex h FNX PXAT {HPEXPIRETIME h FIELDS 1 f} FIELDS 1 f 2"),
        case("HSETEX h EXAT 4102444800 FXX FIELDS 1 f 2", f"HSETEX h PXAT {FAR} FXX FIELDS 1 f 2", before=EXPIRING),
        case("HSETEX h EX 0 FIELDS 2 f 2 x 3", "HDEL h f x", before=EXPIRING),
        case("HSETEX h PXAT 1 FIELDS 2 f 2 x 3", "HDEL h f x"),
    ],
    "hsetnx": [case("HSETNX h f 1"), case("HSETNX h f 1", NOTHING, before="HSET h f 0")],
    "hexpire": [
        case(
            "HEXPIRE h 1000 FIELDS 3 f x g",
            "HPEXPIREAT h {HPEXPIRETIME h FIELDS 1 f} FIELDS 2 f g",
            before="HSET h f 1 g 2",
        ),
        case("HEXPIRE h 1000 XX FIELDS 2 f g", "HPEXPIREAT h {HPEXPIRETIME h FIELDS 1 f} FIELDS 1 f", before=EXPIRING),
        case("HEXPIRE h 0 FIELDS 2 x f", "HDEL h f", before="HSET h f 1 g 2"),
        case("HEXPIRE h 1000 XX FIELDS 1 g", NOTHING, before=EXPIRING),
    ],
    "hexpireat": [
        case("HEXPIREAT h 4102444800 FIELDS 1 f", f"HPEXPIREAT h {FAR} FIELDS 1 f", before="HSET h f 1"),
        case("HEXPIREAT h 1 FIELDS 1 f", "HDEL h f", before="HSET h f 1 g 2"),
    ],
    "hpexpire": [
        case(
            "HPEXPIRE h 1000000 NX FIELDS 1 g",
            "HPEXPIREAT h {HPEXPIRETIME h FIELDS 1 g} FIELDS 1 g",
            before=EXPIRING,
        ),
        case("HPEXPIRE h 0 FIELDS 1 f", "HDEL h f", before="HSET h f 1 g 2"),
    ],
    "hpexpireat": [
        case(f"HPEXPIREAT h {FAR} NX FIELDS 2 f g", f"HPEXPIREAT h {FAR} FIELDS 1 g", before=EXPIRING),
        case("HPEXPIREAT h 1 FIELDS 1 f", "HDEL h f", before="HSET h f 1 g 2"),
    ],
    "hpersist": [
        case("HPERSIST h FIELDS 2 f g", before=EXPIRING),
        case("HPERSIST h FIELDS 1 g", NOTHING, before=EXPIRING),
    ],
    # ---- lists ----
    "blmove": [
        case("BLMOVE a b LEFT RIGHT 0", "LMOVE a b LEFT RIGHT", before="RPUSH a 1"),
        case("BLMOVE a b LEFT RIGHT 0", "RPUSH a 1\nLMOVE a b LEFT RIGHT", woken="RPUSH a 1"),
    ],
    "blmpop": [
        case("BLMPOP 0 2 x a RIGHT COUNT 2", "RPOP a 2", before="RPUSH a 1 2 3"),
        case("BLMPOP 0 2 x a LEFT COUNT 9", "RPUSH a 1 2\nLPOP a 2", woken="RPUSH a 1 2"),
    ],
    "blpop": [
        case("BLPOP x a 0", "LPOP a", before="RPUSH a 1 2"),
        case("BLPOP x a 0", "RPUSH a 1 2\nLPOP a", woken="RPUSH a 1 2"),
    ],
    "brpop": [
        case("BRPOP x a 0", "RPOP a", before="RPUSH a 1 2"),
        case("BRPOP x a 0", "RPUSH a 1 2\nRPOP a", woken="RPUSH a 1 2"),
    ],
    "brpoplpush": [
        case("BRPOPLPUSH a b 0", "RPOPLPUSH a b", before="RPUSH a 1"),
        case("BRPOPLPUSH a b 0", "RPUSH a 1\nRPOPLPUSH a b", woken="RPUSH a 1"),
    ],
    "linsert": [
        case("LINSERT a BEFORE 2 1", before="RPUSH a 2"),
        case("LINSERT a BEFORE 3 1", NOTHING, before="RPUSH a 2"),
    ],
    "lmove": [case("LMOVE a b LEFT RIGHT", before="RPUSH a 1"), case("LMOVE a b LEFT RIGHT", NOTHING)],
    "lmpop": [
        case("LMPOP 2 x a LEFT COUNT 2", "LPOP a 2", before="RPUSH a 1 2 3"),
        case("LMPOP 1 a RIGHT COUNT 9", "RPOP a 3", before="RPUSH a 1 2 3"),
        case("LMPOP 1 a RIGHT", NOTHING),
    ],
    "lpop": [case("LPOP a", before="RPUSH a 1 2"), case("LPOP a 9", before="RPUSH a 1 2"), case("LPOP a", NOTHING)],
    "rpop": [
        case("RPOP a", before="RPUSH a 1 2"),
        case("RPOP a 1", before="RPUSH a 1 2"),
        case("RPOP a 0", NOTHING, before="RPUSH a 1"),
    ],
    "lpush": [case("LPUSH a 1 2")],
    "lpushx": [case("LPUSHX a 1", before="RPUSH a 1"), case("LPUSHX a 1", NOTHING)],
    "lrem": [case("LREM a 0 1", before="RPUSH a 1 2"), case("LREM a 0 9", NOTHING, before="RPUSH a 1 2")],
    "lset": [case("LSET a -1 9", before="RPUSH a 1 2")],
    "ltrim": [case("LTRIM a 1 -1", before="RPUSH a 1 2")],
    "rpoplpush": [case("RPOPLPUSH a b", before="RPUSH a 1")],
    "rpush": [case("RPUSH a 1 2")],
    "rpushx": [case("RPUSHX a 1", before="RPUSH a 1"), case("RPUSHX a 1", NOTHING)],
    # ---- databases ----
    "flushall": [case("FLUSHALL", before="SET a 1"), case("FLUSHALL ASYNC", before="SET a 1"), case("FLUSHALL SYNC")],
    "flushdb": [case("FLUSHDB", before="SET a 1"), case("FLUSHDB ASYNC", before="SET a 1"), case("FLUSHDB")],
    "function|flush": [case("FUNCTION FLUSH"), case("FUNCTION FLUSH ASYNC"), case("FUNCTION FLUSH SYNC")],
    "swapdb": [case("SWAPDB 0 1", before="SET a 1")],
    # ---- sets ----
    "sadd": [case("SADD s 1 x"), case("SADD s 1", NOTHING, before="SADD s 1")],
    "sdiffstore": [case("SDIFFSTORE d s t", before=TWO_SETS), case("SDIFFSTORE d x y", NOTHING)],
    "sinterstore": [case("SINTERSTORE d s t", before=TWO_SETS), case("SINTERSTORE d x y", before="SADD d 1")],
    "smove": [case("SMOVE s t 1", before=TWO_SETS), case("SMOVE s t 9", NOTHING, before=TWO_SETS)],
    "spop": [
        case("SPOP s", "SREM s {reply}", before="SADD s 1 2 3"),
        case("SPOP s", "SREM s {reply}", before="SADD s a"),
        case("SPOP s 2", "SREM s {reply}", before="SADD s a b c d e"),
        case("SPOP s 2", "DEL s", before="SADD s a b"),
        case("SPOP s 9", "UNLINK s", before="SADD s a b", lazyfree_lazy_server_del="yes"),
        case("SPOP s 0", NOTHING, before="SADD s a b"),
        case("SPOP s", NOTHING),
    ],
    "srem": [case("SREM s 1 9", before="SADD s 1 2"), case("SREM s 9", NOTHING, before="SADD s 1")],
    "sunionstore": [case("SUNIONSTORE d s t", before=TWO_SETS)],
    # ---- sorted sets ----
    "bzmpop": [
        case("BZMPOP 0 2 x z MAX COUNT 2", "ZPOPMAX z 2", before="ZADD z 1 a 2 b 3 c"),
        case("BZMPOP 0 2 x z MIN COUNT 9", "ZADD z 1 a 2 b\nZPOPMIN z 2", woken="ZADD z 1 a 2 b"),
    ],
    "bzpopmax": [
        case("BZPOPMAX x z 0", "ZPOPMAX z", before="ZADD z 1 a 2 b"),
        case("BZPOPMAX x z 0", "ZADD z 1 a 2 b\nZPOPMAX z", woken="ZADD z 1 a 2 b"),
    ],
    "bzpopmin": [
        case("BZPOPMIN x z 0", "ZPOPMIN z", before="ZADD z 1 a 2 b"),
        case("BZPOPMIN x z 0", "ZADD z 1 a 2 b\nZPOPMIN z", woken="ZADD z 1 a 2 b"),
    ],
    "zadd": [
        case("ZADD z 1 a 2.5 b"),
        case("ZADD z GT CH 5 a", before="ZADD z 1 a"),
        case("ZADD z INCR 1 a", before="ZADD z 1 a"),
        case("ZADD z GT 0 a", NOTHING, before="ZADD z 1 a"),
    ],
    "zdiffstore": [case("ZDIFFSTORE d 2 z y", before=TWO_SORTED)],
    "zincrby": [case("ZINCRBY z 1.5 a")],
    "zinterstore": [case("ZINTERSTORE d 2 z y WEIGHTS 2 3 AGGREGATE MAX", before=TWO_SORTED)],
    "zmpop": [
        case("ZMPOP 2 x z MAX COUNT 2", "ZPOPMAX z 2", before="ZADD z 1 a 2 b 3 c"),
        case("ZMPOP 1 z MIN COUNT 9", "ZPOPMIN z 3", before="ZADD z 1 a 2 b 3 c"),
        case("ZMPOP 1 z MIN", NOTHING),
    ],
    "zpopmax": [case("ZPOPMAX z", before="ZADD z 1 a"), case("ZPOPMAX z", NOTHING)],
    "zpopmin": [case("ZPOPMIN z 9", before="ZADD z 1 a"), case("ZPOPMIN z 0", NOTHING, before="ZADD z 1 a")],
    "zrangestore": [case("ZRANGESTORE d z 0 1", before=TWO_SORTED)],
    "zrem": [case("ZREM z a x", before="ZADD z 1 a 2 b"), case("ZREM z x", NOTHING, before="ZADD z 1 a")],
    "zremrangebylex": [case("ZREMRANGEBYLEX z [a (b", before="ZADD z 0 a 0 b")],
    "zremrangebyrank": [case("ZREMRANGEBYRANK z 0 0", before="ZADD z 1 a 2 b")],
    "zremrangebyscore": [
        case("ZREMRANGEBYSCORE z 1 (2", before="ZADD z 1 a 2 b"),
        case("ZREMRANGEBYSCORE z 5 6", NOTHING, before="ZADD z 1 a 2 b"),
    ],
    "zunionstore": [case("ZUNIONSTORE d 2 z y", before=TWO_SORTED)],
    # ---- streams ----
    "xack": [case("XACK s g 1-1 9-9", before=CONSUMED), case("XACK s g 3-1", NOTHING, before=CONSUMED)],
    "xadd": [
        case("XADD s 5-1 a 1"),
        case("XADD s * a 1", "XADD s {reply} a 1"),
        case("XADD s 5-* a 1", "XADD s 5-1 a 1", before="XADD s 5-0 a 1"),
        case("XADD s MAXLEN 2 4-1 a 1", before=STREAM),
        case("XADD s MAXLEN = 2 * a 1", "XADD s MAXLEN = 2 {reply} a 1", before=STREAM),
        case(
            "XADD s MAXLEN ~ 1 LIMIT 100 4-1 a 1",
            "XADD s MAXLEN = 2 LIMIT 100 4-1 a 1",
            before=STREAM,
            stream_node_max_entries="2",
        ),
        case("XADD s MAXLEN ~ 1 4-1 a 1", "XADD s MAXLEN = 4 4-1 a 1", before=STREAM),
        case("XADD s MINID ~ 3 4-1 a 1", "XADD s MINID = 3-1 4-1 a 1", before=STREAM, stream_node_max_entries="2"),
        case("XADD s MINID ~ 3 4-1 a 1", "XADD s MINID = 1-1 4-1 a 1", before=STREAM),
        case("XADD s NOMKSTREAM * a 1", NOTHING),
    ],
    "xautoclaim": [
        case(
            "XAUTOCLAIM s g d 0 0",
            unit(
                "XGROUP CREATECONSUMER s g d",
                delivery("1-1", 2, consumer="d", last="2-1"),
                delivery("2-1", 2, consumer="d", last="2-1"),
            ),
            before=CONSUMED,
        ),
        case(
            "XAUTOCLAIM s g c 0 0 COUNT 1 JUSTID",
            delivery("1-1", 1, last="2-1"),
            before=CONSUMED,
        ),
        case("XAUTOCLAIM s g c 1000000 0", NOTHING, before=CONSUMED),
    ],
    "xclaim": [
        case("XCLAIM s g c 0 2-1", delivery("2-1", 2, last="2-1"), before=CONSUMED),
        case(
            "XCLAIM s g d 0 2-1 JUSTID",
            unit("XGROUP CREATECONSUMER s g d", delivery("2-1", 1, consumer="d", last="2-1")),
            before=CONSUMED,
        ),
        case(
            "XCLAIM s g c 0 3-1 FORCE TIME 1000 RETRYCOUNT 7 LASTID 3-1",
            delivery("3-1", 7, last="3-1", at="1000"),
            before=CONSUMED,
        ),
        case("XCLAIM s g c 0 3-1 LASTID 3-1", "XGROUP SETID s g 3-1 ENTRIESREAD 2", before=CONSUMED),
        case(
            "XCLAIM s g c 0 1-1",
            "XCLAIM s g c 0 1-1 TIME {noted} RETRYCOUNT 1 FORCE JUSTID LASTID 2-1",
            before=(*CONSUMED, "XDEL s 1-1"),
        ),
        case("XCLAIM s g c 0 3-1", NOTHING, before=CONSUMED),
    ],
    "xdel": [case("XDEL s 1-1 9-9", before=STREAM), case("XDEL s 9-9", NOTHING, before=STREAM)],
    "xgroup|create": [
        case("XGROUP CREATE s g $ ENTRIESREAD 1", before="XADD s 1-1 a 1"),
        case("xgroup CREATE s g 0 MKSTREAM"),
    ],
    "xgroup|createconsumer": [
        case("XGROUP CREATECONSUMER s g c", before=STREAM),
        case("XGROUP CREATECONSUMER s g c", NOTHING, before=CONSUMED),
    ],
    "xgroup|delconsumer": [case("XGROUP DELCONSUMER s g c", before=CONSUMED)],
    "xgroup|destroy": [case("XGROUP DESTROY s g", before=STREAM), case("XGROUP DESTROY s x", NOTHING, before=STREAM)],
    "xgroup|setid": [case("XGROUP SETID s g $ ENTRIESREAD 3", before=STREAM)],
    "xreadgroup": [
        case(
            "XREADGROUP GROUP g c COUNT 2 STREAMS s >",
            unit(
                "XGROUP CREATECONSUMER s g c",
                delivery("1-1", last="1-1"),
                delivery("2-1", last="2-1"),
                "XGROUP SETID s g 2-1 ENTRIESREAD 2",
            ),
            before=STREAM,
        ),
        case("XREADGROUP GROUP g c NOACK STREAMS s >", "XGROUP SETID s g 3-1 ENTRIESREAD 3", before=CONSUMED),
        case("XREADGROUP GROUP g c STREAMS s 0", NOTHING, before=CONSUMED),
        case(
            "XREADGROUP GROUP g c BLOCK 0 STREAMS s >",
            "XADD s 4-1 a 1\n" + unit(delivery("4-1", last="4-1"), "XGROUP SETID s g 4-1 ENTRIESREAD 4"),
            before=(*CONSUMED, "XREADGROUP GROUP g c STREAMS s >"),
            woken="XADD s 4-1 a 1",
        ),
    ],
    "xsetid": [case("XSETID s 9-9 ENTRIESADDED 5 MAXDELETEDID 1-1", before=STREAM)],
    "xtrim": [
        case("XTRIM s MAXLEN 1", before=STREAM),
        case("XTRIM s MINID = 2", before=STREAM),
        case(
            "XTRIM s MAXLEN ~ 1 LIMIT 100", "XTRIM s MAXLEN = 1 LIMIT 100", before=STREAM, stream_node_max_entries="2"
        ),
        case("XTRIM s MINID ~ 3", "XTRIM s MINID = 3-1", before=STREAM, stream_node_max_entries="2"),
        case("XTRIM s MAXLEN ~ 1", NOTHING, before=STREAM),
    ],
}
# PFCOUNT caches the count in the value.
READING_COMMANDS_THAT_WRITE = {"pfcount"}
