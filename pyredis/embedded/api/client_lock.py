"""Locks: a key that exists while the lock is held, with a token that only its holder knows.

Everything that depends on the token is one script, so nobody else's lock can be released or extended: the key may have
expired and been taken by another holder meanwhile. The token is kept per thread, unless ``thread_local`` is false: a
thread does not release a lock that another thread has acquired through the same object.
"""

from __future__ import annotations

import os
import threading
import time
from types import SimpleNamespace
from typing import Any, Literal, Self

from pyredis.embedded.api.api_types import Bytes, Key, Number
from pyredis.embedded.api.client_errors import find

# The scripts return 1 if the token is the lock's, and 0 otherwise.
RELEASE = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])
"""
# ARGV[3] is 1 if the time replaces the rest of the lock's time, 0 if it is added to it. Times are in milliseconds.
EXTEND = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
local rest = redis.call('pttl', KEYS[1])
if rest < 0 then return 0 end
if ARGV[3] == '1' then rest = 0 end
redis.call('pexpire', KEYS[1], ARGV[2] + rest)
return 1
"""
REACQUIRE = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('pexpire', KEYS[1], ARGV[2])
return 1
"""
UNOWNED_ON_EXIT = "the lock was released, or was no longer owned, before its block ended"


def warn_of_release() -> None:
    import logging

    logging.getLogger("pyredis").warning(UNOWNED_ON_EXIT)


class AnyLock:
    """What both kinds of lock have."""

    def __init__(
        self,
        redis: Any,
        name: Key,
        timeout: Number | None = None,
        sleep: Number = 0.1,
        blocking: bool = True,
        blocking_timeout: Number | None = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
    ) -> None:
        """Makes a lock of this name.

        ``timeout`` is its longest life in seconds, None for no limit. ``acquire`` tries every ``sleep`` seconds, for at
        most ``blocking_timeout`` seconds if that is not None, and only once without ``blocking``.
        """
        self.redis = redis
        self.name = name
        self.timeout = timeout
        self.sleep = sleep
        self.blocking = blocking
        self.blocking_timeout = blocking_timeout
        self.thread_local = bool(thread_local)
        self.raise_on_release_error = raise_on_release_error
        self.local: Any = threading.local() if self.thread_local else SimpleNamespace()
        self.local.token = None
        self.lua_release = redis.register_script(RELEASE)
        self.lua_extend = redis.register_script(EXTEND)
        self.lua_reacquire = redis.register_script(REACQUIRE)

    @property
    def _token(self) -> Any:
        """The token of this thread; None if it does not hold the lock."""
        return getattr(self.local, "token", None)

    def _new_token(self, token: Any) -> Any:
        return os.urandom(16).hex().encode() if token is None else self.redis.get_encoder().encode(token)

    @property
    def _life(self) -> int | None:
        """The life of the lock in milliseconds."""
        return int(self.timeout * 1000) if self.timeout else None

    def _owned(self, stored: Any) -> bool:
        return self._token is not None and stored is not None and self.redis.get_encoder().encode(stored) == self._token

    def _held(self, doing: str) -> Any:
        """Returns the token of a lock that is held."""
        if self._token is None:
            raise self._error(f"Cannot {doing}")
        return self._token

    def _limited(self, doing: str) -> Any:
        """Returns the token of a lock that is held and has a limited life."""
        token = self._held(f"{doing} an unlocked lock")
        if self.timeout is None:
            raise self._error(f"Cannot {doing} a lock with no timeout")
        return token

    def _error(self, text: str, kind: str = "LockError") -> Exception:
        error: Any = find(kind)(text)
        error.lock_name = self.name
        return error

    def _lost(self, doing: str) -> Exception:
        return self._error(f"Cannot {doing} a lock that's no longer owned", "LockNotOwnedError")

    def _not_acquired(self) -> Exception:
        return self._error("Unable to acquire lock within the time specified")


UNHELD = "release a lock that's not owned or is already unlocked."


class Lock(AnyLock):
    """A lock of a synchronous database, as a context manager."""

    def __enter__(self) -> Self:
        if self.acquire():
            return self
        raise self._not_acquired()

    def __exit__(self, *raised: object) -> None:
        try:
            self.release()
        except find("LockError"):
            if self.raise_on_release_error:
                raise
            warn_of_release()

    def acquire(
        self,
        sleep: Number | None = None,
        blocking: bool | None = None,
        blocking_timeout: Number | None = None,
        token: Bytes | str | None = None,
    ) -> bool:
        """Acquires the lock, and returns whether it could; what is not given is as the lock was made."""
        pause = self.sleep if sleep is None else sleep
        token = self._new_token(token)
        blocking = self.blocking if blocking is None else blocking
        longest = self.blocking_timeout if blocking_timeout is None else blocking_timeout
        end = None if longest is None else time.monotonic() + longest
        while not self.do_acquire(token):
            if not blocking or (end is not None and time.monotonic() + pause > end):
                return False
            time.sleep(pause)
        self.local.token = token
        return True

    def do_acquire(self, token: Any) -> bool:
        return bool(self.redis.set(self.name, token, nx=True, px=self._life))

    def locked(self) -> bool:
        """Returns whether anyone holds the lock."""
        return self.redis.get(self.name) is not None

    def owned(self) -> bool:
        """Returns whether this object, in this thread, holds the lock."""
        return self._owned(self.redis.get(self.name))

    def release(self) -> None:
        """Releases the lock; raises LockError if it is not held, LockNotOwnedError if it no longer is."""
        token = self._held(UNHELD)
        self.local.token = None
        if not self.lua_release((self.name,), (token,), self.redis):
            raise self._lost("release")

    def extend(self, additional_time: Number, replace_ttl: bool = False) -> Literal[True]:
        """Adds seconds to the life of the lock, or replaces the rest of its life by them."""
        arguments = (self._limited("extend"), int(additional_time * 1000), "1" if replace_ttl else "0")
        if not self.lua_extend((self.name,), arguments, self.redis):
            raise self._lost("extend")
        return True

    def reacquire(self) -> Literal[True]:
        """Gives the lock its full life again."""
        if not self.lua_reacquire((self.name,), (self._limited("reacquire"), self._life), self.redis):
            raise self._lost("reacquire")
        return True
