"""The locks of a database in the process behave as those of redis-py, which run on the same database."""

import asyncio
import logging
import threading
from contextlib import asynccontextmanager

import pytest
import redis.asyncio.lock
import redis.exceptions
import redis.lock

import pyredis
from pyredis.embedded.api import client_lock
from pyredis.embedded.api.async_lock import AsyncLock
from pyredis.embedded.api.client_lock import Lock
from support.loop_turns import for_ever, turn

LockError, LockNotOwnedError = redis.exceptions.LockError, redis.exceptions.LockNotOwnedError


@pytest.fixture(params=[False, True], ids=["bytes", "str"])
def face(request):
    with pyredis.open(decode_responses=request.param) as face:
        face.clock.freeze()
        yield face


@pytest.fixture(params=[Lock, redis.lock.Lock], ids=["ours", "theirs"])
def kind(request):
    # redis-py keeps the scripts in the class, with the database that made them.
    return type("FreshLock", (request.param,), {})


def test_a_lock_is_held_by_one(face, kind):
    first, second = kind(face, "l"), kind(face, "l")
    assert (first.locked(), first.owned()) == (False, False)
    assert first.acquire()
    assert second.acquire(blocking=False) is False
    assert (first.locked(), first.owned(), second.locked(), second.owned()) == (True, True, True, False)
    first.release()
    assert second.acquire()


def test_a_lock_is_a_context_manager(face, kind):
    with kind(face, "l") as held:
        assert held.owned()
    assert not held.locked()
    kind(face, "l").acquire()
    with (
        pytest.raises(LockError, match=r"^Unable to acquire lock within the time specified$") as raised,
        kind(face, "l", blocking=False),
    ):
        raise AssertionError
    assert raised.value.lock_name == "l"


def test_a_lock_that_is_not_held_cannot_be_used(face, kind):
    lock = kind(face, "l", timeout=10)
    text = r"^Cannot release a lock that's not owned or is already unlocked.$"
    with pytest.raises(LockError, match=text) as raised:
        lock.release()
    assert raised.value.lock_name == "l"
    with pytest.raises(LockError, match=r"^Cannot extend an unlocked lock$"):
        lock.extend(1)
    with pytest.raises(LockError, match=r"^Cannot reacquire an unlocked lock$"):
        lock.reacquire()


def test_a_lock_without_a_timeout_has_no_time_to_extend(face, kind):
    lock = kind(face, "l")
    lock.acquire()
    assert face.pttl("l") == -1
    with pytest.raises(LockError, match=r"^Cannot extend a lock with no timeout$"):
        lock.extend(1)
    with pytest.raises(LockError, match=r"^Cannot reacquire a lock with no timeout$"):
        lock.reacquire()


def test_the_time_of_a_lock_is_extended_replaced_and_renewed(face, kind):
    lock = kind(face, "l", timeout=10.5)
    lock.acquire()
    assert face.pttl("l") == 10500
    face.clock.advance(1)
    assert lock.extend(2.5) is True
    assert face.pttl("l") == 12000
    assert lock.extend(3, replace_ttl=True) is True
    assert face.pttl("l") == 3000
    assert lock.reacquire() is True
    assert face.pttl("l") == 10500


def test_a_lock_that_has_expired_is_no_longer_owned(face, kind):
    lock = kind(face, "l", timeout=1)
    lock.acquire()
    face.clock.advance(2)
    assert not lock.owned()
    with pytest.raises(LockNotOwnedError, match=r"^Cannot extend a lock that's no longer owned$"):
        lock.extend(1)
    with pytest.raises(LockNotOwnedError, match=r"^Cannot reacquire a lock that's no longer owned$"):
        lock.reacquire()
    other = kind(face, "l")
    other.acquire()
    with pytest.raises(LockNotOwnedError, match=r"^Cannot release a lock that's no longer owned$") as raised:
        lock.release()
    assert raised.value.lock_name == "l"
    assert other.owned()
    with pytest.raises(LockError, match="already unlocked"):
        lock.release()


def test_a_block_that_loses_its_lock_raises_or_warns(face, kind, caplog):
    with pytest.raises(LockNotOwnedError), kind(face, "l", timeout=1):
        face.clock.advance(2)
    with caplog.at_level(logging.WARNING), kind(face, "l", timeout=1, raise_on_release_error=False):
        face.clock.advance(2)
    assert len(caplog.records) == 1


def test_the_token_can_be_chosen(face, kind):
    lock = kind(face, "l")
    assert lock.acquire(token="me")
    assert face.get_encoder().encode(face.get("l")) == b"me"
    assert lock.owned()
    lock.release()
    assert face.get("l") is None


def test_another_thread_does_not_hold_the_lock(face, kind):
    lock, shared = kind(face, "l"), kind(face, "s", thread_local=False)
    lock.acquire()
    shared.acquire()
    found = []
    thread = threading.Thread(target=lambda: found.append((shared.owned(), getattr(lock.local, "token", None))))
    thread.start()
    thread.join()
    assert found == [(True, None)]


