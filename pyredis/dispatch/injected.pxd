"""Injected faults: commands that fail, wait or lose their connection because the program has asked for that.

While there are faults, ``RESTRICT_FAULTS`` is one of the server's restrictions, so without any they cost nothing. The
rules are in Python (``Core.faults``): ``strike(client, spec, words, nested)`` returns None, or one of

    (FAULT_ERROR, text)     the command is refused with this error, bytes without a line break
    (FAULT_DROP, None)      the connection is closed after the replies to earlier commands, and nothing is executed
    (FAULT_HOLD, None)      the command is held back as by CLIENT PAUSE, until the client's ``run_held_back`` is called
    (FAULT_LATE, seconds)   the command is executed, and its reply delivered later, by ``keep(client, HeldReply)``;
                            with None it is never delivered, and the connection is closed

A fault strikes a command that has passed every other check, when it arrives: inside MULTI when it is queued. With
``nested``, for a command that a script or a handler calls, only an error is possible.
"""

from pyredis._resp cimport Reply
from pyredis.call.call cimport Call
from pyredis.call.state cimport Server

cdef enum Fault:
    FAULT_NONE = 0
    FAULT_ERROR = 1
    FAULT_DROP = 2
    FAULT_HOLD = 3
    FAULT_LATE = 4


cdef class HeldReply:
    cdef Reply reply
    cdef Server *server
    cdef object core            # keeps the server

# Asks the rules about a client's command, and does what they say except for errors, whose text is stored, and late
# replies.
cdef Fault strike(Call *call, const char **text) noexcept with gil
# After a command with FAULT_LATE: removes its reply, which begins at ``begin``.
cdef void hold_reply(Call *call, size_t begin) noexcept with gil
# For `Server.fault`: refuses a Call of a script or a handler if a rule says so.
cdef bint strike_nested(void *call) noexcept nogil
