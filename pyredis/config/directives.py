"""The table of directives: all of redis.conf 7.4, by section, in the order of CONFIG GET and CONFIG REWRITE.

Defaults are those of Redis 7.4, except ``appendonly``, which is ``yes`` here. Only a directive's row says that it has
no effect or is refused; the page of the documentation and the warnings at the start are made from the row.
"""

from pyredis.config.directive import Directive, LineOnly, row
from pyredis.config.kinds import (
    INT_MAX,
    LONG_MAX,
    UINT_MAX,
    ULONG_MAX,
    Bool,
    Enum,
    EnumSet,
    Integer,
    Memory,
    MemoryOfMachine,
    MemoryOrPercent,
    Octal,
    String,
)
from pyredis.config.special import (
    ActiveDefrag,
    Bind,
    BufferLimit,
    Directory,
    EventClasses,
    OomScoreValues,
    OutputBufferLimits,
    Percentiles,
    ReplicaOf,
    Save,
    SavePoint,
    file_name_check,
    hostname_check,
    node_name_check,
    title_check,
)

BOOL = Bool()
COUNT = Integer()
LONG = Integer(0, LONG_MAX)
SIZE = Memory()
PORT = Integer(0, 65535)
TEXT = String()
OPTIONAL = String(nullable=True)
ALLOWED = Enum("no yes local")
SHUTDOWN = EnumSet(
    "default save nosave now force",
    ("save", "nosave"),
    "shutdown options SAVE and NOSAVE can't be used simultaneously",
)

NO_CLUSTER = "cluster mode"
NO_MODULES = "loadable modules"
NO_REPLICATION = "replication"

CLUSTER_ONLY = "There is no cluster mode."
REPLICAS_ONLY = "There is no replication."
NO_CLIENT_TLS = "The server makes no outgoing connections over TLS."
RDB_ONLY = "No RDB snapshots are written."
NO_FORK = "The server does not fork."
NO_DEFRAG = "Memory is not defragmented."
ONE_THREAD = "One thread serves all clients."
NO_PINNING = "Threads are not pinned to processors; use taskset."
OWN_GROWTH = "Tables grow in bounded steps as they are written."
OWN_ALLOCATOR = "The server has its own allocator."
TEST_AID = "It serves only Redis's own test suite."

NETWORK = [
    row("bind", Bind(), ("*", "-::*"), "Addresses to listen on; an address with a leading `-` may be missing."),
    row("bind-source-addr", OPTIONAL, "", "Local address of outgoing connections.",
        effect="The server makes no connections."),
    row("protected-mode", BOOL, True, "Refuse clients from other hosts while the default user has no password."),
    row("port", PORT, 6379, "TCP port to listen on; 0 for none."),
    row("tcp-backlog", COUNT, 511, "Connections that may wait to be accepted.", "immutable"),
    row("unixsocket", OPTIONAL, "", "Path of a unix socket to listen on.", "immutable"),
    row("unixsocketperm", Octal(0, 0o777), 0, "Permissions of the unix socket; 0 leaves the umask's.", "immutable"),
    row("timeout", COUNT, 0, "Close a client that is idle for this long; 0 for never.", unit="seconds"),
    row("tcp-keepalive", COUNT, 300, "Interval of TCP keepalive probes; 0 sends none.", unit="seconds"),
    row("socket-mark-id", Integer(0, UINT_MAX), 0, "Mark put on listening sockets (SO_MARK).", "immutable",
        effect="Sockets are not marked."),
    row("max-new-connections-per-cycle", Integer(1, 1000), 10, "Connections accepted in one iteration of the loop.",
        effect="The loop accepts up to tcp-backlog connections in an iteration."),
    row("max-new-tls-connections-per-cycle", Integer(1, 1000), 1, "TLS handshakes begun in one iteration of the loop."),
]  # fmt: skip

