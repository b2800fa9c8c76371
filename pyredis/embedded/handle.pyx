"""The native part of the objects that a program calls: one call of a method, from its arguments to its result."""

cimport cython
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF

from pyredis.shell.local_client cimport LocalClient, Ticket
from pyredis.wire.plain_replies cimport DECODED, IN_TUPLES

import asyncio
from collections.abc import Coroutine
from _thread import allocate_lock
from functools import partial

from pyredis.embedded.api.conversions import ok_or_none, score_pairs
from pyredis.embedded.api.string_by_hand import StringByHand
from pyredis.ground.exclusion import check_outside
from pyredis.shell.local_client import ELSEWHERE as _elsewhere
from pyredis.shell.local_client import ClientClosed

cdef extern from *:
    """
    static void set_stop_iteration(PyObject *value) {
        /* A tuple or an exception would be taken for the arguments of StopIteration, or for the exception itself. */
        if (PyTuple_Check(value) || PyExceptionInstance_Check(value)) {
            PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, value);
            if (stop != NULL) {
                PyErr_SetObject(PyExc_StopIteration, stop);
                Py_DECREF(stop);
            }
        } else {
            PyErr_SetObject(PyExc_StopIteration, value);
        }
        Py_DECREF(value);
    }

    static void set_instance(PyObject *error) {
        PyErr_SetObject((PyObject *) Py_TYPE(error), error);
    }

    static void set_reuse_error(void) {
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
    }

    static void replace_slots(PyTypeObject *type, PyObject *(*next)(PyObject *),
                              int (*send)(PyObject *, PyObject *, PyObject **)) {
        type->tp_iternext = next;
        type->tp_as_async->am_send = (sendfunc) send;
    }
    """
    enum: PYGEN_RETURN
    enum: PYGEN_ERROR
    # Raises StopIteration with the value, whose reference it takes over.
    void set_stop_iteration(PyObject *value)
    void set_instance(PyObject *error)
    void set_reuse_error()
    void replace_slots(PyTypeObject *type, PyObject *(*next)(PyObject *) noexcept,
                       int (*send)(PyObject *, PyObject *, PyObject **) noexcept)

cdef object _ELSEWHERE = _elsewhere
cdef object _score_pairs = score_pairs
cdef bytes _GET = b"GET"
cdef bytes _SET = b"SET"


cdef inline bint is_plain_set(ex, px, bint nx, bint xx, bint keepttl, bint get, exat, pxat, ifeq, ifne, ifdeq, ifdne):
    return not (nx or xx or keepttl or get) and ex is None and px is None and exat is None and pxat is None and \
        ifeq is None and ifne is None and ifdeq is None and ifdne is None


cdef inline int form_of(convert, bint decode) noexcept:
    """Returns how the reply is converted (``wire/plain_replies``) before the converter gets it."""
    return (DECODED if decode else 0) | (IN_TUPLES if convert is _score_pairs else 0)


cdef inline bint has_tuples(reply, convert):
    """Whether the reply is already what `score_pairs` would return."""
    return convert is _score_pairs and type(reply) is list and (not <list> reply or type((<list> reply)[0]) is tuple)


cdef class Calls:
    """What every face has in native code: its way to run a command, and the methods that are called most."""

    cdef object call(self, words, convert, bint decode):
        raise NotImplementedError

    def _call(self, words, convert=None, bint decode=True):
        """Runs a command or keeps it for later: see ``pyredis.embedded.api``."""
        return self.call(words, convert, decode)

    @cython.always_allow_keywords(True)
    def get(self, name):
        """Returns the string stored at a key."""
        return self.call((_GET, name), None, True)

    def set(self, name, value, ex=None, px=None, bint nx=False, bint xx=False, bint keepttl=False, bint get=False,
            exat=None, pxat=None, ifeq=None, ifne=None, ifdeq=None, ifdne=None):
        """Sets a string; None if a condition does not hold, and the old value with ``get``."""
        if is_plain_set(ex, px, nx, xx, keepttl, get, exat, pxat, ifeq, ifne, ifdeq, ifdne):
            return self.call((_SET, name, value), ok_or_none, True)
        return StringByHand.set(self, name, value, ex, px, nx, xx, keepttl, get, exat, pxat, ifeq, ifne, ifdeq, ifdne)


