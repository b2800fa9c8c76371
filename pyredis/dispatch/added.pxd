"""Commands that the program adds: running their handlers, which are Python functions, and what these may do.

``added_command`` is the native handler of all of them. It calls the function of the command, which is in
``Core.handlers``, with a ``CommandContext`` and a list of the request's words. The function returns a value of
``replies``; what it raises becomes an error reply, and a line in the log unless it is a ``ReplyError``.

The function calls commands with ``CommandContext.call``, as a script does: nothing waits, the clock stands still, what
the commands append to the log is one unit, and clients that wait are served after the command has ended. The command
itself is never propagated. What always holds:

- A handler may call the commands that a script may call, and only those that write if its own command does. It runs no
  script, because a script may be running it.
- A context is used in its thread only, while its command runs and nothing that it has called does.
- The replies of the commands that it calls are removed from the reply buffer before it goes on.
"""

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call
from pyredis.call.client cimport Client
from pyredis.call.command cimport Command
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice


cdef class CommandContext:
    cdef Call *running          # the call of its command; NULL once that has ended
    cdef Client client          # as which it calls commands
    cdef unsigned long thread
    cdef bint calling
    cdef bint wrote             # it has called a command that writes
    cdef bint out_of_memory     # at its start, the server used more than `maxmemory`

    cdef void begin(self, Call *call) noexcept
    cdef int check(self) except -1
    cdef const char *refusal(self, const Command *command) noexcept
    cdef int run(self, int argc, Slice *argv) except -1
    cdef int execute(self, Call *call) except -1

cdef Replied added_command(Call *call) noexcept nogil
# The handler of commands that have been removed.
cdef Replied removed_command(Call *call) noexcept nogil
