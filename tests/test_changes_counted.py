"""The number of changes that a command adds to ``rdb_changes_since_last_save``: mostly one per element it changed."""

import pytest

from support.waiting import fields

# The commands before the slash are preparation; the changes of the command after it are counted.
CASES = """
SET a 1 / SET a 2
/ MSET a 1 b 2 c 3
/ MSETNX a 1 b 2
SET a 1 / APPEND a x
SET a 1 / GETEX a EX 100
SET a 1 / GETEX a PERSIST
SET a 1 / GETDEL a
SET a 1 / GETSET a 2
SET a 1 ; SET b 2 / DEL a b c
SET a 1 ; SET b 2 / UNLINK a b c
SET a 1 / RENAME a b
SET a 1 / RENAMENX a b
SET a 1 ; SET b 2 / RENAME a b
SET a 1 / MOVE a 3
SET a 1 / COPY a b
SET a 1 ; SET b 2 / COPY a b REPLACE
SET a 1 / EXPIRE a 100
SET a 1 / EXPIRE a -1
SET a 1 / PEXPIRE a 100000
SET a 1 / EXPIREAT a 99999999999
SET a 1 / PEXPIREAT a 99999999999999
/ SETEX a 100 x
/ PSETEX a 100000 x
/ SETNX a x
SET a 1 / SETNX a x
/ INCRBY a 5
/ DECR a
/ DECRBY a 5
SET a 1 EX 100 / PERSIST a
SET a 1 / FLUSHDB
SET a 1 ; SET b 1 / FLUSHALL
SET a 1 / SWAPDB 0 1
/ FUNCTION FLUSH
/ HSET h a 1 b 2 c 3
HSET h a 1 / HSET h a 2 b 3
/ HMSET h a 1 b 2
/ HSETNX h a 1
/ HINCRBY h a 1
/ HINCRBYFLOAT h a 1
HSET h a 1 b 2 c 3 / HDEL h a b x
HSET h a 1 b 2 / HDEL h a b
/ SADD s a b c
SADD s a / SADD s a b c
SADD s a b c / SREM s a b x
SADD s a b c / SREM s a b c
SADD s a b c / SPOP s
SADD s a b c d / SPOP s 2
SADD s a b c d / SPOP s 10
SADD s a b c d e f g h i j / SPOP s 9
SADD s a b / SMOVE s t a
SADD s a / SMOVE s t a
SADD s a b ; SADD t b / SMOVE s t b
SADD s a b / SINTERSTORE d s
SADD s a b / SUNIONSTORE d s
SADD d a b / SUNIONSTORE d s
SADD s a b / SDIFFSTORE d s
/ LPUSH l a b c
/ RPUSH l a b c
LPUSH l a / LPUSHX l a b c
LPUSH l a / RPUSHX l a b c
RPUSH l a b c / LPOP l
RPUSH l a b c / LPOP l 2
RPUSH l a b c / RPOP l 5
RPUSH l a b c / LMPOP 1 l LEFT COUNT 2
RPUSH l a b c / BLPOP l 0
RPUSH l a b c / BRPOP l 0
RPUSH l a b c / BRPOPLPUSH l m 0
RPUSH l a b c / BLMPOP 0 1 l LEFT COUNT 2
RPUSH l a b c / LMOVE l m LEFT RIGHT
RPUSH l a b c / LMOVE l l LEFT RIGHT
RPUSH l a / LMOVE l m LEFT RIGHT
RPUSH l a b c / RPOPLPUSH l m
RPUSH l a b c / BLMOVE l m LEFT RIGHT 0
RPUSH l a b a a / LREM l 0 a
RPUSH l a a / LREM l 0 a
RPUSH l a b c d / LTRIM l 1 1
RPUSH l a b c d / LTRIM l 0 -1
RPUSH l a b c d / LTRIM l 5 6
RPUSH l a b c d / LSET l 0 x
RPUSH l a b c d / LINSERT l BEFORE a x
/ ZADD z 1 a 2 b 3 c
ZADD z 1 a / ZADD z 2 a 2 b
ZADD z 1 a / ZADD z 1 a
/ ZINCRBY z 1 a
ZADD z 1 a 2 b 3 c / ZREM z a b x
ZADD z 1 a 2 b 3 c / ZREMRANGEBYRANK z 0 1
ZADD z 1 a 2 b 3 c / ZREMRANGEBYSCORE z 0 2
ZADD z 0 a 0 b 0 c / ZREMRANGEBYLEX z [a [b
ZADD z 1 a 2 b 3 c / ZPOPMIN z
ZADD z 1 a 2 b 3 c / ZPOPMIN z 2
ZADD z 1 a 2 b 3 c / ZPOPMAX z 9
ZADD z 1 a 2 b 3 c / ZMPOP 1 z MIN COUNT 2
ZADD z 1 a 2 b 3 c / BZPOPMIN z 0
ZADD z 1 a 2 b 3 c / BZPOPMAX z 0
ZADD z 1 a 2 b 3 c / BZMPOP 0 1 z MIN COUNT 2
ZADD z 1 a 2 b / ZUNIONSTORE d 1 z
ZADD z 1 a 2 b / ZINTERSTORE d 1 z
ZADD z 1 a 2 b / ZDIFFSTORE d 1 z
ZADD z 1 a 2 b / ZRANGESTORE d z 0 -1
ZADD d 1 a 2 b / ZRANGESTORE d z 0 -1
ZADD d 1 a 2 b / ZUNIONSTORE d 1 z
/ GEOADD g 1 2 a 3 4 b
GEOADD g 1 2 a 1.1 2.1 b / GEOSEARCHSTORE d g FROMLONLAT 1 2 BYRADIUS 1000 km ASC
GEOADD g 1 2 a 1.1 2.1 b / GEORADIUS g 1 2 1000 km STORE d
GEOADD g 1 2 a 1.1 2.1 b / GEORADIUSBYMEMBER g a 1000 km STOREDIST d
/ XADD x 1-1 a b
XADD x 1-1 a b / XADD x MAXLEN 1 2-1 a b
XADD x 1-1 a b ; XADD x 2-1 a b / XDEL x 1-1 2-1 3-1
XADD x 1-1 a b ; XADD x 2-1 a b ; XADD x 3-1 a b / XTRIM x MAXLEN 1
XADD x 1-1 a b / XGROUP CREATE x g 0
/ XGROUP CREATE x g 0 MKSTREAM
XGROUP CREATE x g 0 MKSTREAM / XGROUP SETID x g 0
XGROUP CREATE x g 0 MKSTREAM / XGROUP CREATECONSUMER x g c
XGROUP CREATE x g 0 MKSTREAM ; XGROUP CREATECONSUMER x g c / XGROUP DELCONSUMER x g c
XGROUP CREATE x g 0 MKSTREAM / XGROUP DESTROY x g
XADD x 1-1 a b ; XADD x 2-1 a b ; XGROUP CREATE x g 0 / XREADGROUP GROUP g c STREAMS x >
XADD x 1-1 a b ; XADD x 2-1 a b ; XGROUP CREATE x g 0 / XREADGROUP GROUP g c NOACK STREAMS x >
XADD x 1-1 a b ; XADD x 2-1 a b ; XGROUP CREATE x g 0 ; XREADGROUP GROUP g c STREAMS x > / XACK x g 1-1 2-1 3-1
XADD x 1-1 a b ; XADD x 2-1 a b ; XGROUP CREATE x g 0 ; XREADGROUP GROUP g c STREAMS x > / XCLAIM x g d 0 1-1 2-1
XADD x 1-1 a b ; XADD x 2-1 a b ; XGROUP CREATE x g 0 ; XREADGROUP GROUP g c STREAMS x > / XAUTOCLAIM x g d 0 0
XADD x 1-1 a b / XSETID x 5-1
/ SETBIT b 7 1
SETBIT b 7 1 / SETBIT b 7 1
SETBIT b 15 1 / SETBIT b 3 0
SET b a / SETBIT b 7 0
SET b a / SETBIT b 8 0
SET b a / SETBIT b 15 0
SET b a / SETBIT b 800 0
SETBIT b 7 1 / BITOP NOT d b
BITOP NOT d b / BITOP NOT d b
/ BITFIELD b SET u8 0 1 SET u8 8 1 INCRBY u8 0 1
/ BITFIELD b SET u8 0 0 SET u8 8 0
/ BITFIELD b GET u8 100
SET b a / BITFIELD b SET u8 0 97
SET b a / BITFIELD b SET u8 0 98
SET b a / BITFIELD b OVERFLOW FAIL INCRBY u8 0 250
SET b a / BITFIELD b OVERFLOW FAIL SET u4 8 99 SET u8 0 1 OVERFLOW WRAP SET u8 0 1
/ PFADD p a b c
/ PFADD p
PFADD p a / PFADD p a
PFADD p a / PFADD p a b c
PFADD p a / PFCOUNT p
PFADD p a ; PFCOUNT p / PFCOUNT p
PFADD p a / PFCOUNT p q
PFADD p a ; PFADD q b / PFMERGE q p
PFADD p a / PFMERGE p
PFADD p a / PFMERGE q p
RPUSH l 3 1 2 / SORT l STORE d
RPUSH d 3 1 2 / SORT l STORE d
SET a 1 / SETRANGE a 1 x
SET a 1 / SETRANGE a 0 1
SET a 1 / SET a 2 NX
SET a 1 / SET a 2 XX GET
SET a 1 EX 100 / SET a 1 KEEPTTL
SET a 1 / EXPIRE a 100 GT
SET a 1 / EXPIRE a 100 LT
SET a 1 / PERSIST a
SET a 1 / SWAPDB 0 0
SADD d a b / SINTERSTORE d s t
SADD d a b / SDIFFSTORE d s t
SET d 1 / ZINTERSTORE d 1 s
SET d 1 / GEOSEARCHSTORE d g FROMLONLAT 1 2 BYRADIUS 1000 km
SET d 1 / BITOP AND d x y
SET d 1 / SORT l STORE d
SET a 1 / INCR a
SET a 1 / INCRBYFLOAT a 1
XADD x 1-1 a b ; XADD x 2-1 a b ; XGROUP CREATE x g 0 ; XGROUP CREATECONSUMER x g c / XREADGROUP GROUP g c STREAMS x >
XADD x 2-1 a b ; XGROUP CREATE x g 0 ; XGROUP CREATECONSUMER x g c / XREADGROUP GROUP g c NOACK STREAMS x >
XADD x 2-1 a b ; XADD y 3-1 a b ; XGROUP CREATE x g 0 ; XGROUP CREATE y g 0 / XREADGROUP GROUP g c STREAMS x y > >
"""
# Commands and behaviour newer than the oracle, as counted by 7.4 and later versions.
NEWER = {
    "HSET h a 1 b 2 / HEXPIRE h 100 FIELDS 2 a b": 2,
    "HSET h a 1 b 2 / HPEXPIREAT h 1 FIELDS 2 a b": 2,
    "HSET h a 1 b 2 / HPEXPIRE h 100000 FIELDS 2 a x": 1,
    "HSET h a 1 b 2 / HEXPIREAT h 9999999999 FIELDS 2 a b": 2,
    "HSET h a 1 b 2 / HGETDEL h FIELDS 3 a x a": 1,
    "HSET h a 1 b 2 / HGETDEL h FIELDS 2 a b": 2,
    "HSET h a 1 b 2 / HGETDEL h FIELDS 1 x": 0,
    "HSET h a 1 b 2 / HGETEX h FIELDS 2 a b": 0,
    "HSET h a 1 b 2 / HGETEX h EX 100 FIELDS 3 a b x": 2,
    "HSET h a 1 b 2 / HGETEX h PXAT 1 FIELDS 3 a b x": 2,
    "HSET h a 1 b 2 / HGETEX h PERSIST FIELDS 1 a": 0,
    "HSETEX h EX 100 FIELDS 2 a 1 b 2 / HGETEX h PERSIST FIELDS 2 a x": 1,
    "/ HSETEX h FIELDS 2 a 1 b 2": 2,
    "/ HSETEX h EX 100 FIELDS 2 a 1 b 2": 2,
    "/ HSETEX h PXAT 1 FIELDS 2 a 1 b 2": 2,
    "HSET h a 1 / HSETEX h FNX FIELDS 2 a 1 b 2": 0,
    "HSET h a 1 b 2 ; HEXPIRE h 100 FIELDS 2 a b / HPERSIST h FIELDS 2 a b": 1,
    "XGROUP CREATE x g 0 MKSTREAM / XREADGROUP GROUP g c STREAMS x >": 1,
    "XADD x 1-1 a b ; XGROUP CREATE x g 0 / XREADGROUP GROUP g c STREAMS x 0": 1,
}
# The string grows although nothing could be stored in it: Redis counts no change and does not write it to its file.
GROWN = {
    "/ BITFIELD b OVERFLOW FAIL SET u8 0 300": 1,
    "SET b a / BITFIELD b OVERFLOW FAIL SET u4 8 99": 1,
}


