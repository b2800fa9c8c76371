"""The connection commands that need no Python: PING, ECHO, QUIT."""

from pyredis._resp cimport Replied, reply_ok, reply_slice, reply_status
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_CLOSE_AFTER_REPLY
from pyredis.call.errors cimport reply_wrong_arity
from pyredis.call.handlers cimport native


cdef Replied ping(Call *call) noexcept nogil:
    if call.argc == 1:
        return reply_status(call.reply, "PONG")
    if call.argc == 2:
        return reply_slice(call.reply, call.argv[1])
    return reply_wrong_arity(call)


cdef Replied echo(Call *call) noexcept nogil:
    return reply_slice(call.reply, call.argv[1])


cdef Replied quit(Call *call) noexcept nogil:
    call.client.flags |= CLIENT_CLOSE_AFTER_REPLY
    return reply_ok(call.reply)


HANDLERS = {"ping": native(ping), "echo": native(echo), "quit": native(quit)}
