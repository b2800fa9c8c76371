"""What INFO and MEMORY count over all clients and all databases."""

from typing import Any, NamedTuple

from pyredis._core import Core

compiler: str

class ClientTotals(NamedTuple):
    memory: int
    allocated: int
    input_buffer: int
    output_buffer: int
    blocked: int
    watching: int

def client_totals(hub: Any) -> ClientTotals: ...
def watched_keys(core: Core) -> int: ...
def waiting(core: Core) -> tuple[int, int, int]: ...
def rehashing(core: Core) -> list[int]: ...
