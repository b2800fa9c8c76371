"""The connection commands that need no Python: PING, ECHO, QUIT."""

from pyredis._resp cimport Replied, reply_array, reply_ok, reply_slice, reply_status
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_CLOSE_AFTER_REPLY, CLIENT_PUBSUB
from pyredis.call.errors cimport reply_wrong_arity
from pyredis.call.handlers cimport native
from pyredis.ground.base cimport Slice, literal


cdef Replied ping_subscriber(Call *call, Slice text) noexcept nogil:
    """In RESP2 what a subscriber receives has the form of a message."""
    reply_array(call.reply, 2)
    reply_slice(call.reply, literal("pong"))
    return reply_slice(call.reply, text)


cdef Replied ping(Call *call) noexcept nogil:
    if call.argc > 2:
        return reply_wrong_arity(call)
    if call.client.flags & CLIENT_PUBSUB and call.client.protocol < 3:
        return ping_subscriber(call, call.argv[1] if call.argc == 2 else literal(""))
    return reply_slice(call.reply, call.argv[1]) if call.argc == 2 else reply_status(call.reply, "PONG")


cdef Replied echo(Call *call) noexcept nogil:
    return reply_slice(call.reply, call.argv[1])


cdef Replied quit(Call *call) noexcept nogil:
    call.client.flags |= CLIENT_CLOSE_AFTER_REPLY
    return reply_ok(call.reply)


HANDLERS = {"ping": native(ping), "echo": native(echo), "quit": native(quit)}
