"""SORT and SORT_RO."""

from pyredis.commands.table.spec import family, row

OPTIONS = (
    "[BY by-pattern:pattern~pattern] [LIMIT limit=(offset count)] [GET get-pattern:pattern~pattern]... "
    "[order=(ASC|DESC)] [sorting=ALPHA]"
)
COMPLEXITY = "O(N+M*log(M)), N elements, M of them returned; O(N) if nothing is sorted."
LOOKED_UP = "unknown RO access -- Keys that the BY and GET patterns name."

with family("generic", module="sort", acl="set sortedset list dangerous"):
    row(
        f"SORT key {OPTIONS} [STORE destination:key]",
        "write denyoom",
        keys=f"1 RO access; {LOOKED_UP}; unknown OW update -- The key that STORE names.",
        since="1.0.0",
        complexity=COMPLEXITY,
        summary="Sorts the elements of a list, set or sorted set, and returns or stores them.",
    )
    row(
        f"SORT_RO key {OPTIONS}",
        "readonly",
        keys=f"1 RO access; {LOOKED_UP}",
        since="7.0.0",
        complexity=COMPLEXITY,
        summary="Sorts the elements of a list, set or sorted set, and returns them.",
    )
