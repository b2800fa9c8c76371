"""The bitmap commands."""

from pyredis.commands.table.spec import family, row

READ = "1 RO access"
UNIT = "[unit@7.0.0=(BYTE|BIT)]"
GET = "GET get-block=(encoding offset)"
OVERFLOW = "[OVERFLOW overflow-block=(WRAP|SAT|FAIL)]"
WRITES = "SET set-block=(encoding offset value:integer)|INCRBY incrby-block=(encoding offset increment:integer)"

with family("bitmap", module="bitmaps", acl="bitmap"):
    row(
        f"BITCOUNT key [range=(start:integer end:integer {UNIT})]",
        "readonly",
        keys=READ,
        since="2.6.0",
        complexity="O(N), N bytes examined.",
        summary="Counts the set bits of a string, or of a range of it.",
    )
    row(
        f"BITFIELD key [operation=({GET}|write=({OVERFLOW} write-operation=({WRITES})))...]",
        "write denyoom",
        keys="1 RW access update variable_flags -- writes only if an operation other than GET is given",
        since="3.2.0",
        complexity="O(1) for each operation.",
        summary="Treats a string as packed integers of any width, which it reads, sets and increments.",
    )
    row(
        f"BITFIELD_RO key [{GET}]...",
        "readonly fast",
        keys=READ,
        since="6.0.0",
        complexity="O(1) for each operation.",
        summary="Reads integers of any width from the bits of a string.",
    )
    row(
        "BITOP operation=(AND|OR|XOR|NOT) destkey:key key...",
        "write denyoom",
        keys="2 OW update; 3..-1 RO access",
        since="2.6.0",
        complexity="O(N), N bytes in the longest string.",
        summary="Combines strings bit by bit with a logical operator and stores the result.",
    )
    row(
        f"BITPOS key bit:integer [range=(start:integer [end-unit-block=(end:integer {UNIT})])]",
        "readonly",
        keys=READ,
        since="2.8.7",
        complexity="O(N), N bytes examined.",
        summary="Finds the first set or clear bit of a string.",
    )
    row(
        "GETBIT key offset",
        "readonly fast",
        keys=READ,
        since="2.2.0",
        complexity="O(1)",
        summary="Returns one bit of a string.",
    )
    row(
        "SETBIT key offset value:integer",
        "write denyoom",
        keys="1 RW access update",
        since="2.2.0",
        complexity="O(1)",
        summary="Sets or clears one bit of a string, creating or extending the string as needed.",
    )
