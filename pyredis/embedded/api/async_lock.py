"""Locks of an asynchronous database; `client_lock` says how they work."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, Self

from pyredis.embedded.api.api_types import Bytes, Number
from pyredis.embedded.api.client_errors import find
from pyredis.embedded.api.client_lock import UNHELD, AnyLock, warn_of_release


class AsyncLock(AnyLock):
    """A lock of an asynchronous database, as a context manager.

    ``thread_local`` keeps tokens per thread, not per task, so tasks of one loop that share the object share its token.
    """

    async def __aenter__(self) -> Self:
        if await self.acquire():
            return self
        raise self._not_acquired()

    async def __aexit__(self, *raised: object) -> None:
        try:
            await self.release()
        except find("LockError"):
            if self.raise_on_release_error:
                raise
            warn_of_release()

    async def acquire(
        self,
        blocking: bool | None = None,
        blocking_timeout: Number | None = None,
        token: Bytes | str | None = None,
    ) -> bool:
        """Acquires the lock, and returns whether it could; what is not given is as the lock was made."""
        token = self._new_token(token)
        blocking = self.blocking if blocking is None else blocking
        longest = self.blocking_timeout if blocking_timeout is None else blocking_timeout
        clock = asyncio.get_running_loop().time
        end = None if longest is None else clock() + longest
        while not await self.do_acquire(token):
            if not blocking or (end is not None and clock() + self.sleep > end):
                return False
            await asyncio.sleep(self.sleep)
        self.local.token = token
        return True

    async def do_acquire(self, token: Any) -> bool:
        return bool(await self.redis.set(self.name, token, nx=True, px=self._life))

    async def locked(self) -> bool:
        """Returns whether anyone holds the lock."""
        return await self.redis.get(self.name) is not None

    async def owned(self) -> bool:
        """Returns whether this object holds the lock."""
        return self._owned(await self.redis.get(self.name))

    async def release(self) -> None:
        """Releases the lock; raises LockError if it is not held, LockNotOwnedError if it no longer is.

        The token is kept until the server has replied, so a release that was cancelled can be repeated.
        """
        token = self._held(UNHELD)
        released = await self.lua_release((self.name,), (token,), self.redis)
        self.local.token = None
        if not released:
            raise self._lost("release")

    async def extend(self, additional_time: Number, replace_ttl: bool = False) -> Literal[True]:
        """Adds seconds to the life of the lock, or replaces the rest of its life by them."""
        arguments = (self._limited("extend"), int(additional_time * 1000), "1" if replace_ttl else "0")
        if not await self.lua_extend((self.name,), arguments, self.redis):
            raise self._lost("extend")
        return True

    async def reacquire(self) -> Literal[True]:
        """Gives the lock its full life again."""
        if not await self.lua_reacquire((self.name,), (self._limited("reacquire"), self._life), self.redis):
            raise self._lost("reacquire")
        return True
