"""The commands to which ``rename-command`` has given another name, or none.

They are not in the index of names, so a server that renames nothing pays for this only when a name is not found. The
append-only file may name a command either way: what clients sent has the new name, what the server wrote itself the
original one.
"""

from pyredis.call.command cimport Command
from pyredis.ground.base cimport Slice

ctypedef struct Rename:
    Command *command
    char *name                  # in lower case; NULL if the command can no longer be called
    size_t size

ctypedef struct Renames:
    Rename *items
    size_t count

# Adds a command; the name is copied, and an empty one is none. `renames` may refer to NULL.
cdef void renames_add(Renames **renames, Command *command, Slice name) noexcept nogil
# The command with this new name, ignoring case, or NULL.
cdef Command *renames_find(const Renames *renames, Slice name) noexcept nogil
# The renamed command with this original name, ignoring case, or NULL.
cdef Command *renames_find_original(const Renames *renames, Slice name) noexcept nogil
cdef void renames_free(Renames *renames) noexcept nogil