def test_a_lock_of_another_thread_cannot_be_released(face):
    lock = Lock(face, "l")
    lock.acquire()
    found = []

    def release():
        try:
            lock.release()
        except LockError as error:
            found.append(str(error))

    thread = threading.Thread(target=release)
    thread.start()
    thread.join()
    assert found == ["Cannot release a lock that's not owned or is already unlocked."]
    assert lock.owned()


def test_acquiring_waits_until_the_lock_is_free(face, kind, monkeypatch):
    holder, lock = kind(face, "l"), kind(face, "l", sleep=0.25)
    holder.acquire()
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            holder.release()

    monkeypatch.setattr(client_lock.time, "sleep", sleep)
    assert lock.acquire(sleep=0.5)
    assert pauses == [0.5, 0.5, 0.5]
    assert lock.owned()


def test_acquiring_gives_up_before_a_pause_that_would_be_too_long(face, kind, monkeypatch):
    kind(face, "l").acquire()
    moment, pauses = [0.0], []

    def sleep(seconds):
        pauses.append(seconds)
        moment[0] += seconds

    monkeypatch.setattr(client_lock.time, "monotonic", lambda: moment[0])
    monkeypatch.setattr(client_lock.time, "sleep", sleep)
    assert kind(face, "l", sleep=1, blocking_timeout=2.5).acquire() is False
    assert pauses == [1, 1]
    assert kind(face, "l", sleep=1).acquire(blocking_timeout=0.5) is False
    assert pauses == [1, 1]


def test_a_database_makes_locks(face):
    lock = face.lock(
        "l", 5, sleep=1, blocking=False, blocking_timeout=2, thread_local=False, raise_on_release_error=False
    )
    assert isinstance(lock, Lock)
    facts = (lock.name, lock.timeout, lock.sleep, lock.blocking, lock.blocking_timeout, lock.thread_local)
    assert facts == ("l", 5, 1, False, 2, False)
    assert not lock.raise_on_release_error
    assert isinstance(face.lock("l", lock_class=redis.lock.Lock), redis.lock.Lock)


# The asynchronous lock.


@asynccontextmanager
async def opened():
    """An asynchronous database whose clock stands still; redis-py asks the pool of a database for its encoder."""
    async with pyredis.aopen() as face:
        face.clock.freeze()
        face.connection_pool = face
        yield face


@pytest.fixture(params=[AsyncLock, redis.asyncio.lock.Lock], ids=["ours", "theirs"])
def async_kind(request):
    return type("FreshLock", (request.param,), {})


def test_an_asynchronous_lock_does_the_same(async_kind):
    async def main():
        async with opened() as face:
            first, second = async_kind(face, "l", timeout=10), async_kind(face, "l")
            assert await first.acquire()
            assert await second.acquire(blocking=False) is False
            assert (await first.locked(), await first.owned(), await second.owned()) == (True, True, False)
            assert await first.extend(5) is True
            assert await face.pttl("l") == 15000
            assert await first.extend(5, replace_ttl=True) is True
            assert await first.reacquire() is True
            assert await face.pttl("l") == 10000
            await first.release()
            with pytest.raises(LockError, match=r"^Cannot release a lock that's not owned or is already unlocked.$"):
                await first.release()
            async with second:
                assert await second.owned()
                with pytest.raises(LockError, match=r"^Unable to acquire lock within the time specified$"):
                    await async_kind(face, "l", blocking=False).__aenter__()
            await first.acquire(token="me")
            face.clock.advance(20)
            with pytest.raises(LockNotOwnedError):
                await first.extend(1)
            with pytest.raises(LockNotOwnedError):
                await first.reacquire()
            with pytest.raises(LockNotOwnedError):
                await first.release()
            with pytest.raises(LockError, match="already unlocked"):
                await first.release()

    asyncio.run(main())


def test_an_asynchronous_lock_waits_and_gives_up(async_kind):
    async def main():
        async with opened() as face:
            holder = async_kind(face, "l")
            await holder.acquire()
            waiting = asyncio.ensure_future(async_kind(face, "l", sleep=0.001).acquire())
            assert await async_kind(face, "l", sleep=1, blocking_timeout=0.5).acquire() is False
            assert not waiting.done()
            await holder.release()
            assert await waiting

    asyncio.run(main())


def test_a_release_that_is_cancelled_can_be_repeated():
    async def main():
        async with opened() as face:
            lock = AsyncLock(face, "l")
            await lock.acquire()
            release = lock.lua_release

            async def never(*arguments):
                await for_ever()

            lock.lua_release = never
            task = asyncio.ensure_future(lock.release())
            await turn()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            lock.lua_release = release
            await lock.release()
            assert not await lock.locked()

    asyncio.run(main())


def test_an_asynchronous_block_that_loses_its_lock_raises_or_warns(caplog):
    async def main():
        async with opened() as face:
            with pytest.raises(LockNotOwnedError):
                async with face.lock("l", timeout=1):
                    face.clock.advance(2)
            async with face.lock("l", timeout=1, raise_on_release_error=False):
                face.clock.advance(2)

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert len(caplog.records) == 1
