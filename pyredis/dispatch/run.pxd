"""Running one command that has passed every check, and what follows it: its propagation, its duration, its errors."""

from pyredis.call.call cimport Call

# Runs the command.
cdef void run_command(Call *call) noexcept nogil
# The same, as `Server.run` takes it.
cdef void run_any(void *call) noexcept nogil
# Counts the error reply just written, by its code.
cdef void note_error(Call *call) noexcept with gil
# Counts a command that was refused; inside MULTI, EXEC will be refused too.
cdef void note_rejection(Call *call) noexcept nogil
