"""The command table of a server: filling it from descriptions, and adding commands while the server runs.

The commands of the table are one array, each command's subcommands contiguous. Commands that the program adds have no
subcommands and an allocation each. None of them ever moves or is freed before the server: queued requests and clients
refer to them. A command that is removed leaves the index, and a request that MULTI has queued before replies that the
command is unknown. If a command of the same name is added later, it takes the old one's place.
"""

from pyredis.call.command cimport Command
from pyredis.call.state cimport Server

# Fills the table, the list of descriptions and the list of Python handlers. `specs` and `bound` are those of `Core`.
cdef int install_table(Server *server, dict specs, dict bound, list described, list handlers) except -1
# Adds a command; `function` is its handler (`dispatch/added`). Raises ValueError if the name is one of a command.
cdef int install_added(Server *server, object spec, object function, list described, list handlers) except -1
# Removes a command that was added. Raises ValueError if there is none of that name.
cdef int remove_added(Server *server, str name, list handlers) except -1
# Gives commands other names, or none; `names` has the new name of each by its original one. Call it at most once.
cdef int rename_commands(Server *server, dict names) except -1
# Frees all commands.
cdef void free_commands(Server *server) noexcept nogil
# Returns a command by its index: those of the table, then those that were added.
cdef inline Command *command_at(const Server *server, int index) noexcept nogil:
    if index < server.command_count:
        return server.commands + index
    return server.added[index - server.command_count]