TLS = [
    row("tls-port", PORT, 0, "TCP port to listen on for TLS; 0 for none."),
    row("tls-cert-file", OPTIONAL, "", "The server's certificate, PEM.", "volatile"),
    row("tls-key-file", OPTIONAL, "", "The certificate's private key, PEM.", "volatile"),
    row("tls-key-file-pass", OPTIONAL, "", "Passphrase of the private key.", "sensitive"),
    row("tls-client-cert-file", OPTIONAL, "", "Certificate for outgoing connections.", effect=NO_CLIENT_TLS),
    row("tls-client-key-file", OPTIONAL, "", "Private key for outgoing connections.", effect=NO_CLIENT_TLS),
    row("tls-client-key-file-pass", OPTIONAL, "", "Passphrase of that key.", "sensitive", effect=NO_CLIENT_TLS),
    row("tls-dh-params-file", OPTIONAL, "", "Diffie-Hellman parameters; by default OpenSSL chooses them.", "volatile"),
    row("tls-ca-cert-file", OPTIONAL, "", "File with the certificates of trusted authorities.", "volatile"),
    row("tls-ca-cert-dir", OPTIONAL, "", "Folder with the certificates of trusted authorities.", "volatile"),
    row("tls-auth-clients", Enum("no yes optional"), "yes", "Whether clients need a certificate."),
    row("tls-replication", BOOL, False, "Use TLS for replication.", effect=REPLICAS_ONLY),
    row("tls-cluster", BOOL, False, "Use TLS on the cluster bus.", effect=CLUSTER_ONLY),
    row("tls-protocols", OPTIONAL, "", "TLS versions to allow; by default `TLSv1.2 TLSv1.3`."),
    row("tls-ciphers", OPTIONAL, "", "Ciphers for TLS up to 1.2."),
    row("tls-ciphersuites", OPTIONAL, "", "Cipher suites for TLS 1.3."),
    row("tls-prefer-server-ciphers", BOOL, False, "Prefer the server's order of ciphers."),
    row("tls-session-caching", BOOL, True, "Cache sessions, so that clients reconnect faster."),
    row("tls-session-cache-size", COUNT, 20480, "Sessions to cache; 0 for any number."),
    row("tls-session-cache-timeout", COUNT, 300, "Lifetime of a cached session.", unit="seconds"),
]

GENERAL = [
    row("daemonize", BOOL, False, "Run in the background.", "immutable"),
    row("supervised", Enum("upstart systemd auto no"), "no", "Notify the supervisor when the server is ready.",
        "immutable"),
    row("pidfile", OPTIONAL, "", "File that holds the process id while the server runs.", "immutable"),
    row("loglevel", Enum("debug verbose notice warning nothing"), "notice", "Lowest level of messages to log."),
    row("logfile", TEXT, "", "File to log to; empty for standard output.", "immutable"),
    row("syslog-enabled", BOOL, False, "Log to the system log as well.", "immutable"),
    row("syslog-ident", TEXT, "redis", "Name in the system log.", "immutable"),
    row("syslog-facility", Enum("user local0 local1 local2 local3 local4 local5 local6 local7"), "local0",
        "Facility in the system log.", "immutable"),
    row("crash-log-enabled", BOOL, True, "Write a report to the log when the process crashes."),
    row("crash-memcheck-enabled", BOOL, True, "Test memory after a crash.", effect="Memory is not tested."),
    row("databases", Integer(1, INT_MAX), 16, "Number of databases.", "immutable"),
    row("always-show-logo", BOOL, False, "Show a logo at the start even if the output is no terminal.", "immutable",
        effect="There is no logo."),
    row("set-proc-title", BOOL, True, "Change the process's title, on Linux.", "immutable"),
    row("proc-title-template", String(check=title_check), "{title} {listen-addr} {server-mode}",
        "Template of the process's title."),
    row("locale-collate", TEXT, "", "Locale for comparing strings; empty for the environment's.",
        effect="Strings are compared by the environment's locale."),
    row("hide-user-data-from-log", BOOL, False, "Keep keys and the input of clients out of the log."),
    row("ignore-warnings", TEXT, "", "Warnings about the system that do not stop the start.",
        effect="No such warning stops the start."),
    row("hz", Integer(0, INT_MAX, clamp=(1, 500)), 10, "Rate of background work.", unit="times a second"),
    row("dynamic-hz", BOOL, True, "Do background work more often when there are many clients.",
        effect="Background work is bounded by time, not by the number of clients."),
    row("shutdown-timeout", COUNT, 10, "How long a shutdown waits for replicas.", unit="seconds",
        effect=REPLICAS_ONLY),
    row("shutdown-on-sigint", SHUTDOWN, (), "How SIGINT shuts the server down, as options of SHUTDOWN."),
    row("shutdown-on-sigterm", SHUTDOWN, (), "How SIGTERM shuts the server down, as options of SHUTDOWN."),
    row("enable-protected-configs", ALLOWED, "no", "Which clients may set protected directives at run time.",
        "immutable"),
    row("enable-debug-command", ALLOWED, "no", "Which clients may use DEBUG.", "immutable"),
    row("enable-module-command", ALLOWED, "no", "Which clients may use MODULE.", "immutable",
        effect="There are no loadable modules."),
]  # fmt: skip

