"""The hash commands, including those for the expiry of fields."""

from pyredis.commands.table.spec import family, row

READ = "1 RO access"
TAKE = "1 RW access delete"
UPDATE = "1 RW update"
FIELDS = "FIELDS fields=(numfields field...)"
MOMENTS = "EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds"
CONDITION = "[condition=(NX|XX|GT|LT)]"
PER_FIELD = "O(N), N fields named."
WHOLE = "O(N), N fields in the hash."

with family("hash", module="hashes", acl="hash"):
    row(
        "HDEL key field...",
        "write fast",
        keys="1 RW delete",
        since="2.0.0",
        complexity=PER_FIELD,
        summary="Removes fields from a hash, and the key when no field is left.",
    )
    row(
        "HEXISTS key field",
        "readonly fast",
        keys="1 RO",
        since="2.0.0",
        complexity="O(1)",
        summary="Returns whether a hash has a given field.",
    )
    row(
        f"HEXPIRE key seconds {CONDITION} {FIELDS}",
        "write denyoom fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Makes fields of a hash expire after a number of seconds.",
    )
    row(
        f"HEXPIREAT key unix-time-seconds {CONDITION} {FIELDS}",
        "write denyoom fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Makes fields of a hash expire at a Unix time in seconds.",
    )
    row(
        f"HEXPIRETIME key {FIELDS}",
        "readonly fast",
        keys=READ,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Returns the Unix times, in seconds, at which fields of a hash expire.",
    )
    row(
        "HGET key field",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity="O(1)",
        summary="Returns the value stored in one field of a hash.",
    )
    row(
        "HGETALL key",
        "readonly",
        keys=READ,
        tips="nondeterministic_output_order",
        since="2.0.0",
        complexity=WHOLE,
        summary="Returns all fields of a hash with their values.",
    )
    row(
        f"HGETDEL key {FIELDS}",
        "write fast",
        marks="newer",
        keys=TAKE,
        since="8.0.0",
        complexity=PER_FIELD,
        summary="Returns the values of fields of a hash and removes the fields, and the key when no field is left.",
    )
    row(
        f"HGETEX key [expiration=({MOMENTS}|PERSIST)] {FIELDS}",
        "write fast",
        marks="newer",
        keys="1 RW access update",
        since="8.0.0",
        complexity=PER_FIELD,
        summary="Returns the values of fields of a hash, and can set or remove the expiry of these fields.",
    )
    row(
        "HINCRBY key field increment:integer",
        "write denyoom fast",
        keys="1 RW access update",
        since="2.0.0",
        complexity="O(1)",
        summary="Adds an integer to the one in a field of a hash; a missing field counts as 0.",
    )
    row(
        "HINCRBYFLOAT key field increment:double",
        "write denyoom fast",
        keys="1 RW access update",
        since="2.6.0",
        complexity="O(1)",
        summary="Adds a floating-point number to the number in a field of a hash; a missing field counts as 0.",
    )
    row(
        "HKEYS key",
        "readonly",
        keys=READ,
        tips="nondeterministic_output_order",
        since="2.0.0",
        complexity=WHOLE,
        summary="Returns the names of all fields of a hash.",
    )
    row(
        "HLEN key",
        "readonly fast",
        keys="1 RO",
        since="2.0.0",
        complexity="O(1)",
        summary="Returns how many fields a hash has.",
    )
    row(
        "HMGET key field...",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity=PER_FIELD,
        summary="Returns the values of several fields of a hash.",
    )
    row(
        "HMSET key data=(field value)...",
        "write denyoom fast",
        keys=UPDATE,
        since="2.0.0",
        complexity=PER_FIELD,
        summary="Sets one or more fields of a hash, and replies with OK.",
        deprecated="4.0.0",
        replaced_by="`HSET` with several fields",
    )
    row(
        f"HPERSIST key {FIELDS}",
        "write fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Removes the expiry of fields of a hash.",
    )
    row(
        f"HPEXPIRE key milliseconds {CONDITION} {FIELDS}",
        "write denyoom fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Makes fields of a hash expire after a number of milliseconds.",
    )
    row(
        f"HPEXPIREAT key unix-time-milliseconds {CONDITION} {FIELDS}",
        "write denyoom fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Makes fields of a hash expire at a Unix time in milliseconds.",
    )
    row(
        f"HPEXPIRETIME key {FIELDS}",
        "readonly fast",
        keys=READ,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Returns the Unix times, in milliseconds, at which fields of a hash expire.",
    )
    row(
        f"HPTTL key {FIELDS}",
        "readonly fast",
        keys=READ,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Returns how many milliseconds remain until fields of a hash expire.",
    )
    row(
        "HRANDFIELD key [options=(count [WITHVALUES])]",
        "readonly",
        keys=READ,
        tips="nondeterministic_output",
        since="6.2.0",
        complexity="O(N), N fields returned.",
        summary="Returns randomly chosen fields of a hash, with their values if requested.",
    )
    row(
        "HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
        "readonly",
        keys=READ,
        tips="nondeterministic_output",
        since="2.8.0",
        complexity="O(1) for a call, O(N) for a complete iteration over N fields.",
        summary="Iterates over the fields of a hash, a few per call.",
    )
    row(
        "HSET key data=(field value)...",
        "write denyoom fast",
        keys=UPDATE,
        since="2.0.0",
        complexity=PER_FIELD,
        summary="Sets fields of a hash, creating the hash if needed.",
    )
    row(
        f"HSETEX key [condition=(FNX|FXX)] [expiration=({MOMENTS}|KEEPTTL)] "
        "FIELDS fields=(numfields data=(field value)...)",
        "write denyoom fast",
        marks="newer",
        keys=UPDATE,
        since="8.0.0",
        complexity=PER_FIELD,
        summary="Sets fields of a hash and their expiry, optionally only if all or none of the fields exist.",
    )
    row(
        "HSETNX key field value",
        "write denyoom fast",
        keys="1 RW insert",
        since="2.0.0",
        complexity="O(1)",
        summary="Sets a field of a hash unless it already exists.",
    )
    row(
        "HSTRLEN key field",
        "readonly fast",
        keys="1 RO",
        since="3.2.0",
        complexity="O(1)",
        summary="Returns the length in bytes of a field's value.",
    )
    row(
        f"HTTL key {FIELDS}",
        "readonly fast",
        keys=READ,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Returns how many seconds remain until fields of a hash expire.",
    )
    row(
        "HVALS key",
        "readonly",
        keys=READ,
        tips="nondeterministic_output_order",
        since="2.0.0",
        complexity=WHOLE,
        summary="Returns all values of a hash, without the field names.",
    )
