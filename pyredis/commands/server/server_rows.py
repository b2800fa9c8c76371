"""The commands of the server: databases, configuration, statistics, the command table itself."""

from pyredis.commands.table.spec import container, family, helps, row

ADMIN = "admin noscript loading stale"
VARIES = "nondeterministic_output"
UNORDERED = "nondeterministic_output_order"
ALL_NODES = "request_policy:all_nodes response_policy:all_succeeded"
ALL_SHARDS = "request_policy:all_shards response_policy:all_succeeded"
EVERY_NODE = f"{VARIES} request_policy:all_nodes response_policy:special"
EVERY_SHARD = f"{VARIES} request_policy:all_shards response_policy:special"
FLUSH_TYPE = "[flush-type=(ASYNC@4.0.0|SYNC@6.2.0)]"
COMMANDS = "O(N), N commands named, or all commands."

with family("server", module="server"):
    row(
        "BGREWRITEAOF",
        "admin noscript no_async_loading",
        since="1.0.0",
        complexity="O(1)",
        summary="Starts rewriting the append-only file from the data in memory.",
    )
    row(
        "DBSIZE",
        "readonly fast",
        handler="databases.dbsize",
        acl="keyspace",
        tips="request_policy:all_shards response_policy:agg_sum",
        since="1.0.0",
        complexity="O(1)",
        summary="Returns how many keys the database has.",
    )
    row(
        f"FLUSHALL {FLUSH_TYPE}",
        "write",
        handler="databases.flushall",
        acl="keyspace dangerous",
        tips=ALL_SHARDS,
        since="1.0.0",
        complexity="O(N), N keys in all databases.",
        summary="Removes all keys of every database.",
    )
    row(
        f"FLUSHDB {FLUSH_TYPE}",
        "write",
        handler="databases.flushdb",
        acl="keyspace dangerous",
        tips=ALL_SHARDS,
        since="1.0.0",
        complexity="O(N), N keys in the database.",
        summary="Removes all keys of the selected database.",
    )
    row(
        "INFO [section...]",
        "loading stale",
        acl="dangerous",
        tips=EVERY_SHARD,
        since="1.0.0",
        complexity="O(1)",
        summary="Reports the state and the statistics of the server.",
    )
    row(
        "LASTSAVE",
        "loading stale fast",
        acl="admin dangerous",
        tips=VARIES,
        since="1.0.0",
        complexity="O(1)",
        summary="Returns the Unix time, in seconds, of the last successful save.",
    )
    row(
        "LOLWUT [VERSION version:integer]",
        "readonly fast",
        since="5.0.0",
        complexity="O(N), N characters drawn.",
        summary="Draws a picture and shows the server's version.",
    )
    row(
        "SHUTDOWN [save-selector=(NOSAVE|SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]",
        "admin noscript loading stale no_multi allow_busy",
        since="1.0.0",
        complexity="O(N) when saving, N keys in all databases; otherwise O(1).",
        summary="Makes the data durable and stops the server, or aborts a shutdown in progress.",
    )
    row(
        "MONITOR",
        ADMIN,
        since="1.0.0",
        complexity="O(1)",
        summary="Sends this connection a line for each command that any client runs.",
    )
    row(
        "ROLE",
        "noscript loading stale fast",
        acl="admin dangerous",
        since="2.8.12",
        complexity="O(1)",
        summary="Returns the server's role in replication, and its replicas or its master.",
    )
    row(
        "SWAPDB index1:integer index2:integer",
        "write fast",
        handler="databases.swapdb",
        acl="keyspace dangerous",
        since="4.0.0",
        complexity="O(N), N clients that watch or wait for keys of the two databases.",
        summary="Exchanges the contents of two databases.",
    )
    row(
        "TIME",
        "loading stale fast",
        tips=VARIES,
        since="2.6.0",
        complexity="O(1)",
        summary="Returns the server's clock as Unix seconds and the microseconds of the current second.",
    )

with family("server", module="server", acl="connection"):
    row(
        "COMMAND",
        "loading stale",
        arity=-1,
        tips=UNORDERED,
        since="2.8.13",
        complexity="O(N), N commands of the server.",
        summary="Describes all commands: arity, flags, keys and subcommands.",
    )
    row(
        "COMMAND|COUNT",
        "loading stale",
        since="2.8.13",
        complexity="O(1)",
        summary="Returns how many commands the server has.",
    )
    row(
        "COMMAND|DOCS [command-name...]",
        "loading stale",
        tips=UNORDERED,
        since="7.0.0",
        complexity=COMMANDS,
        summary="Returns the documentation of commands.",
    )
    row(
        "COMMAND|GETKEYS command [arg...]",
        "loading stale",
        since="2.8.13",
        complexity="O(N), N arguments of the command.",
        summary="Extracts the keys from a complete command.",
    )
    row(
        "COMMAND|GETKEYSANDFLAGS command [arg...]",
        "loading stale",
        since="7.0.0",
        complexity="O(N), N arguments of the command.",
        summary="Extracts the keys from a complete command, with flags for how each is used.",
    )
    helps("COMMAND", since="5.0.0")
    row(
        "COMMAND|INFO [command-name...]",
        "loading stale",
        tips=UNORDERED,
        since="2.8.13",
        complexity=COMMANDS,
        summary="Describes the given commands, or all of them.",
    )
    row(
        "COMMAND|LIST [FILTERBY filterby=(MODULE module-name|ACLCAT category|PATTERN pattern)]",
        "loading stale",
        tips=UNORDERED,
        since="7.0.0",
        complexity="O(N), N commands of the server.",
        summary="Returns the names of all commands, or of those that match a filter.",
    )

