"""The commands for scripts and functions."""

from pyredis.commands.table.spec import container, family, row

RUNS = "noscript stale skip_monitor no_mandatory_keys"
CHANGES = "numkeys@2 RW access update -- the script may do anything with its keys, or nothing"
READS = "numkeys@2 RO access"
PER_SCRIPT = "Depends on the script."
PER_FUNCTION = "Depends on the function."
ALL_SHARDS = "request_policy:all_shards"
ALL_SHARDS_SUCCEED = f"{ALL_SHARDS} response_policy:all_succeeded"
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
    row(
        "FCALL function numkeys:integer [key...] [arg...]",
        RUNS,
        marks="script names_function may_replicate",
        keys=CHANGES,
        since="7.0.0",
        complexity=PER_FUNCTION,
        summary="Calls a function of a library.",
    )
    row(
        "FCALL_RO function numkeys:integer [key...] [arg...]",
        f"readonly {RUNS}",
        marks="script names_function",
        keys=READS,
        acl="-read",
        since="7.0.0",
        complexity=PER_FUNCTION,
        summary="Calls a function of a library that may only read.",
    )
    container("FUNCTION", since="7.0.0", summary="Holds the commands about libraries of functions.", help_since="7.0.0")
    row(
        "FUNCTION|DELETE library-name",
        "write noscript",
        tips=ALL_SHARDS_SUCCEED,
        since="7.0.0",
        complexity="O(N), N functions in the library.",
        summary="Deletes a library and its functions.",
    )
    row(
        "FUNCTION|DUMP",
        "noscript",
        since="7.0.0",
        complexity="O(N), N bytes in all libraries.",
        summary="Returns all libraries as a payload for FUNCTION RESTORE.",
    )
    row(
        "FUNCTION|FLUSH [flush-type=(ASYNC|SYNC)]",
        "write noscript",
        tips=ALL_SHARDS_SUCCEED,
        since="7.0.0",
        complexity="O(N), N functions in all libraries.",
        summary="Deletes all libraries.",
    )
    row(
        "FUNCTION|KILL",
        "noscript allow_busy",
        tips=f"{ALL_SHARDS} response_policy:one_succeeded",
        since="7.0.0",
        complexity="O(1)",
        summary="Ends the running function, unless it has already written.",
    )
    row(
        "FUNCTION|LIST [LIBRARYNAME library-name-pattern] [WITHCODE]",
        "noscript",
        tips="nondeterministic_output_order",
        since="7.0.0",
        complexity="O(N), N functions in all libraries.",
        summary="Lists libraries and their functions.",
    )
    row(
        "FUNCTION|LOAD [REPLACE] function-code",
        "write denyoom noscript",
        tips=ALL_SHARDS_SUCCEED,
        since="7.0.0",
        complexity="O(N), N bytes in the code, and what running it takes.",
        summary="Creates a library from its code and returns its name.",
    )
    row(
        "FUNCTION|RESTORE serialized-value [policy=(FLUSH|APPEND|REPLACE)]",
        "write denyoom noscript",
        tips=ALL_SHARDS_SUCCEED,
        since="7.0.0",
        complexity="O(N), N bytes in the payload, and what running the libraries' code takes.",
        summary="Creates the libraries of a payload that FUNCTION DUMP returned.",
    )
    row(
        "FUNCTION|STATS",
        "noscript allow_busy",
        tips=f"nondeterministic_output {ALL_SHARDS} response_policy:special",
        since="7.0.0",
        complexity="O(1)",
        summary="Returns the running function, and how many libraries and functions there are.",
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
