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
        summary="Does what ZMPOP does, and waits where all sets are empty.",
    )
    row(
        "BZPOPMAX key... timeout:double",
        "write blocking fast",
        keys="1..-2 RW access delete",
        since="5.0.0",
        complexity=LOG,
        summary="Takes the member with the highest score from the first sorted set that has any, or waits for one.",
    )
    row(
        "BZPOPMIN key... timeout:double",
        "write blocking fast",
        keys="1..-2 RW access delete",
        since="5.0.0",
        complexity=LOG,
        summary="Takes the member with the lowest score from the first sorted set that has any, or waits for one.",
    )
    row(
        "ZADD key [condition@3.0.2=(NX|XX)] [comparison@6.2.0=(GT|LT)] [CH@3.0.2] [INCR@3.0.2] "
        "data=(score:double member)...",
        "write denyoom fast",
        keys="1 RW update",
        since="1.2.0",
        complexity="O(log(N)) for each member, N members in the set.",
        summary="Adds members to a sorted set, or gives members new scores.",
    )
    row(
        "ZCARD key",
        "readonly fast",
        keys="1 RO",
        since="1.2.0",
        complexity="O(1)",
        summary="Tells the number of members of a sorted set.",
    )
    row(
        f"ZCOUNT key {SCORES}",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity=LOG,
        summary="Tells how many members have a score within a range.",
    )
    row(
        f"ZDIFF {KEYS} {WITHSCORES}",
        "readonly",
        keys=SOURCES,
        since="6.2.0",
        complexity=SUBTRACTED,
        summary="Tells the members of the first set that are in none of the others.",
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
        summary="Adds a number to the score of a member, which is new with that score when it was absent.",
    )
    row(
        f"ZINTER {KEYS} {WEIGHTS} {WITHSCORES}",
        "readonly",
        keys=SOURCES,
        since="6.2.0",
        complexity=INTERSECTED,
        summary="Tells the members that all of the sets have.",
    )
    row(
        f"ZINTERCARD {KEYS} [LIMIT limit:integer]",
        "readonly",
        keys=SOURCES,
        since="7.0.0",
        complexity="O(N*K), N members in the smallest of K sets.",
        summary="Tells how many members all of the sets have.",
    )
    row(
        f"ZINTERSTORE destination:key {KEYS} {WEIGHTS}",
        "write denyoom",
        keys=STORED,
        since="2.0.0",
        complexity=INTERSECTED,
        summary="Stores the members that all of the sets have.",
    )
    row(
        f"ZLEXCOUNT key {LEX}",
        "readonly fast",
        keys=READ,
        since="2.8.9",
        complexity="O(log(N)^2), N members in the set.",
        summary="Tells how many members lie within a range of texts, where all scores are equal.",
    )
    row(
        "ZMPOP numkeys:integer key... where=(MIN|MAX) [COUNT count]",
        "write",
        keys="numkeys@1 RW access delete",
        since="7.0.0",
        complexity="O(K)+O(M*log(N)), K keys named, M members taken from a set of N.",
        summary="Takes the members with the lowest or highest scores from the first sorted set that has any.",
    )
    row(
        "ZMSCORE key member...",
        "readonly fast",
        keys=READ,
        since="6.2.0",
        complexity="O(N), N members named.",
        summary="Tells the scores of several members.",
    )
    row(
        "ZPOPMAX key [count]",
        "write fast",
        keys=POP,
        since="5.0.0",
        complexity="O(M*log(N)), M members taken from a set of N.",
        summary="Takes the members with the highest scores from a sorted set, and tells them.",
    )
    row(
        "ZPOPMIN key [count]",
        "write fast",
        keys=POP,
        since="5.0.0",
        complexity="O(M*log(N)), M members taken from a set of N.",
        summary="Takes the members with the lowest scores from a sorted set, and tells them.",
    )
    row(
        "ZRANDMEMBER key [options=(count [WITHSCORES])]",
        "readonly",
        keys=READ,
        tips="nondeterministic_output",
        since="6.2.0",
        complexity="O(M*log(N)), M members told of a set of N.",
        summary="Tells members of a sorted set chosen at random, with their scores when asked.",
    )
    row(
        f"ZRANGE key start stop [sortby@6.2.0=(BYSCORE|BYLEX)] [REV@6.2.0] "
        f"[LIMIT@6.2.0 limit=(offset count)] {WITHSCORES}",
        "readonly",
        keys=READ,
        since="1.2.0",
        complexity=RANGE,
        summary="Tells the members of a sorted set within a range of ranks, scores or texts.",
    )
    row(
        f"ZRANGEBYLEX key {LEX} {LIMIT}",
        "readonly",
        keys=READ,
        since="2.8.9",
        complexity=RANGE,
        summary="Tells the members within a range of texts, where all scores are equal.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `BYLEX` argument",
    )
    row(
        f"ZRANGEBYSCORE key {SCORES} [WITHSCORES@2.0.0] {LIMIT}",
        "readonly",
        keys=READ,
        since="1.0.5",
        complexity=RANGE,
        summary="Tells the members within a range of scores.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `BYSCORE` argument",
    )
    row(
        f"ZRANGESTORE dst:key src:key {LEX} {SORTBY} [REV] {LIMIT}",
        "write denyoom",
        keys="1 OW update; 2 RO access",
        since="6.2.0",
        complexity=RANGE,
        summary="Stores a range of members of a sorted set as another sorted set.",
    )
    row(
        "ZRANK key member [WITHSCORE@7.2.0]",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity=LOG,
        summary="Tells the place of a member, counted from the lowest score.",
    )
    row(
        "ZREM key member...",
        "write fast",
        keys=REMOVE,
        since="1.2.0",
        complexity="O(M*log(N)), M members named of a set of N.",
        summary="Removes members of a sorted set, and the key with the last of them.",
    )
    row(
        f"ZREMRANGEBYLEX key {LEX}",
        "write",
        keys=REMOVE,
        since="2.8.9",
        complexity=RANGE,
        summary="Removes the members within a range of texts, where all scores are equal.",
    )
    row(
        "ZREMRANGEBYRANK key start:integer stop:integer",
        "write",
        keys=REMOVE,
        since="2.0.0",
        complexity=RANGE,
        summary="Removes the members within a range of ranks.",
    )
    row(
        f"ZREMRANGEBYSCORE key {SCORES}",
        "write",
        keys=REMOVE,
        since="1.2.0",
        complexity=RANGE,
        summary="Removes the members within a range of scores.",
    )
    row(
        f"ZREVRANGE key start:integer stop:integer {WITHSCORES}",
        "readonly",
        keys=READ,
        since="1.2.0",
        complexity=RANGE,
        summary="Tells the members within a range of ranks, counted from the highest score.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `REV` argument",
    )
    row(
        f"ZREVRANGEBYLEX key {REVERSED} {LIMIT}",
        "readonly",
        keys=READ,
        since="2.8.9",
        complexity=RANGE,
        summary="Tells the members within a range of texts in reverse, where all scores are equal.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `REV` and `BYLEX` arguments",
    )
    row(
        f"ZREVRANGEBYSCORE key max:double min:double {WITHSCORES} {LIMIT}",
        "readonly",
        keys=READ,
        since="2.2.0",
        complexity=RANGE,
        summary="Tells the members within a range of scores from the highest one down.",
        deprecated="6.2.0",
        replaced_by="`ZRANGE` with the `REV` and `BYSCORE` arguments",
    )
    row(
        "ZREVRANK key member [WITHSCORE@7.2.0]",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity=LOG,
        summary="Tells the place of a member, counted from the highest score.",
    )
    row(
        "ZSCAN key cursor [MATCH pattern] [COUNT count]",
        "readonly",
        keys=READ,
        tips="nondeterministic_output",
        since="2.8.0",
        complexity="O(1) for a call, O(N) for a whole iteration over N members.",
        summary="Walks over the members of a sorted set, some at a time.",
    )
    row(
        "ZSCORE key member",
        "readonly fast",
        keys=READ,
        since="1.2.0",
        complexity="O(1)",
        summary="Tells the score of a member.",
    )
    row(
        f"ZUNION {KEYS} {WEIGHTS} {WITHSCORES}",
        "readonly",
        keys=SOURCES,
        since="6.2.0",
        complexity=SOURCE_SIZES,
        summary="Tells the members that any of the sets has.",
    )
    row(
        f"ZUNIONSTORE destination:key {KEYS} {WEIGHTS}",
        "write denyoom",
        keys=STORED,
        since="2.0.0",
        complexity=SOURCE_SIZES,
        summary="Stores the members that any of the sets has.",
    )
