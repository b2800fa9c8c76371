"""The HyperLogLog commands."""

from pyredis.commands.table.spec import family, row

with family("hyperloglog", module="hyperloglogs", acl="hyperloglog"):
    row(
        "PFADD key [element...]",
        "write denyoom fast",
        keys="1 RW insert",
        since="2.8.9",
        complexity="O(1) for each element.",
        summary="Adds elements to a HyperLogLog, creating it if needed.",
    )
    row(
        "PFCOUNT key...",
        "readonly",
        marks="may_replicate",
        keys="1..-1 RW access -- caches the count of a single key in its value",
        since="2.8.9",
        complexity="O(1) for one key, O(N) for N keys, with large constants.",
        summary="Estimates how many distinct elements were added to one HyperLogLog, or to several together.",
    )
    row(
        "PFDEBUG subcommand key",
        "write denyoom admin",
        keys="2 RW access",
        syscmd=True,
        since="2.8.9",
        complexity="O(1)",
        summary="Shows the registers and the encoding of a HyperLogLog.",
    )
    row(
        "PFMERGE destkey:key [sourcekey:key...]",
        "write denyoom",
        keys="1 RW access insert; 2..-1 RO access",
        since="2.8.9",
        complexity="O(N), N HyperLogLogs merged, with a large constant.",
        summary="Merges several HyperLogLogs into one.",
    )
    row(
        "PFSELFTEST",
        "admin",
        syscmd=True,
        since="2.8.9",
        complexity="O(1)",
        summary="Tests the server's HyperLogLog implementation.",
    )
