"""The list commands."""

from pyredis.commands.table.spec import family, row

READ = "1 RO access"
INSERT = "1 RW insert"
TAKE = "1 RW access delete"
MOVE = f"{TAKE}; 2 RW insert"
END = "(LEFT|RIGHT)"
PUSHES = "O(1) for each element."
POPS = "O(N), N elements returned."
WALKS = "O(N), N elements in the list."

with family("list", module="lists", acl="list"):
    row(
        f"BLMOVE source:key destination:key wherefrom={END} whereto={END} timeout:double",
        "write denyoom blocking",
        keys=MOVE,
        since="6.2.0",
        complexity="O(1)",
        summary="Moves an element from one end of a list to an end of another, and waits while the source is empty.",
    )
    row(
        f"BLMPOP timeout:double numkeys:integer key... where={END} [COUNT count]",
        "write blocking",
        keys="numkeys@2 RW access delete",
        since="7.0.0",
        complexity="O(N+M), N keys named and M elements returned.",
        summary="Pops elements from the first non-empty list of those given, and waits while all are empty.",
    )
    row(
        "BLPOP key... timeout:double",
        "write blocking",
        keys="1..-2 RW access delete",
        since="2.0.0",
        complexity="O(N), N keys named.",
        summary="Pops the first element of the first non-empty list of those given, and waits while all are empty.",
    )
    row(
        "BRPOP key... timeout:double",
        "write blocking",
        keys="1..-2 RW access delete",
        since="2.0.0",
        complexity="O(N), N keys named.",
        summary="Pops the last element of the first non-empty list of those given, and waits while all are empty.",
    )
    row(
        "BRPOPLPUSH source:key destination:key timeout:double",
        "write denyoom blocking",
        keys=MOVE,
        since="2.2.0",
        complexity="O(1)",
        summary="Moves the last element of a list to the front of another, and waits while the source is empty.",
        deprecated="6.2.0",
        replaced_by="`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    )
    row(
        "LINDEX key index:integer",
        "readonly",
        keys=READ,
        since="1.0.0",
        complexity="O(N), N nodes between the element and the nearer end; O(1) for the first and the last.",
        summary="Returns the element of a list at an index.",
    )
    row(
        "LINSERT key where=(BEFORE|AFTER) pivot:string element:string",
        "write denyoom",
        keys=INSERT,
        since="2.2.0",
        complexity="O(N), N elements before the pivot.",
        summary="Inserts an element into a list, before or after another element.",
    )
    row(
        "LLEN key",
        "readonly fast",
        keys="1 RO",
        since="1.0.0",
        complexity="O(1)",
        summary="Returns how many elements a list has.",
    )
    row(
        f"LMOVE source:key destination:key wherefrom={END} whereto={END}",
        "write denyoom",
        keys=MOVE,
        since="6.2.0",
        complexity="O(1)",
        summary="Moves an element from one end of a list to an end of another.",
    )
    row(
        f"LMPOP numkeys:integer key... where={END} [COUNT count]",
        "write",
        keys="numkeys@1 RW access delete",
        since="7.0.0",
        complexity="O(N+M), N keys named and M elements returned.",
        summary="Pops elements from the first non-empty list of those given.",
    )
    row(
        "LPOP key [count@6.2.0]",
        "write fast",
        keys=TAKE,
        since="1.0.0",
        complexity=POPS,
        summary="Pops elements from the front of a list, and removes the key when the list is empty.",
    )
    row(
        "LPOS key element:string [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]",
        "readonly",
        keys=READ,
        since="6.0.6",
        complexity="O(N), N elements examined.",
        summary="Returns the index or indexes at which an element occurs in a list.",
    )
    row(
        "LPUSH key element:string...",
        "write denyoom fast",
        keys=INSERT,
        since="1.0.0",
        complexity=PUSHES,
        summary="Inserts elements at the front of a list, creating the list if needed.",
    )
    row(
        "LPUSHX key element:string...",
        "write denyoom fast",
        keys=INSERT,
        since="2.2.0",
        complexity=PUSHES,
        summary="Inserts elements at the front of a list if the list exists.",
    )
    row(
        "LRANGE key start:integer stop:integer",
        "readonly",
        keys=READ,
        since="1.0.0",
        complexity="O(S+N), S nodes between the start and the nearer end, N elements returned.",
        summary="Returns the elements of a list between two indexes.",
    )
    row(
        "LREM key count element:string",
        "write",
        keys="1 RW delete",
        since="1.0.0",
        complexity=WALKS,
        summary="Removes occurrences of an element from a list, and the key when the list is empty.",
    )
    row(
        "LSET key index:integer element:string",
        "write denyoom",
        keys="1 RW update",
        since="1.0.0",
        complexity="O(N), N nodes between the element and the nearer end; O(1) for the first and the last.",
        summary="Replaces the element of a list at an index.",
    )
    row(
        "LTRIM key start:integer stop:integer",
        "write",
        keys="1 RW delete",
        since="1.0.0",
        complexity="O(N), N elements removed.",
        summary="Trims a list to the elements between two indexes.",
    )
    row(
        "RPOP key [count@6.2.0]",
        "write fast",
        keys=TAKE,
        since="1.0.0",
        complexity=POPS,
        summary="Pops elements from the end of a list, and removes the key when the list is empty.",
    )
    row(
        "RPOPLPUSH source:key destination:key",
        "write denyoom",
        keys=MOVE,
        since="1.2.0",
        complexity="O(1)",
        summary="Moves the last element of a list to the front of another.",
        deprecated="6.2.0",
        replaced_by="`LMOVE` with the `RIGHT` and `LEFT` arguments",
    )
    row(
        "RPUSH key element:string...",
        "write denyoom fast",
        keys=INSERT,
        since="1.0.0",
        complexity=PUSHES,
        summary="Appends elements to a list, creating the list if needed.",
    )
    row(
        "RPUSHX key element:string...",
        "write denyoom fast",
        keys=INSERT,
        since="2.2.0",
        complexity=PUSHES,
        summary="Appends elements to a list if the list exists.",
    )