SNAPSHOTS = [
    row("save", Save(), (SavePoint(3600, 1), SavePoint(300, 100), SavePoint(60, 10000)),
        "When to write a snapshot automatically.", effect=RDB_ONLY),
    row("stop-writes-on-bgsave-error", BOOL, True, "Refuse writes after a snapshot has failed.", effect=RDB_ONLY),
    row("rdbcompression", BOOL, True, "Compress strings in snapshots.", effect=RDB_ONLY),
    row("rdbchecksum", BOOL, True, "Write and check a checksum of snapshots.", "immutable", effect=RDB_ONLY),
    row("sanitize-dump-payload", Enum("no yes clients"), "no", "Validate the data of RESTORE and of snapshots.",
        effect="All loaded data is always validated."),
    row("dbfilename", String(check=file_name_check("dbfilename", "filename", empty=True)), "dump.rdb",
        "Name of the snapshot file.", "protected", effect=RDB_ONLY),
    row("rdb-del-sync-files", BOOL, False, "Delete snapshots made only for replicas.", effect=REPLICAS_ONLY),
    row("rdb-save-incremental-fsync", BOOL, True, "Sync a snapshot in steps while it is written.", effect=RDB_ONLY),
    row("dir", Directory(), "", "Folder of all data files.", "protected"),
]  # fmt: skip

REPLICATION = [
    row("replicaof", ReplicaOf(), None, "The master to copy.", "immutable", alias="slaveof", needs=NO_REPLICATION),
    row("masterauth", OPTIONAL, "", "Password for the master.", "sensitive", effect=REPLICAS_ONLY),
    row("masteruser", OPTIONAL, "", "User name for the master.", "sensitive", effect=REPLICAS_ONLY),
    row("replica-serve-stale-data", BOOL, True, "Reply while the master is unreachable.",
        alias="slave-serve-stale-data", effect=REPLICAS_ONLY),
    row("replica-read-only", BOOL, True, "Refuse writes on a replica.", alias="slave-read-only", effect=REPLICAS_ONLY),
    row("replica-ignore-disk-write-errors", BOOL, False, "Continue when a replica cannot write its files.",
        effect=REPLICAS_ONLY),
    row("repl-diskless-sync", BOOL, True, "Send snapshots to replicas without a file.", effect=REPLICAS_ONLY),
    row("repl-diskless-sync-delay", COUNT, 5, "Time to wait for more replicas before sending.", unit="seconds",
        effect=REPLICAS_ONLY),
    row("repl-diskless-sync-max-replicas", COUNT, 0,
        "Number of replicas that ends the wait early; 0 waits for the entire delay.", effect=REPLICAS_ONLY),
    row("repl-diskless-load", Enum("disabled on-empty-db swapdb"), "disabled",
        "Load the master's snapshot without a file.", "deny-loading", effect=REPLICAS_ONLY),
    row("repl-ping-replica-period", Integer(1), 10, "Interval of pings to replicas.", unit="seconds",
        alias="repl-ping-slave-period", effect=REPLICAS_ONLY),
    row("repl-timeout", Integer(1), 60, "Silence after which a replication link is closed.", unit="seconds",
        effect=REPLICAS_ONLY),
    row("repl-disable-tcp-nodelay", BOOL, False, "Send to replicas in larger, later packets.", effect=REPLICAS_ONLY),
    row("repl-backlog-size", Memory(1), 1024**2, "Size of the backlog for replicas that reconnect.",
        effect=REPLICAS_ONLY),
    row("repl-backlog-ttl", LONG, 3600, "Lifetime of the backlog without replicas; 0 keeps it.", unit="seconds",
        effect=REPLICAS_ONLY),
    row("replica-priority", COUNT, 100, "Rank of a replica for promotion; 0 for never.", alias="slave-priority",
        effect=REPLICAS_ONLY),
    row("propagation-error-behavior", Enum("ignore panic panic-on-replicas"), "ignore",
        "What to do when a command from the master fails.", effect=REPLICAS_ONLY),
    row("replica-announced", BOOL, True, "Let sentinels list this replica.", effect=REPLICAS_ONLY),
    row("replica-announce-ip", OPTIONAL, "", "Address to announce to the master.", alias="slave-announce-ip",
        effect=REPLICAS_ONLY),
    row("replica-announce-port", PORT, 0, "Port to announce to the master.", alias="slave-announce-port",
        effect=REPLICAS_ONLY),
    row("min-replicas-to-write", COUNT, 0, "Refuse writes with fewer good replicas than this.",
        alias="min-slaves-to-write", needs=NO_REPLICATION),
    row("min-replicas-max-lag", COUNT, 10, "Highest lag of a good replica.", unit="seconds",
        alias="min-slaves-max-lag", effect=REPLICAS_ONLY),
    row("replica-ignore-maxmemory", BOOL, True, "Leave eviction to the master.", alias="slave-ignore-maxmemory",
        effect=REPLICAS_ONLY),
    row("replica-lazy-flush", BOOL, False, "Free the old data in the background before a full copy.",
        alias="slave-lazy-flush", effect=REPLICAS_ONLY),
]  # fmt: skip

