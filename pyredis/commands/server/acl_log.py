"""What was refused to users: the entries of ACL LOG, and the counters of INFO.

An entry like one of the last ten, not older than a minute, is counted there instead of being added, so a client that
insists fills no log. Keys and names are cut, because a client can choose long ones.
"""

from collections import deque
from itertools import islice
from typing import Any

RECENT = 10
RECENT_MS = 60000
# Bytes that are kept of a key, a channel or a name.
MOST_BYTES = 4096
REASONS = ("auth", "command", "key", "channel")


class Denial:
    """One entry; ``created`` and ``updated`` are Unix times in milliseconds, ``info`` is a line of CLIENT LIST."""

    def __init__(self, number: int, like: tuple[Any, ...], info: bytes, now_ms: int) -> None:
        self.number = number
        self.like = like
        self.count = 1
        self.info = info
        self.created = self.updated = now_ms

    def describe(self, now_ms: int) -> dict[bytes, Any]:
        """Returns the entry as ACL LOG shows it."""
        reason, context, about, user = self.like
        return {
            b"count": self.count,
            b"reason": reason.encode(),
            b"context": context.encode(),
            b"object": about,
            b"username": user,
            b"age-seconds": (now_ms - self.updated) / 1000,
            b"client-info": self.info,
            b"entry-id": self.number,
            b"timestamp-created": self.created,
            b"timestamp-last-updated": self.updated,
        }


class AclLog:
    """The newest entries first, at most ``limit``."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.entries: deque[Denial] = deque()
        self.denied = dict.fromkeys(REASONS, 0)
        self._next = 0

    def set_limit(self, limit: int) -> None:
        """Applies ``acllog-max-len``; as in Redis, entries beyond a new limit are removed with the next denial."""
        self.limit = limit

    def add(self, reason: str, context: str, about: bytes, user: bytes, info: bytes, now_ms: int) -> None:
        """Counts a denial and enters it."""
        self.denied[reason] += 1
        like = (reason, context, about[:MOST_BYTES], user[:MOST_BYTES])
        known = self._recent(like, now_ms) if self.limit else None
        if known is not None:
            self.entries.remove(known)
            known.count += 1
            known.info, known.updated = info, now_ms
            self.entries.appendleft(known)
            return
        if self.limit:
            self.entries.appendleft(Denial(self._next, like, info, now_ms))
            self._next += 1
        while len(self.entries) > self.limit:
            self.entries.pop()

    def _recent(self, like: tuple[Any, ...], now_ms: int) -> Denial | None:
        for entry in islice(self.entries, RECENT):
            if entry.like == like and abs(now_ms - entry.updated) <= RECENT_MS:
                return entry
        return None

    def clear(self) -> None:
        self.entries.clear()

    def reset_counters(self) -> None:
        self.denied = dict.fromkeys(REASONS, 0)

    @property
    def counters(self) -> dict[str, int]:
        """The counters by INFO's names."""
        names = {"auth": "auth", "command": "cmd", "key": "key", "channel": "channel"}
        return {f"acl_access_denied_{names[reason]}": count for reason, count in self.denied.items()}
