"""Manages mailboxes and the messages in them; ``outbox.pxd`` has the contract."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport Piece, Reply, reply_piece, reply_raw, reply_truncate
from pyredis.call.client cimport (
    CLIENT_ADDRESSED,
    CLIENT_BLOCKED,
    CLIENT_CACHING,
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    Client,
    client_end_reply,
    client_withholds,
)
from pyredis.ground.base cimport Slice, slice_of, unlikely
from pyredis.ground.blob cimport Blob, blob_data, blob_hold, blob_new, blob_release, blob_slice
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_zalloc
from pyredis.journal.log cimport log_is_open


# ---- mailboxes ----

cdef Mailbox *mailbox_of(Outbox *outbox, Client *client, uint64_t wait_offset) noexcept nogil:
    """Returns the client's mailbox, created if it has none, and raises its ``wait_offset``."""
    cdef Mailbox *mailbox = <Mailbox *> client.mailbox
    if mailbox == NULL:
        mailbox = <Mailbox *> mem_zalloc(sizeof(Mailbox))
        mailbox.client = client
        mailbox.before = outbox.last
        if outbox.last != NULL:
            outbox.last.after = mailbox
        else:
            outbox.first = mailbox
        outbox.last = mailbox
        client.mailbox = mailbox
        client.flags |= CLIENT_ADDRESSED
    mailbox.wait_offset = max(mailbox.wait_offset, wait_offset)
    return mailbox


cdef void remove_mailbox(Outbox *outbox, Mailbox *mailbox) noexcept nogil:
    """Removes a mailbox whose messages have been freed."""
    if mailbox.before != NULL:
        mailbox.before.after = mailbox.after
    else:
        outbox.first = mailbox.after
    if mailbox.after != NULL:
        mailbox.after.before = mailbox.before
    else:
        outbox.last = mailbox.before
    mailbox.client.mailbox = NULL
    mailbox.client.flags &= ~CLIENT_ADDRESSED
    mem_free(mailbox, sizeof(Mailbox))


# ---- messages ----

cdef inline void append(Mailbox *mailbox, Message *message) noexcept nogil:
    message.next = NULL
    if mailbox.last != NULL:
        mailbox.last.next = message
    else:
        mailbox.first = message
    mailbox.last = message


cdef void add_copy(Mailbox *mailbox, Slice bytes) noexcept nogil:
    cdef Message *message
    if bytes.size == 0:
        return
    message = <Message *> mem_alloc(sizeof(Message) + bytes.size)
    message.blob = NULL
    message.bytes = slice_of(<const char *> (message + 1), bytes.size)
    memcpy(<char *> (message + 1), bytes.data, bytes.size)
    append(mailbox, message)


cdef void add_held(Mailbox *mailbox, Blob *blob, Slice bytes) noexcept nogil:
    """Adds a message that takes over the caller's reference."""
    cdef Message *message = <Message *> mem_alloc(sizeof(Message))
    message.blob = blob
    message.bytes = bytes
    append(mailbox, message)


cdef void drop_message(Message *message) noexcept nogil:
    if message.blob != NULL:
        blob_release(message.blob)
        mem_free(message, sizeof(Message))
    else:
        mem_free(message, sizeof(Message) + message.bytes.size)


# ---- sending ----

cdef inline bint may_take(const Client *client) noexcept nogil:
    return client.owner != NULL and not client.flags & (CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW)


cdef inline bint takes(const Client *client, Sending kind) noexcept nogil:
    if kind == SEND_LINE and client_withholds(client):
        return False
    return may_take(client)


cdef void outbox_send(Outbox *outbox, Client *client, Slice bytes, uint64_t wait_offset, Sending kind) noexcept nogil:
    if takes(client, kind):
        add_copy(mailbox_of(outbox, client, wait_offset), bytes)


