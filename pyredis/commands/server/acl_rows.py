"""The commands for users: who they are and what they may do."""

from pyredis.commands.table.spec import family, helps, row

PLAIN = "noscript loading stale"
ADMIN = "admin noscript loading stale"
ALL_NODES = "request_policy:all_nodes response_policy:all_succeeded"
USERS = "O(N), N users."

with family("server", module="server"):
    row(
        "ACL",
        since="6.0.0",
        arity=-2,
        handler=None,
        complexity="Depends on the subcommand.",
        summary="Groups the commands for users and their rights.",
    )
    row(
        "ACL|CAT [category]",
        PLAIN,
        since="6.0.0",
        complexity="O(1)",
        summary="Lists the categories of commands, or the commands of one.",
    )
    row(
        "ACL|DELUSER username...",
        ADMIN,
        tips=ALL_NODES,
        since="6.0.0",
        complexity="O(N), N clients connected.",
        summary="Deletes users, and closes the connections that are theirs.",
    )
    row(
        "ACL|DRYRUN username command [arg...]",
        ADMIN,
        since="7.0.0",
        complexity="O(1)",
        summary="Says whether a user may run a command, which is not run.",
    )
    row(
        "ACL|GENPASS [bits:integer]",
        PLAIN,
        since="6.0.0",
        complexity="O(1)",
        summary="Returns a random password in hexadecimal digits.",
    )
    row(
        "ACL|GETUSER username",
        ADMIN,
        since="6.0.0",
        complexity="O(N), N passwords, rules and patterns of the user.",
        summary="Describes a user: flags, hashes of the passwords, commands, keys, channels and selectors.",
    )
    helps("ACL", since="6.0.0")
    row(
        "ACL|LIST",
        ADMIN,
        since="6.0.0",
        complexity=USERS,
        summary="Describes all users, each as a line of a configuration file.",
    )
    row(
        "ACL|LOAD",
        ADMIN,
        since="6.0.0",
        complexity=USERS,
        summary="Replaces all users by those in the ACL file, or none if the file has an error.",
    )
    row(
        "ACL|LOG [operation=(count:integer|RESET)]",
        ADMIN,
        since="6.0.0",
        complexity="O(N), N entries shown.",
        summary="Lists what was refused to users recently, or clears the list.",
    )
    row(
        "ACL|SAVE",
        ADMIN,
        tips=ALL_NODES,
        since="6.0.0",
        complexity=USERS,
        summary="Writes all users to the ACL file.",
    )
    row(
        "ACL|SETUSER username [rule...]",
        ADMIN,
        tips=ALL_NODES,
        since="6.0.0",
        complexity="O(N), N rules.",
        summary="Creates a user or changes one, by rules that apply together or not at all.",
    )
    row(
        "ACL|USERS",
        ADMIN,
        since="6.0.0",
        complexity=USERS,
        summary="Lists the names of all users.",
    )
    row(
        "ACL|WHOAMI",
        PLAIN,
        since="6.0.0",
        complexity="O(1)",
        summary="Returns the name of this connection's user.",
    )