SECURITY = [
    row("requirepass", OPTIONAL, "", "Password of the default user.", "sensitive"),
    row("aclfile", TEXT, "", "File that defines users.", "immutable"),
    row("acllog-max-len", LONG, 128, "Entries of the ACL log."),
    row("acl-pubsub-default", Enum("allchannels resetchannels"), "resetchannels", "Channels that new users may use."),
]  # fmt: skip

CLIENTS = [
    row("maxclients", Integer(1, UINT_MAX), 10000, "Highest number of clients; more are refused."),
    row("client-query-buffer-limit", Memory(1024**2), 1024**3, "Highest amount of unexecuted input of a client."),
    row("proto-max-bulk-len", Memory(1024**2), 512 * 1024**2, "Highest length of an argument."),
    row("client-output-buffer-limit", OutputBufferLimits(),
        {"normal": BufferLimit(0, 0, 0), "replica": BufferLimit(256 * 1024**2, 64 * 1024**2, 60),
         "pubsub": BufferLimit(32 * 1024**2, 8 * 1024**2, 60)}, "Size of unsent replies at which a client is closed."),
    row("maxmemory-clients", MemoryOrPercent(), 0,
        "Highest memory of all clients together, above which those that use most are closed; 0 for no limit."),
    row("tracking-table-max-keys", LONG, 1000000, "Keys tracked for clients' caches; 0 for no limit."),
    row("io-threads", Integer(1, 128), 1, "Threads that read and write sockets.", "immutable", effect=ONE_THREAD),
    row("io-threads-do-reads", BOOL, False, "Let those threads read too.", "immutable", effect=ONE_THREAD),
]  # fmt: skip

MEMORY = [
    row("maxmemory", MemoryOfMachine(), 0,
        "Memory above which keys are evicted, or commands that need more are refused; 0 for no limit. Redis accepts no "
        "percentage."),
    row("maxmemory-policy",
        Enum("volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random "
             "noeviction"),
        "noeviction", "Which keys to evict when maxmemory is reached."),
    row("maxmemory-samples", Integer(1, 64), 5, "Keys sampled to choose one to evict."),
    row("maxmemory-eviction-tenacity", Integer(0, 100), 10,
        "How much time eviction may take before a command, 10 for half a millisecond; at 100 it goes on to the end."),
    row("lfu-log-factor", COUNT, 10, "How slowly the access counter grows, which OBJECT FREQ returns."),
    row("lfu-decay-time", COUNT, 1, "Time after which the counter of an unused key decreases by one.",
        unit="minutes"),
    row("active-expire-effort", Integer(1, 10), 1, "How much time to spend on finding expired keys."),
    row("lazyfree-lazy-eviction", BOOL, False,
        "Propagate evictions as UNLINK instead of DEL. Large values that are evicted are always freed in slices."),
    row("lazyfree-lazy-expire", BOOL, False,
        "Let EXPIRE with a time in the past remove the key as UNLINK does. Keys that expire are always freed in the "
        "background."),
    row("lazyfree-lazy-server-del", BOOL, False, "Free values that RENAME and COPY replace in the background."),
    row("lazyfree-lazy-user-del", BOOL, False, "Let DEL free as UNLINK does."),
    row("lazyfree-lazy-user-flush", BOOL, False, "Flush in the background unless SYNC is given."),
    row("activerehashing", BOOL, True, "Spend idle time on resizing tables.", effect=OWN_GROWTH),
    row("jemalloc-bg-thread", BOOL, True, "Let jemalloc purge in a thread.", effect=OWN_ALLOCATOR),
    row("oom-score-adj", Enum("no yes relative absolute", {"relative": "yes"}), "no",
        "Adjust the process's score for the kernel's out-of-memory killer, on Linux."),
    row("oom-score-adj-values", OomScoreValues(), (0, 200, 800),
        "Scores of server, replica and child. There are no replicas and children, so the first one counts."),
    row("disable-thp", BOOL, True,
        "Do without transparent huge pages: lookups in large data take a tenth longer, but no client waits for the "
        "system to gather pages. The server that starts last decides for all servers in its process.", "immutable"),
]  # fmt: skip

