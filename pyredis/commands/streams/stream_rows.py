"""The stream commands, including those of consumer groups."""

from pyredis.commands.table.spec import container, family, row

READ = "1 RO access"
TRIM = "trim=(strategy=(MAXLEN|MINID@6.2.0) [operator=(=|~)] threshold [LIMIT@6.2.0 count])"

with family("stream", module="streams", acl="stream"):
    row(
        "XACK key group id...",
        "write fast",
        keys="1 RW update",
        since="5.0.0",
        complexity="O(log N) for each id, N entries pending.",
        summary="Acknowledges entries for a consumer group, and returns how many of them were pending.",
    )
    row(
        f"XADD key [NOMKSTREAM@6.2.0] [{TRIM}] id-selector=(*|id) data=(field value)...",
        "write denyoom fast",
        keys="1 RW update",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(1), and O(N) if trimming removes N entries.",
        summary="Appends an entry to a stream, creating the stream if needed, and returns the entry's id.",
    )
    row(
        "XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]",
        "write fast",
        keys="1 RW delete",
        tips="nondeterministic_output",
        since="6.2.0",
        complexity="O(1) with a small COUNT.",
        summary="Scans the pending entries of a group and claims those idle long enough, a few per call.",
    )
    row(
        "XCLAIM key group consumer min-idle-time id... [IDLE ms:integer] [TIME unix-time-milliseconds] "
        "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
        "write fast",
        keys="1 RW update",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(log N) for each id, N entries pending.",
        summary="Gives a consumer entries that are pending for another consumer.",
    )
    row(
        "XDEL key id...",
        "write fast",
        keys="1 RW delete",
        since="5.0.0",
        complexity="O(N), N entries named.",
        summary="Removes entries from a stream and returns how many of them existed.",
    )
    container("XGROUP", since="5.0.0", summary="Groups the commands for consumer groups.", help_since="5.0.0")
    row(
        "XGROUP|CREATE key group id-selector=(id|$) [MKSTREAM] [ENTRIESREAD entriesread:integer~entries-read]",
        "write denyoom",
        keys="2 RW insert",
        since="5.0.0",
        complexity="O(1)",
        summary="Creates a consumer group that starts reading after a given id.",
    )
    row(
        "XGROUP|CREATECONSUMER key group consumer",
        "write denyoom",
        keys="2 RW insert",
        since="6.2.0",
        complexity="O(1)",
        summary="Adds a consumer to a consumer group.",
    )
    row(
        "XGROUP|DELCONSUMER key group consumer",
        "write",
        keys="2 RW delete",
        since="5.0.0",
        complexity="O(N log N), N entries pending for the consumer.",
        summary="Removes a consumer and discards its pending entries.",
    )
    row(
        "XGROUP|DESTROY key group",
        "write",
        keys="2 RW delete",
        since="5.0.0",
        complexity="O(N), N entries pending in the group.",
        summary="Removes a consumer group.",
    )
    row(
        "XGROUP|SETID key group id-selector=(id|$) [ENTRIESREAD entriesread:integer~entries-read]",
        "write",
        keys="2 RW update",
        since="5.0.0",
        complexity="O(1)",
        summary="Sets the id after which a consumer group continues to read.",
    )
    container("XINFO", since="5.0.0", summary="Groups the commands that describe a stream.", help_since="5.0.0")
    row(
        "XINFO|CONSUMERS key group",
        "readonly",
        keys="2 RO access",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(N), N consumers.",
        summary="Describes the consumers of a consumer group.",
    )
    row(
        "XINFO|GROUPS key",
        "readonly",
        keys="2 RO access",
        since="5.0.0",
        complexity="O(N), N groups.",
        summary="Describes the consumer groups of a stream.",
    )
    row(
        "XINFO|STREAM key [full-block=(FULL [COUNT count])]",
        "readonly",
        keys="2 RO access",
        since="5.0.0",
        complexity="O(1), and O(N) with FULL for N entries, groups, consumers and pending entries returned.",
        summary="Describes a stream; with FULL, also its entries and groups.",
    )
    row(
        "XLEN key",
        "readonly fast",
        keys="1 RO",
        since="5.0.0",
        complexity="O(1)",
        summary="Returns how many entries a stream has.",
    )
    row(
        "XPENDING key group [filters=([IDLE@6.2.0 min-idle-time:integer] start end count [consumer])]",
        "readonly",
        keys="1 RO access",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(log N) to find the first of N pending entries, and O(M) for M examined; O(C) for C consumers.",
        summary="Summarizes a group's pending entries by consumer, or lists those between two ids.",
    )
    row(
        "XRANGE key start end [COUNT count]",
        "readonly",
        keys=READ,
        since="5.0.0",
        complexity="O(log N) to find the first of N entries, and O(M) for M entries returned.",
        summary="Returns the entries of a stream between two ids.",
    )
    row(
        "XREAD [COUNT count] [BLOCK milliseconds] STREAMS streams=(key... id...)",
        "readonly blocking",
        keys="after STREAMS@1..-1%2 RO access",
        since="5.0.0",
        complexity="O(log N) to find the first of N entries of each stream, and O(M) for M entries returned.",
        summary="Returns the entries of streams after given ids, and can wait for one if there are none.",
    )
    row(
        "XREADGROUP GROUP group-block=(group consumer) [COUNT count] [BLOCK milliseconds] [NOACK] "
        "STREAMS streams=(key... id...)",
        "write blocking",
        keys="after STREAMS@4..-1%2 RO access",
        since="5.0.0",
        complexity="O(log N) to find the first of N entries of each stream, and O(M) for M entries returned.",
        summary="Gives a consumer entries that are new to its group, or repeats those it has not acknowledged.",
    )
    row(
        "XREVRANGE key end start [COUNT count]",
        "readonly",
        keys=READ,
        since="5.0.0",
        complexity="O(log N) to find the last of N entries, and O(M) for M entries returned.",
        summary="Returns the entries of a stream between two ids, newest first.",
    )
    row(
        "XSETID key last-id [ENTRIESADDED@7.0.0 entries-added:integer] [MAXDELETEDID@7.0.0 max-deleted-id]",
        "write denyoom fast",
        keys="1 RW update",
        since="5.0.0",
        complexity="O(1)",
        summary="Sets the last id and the counters of a stream; used when a stream is copied.",
    )
    row(
        f"XTRIM key {TRIM}",
        "write",
        keys="1 RW delete",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(N), N entries removed.",
        summary="Removes the oldest entries of a stream and returns how many were removed.",
    )
