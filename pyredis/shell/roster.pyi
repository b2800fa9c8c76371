"""The clients of a server, oldest first."""

from collections.abc import Iterator, Mapping
from typing import Any

from pyredis.call.client_state import ClientState

class Listed(ClientState):
    """A client that can be listed."""

class ClientList(Mapping[int, Any]):
    """A read-only mapping of ids to the listed clients. A lookup takes time proportional to their number."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[int]: ...
    def __getitem__(self, identity: int, /) -> Any: ...
    def get(self, identity: int, default: Any = None) -> Any: ...
    def values(self) -> list[Any]: ...  # type: ignore[override]
