"""The table of directives: every one of redis.conf 7.4, by section, in the order CONFIG GET and CONFIG REWRITE use.

Defaults are those of Redis 7.4 but for ``appendonly``, which is ``yes`` here. What is not done with a directive is said
in its row and nowhere else; the page of the documentation and the warnings at the start come from it.
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

NO_ACL = "users other than the default one"
NO_CLUSTER = "cluster mode"
NO_MODULES = "loadable modules"
NO_REPLICATION = "replication"
NO_RENAMING = "renaming commands"
NO_TLS = "TLS"

CLUSTER_ONLY = "There is no cluster mode."
REPLICAS_ONLY = "There is no replication."
TLS_ONLY = "There is no TLS."
RDB_ONLY = "No RDB snapshots are written."
LUA_ONLY = "There are no scripts."
EVICTION_ONLY = "No key is evicted."
TRACKING_ONLY = "There is no client tracking."
ACL_ONLY = "There are no users beside the default one."
NO_FORK = "The server does not fork."
NO_DEFRAG = "Memory is not defragmented."
ONE_THREAD = "One thread serves all clients."
NO_PINNING = "Threads are not pinned to processors; use taskset."
OWN_GROWTH = "Tables grow in bounded steps as they are written."
OWN_ALLOCATOR = "The server has an allocator of its own."
OWN_TITLE = "The process keeps the title it was started with."
TEST_AID = "It is an aid of Redis's own test suite."
NO_CRASH_LOG = "There is no report at a crash beyond Python's faulthandler."

NETWORK = [
    row("bind", Bind(), ("*", "-::*"), "Addresses to listen on; one with `-` before it may be missing."),
    row("bind-source-addr", OPTIONAL, "", "Local address of outgoing connections.", effect=REPLICAS_ONLY),
    row("protected-mode", BOOL, True, "Refuse clients of other hosts as long as the default user has no password."),
    row("port", PORT, 6379, "TCP port to listen on; 0 for none."),
    row("tcp-backlog", COUNT, 511, "Connections that may wait to be accepted.", "immutable"),
    row("unixsocket", OPTIONAL, "", "Path of a unix socket to listen on.", "immutable"),
    row("unixsocketperm", Octal(0, 0o777), 0, "Permissions of the unix socket; 0 leaves the umask's.", "immutable"),
    row("timeout", COUNT, 0, "Close a client that was idle for so long; 0 never.", unit="seconds"),
    row("tcp-keepalive", COUNT, 300, "Interval of TCP keepalive probes; 0 sends none.", unit="seconds"),
    row("socket-mark-id", Integer(0, UINT_MAX), 0, "Mark put on listening sockets (SO_MARK).", "immutable",
        effect="Sockets are not marked."),
    row("max-new-connections-per-cycle", Integer(1, 1000), 10, "Connections accepted in one turn of the loop.",
        effect="The loop accepts up to tcp-backlog connections in a turn."),
    row("max-new-tls-connections-per-cycle", Integer(1, 1000), 1, "TLS connections accepted in one turn.",
        effect=TLS_ONLY),
]  # fmt: skip

TLS = [
    row("tls-port", PORT, 0, "TCP port to listen on for TLS; 0 for none.", needs=NO_TLS),
    row("tls-cert-file", OPTIONAL, "", "The server's certificate, PEM.", effect=TLS_ONLY),
    row("tls-key-file", OPTIONAL, "", "The certificate's private key, PEM.", effect=TLS_ONLY),
    row("tls-key-file-pass", OPTIONAL, "", "Passphrase of the private key.", "sensitive", effect=TLS_ONLY),
    row("tls-client-cert-file", OPTIONAL, "", "Certificate of outgoing connections.", effect=TLS_ONLY),
    row("tls-client-key-file", OPTIONAL, "", "Private key of outgoing connections.", effect=TLS_ONLY),
    row("tls-client-key-file-pass", OPTIONAL, "", "Passphrase of that key.", "sensitive", effect=TLS_ONLY),
    row("tls-dh-params-file", OPTIONAL, "", "Diffie-Hellman parameters for old OpenSSL.", effect=TLS_ONLY),
    row("tls-ca-cert-file", OPTIONAL, "", "File of trusted authorities.", effect=TLS_ONLY),
    row("tls-ca-cert-dir", OPTIONAL, "", "Folder of trusted authorities.", effect=TLS_ONLY),
    row("tls-auth-clients", Enum("no yes optional"), "yes", "Whether clients need a certificate.", effect=TLS_ONLY),
    row("tls-replication", BOOL, False, "Use TLS towards the master.", needs=NO_TLS),
    row("tls-cluster", BOOL, False, "Use TLS on the cluster bus.", needs=NO_TLS),
    row("tls-protocols", OPTIONAL, "", "Versions of TLS to allow.", effect=TLS_ONLY),
    row("tls-ciphers", OPTIONAL, "", "Ciphers up to TLS 1.2.", effect=TLS_ONLY),
    row("tls-ciphersuites", OPTIONAL, "", "Cipher suites of TLS 1.3.", effect=TLS_ONLY),
    row("tls-prefer-server-ciphers", BOOL, False, "The server's order of ciphers decides.", effect=TLS_ONLY),
    row("tls-session-caching", BOOL, True, "Cache sessions, so that clients reconnect faster.", effect=TLS_ONLY),
    row("tls-session-cache-size", COUNT, 20480, "Sessions to cache; 0 for any number.", effect=TLS_ONLY),
    row("tls-session-cache-timeout", COUNT, 300, "Life of a cached session.", unit="seconds", effect=TLS_ONLY),
]

GENERAL = [
    row("daemonize", BOOL, False, "Run in the background.", "immutable"),
    row("supervised", Enum("upstart systemd auto no"), "no", "Tell the supervisor when the server is ready.",
        "immutable"),
    row("pidfile", OPTIONAL, "", "File that holds the process id while the server runs.", "immutable"),
    row("loglevel", Enum("debug verbose notice warning nothing"), "notice", "The least important messages to log."),
    row("logfile", TEXT, "", "File to log to; empty for standard output.", "immutable"),
    row("syslog-enabled", BOOL, False, "Log to the system's log as well.", "immutable"),
    row("syslog-ident", TEXT, "redis", "Name in the system's log.", "immutable"),
    row("syslog-facility", Enum("user local0 local1 local2 local3 local4 local5 local6 local7"), "local0",
        "Facility in the system's log.", "immutable"),
    row("crash-log-enabled", BOOL, True, "Write a report at a crash.", effect=NO_CRASH_LOG),
    row("crash-memcheck-enabled", BOOL, True, "Test memory at a crash.", effect=NO_CRASH_LOG),
    row("databases", Integer(1, INT_MAX), 16, "Number of databases.", "immutable"),
    row("always-show-logo", BOOL, False, "Show a logo at the start, whatever the output.", "immutable",
        effect="There is no logo."),
    row("set-proc-title", BOOL, True, "Change the process's title.", "immutable", effect=OWN_TITLE),
    row("proc-title-template", String(check=title_check), "{title} {listen-addr} {server-mode}",
        "How the process's title is made.", effect=OWN_TITLE),
    row("locale-collate", TEXT, "", "Locale that orders texts; empty for the environment's.",
        effect="Texts are ordered by the environment's locale."),
    row("hide-user-data-from-log", BOOL, False, "Keep users' data out of the log.",
        effect="No user's data is logged."),
    row("ignore-warnings", TEXT, "", "Warnings about the system that do not stop the start.",
        effect="No such warning stops the start."),
    row("hz", Integer(0, INT_MAX, clamp=(1, 500)), 10, "Rate of background work.", unit="times a second"),
    row("dynamic-hz", BOOL, True, "Do background work more often when there are many clients.",
        effect="Background work is bounded by time, not by the number of clients."),
    row("shutdown-timeout", COUNT, 10, "How long a shutdown waits for replicas.", unit="seconds",
        effect=REPLICAS_ONLY),
    row("shutdown-on-sigint", SHUTDOWN, (), "What SIGINT does, in SHUTDOWN's words."),
    row("shutdown-on-sigterm", SHUTDOWN, (), "What SIGTERM does, in SHUTDOWN's words."),
    row("enable-protected-configs", ALLOWED, "no", "Who may set protected directives at run time.", "immutable"),
    row("enable-debug-command", ALLOWED, "no", "Who may use DEBUG.", "immutable"),
    row("enable-module-command", ALLOWED, "no", "Who may use MODULE.", "immutable",
        effect="There are no loadable modules."),
]  # fmt: skip

SNAPSHOTS = [
    row("save", Save(), (SavePoint(3600, 1), SavePoint(300, 100), SavePoint(60, 10000)),
        "When to write a snapshot by itself.", effect=RDB_ONLY),
    row("stop-writes-on-bgsave-error", BOOL, True, "Refuse writes after a snapshot failed.", effect=RDB_ONLY),
    row("rdbcompression", BOOL, True, "Compress strings in snapshots.", effect=RDB_ONLY),
    row("rdbchecksum", BOOL, True, "Write and check a checksum of snapshots.", "immutable", effect=RDB_ONLY),
    row("sanitize-dump-payload", Enum("no yes clients"), "no", "Validate what RESTORE and snapshots bring.",
        effect="Whatever is loaded is always validated."),
    row("dbfilename", String(check=file_name_check("dbfilename", "filename", empty=True)), "dump.rdb",
        "Name of the snapshot's file.", "protected", effect=RDB_ONLY),
    row("rdb-del-sync-files", BOOL, False, "Delete snapshots made for replicas only.", effect=REPLICAS_ONLY),
    row("rdb-save-incremental-fsync", BOOL, True, "Sync a snapshot while it is written.", effect=RDB_ONLY),
    row("dir", Directory(), "", "Folder of all data files.", "protected"),
]  # fmt: skip

REPLICATION = [
    row("replicaof", ReplicaOf(), None, "The master to copy.", "immutable", alias="slaveof", needs=NO_REPLICATION),
    row("masterauth", OPTIONAL, "", "Password to give the master.", "sensitive", effect=REPLICAS_ONLY),
    row("masteruser", OPTIONAL, "", "User to log in as at the master.", "sensitive", effect=REPLICAS_ONLY),
    row("replica-serve-stale-data", BOOL, True, "Answer while the master is away.", alias="slave-serve-stale-data",
        effect=REPLICAS_ONLY),
    row("replica-read-only", BOOL, True, "Refuse writes on a replica.", alias="slave-read-only", effect=REPLICAS_ONLY),
    row("replica-ignore-disk-write-errors", BOOL, False, "Go on when a replica cannot write its files.",
        effect=REPLICAS_ONLY),
    row("repl-diskless-sync", BOOL, True, "Send snapshots to replicas without a file.", effect=REPLICAS_ONLY),
    row("repl-diskless-sync-delay", COUNT, 5, "Wait for more replicas before sending.", unit="seconds",
        effect=REPLICAS_ONLY),
    row("repl-diskless-sync-max-replicas", COUNT, 0, "Replicas not to wait beyond; 0 waits the whole delay.",
        effect=REPLICAS_ONLY),
    row("repl-diskless-load", Enum("disabled on-empty-db swapdb"), "disabled",
        "Load the master's snapshot without a file.", "deny-loading", effect=REPLICAS_ONLY),
    row("repl-ping-replica-period", Integer(1), 10, "Interval of pings to replicas.", unit="seconds",
        alias="repl-ping-slave-period", effect=REPLICAS_ONLY),
    row("repl-timeout", Integer(1), 60, "Silence after which a replication link is given up.", unit="seconds",
        effect=REPLICAS_ONLY),
    row("repl-disable-tcp-nodelay", BOOL, False, "Send to replicas in larger, later packets.", effect=REPLICAS_ONLY),
    row("repl-backlog-size", Memory(1), 1024**2, "Stream kept for replicas that come back.", effect=REPLICAS_ONLY),
    row("repl-backlog-ttl", LONG, 3600, "Life of that stream without replicas; 0 for ever.", unit="seconds",
        effect=REPLICAS_ONLY),
    row("replica-priority", COUNT, 100, "Rank of a replica for promotion; 0 for never.", alias="slave-priority",
        effect=REPLICAS_ONLY),
    row("propagation-error-behavior", Enum("ignore panic panic-on-replicas"), "ignore",
        "What to do when a command from the master fails.", effect=REPLICAS_ONLY),
    row("replica-announced", BOOL, True, "Let sentinels tell of this replica.", effect=REPLICAS_ONLY),
    row("replica-announce-ip", OPTIONAL, "", "Address to announce to the master.", alias="slave-announce-ip",
        effect=REPLICAS_ONLY),
    row("replica-announce-port", PORT, 0, "Port to announce to the master.", alias="slave-announce-port",
        effect=REPLICAS_ONLY),
    row("min-replicas-to-write", COUNT, 0, "Refuse writes with fewer replicas in step.", alias="min-slaves-to-write",
        needs=NO_REPLICATION),
    row("min-replicas-max-lag", COUNT, 10, "Lag up to which a replica is in step.", unit="seconds",
        alias="min-slaves-max-lag", effect=REPLICAS_ONLY),
    row("replica-ignore-maxmemory", BOOL, True, "Leave eviction to the master.", alias="slave-ignore-maxmemory",
        effect=REPLICAS_ONLY),
    row("replica-lazy-flush", BOOL, False, "Free the old data in the background before a full copy.",
        alias="slave-lazy-flush", effect=REPLICAS_ONLY),
]  # fmt: skip

SECURITY = [
    row("requirepass", OPTIONAL, "", "Password of the default user.", "sensitive"),
    row("aclfile", TEXT, "", "File of users.", "immutable", needs=NO_ACL),
    row("acllog-max-len", LONG, 128, "Entries of the ACL log.", effect=ACL_ONLY),
    row("acl-pubsub-default", Enum("allchannels resetchannels"), "resetchannels", "Channels of new users.",
        effect=ACL_ONLY),
]  # fmt: skip

CLIENTS = [
    row("maxclients", Integer(1, UINT_MAX), 10000, "Clients at once; more are refused."),
    row("client-query-buffer-limit", Memory(1024**2), 1024**3, "Unread input of a client, at most."),
    row("proto-max-bulk-len", Memory(1024**2), 512 * 1024**2, "Length of one argument, at most."),
    row("client-output-buffer-limit", OutputBufferLimits(),
        {"normal": BufferLimit(0, 0, 0), "replica": BufferLimit(256 * 1024**2, 64 * 1024**2, 60),
         "pubsub": BufferLimit(32 * 1024**2, 8 * 1024**2, 60)}, "Unsent replies at which a client is closed."),
    row("maxmemory-clients", MemoryOrPercent(), 0, "Memory of all clients, at most; 0 for any.",
        effect="Clients are limited one by one only."),
    row("tracking-table-max-keys", LONG, 1000000, "Keys tracked for clients' caches; 0 for any.",
        effect=TRACKING_ONLY),
    row("io-threads", Integer(1, 128), 1, "Threads that read and write sockets.", "immutable", effect=ONE_THREAD),
    row("io-threads-do-reads", BOOL, False, "Let those threads read too.", "immutable", effect=ONE_THREAD),
]  # fmt: skip

MEMORY = [
    row("maxmemory", Memory(0, ULONG_MAX), 0,
        "Memory of the data above which commands that need more are refused; 0 for none. Nothing is evicted."),
    row("maxmemory-policy",
        Enum("volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random "
             "noeviction"),
        "noeviction", "Which keys go when maxmemory is reached.", effect=EVICTION_ONLY),
    row("maxmemory-samples", Integer(1, 64), 5, "Keys looked at to choose one to evict.", effect=EVICTION_ONLY),
    row("maxmemory-eviction-tenacity", Integer(0, 100), 10, "How much time eviction may take.", effect=EVICTION_ONLY),
    row("lfu-log-factor", COUNT, 10, "How slowly the counter of accesses grows, which OBJECT FREQ tells."),
    row("lfu-decay-time", COUNT, 1, "Time in which an unused counter loses one.", unit="minutes"),
    row("active-expire-effort", Integer(1, 10), 1, "How much time goes into finding expired keys."),
    row("lazyfree-lazy-eviction", BOOL, False, "Free evicted values in the background.", effect=EVICTION_ONLY),
    row("lazyfree-lazy-expire", BOOL, False,
        "Let EXPIRE with a moment already past remove as UNLINK does. What expires is always freed in the background."),
    row("lazyfree-lazy-server-del", BOOL, False, "Free in the background what RENAME and COPY put another value over."),
    row("lazyfree-lazy-user-del", BOOL, False, "Let DEL free as UNLINK does."),
    row("lazyfree-lazy-user-flush", BOOL, False, "Flush in the background unless SYNC is said."),
    row("activerehashing", BOOL, True, "Spend idle time on moving tables that grow.", effect=OWN_GROWTH),
    row("jemalloc-bg-thread", BOOL, True, "Let jemalloc purge in a thread.", effect=OWN_ALLOCATOR),
    row("oom-score-adj", Enum("no yes absolute", {"relative": "yes"}), "no",
        "Tell the kernel which process to kill first.", effect="The process's score is left alone."),
    row("oom-score-adj-values", OomScoreValues(), (0, 200, 800), "Scores of server, replica and child.",
        effect="The process's score is left alone."),
    row("disable-thp", BOOL, True,
        "Do without transparent huge pages: lookups in large data take a tenth longer, but nobody waits for the system "
        "to gather pages. The server that starts last decides for all in its process.", "immutable"),
]  # fmt: skip

DEFRAGMENTATION = [
    row("activedefrag", ActiveDefrag(), False, "Defragment memory while serving.", effect=NO_DEFRAG),
    row("active-defrag-ignore-bytes", Memory(1), 100 * 1024**2, "Waste below which nothing is done.",
        effect=NO_DEFRAG),
    row("active-defrag-threshold-lower", Integer(0, 1000), 10, "Waste at which it begins.", unit="percent",
        effect=NO_DEFRAG),
    row("active-defrag-threshold-upper", Integer(0, 1000), 100, "Waste at which it does its utmost.", unit="percent",
        effect=NO_DEFRAG),
    row("active-defrag-cycle-min", Integer(1, 99), 1, "Its least share of the processor.", unit="percent",
        effect=NO_DEFRAG),
    row("active-defrag-cycle-max", Integer(1, 99), 25, "Its largest share of the processor.", unit="percent",
        effect=NO_DEFRAG),
    row("active-defrag-max-scan-fields", Integer(1, LONG_MAX), 1000, "Fields of a collection walked at once.",
        effect=NO_DEFRAG),
]  # fmt: skip

APPEND_ONLY = [
    row("appendonly", BOOL, True, "Keep every change in the append-only file.", "deny-loading"),
    row("appendfilename", String(check=file_name_check("appendfilename", "filename", empty=False)), "appendonly.aof",
        "First part of the names of its files.", "immutable"),
    row("appenddirname", String(check=file_name_check("appenddirname", "dirname", empty=False)), "appendonlydir",
        "Folder of its files, below dir.", "immutable"),
    row("appendfsync", Enum("everysec always no"), "everysec", "When changes are synced to disk."),
    row("no-appendfsync-on-rewrite", BOOL, False, "Do not sync while the file is being rewritten."),
    row("auto-aof-rewrite-percentage", COUNT, 100, "Growth at which it is rewritten; 0 for never.", unit="percent"),
    row("auto-aof-rewrite-min-size", Memory(), 64 * 1024**2, "Size below which it is not rewritten by itself."),
    row("aof-load-truncated", BOOL, True, "Start with a file whose end is torn."),
    row("aof-use-rdb-preamble", BOOL, True, "Write the rewritten part in the format of snapshots.",
        effect="The rewritten part is written as commands."),
    row("aof-timestamp-enabled", BOOL, False, "Note times in the file.", effect="No times are written."),
    row("aof-rewrite-incremental-fsync", BOOL, True, "Sync a rewritten file while it is written.",
        effect="It is always synced in steps."),
]  # fmt: skip

LUA = [
    row("busy-reply-threshold", LONG, 5000, "Time after which a script is called slow.", unit="milliseconds",
        alias="lua-time-limit", effect=LUA_ONLY),
    row("lua-enable-deprecated-api", BOOL, False, "Let scripts use what was withdrawn.", "immutable hidden",
        effect=LUA_ONLY),
]  # fmt: skip

CLUSTER = [
    row("cluster-enabled", BOOL, False, "Be a node of a cluster.", "immutable", needs=NO_CLUSTER),
    row("cluster-config-file", TEXT, "nodes.conf", "The node's own file.", "immutable", effect=CLUSTER_ONLY),
    row("cluster-node-timeout", LONG, 15000, "Silence at which a node fails.", unit="milliseconds",
        effect=CLUSTER_ONLY),
    row("cluster-port", PORT, 0, "Port of the cluster bus; 0 for port + 10000.", "immutable", effect=CLUSTER_ONLY),
    row("cluster-replica-validity-factor", COUNT, 10, "Age at which a replica may not be promoted.",
        alias="cluster-slave-validity-factor", effect=CLUSTER_ONLY),
    row("cluster-migration-barrier", COUNT, 1, "Replicas a master keeps.", effect=CLUSTER_ONLY),
    row("cluster-allow-replica-migration", BOOL, True, "Move replicas to masters without.", effect=CLUSTER_ONLY),
    row("cluster-require-full-coverage", BOOL, True, "Stop when slots are not served.", effect=CLUSTER_ONLY),
    row("cluster-replica-no-failover", BOOL, False, "Never promote this replica.", alias="cluster-slave-no-failover",
        effect=CLUSTER_ONLY),
    row("cluster-allow-reads-when-down", BOOL, False, "Answer reads while the cluster is down.", effect=CLUSTER_ONLY),
    row("cluster-allow-pubsubshard-when-down", BOOL, True, "Publish in shards while it is down.", effect=CLUSTER_ONLY),
    row("cluster-link-sendbuf-limit", Memory(0, ULONG_MAX), 0, "Unsent bytes at which a link is closed.",
        effect=CLUSTER_ONLY),
    row("cluster-announce-hostname", String(True, hostname_check), "", "Host name to announce.", effect=CLUSTER_ONLY),
    row("cluster-announce-human-nodename", String(True, node_name_check), "", "Name of the node in logs.",
        effect=CLUSTER_ONLY),
    row("cluster-preferred-endpoint-type", Enum("ip hostname unknown-endpoint"), "ip", "How nodes name each other.",
        effect=CLUSTER_ONLY),
    row("cluster-announce-ip", OPTIONAL, "", "Address to announce.", effect=CLUSTER_ONLY),
    row("cluster-announce-port", PORT, 0, "Port to announce.", effect=CLUSTER_ONLY),
    row("cluster-announce-tls-port", PORT, 0, "TLS port to announce.", effect=CLUSTER_ONLY),
    row("cluster-announce-bus-port", PORT, 0, "Bus port to announce.", effect=CLUSTER_ONLY),
]  # fmt: skip

MONITORING = [
    row("slowlog-log-slower-than", Integer(-1, LONG_MAX), 10000, "Time at which a command is slow; -1 for never.",
        unit="microseconds"),
    row("slowlog-max-len", LONG, 128, "Entries of the slow log."),
    row("latency-monitor-threshold", LONG, 0, "Time at which an event is noted; 0 for never.", unit="milliseconds"),
    row("latency-tracking", BOOL, True, "Keep a histogram of each command's times."),
    row("latency-tracking-info-percentiles", Percentiles(), (50.0, 99.0, 99.9), "Percentiles shown by INFO."),
    row("notify-keyspace-events", EventClasses(), "", "Classes of events to publish.",
        effect="Events are noted, but there is no publish and subscribe yet."),
]  # fmt: skip

ENCODINGS = [
    row("hash-max-listpack-entries", LONG, 512, "Fields of a packed hash, at most.", alias="hash-max-ziplist-entries"),
    row("hash-max-listpack-value", SIZE, 64, "Length of its longest field or value.", alias="hash-max-ziplist-value"),
    row("list-max-listpack-size", Integer(-INT_MAX - 1, INT_MAX), -2, "Size of a list's nodes.",
        alias="list-max-ziplist-size"),
    row("list-compress-depth", COUNT, 0, "Nodes at a list's ends that are not compressed."),
    row("set-max-intset-entries", LONG, 512, "Members of a set of integers, at most."),
    row("set-max-listpack-entries", LONG, 128, "Members of a packed set, at most."),
    row("set-max-listpack-value", SIZE, 64, "Length of its longest member."),
    row("zset-max-listpack-entries", LONG, 128, "Members of a packed sorted set, at most.",
        alias="zset-max-ziplist-entries"),
    row("zset-max-listpack-value", SIZE, 64, "Length of its longest member.", alias="zset-max-ziplist-value"),
    row("hll-sparse-max-bytes", SIZE, 3000, "Size of a sparse HyperLogLog, at most."),
    row("stream-node-max-bytes", SIZE, 4096, "Size of a stream's nodes."),
    row("stream-node-max-entries", LONG, 100, "Entries of a stream's nodes."),
]  # fmt: skip

PROCESSORS = [
    row("server-cpulist", OPTIONAL, "", "Processors of the server.", "immutable", alias="server_cpulist",
        effect=NO_PINNING),
    row("bio-cpulist", OPTIONAL, "", "Processors of background threads.", "immutable", alias="bio_cpulist",
        effect=NO_PINNING),
    row("aof-rewrite-cpulist", OPTIONAL, "", "Processors of a rewriting child.", "immutable",
        alias="aof_rewrite_cpulist", effect=NO_FORK),
    row("bgsave-cpulist", OPTIONAL, "", "Processors of a saving child.", "immutable", alias="bgsave_cpulist",
        effect=NO_FORK),
]  # fmt: skip

ANY_INT = Integer(-INT_MAX - 1, INT_MAX)

TESTING = [
    row("use-exit-on-panic", BOOL, False, "Exit instead of aborting.", "hidden", effect=TEST_AID),
    row("aof-disable-auto-gc", BOOL, False, "Keep what a rewrite replaced.", "hidden",
        effect="Replaced files are deleted."),
    row("rdb-key-save-delay", ANY_INT, 0, "Pause at each key saved.", "hidden", unit="microseconds", effect=TEST_AID),
    row("key-load-delay", ANY_INT, 0, "Pause at each key loaded.", "hidden", unit="microseconds", effect=TEST_AID),
    row("watchdog-period", COUNT, 0, "Report when the loop stands still.", "hidden", unit="milliseconds",
        effect=TEST_AID),
    row("loading-process-events-interval-bytes", Integer(1024), 2 * 1024**2, "How often loading serves clients.",
        "hidden", effect=TEST_AID),
    row("lazyexpire-nested-arbitrary-keys", BOOL, True, "Expire keys that a script did not declare.", "hidden",
        effect=LUA_ONLY),
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
    "Scripts": LUA,
    "Replication": REPLICATION,
    "Cluster": CLUSTER,
    "Processors": PROCESSORS,
    "Redis's own tests": TESTING,
}

LINE_ONLY = [
    LineOnly("include", 1, 1, "Read another file here; the name may be a pattern."),
    LineOnly("rename-command", 2, 2, "Give a command another name, or none.", needs=NO_RENAMING),
    LineOnly("user", 1, INT_MAX, "Define a user.", needs=NO_ACL),
    LineOnly("loadmodule", 1, INT_MAX, "Load a module.", needs=NO_MODULES),
    LineOnly("list-max-ziplist-entries", 1, 1, "Obsolete; read over."),
    LineOnly("list-max-ziplist-value", 1, 1, "Obsolete; read over."),
    LineOnly("lua-replicate-commands", 1, 1, "Obsolete; read over."),
]

DIRECTIVES: dict[str, Directive] = {entry.name: entry for section in SECTIONS.values() for entry in section}
ALIASES: dict[str, str] = {entry.alias: entry.name for entry in DIRECTIVES.values() if entry.alias}
LINES: dict[str, LineOnly] = {entry.name: entry for entry in LINE_ONLY}


def find(name: str) -> Directive | None:
    """The directive of a name or an alias, in any case."""
    name = name.lower()
    return DIRECTIVES.get(ALIASES.get(name, name))