DEFRAGMENTATION = [
    row("activedefrag", ActiveDefrag(), False, "Defragment memory while serving.", effect=NO_DEFRAG),
    row("active-defrag-ignore-bytes", Memory(1), 100 * 1024**2, "Waste below which nothing is done.",
        effect=NO_DEFRAG),
    row("active-defrag-threshold-lower", Integer(0, 1000), 10, "Waste at which defragmentation begins.",
        unit="percent", effect=NO_DEFRAG),
    row("active-defrag-threshold-upper", Integer(0, 1000), 100, "Waste at which it uses the most time.",
        unit="percent", effect=NO_DEFRAG),
    row("active-defrag-cycle-min", Integer(1, 99), 1, "Lowest share of the processor.", unit="percent",
        effect=NO_DEFRAG),
    row("active-defrag-cycle-max", Integer(1, 99), 25, "Highest share of the processor.", unit="percent",
        effect=NO_DEFRAG),
    row("active-defrag-max-scan-fields", Integer(1, LONG_MAX), 1000, "Fields of a collection visited at once.",
        effect=NO_DEFRAG),
]  # fmt: skip

APPEND_ONLY = [
    row("appendonly", BOOL, True, "Write every change to the append-only file.", "deny-loading"),
    row("appendfilename", String(check=file_name_check("appendfilename", "filename", empty=False)), "appendonly.aof",
        "First part of the names of the append-only files.", "immutable"),
    row("appenddirname", String(check=file_name_check("appenddirname", "dirname", empty=False)), "appendonlydir",
        "Folder of the append-only files, below dir.", "immutable"),
    row("appendfsync", Enum("everysec always no"), "everysec", "When changes are synced to disk."),
    row("no-appendfsync-on-rewrite", BOOL, False, "Do not sync while the file is being rewritten."),
    row("auto-aof-rewrite-percentage", COUNT, 100, "Growth at which the file is rewritten; 0 for never.",
        unit="percent"),
    row("auto-aof-rewrite-min-size", Memory(), 64 * 1024**2, "Size below which it is not rewritten automatically."),
    row("aof-load-truncated", BOOL, True, "Truncate a file with a torn tail and start; `no` refuses to start."),
    row("aof-use-rdb-preamble", BOOL, True, "Write the rewritten part in the snapshot format.",
        effect="The rewritten part is written as commands."),
    row("aof-timestamp-enabled", BOOL, False, "Write timestamps into the file.", effect="No timestamps are written."),
    row("aof-rewrite-incremental-fsync", BOOL, True, "Sync a rewritten file in steps while it is written.",
        effect="It is always synced in steps."),
]  # fmt: skip

LUA = [
    row("busy-reply-threshold", LONG, 5000, "Time after which a script is slow.", unit="milliseconds",
        alias="lua-time-limit"),
    row("lua-enable-deprecated-api", BOOL, False, "Let scripts use the deprecated API.", "immutable hidden",
        effect="Scripts never have it."),
]  # fmt: skip

