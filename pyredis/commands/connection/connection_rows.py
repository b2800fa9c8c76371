"""The commands of a connection: greeting, authentication, CLIENT."""

from pyredis.commands.table.spec import container, family, row

BEFORE_AUTH = "noscript loading stale fast no_auth allow_busy"
PLAIN = "noscript loading stale"
ADMIN = "admin noscript loading stale"
ALL_NODES = "request_policy:all_nodes response_policy:all_succeeded"
VARIES = "nondeterministic_output"
PER_CLIENT = "O(N), N clients connected."

CLIENT_TYPES = "(NORMAL|MASTER|REPLICA|PUBSUB)"
KILL_TYPES = "(NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB)"
KILL_FILTERS = "|".join(
    [
        "[ID@2.8.12 client-id]",
        f"[TYPE@2.8.12 client-type={KILL_TYPES}]",
        "[USER username]",
        "[ADDR addr~ip:port]",
        "[LADDR@6.2.0 laddr~ip:port]",
        "[SKIPME skipme=(YES|NO)]",
        "[MAXAGE@7.4.0 maxage:integer]",
    ]
)

with family("connection", module="connection", acl="connection"):
    row(
        "AUTH [username@6.0.0] password",
        BEFORE_AUTH,
        marks="holds_secrets",
        since="1.0.0",
        complexity="O(N), N passwords of the user.",
        summary="Authenticates this connection with a password and optionally a user name.",
    )
    container(
        "CLIENT",
        since="2.4.0",
        summary="Groups the commands that manage client connections.",
        help_since="5.0.0",
    )
    row(
        "CLIENT|CACHING mode=(YES|NO)",
        PLAIN,
        since="6.0.0",
        complexity="O(1)",
        summary="Chooses whether the keys of this connection's next command are tracked, in OPTIN or OPTOUT mode.",
    )
    row(
        "CLIENT|GETNAME",
        PLAIN,
        since="2.6.9",
        complexity="O(1)",
        summary="Returns this connection's name.",
    )
    row(
        "CLIENT|GETREDIR",
        PLAIN,
        since="6.0.0",
        complexity="O(1)",
        summary="Returns the id of the connection that invalidation messages for this one are sent to.",
    )
    row(
        "CLIENT|ID",
        PLAIN,
        since="5.0.0",
        complexity="O(1)",
        summary="Returns this connection's id, which is never reused.",
    )
    row(
        "CLIENT|INFO",
        PLAIN,
        tips=VARIES,
        since="6.2.0",
        complexity="O(1)",
        summary="Describes the state of this connection in one line.",
    )
    row(
        f"CLIENT|KILL filter=(old-format~ip:port@-2.8.12|new-format=({KILL_FILTERS})...)",
        ADMIN,
        arity=-3,
        since="2.4.0",
        complexity=PER_CLIENT,
        summary="Closes the connections that match an address or filters.",
    )
    row(
        f"CLIENT|LIST [TYPE@5.0.0 client-type={CLIENT_TYPES}] [ID@6.2.0 client-id...]",
        ADMIN,
        tips=VARIES,
        since="2.4.0",
        complexity=PER_CLIENT,
        summary="Describes the state of the connections, one per line.",
    )
    row(
        "CLIENT|NO-EVICT enabled=(ON|OFF)",
        ADMIN,
        since="7.0.0",
        complexity="O(1)",
        summary="Exempts this connection from client eviction, or makes it subject to it again.",
    )
    row(
        "CLIENT|NO-TOUCH enabled=(ON|OFF)",
        PLAIN,
        since="7.2.0",
        complexity="O(1)",
        summary="Chooses whether this connection's commands update the access times of keys.",
    )
    row(
        "CLIENT|PAUSE timeout:integer [mode@6.2.0=(WRITE|ALL)]",
        ADMIN,
        since="3.0.0",
        complexity="O(1)",
        summary="Holds back the commands of all clients, or those that may write, for some milliseconds.",
    )
    row(
        "CLIENT|REPLY action=(ON|OFF|SKIP)",
        PLAIN,
        since="3.2.0",
        complexity="O(1)",
        summary="Turns the replies to this connection on or off, or suppresses the reply to the next command.",
    )
    row(
        "CLIENT|SETINFO attr=(LIB-NAME libname|LIB-VER libver)",
        PLAIN,
        tips=ALL_NODES,
        since="7.2.0",
        complexity="O(1)",
        summary="Records the name or the version of this connection's client library.",
    )
    row(
        "CLIENT|SETNAME connection-name",
        PLAIN,
        tips=ALL_NODES,
        since="2.6.9",
        complexity="O(1)",
        summary="Gives this connection a name.",
    )
    row(
        "CLIENT|TRACKING status=(ON|OFF) [REDIRECT client-id] [PREFIX prefix]... [bcast=BCAST] [optin=OPTIN] "
        "[optout=OPTOUT] [noloop=NOLOOP]",
        PLAIN,
        since="6.0.0",
        complexity="O(1), and O(N) for N prefixes in BCAST mode.",
        summary="Turns messages about changes of the keys that this connection has read on or off.",
    )
    row(
        "CLIENT|TRACKINGINFO",
        PLAIN,
        since="6.2.0",
        complexity="O(1)",
        summary="Describes how the keys that this connection reads are tracked.",
    )
    row(
        "CLIENT|UNBLOCK client-id [unblock-type=(TIMEOUT|ERROR)]",
        ADMIN,
        since="5.0.0",
        complexity="O(1)",
        summary="Unblocks another connection, as if its timeout had passed or with an error.",
    )
    row(
        "CLIENT|UNPAUSE",
        ADMIN,
        since="6.2.0",
        complexity="O(N), N commands held back.",
        summary="Ends the pause of CLIENT PAUSE.",
    )
    row(
        "ECHO message",
        "loading stale fast",
        since="1.0.0",
        complexity="O(1)",
        summary="Replies with its argument.",
    )
    row(
        "HELLO [arguments=(protover:integer [AUTH auth=(username password)] [SETNAME clientname])]",
        BEFORE_AUTH,
        marks="holds_secrets",
        since="6.0.0",
        complexity="O(1)",
        summary="Selects the protocol version and describes the server; can also authenticate and name the connection.",
    )
    row(
        "PING [message]",
        "fast",
        marks="needs_file subscribed",
        tips="request_policy:all_shards response_policy:all_succeeded",
        since="1.0.0",
        complexity="O(1)",
        summary="Replies with PONG, or with its argument if it has one.",
    )
    row(
        "QUIT",
        BEFORE_AUTH,
        marks="subscribed unqueued",
        arity=-1,
        since="1.0.0",
        complexity="O(1)",
        summary="Makes the server close this connection.",
        deprecated="7.2.0",
        replaced_by="closing the connection at the client's end",
    )
    row(
        "RESET",
        BEFORE_AUTH,
        marks="subscribed unqueued",
        since="6.2.0",
        complexity="O(1)",
        summary="Returns this connection to the state of a new one.",
    )
    row(
        "SELECT index:integer",
        "loading stale fast",
        handler="databases.select",
        since="1.0.0",
        complexity="O(1)",
        summary="Selects the database that this connection's commands use.",
    )