with family("server", module="server"):
    container(
        "CONFIG",
        since="2.0.0",
        summary="Groups the commands that manage the server's configuration.",
        help_since="5.0.0",
    )
    row(
        "CONFIG|GET parameter...",
        ADMIN,
        since="2.0.0",
        complexity="O(N), N parameters named.",
        summary="Returns the values of the parameters whose names match patterns.",
    )
    row(
        "CONFIG|RESETSTAT",
        ADMIN,
        tips=ALL_NODES,
        since="2.0.0",
        complexity="O(1)",
        summary="Resets the statistics that INFO reports.",
    )
    row(
        "CONFIG|REWRITE",
        ADMIN,
        tips=ALL_NODES,
        since="2.8.0",
        complexity="O(1)",
        summary="Writes the current configuration to the configuration file, keeping its comments.",
    )
    row(
        "CONFIG|SET data=(parameter value)...",
        ADMIN,
        tips=ALL_NODES,
        since="2.0.0",
        complexity="O(N), N parameters named.",
        summary="Changes parameters at run time: all that are given, or none.",
    )
    container(
        "LATENCY",
        since="2.8.13",
        summary="Groups the commands for monitoring latency.",
        help_since="2.8.13",
    )
    row(
        "LATENCY|DOCTOR",
        ADMIN,
        tips=EVERY_NODE,
        since="2.8.13",
        complexity="O(1)",
        summary="Explains the recorded latency spikes and advises what to do about them.",
    )
    row(
        "LATENCY|GRAPH event",
        ADMIN,
        tips=EVERY_NODE,
        since="2.8.13",
        complexity="O(1)",
        summary="Draws the recorded latency spikes of an event.",
    )
    row(
        "LATENCY|HISTOGRAM [command...]",
        ADMIN,
        tips=EVERY_NODE,
        since="7.0.0",
        complexity="O(N), N commands with recorded latencies.",
        summary="Returns the distribution of commands' execution times.",
    )
    row(
        "LATENCY|HISTORY event",
        ADMIN,
        tips=EVERY_NODE,
        since="2.8.13",
        complexity="O(1)",
        summary="Returns the recorded latency spikes of an event, each with its time.",
    )
    row(
        "LATENCY|LATEST",
        ADMIN,
        tips=EVERY_NODE,
        since="2.8.13",
        complexity="O(1)",
        summary="Returns the latest and the longest latency of every event.",
    )
    row(
        "LATENCY|RESET [event...]",
        ADMIN,
        tips="request_policy:all_nodes response_policy:agg_sum",
        since="2.8.13",
        complexity="O(1)",
        summary="Discards the recorded latencies of all events, or of those given.",
    )
    container(
        "MEMORY",
        since="4.0.0",
        summary="Groups the commands that report on memory.",
        help_since="4.0.0",
    )
    row(
        "MEMORY|DOCTOR",
        tips=EVERY_SHARD,
        since="4.0.0",
        complexity="O(1)",
        summary="Checks memory usage for problems and reports them.",
    )
    row(
        "MEMORY|MALLOC-STATS",
        tips=EVERY_SHARD,
        since="4.0.0",
        complexity="O(N), N size classes of the allocator.",
        summary="Reports the state of the memory allocator.",
    )
    row(
        "MEMORY|PURGE",
        tips=ALL_SHARDS,
        since="4.0.0",
        complexity="O(N), N pieces of memory that are free.",
        summary="Returns free memory to the system.",
    )
    row(
        "MEMORY|STATS",
        tips=EVERY_SHARD,
        since="4.0.0",
        complexity="O(1)",
        summary="Reports what the server's memory is used for.",
    )
    row(
        "MEMORY|USAGE key [SAMPLES count]",
        "readonly",
        keys="2 RO",
        since="4.0.0",
        complexity="O(N), N elements sampled.",
        summary="Estimates how many bytes a key and its value occupy.",
    )
    container(
        "MODULE",
        since="4.0.0",
        summary="Groups the commands for modules.",
        help_since="5.0.0",
    )
    row(
        "MODULE|LIST",
        "admin noscript",
        tips=UNORDERED,
        since="4.0.0",
        complexity="O(N), N modules loaded.",
        summary="Returns the modules that are loaded: none, because this server has none.",
    )
    row(
        "MODULE|LOAD path [arg...]",
        "admin noscript no_async_loading",
        marks="guarded",
        since="4.0.0",
        complexity="O(1)",
        summary="Loads a module, which this server cannot.",
    )
    row(
        "MODULE|LOADEX path [CONFIG configs=(name value)]... [ARGS args...]",
        "admin noscript no_async_loading",
        marks="guarded",
        since="7.0.0",
        complexity="O(1)",
        summary="Loads a module with settings, which this server cannot.",
    )
    row(
        "MODULE|UNLOAD name",
        "admin noscript no_async_loading",
        marks="guarded",
        since="4.0.0",
        complexity="O(1)",
        summary="Unloads a module.",
    )
    container(
        "SLOWLOG",
        since="2.2.12",
        summary="Groups the commands for the log of slow commands.",
        help_since="6.2.0",
    )
    row(
        "SLOWLOG|GET [count]",
        "admin loading stale",
        tips=f"request_policy:all_nodes {VARIES}",
        since="2.2.12",
        complexity="O(N), N entries returned.",
        summary="Returns the newest entries of the slow log.",
    )
    row(
        "SLOWLOG|LEN",
        "admin loading stale",
        tips=f"request_policy:all_nodes response_policy:agg_sum {VARIES}",
        since="2.2.12",
        complexity="O(1)",
        summary="Returns how many entries the slow log has.",
    )
    row(
        "SLOWLOG|RESET",
        "admin loading stale",
        tips=ALL_NODES,
        since="2.2.12",
        complexity="O(N), N entries in the log.",
        summary="Clears the slow log.",
    )