CLUSTER = [
    row("cluster-enabled", BOOL, False, "Run as a node of a cluster.", "immutable", needs=NO_CLUSTER),
    row("cluster-config-file", TEXT, "nodes.conf", "File with the node's state.", "immutable", effect=CLUSTER_ONLY),
    row("cluster-node-timeout", LONG, 15000, "Silence after which a node is considered failed.", unit="milliseconds",
        effect=CLUSTER_ONLY),
    row("cluster-port", PORT, 0, "Port of the cluster bus; 0 for port + 10000.", "immutable", effect=CLUSTER_ONLY),
    row("cluster-replica-validity-factor", COUNT, 10, "Age of its data at which a replica may not be promoted.",
        alias="cluster-slave-validity-factor", effect=CLUSTER_ONLY),
    row("cluster-migration-barrier", COUNT, 1, "Replicas that a master keeps.", effect=CLUSTER_ONLY),
    row("cluster-allow-replica-migration", BOOL, True, "Move replicas to masters that have none.",
        effect=CLUSTER_ONLY),
    row("cluster-require-full-coverage", BOOL, True, "Stop serving when slots are not covered.", effect=CLUSTER_ONLY),
    row("cluster-replica-no-failover", BOOL, False, "Never promote this replica.", alias="cluster-slave-no-failover",
        effect=CLUSTER_ONLY),
    row("cluster-allow-reads-when-down", BOOL, False, "Serve reads while the cluster is down.", effect=CLUSTER_ONLY),
    row("cluster-allow-pubsubshard-when-down", BOOL, True, "Publish in shards while it is down.", effect=CLUSTER_ONLY),
    row("cluster-link-sendbuf-limit", Memory(0, ULONG_MAX), 0, "Unsent bytes at which a link is closed.",
        effect=CLUSTER_ONLY),
    row("cluster-announce-hostname", String(True, hostname_check), "", "Host name to announce.", effect=CLUSTER_ONLY),
    row("cluster-announce-human-nodename", String(True, node_name_check), "", "Name of the node in logs.",
        effect=CLUSTER_ONLY),
    row("cluster-preferred-endpoint-type", Enum("ip hostname unknown-endpoint"), "ip",
        "How clients are directed to nodes.", effect=CLUSTER_ONLY),
    row("cluster-announce-ip", OPTIONAL, "", "Address to announce.", effect=CLUSTER_ONLY),
    row("cluster-announce-port", PORT, 0, "Port to announce.", effect=CLUSTER_ONLY),
    row("cluster-announce-tls-port", PORT, 0, "TLS port to announce.", effect=CLUSTER_ONLY),
    row("cluster-announce-bus-port", PORT, 0, "Bus port to announce.", effect=CLUSTER_ONLY),
]  # fmt: skip

MONITORING = [
    row("slowlog-log-slower-than", Integer(-1, LONG_MAX), 10000,
        "Duration from which on a command is logged as slow; -1 for never.", unit="microseconds"),
    row("slowlog-max-len", LONG, 128, "Entries of the slow log."),
    row("latency-monitor-threshold", LONG, 0, "Duration from which on an event is recorded; 0 for never.",
        unit="milliseconds"),
    row("latency-tracking", BOOL, True, "Keep a histogram of each command's durations."),
    row("latency-tracking-info-percentiles", Percentiles(), (50.0, 99.0, 99.9), "Percentiles shown by INFO."),
    row("notify-keyspace-events", EventClasses(), "", "Classes of events to publish."),
]  # fmt: skip

OWN = [
    row("metrics-port", PORT, 0, "TCP port for Prometheus (`/metrics`) and probes (`/healthz`, `/readyz`); 0 for none.",
        "immutable"),
    row("metrics-bind", Bind(), ("127.0.0.1", "-::1"), "Addresses of that port, which asks for no password.",
        "immutable"),
    row("otel-metrics", BOOL, False, "Export metrics by OpenTelemetry, configured by its environment variables.",
        "immutable"),
]  # fmt: skip

ENCODINGS = [
    row("hash-max-listpack-entries", LONG, 512, "Highest number of fields in a packed hash.",
        alias="hash-max-ziplist-entries"),
    row("hash-max-listpack-value", SIZE, 64, "Highest length of a field or value in a packed hash.",
        alias="hash-max-ziplist-value"),
    row("list-max-listpack-size", Integer(-INT_MAX - 1, INT_MAX), -2,
        "Highest number of elements in a list node; -1 to -5 for 4 to 64 kb.", alias="list-max-ziplist-size"),
    row("list-compress-depth", COUNT, 0,
        "Number of nodes at each end of a list that are not compressed; 0 compresses none."),
    row("set-max-intset-entries", LONG, 512, "Highest number of members in an integer set."),
    row("set-max-listpack-entries", LONG, 128, "Highest number of members in a packed set."),
    row("set-max-listpack-value", LONG, 64, "Highest length of a member in a packed set."),
    row("zset-max-listpack-entries", LONG, 128, "Highest number of members in a packed sorted set.",
        alias="zset-max-ziplist-entries"),
    row("zset-max-listpack-value", SIZE, 64, "Highest length of a member in a packed sorted set.",
        alias="zset-max-ziplist-value"),
    row("hll-sparse-max-bytes", SIZE, 3000, "Highest size of a sparse HyperLogLog."),
    row("stream-node-max-bytes", SIZE, 4096, "Highest size of a stream node; 0 for no limit."),
    row("stream-node-max-entries", LONG, 100, "Highest number of entries in a stream node; 0 for no limit."),
]  # fmt: skip

