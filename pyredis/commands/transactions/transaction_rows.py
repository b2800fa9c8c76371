"""The commands of transactions."""

from pyredis.commands.table.spec import family, row

ALWAYS = "noscript loading stale fast allow_busy"

with family("transactions", module="transactions", acl="transaction"):
    row(
        "DISCARD",
        ALWAYS,
        marks="unqueued",
        since="2.0.0",
        complexity="O(N), N commands queued.",
        summary="Ends the transaction and drops its queued commands.",
    )
    row(
        "EXEC",
        "noscript loading stale skip_slowlog",
        marks="unqueued runs_queue",
        since="1.2.0",
        complexity="Depends on the commands queued.",
        summary="Runs the queued commands atomically, unless a watched key has changed.",
    )
    row(
        "MULTI",
        ALWAYS,
        marks="unqueued",
        since="1.2.0",
        complexity="O(1)",
        summary="Starts a transaction: the commands that follow are queued.",
    )
    row(
        "UNWATCH",
        ALWAYS,
        since="2.2.0",
        complexity="O(N), N keys watched.",
        summary="Stops watching all keys.",
    )
    row(
        "WATCH key...",
        ALWAYS,
        marks="unqueued",
        keys="1..-1 RO",
        since="2.2.0",
        complexity="O(N), N keys named.",
        summary="Watches keys: the next EXEC runs nothing if one of them has changed.",
    )
