"""Publishing: one message to all subscribers of a channel, and of the patterns that match its name.

A message is encoded once for each protocol that its recipients use. The outbox holds it once for all of them, and
preserves the order: a client receives messages as they were published, and for each of them the message of the channel
before those of matching patterns.
"""

from libc.stdint cimport uint64_t

from pyredis.call.state cimport Server
from pyredis.channels.channels cimport SubscriptionKind
from pyredis.ground.base cimport Slice

# Publishes to a CHANNEL or a SHARD_CHANNEL; `hash` is hash_of(name). Returns how many times the message was sent: a
# client counts once for the channel and once for each of its patterns that matches. The message is delivered when the
# append-only file is written, or durable, up to `wait_offset`.
cdef size_t publish(Server *server, SubscriptionKind kind, Slice name, uint64_t hash, Slice message,
                    uint64_t wait_offset) noexcept nogil
