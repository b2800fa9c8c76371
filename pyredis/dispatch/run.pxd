"""Runs one command that has passed every check, propagates it, and records its duration and its errors."""

from pyredis.call.call cimport Call

# Runs the command.
cdef void run_command(Call *call) noexcept nogil
# The same, with the signature of `Server.run`.
cdef void run_any(void *call) noexcept nogil
# A command that waited is answered without running again: counts it, with the time that it ran.
cdef void note_answer(Call *call) noexcept nogil
# Counts the error reply just written, by its code.
cdef void note_error(Call *call) noexcept with gil
# Counts a command that was refused; inside MULTI, makes EXEC abort.
cdef void note_rejection(Call *call) noexcept nogil
