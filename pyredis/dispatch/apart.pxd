"""Commands that may run for very long, on a stack of their own.

A script runs on a second stack (``include/fiber.h``). When it has run for longer than ``busy-reply-threshold``, it is
*suspended*: the stack is left as it is, the client counts as blocked, and the loop goes on as ever, but for two things.
Every command without the flag ``allow_busy`` is refused with BUSY, and nothing happens in the background that a script
must not see (expired keys stay). At the end of every iteration the script runs on for ``SLICE_MS``. Its reply reaches
the client as that of a command that waited.

A script is only suspended where Lua counts instructions or looks at the clock (``Server.on_checkpoint``), never
inside one of its commands; so whatever else runs finds all structures whole. What is under way stays with the stack:
the reply so far, the open unit of the log, the moment at which the script began. An EXEC that has queued a script runs
on that stack too.

A client in process cannot be answered later: its scripts run to their end.
"""

from pyredis.call.call cimport Call
from pyredis.call.state cimport Server

# Runs the command, perhaps not to its end.
cdef void run_apart(Call *call) noexcept nogil
# Whether a command is suspended.
cdef bint apart_suspended(const Server *server) noexcept nogil
# Runs the suspended command on. Its reply is in the outbox when it has come to its end.
cdef void apart_resume(Server *server) noexcept nogil
cdef void apart_delete(Server *server) noexcept nogil
