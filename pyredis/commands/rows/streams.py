"""The stream commands, those of consumer groups among them."""

from pyredis.commands.spec import family, row

READ = "1 RO access"

with family("stream", module="streams", acl="stream"):
    row(
        "XADD key [NOMKSTREAM@6.2.0] [trim=(strategy=(MAXLEN|MINID) [exactness] threshold [LIMIT@6.2.0 count])] "
        "id data=(field value)...",
        "write denyoom fast",
        keys="1 RW update",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(1), and O(N) where trimming removes N entries.",
        summary="Adds an entry to a stream, which it creates when there is none, and tells its id.",
    )
    row(
        "XDEL key id...",
        "write fast",
        keys="1 RW delete",
        since="5.0.0",
        complexity="O(N), N entries named.",
        summary="Removes entries of a stream, and tells how many there were.",
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
        "XTRIM key trim=(strategy=(MAXLEN|MINID@6.2.0) [exactness] threshold [LIMIT@6.2.0 count])",
        "write",
        keys="1 RW delete",
        tips="nondeterministic_output",
        since="5.0.0",
        complexity="O(N), N entries removed.",
        summary="Removes the oldest entries of a stream, and tells how many.",
    )
