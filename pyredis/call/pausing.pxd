"""CLIENT PAUSE: the commands that wait until the pause ends.

A pause holds back all commands, or those that may write. A command that is held back is kept with its arguments and its
client is blocked, as one that waits for keys is; when the pause ends, the commands go through dispatch from the
beginning, in the order in which they arrived. What always holds:

- While a pause lasts, no command of a client changes the data, except those that follow CLIENT PAUSE in the same EXEC.
- Nor does anything expire: keys that are due are hidden from the commands that read, and stay where they are.
- An unpaused server pays nothing: the pause is one of the restrictions that dispatch asks for with one bit mask.
"""

from libc.stdint cimport int64_t, uint32_t

from pyredis.call.client cimport Client
from pyredis.call.command cimport CMD_MAY_REPLICATE, CMD_WRITE, Command
from pyredis.call.waiting cimport Waiter
from pyredis.ground.base cimport Slice

ctypedef struct Pause:
    int64_t until_ms            # Unix time; 0 while there is no pause
    bint everything             # holds back all commands, not only those that may write
    Waiter *first               # the commands that are held back, oldest first
    Waiter *last


cdef inline bint pause_holds(const Pause *pause, uint32_t flags) noexcept nogil:
    """Whether a command with these flags (``CommandFlag``) is held back."""
    return pause.everything or flags & (CMD_WRITE | CMD_MAY_REPLICATE)


# Begins a pause, or extends the one that is: the later end and the stricter kind are kept.
cdef void pause_extend(Pause *pause, int64_t until_ms, bint everything) noexcept nogil
# Ends the pause; what it holds back is still to be run.
cdef void pause_end(Pause *pause) noexcept nogil
# Keeps a command until the pause ends, and blocks its client.
cdef void pause_hold(Pause *pause, Client *client, Command *command, int argc, const Slice *argv) noexcept nogil
# Takes a command off the list.
cdef void pause_leave(Pause *pause, Waiter *waiter) noexcept nogil
# Whether a command of the client is held back.
cdef bint is_held_back(const Client *client) noexcept nogil
