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
        summary="Adds members to a set, creating the set if needed.",
    )
    row(
        "SCARD key",
        "readonly fast",
        keys="1 RO",
        since="1.0.0",
        complexity="O(1)",
        summary="Returns how many members a set has.",
    )
    row(
        "SDIFF key...",
        "readonly",
        keys=SOURCES,
        tips=UNORDERED,
        since="1.0.0",
        complexity=ALL,
        summary="Returns the members of the first set that are in none of the others.",
    )
    row(
        "SDIFFSTORE destination:key key...",
        "write denyoom",
        keys=STORED,
        since="1.0.0",
        complexity=ALL,
        summary="Stores the members of the first set that are in none of the others.",
    )
    row(
        "SINTER key...",
        "readonly",
        keys=SOURCES,
        tips=UNORDERED,
        since="1.0.0",
        complexity=COMMON,
        summary="Returns the members that all the sets have in common.",
    )
    row(
        "SINTERCARD numkeys:integer key... [LIMIT limit:integer]",
        "readonly",
        keys="numkeys@1 RO access",
        since="7.0.0",
        complexity=COMMON,
        summary="Counts the members that all the sets have in common, up to a limit.",
    )
    row(
        "SINTERSTORE destination:key key...",
        "write denyoom",
        keys=STORED,
        since="1.0.0",
        complexity=COMMON,
        summary="Stores the members that all the sets have in common.",
    )
    row(
        "SISMEMBER key member",
        "readonly fast",
        keys="1 RO",
        since="1.0.0",
        complexity="O(1)",
        summary="Returns whether a set has a member.",
    )
    row(
        "SMEMBERS key",
        "readonly",
        keys=READ,
        tips=UNORDERED,
        since="1.0.0",
        complexity="O(N), N members of the set.",
        summary="Returns every member of a set.",
    )
    row(
        "SMISMEMBER key member...",
        "readonly fast",
        keys=READ,
        since="6.2.0",
        complexity=NAMED,
        summary="Returns, for each of several members, whether a set has it.",
    )
    row(
        "SMOVE source:key destination:key member",
        "write fast",
        keys="1 RW access delete; 2 RW insert",
        since="1.0.0",
        complexity="O(1)",
        summary="Moves a member of one set into another.",
    )
    row(
        "SPOP key [count@3.2.0]",
        "write fast",
        keys="1 RW access delete",
        tips=RANDOM,
        since="1.0.0",
        complexity="O(N), N members removed.",
        summary="Removes randomly chosen members from a set and returns them.",
    )
    row(
        "SRANDMEMBER key [count@2.6.0]",
        "readonly",
        keys=READ,
        tips=RANDOM,
        since="1.0.0",
        complexity="O(N), N members returned.",
        summary="Returns randomly chosen members of a set.",
    )
    row(
        "SREM key member...",
        "write fast",
        keys="1 RW delete",
        since="1.0.0",
        complexity=NAMED,
        summary="Removes members from a set, and the key when no member is left.",
    )
    row(
        "SSCAN key cursor [MATCH pattern] [COUNT count]",
        "readonly",
        keys=READ,
        tips=RANDOM,
        since="2.8.0",
        complexity="O(1) for a call, O(N) for a complete iteration over N members.",
        summary="Iterates over the members of a set, a few per call.",
    )
    row(
        "SUNION key...",
        "readonly",
        keys=SOURCES,
        tips=UNORDERED,
        since="1.0.0",
        complexity=ALL,
        summary="Returns the members that at least one of the sets has.",
    )
    row(
        "SUNIONSTORE destination:key key...",
        "write denyoom",
        keys=STORED,
        since="1.0.0",
        complexity=ALL,
        summary="Stores the members that at least one of the sets has.",
    )
