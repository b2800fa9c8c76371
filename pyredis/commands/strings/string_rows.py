"""The string commands."""

from pyredis.commands.table.spec import family, row

READ = "1 RO access"
REPLACE = "1 OW update"
CHANGE = "1 RW access update"

_EXPIRES = "EX{0} seconds|PX{0} milliseconds|EXAT{1} unix-time-seconds|PXAT{1} unix-time-milliseconds"
SET_EXPIRATION = f"[expiration=({_EXPIRES.format('@2.6.12', '@6.2.0')}|KEEPTTL@6.0.0)]"
GETEX_EXPIRATION = f"[expiration=({_EXPIRES.format('', '')}|PERSIST)]"

with family("string", module="strings", acl="string"):
    row(
        "APPEND key value",
        "write denyoom fast",
        keys="1 RW insert",
        since="2.0.0",
        complexity="O(1) amortized, for values that are short compared with the string.",
        summary="Appends bytes to a string, creating the string if needed.",
    )
    row(
        "DECR key",
        "write denyoom fast",
        keys=CHANGE,
        since="1.0.0",
        complexity="O(1)",
        summary="Subtracts one from the integer stored at a key; a missing key counts as 0.",
    )
    row(
        "DECRBY key decrement:integer",
        "write denyoom fast",
        keys=CHANGE,
        since="1.0.0",
        complexity="O(1)",
        summary="Subtracts a number from the integer stored at a key; a missing key counts as 0.",
    )
    row(
        "GET key",
        "readonly fast",
        keys=READ,
        since="1.0.0",
        complexity="O(1)",
        summary="Returns the string stored at a key.",
    )
    row(
        "GETDEL key",
        "write fast",
        keys="1 RW access delete",
        since="6.2.0",
        complexity="O(1)",
        summary="Returns the string stored at a key and removes the key.",
    )
    row(
        f"GETEX key {GETEX_EXPIRATION}",
        "write fast",
        keys="1 RW access update -- writes only when an option changes the expiry",
        since="6.2.0",
        complexity="O(1)",
        summary="Returns the string stored at a key, and can set or remove the key's expiry.",
    )
    row(
        "GETRANGE key start:integer end:integer",
        "readonly",
        keys=READ,
        since="2.4.0",
        complexity="O(N), N bytes returned.",
        summary="Returns the part of a string between two offsets.",
    )
    row(
        "GETSET key value",
        "write denyoom fast",
        keys=CHANGE,
        since="1.0.0",
        complexity="O(1)",
        summary="Stores a string and returns the one it replaces.",
        deprecated="6.2.0",
        replaced_by="`SET` with the `GET` option",
    )
    row(
        "INCR key",
        "write denyoom fast",
        keys=CHANGE,
        since="1.0.0",
        complexity="O(1)",
        summary="Adds one to the integer stored at a key; a missing key counts as 0.",
    )
    row(
        "INCRBY key increment:integer",
        "write denyoom fast",
        keys=CHANGE,
        since="1.0.0",
        complexity="O(1)",
        summary="Adds a number to the integer stored at a key; a missing key counts as 0.",
    )
    row(
        "INCRBYFLOAT key increment:double",
        "write denyoom fast",
        keys=CHANGE,
        since="2.6.0",
        complexity="O(1)",
        summary="Adds a floating-point number to the number stored at a key; a missing key counts as 0.",
    )
    row(
        "LCS key1:key key2:key [LEN] [IDX] [MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]",
        "readonly",
        keys="1..2 RO access",
        since="7.0.0",
        complexity="O(N*M), N and M bytes in the two strings.",
        summary="Finds the longest common subsequence of two strings.",
    )
    row(
        "MGET key...",
        "readonly fast",
        keys="1..-1 RO access",
        tips="request_policy:multi_shard",
        since="1.0.0",
        complexity="O(N), N keys asked for.",
        summary="Returns the strings stored at several keys.",
    )
    row(
        "MSET data=(key value)...",
        "write denyoom",
        keys="1..-1/2 OW update",
        tips="request_policy:multi_shard response_policy:all_succeeded",
        since="1.0.1",
        complexity="O(N), N keys set.",
        summary="Stores strings at several keys in one step.",
    )
    row(
        "MSETNX data=(key value)...",
        "write denyoom",
        keys="1..-1/2 OW insert",
        since="1.0.1",
        complexity="O(N), N keys set.",
        summary="Stores strings at several keys in one step, unless any of the keys exists.",
    )
    row(
        "PSETEX key milliseconds value",
        "write denyoom",
        keys=REPLACE,
        since="2.6.0",
        complexity="O(1)",
        summary="Stores a string at a key that expires after a number of milliseconds.",
        deprecated="2.6.12",
        replaced_by="`SET` with the `PX` option",
    )
    row(
        f"SET key value [condition@2.6.12=(NX|XX)] [GET@6.2.0] {SET_EXPIRATION}",
        "write denyoom",
        keys="1 RW access update variable_flags -- reads only when GET is given",
        since="1.0.0",
        complexity="O(1)",
        summary="Stores a string at a key, replacing any value; options add conditions and an expiry.",
    )
    row(
        "SETEX key seconds value",
        "write denyoom",
        keys=REPLACE,
        since="2.0.0",
        complexity="O(1)",
        summary="Stores a string at a key that expires after a number of seconds.",
        deprecated="2.6.12",
        replaced_by="`SET` with the `EX` option",
    )
    row(
        "SETNX key value",
        "write denyoom fast",
        keys="1 OW insert",
        since="1.0.0",
        complexity="O(1)",
        summary="Stores a string at a key unless the key exists.",
        deprecated="2.6.12",
        replaced_by="`SET` with the `NX` option",
    )
    row(
        "SETRANGE key offset value",
        "write denyoom",
        keys="1 RW update",
        since="2.2.0",
        complexity="O(1) for short values, O(N) for one of N bytes.",
        summary="Overwrites part of a string from an offset on, filling any gap with zero bytes.",
    )
    row(
        "STRLEN key",
        "readonly fast",
        keys="1 RO",
        since="2.2.0",
        complexity="O(1)",
        summary="Returns the length of a string in bytes.",
    )
    row(
        "SUBSTR key start:integer end:integer",
        "readonly",
        keys=READ,
        since="1.0.0",
        complexity="O(N), N bytes returned.",
        summary="Returns the part of a string between two offsets; an old name of GETRANGE.",
        deprecated="2.0.0",
        replaced_by="`GETRANGE`",
    )
