"""Commands by family: every event, commands that change nothing, misses, and the removal of keys that become empty."""


def script(text):
    return [line.split() for line in text.strip().splitlines()]


SCRIPTS = {
    "strings": script("""
        SET a 1
        SET a 2 EX 100
        SET a 3 KEEPTTL
        SET a 3 XX GET
        SET a 4 NX
        SET gone 4 XX
        SETEX b 100 x
        PSETEX b 100000 x
        SETNX c x
        SETNX c y
        GETSET c z
        GETDEL c
        GETDEL c
        GETEX b EX 100
        GETEX b PERSIST
        GETEX b PERSIST
        GETEX b EXAT 1
        APPEND d x
        APPEND d y
        SETRANGE d 5 z
        SETRANGE e 0
        INCR f
        DECRBY f 5
        INCRBYFLOAT f 0.5
        DECR j
        INCRBY j 5
        INCR d
        MSET a 1 g 2
        MSETNX a 1 h 2
        MSETNX h 1 i 2
        GET nothing
        MGET a nothing d
        STRLEN nothing
        GETRANGE nothing 0 -1
        LCS a nothing
    """),
    "hashes": script("""
        HSET h f 1 g 2
        HSETNX h f 2
        HSETNX h i 2
        HMSET h f 1
        HINCRBY h f 5
        HINCRBY h new 5
        HINCRBYFLOAT h f 0.5
        HINCRBY h g x
        HDEL h nothing
        HDEL h f g
        HDEL h i new
        HDEL h i
        HGET h f
        HGETALL h
        HLEN h
    """),
    "keys": script("""
        SET a 1
        SET b 2
        HSET h f 1
        EXPIRE a 100
        EXPIRE a 50 GT
        PEXPIRE a 100000
        EXPIREAT a 99999999999
        PERSIST a
        PERSIST a
        EXPIRE nothing 100
        RENAME a c
        RENAME c b
        RENAME b b
        RENAMENX b h
        RENAMENX b a
        COPY a b
        COPY a h
        COPY a h REPLACE
        COPY a b DB 1
        MOVE a 1
        MOVE b 1
        EXISTS a nothing
        TYPE nothing
        TTL nothing
        TOUCH nothing h
        OBJECT ENCODING nothing
        EXPIRE h -1
        SET a 1
        SET b 1
        DEL a nothing b
        SET a 1
        UNLINK a
        SELECT 1
        SWAPDB 0 1
        SET a 1
        FLUSHDB
        FLUSHALL
        SET a 1
        PEXPIREAT a 99999999999999
        FLUSHALL
    """),
    "bitmaps": script("""
        SETBIT a 7 1
        SETBIT a 7 1
        GETBIT a 7
        GETBIT nothing 7
        BITCOUNT nothing
        BITPOS nothing 1
        BITFIELD a SET u8 0 5 GET u8 0 INCRBY u8 0 1
        BITFIELD a GET u8 0
        BITFIELD nothing GET u8 0
        BITFIELD new INCRBY u8 0 1
        BITFIELD new OVERFLOW FAIL INCRBY u8 0 300
        BITFIELD_RO nothing GET u8 0
        BITOP AND c a new
        BITOP NOT c nothing
        BITOP OR c nothing
        SETRANGE a 1 x
    """),
    "sorted sets by command": script("""
        ZADD z 1 a 2 b 3 c
        ZADD z 1 a
        ZADD z XX 5 new
        ZADD z CH 2 a
        ZADD z XX GT CH 1 a
        ZADD z INCR 5 a
        ZADD z NX INCR 5 a
        ZADD fresh XX 1 a
        ZINCRBY z 2 a
        ZINCRBY z2 2 a
        ZREM z nothing
        ZREM z a
        ZPOPMIN z
        ZPOPMAX z 10
        ZPOPMIN z
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        ZREMRANGEBYRANK z 0 0
        ZREMRANGEBYSCORE z 2 2
        ZREMRANGEBYSCORE z 100 200
        ZMPOP 1 z MIN COUNT 2
        ZMPOP 2 nothing z MAX COUNT 2
        ZADD z 0 a 0 b
        ZREMRANGEBYLEX z [a [a
        ZREMRANGEBYLEX z - +
        ZSCORE nothing a
        ZCARD nothing
        ZRANGE nothing 0 -1
        ZRANK nothing a
        ZADD z 1 a 2 b
        ZADD y 1 a 3 c
        SADD s a
        ZUNIONSTORE out 2 z y
        ZINTERSTORE out 2 z y
        ZINTERSTORE out 2 z nothing
        ZDIFFSTORE out 2 z y
        ZDIFFSTORE out 2 z z
        ZRANGESTORE out z 0 -1
        ZRANGESTORE out z 5 7
        ZRANGESTORE out nothing 5 7
        ZUNION 2 z nothing
        ZINTERCARD 2 z nothing
        ZDIFF 2 nothing z
        ZMSCORE nothing a
        ZRANDMEMBER nothing
        ZCOUNT nothing 0 1
        ZLEXCOUNT nothing - +
        ZSCAN nothing 0
        DEL z y
    """),
    "lists": script("""
        RPUSH l a b c
        LPUSH l d
        LPUSHX l e
        RPUSHX nothing e
        LINSERT l BEFORE a x
        LINSERT l BEFORE nothing x
        LSET l 0 y
        LSET nothing 0 y
        LREM l 0 nothing
        LREM l 0 x
        LTRIM l 0 -2
        LTRIM l 0 -1
        LPOP l
        RPOP l 1
        LPOP l 0
        LPOP nothing
        RPUSH l a b c d e f
        LMOVE l other LEFT RIGHT
        LMOVE l l LEFT RIGHT
        RPOPLPUSH other l
        LMPOP 2 nothing l LEFT COUNT 2
        LMPOP 1 nothing LEFT
        LPOP l 100
        RPUSH l a
        LREM l 1 a
        RPUSH l a
        LTRIM l 5 6
        LTRIM nothing 0 1
        RPUSH l a b
        BLPOP nothing l 0
        BRPOP l 0
        RPUSH l a b
        BLMOVE l other RIGHT LEFT 0
        BRPOPLPUSH l other 0
        BLMPOP 0 1 other LEFT
        BLPOP nothing 0.01
        LMOVE nothing l LEFT LEFT
        LRANGE nothing 0 -1
        LLEN nothing
        LINDEX nothing 0
        LPOS nothing a
        RPUSH l 3 1 2
        SORT l STORE sorted
        SORT nothing STORE sorted
        SORT_RO nothing
        SORT nothing
        RENAME l m
        DEL m
    """),
    "sets": script("""
        SADD s a b c
        SADD s a
        SADD s a d
        SREM s nothing
        SREM s a
        SMOVE s t b
        SMOVE s t nothing
        SMOVE nothing t b
        SMOVE t t b
        SMOVE t u b
        SADD one x
        SPOP one
        SPOP one
        SADD one x y
        SPOP one 5
        SPOP one 5
        SPOP s 0
        SREM s c d
        SADD s a b c
        SADD t b c d
        SINTERSTORE out s t
        SINTERSTORE out s nothing
        SINTERSTORE out s nothing
        SUNIONSTORE out s t
        SUNIONSTORE out s t
        SDIFFSTORE out s t
        SDIFFSTORE out s s
        SINTER s nothing
        SUNION s nothing
        SDIFF nothing s
        SDIFF s nothing
        SINTERCARD 2 s nothing
        SISMEMBER nothing a
        SMISMEMBER nothing a
        SMEMBERS nothing
        SCARD nothing
        SRANDMEMBER nothing
        SSCAN nothing 0
        SADD numbers 1 2 3
        COPY numbers copied
        DEL numbers copied
    """),
    "streams": script("""
        XADD s 1-1 f v
        XADD s 2-1 f v
        XADD s NOMKSTREAM 3-1 f v
        XADD nothing NOMKSTREAM 3-1 f v
        XADD s MAXLEN 3 4-1 f v
        XADD s MAXLEN = 2 5-1 f v
        XADD s MINID 5-1 6-1 f v
        XTRIM s MAXLEN 1
        XTRIM s MAXLEN 1
        XADD s 7-1 f v
        XDEL s 1-1
        XDEL s 7-1
        XSETID s 8-1
        XGROUP CREATE s g 0
        XGROUP CREATE fresh g $ MKSTREAM
        XGROUP CREATECONSUMER s g c
        XGROUP CREATECONSUMER s g c
        XGROUP SETID s g 0
        XADD s 9-1 f v
        XREADGROUP GROUP g c STREAMS s >
        XADD s 9-2 f v
        XREADGROUP GROUP g new STREAMS s >
        XREADGROUP GROUP g new STREAMS s >
        XREADGROUP GROUP g c STREAMS s 0
        XCLAIM s g other 0 9-1
        XAUTOCLAIM s g third 0 0
        XACK s g 9-1
        XGROUP DELCONSUMER s g c
        XGROUP DELCONSUMER s g c
        XGROUP DESTROY s g
        XGROUP DESTROY s g
        XREAD COUNT 1 STREAMS s 0
        XREAD BLOCK 10 STREAMS s $
        XREAD STREAMS nothing 0
        XRANGE nothing - +
        XREVRANGE nothing + -
        XLEN nothing
        XPENDING fresh g
        XTRIM s MAXLEN 0
        XTRIM nothing MAXLEN 0
        XREADGROUP GROUP g c STREAMS nothing >
        XACK nothing g 1-1
        XCLAIM nothing g c 0 1-1
        XAUTOCLAIM nothing g c 0 0
        XPENDING nothing g
        XINFO STREAM nothing
        XINFO GROUPS nothing
        XGROUP CREATE nothing g 0
        XDEL nothing 1-1
        XSETID nothing 1-1
        XADD s MAXLEN 0 10-1 f v
        DEL s fresh
    """),
    "sort": script("""
        RPUSH l 3 1 2
        SADD s b a c
        ZADD z 1 a 2 b
        SET w1 5
        SORT l
        SORT_RO l
        SORT l BY w* GET w* GET #
        SORT l STORE out
        SORT l STORE l
        SORT s BY nosort STORE out
        SORT z ALPHA STORE new
        SORT nothing STORE out
        SORT nothing STORE out
        SORT nothing
        SORT l LIMIT 0 0 STORE l
        SORT w1 STORE new
    """),
    "hyperloglogs": script("""
        PFADD p a b
        PFADD p a
        PFADD p
        PFADD q
        PFADD q
        PFADD q c
        PFCOUNT p
        PFCOUNT p q
        PFCOUNT nothing
        PFMERGE r p q
        PFMERGE r
        PFMERGE empty nothing
        DEL p q r
    """),
    "places": script("""
        GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        GEOADD g 13.361389 38.115556 Palermo
        GEOADD g CH 13.4 38.2 Palermo
        GEOADD fresh XX 13.4 38.2 Palermo
        GEOSEARCHSTORE out g FROMLONLAT 15 37 BYRADIUS 200 km ASC
        GEOSEARCHSTORE out g FROMLONLAT 0 0 BYRADIUS 1 km ASC
        GEOSEARCHSTORE out nothing FROMLONLAT 0 0 BYRADIUS 1 km ASC
        GEORADIUS g 15 37 200 km STORE out
        GEORADIUS g 0 0 1 km STORE out
        GEORADIUS g 0 0 1 km
        GEORADIUSBYMEMBER g Palermo 1 km STOREDIST out
        GEOSEARCH nothing FROMLONLAT 0 0 BYRADIUS 1 km ASC
        GEOPOS nothing a
        GEODIST nothing a b
        GEOHASH nothing a
        DEL g
    """),
    "sorted sets": script("""
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        ZADD z 1 a
        ZADD z XX 1 nobody
        ZADD z GT 0 a
        ZADD z INCR 1 a
        ZADD z INCR 0 a
        ZINCRBY z 1 a
        ZINCRBY z 0 a
        ZADD w XX 1 a
        ZREM z a nobody
        ZREM z nobody
        ZPOPMIN z
        ZPOPMAX z 0
        ZMPOP 2 nothing z MAX COUNT 2
        BZPOPMIN z 0
        ZADD z 1 a
        BZPOPMAX z 0
        BZMPOP 0 1 z MAX
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        ZRANGESTORE y z 0 1
        ZRANGESTORE y nothing 0 1
        ZRANGESTORE y nothing 0 1
        ZUNIONSTORE y 1 z
        ZINTERSTORE y 2 y z
        ZDIFFSTORE y 2 z nothing
        ZDIFFSTORE y 2 z z
        ZDIFFSTORE y 2 z z
        ZREMRANGEBYRANK z 0 0
        ZREMRANGEBYRANK z 50 60
        ZREMRANGEBYSCORE z 2 2
        ZREMRANGEBYLEX z - [c
        ZREMRANGEBYRANK z 0 -1
        ZADD z 1 a
        ZPOPMAX z 5
        ZSCORE z a
        ZRANGE z 0 -1
        ZCARD z
        ZUNION 2 z nothing
        ZRANDMEMBER z
    """),
    "transactions": script("""
        MULTI
        SET a 1
        INCR a
        DEL a
        EXEC
        WATCH a
        MULTI
        SET a 2
        DISCARD
    """),
}

