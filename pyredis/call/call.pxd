"""One call of a command: the argument of its handler. This module is below all commands, and dispatch is above them.

A native handler is a ``noexcept nogil`` function of a ``Call``; one in Python takes ``(client, arguments)`` and returns
a value of ``replies.py``.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Replied, Reply
from pyredis.call.client cimport Client
from pyredis.call.command cimport Command
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Database
from pyredis.types.table.hashtable cimport hash_key

ctypedef struct Call:
    Server *server
    Client *client
    Database *database
    Command *command
    Reply *reply
    Slice *argv
    int argc
    bint failed                 # an error has been replied: the handler must return
    uint64_t hash               # of the first key, if `hashed`
    bint hashed
    int propagation             # Propagation (`call/propagation.pxd`)
    const char *raw             # the request as a multibulk, as it was received; NULL if it was not one
    size_t raw_size
    bint woken                  # a command that waited runs again
    int awaited_kind            # the kind that the handler looked for (`lookup_awaited`)
    bint waits                  # it waits or continues to wait: there is no reply yet
    uint64_t dirty              # the keyspace's count of changes before the call

ctypedef Replied (*Handler)(Call *call) noexcept nogil


cdef inline void call_begin(Call *call, Server *server, Client *client, Command *command, int argc, Slice *argv,
                            const char *raw, size_t raw_size) noexcept nogil:
    """Initializes a call, for every caller: a batch, EXEC, a client that is woken. `raw` is the request as a multibulk,
    or NULL. The reply is written in the client's protocol."""
    call.server = server
    call.client = client
    call.database = client.database
    call.command = command
    call.reply = &server.reply
    call.argv = argv
    call.argc = argc
    call.hash = 0
    call.hashed = False
    call.raw = raw
    call.raw_size = raw_size
    call.woken = False
    server.reply.protocol = client.protocol


cdef inline Slice argument(const Call *call, int index) noexcept nogil:
    return call.argv[index]


cdef inline uint64_t key_hash(Call *call, int index) noexcept nogil:
    """Returns the hash of the key in argument `index`; that of the first key is computed once."""
    if index != call.command.first_key:
        return hash_key(call.argv[index].data, call.argv[index].size)
    if not call.hashed:
        call.hash = hash_key(call.argv[index].data, call.argv[index].size)
        call.hashed = True
    return call.hash