def prepared(client, line) -> list[str]:
    """Execute the commands before the slash; return the words of the command after it."""
    before, _, command = line.partition("/")
    for preparing in before.split(";"):
        if preparing.strip():
            client.must(*preparing.split())
    return command.split()


def counted(client, line):
    """The number of changes that the command after the slash adds to the counter."""
    command = prepared(client, line)
    changes = int(fields(client, "persistence")["rdb_changes_since_last_save"])
    client.must(*command)
    return int(fields(client, "persistence")["rdb_changes_since_last_save"]) - changes


@pytest.mark.parametrize("line", CASES.strip().splitlines())
def test_changes_are_counted_as_in_redis(shared_ours, shared_oracle, line):
    with shared_ours.client() as ours, shared_oracle.client() as oracle:
        assert counted(ours, line) == counted(oracle, line)


@pytest.mark.parametrize(("line", "changes"), [*NEWER.items(), *GROWN.items()])
def test_newer_changes_are_counted(client, line, changes):
    assert counted(client, line) == changes


def test_what_has_changed_is_in_the_file(start_ours):
    """However it is counted, loading the file restores the same data."""
    lost = []
    with start_ours("--appendonly", "yes", "--auto-aof-rewrite-percentage", "0").client() as client:
        for line in (*CASES.strip().splitlines(), *NEWER, *GROWN):
            client.must("FLUSHALL")
            client.must(*prepared(client, line))
            before = client.must("DEBUG", "DIGEST")
            client.must("DEBUG", "LOADAOF")
            if client.must("DEBUG", "DIGEST") != before:
                lost.append(line)
    assert lost == []
