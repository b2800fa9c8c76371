"""What one server counts, for Python code; the base class of ``_core.Core``."""

from typing import Any, Final

from pyredis.call.state import State

class Counters(State):
    """The part of a server's core that counts."""

    host: Final[Any]
    error_counts: Final[dict[str, int]]
    expire_ns: Final[int]
    def sizes(self) -> list[tuple[int, int, int, int, int]]:
        """Returns per database with keys: (number, keys, keys with an expiry, mean TTL in ms, hashes with TTLs)."""
    def table_bytes(self) -> list[tuple[int, int, int]]:
        """Returns per database with keys: (number, bytes of the main table, bytes of the table of expiries)."""
    def counters(self) -> dict[str, int]: ...
    def reset_counters(self) -> None: ...
    def count_error(self, code: str) -> None:
        """Counts an error reply by its code. A script can invent any number of codes: too many end the counting."""
    def command_stats(self) -> list[tuple[str, int, float, int, int, list[tuple[int, int, int]]]]:
        """Returns per command called or rejected: (full name, calls, microseconds, rejected, failed, histogram)."""
