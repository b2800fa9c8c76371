"""The native part of the objects that a program calls: one call of a method, from its arguments to its result."""

from cpython.object cimport PyObject

from pyredis.shell.local_client cimport LocalClient, Ticket

import asyncio
from _thread import allocate_lock
from functools import partial

from pyredis.shell.local_client import ELSEWHERE, ClientClosed

cdef extern from "Python.h":
    PyObject *PyExc_StopIteration
    # Raises always, which the result -1 tells Cython.
    void PyErr_SetObject(object kind, object value) except *

_ELSEWHERE = ELSEWHERE


cdef class Handle:
    """Runs commands for any number of callers, in one database of an engine.

    A subclass in Python has ``_translated(error)``, which returns the exception to raise for a native one.
    """

    cdef readonly object engine
    cdef readonly LocalClient client    # shared by all callers
    cdef readonly int database

    def __init__(self, engine, int database=0, bint decode_responses=False):
        self.engine = engine
        self.database = database
        self.client = engine.client(database, decode_responses, shared=True)

    def replace_client(self, error):
        """Replaces a client that CLIENT KILL has closed, as a connection would be. Raises an error at the end."""
        if self.engine.server.stopped:
            raise self._translated(error) from None
        self.client = self.engine.client(self.database, self.client.decode, shared=True)


# ---- without an event loop ----

def wait_for(LocalClient client not None, Ticket ticket not None):
    """Returns what a ticket is for, once it is there. An exception, such as KeyboardInterrupt, ends the wait."""
    arrived = allocate_lock()
    arrived.acquire()
    if ticket.call_when_done(arrived.release):
        try:
            arrived.acquire()
        except BaseException:
            client.abandon(ticket)
            raise
    if isinstance(ticket.value, Exception):
        raise ticket.value
    return ticket.value


cdef class SyncHandle(Handle):
    """Its calls return results."""

    def _call(self, words, convert=None, bint decode=True):
        """Runs a command and returns its reply, converted."""
        try:
            reply = self.client.run(words, not decode)
            if type(reply) is Ticket:
                reply = wait_for(self.client, reply)
            elif reply is _ELSEWHERE:
                reply = self.call_elsewhere(words)
        except ClientClosed as error:
            self.replace_client(error)
            return self._call(words, convert, decode)
        except Exception as error:
            raise self._translated(error) from None
        return reply if convert is None else convert(reply)

    def call_elsewhere(self, words):
        """Runs a command that may wait with a client of its own."""
        cdef LocalClient client = self.engine.borrow(self.database, self.client.decode)
        try:
            reply = client.run(words)
            return wait_for(client, reply) if type(reply) is Ticket else reply
        finally:
            self.engine.give_back(client, self.database)


# ---- on an event loop ----

cdef object stop_with(object value):
    """Raises StopIteration as a generator does, without making the exception where that can be spared."""
    PyErr_SetObject(<object> PyExc_StopIteration, value)


cdef class Ready:
    """A coroutine that has finished: awaiting it takes no turn of the loop."""

    cdef object value
    cdef object error           # to be raised, or None

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    def send(self, argument):
        if self.error is not None:
            raise self.error
        if isinstance(self.value, (tuple, BaseException)):
            raise StopIteration(self.value)
        return stop_with(self.value)

    def throw(self, kind, value=None, trace=None):
        raise kind if value is None else value

    def close(self):
        pass


cdef Ready ready(object value):
    cdef Ready result = Ready.__new__(Ready)
    result.value = value
    return result


cdef class AsyncHandle(Handle):
    """Its calls return awaitables, which have finished already if nothing waits."""

    def _call(self, words, convert=None, bint decode=True):
        cdef Ready result
        try:
            reply = self.client.run(words, not decode)
            if type(reply) is Ticket:
                return self.finish(self.client, reply, convert)
            if reply is _ELSEWHERE:
                return self.call_elsewhere(words, convert)
            return ready(reply if convert is None else convert(reply))
        except ClientClosed as error:
            if not self.engine.server.stopped:
                self.replace_client(error)
                return self._call(words, convert, decode)
            failure = error
        except Exception as error:
            failure = error
        result = ready(None)
        result.error = self._translated(failure)
        return result

    def call_elsewhere(self, words, convert):
        """Runs a command that may wait with a client of its own."""
        cdef LocalClient client = self.engine.borrow(self.database, self.client.decode)
        try:
            reply = client.run(words)
        except BaseException:
            self.engine.give_back(client, self.database)
            raise
        if type(reply) is Ticket:
            return self.finish(client, reply, convert)
        self.engine.give_back(client, self.database)
        return ready(reply if convert is None else convert(reply))

    async def finish(self, LocalClient client, Ticket ticket, convert):
        try:
            reply = await arrival(client, ticket)
        except Exception as error:
            raise self._translated(error) from None
        finally:
            if client is not self.client:
                self.engine.give_back(client, self.database)
        return reply if convert is None else convert(reply)


def set_done(future):
    if not future.done():
        future.set_result(None)


def wake(loop, future):
    """Ends the wait of a coroutine, from any thread."""
    try:
        loop.call_soon_threadsafe(set_done, future)
    except RuntimeError:
        # The loop has been closed, and its coroutine with it.
        pass


async def arrival(LocalClient client not None, Ticket ticket not None):
    """Returns what a ticket is for, once it is there. If the task is cancelled, the command has no effect.

    If the command was executed before the cancellation, its result is returned, and the task is cancelled at its next
    wait: so nothing that has been taken from a key is lost.
    """
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    if ticket.call_when_done(partial(wake, loop, future)):
        try:
            await future
        except asyncio.CancelledError:
            if client.abandon(ticket):
                raise
            loop.call_soon(cancel_again, asyncio.current_task())
    if isinstance(ticket.value, Exception):
        raise ticket.value
    return ticket.value


def cancel_again(task):
    """Repeats a cancellation that came too late, unless whoever asked for it has given it up."""
    if task is not None and task.cancelling() and not task.done():
        task.uncancel()
        task.cancel()


# ---- pipelines ----

cdef class CommandQueue:
    """Keeps commands for later: the native part of a pipeline.

    A subclass in Python has ``_run_now(words, convert, decode)``, for the time between WATCH and MULTI.
    """

    cdef public list commands           # (words, converter, whether to decode)
    cdef public bint immediate          # commands are run at once

    def __init__(self):
        self.commands = []

    def _call(self, words, convert=None, bint decode=True):
        if self.immediate:
            return self._run_now(words, convert, decode)
        self.commands.append((words, convert, decode))
        return self
