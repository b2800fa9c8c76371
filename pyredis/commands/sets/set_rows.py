"""The set commands."""

from pyredis.commands.table.spec import family, row

READ = "1 RO access"
SOURCES = "1..-1 RO access"
STORED = "1 OW update; 2..-1 RO access"
NAMED = "O(N), N members named."
ALL = "O(N), N members of all sets."
COMMON = "O(N*M), N members of the smallest set, M sets."
UNORDERED = "nondeterministic_output_order"
RANDOM = "nondeterministic_output"

with family("set", module="sets", acl="set"):
    row(
        "SADD key member...",
        "write denyoom fast",
        keys="1 RW insert",
        since="1.0.0",
        complexity=NAMED,
        summary="Adds members to a set, which comes into being with the first.",
    )
    row(
        "SCARD key",
        "readonly fast",
        keys="1 RO",
        since="1.0.0",
        complexity="O(1)",
        summary="Tells how many members a set has.",
    )
    row(
        "SDIFF key...",
        "readonly",
        keys=SOURCES,
        tips=UNORDERED,
        since="1.0.0",
        complexity=ALL,
        summary="Tells the members of the first set that none of the others has.",
    )
    row(
        "SDIFFSTORE destination:key key...",
        "write denyoom",
        keys=STORED,
        since="1.0.0",
        complexity=ALL,
        summary="Stores the members of the first set that none of the others has.",
    )
    row(
        "SINTER key...",
        "readonly",
        keys=SOURCES,
        tips=UNORDERED,
        since="1.0.0",
        complexity=COMMON,
        summary="Tells the members that all sets have.",
    )
    row(
        "SINTERCARD numkeys:integer key... [LIMIT limit:integer]",
        "readonly",
        keys="numkeys@1 RO access",
        since="7.0.0",
        complexity=COMMON,
        summary="Tells how many members all sets have, up to a limit.",
    )
    row(
        "SINTERSTORE destination:key key...",
        "write denyoom",
        keys=STORED,
        since="1.0.0",
        complexity=COMMON,
        summary="Stores the members that all sets have.",
    )
    row(
        "SISMEMBER key member",
        "readonly fast",
        keys="1 RO",
        since="1.0.0",
        complexity="O(1)",
        summary="Tells whether something is a member of a set.",
    )
    row(
        "SMEMBERS key",
        "readonly",
        keys=READ,
        tips=UNORDERED,
        since="1.0.0",
        complexity="O(N), N members of the set.",
        summary="Tells all members of a set.",
    )
    row(
        "SMISMEMBER key member...",
        "readonly fast",
        keys=READ,
        since="6.2.0",
        complexity=NAMED,
        summary="Tells of each of several things whether it is a member of a set.",
    )
    row(
        "SMOVE source:key destination:key member",
        "write fast",
        keys="1 RW access delete; 2 RW insert",
        since="1.0.0",
        complexity="O(1)",
        summary="Moves a member from one set to another.",
    )
    row(
        "SPOP key [count@3.2.0]",
        "write fast",
        keys="1 RW access delete",
        tips=RANDOM,
        since="1.0.0",
        complexity="O(N), N members removed.",
        summary="Removes random members of a set and tells them.",
    )
    row(
        "SRANDMEMBER key [count@2.6.0]",
        "readonly",
        keys=READ,
        tips=RANDOM,
        since="1.0.0",
        complexity="O(N), N members told.",
        summary="Tells random members of a set.",
    )
    row(
        "SREM key member...",
        "write fast",
        keys="1 RW delete",
        since="1.0.0",
        complexity=NAMED,
        summary="Removes members of a set, and the key with the last of them.",
    )
    row(
        "SSCAN key cursor [MATCH pattern] [COUNT count]",
        "readonly",
        keys=READ,
        tips=RANDOM,
        since="2.8.0",
        complexity="O(1) a call, O(N) for a whole walk, N members of the set.",
        summary="Walks over the members of a set, some at every call.",
    )
    row(
        "SUNION key...",
        "readonly",
        keys=SOURCES,
        tips=UNORDERED,
        since="1.0.0",
        complexity=ALL,
        summary="Tells the members that any of the sets has.",
    )
    row(
        "SUNIONSTORE destination:key key...",
        "write denyoom",
        keys=STORED,
        since="1.0.0",
        complexity=ALL,
        summary="Stores the members that any of the sets has.",
    )
