"""The stream commands, those of consumer groups among them."""

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
        summary="Tells a group that entries have been dealt with, and answers how many were pending.",
    )
    row(
        f"XADD key [NOMKSTREAM@6.2.0] [{TRIM}] id-selector=(*|id) data=(field value)...",
        "write denyoom fast",
        keys="1 RW update",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(1), and O(N) where trimming removes N entries.",
        summary="Adds an entry to a stream, which it creates when there is none, and tells its id.",
    )
    row(
        "XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]",
        "write fast",
        keys="1 RW delete",
        tips="nondeterministic_output",
        since="6.2.0",
        complexity="O(1) with a small COUNT.",
        summary="Gives a consumer entries that others have left pending for long, some at a time.",
    )
    row(
        "XCLAIM key group consumer min-idle-time id... [IDLE ms:integer] [TIME unix-time-milliseconds] "
        "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
        "write fast",
        keys="1 RW update",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(log N) for each id, N entries pending.",
        summary="Gives a consumer entries that are pending for another one.",
    )
    row(
        "XDEL key id...",
        "write fast",
        keys="1 RW delete",
        since="5.0.0",
        complexity="O(N), N entries named.",
        summary="Removes entries of a stream, and tells how many there were.",
    )
    container("XGROUP", since="5.0.0", summary="Commands on the consumer groups of a stream.", help_since="5.0.0")
    row(
        "XGROUP|CREATE key group id-selector=(id|$) [MKSTREAM] [ENTRIESREAD entries-read:integer]",
        "write denyoom",
        keys="2 RW insert",
        since="5.0.0",
        complexity="O(1)",
        summary="Creates a consumer group, which has read everything up to an id.",
    )
    row(
        "XGROUP|CREATECONSUMER key group consumer",
        "write denyoom",
        keys="2 RW insert",
        since="6.2.0",
        complexity="O(1)",
        summary="Creates a consumer in a group.",
    )
    row(
        "XGROUP|DELCONSUMER key group consumer",
        "write",
        keys="2 RW delete",
        since="5.0.0",
        complexity="O(N log N), N entries pending for the consumer.",
        summary="Removes a consumer and forgets what was pending for it.",
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
        "XGROUP|SETID key group id-selector=(id|$) [ENTRIESREAD entries-read:integer]",
        "write",
        keys="2 RW update",
        since="5.0.0",
        complexity="O(1)",
        summary="Sets up to where a group has read.",
    )
    container("XINFO", since="5.0.0", summary="Commands that tell about a stream.", help_since="5.0.0")
    row(
        "XINFO|CONSUMERS key group",
        "readonly",
        keys="2 RO access",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(N), N consumers.",
        summary="Tells about the consumers of a group.",
    )
    row(
        "XINFO|GROUPS key",
        "readonly",
        keys="2 RO access",
        since="5.0.0",
        complexity="O(N), N groups.",
        summary="Tells about the groups of a stream.",
    )
    row(
        "XINFO|STREAM key [FULL full-block=([COUNT count])]",
        "readonly",
        keys="2 RO access",
        since="5.0.0",
        complexity="O(1), and O(N) with FULL for N entries, groups, consumers and pending entries told.",
        summary="Tells about a stream, with FULL also what is in it.",
    )
    row(
        "XLEN key",
        "readonly fast",
        keys="1 RO",
        since="5.0.0",
        complexity="O(1)",
        summary="Tells the number of entries in a stream.",
    )
    row(
        "XPENDING key group [filters=([IDLE@6.2.0 min-idle-time:integer] start end count [consumer])]",
        "readonly",
        keys="1 RO access",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(log N) to find the first of N pending entries, and O(M) for M looked at; O(C) for C consumers.",
        summary="Tells how much is pending in a group and for whom, or the pending entries between two ids.",
    )
    row(
        "XRANGE key start end [COUNT count]",
        "readonly",
        keys=READ,
        since="5.0.0",
        complexity="O(log N) to find the first of N entries, and O(M) for M entries returned.",
        summary="Tells the entries of a stream between two ids.",
    )
    row(
        "XREAD [COUNT count] [BLOCK milliseconds] STREAMS streams=(key... id...)",
        "readonly blocking",
        keys="after STREAMS@1..-1%2 RO access",
        since="5.0.0",
        complexity="O(log N) to find the first of N entries of each stream, and O(M) for M entries returned.",
        summary="Tells the entries of several streams behind given ids, and waits for one when there is none.",
    )
    row(
        "XREADGROUP GROUP group-block=(group consumer) [COUNT count] [BLOCK milliseconds] [NOACK] "
        "STREAMS streams=(key... id...)",
        "write blocking",
        keys="after STREAMS@4..-1%2 RO access",
        since="5.0.0",
        complexity="O(log N) to find the first of N entries of each stream, and O(M) for M entries returned.",
        summary="Gives a consumer entries that its group has not read, or tells those it has not acknowledged.",
    )
    row(
        "XREVRANGE key end start [COUNT count]",
        "readonly",
        keys=READ,
        since="5.0.0",
        complexity="O(log N) to find the last of N entries, and O(M) for M entries returned.",
        summary="Tells the entries of a stream between two ids, the last one first.",
    )
    row(
        "XSETID key last-id [ENTRIESADDED@7.0.0 entries-added:integer] [MAXDELETEDID@7.0.0 max-deleted-id]",
        "write denyoom fast",
        keys="1 RW update",
        since="5.0.0",
        complexity="O(1)",
        summary="Sets the last id of a stream, for those who copy one.",
    )
    row(
        f"XTRIM key {TRIM}",
        "write",
        keys="1 RW delete",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(N), N entries removed.",
        summary="Removes the oldest entries of a stream, and tells how many.",
    )
