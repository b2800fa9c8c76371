"""What INFO and MEMORY count over all clients and all databases."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyredis._core import Core

compiler: str

@dataclass
class ClientTotals:
    memory: int = 0
    allocated: int = 0
    input_buffer: int = 0
    output_buffer: int = 0
    blocked: int = 0
    watching: int = 0

def client_totals(clients: Mapping[int, Any]) -> ClientTotals: ...
def watched_keys(core: Core) -> int: ...
def waiting(core: Core) -> tuple[int, int, int]: ...
def rehashing(core: Core) -> list[int]: ...
