"""The hash commands, those for the expiry of fields among them."""

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
        summary="Removes fields of a hash, and the key with the last of them.",
    )
    row(
        "HEXISTS key field",
        "readonly fast",
        keys="1 RO",
        since="2.0.0",
        complexity="O(1)",
        summary="Tells whether a hash has a field.",
    )
    row(
        f"HEXPIRE key seconds {CONDITION} {FIELDS}",
        "write fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Lets fields of a hash expire after some seconds.",
    )
    row(
        f"HEXPIREAT key unix-time-seconds {CONDITION} {FIELDS}",
        "write fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Lets fields of a hash expire at a Unix time in seconds.",
    )
    row(
        f"HEXPIRETIME key {FIELDS}",
        "readonly fast",
        keys=READ,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Tells when fields of a hash expire, as Unix times in seconds.",
    )
    row(
        "HGET key field",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity="O(1)",
        summary="Tells the value of a field of a hash.",
    )
    row(
        "HGETALL key",
        "readonly",
        keys=READ,
        tips="nondeterministic_output_order",
        since="2.0.0",
        complexity=WHOLE,
        summary="Tells all fields of a hash and their values.",
    )
    row(
        f"HGETDEL key {FIELDS}",
        "write fast",
        marks="newer",
        keys=TAKE,
        since="8.0.0",
        complexity=PER_FIELD,
        summary="Returns the values of fields of a hash and removes the fields, and the key with the last of them.",
    )
    row(
        f"HGETEX key [expiration=({MOMENTS}|PERSIST)] {FIELDS}",
        "write fast",
        marks="newer",
        keys="1 RW access update",
        since="8.0.0",
        complexity=PER_FIELD,
        summary="Returns the values of fields of a hash; sets or removes the expiry of these fields if asked to.",
    )
    row(
        "HINCRBY key field increment:integer",
        "write denyoom fast",
        keys="1 RW access update",
        since="2.0.0",
        complexity="O(1)",
        summary="Adds a number to the integer in a field, starting from 0 when there is none.",
    )
    row(
        "HINCRBYFLOAT key field increment:double",
        "write denyoom fast",
        keys="1 RW access update",
        since="2.6.0",
        complexity="O(1)",
        summary="Adds a fractional number to the one in a field, starting from 0 when there is none.",
    )
    row(
        "HKEYS key",
        "readonly",
        keys=READ,
        tips="nondeterministic_output_order",
        since="2.0.0",
        complexity=WHOLE,
        summary="Tells all fields of a hash.",
    )
    row(
        "HLEN key",
        "readonly fast",
        keys="1 RO",
        since="2.0.0",
        complexity="O(1)",
        summary="Tells the number of fields in a hash.",
    )
    row(
        "HMGET key field...",
        "readonly fast",
        keys=READ,
        since="2.0.0",
        complexity=PER_FIELD,
        summary="Tells the values of several fields of a hash.",
    )
    row(
        "HMSET key data=(field value)...",
        "write denyoom fast",
        keys=UPDATE,
        since="2.0.0",
        complexity=PER_FIELD,
        summary="Sets several fields of a hash, and answers OK.",
        deprecated="4.0.0",
        replaced_by="`HSET` with several fields",
    )
    row(
        f"HPERSIST key {FIELDS}",
        "write fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Takes the expiry from fields of a hash.",
    )
    row(
        f"HPEXPIRE key milliseconds {CONDITION} {FIELDS}",
        "write fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Lets fields of a hash expire after some milliseconds.",
    )
    row(
        f"HPEXPIREAT key unix-time-milliseconds {CONDITION} {FIELDS}",
        "write fast",
        keys=UPDATE,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Lets fields of a hash expire at a Unix time in milliseconds.",
    )
    row(
        f"HPEXPIRETIME key {FIELDS}",
        "readonly fast",
        keys=READ,
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Tells when fields of a hash expire, as Unix times in milliseconds.",
    )
    row(
        f"HPTTL key {FIELDS}",
        "readonly fast",
        keys=READ,
        tips="nondeterministic_output",
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Tells how many milliseconds fields of a hash have left.",
    )
    row(
        "HRANDFIELD key [options=(count [WITHVALUES])]",
        "readonly",
        keys=READ,
        tips="nondeterministic_output",
        since="6.2.0",
        complexity="O(N), N fields returned.",
        summary="Tells fields of a hash chosen at random, with their values when asked.",
    )
    row(
        "HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
        "readonly",
        keys=READ,
        tips="nondeterministic_output",
        since="2.8.0",
        complexity="O(1) for a call, O(N) for a whole iteration over N fields.",
        summary="Walks over the fields of a hash, some at a time.",
    )
    row(
        "HSET key data=(field value)...",
        "write denyoom fast",
        keys=UPDATE,
        since="2.0.0",
        complexity=PER_FIELD,
        summary="Sets fields of a hash, which it creates when there is none.",
    )
    row(
        f"HSETEX key [condition=(FNX|FXX)] [expiration=({MOMENTS}|KEEPTTL)] "
        "FIELDS fields=(numfields data=(field value)...)",
        "write denyoom fast",
        marks="newer",
        keys=UPDATE,
        since="8.0.0",
        complexity=PER_FIELD,
        summary="Sets fields of a hash and their expiry, on condition that all of them exist or none does if asked to.",
    )
    row(
        "HSETNX key field value",
        "write denyoom fast",
        keys="1 RW insert",
        since="2.0.0",
        complexity="O(1)",
        summary="Sets a field of a hash unless the field exists.",
    )
    row(
        "HSTRLEN key field",
        "readonly fast",
        keys="1 RO",
        since="3.2.0",
        complexity="O(1)",
        summary="Tells the number of bytes in the value of a field.",
    )
    row(
        f"HTTL key {FIELDS}",
        "readonly fast",
        keys=READ,
        tips="nondeterministic_output",
        since="7.4.0",
        complexity=PER_FIELD,
        summary="Tells how many seconds fields of a hash have left.",
    )
    row(
        "HVALS key",
        "readonly",
        keys=READ,
        tips="nondeterministic_output_order",
        since="2.0.0",
        complexity=WHOLE,
        summary="Tells the values of all fields of a hash.",
    )