PROCESSORS = [
    row("server-cpulist", OPTIONAL, "", "Processors for the server.", "immutable", alias="server_cpulist",
        effect=NO_PINNING),
    row("bio-cpulist", OPTIONAL, "", "Processors for background threads.", "immutable", alias="bio_cpulist",
        effect=NO_PINNING),
    row("aof-rewrite-cpulist", OPTIONAL, "", "Processors for a rewriting child.", "immutable",
        alias="aof_rewrite_cpulist", effect=NO_FORK),
    row("bgsave-cpulist", OPTIONAL, "", "Processors for a saving child.", "immutable", alias="bgsave_cpulist",
        effect=NO_FORK),
]  # fmt: skip

ANY_INT = Integer(-INT_MAX - 1, INT_MAX)

TESTING = [
    row("use-exit-on-panic", BOOL, False, "Exit instead of aborting.", "hidden", effect=TEST_AID),
    row("aof-disable-auto-gc", BOOL, False, "Keep the files that a rewrite replaced.", "hidden",
        effect="Replaced files are deleted."),
    row("rdb-key-save-delay", ANY_INT, 0, "Pause at each key saved.", "hidden", unit="microseconds", effect=TEST_AID),
    row("key-load-delay", ANY_INT, 0, "Pause at each key loaded.", "hidden", unit="microseconds", effect=TEST_AID),
    row("watchdog-period", COUNT, 0, "Report an event loop that hangs.", "hidden", unit="milliseconds",
        effect=TEST_AID),
    row("loading-process-events-interval-bytes", Integer(1024), 2 * 1024**2, "How often loading serves clients.",
        "hidden", effect=TEST_AID),
    row("lazyexpire-nested-arbitrary-keys", BOOL, True, "Expire keys that a script did not declare.", "hidden",
        effect="They always expire."),
    row("enable-debug-assert", BOOL, False, "Check the server's own assumptions.", "immutable hidden",
        effect=TEST_AID),
]  # fmt: skip

SECTIONS: dict[str, list[Directive]] = {
    "Network": NETWORK,
    "TLS": TLS,
    "General": GENERAL,
    "Snapshots and files": SNAPSHOTS,
    "Append-only file": APPEND_ONLY,
    "Security": SECURITY,
    "Clients": CLIENTS,
    "Memory and expiry": MEMORY,
    "Defragmentation": DEFRAGMENTATION,
    "Encodings": ENCODINGS,
    "Monitoring": MONITORING,
    "Metrics (not in Redis)": OWN,
    "Scripts": LUA,
    "Replication": REPLICATION,
    "Cluster": CLUSTER,
    "Processors": PROCESSORS,
    "Redis's own tests": TESTING,
}

LINE_ONLY = [
    LineOnly("include", 1, 1, "Read another file here, or all files that match a pattern."),
    LineOnly("rename-command", 2, 2, "Give a command another name, or none if the new name is empty."),
    LineOnly("user", 1, INT_MAX, "Define a user."),
    LineOnly("loadmodule", 1, INT_MAX, "Load a module.", needs=NO_MODULES),
    LineOnly("list-max-ziplist-entries", 1, 1, "Obsolete; ignored."),
    LineOnly("list-max-ziplist-value", 1, 1, "Obsolete; ignored."),
    LineOnly("lua-replicate-commands", 1, 1, "Obsolete; ignored."),
]

DIRECTIVES: dict[str, Directive] = {entry.name: entry for section in SECTIONS.values() for entry in section}
ALIASES: dict[str, str] = {entry.alias: entry.name for entry in DIRECTIVES.values() if entry.alias}
LINES: dict[str, LineOnly] = {entry.name: entry for entry in LINE_ONLY}


def find(name: str) -> Directive | None:
    """Returns the directive with this name or alias, whatever its case; None if there is none."""
    name = name.lower()
    return DIRECTIVES.get(ALIASES.get(name, name))
