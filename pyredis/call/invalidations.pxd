"""The messages of client-side caching: their bytes, and the connections that are sent them.

A client of RESP3 is sent a push, ``invalidate`` with a list of keys, or with null for all keys. REDIRECT names another
client. If that one speaks RESP2 and is subscribed to anything, it is sent a message of the channel
``__redis__:invalidate``; no subscription to that channel is needed, as in Redis. A client that has lost its target is
sent ``tracking-redir-broken`` in place of each message. Everybody else is sent nothing.

No message waits for the append-only file: dropping a copy too early harms nobody, and what the client reads then waits.
A message for many clients is one block.
"""

from pyredis.call.state cimport Server
from pyredis.call.trackers cimport Tracker
from pyredis.ground.base cimport Slice
from pyredis.ground.blob cimport Blob

# Keys that have changed, and the message about them for each protocol, NULL until one is needed.
ctypedef struct Notice:
    const Slice *keys
    size_t count
    Blob *forms[2]

cdef inline Notice notice_of(const Slice *keys, size_t count) noexcept nogil:
    cdef Notice notice
    notice.keys = keys
    notice.count = count
    notice.forms[0] = notice.forms[1] = NULL
    return notice

cdef void notice_release(Notice *notice) noexcept nogil
# Sends the message to whichever client the tracker's messages are for.
cdef void notice_send(Server *server, Tracker *tracker, Notice *notice) noexcept nogil
# Sends a message about one key to one client: without a block, if the key is short.
cdef void send_changed_key(Server *server, Tracker *tracker, Slice key) noexcept nogil
# Sends a message about all keys.
cdef void notice_send_everything(Server *server, Tracker *tracker) noexcept nogil
