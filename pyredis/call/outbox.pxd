"""The outbox: how bytes reach a client other than as the reply of its own running command.

Whoever has something for a client (the answer of a command that waited, a message, an event) sends it here; the shell
delivers it. What always holds:

- A client receives what was sent to it in the order in which it was sent: after the replies of the commands it had
  executed before, and before those of later ones. So what a command sends to its own client follows the command's
  reply, and what others send goes out at the end of the iteration (``Hub.flush``) or before the client's next command,
  whichever comes first.
- Like a reply that shows a change, it waits until the file is written, or durable, up to ``wait_offset``; what was sent
  to one client by then waits together.
- CLIENT REPLY OFF and SKIP hold back answers and lines, but no pushes, in both protocols, as in Redis.
- A message for many is one block that each of them has a reference to. Nothing is copied until the shell writes it, and
  from ``MESSAGE_SHARED`` bytes up not even then.
- A client that ends takes nothing more, and drops what is addressed to it (``outbox_forget``): no mailbox outlives its
  client.

A client has a mailbox only while something is addressed to it. The bytes are sent as they are: the sender encodes them
for the client's protocol.
"""

from libc.stdint cimport uint64_t

from pyredis._resp cimport Reply
from pyredis.call.client cimport Client
from pyredis.ground.base cimport Slice
from pyredis.ground.blob cimport Blob

cdef enum Sending:
    SEND_PUSH = 0               # a message, an invalidation: whatever CLIENT REPLY says
    SEND_LINE = 1               # a line of MONITOR: only to a client that takes replies

cdef enum:
    # From this size on, a shared message is sent from its block: below, a reference costs as much as a copy.
    MESSAGE_SHARED = 1024

ctypedef struct Message:
    Message *next
    Blob *blob                  # held; NULL where the bytes follow
    Slice bytes

ctypedef struct Mailbox:
    Client *client
    Mailbox *before             # in the order in which clients were first addressed
    Mailbox *after
    Message *first              # NULL where an answer is withheld
    Message *last
    uint64_t wait_offset        # the highest of its messages
    bint answered               # a command that waited is over: the client may go on

ctypedef struct Outbox:
    Mailbox *first
    Mailbox *last

# Sends a copy of the bytes.
cdef void outbox_send(Outbox *outbox, Client *client, Slice bytes, uint64_t wait_offset, Sending kind) noexcept nogil
# Sends the whole block without copying it; the caller keeps its own reference. Once the block can have no more owners,
# `message` becomes a copy of it, for the next ones.
cdef void outbox_send_shared(Outbox *outbox, Client *client, Blob **message, uint64_t wait_offset, Sending kind
                             ) noexcept nogil
# The command that the client waited for is over: takes its reply, from offset `begin` on, out of the reply buffer.
cdef void outbox_answer(Outbox *outbox, Client *client, Reply *reply, size_t begin, uint64_t wait_offset) noexcept nogil
# Appends what is addressed to the client to a reply, and raises `wait_offset`. Returns whether it was answered.
cdef bint outbox_collect(Outbox *outbox, Client *client, Reply *reply, uint64_t *wait_offset) noexcept nogil
# Drops what is addressed to the client.
cdef void outbox_forget(Outbox *outbox, Client *client) noexcept nogil
