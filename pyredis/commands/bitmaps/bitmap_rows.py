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
        complexity="O(N), N bytes looked at.",
        summary="Counts the bits that are set in a string or in a part of it.",
    )
    row(
        f"BITFIELD key [operation=({GET}|write=({OVERFLOW} write-operation=({WRITES})))...]",
        "write denyoom",
        keys="1 RW access update variable_flags -- writes only where an operation other than GET is given",
        since="3.2.0",
        complexity="O(1) for each operation.",
        summary="Reads, stores and increments integers of any width among the bits of a string.",
    )
    row(
        f"BITFIELD_RO key [{GET}]...",
        "readonly fast",
        keys=READ,
        since="6.0.0",
        complexity="O(1) for each operation.",
        summary="Reads integers of any width among the bits of a string.",
    )
    row(
        "BITOP operation=(AND|OR|XOR|NOT) destkey:key key...",
        "write denyoom",
        keys="2 OW update; 3..-1 RO access",
        since="2.6.0",
        complexity="O(N), N bytes in the longest string.",
        summary="Combines strings bit by bit and stores the result.",
    )
    row(
        f"BITPOS key bit:integer [range=(start:integer [end-unit-block=(end:integer {UNIT})])]",
        "readonly",
        keys=READ,
        since="2.8.7",
        complexity="O(N), N bytes looked at.",
        summary="Finds the first bit of a string that is set, or clear.",
    )
    row(
        "GETBIT key offset",
        "readonly fast",
        keys=READ,
        since="2.2.0",
        complexity="O(1)",
        summary="Tells one bit of a string.",
    )
    row(
        "SETBIT key offset value:integer",
        "write denyoom",
        keys="1 RW access update",
        since="2.2.0",
        complexity="O(1)",
        summary="Sets or clears one bit of a string, which it creates or lengthens as needed.",
    )