# Commands that the oracle does not have, with the events of each in order.
LATER_EVENTS = [
    (line.partition("->")[0].split(), line.partition("->")[2].split())
    for line in """
        HSET h f 1 g 2 i 3 -> new hset
        HEXPIRE h 100 FIELDS 2 f x -> hexpire
        HEXPIRE h 100 XX FIELDS 1 g ->
        HPEXPIRE h 100000 FIELDS 1 f -> hexpire
        HEXPIREAT h 99999999 FIELDS 1 i -> hdel
        HPEXPIREAT h 66666666666666 FIELDS 1 f -> hexpire
        HPEXPIREAT h 9999999999999 FIELDS 1 f -> hexpire
        HPERSIST h FIELDS 2 f g -> hpersist
        HPERSIST h FIELDS 2 f g ->
        HPEXPIREAT h 1 FIELDS 2 f x -> hdel
        HPEXPIREAT h 1 FIELDS 1 g -> hdel del
        HSETEX h FXX FIELDS 1 f 1 ->
        HSETEX h FIELDS 2 f 1 g 2 -> new hset
        HSETEX h FNX FIELDS 2 i 1 g 2 ->
        HSETEX h KEEPTTL FIELDS 1 f 2 -> hset
        HSETEX h EX 100 FIELDS 2 f 1 i 3 -> hset hexpire
        HSETEX h PXAT 1 FIELDS 1 i 3 -> hset hdel
        HSETEX h2 PXAT 1 FIELDS 2 f 1 g 2 -> new hset hdel del
        HGETEX h FIELDS 2 f x ->
        HGETEX h PERSIST FIELDS 2 g f -> hpersist
        HGETEX h PERSIST FIELDS 2 g f ->
        HGETEX h PX 100000 FIELDS 3 g f x -> hexpire
        HGETEX h EX 100 FIELDS 1 x ->
        HGETEX h EXAT 1 FIELDS 2 g x -> hdel
        HGETEX h PX 0 FIELDS 2 f x -> hdel del
        HGETEX h PX 0 FIELDS 2 f x ->
        HSET h f 1 g 2 -> new hset
        HGETDEL h FIELDS 2 f x -> hdel
        HGETDEL h FIELDS 1 x ->
        HGETDEL h FIELDS 2 g g -> hdel del
        HGETDEL h FIELDS 1 g ->
    """.strip().splitlines()
]