cdef void outbox_send_shared(Outbox *outbox, Client *client, Blob **message, uint64_t wait_offset, Sending kind
                             ) noexcept nogil:
    if not takes(client, kind):
        return
    if unlikely(not blob_hold(message[0])):
        replace_with_copy(message)
        blob_hold(message[0])
    add_held(mailbox_of(outbox, client, wait_offset), message[0], blob_slice(message[0]))


cdef void replace_with_copy(Blob **message) noexcept nogil:
    cdef Blob *full = message[0]
    message[0] = blob_new(full.size, full.size)
    memcpy(blob_data(message[0]), blob_data(full), full.size)
    blob_release(full)


cdef void outbox_answer(Outbox *outbox, Client *client, Reply *reply, size_t begin, uint64_t wait_offset
                        ) noexcept nogil:
    cdef Mailbox *mailbox
    client.flags &= ~(CLIENT_BLOCKED | CLIENT_CACHING)
    if client_end_reply(client):
        reply_truncate(reply, begin)
        wait_offset = 0
    if may_take(client):
        mailbox = mailbox_of(outbox, client, wait_offset)
        mailbox.answered = True
        add_reply(mailbox, reply, begin)
    reply_truncate(reply, begin)


cdef void add_reply(Mailbox *mailbox, Reply *reply, size_t begin) noexcept nogil:
    """Adds the reply from ``begin`` on. A piece at ``begin`` itself belongs to the previous reply."""
    cdef const Piece *piece
    cdef size_t at = begin, index
    for index in range(reply.piece_count):
        piece = reply.pieces + index
        if piece.at <= begin:
            continue
        add_copy(mailbox, slice_of(reply.data + at, piece.at - at))
        at = piece.at
        if blob_hold(piece.blob):
            add_held(mailbox, piece.blob, piece.bytes)
        else:
            add_copy(mailbox, piece.bytes)
    add_copy(mailbox, slice_of(reply.data + at, reply.size - at))


# ---- delivering ----

cdef inline void write_message(Reply *reply, const Message *message) noexcept nogil:
    cdef Slice bytes = message.bytes
    if message.blob == NULL or bytes.size < MESSAGE_SHARED:
        reply_raw(reply, bytes.data, bytes.size)
        return
    # Each piece follows a byte of its own reply, so that offsets show to which reply it belongs.
    reply_raw(reply, bytes.data, 1)
    reply_piece(reply, message.blob, slice_of(bytes.data + 1, bytes.size - 1))


cdef inline bint is_due(const Outbox *outbox, const Mailbox *mailbox) noexcept nogil:
    return mailbox.wait_offset != the_unit_under_way() or not log_is_open(outbox.log)


cdef Mailbox *outbox_due(const Outbox *outbox) noexcept nogil:
    cdef Mailbox *mailbox = outbox.first
    while mailbox != NULL and not is_due(outbox, mailbox):
        mailbox = mailbox.after
    return mailbox


cdef bint outbox_collect(Outbox *outbox, Client *client, Reply *reply, uint64_t *wait_offset) noexcept nogil:
    cdef Mailbox *mailbox = <Mailbox *> client.mailbox
    cdef Message *message = mailbox.first
    cdef Message *following
    cdef bint answered = mailbox.answered
    if unlikely(not is_due(outbox, mailbox)):
        return False
    while message != NULL:
        following = message.next
        write_message(reply, message)
        drop_message(message)
        message = following
    if mailbox.wait_offset == the_unit_under_way():
        mailbox.wait_offset = outbox.log.published
    wait_offset[0] = max(wait_offset[0], mailbox.wait_offset)
    remove_mailbox(outbox, mailbox)
    return answered


cdef void outbox_forget(Outbox *outbox, Client *client) noexcept nogil:
    cdef Mailbox *mailbox = <Mailbox *> client.mailbox
    cdef Message *message
    cdef Message *following
    if mailbox == NULL:
        return
    message = mailbox.first
    while message != NULL:
        following = message.next
        drop_message(message)
        message = following
    remove_mailbox(outbox, mailbox)
