"""What a user may do, compiled for the check before each command: commands, keys and channels.

Users themselves are policy, in Python (``commands/server/users``); ``Permissions`` is what they compile into. A client
refers to the struct of its user, ``Client.user``; while that is NULL it is the default user's, and its rights are
``Server.default_user``, NULL as long as that user may do everything. So the check costs nothing until somebody
restricts the default user (``RESTRICT_USER``) or a client authenticates as another one (``CLIENT_RESTRICTED``).

A user's rights change in place, which is how a change reaches connected clients at once. The struct is counted: it
exists as long as its user or a client refers to it. Its memory is the C library's, not the server's account, because a
client may release it at any time.
"""

from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_LOADER, Client
from pyredis.call.command cimport Command
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice

cdef enum Right:
    RIGHT_READ = 1
    RIGHT_WRITE = 2

# Why a command is refused; of several reasons, those of several selectors, the highest is given.
cdef enum Denial:
    ALLOWED = 0
    DENIED_COMMAND = 1
    DENIED_KEY = 2
    DENIED_CHANNEL = 3

# Where, for ACL LOG.
cdef enum DenialContext:
    WITH_CLIENT = 0             # "toplevel", or "multi" while the client is in a transaction
    IN_SCRIPT = 1

ctypedef struct Rights:
    size_t references
    void *owner                 # its Permissions, borrowed; NULL once the user has been deleted
    bint unrestricted           # some selector allows everything
    void *selectors             # an array (`permissions.pyx`)
    int count


cdef inline Rights *rights_of(const Server *server, const Client *client) noexcept nogil:
    """Returns the rights of the client's user, or NULL if it may do everything."""
    cdef Rights *rights
    if client.flags & CLIENT_LOADER:
        return NULL
    rights = <Rights *> (client.user if client.user != NULL else server.default_user)
    if rights == NULL or rights.unrestricted:
        return NULL
    return rights


# Returns whether the rights allow a call, whose number of arguments must satisfy the command's arity. `place` is set to
# the argument that is refused, 0 for the command itself.
cdef Denial find_denial(const Rights *rights, const Command *command, int argc, const Slice *argv, int *place
                        ) noexcept nogil
# Whether a selector allows the call and the reading of any key as well, which the patterns of SORT need.
cdef bint may_read_any_key(const Rights *rights, const Command *command, int argc, const Slice *argv) noexcept nogil
# Counts a refused call and enters it in ACL LOG.
cdef void note_denial(Call *call, Denial denial, int place, DenialContext context) noexcept with gil
# Whether the client's user may make the call; a denial is counted and entered in ACL LOG.
cdef Denial check_rights(Call *call, DenialContext context) noexcept nogil
# Returns the error text for a refused call, without its code.
cdef bytes denial_text(const Call *call, Denial denial)
# Whether the client's user has been deleted.
cdef bint client_user_is_gone(const Client *client) noexcept nogil
# Makes the client the default user's, and releases the rights that it had.
cdef void client_forget_user(Client *client) noexcept nogil


cdef class Permissions:
    cdef Rights *rights
    cdef readonly bytes name

# Makes the client this user's.
cdef void client_set_user(Client *client, Permissions permissions) noexcept
# Returns the name of the client's user.
cdef bytes client_user(const Client *client)
