"""The commands of a connection that need no Python: PING, ECHO, QUIT."""

from pyredis._resp cimport Replied, reply_ok, reply_slice, reply_status
from pyredis.dispatch.dispatch cimport CLIENT_CLOSE_AFTER_REPLY, Call, native, reply_wrong_arity


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
