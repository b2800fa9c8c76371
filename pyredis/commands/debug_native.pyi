"""What DEBUG does and sees inside the keyspace."""

from pyredis._core import Core

# (buckets, elements) of each array, overflow buckets, bytes
TableFacts = tuple[list[tuple[int, int]], int, int]

def populate(core: Core, number: int, count: int, prefix: bytes, size: int) -> None: ...
def object_facts(core: Core, number: int, key: bytes) -> tuple[int, str, int, int, int] | None: ...
def table_facts(core: Core, number: int) -> tuple[TableFacts, TableFacts]: ...
