"""DEBUG, whose handler dispatches its subcommands itself."""

from pyredis.commands.table.spec import family, row

with family("server", module="debug"):
    row(
        "DEBUG",
        "admin noscript loading stale",
        marks="guarded",
        arity=-2,
        since="1.0.0",
        complexity="Depends on the subcommand.",
        summary="Groups the subcommands for testing and debugging the server.",
        syscmd=True,
    )
