"""BITFIELD as a series of operations that are sent together."""

from typing import TYPE_CHECKING, Any, Self

from pyredis.embedded.api.api_types import Key, Value

if TYPE_CHECKING:
    from pyredis.embedded.api.caller import Caller


class BitFieldOperation:
    """Operations on one key; `execute` sends them, and starts again with none."""

    def __init__(self, client: "Caller", key: Key, default_overflow: str | None = None) -> None:
        self.client = client
        self.key = key
        self.operations: list[tuple[Value, ...]] = []
        self._default_overflow = default_overflow
        self._last_overflow = "WRAP"
        self.reset()

    def reset(self) -> None:
        """Drops the operations."""
        self.operations = []
        self._last_overflow = "WRAP"
        self.overflow(self._default_overflow or self._last_overflow)

    def overflow(self, overflow: str) -> Self:
        """Decides what the following operations do on overflow: WRAP, SAT or FAIL."""
        overflow = overflow.upper()
        if overflow != self._last_overflow:
            self._last_overflow = overflow
            self.operations.append(("OVERFLOW", overflow))
        return self

    def incrby(self, fmt: str, offset: int | str, increment: int, overflow: str | None = None) -> Self:
        """Adds to an integer of a type such as ``u8``."""
        if overflow is not None:
            self.overflow(overflow)
        self.operations.append(("INCRBY", fmt, offset, increment))
        return self

    def get(self, fmt: str, offset: int | str) -> Self:
        """Reads an integer."""
        self.operations.append(("GET", fmt, offset))
        return self

    def set(self, fmt: str, offset: int | str, value: int) -> Self:
        """Sets an integer, and reads what it was."""
        self.operations.append(("SET", fmt, offset, value))
        return self

    @property
    def command(self) -> list[Value]:
        """The words of the command."""
        return ["BITFIELD", self.key, *(word for operation in self.operations for word in operation)]

    def execute(self) -> Any:
        """Sends the operations."""
        command = self.command
        self.reset()
        return self.client._call(command)
