"""Blocks a client until its command is answered, and ends a wait for keys at its timeout."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from pyredis._resp cimport reply_raw
from pyredis.call.client cimport CLIENT_BLOCKED
from pyredis.call.outbox cimport outbox_answer
from pyredis.call.pausing cimport is_held_back
from pyredis.call.state cimport Server, enter
from pyredis.call.subscriptions cimport forget_subscriptions
from pyredis.call.tracking cimport tracking_forget
from pyredis.call.waiting cimport waiter_of
from pyredis.dispatch.serving cimport end_wait, forget_waiting
from pyredis.keyspace.keyspace cimport keyspace_tick
from pyredis.shell.sending cimport Sender

cdef enum:
    DAY = 86400

# Seconds by which a loop's timer may fire too early.
RESOLUTION = 0.0005


cdef class Blockable(Sender):
    """A connection that executes nothing while one of its commands waits."""

    def block(self):
        """Stops executing the client's commands until ``unblock``; its input is kept."""
        self.client.flags |= CLIENT_BLOCKED

    def unblock(self, bytes reply):
        """Answers the command that blocked the client, and continues with its input."""
        cdef Server *server = &self.hub.core.server
        cdef size_t begin = server.reply.size
        enter(self.hub.core)
        reply_raw(&server.reply, PyBytes_AS_STRING(reply), PyBytes_GET_SIZE(reply))
        outbox_answer(&server.outbox, &self.client, &server.reply, begin, 0)
        self.hub.deliver_soon()

    cdef int arm(self) except -1:
        """Sets the alarm for the waiting command, if it has a timeout."""
        if waiter_of(&self.client).timeout_ms > 0:
            self.wait_ends = self.hub.timers.time() + waiter_of(&self.client).timeout_ms / 1000.0
            self.set_alarm()
        return 0

    def set_alarm(self):
        """Sets a timer, for at most a day, because an event loop need not accept every delay."""
        now = self.hub.timers.time()
        self.alarm = self.hub.timers.call_at(min(self.wait_ends, now + DAY), self.ring)

    def retime(self, double shift):
        """Sets the timer again, ``shift`` seconds later, because the hub's ``timers`` are others now."""
        if self.alarm is not None:
            self.alarm.cancel()
            self.wait_ends += shift
            self.set_alarm()

    def ring(self):
        enter(self.hub.core)
        self.alarm = None
        if self.client.waiter == NULL:
            return
        if self.hub.timers.time() < self.wait_ends - RESOLUTION:
            self.set_alarm()
            return
        keyspace_tick(&self.hub.core.server.keyspace)
        self.end_wait()
        self.hub.deliver_soon()

    cdef int go_on(self) except -1:
        self.disarm()
        self.hub.loop.call_soon(self.resume)
        return 0

    cdef int disarm(self) except -1:
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        return 0

    def end_wait(self, bint error=False):
        """Ends the wait for keys with the reply of a timeout, or with an error; returns False if there is no wait."""
        enter(self.hub.core)
        if self.client.waiter == NULL or is_held_back(&self.client):
            return False
        end_wait(&self.hub.core.server, &self.client, error)
        return True

    cdef int stop_waiting(self) except -1:
        """Ends the wait, without a reply, the subscriptions and tracking: from now on nothing is removed from a key for
        this client, and nothing is published or reported to it."""
        self.disarm()
        forget_waiting(&self.hub.core.server, &self.client)
        forget_subscriptions(&self.hub.core.server, &self.client)
        tracking_forget(&self.hub.core.server, &self.client)
        return 0
