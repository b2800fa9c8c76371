"""Commands that may run for very long, on a stack of their own.

A script runs on a second stack (``include/fiber.h``). When it has run for longer than ``busy-reply-threshold``, it is
*suspended*: the stack is left as it is, the client counts as blocked, and the loop goes on as usual, with two
exceptions. Every command without the flag ``allow_busy`` is refused with BUSY, and nothing happens in the background
that a script must not see (expired keys stay). In every iteration of the loop the script continues for ``SLICE_MS``.
Its reply reaches the client like that of a command that waited.

A script is suspended only at a checkpoint (``Server.on_checkpoint``), never inside one of its commands, so other code
finds all structures consistent. Its state is set aside with the stack: the reply so far, the open unit of the log, the
time at which its clock stands still. An EXEC that has queued a script runs on that stack too.

A call in process returns its reply at once, so its scripts cannot be suspended.
"""

from pyredis.call.call cimport Call
from pyredis.call.client cimport Client
from pyredis.call.state cimport Server

# Runs the command, which may be suspended before its end.
cdef void run_apart(Call *call) noexcept nogil
# Whether a command is suspended.
cdef bint apart_suspended(const Server *server) noexcept nogil
# Whether a command of this client is suspended. What it runs, such as the queue of EXEC, must not be released.
cdef bint apart_holds(const Server *server, const Client *client) noexcept nogil
# Continues the suspended command. Once the command has ended, its reply is in the outbox.
cdef void apart_resume(Server *server) noexcept nogil
cdef void apart_delete(Server *server) noexcept nogil