cdef class Handle(Calls):
    """Runs commands for any number of callers, in one database of an engine.

    A subclass in Python has ``_translated(error)``, which returns the exception to raise for a native one.
    """

    cdef readonly object engine
    cdef readonly LocalClient own_client    # shared by all callers
    cdef readonly int database

    def __init__(self, engine, int database=0, bint decode_responses=False):
        self.engine = engine
        self.database = database
        self.own_client = engine.client(database, decode_responses, shared=True)

    def __reduce__(self):
        """Raises TypeError: neither a copy nor another process could use the same client."""
        raise TypeError(f"{type(self).__name__} can be neither copied nor pickled: open the database where it is used")

    def replace_client(self, error):
        """Replaces a client that CLIENT KILL has closed, as a connection would be. Raises an error at the end."""
        try:
            if self.is_closed():
                raise ClientClosed("the database has been closed")
            self.own_client = self.engine.client(self.database, self.own_client.decode, shared=True)
        except Exception as failure:
            raise self._translated(failure) from None

    def is_closed(self):
        """Whether `replace_client` fails."""
        return not self._open or self.engine.server.stopped


cdef bint given_up(LocalClient client, Ticket ticket, wake) except -1:
    """Whether the ticket's command has no effect. If the database has been closed meanwhile, it has none."""
    try:
        return client.abandon(ticket, wake)
    except (RuntimeError, ConnectionError):
        return True


# ---- without an event loop ----

def wait_for(LocalClient client not None, Ticket ticket not None):
    """Returns what a ticket is for, once it is there. An exception, such as KeyboardInterrupt, ends the wait."""
    arrived = allocate_lock()
    arrived.acquire()
    if ticket.call_when_done(arrived.release):
        try:
            check_outside("wait for another database")
            arrived.acquire()
        except BaseException:
            given_up(client, ticket, arrived.release)
            raise
    if isinstance(ticket.value, Exception):
        raise ticket.value
    return ticket.value


cdef class SyncHandle(Handle):
    """Its calls return results."""

    cdef object call(self, words, convert, bint decode):
        try:
            reply = self.own_client.run_words(words, form_of(convert, decode))
            if type(reply) is Ticket:
                reply = wait_for(self.own_client, reply)
            elif reply is _ELSEWHERE:
                reply = self.call_elsewhere(words, decode)
        except ClientClosed as error:
            self.replace_client(error)
            return self.call(words, convert, decode)
        except Exception as error:
            raise self._translated(error) from None
        return reply if convert is None or has_tuples(reply, convert) else convert(reply)

    def call_elsewhere(self, words, bint decode):
        """Runs a command that may wait with a client of its own."""
        cdef LocalClient client = self.engine.borrow(self.database, self.own_client.decode)
        try:
            reply = client.run(words, not decode)
            return wait_for(client, reply) if type(reply) is Ticket else reply
        finally:
            self.engine.give_back(client, self.database)


# ---- on an event loop ----

@cython.final
@cython.freelist(16)
cdef class Ready:
    """A coroutine that has finished: awaiting it takes no turn of the loop.

    Its slots for iteration and sending are replaced below: as methods of Cython they would add an entry to a traceback
    for each result, which costs more than everything else.
    """

    cdef object value
    cdef object error           # to be raised, or None
    cdef bint taken

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def send(self, value):
        """Ends the coroutine with its result."""
        return next(self)

    def throw(self, kind, value=None, trace=None):
        """Ends the coroutine with an exception."""
        self.taken = True
        raise kind if value is None else value

    def close(self):
        """Ends the coroutine."""
        self.taken = True


Coroutine.register(Ready)


