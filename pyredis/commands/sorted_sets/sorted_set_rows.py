"""The sorted set commands."""

from pyredis.commands.table.spec import family, row

READ = "1 RO access"
POP = "1 RW access delete"
REMOVE = "1 RW delete"
SCORES = "min:double max:double"
LEX = "min max"
REVERSED = "max min"
LIMIT = "[LIMIT limit=(offset count)]"
WITHSCORES = "[WITHSCORES]"
SORTBY = "[sortby=(BYSCORE|BYLEX)]"
KEYS = "numkeys:integer key..."
WEIGHTS = "[WEIGHTS weight:integer...] [AGGREGATE aggregate=(SUM|MIN|MAX)]"
SOURCES = "numkeys@1 RO access"
STORED = "1 OW update; numkeys@2 RO access"
SOURCE_SIZES = "O(N)+O(M*log(M)), N members in the sets, M in the result."
INTERSECTED = "O(N*K)+O(M*log(M)), N members in the smallest of K sets, M in the result."
SUBTRACTED = "O(N*K)+O(M*log(M)), N members in the first of K sets, M in the result."
LOG = "O(log(N)), N members in the set."
RANGE = "O(log(N)+M), N members in the set, M in the range."

with family("sorted-set", module="sorted_sets", acl="sortedset"):
    row(
        "BZMPOP timeout:double numkeys:integer key... where=(MIN|MAX) [COUNT count]",
        "write blocking",
        keys="numkeys@2 RW access delete",
        since="7.0.0",
        complexity="O(K)+O(M*log(N)), K keys named, M members taken from a set of N.",
        summary="Pops members from the first non-empty sorted set of those given, and waits while all are empty.",
    )
    row(
        "BZPOPMAX key... timeout:double",
        "write blocking fast",
        keys="1..-2 RW access delete",
        since="5.0.0",
        complexity=LOG,
        summary="Pops the highest-scored member of the first non-empty sorted set, and waits while all are empty.",
    )
    row(
        "BZPOPMIN key... timeout:double",
        "write blocking fast",
        keys="1..-2 RW access delete",
        since="5.0.0",
        complexity=LOG,
        summary="Pops the lowest-scored member of the first non-empty sorted set, and waits while all are empty.",
    )
    row(
        "ZADD key [condition@3.0.2=(NX|XX)] [comparison@6.2.0=(GT|LT)] [change=CH@3.0.2] [increment=INCR@3.0.2] "
        "data=(score:double member)...",
        "write denyoom fast",
        keys="1 RW update",
        since="1.2.0",
        complexity="O(log(N)) for each member, N members in the set.",
        summary="Adds members to a sorted set, or changes the scores of those it already has.",
    )
    row(
        "ZCARD key",
        "readonly fast",
        keys="1 RO",
        since="1.2.0",
        complexity="O(1)",
        summary="Returns how many members a sorted set has.",
    )
    row(
        f"ZCOUNT key {SCORES}",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity=LOG,
        summary="Counts the members of a sorted set whose scores are within a range.",
    )
    row(
        f"ZDIFF {KEYS} {WITHSCORES}",
        "readonly",
        keys=SOURCES,
        since="6.2.0",
        complexity=SUBTRACTED,
        summary="Returns the members of the first set that are in none of the others.",
    )
    row(
        f"ZDIFFSTORE destination:key {KEYS}",
        "write denyoom",
        keys=STORED,
        since="6.2.0",
        complexity=SUBTRACTED,
        summary="Stores the members of the first set that are in none of the others.",
    )
    row(
        "ZINCRBY key increment:integer member",
        "write denyoom fast",
        keys="1 RW access update",
        since="1.2.0",
        complexity=LOG,
        summary="Adds a number to a member's score; a missing member is added with that number as its score.",
    )
    row(
        f"ZINTER {KEYS} {WEIGHTS} {WITHSCORES}",
        "readonly",
        keys=SOURCES,
        since="6.2.0",
        complexity=INTERSECTED,
        summary="Returns the members that all the sets have in common.",
    )
    row(
        f"ZINTERCARD {KEYS} [LIMIT limit:integer]",
        "readonly",
        keys=SOURCES,
        since="7.0.0",
        complexity="O(N*K), N members in the smallest of K sets.",
        summary="Counts the members that all the sets have in common, up to a limit.",
    )
    row(
        f"ZINTERSTORE destination:key {KEYS} {WEIGHTS}",
        "write denyoom",
        keys=STORED,
        since="2.0.0",
        complexity=INTERSECTED,
        summary="Stores the members that all the sets have in common.",
    )
    row(
        f"ZLEXCOUNT key {LEX}",
        "readonly fast",
        keys=READ,
        since="2.8.9",
        complexity="O(log(N)^2), N members in the set.",
        summary="Counts the members within a lexicographic range of a sorted set whose scores are all equal.",
    )
    row(
        "ZMPOP numkeys:integer key... where=(MIN|MAX) [COUNT count]",
        "write",
        keys="numkeys@1 RW access delete",
        since="7.0.0",
        complexity="O(K)+O(M*log(N)), K keys named, M members taken from a set of N.",
        summary="Pops the lowest- or highest-scored members of the first non-empty sorted set of those given.",
    )
    row(
        "ZMSCORE key member...",
        "readonly fast",
        keys=READ,
        since="6.2.0",
        complexity="O(N), N members named.",
        summary="Returns the scores of several members of a sorted set.",
    )
    row(
        "ZPOPMAX key [count]",
        "write fast",
        keys=POP,
        since="5.0.0",
        complexity="O(M*log(N)), M members taken from a set of N.",
        summary="Pops the members with the highest scores from a sorted set.",
    )
    row(
        "ZPOPMIN key [count]",
        "write fast",
        keys=POP,
        since="5.0.0",
        complexity="O(M*log(N)), M members taken from a set of N.",
        summary="Pops the members with the lowest scores from a sorted set.",
    )
    row(
        "ZRANDMEMBER key [options=(count [WITHSCORES])]",
        "readonly",
        keys=READ,
        tips="nondeterministic_output",
        since="6.2.0",
        complexity="O(M*log(N)), M members returned from a set of N.",
        summary="Returns randomly chosen members of a sorted set, with their scores if requested.",
    )
    row(
        f"ZRANGE key start stop [sortby@6.2.0=(BYSCORE|BYLEX)] [REV@6.2.0] "
        f"[LIMIT@6.2.0 limit=(offset count)] {WITHSCORES}",
        "readonly",
        keys=READ,
        since="1.2.0",
        complexity=RANGE,
        summary="Returns the members of a sorted set within a range of ranks or scores, or a lexicographic one.",
    )
    row(
        f"ZRANGEBYLEX key {LEX} {LIMIT}",
        "readonly",
        keys=READ,
        since="2.8.9",
        complexity=RANGE,
        summary="Returns the members within a lexicographic range of a sorted set whose scores are all equal.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `BYLEX` argument",
    )
    row(
        f"ZRANGEBYSCORE key {SCORES} [WITHSCORES@2.0.0] {LIMIT}",
        "readonly",
        keys=READ,
        since="1.0.5",
        complexity=RANGE,
        summary="Returns the members of a sorted set whose scores are within a range.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `BYSCORE` argument",
    )
    row(
        f"ZRANGESTORE dst:key src:key {LEX} {SORTBY} [REV] {LIMIT}",
        "write denyoom",
        keys="1 OW update; 2 RO access",
        since="6.2.0",
        complexity=RANGE,
        summary="Stores a range of a sorted set's members in another sorted set.",
    )
    row(
        "ZRANK key member [WITHSCORE@7.2.0]",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity=LOG,
        summary="Returns the rank of a member, counted from the lowest score.",
    )
    row(
        "ZREM key member...",
        "write fast",
        keys=REMOVE,
        since="1.2.0",
        complexity="O(M*log(N)), M members named of a set of N.",
        summary="Removes members from a sorted set, and the key when no member is left.",
    )
    row(
        f"ZREMRANGEBYLEX key {LEX}",
        "write",
        keys=REMOVE,
        since="2.8.9",
        complexity=RANGE,
        summary="Removes the members within a lexicographic range of a sorted set whose scores are all equal.",
    )
    row(
        "ZREMRANGEBYRANK key start:integer stop:integer",
        "write",
        keys=REMOVE,
        since="2.0.0",
        complexity=RANGE,
        summary="Removes the members of a sorted set within a range of ranks.",
    )
    row(
        f"ZREMRANGEBYSCORE key {SCORES}",
        "write",
        keys=REMOVE,
        since="1.2.0",
        complexity=RANGE,
        summary="Removes the members of a sorted set whose scores are within a range.",
    )
    row(
        f"ZREVRANGE key start:integer stop:integer {WITHSCORES}",
        "readonly",
        keys=READ,
        since="1.2.0",
        complexity=RANGE,
        summary="Returns the members within a range of ranks, counted from the highest score.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `REV` argument",
    )
    row(
        f"ZREVRANGEBYLEX key {REVERSED} {LIMIT}",
        "readonly",
        keys=READ,
        since="2.8.9",
        complexity=RANGE,
        summary="Returns the members within a lexicographic range, in reverse order, of a set with equal scores.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `REV` and `BYLEX` arguments",
    )
    row(
        f"ZREVRANGEBYSCORE key max:double min:double {WITHSCORES} {LIMIT}",
        "readonly",
        keys=READ,
        since="2.2.0",
        complexity=RANGE,
        summary="Returns the members whose scores are within a range, in order of descending score.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `REV` and `BYSCORE` arguments",
    )
    row(
        "ZREVRANK key member [WITHSCORE@7.2.0]",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity=LOG,
        summary="Returns the rank of a member, counted from the highest score.",
    )
    row(
        "ZSCAN key cursor [MATCH pattern] [COUNT count]",
        "readonly",
        keys=READ,
        tips="nondeterministic_output",
        since="2.8.0",
        complexity="O(1) for a call, O(N) for a complete iteration over N members.",
        summary="Iterates over the members of a sorted set, a few per call.",
    )
    row(
        "ZSCORE key member",
        "readonly fast",
        keys=READ,
        since="1.2.0",
        complexity="O(1)",
        summary="Returns the score of one member.",
    )
    row(
        f"ZUNION {KEYS} {WEIGHTS} {WITHSCORES}",
        "readonly",
        keys=SOURCES,
        since="6.2.0",
        complexity=SOURCE_SIZES,
        summary="Returns the members that at least one of the sets has.",
    )
    row(
        f"ZUNIONSTORE destination:key {KEYS} {WEIGHTS}",
        "write denyoom",
        keys=STORED,
        since="2.0.0",
        complexity=SOURCE_SIZES,
        summary="Stores the members that at least one of the sets has.",
    )
