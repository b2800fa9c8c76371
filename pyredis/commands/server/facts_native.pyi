"""Counts over all clients and all databases, for INFO and MEMORY."""

from typing import Any, NamedTuple

from pyredis.call.state import State

compiler: str

class ClientTotals(NamedTuple):
    memory: int
    allocated: int
    input_buffer: int
    output_buffer: int
    blocked: int
    watching: int

def client_totals(hub: Any) -> ClientTotals: ...
def watched_keys(core: State) -> int: ...
def waiting(core: State) -> tuple[int, int, int]: ...
def rehashing(core: State) -> list[int]: ...
