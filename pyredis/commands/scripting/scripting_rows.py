"""The commands for scripts."""

from pyredis.commands.table.spec import container, family, row

RUNS = "noscript stale skip_monitor no_mandatory_keys"
CHANGES = "numkeys@2 RW access update -- the script may do anything with its keys, or nothing"
READS = "numkeys@2 RO access"
PER_SCRIPT = "Depends on the script."
ALL_SHARDS = "request_policy:all_shards"
ALL_NODES = "request_policy:all_nodes response_policy:all_succeeded"

with family("scripting", module="scripting", acl="scripting"):
    row(
        "EVAL script numkeys:integer [key...] [arg...]",
        RUNS,
        marks="script may_replicate",
        keys=CHANGES,
        since="2.6.0",
        complexity=PER_SCRIPT,
        summary="Runs a Lua script.",
    )
    row(
        "EVALSHA sha1 numkeys:integer [key...] [arg...]",
        RUNS,
        marks="script may_replicate",
        keys=CHANGES,
        since="2.6.0",
        complexity=PER_SCRIPT,
        summary="Runs a Lua script that the server has stored, given its SHA-1 digest.",
    )
    row(
        "EVALSHA_RO sha1 numkeys:integer [key...] [arg...]",
        f"readonly {RUNS}",
        marks="script",
        keys=READS,
        acl="-read",
        since="7.0.0",
        complexity=PER_SCRIPT,
        summary="Runs a stored Lua script that may only read, given its SHA-1 digest.",
    )
    row(
        "EVAL_RO script numkeys:integer [key...] [arg...]",
        f"readonly {RUNS}",
        marks="script",
        keys=READS,
        acl="-read",
        since="7.0.0",
        complexity=PER_SCRIPT,
        summary="Runs a Lua script that may only read.",
    )
    container("SCRIPT", since="2.6.0", summary="Holds the commands about Lua scripts.", help_since="5.0.0")
    row(
        "SCRIPT|DEBUG mode=(YES|SYNC|NO)",
        "noscript",
        since="3.2.0",
        complexity="O(1)",
        summary="Chooses a debugging mode for scripts; this server has no debugger and accepts only NO.",
    )
    row(
        "SCRIPT|EXISTS sha1...",
        "noscript",
        tips=f"{ALL_SHARDS} response_policy:agg_logical_and",
        since="2.6.0",
        complexity="O(N), N digests named.",
        summary="Returns for each SHA-1 digest whether the server has stored the script.",
    )
    row(
        "SCRIPT|FLUSH [flush-type@6.2.0=(ASYNC|SYNC)]",
        "noscript",
        tips=ALL_NODES,
        since="2.6.0",
        complexity="O(N), N scripts stored.",
        summary="Forgets all scripts.",
    )
    row(
        "SCRIPT|KILL",
        "noscript allow_busy",
        tips=f"{ALL_SHARDS} response_policy:one_succeeded",
        since="2.6.0",
        complexity="O(1)",
        summary="Ends the running script, unless it has already written.",
    )
    row(
        "SCRIPT|LOAD script",
        "noscript stale",
        tips=ALL_NODES,
        since="2.6.0",
        complexity="O(N), N bytes in the script.",
        summary="Stores a Lua script for EVALSHA and returns its SHA-1 digest.",
    )
