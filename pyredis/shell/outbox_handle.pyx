"""A Python handle on the outbox, for tests only."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from pyredis.call.client cimport CLIENT_PUBSUB, CLIENT_REPLICA
from pyredis.call.client_state cimport ClientState
from pyredis.call.outbox cimport SEND_LINE, SEND_PUSH, Mailbox, Message, outbox_send, outbox_send_shared
from pyredis.call.state cimport State
from pyredis.ground.base cimport slice_of
from pyredis.ground.blob cimport Blob, blob_data, blob_new, blob_release

CLASSES = {"normal": 0, "pubsub": CLIENT_PUBSUB, "replica": CLIENT_REPLICA}


def send(State core, receivers, bytes message, uint64_t wait_offset=0, *, bint line=False):
    """Sends each receiver a copy."""
    cdef ClientState receiver
    for receiver in receivers:
        outbox_send(&core.server.outbox, &receiver.client, slice_of(message, len(message)), wait_offset,
                    SEND_LINE if line else SEND_PUSH)


def send_shared(State core, receivers, bytes message, uint64_t wait_offset=0, *, bint line=False):
    """Sends all receivers one block."""
    cdef ClientState receiver
    cdef Blob *blob = blob_new(len(message), len(message))
    memcpy(blob_data(blob), <const char *> message, len(message))
    for receiver in receivers:
        outbox_send_shared(&core.server.outbox, &receiver.client, &blob, wait_offset, SEND_LINE if line else SEND_PUSH)
    blob_release(blob)


def pending(State core):
    """Returns how many clients have undelivered messages, and how many messages these are."""
    cdef Mailbox *mailbox = core.server.outbox.first
    cdef Message *message
    cdef size_t clients = 0, messages = 0
    while mailbox != NULL:
        clients += 1
        message = mailbox.first
        while message != NULL:
            messages += 1
            message = message.next
        mailbox = mailbox.after
    return clients, messages


def set_class(ClientState client, str name):
    """Sets the client's class: ``normal``, ``pubsub`` or ``replica``."""
    client.client.flags &= ~(CLIENT_PUBSUB | CLIENT_REPLICA)
    client.client.flags |= CLASSES[name]
