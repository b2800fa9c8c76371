"""The commands for keys of any type: naming, expiry, introspection."""

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
        summary="Copies a key's value and expiry to another key.",
    )
    row(
        "DEL key...",
        "write",
        keys="1..-1 RM delete",
        tips=SUM_OF_SHARDS,
        since="1.0.0",
        complexity="O(N), N keys removed and the elements of their values.",
        summary="Removes keys and returns how many of them existed.",
    )
    row(
        "EXISTS key...",
        "readonly fast",
        keys="1..-1 RO",
        tips=SUM_OF_SHARDS,
        since="1.0.0",
        complexity="O(N), N keys named.",
        summary="Returns how many of the given keys exist.",
    )
    row(
        f"EXPIRE key seconds {CONDITION}",
        "write fast",
        keys=UPDATE,
        since="1.0.0",
        complexity="O(1)",
        summary="Makes a key expire after a number of seconds.",
    )
    row(
        f"EXPIREAT key unix-time-seconds {CONDITION}",
        "write fast",
        keys=UPDATE,
        since="1.2.0",
        complexity="O(1)",
        summary="Makes a key expire at a Unix time in seconds.",
    )
    row(
        "EXPIRETIME key",
        "readonly fast",
        keys=READ,
        since="7.0.0",
        complexity="O(1)",
        summary="Returns the Unix time, in seconds, at which a key expires.",
    )
    row(
        "KEYS pattern",
        "readonly",
        acl="dangerous",
        tips="request_policy:all_shards nondeterministic_output_order",
        since="1.0.0",
        complexity="O(N), N keys in the database.",
        summary="Returns all keys of the database that match a pattern.",
    )
    row(
        "MOVE key db:integer",
        "write fast",
        keys="1 RW access update",
        since="1.0.0",
        complexity="O(1)",
        summary="Moves a key to another database unless it already exists there.",
    )
    container(
        "OBJECT",
        since="2.2.3",
        summary="Groups the commands that inspect how a key's value is stored and used.",
        help_since="6.2.0",
    )
    row(
        "OBJECT|ENCODING key",
        "readonly",
        keys="2 RO",
        tips=VARIES,
        since="2.2.3",
        complexity="O(1)",
        summary="Returns the internal encoding of a key's value.",
    )
    row(
        "OBJECT|FREQ key",
        "readonly",
        keys="2 RO",
        tips=VARIES,
        since="4.0.0",
        complexity="O(1)",
        summary="Returns a key's access frequency, the logarithmic counter of the LFU policies.",
    )
    row(
        "OBJECT|IDLETIME key",
        "readonly",
        keys="2 RO",
        tips=VARIES,
        since="2.2.3",
        complexity="O(1)",
        summary="Returns how many seconds have passed since a key was last used.",
    )
    row(
        "OBJECT|REFCOUNT key",
        "readonly",
        keys="2 RO",
        tips=VARIES,
        since="2.2.3",
        complexity="O(1)",
        summary="Returns the reference count of a key's value.",
    )
    row(
        "PERSIST key",
        "write fast",
        keys=UPDATE,
        since="2.2.0",
        complexity="O(1)",
        summary="Removes a key's expiry.",
    )
    row(
        f"PEXPIRE key milliseconds {CONDITION}",
        "write fast",
        keys=UPDATE,
        since="2.6.0",
        complexity="O(1)",
        summary="Makes a key expire after a number of milliseconds.",
    )
    row(
        f"PEXPIREAT key unix-time-milliseconds {CONDITION}",
        "write fast",
        keys=UPDATE,
        since="2.6.0",
        complexity="O(1)",
        summary="Makes a key expire at a Unix time in milliseconds.",
    )
    row(
        "PEXPIRETIME key",
        "readonly fast",
        keys=READ,
        since="7.0.0",
        complexity="O(1)",
        summary="Returns the Unix time, in milliseconds, at which a key expires.",
    )
    row(
        "PTTL key",
        "readonly fast",
        keys=READ,
        tips=VARIES,
        since="2.6.0",
        complexity="O(1)",
        summary="Returns how many milliseconds remain until a key expires.",
    )
    row(
        "RANDOMKEY",
        "readonly",
        tips="request_policy:all_shards response_policy:special nondeterministic_output",
        since="1.0.0",
        complexity="O(1)",
        summary="Returns a randomly chosen key of the database.",
    )
    row(
        "RENAME key newkey:key",
        "write",
        keys="1 RW access delete; 2 OW update",
        since="1.0.0",
        complexity="O(1), and the removal of the value that the new name had.",
        summary="Renames a key, replacing any key that has the new name.",
    )
    row(
        "RENAMENX key newkey:key",
        "write fast",
        keys="1 RW access delete; 2 OW insert",
        since="1.0.0",
        complexity="O(1)",
        summary="Renames a key unless the new name is taken.",
    )
    row(
        "SCAN cursor [MATCH pattern] [COUNT count] [TYPE@6.0.0 type]",
        "readonly",
        tips="nondeterministic_output request_policy:special response_policy:special",
        since="2.8.0",
        complexity="O(1) for a call, O(N) for a complete iteration over N keys.",
        summary="Iterates over the keys of the database, a few per call.",
    )
    row(
        "TOUCH key...",
        "readonly fast",
        keys="1..-1 RO",
        tips=SUM_OF_SHARDS,
        since="3.2.1",
        complexity="O(N), N keys named.",
        summary="Updates the access times of keys and returns how many of them exist.",
    )
    row(
        "TTL key",
        "readonly fast",
        keys=READ,
        tips=VARIES,
        since="1.0.0",
        complexity="O(1)",
        summary="Returns how many seconds remain until a key expires.",
    )
    row(
        "TYPE key",
        "readonly fast",
        keys="1 RO",
        since="1.0.0",
        complexity="O(1)",
        summary="Returns the type of the value stored at a key.",
    )
    row(
        "UNLINK key...",
        "write fast",
        keys="1..-1 RM delete",
        tips=SUM_OF_SHARDS,
        since="4.0.0",
        complexity="O(N), N keys removed; their memory is freed on another thread.",
        summary="Removes keys and frees large values on another thread.",
    )