cdef int take_result(PyObject *coroutine, PyObject **result) noexcept:
    """Stores a new reference to the result; returns 0 after an exception has been set."""
    cdef Ready ready = <Ready> coroutine
    if ready.taken:
        set_reuse_error()
        return 0
    ready.taken = True
    if ready.error is not None:
        set_instance(<PyObject *> ready.error)
        return 0
    result[0] = <PyObject *> ready.value
    Py_INCREF(ready.value)
    return 1


cdef PyObject *next_of_ready(PyObject *coroutine) noexcept:
    cdef PyObject *result
    if take_result(coroutine, &result):
        set_stop_iteration(result)
    return NULL


cdef int send_to_ready(PyObject *coroutine, PyObject *value, PyObject **result) noexcept:
    return PYGEN_RETURN if take_result(coroutine, result) else PYGEN_ERROR


replace_slots(<PyTypeObject *> Ready, next_of_ready, send_to_ready)


cdef Ready ready(object value):
    cdef Ready result = Ready.__new__(Ready)
    result.value = value
    return result


cdef Ready converted(object reply, object convert):
    """Returns the result of a call; what the converter raises is raised when it is awaited."""
    cdef Ready result
    if convert is None or has_tuples(reply, convert):
        return ready(reply)
    try:
        return ready(convert(reply))
    except Exception as error:
        result = ready(None)
        result.error = error
        return result


cdef class AsyncHandle(Handle):
    """Its calls return awaitables, which have finished already if nothing waits."""

    cdef object call(self, words, convert, bint decode):
        cdef Ready result
        try:
            reply = self.own_client.run_words(words, form_of(convert, decode))
            if type(reply) is Ticket:
                return self.finish(self.own_client, reply, convert)
            if reply is _ELSEWHERE:
                return self.call_elsewhere(words, convert, decode)
            return converted(reply, convert)
        except ClientClosed as error:
            try:
                self.replace_client(error)
                return self.call(words, convert, decode)
            except Exception as final:
                failure = final
        except Exception as error:
            failure = error
        result = ready(None)
        result.error = self._translated(failure)
        return result

    def call_elsewhere(self, words, convert, bint decode):
        """Runs a command that may wait with a client of its own."""
        cdef LocalClient client = self.engine.borrow(self.database, self.own_client.decode)
        try:
            reply = client.run(words, not decode)
        except BaseException:
            self.engine.give_back(client, self.database)
            raise
        if type(reply) is Ticket:
            return self.finish(client, reply, convert)
        self.engine.give_back(client, self.database)
        return converted(reply, convert)

    async def finish(self, LocalClient client, Ticket ticket, convert):
        try:
            reply = await arrival(client, ticket)
        except Exception as error:
            raise self._translated(error) from None
        finally:
            if client is not self.own_client:
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
    done = partial(wake, loop, future)
    if ticket.call_when_done(done):
        try:
            await future
        except asyncio.CancelledError:
            if given_up(client, ticket, done) or isinstance(ticket.value, Exception):
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

cdef class CommandQueue(Calls):
    """Keeps commands for later: the native part of a pipeline.

    A subclass in Python has ``_run_now(words, convert, decode)``, for the time between WATCH and MULTI.
    """

    cdef public list commands           # (words, converter, whether to decode)
    cdef public bint immediate          # commands are run at once

    def __init__(self):
        self.commands = []

    cdef object call(self, words, convert, bint decode):
        if self.immediate:
            return self._run_now(words, convert, decode)
        self.commands.append((words, convert, decode))
        return self


def convert_all(list commands not None, list replies not None):
    """Returns (results, -1), or (None, index) if the reply at the index is an exception."""
    cdef list results = []
    cdef Py_ssize_t index
    for index in range(len(replies)):
        reply = replies[index]
        if isinstance(reply, Exception):
            return None, index
        convert = (<tuple> commands[index])[1]
        results.append(reply if convert is None else convert(reply))
    return results, -1
