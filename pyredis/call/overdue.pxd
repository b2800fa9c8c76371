"""Removing everything that has expired, in the order in which it expired: for a clock that has been moved forward.

The cycles of the keyspace and of `call/field_expiry` remove a part at a time, in any order.
"""

from pyredis.call.state cimport Server

# Removes all expired keys and hash fields. The fields of a hash are removed together, at the time of the first of them.
cdef void expire_overdue(Server *server) noexcept nogil
