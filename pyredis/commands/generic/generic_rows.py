"""The commands for keys of any type: names, expiry, introspection."""

from pyredis.commands.table.spec import container, family, row

SUM_OF_SHARDS = "request_policy:multi_shard response_policy:agg_sum"
CONDITION = "[condition@7.0.0=(NX|XX|GT|LT)]"
UPDATE = "1 RW update"
READ = "1 RO access"
VARIES = "nondeterministic_output"

with family("generic", module="generic", acl="keyspace"):
    row(
        "COPY source:key destination:key [DB destination-db:integer] [REPLACE]",
        "write denyoom",
        keys="1 RO access; 2 OW update",
        since="6.2.0",
        complexity="O(N), N elements in the value; O(1) for a string.",
        summary="Copies the value of one key, and its expiry, to another.",
    )
    row(
        "DEL key...",
        "write",
        keys="1..-1 RM delete",
        tips=SUM_OF_SHARDS,
        since="1.0.0",
        complexity="O(N), N keys removed and the elements of their values.",
        summary="Removes keys and tells how many there were.",
    )
    row(
        "EXISTS key...",
        "readonly fast",
        keys="1..-1 RO",
        tips=SUM_OF_SHARDS,
        since="1.0.0",
        complexity="O(N), N keys named.",
        summary="Tells how many of the named keys exist.",
    )
    row(
        f"EXPIRE key seconds {CONDITION}",
        "write fast",
        keys=UPDATE,
        since="1.0.0",
        complexity="O(1)",
        summary="Lets a key expire after some seconds.",
    )
    row(
        f"EXPIREAT key unix-time-seconds {CONDITION}",
        "write fast",
        keys=UPDATE,
        since="1.2.0",
        complexity="O(1)",
        summary="Lets a key expire at a Unix time in seconds.",
    )
    row(
        "EXPIRETIME key",
        "readonly fast",
        keys=READ,
        since="7.0.0",
        complexity="O(1)",
        summary="Tells when a key expires, as a Unix time in seconds.",
    )
    row(
        "KEYS pattern",
        "readonly",
        acl="dangerous",
        tips="request_policy:all_shards nondeterministic_output_order",
        since="1.0.0",
        complexity="O(N), N keys in the database.",
        summary="Tells all keys whose names match a pattern.",
    )
    row(
        "MOVE key db:integer",
        "write fast",
        keys="1 RW access update",
        since="1.0.0",
        complexity="O(1)",
        summary="Moves a key to another database, unless it exists there.",
    )
    container(
        "OBJECT",
        since="2.2.3",
        summary="Holds the commands that look into the value of a key.",
        help_since="6.2.0",
    )
    row(
        "OBJECT|ENCODING key",
        "readonly",
        keys="2 RO",
        tips=VARIES,
        since="2.2.3",
        complexity="O(1)",
        summary="Tells how the value of a key is laid out in memory.",
    )
    row(
        "OBJECT|FREQ key",
        "readonly",
        keys="2 RO",
        tips=VARIES,
        since="4.0.0",
        complexity="O(1)",
        summary="Tells how often a key is used, by the logarithmic counter of the LFU policies.",
    )
    row(
        "OBJECT|IDLETIME key",
        "readonly",
        keys="2 RO",
        tips=VARIES,
        since="2.2.3",
        complexity="O(1)",
        summary="Tells for how many seconds a key has not been used.",
    )
    row(
        "OBJECT|REFCOUNT key",
        "readonly",
        keys="2 RO",
        tips=VARIES,
        since="2.2.3",
        complexity="O(1)",
        summary="Tells how many owners the value of a key has.",
    )
    row(
        "PERSIST key",
        "write fast",
        keys=UPDATE,
        since="2.2.0",
        complexity="O(1)",
        summary="Takes the expiry from a key.",
    )
    row(
        f"PEXPIRE key milliseconds {CONDITION}",
        "write fast",
        keys=UPDATE,
        since="2.6.0",
        complexity="O(1)",
        summary="Lets a key expire after some milliseconds.",
    )
    row(
        f"PEXPIREAT key unix-time-milliseconds {CONDITION}",
        "write fast",
        keys=UPDATE,
        since="2.6.0",
        complexity="O(1)",
        summary="Lets a key expire at a Unix time in milliseconds.",
    )
    row(
        "PEXPIRETIME key",
        "readonly fast",
        keys=READ,
        since="7.0.0",
        complexity="O(1)",
        summary="Tells when a key expires, as a Unix time in milliseconds.",
    )
    row(
        "PTTL key",
        "readonly fast",
        keys=READ,
        tips=VARIES,
        since="2.6.0",
        complexity="O(1)",
        summary="Tells how many milliseconds a key has left.",
    )
    row(
        "RANDOMKEY",
        "readonly",
        tips="request_policy:all_shards response_policy:special nondeterministic_output",
        since="1.0.0",
        complexity="O(1)",
        summary="Tells a key of the database chosen at random.",
    )
    row(
        "RENAME key newkey:key",
        "write",
        keys="1 RW access delete; 2 OW update",
        since="1.0.0",
        complexity="O(1), and the removal of what the new name held.",
        summary="Gives a key another name, whose value it replaces.",
    )
    row(
        "RENAMENX key newkey:key",
        "write fast",
        keys="1 RW access delete; 2 OW insert",
        since="1.0.0",
        complexity="O(1)",
        summary="Gives a key another name, unless that exists.",
    )
    row(
        "SCAN cursor [MATCH pattern] [COUNT count] [TYPE@6.0.0 type]",
        "readonly",
        tips="nondeterministic_output request_policy:special response_policy:special",
        since="2.8.0",
        complexity="O(1) for a call, O(N) for a whole iteration over N keys.",
        summary="Walks over the keys of the database, some at a time.",
    )
    row(
        "TOUCH key...",
        "readonly fast",
        keys="1..-1 RO",
        tips=SUM_OF_SHARDS,
        since="3.2.1",
        complexity="O(N), N keys named.",
        summary="Counts keys as used just now and tells how many there were.",
    )
    row(
        "TTL key",
        "readonly fast",
        keys=READ,
        tips=VARIES,
        since="1.0.0",
        complexity="O(1)",
        summary="Tells how many seconds a key has left.",
    )
    row(
        "TYPE key",
        "readonly fast",
        keys="1 RO",
        since="1.0.0",
        complexity="O(1)",
        summary="Tells the type of the value that a key holds.",
    )
    row(
        "UNLINK key...",
        "write fast",
        keys="1..-1 RM delete",
        tips=SUM_OF_SHARDS,
        since="4.0.0",
        complexity="O(N), N keys removed; their memory is freed on another thread.",
        summary="Removes keys, leaving the freeing of large values to another thread.",
    )
