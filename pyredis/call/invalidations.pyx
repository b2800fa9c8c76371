"""Encoding messages, and choosing their recipients; ``invalidations.pxd`` has the contract."""

from libc.string cimport memcpy

from pyredis._resp cimport ARRAY, format_header
from pyredis.call.client cimport CLIENT_PUBSUB, Client
from pyredis.call.outbox cimport SEND_PUSH, outbox_send, outbox_send_shared
from pyredis.call.state cimport Server
from pyredis.call.trackers cimport TRACKER_BROKEN, Tracker
from pyredis.ground.base cimport Slice, format_int64, literal, slice_of, unlikely
from pyredis.ground.blob cimport Blob, blob_data, blob_new, blob_release

cdef enum:
    # The forms of a message.
    MESSAGE = 0
    PUSHED = 1
    NOBODY = -1
    # In bytes: a RESP header with the end of what it declares, and a message without its keys.
    HEADER = 26
    FRAME = 96
    # A message about a key of up to this size is composed on the stack.
    SHORT_KEY = 256


cdef inline Slice beginning(int form) noexcept nogil:
    """Returns what precedes the list of keys."""
    if form == PUSHED:
        return literal(">2\r\n$10\r\ninvalidate\r\n")
    return literal("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n")


cdef size_t write_message(char *out, int form, const Slice *keys, size_t count) noexcept nogil:
    """Returns the number of bytes, at most FRAME and, for each key, HEADER and its size."""
    cdef Slice head = beginning(form)
    cdef char *at = out
    cdef size_t index
    memcpy(at, head.data, head.size)
    at += head.size
    at += format_header(at, ARRAY, count)
    for index in range(count):
        at += format_header(at, c'$', keys[index].size)
        memcpy(at, keys[index].data, keys[index].size)
        at += keys[index].size
        memcpy(at, "\r\n", 2)
        at += 2
    return at - out


cdef Blob *encode(const Notice *notice, int form) noexcept nogil:
    cdef size_t room = FRAME + notice.count * HEADER, index
    cdef Blob *blob
    for index in range(notice.count):
        room += notice.keys[index].size
    blob = blob_new(0, room)
    blob.size = write_message(blob_data(blob), form, notice.keys, notice.count)
    return blob


cdef void notice_release(Notice *notice) noexcept nogil:
    cdef int form
    for form in range(2):
        if notice.forms[form] != NULL:
            blob_release(notice.forms[form])


cdef void send_broken(Server *server, Tracker *tracker) noexcept nogil:
    cdef char text[FRAME]
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


cdef void send_changed_key(Server *server, Tracker *tracker, Slice key) noexcept nogil:
    cdef char text[FRAME + HEADER + SHORT_KEY]
    cdef Client *client
    cdef Notice notice
    cdef int form
    if unlikely(key.size > SHORT_KEY):
        notice = notice_of(&key, 1)
        notice_send(server, tracker, &notice)
        notice_release(&notice)
        return
    form = recipient(server, tracker, &client)
    if form != NOBODY:
        outbox_send(&server.outbox, client, slice_of(text, write_message(text, form, &key, 1)), 0, SEND_PUSH)


cdef void notice_send_everything(Server *server, Tracker *tracker) noexcept nogil:
    """As in Redis, the null is that of the protocol of the client that reads, wherever its messages are sent."""
    cdef char text[FRAME]
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
