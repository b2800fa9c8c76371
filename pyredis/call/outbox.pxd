"""The outbox: all bytes for a client that are not the reply of its own running command.

The reply of a command that waited, a message and an event are sent here; the shell delivers them. Invariants:

- A client receives what was sent to it in the order of sending: after the replies of the commands that it executed
  before, and before those of later ones. So what a command sends to its own client follows the command's reply. What
  others send is delivered at the end of the iteration (``Hub.flush``) or before the client's next command, whichever is
  first.
- Like a reply that shows a change, a message waits until the file is written, or durable, up to ``wait_offset``; all
  messages for one client wait for the highest of these offsets. A message that shows a change of the unit under way,
  whose end in the log is not known yet, waits for ``the_unit_under_way``.
- CLIENT REPLY OFF and SKIP suppress replies and lines, but no pushes, in both protocols, as in Redis.
- A message for many clients is one block with a reference for each of them. Nothing is copied until the shell writes
  it, and from ``MESSAGE_SHARED`` bytes up not even then.
- A client that is being closed accepts no messages. Those already addressed to it are dropped (``outbox_forget``), so
  no mailbox outlives its client.

A client has a mailbox only while something is addressed to it. The bytes are sent unchanged: the sender encodes
them for the client's protocol.
"""

from libc.stdint cimport uint64_t

from pyredis._resp cimport Reply
from pyredis.call.client cimport Client
from pyredis.ground.base cimport Slice
from pyredis.ground.blob cimport Blob
from pyredis.journal.log cimport Log

cdef enum Sending:
    SEND_PUSH = 0               # a message, an invalidation: independent of CLIENT REPLY
    SEND_LINE = 1               # a line of MONITOR: suppressed by CLIENT REPLY OFF and SKIP

cdef enum:
    # From this size on, a shared message is sent from its block; below it, a reference costs as much as a copy.
    MESSAGE_SHARED = 1024

ctypedef struct Message:
    Message *next
    Blob *blob                  # a reference; NULL if the bytes follow this struct
    Slice bytes

ctypedef struct Mailbox:
    Client *client
    Mailbox *before             # in the order in which clients were first addressed
    Mailbox *after
    Message *first              # NULL if the reply was suppressed
    Message *last
    uint64_t wait_offset        # the highest of its messages
    bint answered               # the wait of a command has ended: the client may continue

ctypedef struct Outbox:
    Mailbox *first
    Mailbox *last
    const Log *log              # of changes, whose positions the messages wait for
    bint broadcasts             # more will be sent at the end of the iteration (`call/tracking`, BCAST)


cdef inline bint outbox_has_mail(const Outbox *outbox) noexcept nogil:
    """Returns whether anything is to be delivered at the end of the iteration."""
    return outbox.first != NULL or outbox.broadcasts


cdef inline uint64_t the_unit_under_way() noexcept nogil:
    """Returns the `wait_offset` for a message about a unit whose end is not known yet. The message is not collected
    before the unit has ended, which a suspended script's does late; then it waits for the position published by then.
    """
    return <uint64_t> -1


# Sends a copy of the bytes.
cdef void outbox_send(Outbox *outbox, Client *client, Slice bytes, uint64_t wait_offset, Sending kind) noexcept nogil
# Sends the entire block without copying it; the caller keeps its own reference. If the block can have no more owners,
# `message` is replaced with a copy, for this client and the following ones.
cdef void outbox_send_shared(Outbox *outbox, Client *client, Blob **message, uint64_t wait_offset, Sending kind
                             ) noexcept nogil
# Ends the client's wait: moves the reply, from offset `begin` on, from the reply buffer to the outbox.
cdef void outbox_answer(Outbox *outbox, Client *client, Reply *reply, size_t begin, uint64_t wait_offset) noexcept nogil
# The first mailbox that may be collected, or NULL.
cdef Mailbox *outbox_due(const Outbox *outbox) noexcept nogil
# Appends everything addressed to the client to `reply`, and raises `wait_offset`. Returns whether a wait has ended.
# Does nothing if the unit that a message shows has not ended.
cdef bint outbox_collect(Outbox *outbox, Client *client, Reply *reply, uint64_t *wait_offset) noexcept nogil
# Drops everything addressed to the client.
cdef void outbox_forget(Outbox *outbox, Client *client) noexcept nogil
