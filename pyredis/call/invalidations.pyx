"""Encoding messages, and choosing their recipients; ``invalidations.pxd`` has the contract."""

from libc.string cimport memcpy

from pyredis._resp cimport ARRAY, format_header
from pyredis.call.client cimport CLIENT_PUBSUB, Client
from pyredis.call.outbox cimport SEND_PUSH, outbox_send, outbox_send_shared
from pyredis.call.state cimport Server
from pyredis.call.trackers cimport TRACKER_BROKEN, Tracker
from pyredis.ground.base cimport Slice, format_int64, literal, slice_of
from pyredis.ground.blob cimport Blob, blob_data, blob_new, blob_release

cdef enum:
    # The forms of a message.
    MESSAGE = 0
    PUSHED = 1
    NOBODY = -1
    # The size of a RESP header is at most this.
    HEADER = 24
    # Enough for a message about no single key.
    SHORT = 96


cdef inline Slice beginning(int form) noexcept nogil:
    """Returns what precedes the list of keys."""
    if form == PUSHED:
        return literal(">2\r\n$10\r\ninvalidate\r\n")
    return literal("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n")


cdef Blob *encode(const Notice *notice, int form) noexcept nogil:
    cdef Slice head = beginning(form)
    cdef size_t room = head.size + HEADER, index
    cdef const Slice *key
    cdef Blob *blob
    cdef char *out
    for index in range(notice.count):
        room += HEADER + notice.keys[index].size + 2
    blob = blob_new(0, room)
    out = blob_data(blob)
    memcpy(out, head.data, head.size)
    out += head.size
    out += format_header(out, ARRAY, notice.count)
    for index in range(notice.count):
        key = notice.keys + index
        out += format_header(out, c'$', key.size)
        memcpy(out, key.data, key.size)
        memcpy(out + key.size, "\r\n", 2)
        out += key.size + 2
    blob.size = out - blob_data(blob)
    return blob


cdef void notice_release(Notice *notice) noexcept nogil:
    cdef int form
    for form in range(2):
        if notice.forms[form] != NULL:
            blob_release(notice.forms[form])


cdef void send_broken(Server *server, Tracker *tracker) noexcept nogil:
    cdef char text[SHORT]
    cdef Slice head = literal(">2\r\n$21\r\ntracking-redir-broken\r\n:")
    cdef size_t size = head.size
    tracker.flags |= TRACKER_BROKEN
    if tracker.client.protocol < 3:
        return
    memcpy(text, head.data, size)
    size += format_int64(text + size, tracker.redirect)
    memcpy(text + size, "\r\n", 2)
    outbox_send(&server.outbox, tracker.client, slice_of(text, size + 2), 0, SEND_PUSH)


cdef int recipient(Server *server, Tracker *tracker, Client **client) noexcept nogil:
    """Sets the client that is to be sent a message, and returns the form that it needs. Reports a lost target."""
    client[0] = tracker.client
    if tracker.redirect:
        if tracker.target == NULL:
            send_broken(server, tracker)
            return NOBODY
        client[0] = tracker.target.client
    if client[0].protocol >= 3:
        return PUSHED
    return MESSAGE if tracker.redirect and client[0].flags & CLIENT_PUBSUB else NOBODY


cdef void notice_send(Server *server, Tracker *tracker, Notice *notice) noexcept nogil:
    cdef Client *client
    cdef int form = recipient(server, tracker, &client)
    if form == NOBODY:
        return
    if notice.forms[form] == NULL:
        notice.forms[form] = encode(notice, form)
    outbox_send_shared(&server.outbox, client, &notice.forms[form], 0, SEND_PUSH)


cdef void notice_send_everything(Server *server, Tracker *tracker) noexcept nogil:
    """As in Redis, the null is that of the protocol of the client that reads, wherever its messages are sent."""
    cdef char text[SHORT]
    cdef Client *client
    cdef int form = recipient(server, tracker, &client)
    cdef Slice head, null
    if form == NOBODY:
        return
    head = beginning(form)
    null = literal("_\r\n") if tracker.client.protocol >= 3 else literal("$-1\r\n")
    memcpy(text, head.data, head.size)
    memcpy(text + head.size, null.data, null.size)
    outbox_send(&server.outbox, client, slice_of(text, head.size + null.size), 0, SEND_PUSH)
